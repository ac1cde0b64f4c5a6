/*
 * elf.c - see elf.h. What "this machine" is stands in this program's own header.
 */
#include "ops/elf.h"

#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "base/quote.h"

enum { HEADERS_MAX = 64, DYNAMIC_MAX = 256 }; /* a program has about ten, and thirty */

/* Put there by the linker: the beginning of this very program. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

const char *elf_kind_text(enum elf_kind kind)
{
	switch (kind) {
	case ELF_FOREIGN:
		return "for another machine";
	case ELF_OBJECT:
		return "not a program";
	case ELF_DYNAMIC:
		return "not static";
	case ELF_STATIC:
		return "static";
	case ELF_NONE:
	default:
		return "no ELF file";
	}
}

/* 1, 0 when the file is too short, or ERR_IO. */
static int read_at(int fd, const char *name, void *data, size_t len, uint64_t at, struct err *err)
{
	unsigned char *to = data;
	size_t done = 0;

	if (at > INT64_MAX - len)
		return 0;
	while (done < len) {
		ssize_t n = pread(fd, to + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", QUOTE(name));
		if (n == 0)
			return 0;
		done += (size_t)n;
	}
	return 1;
}

/* A static PIE has a dynamic section, for its own relocations; no library stands in it, and it calls itself a PIE. */
static int judge_dynamic(int fd, const char *name, const ElfW(Phdr) * dynamic, bool position_independent,
			 enum elf_kind *ret_kind, struct err *err)
{
	ElfW(Dyn) items[DYNAMIC_MAX];
	size_t count = dynamic->p_filesz / sizeof(items[0]);
	bool pie = false;
	int r;

	*ret_kind = ELF_NONE;
	if (count == 0 || count > DYNAMIC_MAX)
		return 0;
	r = read_at(fd, name, items, count * sizeof(items[0]), dynamic->p_offset, err);
	if (r <= 0)
		return r;
	*ret_kind = ELF_DYNAMIC;
	for (size_t i = 0; i < count && items[i].d_tag != DT_NULL; i++) {
		if (items[i].d_tag == DT_NEEDED)
			return 0;
		if (items[i].d_tag == DT_FLAGS_1)
			pie = (items[i].d_un.d_val & DF_1_PIE) != 0;
	}
	*ret_kind = position_independent && !pie ? ELF_OBJECT : ELF_STATIC;
	return 0;
}

static int judge_headers(int fd, const char *name, const ElfW(Ehdr) * header, enum elf_kind *ret_kind, struct err *err)
{
	ElfW(Phdr) headers[HEADERS_MAX];
	const ElfW(Phdr) *dynamic = NULL;
	bool loaded = false;
	int r;

	*ret_kind = ELF_NONE;
	if (header->e_phentsize != sizeof(headers[0]) || header->e_phnum == 0 || header->e_phnum > HEADERS_MAX)
		return 0;
	r = read_at(fd, name, headers, header->e_phnum * sizeof(headers[0]), header->e_phoff, err);
	if (r <= 0)
		return r;
	*ret_kind = ELF_DYNAMIC;
	for (size_t i = 0; i < header->e_phnum; i++) {
		if (headers[i].p_type == PT_INTERP)
			return 0;
		if (headers[i].p_type == PT_DYNAMIC)
			dynamic = &headers[i];
		loaded |= headers[i].p_type == PT_LOAD;
	}
	if (dynamic)
		return judge_dynamic(fd, name, dynamic, header->e_type == ET_DYN, ret_kind, err);
	*ret_kind = loaded && header->e_type == ET_EXEC ? ELF_STATIC : ELF_NONE;
	return 0;
}

int elf_judge(int fd, const char *name, enum elf_kind *ret_kind, struct err *err)
{
	const ElfW(Ehdr) *ours = &__ehdr_start;
	ElfW(Ehdr) header;
	int r;

	r = read_at(fd, name, &header, sizeof(header), 0, err);
	if (r < 0)
		return r;
	if (r == 0 || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
		*ret_kind = ELF_NONE;
	} else if (header.e_ident[EI_CLASS] != ours->e_ident[EI_CLASS] ||
		   header.e_ident[EI_DATA] != ours->e_ident[EI_DATA] || header.e_machine != ours->e_machine) {
		*ret_kind = ELF_FOREIGN;
	} else if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
		*ret_kind = ELF_OBJECT;
	} else {
		return judge_headers(fd, name, &header, ret_kind, err);
	}
	return 0;
}
