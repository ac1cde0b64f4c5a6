/*
 * test_ops_tool.c - what is a static program and what is not, and where the one for a medium is looked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ops/elf.h"
#include "ops/tool.h"

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* A program as small as the judge lets it be. */
struct image {
	ElfW(Ehdr) header;
	ElfW(Phdr) programs[3];
	ElfW(Dyn) dynamic[4];
};

static struct image static_pie(void)
{
	struct image image;

	(void)memset(&image, 0, sizeof(image));
	image.header = __ehdr_start;
	image.header.e_type = ET_DYN;
	image.header.e_phoff = offsetof(struct image, programs);
	image.header.e_phnum = 3;
	image.programs[0].p_type = PT_LOAD;
	image.programs[1].p_type = PT_DYNAMIC;
	image.programs[1].p_offset = offsetof(struct image, dynamic);
	image.programs[1].p_filesz = sizeof(image.dynamic);
	image.programs[2].p_type = PT_GNU_STACK;
	image.dynamic[0].d_tag = DT_FLAGS_1;
	image.dynamic[0].d_un.d_val = DF_1_NOW | DF_1_PIE;
	return image;
}

static struct image plain_static(void)
{
	struct image image = static_pie();

	image.header.e_type = ET_EXEC;
	image.programs[1].p_type = PT_NOTE;
	return image;
}

static enum elf_kind judged(const void *data, size_t len)
{
	CLEANUP(fd_closep) int fd = memfd_create("image", MFD_CLOEXEC);
	enum elf_kind kind = (enum elf_kind)99;
	struct err err = ERR_INIT;

	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(elf_judge(fd, "image", &kind, &err), 0);
	assert_true(kind <= ELF_STATIC);
	return kind;
}

#define assert_kind(image, kind) assert_int_equal(judged(&(image), sizeof(image)), kind)

static void test_kinds(void **state)
{
	struct image image = static_pie();

	(void)state;
	assert_kind(image, ELF_STATIC);
	image.programs[2].p_type = PT_INTERP;
	assert_kind(image, ELF_DYNAMIC);
	image = static_pie();
	image.dynamic[1].d_tag = DT_NEEDED;
	assert_kind(image, ELF_DYNAMIC);
	image.dynamic[0].d_tag = DT_NULL; /* what stands behind the end does not count; and no PIE any more */
	assert_kind(image, ELF_OBJECT);
	image = plain_static();
	assert_kind(image, ELF_STATIC);
	image.programs[0].p_type = PT_NOTE;
	assert_kind(image, ELF_NONE);
	image = static_pie();
	image.header.e_type = ET_REL;
	assert_kind(image, ELF_OBJECT);
	image = static_pie();
	image.header.e_machine = (ElfW(Half))(image.header.e_machine + 1);
	assert_kind(image, ELF_FOREIGN);
	image = static_pie();
	image.header.e_ident[EI_CLASS] = image.header.e_ident[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
	assert_kind(image, ELF_FOREIGN);
	assert_int_equal(judged("#!/bin/sh\n", 10), ELF_NONE);
	assert_int_equal(judged("", 0), ELF_NONE);
}

static void test_bounds(void **state)
{
	struct image image;

	(void)state;
	image = static_pie();
	image.header.e_phnum = 65535;
	assert_kind(image, ELF_NONE);
	image = static_pie();
	image.header.e_phnum = 0;
	assert_kind(image, ELF_NONE);
	image = static_pie();
	image.header.e_phentsize = 1;
	assert_kind(image, ELF_NONE);
	for (unsigned shift = 0; shift < 64; shift++) {
		image = static_pie();
		image.header.e_phoff = (ElfW(Off))(UINT64_MAX >> shift);
		assert_true(judged(&image, sizeof(image)) != ELF_STATIC);
		image = static_pie();
		image.programs[1].p_offset = (ElfW(Off))(UINT64_MAX >> shift);
		assert_true(judged(&image, sizeof(image)) != ELF_STATIC);
		image = static_pie();
		image.programs[1].p_filesz = (ElfW(Off))(UINT64_MAX >> shift);
		(void)judged(&image, sizeof(image));
	}
	image = static_pie();
	for (size_t len = 0; len < sizeof(image); len++)
		assert_int_equal(judged(&image, len), ELF_NONE);
}

/* No single byte makes anything but a verdict of it. */
static void test_any_byte(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(struct image); at++) {
		for (unsigned value = 0; value < 256; value += 5) {
			struct image image = static_pie();

			((unsigned char *)&image)[at] = (unsigned char)value;
			(void)judged(&image, sizeof(image));
		}
	}
}

static char folder[] = "/tmp/test_tool.XXXXXX";

static void put(const char *name, const struct image *image)
{
	char path[128];
	struct err err = ERR_INIT;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, image, sizeof(*image), path, &err), 0);
	assert_int_equal(close(fd), 0);
}

static void gone(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static int opened(ino_t *ret_inode, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	char program[128], name[TOOL_NAME_MAX] = "";
	struct stat st;
	int r;

	(void)snprintf(program, sizeof(program), "%s/bin/tally", folder);
	r = tool_open_beside(program, &fd, name, err);
	if (r < 0)
		return r;
	assert_string_equal(name, "tally-" TALLY_MACHINE);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	*ret_inode = st.st_ino;
	return 0;
}

static ino_t inode_of(const char *name)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void make_folder(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void test_places(void **state)
{
	struct image wanted = static_pie(), other = static_pie();
	struct err err = ERR_INIT;
	char path[128];
	ino_t inode = 0;

	(void)state;
	other.programs[2].p_type = PT_INTERP;
	make_folder("bin");
	make_folder("lib");
	make_folder("lib/tallystick");
	put("bin/tally", &other);
	assert_int_equal(opened(&inode, &err), ERR_NOINPUT);
	assert_non_null(strstr(err.message, "cmake --preset static"));
	assert_non_null(strstr(err.message, "tally-" TALLY_MACHINE));

	put("lib/tallystick/tally-" TALLY_MACHINE, &wanted);
	assert_int_equal(opened(&inode, &err), 0);
	assert_true(inode == inode_of("lib/tallystick/tally-" TALLY_MACHINE));

	put("bin/tally-" TALLY_MACHINE, &other); /* the nearer one is meant, and is wrong: no silent other choice */
	assert_int_equal(opened(&inode, &err), ERR_DATA);
	assert_non_null(strstr(err.message, "not static"));
	put("bin/tally-" TALLY_MACHINE, &wanted);
	assert_int_equal(opened(&inode, &err), 0);
	assert_true(inode == inode_of("bin/tally-" TALLY_MACHINE));

	gone("bin/tally-" TALLY_MACHINE);
	(void)snprintf(path, sizeof(path), "%s/bin/tally-" TALLY_MACHINE, folder);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody waits at it */
	assert_int_equal(opened(&inode, &err), ERR_DATA);
	assert_non_null(strstr(err.message, "no regular file"));

	put("bin/tally", &wanted); /* a static program is its own */
	assert_int_equal(opened(&inode, &err), 0);
	assert_true(inode == inode_of("bin/tally"));
}

static int tidy(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_any_byte),
		cmocka_unit_test(test_places),
	};

	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, tidy);
}
