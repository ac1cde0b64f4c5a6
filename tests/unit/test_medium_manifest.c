/* test_medium_manifest.c - SHA256SUMS of a medium: one form only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/cleanup.h"
#include "medium/manifest.h"

#define ID  "00112233445566778899aabbccddeeff"
#define H   "blake2b256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define X   "abababababababababababababababababababababababababababababababab"
#define TOP "# tallystick-medium: 1 " ID " 7 " H "\n"
#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void texts(void **state)
{
	static const struct {
		const char *text, *message; /* NULL: it is well formed */
	} rows[] = {
		{ TOP, NULL },
		{ TOP X "  README.txt\n" X "  bin-x\n" X "  bin/tally-x86_64\n" X "  keys/AB.pub\n", NULL },
		{ TOP X "  " A32 A32 A32 "\n", NULL },
		{ "# tallystick-medium: 1 " ID " 4294967295 " H "\n", NULL },
		{ "", "line 1: '# tallystick-medium: 1 HOST-ID SEQUENCE HASH' was expected" },
		{ "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 7 " H, "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 7 " H "\r\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 7 " H " \n", "line 1: '#" },
		{ "# tallystick-medium: 2 " ID " 7 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID "0 7 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 00112233445566778899AABBCCDDEEFF 7 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 07 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 0 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID "  " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " -7 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 4294967296 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 99999999999999999999 " H "\n", "line 1: '#" },
		{ "# tallystick-medium: 1 " ID " 7 none\n", "line 1: '#" },
		{ X "  a\n", "line 1: '#" },
		{ TOP "\n", "line 2: 64 hex digits, two spaces and a name were expected" },
		{ TOP "# more\n", "line 2: 64 hex" },
		{ TOP TOP, "line 2: 64 hex" },
		{ TOP X " *a\n", "line 2: 64 hex" },
		{ TOP X " a\n", "line 2: 64 hex" },
		{ TOP X "  \n", "line 2: 64 hex" },
		{ TOP "\\" X "  a\n", "line 2: 64 hex" },
		{ TOP "AB" X "  a\n", "line 2: 64 hex" },
		{ TOP X "  a", "line 2: the line has no end" },
		{ TOP X "  a\n" X "  b\n" X "  a\n", "line 4: 'a' is out of order, or there twice" },
		{ TOP X "  a\n" X "  a\n", "line 3: 'a' is out of order" },
		{ TOP X "  a/b\n" X "  a\n", "line 3: 'a' is out of order" },
		{ TOP X "  a\n" X "  a-b\n" X "  a/b\n", "line 4: 'a/b' is a file and a folder, or lies in a file" },
		{ TOP X "  " A32 A32 A32 "a\n", "line 2: the name is too long" },
		{ TOP X "  SHA256SUMS\n", "line 2: 'SHA256SUMS' cannot be the name" },
		{ TOP X "  SHA256SUMS.minisig\n", "line 2: 'SHA256SUMS.minisig' cannot" },
		{ TOP X "  a\r\n", "line 2: 'a\\x0d' cannot" },
		{ TOP X "  /a\n", "line 2: '/a' cannot" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(manifest_done) struct manifest manifest = MANIFEST_INIT;
		CLEANUP(buf_done) struct buf again = BUF_INIT;
		struct err err = ERR_INIT;
		int r = manifest_parse(rows[i].text, strlen(rows[i].text), &manifest, &err);

		if (rows[i].message) {
			if (r != ERR_DATA || strstr(err.message, rows[i].message) != err.message)
				fail_msg("row %zu: %d %s", i, r, err.message);
			continue;
		}
		if (r < 0)
			fail_msg("row %zu: %s", i, err.message);
		assert_int_equal(manifest_format(&manifest, &again), 0);
		assert_string_equal(buf_str(&again), rows[i].text);
	}
}

static void names(void **state)
{
	static const char *const good[] = { "a", "README.txt", "bin/tally-x86_64", "a.b/c..d", "_", "0", "a/b-" };
	static const char *const bad[] = {
		"",   ".",    "..",    ".a",  "-a",   "a/.",  "a/..", "../a", "a/.b",     "a/-b", "/a",
		"a/", "a//b", "a/b/c", "a b", "a\\b", "a\nb", "a:b",  "a~",   "\xc3\xa9", "a*",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!manifest_name_fits(good[i]))
			fail_msg("'%s' was refused", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (manifest_name_fits(bad[i]))
			fail_msg("'%s' was taken", bad[i]);
	assert_true(manifest_name_fits(A32 A32 A32));
	assert_false(manifest_name_fits(A32 A32 A32 "a"));
}

/* Files may be added in any order; the text has them in one. */
static void adding(void **state)
{
	CLEANUP(manifest_done) struct manifest manifest = MANIFEST_INIT;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	unsigned char digest[DIGEST_BYTES];
	struct err err = ERR_INIT;
	char name[16];

	(void)state;
	(void)memset(digest, 0xab, sizeof(digest));
	(void)memcpy(manifest.host_id, ID, sizeof(manifest.host_id));
	(void)memcpy(manifest.statement, H, sizeof(manifest.statement));
	manifest.sequence = 7;
	assert_int_equal(manifest_add(&manifest, "c", digest, &err), 0);
	assert_int_equal(manifest_add(&manifest, "a", digest, &err), 0);
	assert_int_equal(manifest_add(&manifest, "b/x", digest, &err), 0);
	assert_int_equal(manifest_add(&manifest, "b/x", digest, &err), ERR_DATA);
	assert_int_equal(manifest_add(&manifest, "b", digest, &err), ERR_DATA);
	assert_int_equal(manifest_add(&manifest, "a/x", digest, &err), ERR_DATA);
	assert_int_equal(manifest_add(&manifest, "../x", digest, &err), ERR_DATA);
	assert_int_equal(manifest_format(&manifest, &text), 0);
	assert_string_equal(buf_str(&text), TOP X "  a\n" X "  b/x\n" X "  c\n");
	assert_non_null(manifest_find(&manifest, "b/x"));
	assert_null(manifest_find(&manifest, "b"));
	for (int i = 3; i < MEDIUM_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(manifest_add(&manifest, name, digest, &err), 0);
	}
	assert_int_equal(manifest_add(&manifest, "z", digest, &err), ERR_DATA);
	assert_string_equal(err.message, "there are more than 1024 files");
}

/* Any byte changed: refused, or the changed text is again the form of what was read. */
static void mutations(void **state)
{
	static const char good[] = TOP X "  a\n" X "  bin/x\n" X "  c.d\n";
	unsigned taken = 0;

	(void)state;
	for (size_t at = 0; at < sizeof(good) - 1; at++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			CLEANUP(manifest_done) struct manifest manifest = MANIFEST_INIT;
			CLEANUP(buf_done) struct buf again = BUF_INIT;
			struct err err = ERR_INIT;
			char text[sizeof(good)];

			(void)memcpy(text, good, sizeof(good));
			text[at] = (char)byte;
			if (manifest_parse(text, sizeof(good) - 1, &manifest, &err) < 0) {
				assert_int_equal(err.code, ERR_DATA);
				continue;
			}
			taken++;
			assert_int_equal(manifest_format(&manifest, &again), 0);
			assert_int_equal(again.len, sizeof(good) - 1);
			assert_memory_equal(again.data, text, again.len);
		}
	}
	assert_true(taken > sizeof(good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(names),
		cmocka_unit_test(adding),
		cmocka_unit_test(mutations),
	};

	return cmocka_run_group_tests_name("medium_manifest", tests, NULL, NULL);
}
