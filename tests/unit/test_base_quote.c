/*
 * test_base_quote.c - the one way out for bytes from outside.
 *
 * The properties are held against an own decoder: what comes out is one line of UTF-8 without control characters, and
 * can be read back to the very bytes, so that no two names look the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <locale.h>

#include "base/cleanup.h"
#include "base/quote.h"

#define ROW(literal, expected)                                                                                         \
	{                                                                                                              \
		literal, sizeof(literal) - 1, expected                                                                 \
	}

static void test_table(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *expected; /* NULL: as it is */
	} rows[] = {
		ROW("", NULL),
		ROW("/etc/passwd", NULL),
		ROW("a b|'\"~", NULL),
		ROW("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", NULL),
		ROW("a\\b", "a\\\\b"),
		ROW("\\x41", "\\\\x41"),
		ROW("a\nb", "a\\x0ab"),
		ROW("\x1b[31m", "\\x1b[31m"),
		ROW("a\0b", "a\\x00b"),
		ROW("\x7f", "\\x7f"),
		ROW("\xff\xfe", "\\xff\\xfe"),
		ROW("\xc2\x85", "\\xc2\\x85"), /* NEL, a C1 control */
		ROW("\xc0\x80", "\\xc0\\x80"), /* overlong */
		ROW("\xe0\x80\xaf", "\\xe0\\x80\\xaf"),
		ROW("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"),
		ROW("\xed\xa0\x80", "\\xed\\xa0\\x80"), /* a surrogate */
		ROW("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"), /* past U+10FFFF */
		ROW("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"),
		ROW("\xe2\x82", "\\xe2\\x82"), /* cut off */
		ROW("\xe2\x82z", "\\xe2\\x82z"),
		ROW("\xe2\x80\xae"
		    "a",
		    "\\xe2\\x80\\xaea"), /* right-to-left override */
		ROW("\xe2\x80\xa8", "\\xe2\\x80\\xa8"), /* line separator */
		ROW("\xe2\x80\x8b", "\\xe2\\x80\\x8b"), /* zero width space */
		ROW("\xef\xbb\xbf", "\\xef\\xbb\\xbf"),
		ROW("\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81"), /* tag letter */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT;
		CLEANUP(freep) char *copy = quote_dup(rows[i].bytes, rows[i].len);
		const char *expected = rows[i].expected ? rows[i].expected : rows[i].bytes;
		bool escaped = rows[i].expected == NULL;

		assert_int_equal(quote_add(&out, rows[i].bytes, rows[i].len, &escaped), 0);
		assert_string_equal(buf_str(&out), expected);
		assert_int_equal(escaped, rows[i].expected != NULL);
		assert_string_equal(copy, expected);
		assert_string_equal(QUOTE_N(rows[i].bytes, rows[i].len), expected);
	}
}

static unsigned hex_value(char digit)
{
	assert_true((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
	return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;
}

/* Reads an escaped text back. */
static size_t unquote(const char *text, unsigned char *bytes)
{
	size_t n = 0;

	while (*text) {
		if (*text != '\\') {
			bytes[n++] = (unsigned char)*text++;
		} else if (text[1] == '\\') {
			bytes[n++] = '\\';
			text += 2;
		} else {
			assert_int_equal(text[1], 'x');
			bytes[n++] = (unsigned char)(hex_value(text[2]) << 4 | hex_value(text[3]));
			text += 4;
		}
	}
	return n;
}

/* One line of UTF-8, by the C library's judgement. */
static void assert_harmless(const char *text)
{
	mbstate_t mbstate = { 0 };
	size_t len = strlen(text), at = 0;

	while (at < len) {
		wchar_t wide = 0;
		size_t used = mbrtowc(&wide, text + at, len - at, &mbstate);

		assert_true(used > 0 && used <= 4);
		assert_true(wide >= 0x20 && (wide < 0x7f || wide > 0x9f));
		assert_true(wide != 0x2028 && wide != 0x2029 && !(wide >= 0x202a && wide <= 0x202e));
		at += used;
	}
}

/* Seeded: bytes that are likely to make up half and whole sequences. */
static void test_properties(void **state)
{
	static const unsigned char likely[] = { 'a',  '\\', 'x',  '0',  0x80, 0xbf, 0xc2,
						0xe2, 0xf0, 0xf4, 0x8f, 0x9f, '\n', 0 };
	unsigned seed = 20261122;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned char bytes[600], back[600];
		CLEANUP(freep) char *text = NULL;
		struct quoted quoted;
		size_t len = (size_t)rand_r(&seed) % (round % 50 ? 12 : sizeof(bytes));

		for (size_t i = 0; i < len; i++) {
			unsigned number = (unsigned)rand_r(&seed) >> 4;

			bytes[i] = number & 1 ? likely[(number >> 1) % sizeof(likely)] : (unsigned char)(number >> 1);
		}
		text = quote_dup(bytes, len);
		assert_non_null(text);
		assert_harmless(text);
		assert_int_equal(unquote(text, back), len);
		assert_memory_equal(back, bytes, len);
		quoted = quote_short(bytes, len);
		assert_harmless(quoted.text);
		if (strlen(text) <= 400)
			assert_string_equal(quoted.text, text);
	}
}

static void test_short_is_cut_in_the_middle(void **state)
{
	char bytes[70000];
	struct quoted quoted;

	(void)state;
	memset(bytes, 'm', sizeof(bytes));
	memcpy(bytes, "/head", 5);
	memcpy(bytes + sizeof(bytes) - 4, "tail", 4);
	quoted = quote_short(bytes, sizeof(bytes));
	assert_memory_equal(quoted.text, "/headm", 6);
	assert_non_null(strstr(quoted.text, "m...m"));
	assert_string_equal(quoted.text + strlen(quoted.text) - 5, "mtail");
	memset(bytes, 0xff, sizeof(bytes));
	quoted = quote_short(bytes, sizeof(bytes));
	assert_true(strlen(quoted.text) <= 400);
	for (size_t len = 380; len < 420; len++) { /* where the cut sets in */
		memset(bytes, 'm', len);
		quoted = quote_short(bytes, len);
		assert_int_equal(strstr(quoted.text, "...") != NULL, len > 400);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_short_is_cut_in_the_middle),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		print_message("skipped: no locale C.UTF-8 to judge the output\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
