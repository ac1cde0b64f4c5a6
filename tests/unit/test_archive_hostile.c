/* test_archive_hostile.c - archives that nobody made in good faith, or that are cut or damaged: told, never followed, never a crash. */
#include "archive_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct collector collector;

/* Python's words for one member: add(name, type, ...) */
static const char prelude[] =
	"import tarfile, io, os, sys\n"
	"def add(name, kind=b'0', data=b'', link='', size=None, pax={}, **more):\n"
	"    info = tarfile.TarInfo(name)\n"
	"    info.type, info.linkname, info.size, info.pax_headers = kind, link, len(data), pax\n"
	"    for key in more: setattr(info, key, more[key])\n"
	"    if size is not None: info.size = size\n"
	"    tar.addfile(info, io.BytesIO(data)) if size is None else tar.addfile(info)\n"
	"def pax(): return tarfile.open('A', 'w', format=tarfile.PAX_FORMAT, errors='surrogateescape')\n"
	"def gnu(): return tarfile.open('A', 'w', format=tarfile.GNU_FORMAT, errors='surrogateescape')\n";

/* Makes A of the words that follow the prelude. */
static void python(const char *words)
{
	FILE *file = fopen(in_dir("make.py"), "w");

	assert_non_null(file);
	(void)fprintf(file, "%s%s\n", prelude, words);
	assert_int_equal(fclose(file), 0);
	shell("python3 make.py");
}

static long little(const unsigned char *at)
{
	return (long)((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
}

static int read_a(void)
{
	struct err err = ERR_INIT;

	collector_done(&collector);
	return read_archive(&collector, "A", &err);
}

static void names(void **state)
{
	static const struct {
		const char *make;
		size_t entries, problems;
		uint64_t outside;
		const char *path; /* that must be there; NULL: none */
	} rows[] = {
		{ "tar = gnu(); add('../x'); tar.close()", 0, 1, 1, NULL },
		{ "tar = gnu(); add('a/../../x'); tar.close()", 0, 1, 1, NULL },
		{ "tar = gnu(); add('..'); add('a/..', b'5'); tar.close()", 0, 2, 2, NULL },
		{ "tar = gnu(); add('/etc/passwd', data=b'x'); tar.close()", 1, 0, 0, "/etc/passwd" },
		{ "tar = gnu(); add('.//a///./b'); tar.close()", 1, 0, 0, "/a/b" },
		{ "tar = gnu(); add('...'); add('..a'); add('a..'); tar.close()", 3, 0, 0, "/..." },
		{ "tar = gnu(); add('./', b'5'); add('.', b'5'); add('/', b'5'); tar.close()", 3, 0, 0, "/" },
		{ "tar = gnu(); add('.'); tar.close()", 0, 1, 0, NULL },
		{ "tar = gnu(); add('/'.join(['a'] * 10000)); tar.close()", 1, 0, 0, NULL },
		{ "tar = pax(); add('/'.join(['b' * 200] * 400)); tar.close()", 0, 1, 0, NULL },
		{ "tar = gnu(); add(os.fsdecode(bytes(range(1, 47)) + bytes(range(48, 256)))); tar.close()", 1, 0, 0,
		  NULL },
		{ "tar = pax(); add(os.fsdecode(bytes(range(1, 47)) + bytes(range(48, 256)))); tar.close()", 1, 0, 0,
		  NULL },
		{ "tar = pax(); add('h', pax={'path': '../out'}); tar.close()", 0, 1, 1, NULL },
		{ "tar = gnu(); add('s', b'2', link='../../../etc/shadow'); tar.close()", 1, 0, 0, "/s" },
		{ "tar = gnu(); add('l', b'1', link='../../etc/shadow'); tar.close()", 0, 1, 1, NULL },
		{ "tar = gnu(); add('l', b'1', link='l'); tar.close()", 0, 1, 0, NULL },
		{ "tar = gnu(); add('l', b'1', link='.'); tar.close()", 0, 1, 0, NULL },
		{ "tar = gnu(); add('l', b'1', link='missing'); tar.close()", 1, 0, 0, NULL },
		{ "tar = gnu(); add('x', data=b'1'); add('./x', data=b'22'); add('x/'); tar.close()", 3, 0, 0, "/x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		python(rows[i].make);
		assert_int_equal(read_a(), 0);
		if (collector.count != rows[i].entries || collector.problems != rows[i].problems)
			print_error("row %zu: %zu entries, %zu problems, '%s'\n", i, collector.count,
				    collector.problems, collector.last_problem);
		assert_int_equal(collector.count, rows[i].entries);
		assert_int_equal(collector.problems, rows[i].problems);
		assert_int_equal(collector.info.outside, rows[i].outside);
		assert_string_equal(collector.info.problem, "");
		if (rows[i].path)
			assert_non_null(find_entry(&collector, rows[i].path));
	}
	/* of two members the last is found, and a regular file with a slash behind its name is a directory to all tars */
	assert_int_equal(find_entry(&collector, "/x")->type, TYPE_DIR);
}

static void all_bytes(void **state)
{
	static const char *const formats[] = { "gnu", "pax" };
	char words[256], path[256] = "/";
	size_t len = 1;

	(void)state;
	for (unsigned byte = 1; byte < 256; byte++)
		if (byte != '/' && byte != '.')
			path[len++] = (char)byte;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		(void)snprintf(words, sizeof(words),
			       "tar = %s(); name = os.fsdecode(bytes(b for b in range(1, 256) if b not in b'/.'))\n"
			       "add(name, b'2', link=name, uname=name[120:130], gname='\\u00e9'); tar.close()",
			       formats[i]);
		python(words);
		assert_int_equal(read_a(), 0);
		assert_int_equal(collector.count, 1);
		assert_memory_equal(collector.kept[0].path, path, len);
		assert_int_equal(collector.kept[0].copy->entry.target.len, len - 1);
		assert_memory_equal(collector.kept[0].copy->entry.target.data, path + 1, len - 1);
		assert_true(bytes_equal(collector.kept[0].copy->entry.group, bytes_of("\303\251")));
	}
}

static void damaged_values(void **state)
{
	static const struct {
		const char *make;
		uint32_t failed;
		bool ended;
	} rows[] = {
		{ "tar = gnu(); add('f', size=2**62); tar.close()", ATTR_BIT(ATTR_CONTENT), true },
		{ "tar = gnu(); add('f', size=1000); tar.close()", 0, false }, /* the end mark is its content */
		{ "tar = pax(); add('f', pax={'size': '99999'}); tar.close()", ATTR_BIT(ATTR_CONTENT), true },
		{ "tar = gnu(); add('f', uid=2**40); tar.close()", ATTR_BIT(ATTR_OWNER), false },
		{ "tar = gnu(); add('f', uid=-5, gid=-6); tar.close()", ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP),
		  false },
		{ "tar = pax(); add('f', mtime=-1.5); tar.close()", ATTR_BIT(ATTR_MTIME), false },
		{ "tar = gnu(); add('f', b'2'); tar.close()", ATTR_BIT(ATTR_TARGET), false },
		{ "tar = pax(); add('f', pax={'SCHILY.acl.access': "
		  "'user::rw-,user:bob:r--,group::r--,mask::r--,other::r--'}); tar.close()",
		  ATTR_BIT(ATTR_ACL), false },
		{ "tar = pax(); add('f', pax={'SCHILY.acl.access': 'user::rw-,user:7:r--,group::r--,other::r--'}); "
		  "tar.close()",
		  ATTR_BIT(ATTR_ACL), false },
		{ "tar = pax(); add('f', pax={'SCHILY.acl.access': 'nonsense'}); tar.close()", ATTR_BIT(ATTR_ACL),
		  false },
		{ "tar = pax(); add('f', pax={'SCHILY.acl.ace': 'owner@:rw-p--aARWcCos:-------:allow'}); tar.close()",
		  ATTR_BIT(ATTR_ACL), false },
		{ "tar = pax(); add('f', pax={'SCHILY.xattr.user.a': '1', 'LIBARCHIVE.xattr.user.a': 'Mg'}); "
		  "tar.close()",
		  ATTR_BIT(ATTR_XATTRS), false },
		{ "tar = pax(); add('f', data=b'12345', pax={'GNU.sparse.map': '3,2,0,3', 'GNU.sparse.size': '5'}); "
		  "tar.close()",
		  ATTR_BIT(ATTR_CONTENT), false },
		{ "tar = pax(); add('f', data=b'12345', pax={'GNU.sparse.map': '0,5', 'GNU.sparse.size': '3'}); "
		  "tar.close()",
		  ATTR_BIT(ATTR_CONTENT), false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		python(rows[i].make);
		assert_int_equal(read_a(), 0);
		assert_int_equal(collector.count, 1);
		if (collector.kept[0].copy->entry.failed != rows[i].failed)
			print_error("row %zu: %.*s\n", i, (int)collector.kept[0].copy->entry.problem.len,
				    (const char *)collector.kept[0].copy->entry.problem.data);
		assert_int_equal(collector.kept[0].copy->entry.failed, rows[i].failed);
		assert_int_equal(rows[i].failed != 0, collector.kept[0].copy->entry.problem.len != 0);
		assert_int_equal(rows[i].ended, collector.info.problem[0] != '\0');
	}
}

/* Access lists by name: whose number they get, and what forged accounts can do. */
static void names_of_lists(void **state)
{
	static const struct {
		const char *make; /* etc/passwd and etc/group, before or behind F, whose list names jane and adm */
		long user, group; /* -1: failed */
	} rows[] = {
		{ "file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); f()", 70, 80 },
		{ "f(); file('/etc/passwd', b'jane:x:70:1::/:\\n'); file('./etc/group', b'adm:x:80:\\n')", 70, 80 },
		{ "f()", -1, -1 },
		{ "f(); file('etc/passwd', b'jane:x:70:1::/:')", -1, -1 },
		{ "f(); file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); "
		  "file('etc/passwd', b'jane:x:71:1::/:')",
		  71, 80 },
		{ "file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); "
		  "add('etc/passwd', b'1', link='etc/group'); f()",
		  -1, -1 },
		{ "file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); "
		  "add('etc/group', b'2', link='gshadow'); f()",
		  -1, -1 },
		{ "file('etc/passwd', b'jane:x:70:1::/:\\njane:x:71:1::/:'); file('etc/group', "
		  "b'adm:x:80:\\nadm:x:81:'); "
		  "f()",
		  70, 80 },
		{ "file('etc/passwd', b'jane:x:-5:1::/:\\njane:x:72:1::/:'); file('etc/group', b'adm:x:80:'); f()", 72,
		  80 },
		{ "file('etc/passwd', b'jane:x:4294967296:1::/:'); file('etc/group', b'adm:x:80:'); f()", -1, -1 },
		{ "file('etc/passwd', b'jane:x:4294967295:1::/:'); file('etc/group', b'adm:x:80:'); f()", -1, -1 },
		{ "file('etc/passwd', b'jane:x:4294967294:1::/:'); file('etc/group', b'adm:x:80:'); f()", 4294967294,
		  80 },
		{ "file('etc/passwd', b'jane:x:70:1::/:\\n' + b'#' * 2**20); file('etc/group', b'adm:x:80:'); f()", -1,
		  -1 },
		{ "file('etc/passwd', b'jane:x:70:1::/:\\n' + b'#' * (2**20 - 16)); file('etc/group', b'adm:x:80:'); "
		  "f()",
		  70, 80 },
		{ "file('etc/passwd', b'jane\\0:x:70:1::/:'); file('etc/group', b'adm:x:80:'); f()", -1, -1 },
		/* one of the two by number already; the same one by both: no kernel has such a list */
		{ "file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); f('user:9:r--,')", 70, 80 },
		{ "file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); f('user:70:r--,')", -1,
		  -1 },
		{ "file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); f('user:4000000000:r--,')",
		  -1, -1 },
		{ "file('etc/passwd', b'jane:x:70:1::/:'); file('etc/group', b'adm:x:80:'); "
		  "f('user:' + 'j' * 300 + ':r--,')",
		  -1, -1 },
	};
	static const char head[] =
		"def file(name, data): add(name, data=data)\n"
		"def f(more=''): add('f', data=b'x', pax={'SCHILY.acl.access': 'user::rw-,' + more + "
		"'user:jane:r--,group::r--,group:adm:rw-,mask::rw-,other::r--'})\n"
		"tar = pax()\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char words[1024];
		const struct entry *entry;

		(void)snprintf(words, sizeof(words), "%s%s\ntar.close()", head, rows[i].make);
		python(words);
		collector_done(&collector);
		collector.wanted = i % 2 ? UINT64_MAX : 0; /* whatever the policy reads */
		assert_int_equal(read_archive(&collector, "A", &(struct err){ 0 }), 0);
		entry = find_entry(&collector, "/f");
		assert_non_null(entry);
		if (((entry->failed & ATTR_BIT(ATTR_ACL)) != 0) != (rows[i].user < 0))
			print_error("row %zu: %.*s\n", i, (int)entry->problem.len, (const char *)entry->problem.data);
		assert_int_equal(entry->failed, rows[i].user < 0 ? ATTR_BIT(ATTR_ACL) : 0);
		assert_int_equal(entry->xattr_count, rows[i].user >= 0);
		assert_int_equal(collector.info.by_name, rows[i].user >= 0);
		assert_int_equal((entry->value & ATTR_BIT(ATTR_CONTENT)) != 0, i % 2);
		if (rows[i].user >= 0) {
			struct bytes list = entry->xattrs[0].value;
			size_t more = list.len - 4 - (size_t)6 * 8; /* another user before */

			assert_true(bytes_equal(entry->xattrs[0].name, bytes_of("system.posix_acl_access")));
			assert_int_equal(little(list.data + 4 + 8 + more + 4), rows[i].user);
			assert_int_equal(little(list.data + 4 + 24 + more + 4), rows[i].group);
		}
	}
}

/* A member by name is a member like others: a later one of its name counts, and so does the kernel's form beside it where the two are one. */
static void names_and_other_members(void **state)
{
	static const struct {
		const char *make;
		uint32_t failed;
		size_t xattrs;
	} rows[] = {
		{ "f(); add('f')", 0, 0 },
		{ "add('f'); f()", 0, 1 },
		{ "f(); f(); add('g', b'1', link='f')", 0, 1 },
		{ "f({'SCHILY.xattr.user.a': '1'})", 0, 2 },
		{ "f({'SCHILY.xattr.system.posix_acl_access': raw(70)})", 0, 1 },
		{ "f({'SCHILY.xattr.system.posix_acl_access': raw(71)})", ATTR_BIT(ATTR_ACL), 0 },
		{ "f({'SCHILY.acl.default': 'user::rw-,user:nobody:r--,group::r--,mask::r--,other::r--'})",
		  ATTR_BIT(ATTR_ACL), 0 },
		{ "f({'SCHILY.acl.default': 'user::rw-,user:jane:r--,group::r--,other::r--'})", ATTR_BIT(ATTR_ACL), 0 },
		{ "f({'SCHILY.acl.default': 'user::rw-,user:jane:r--,group::r--,mask::r--,other::r--'})", 0, 2 },
	};
	static const char head[] =
		"import struct\n"
		"def raw(uid): return os.fsdecode(struct.pack('<I' + 'HHI' * 5, 2, 1, 6, 2**32 - 1, 2, 4, uid, 4, 4, "
		"2**32 - 1, 16, 4, 2**32 - 1, 32, 4, 2**32 - 1))\n"
		"def f(more={}): add('f', pax={'SCHILY.acl.access': "
		"'user::rw-,user:jane:r--,group::r--,mask::r--,other::r--', **more})\n"
		"tar = pax(); add('etc/passwd', data=b'jane:x:70:1::/:')\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char words[1024];
		const struct entry *entry;

		(void)snprintf(words, sizeof(words), "%s%s\ntar.close()", head, rows[i].make);
		python(words);
		assert_int_equal(read_a(), 0);
		entry = find_entry(&collector, "/f");
		assert_non_null(entry);
		if (entry->failed != rows[i].failed || entry->xattr_count != rows[i].xattrs)
			print_error("row %zu: %.*s\n", i, (int)entry->problem.len, (const char *)entry->problem.data);
		assert_int_equal(entry->failed, rows[i].failed);
		assert_int_equal(entry->xattr_count, rows[i].xattrs);
	}
}

/* A file of 2^60 zeros in a few bytes: hashed as far as is wanted. */
static void huge_hole(void **state)
{
	const struct entry *entry;

	(void)state;
	python("tar = pax(); add('f', data=b'x', pax={'GNU.sparse.map': '0,1', 'GNU.sparse.size': str(2**60)}); "
	       "tar.close()");
	collector.wanted = 10 << 20;
	collector_done(&collector);
	collector.wanted = 10 << 20;
	assert_int_equal(read_archive(&collector, "A", &(struct err){ 0 }), 0);
	entry = find_entry(&collector, "/f");
	assert_int_equal(entry->size, 1ull << 60);
	assert_int_equal(entry->digest_bytes, 10 << 20);
}

static void not_ours(void **state)
{
	static const struct {
		const char *command, *words;
	} rows[] = {
		{ "seq 1000 >A", "neither tar nor cpio nor zip" },
		{ "seq 1000 | gzip >A", "what is in it is no archive" },
		{ "echo a >f; 7z a -bd A.7z f && mv A.7z A", "neither tar nor cpio nor zip" },
		{ "zip -q A.zip f && head -c 60 A.zip >A", "a zip archive without the directory at its end" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		shell("%s", rows[i].command);
		collector_done(&collector);
		assert_int_equal(read_archive(&collector, "A", &err), ERR_DATA);
		assert_non_null(strstr(err.message, rows[i].words));
	}
	shell("echo secret >f; zip -q -P word E.zip f && mv E.zip A");
	assert_int_equal(read_a(), 0);
	assert_int_equal(find_entry(&collector, "/f")->failed, ATTR_BIT(ATTR_CONTENT));
}

static const char *const samples[] = { "pax", "gnu", "gz", "bz2", "xz", "zst", "newc", "zip" };

static void make_samples(void)
{
	shell("mkdir -p s/d && seq 900 >s/d/f && echo x >s/x && ln s/x s/h && ln -s x s/l && truncate -s 20K s/z && "
	      "touch s/z");
	shell("tar --format=pax -S -cf pax -C s . ; tar -cf gnu -C s . ; gzip -c gnu >gz; bzip2 -c gnu >bz2; xz -c gnu "
	      ">xz; zstd -qc gnu >zst");
	shell("cd s && find . -print0 | cpio -0 -o -H newc >../newc && zip -qr ../z.zip . && mv ../z.zip ../zip");
}

/* What a cut archive gives is as in the whole one, and the cut is told. */
static void truncated(void **state)
{
	(void)state;
	make_samples();
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct stat st;

		assert_int_equal(stat(in_dir(samples[i]), &st), 0);
		shell("cp %s A", samples[i]);
		for (off_t size = (st.st_size - 1) / 512 * 512; size >= 512; size -= 512) {
			struct err err = ERR_INIT;
			int r;

			assert_int_equal(truncate(in_dir("A"), size), 0);
			collector_done(&collector);
			r = read_archive(&collector, "A", &err);
			assert_true(r == 0 || r == ERR_DATA);
			if (r == 0 && find_entry(&collector, "/d/f") && collector.info.problem[0] == '\0')
				assert_true(size >= 10240 - 512 * 20 &&
					    i <= 1); /* only the padding behind the end mark is gone */
			if (r == 0 && i > 1)
				assert_string_not_equal(collector.info.problem, "");
		}
	}
}

static void flipped(void **state)
{
	uint32_t seed = 20261122;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct stat st;

		shell("cp %s A", samples[i]);
		assert_int_equal(stat(in_dir("A"), &st), 0);
		for (unsigned round = 0; round < 150; round++) {
			int fd = open(in_dir("A"), O_RDWR | O_CLOEXEC);
			unsigned char was[8];
			off_t places[8];

			for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
				unsigned char byte;

				seed = seed * 1664525 + 1013904223;
				places[k] = (off_t)((seed >> 8) % (uint32_t)st.st_size);
				assert_int_equal(pread(fd, &was[k], 1, places[k]), 1);
				byte = was[k] ^ (unsigned char)(1u << (seed >> 5 & 7));
				assert_int_equal(pwrite(fd, &byte, 1, places[k]), 1);
			}
			(void)read_a();
			for (size_t k = ARRAY_SIZE(places); k-- > 0;)
				assert_int_equal(pwrite(fd, &was[k], 1, places[k]), 1);
			close(fd);
		}
	}
}

static void interrupted(void **state)
{
	static const atomic_bool yes = true;
	CLEANUP(disk_source_done) struct disk_source source = DISK_SOURCE_INIT;
	CLEANUP(disk_freep) struct disk *disk = NULL;
	struct err err = ERR_INIT;

	(void)state;
	collector_done(&collector);
	disk = open_disk("gnu", false, &source);
	assert_int_equal(archive_read(disk, &yes, &collector.sink, &collector.info, &err), ERR_INTERRUPTED);
}

static int setup(void **state)
{
	collector_init(&collector);
	return folder_setup(state);
}

static int teardown(void **state)
{
	collector_done(&collector);
	return folder_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(all_bytes),
		cmocka_unit_test(damaged_values),
		cmocka_unit_test(names_of_lists),
		cmocka_unit_test(names_and_other_members),
		cmocka_unit_test(huge_hole),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(truncated),
		cmocka_unit_test(flipped),
		cmocka_unit_test(interrupted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
