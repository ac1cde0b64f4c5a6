/* test_archive_read.c - archives as GNU tar, bsdtar, cpio, 7z and python write them, each held against the tree that it was made of. */
#include "archive_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "sys/xattr.h"

enum {
	NANOSECONDS = 1,
	NAMES = 2,
	XATTRS = 4,
	NO_OWNER = 8,
	NO_SPECIAL = 16,
	NO_TIME = 32,
	NO_ROOT = 64,
	NO_MODE = 128
};

static struct collector collector;
static unsigned flags;
static size_t seen;
static bool has_xattrs; /* the file system below /tmp */

static int setup(void **state)
{
	folder_setup(state);
	shell("mkdir -p tree/dir/deep tree/empty; seq 20000 >tree/file; echo hi >tree/dir/sub; ln -s file tree/link; "
	      "ln tree/file tree/hard");
	shell("ln -s 'nowhere/that is' tree/dangling; mkfifo tree/fifo; : >tree/zero; printf '\\177ELFabc' >tree/elf");
	shell("truncate -s 3M tree/sparse; printf x | dd of=tree/sparse bs=1 seek=1500000 conv=notrunc");
	shell("printf odd >tree/\"$(printf 'n\\377\\nx')\"; echo u >tree/\"$(printf 'e\\314\\201')\"; echo v "
	      ">tree/\"$(printf '\\303\\251')\"");
	shell("echo back >'tree/a\\\\b'; echo long >tree/dir/$(printf 'x%%.0s' $(seq 200)); ln -s $(printf 'y%%.0s' "
	      "$(seq 300)) tree/longlink");
	shell("mkdir -p tree/$(printf 'p%%.0s' $(seq 90))/$(printf 'q%%.0s' $(seq 120)); chmod 4751 tree/elf; chmod "
	      "1777 tree/empty");
	shell("chmod 000 tree/zero; touch -d '1999-12-31 23:59:59.123456789' tree/dir/sub; touch -h -d '2001-02-03 "
	      "04:05:06.7' tree/link");
	if (getuid() == 0)
		shell("mknod tree/dev c 10 300; mknod tree/disk b 259 70000; chown 4711:4712 tree/file tree/dir; chown "
		      "-h 1:1 tree/link");
	has_xattrs =
		try_shell("setfattr -n user.a -v 1 tree/file && setfattr -n user.b=c%%d -v 2 tree/file &&"
			  "setfattr -n user.none tree/dir && setfacl -m u:4711:rw,g:4712:r,g:17:x tree/dir/sub &&"
			  "setfacl -d -m u:4711:rx tree/dir && setfattr -n user.null -v 0x610061 tree/sparse") == 0;
	if (has_xattrs && getuid() == 0)
		shell("setcap cap_net_raw+ep tree/elf; setfattr -n security.selinux -v 0x613a623a633a6400 tree/zero");
	return 0;
}

static void compare_content(const struct entry *entry, const char *path)
{
	static unsigned char block[1 << 16];
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	digest_init(&state);
	while ((n = read(fd, block, sizeof(block))) > 0)
		digest_update(&state, block, (size_t)n);
	close(fd);
	digest_final(&state, digest);
	assert_true(entry->value & ATTR_BIT(ATTR_CONTENT));
	assert_int_equal(entry->digest_bytes, entry->size);
	assert_memory_equal(digest, entry->digest, DIGEST_BYTES);
}

static int by_name(const void *a, const void *b)
{
	return path_compare(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

static void compare_xattrs(const struct entry *entry, const char *path)
{
	struct sys_xattrs xattrs = SYS_XATTRS_INIT;
	struct xattr rows[16];

	assert_int_equal(sys_xattrs_read(path, false, &xattrs), 0);
	assert_true(xattrs.count <= ARRAY_SIZE(rows));
	for (size_t i = 0; i < xattrs.count; i++) {
		const struct sys_xattr *from = &sys_xattrs_table(&xattrs)[i];

		rows[i] = (struct xattr){ { xattrs.data.data + from->name, from->name_len },
					  { xattrs.data.data + from->value, from->value_len } };
	}
	qsort(rows, xattrs.count, sizeof(*rows), by_name);
	assert_int_equal(entry->xattr_count, xattrs.count);
	for (size_t i = 0; i < xattrs.count; i++) {
		assert_true(bytes_equal(entry->xattrs[i].name, rows[i].name));
		assert_true(bytes_equal(entry->xattrs[i].value, rows[i].value));
	}
	sys_xattrs_done(&xattrs);
}

static void compare_stat(const struct entry *entry, const struct stat *st)
{
	assert_int_equal(entry->type == TYPE_DIR, S_ISDIR(st->st_mode));
	assert_int_equal(entry->type == TYPE_FILE, S_ISREG(st->st_mode));
	assert_int_equal(entry->type == TYPE_SYMLINK, S_ISLNK(st->st_mode));
	assert_int_equal(!!(entry->value & ATTR_BIT(ATTR_MODE)), !(flags & NO_MODE));
	if (!(flags & NO_MODE))
		assert_int_equal(entry->mode, st->st_mode & 07777);
	assert_int_equal(!!(entry->value & ATTR_BIT(ATTR_OWNER)), !(flags & NO_OWNER));
	if (!(flags & NO_OWNER)) {
		assert_int_equal(entry->uid, st->st_uid);
		assert_int_equal(entry->gid, st->st_gid);
	}
	assert_int_equal(!!(entry->value & ATTR_BIT(ATTR_MTIME)), !(flags & NO_TIME));
	if (!(flags & NO_TIME)) {
		assert_int_equal(entry->mtime.sec, st->st_mtim.tv_sec);
		assert_int_equal(entry->mtime.nsec, flags & NANOSECONDS ? st->st_mtim.tv_nsec : 0);
	}
	if (entry->type == TYPE_CHAR || entry->type == TYPE_BLOCK) {
		assert_int_equal(entry->rdev_major, major(st->st_rdev));
		assert_int_equal(entry->rdev_minor, minor(st->st_rdev));
	}
	assert_int_equal(!!(entry->value & ATTR_BIT(ATTR_SIZE)), S_ISREG(st->st_mode));
	if (S_ISREG(st->st_mode))
		assert_int_equal(entry->size, st->st_size);
	if (flags & NAMES && st->st_uid == 0)
		assert_true(bytes_equal(entry->user, bytes_of("root")));
}

static int compare_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	const char *inside = path + strlen(in_dir("tree"));
	const struct entry *entry = find_entry(&collector, *inside ? inside : "/");
	char target[4096] = { 0 };

	(void)kind;
	(void)ftw;
	if (((flags & NO_SPECIAL) && !S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode)) ||
	    ((flags & NO_ROOT) && !*inside))
		return 0;
	if (!entry)
		print_error("'%s' is not in the archive\n", path);
	assert_non_null(entry);
	seen++;
	assert_int_equal(entry->failed, 0);
	compare_stat(entry, st);
	if (S_ISREG(st->st_mode))
		compare_content(entry, path);
	if (S_ISLNK(st->st_mode)) {
		assert_true(readlink(path, target, sizeof(target) - 1) > 0);
		assert_true(bytes_equal(entry->target, bytes_of(target)));
	}
	if (flags & XATTRS)
		compare_xattrs(entry, path);
	return 0;
}

/* The archive of the folder holds the tree, and nothing else. */
static void holds_tree(const char *name, unsigned how)
{
	struct err err = ERR_INIT;
	size_t names = 0;

	flags = has_xattrs ? how : how & ~(unsigned)XATTRS;
	seen = 0;
	collector_init(&collector);
	if (read_archive(&collector, name, &err) < 0)
		print_error("%s: %s\n", name, err.message);
	assert_int_equal(err.code, 0);
	assert_string_equal(collector.info.problem, "");
	assert_int_equal(collector.problems, 0);
	assert_int_equal(nftw(in_dir("tree"), compare_one, 16, FTW_PHYS), 0);
	for (size_t i = 0; i < collector.count; i++) {
		bool first = true;

		for (size_t j = 0; j < i; j++)
			first = first && strcmp(collector.kept[i].path, collector.kept[j].path) != 0;
		names += first;
	}
	assert_int_equal(names, seen);
	assert_int_equal(collector.info.fractions, !!(how & NANOSECONDS));
	assert_int_equal(!!(collector.info.gives & ATTR_BIT(ATTR_ACL)), !!(flags & XATTRS));
	collector_done(&collector);
}

static void tar(void **state)
{
	static const struct {
		const char *command, *format;
		unsigned flags;
	} rows[] = {
		{ "tar --format=pax --xattrs --xattrs-include='*' --acls -cf A -C tree .",
		  "POSIX pax interchange format", NANOSECONDS | NAMES | XATTRS },
		{ "tar --format=pax --xattrs --xattrs-include='*' --acls --numeric-owner -S -cf A -C tree .",
		  "POSIX pax interchange format", NANOSECONDS | XATTRS },
		{ "tar --format=pax -S --sparse-version=0.0 -cf A -C tree .", "POSIX pax interchange format",
		  NANOSECONDS | NAMES },
		{ "tar --format=pax -S --sparse-version=0.1 -cf A -C tree .", "POSIX pax interchange format",
		  NANOSECONDS | NAMES },
		{ "tar --format=pax -S --sparse-version=1.0 -cf A -C tree .", "POSIX pax interchange format",
		  NANOSECONDS | NAMES },
		{ "tar --format=gnu -cf A -C tree .", "GNU tar format", NAMES },
		{ "tar --format=oldgnu -S -cf A -C tree .", "GNU tar format", NAMES },
		{ "tar --format=pax -cPf A --transform 's,^\\.,/,' -C tree .", "POSIX pax interchange format",
		  NANOSECONDS | NAMES },
		{ "bsdtar --format=pax --xattrs --acls --fflags -cf A -C tree .", "POSIX pax interchange format",
		  NANOSECONDS | NAMES | XATTRS },
		{ "bsdtar --no-acls --format=gnutar -cf A -C tree .", "GNU tar format", NAMES },
		{ "python3 -c 'import tarfile; t = tarfile.open(\"A\", \"w\", format=tarfile.GNU_FORMAT); "
		  "t.add(\"tree\", \".\"); t.close()'",
		  "GNU tar format", NAMES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		shell("%s", rows[i].command);
		holds_tree("A", rows[i].flags);
	}
}

static void short_names(void **state)
{
	static const char *const commands[] = { "tar --format=ustar -cf A -C tree .",
						"tar --format=v7 -cf A -C tree ." };

	(void)state;
	shell("mv tree/dir/xxx* tree/longlink tree/ppp* . ; rm -f tree/dev tree/disk tree/fifo");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		shell("%s", commands[i]);
		holds_tree("A", i == 1 ? 0 : NAMES);
	}
	shell("mv xxx* tree/dir; mv longlink ppp* tree");
}

static void compressed(void **state)
{
	static const char *const programs[] = { "gzip", "bzip2", "xz", "zstd" };
	char name[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		shell("tar --format=pax --xattrs --xattrs-include='*' --acls -cf A -C tree . && %s -c A >C && cat C C "
		      ">CC",
		      programs[i]);
		holds_tree("C", NANOSECONDS | NAMES | XATTRS);
		shell("cd tree && find . -print0 | cpio -0 -o -H newc | %s >../C", programs[i]);
		holds_tree("C", 0);
		(void)snprintf(name, sizeof(name), ", %s", programs[i]);
		shell("tar --format=gnu -c -C tree . | %s | %s >C", programs[i],
		      programs[(i + 1) % ARRAY_SIZE(programs)]);
		holds_tree("C", NAMES);
	}
}

static void cpio(void **state)
{
	static const char *const commands[] = { "cpio -0 -o -H newc", "cpio -0 -o -H crc", "bsdcpio -0 -o -H newc" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		/* bsdcpio writes the mode without the mask of an access list */
		shell("setfacl -b tree/dir/sub; cd tree && find . -print0 | %s >../A", commands[i]);
		holds_tree("A", 0);
	}
	/* odc holds device and inode numbers of 18 bits */
	shell("mkdir -p small/d; cp -a tree/file tree/zero small; ln small/file small/d/hard; ln -s x small/link; mv "
	      "tree kept; mv small tree");
	shell("cd tree && find . -print0 | bsdcpio -0 -o -H odc >../A");
	holds_tree("A", 0);
	shell("cd tree && find . -depth -print0 | cpio -0 -o -H odc >../A");
	holds_tree("A", 0);
	shell("rm -r tree; mv kept tree");
}

static void zip(void **state)
{
	(void)state;
	/* what zip cannot pack, a name with a backslash among it */
	(void)try_shell("mkdir aside; mv tree/a* tree/dev tree/disk tree/fifo aside");
	shell("cd tree && zip -qry ../A.zip .");
	holds_tree("A.zip", NO_SPECIAL | NO_ROOT);
	shell("bsdtar --no-acls --format=zip -cf C.zip -C tree .");
	shell("cat A.zip >D; printf '#!/bin/sh\\n' | cat - C.zip >E");
	holds_tree("C.zip", NO_SPECIAL);
	holds_tree("D", NO_SPECIAL | NO_ROOT);
	holds_tree("E", NO_SPECIAL);
	shell("mv aside/* tree");
}

/* What is wanted of a content, and what its head tells. */
static void wanted(void **state)
{
	static const struct {
		uint64_t wanted;
		bool program_only;
		uint64_t file, elf; /* bytes hashed; UINT64_MAX: not */
		int file_head, elf_head;
	} rows[] = {
		{ UINT64_MAX, false, 108894, 7, HEAD_UNKNOWN, HEAD_UNKNOWN },
		{ 0, false, UINT64_MAX, UINT64_MAX, HEAD_UNKNOWN, HEAD_UNKNOWN },
		{ UINT64_MAX, true, UINT64_MAX, 7, HEAD_PLAIN, HEAD_ELF },
		{ 3, false, 3, 7, HEAD_PLAIN, HEAD_ELF },
		{ 5, false, 5, 7, HEAD_PLAIN, HEAD_ELF },
		{ 100000, false, 100000, 7, HEAD_PLAIN, HEAD_UNKNOWN },
	};
	struct err err = ERR_INIT;

	(void)state;
	shell("tar -cf A -C tree file elf zero && gzip -c A >G");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const struct entry *file, *elf;
		struct digest_state digest;
		unsigned char expected[DIGEST_BYTES], *bytes = NULL;

		collector_init(&collector);
		collector.wanted = rows[i / 2].wanted;
		collector.program_only = rows[i / 2].program_only;
		assert_int_equal(read_archive(&collector, i % 2 ? "G" : "A", &err), 0);
		file = find_entry(&collector, "/file");
		elf = find_entry(&collector, "/elf");
		assert_int_equal(file->head, rows[i / 2].file_head);
		assert_int_equal(elf->head, rows[i / 2].elf_head);
		assert_int_equal(file->value & ATTR_BIT(ATTR_CONTENT) ? file->digest_bytes : UINT64_MAX,
				 rows[i / 2].file);
		assert_int_equal(elf->value & ATTR_BIT(ATTR_CONTENT) ? elf->digest_bytes : UINT64_MAX, rows[i / 2].elf);
		if (file->value & ATTR_BIT(ATTR_CONTENT)) {
			int fd = open(in_dir("tree/file"), O_RDONLY | O_CLOEXEC);

			bytes = malloc(file->digest_bytes);
			assert_int_equal(read(fd, bytes, file->digest_bytes), file->digest_bytes);
			close(fd);
			digest_init(&digest);
			digest_update(&digest, bytes, file->digest_bytes);
			digest_final(&digest, expected);
			assert_memory_equal(expected, file->digest, DIGEST_BYTES);
			free(bytes);
		}
		collector_done(&collector);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tar),  cmocka_unit_test(compressed),  cmocka_unit_test(zip),
		cmocka_unit_test(cpio), cmocka_unit_test(short_names), cmocka_unit_test(wanted),
	};

	return cmocka_run_group_tests(tests, setup, folder_teardown);
}
