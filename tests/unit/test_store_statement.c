/* test_store_statement.c - the strict grammar of statements, and the seen file. */
#include "store_fixture.h"

#define H "blake2b256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD(host, sequence, previous, created)                                                                        \
	"tallystick-baseline: 1\nhost: " host "\nhost-id: " HOST_ID "\nsequence: " sequence "\nprevious: " previous    \
	"\ncreated: " created "\ntool: tally 0.1.0\n"
#define TAIL(entries, unexamined)                                                                                      \
	"entries: " entries "\nunexamined: " unexamined "\npolicy: " H "\nmounts: " H "\npackages: " H "\nroot: " H "\n"
#define TIME "2026-11-21T23:37:40Z"

static const char good[] = HEAD("h", "2", H, TIME) TAIL("10", "3");

static void texts(void **state)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
		{ good, 0 },
		{ HEAD("h", "1", "none", TIME) TAIL("0", "0"), 0 },
		{ HEAD("b\\xffad \\\\ \xc3\xa9", "4294967295", H, TIME) TAIL("18446744073709551615", "0"), 0 },
		{ "", ERR_DATA },
		{ HEAD("h", "1", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "2", "none", TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "0", "none", TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "02", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "4294967296", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "-1", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("", "2", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h\x1b", "2", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h\xff", "2", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h\nhost: i", "2", H, TIME) TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "2", H, "2026-11-21T23:37:40.5Z") TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "2", H, "2026-11-21T23:37:40+00:00") TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "2", H, "2026-13-21T23:37:40Z") TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "2", H, TIME) TAIL("10", "11"), ERR_DATA },
		{ HEAD("h", "2", H, TIME) TAIL("18446744073709551616", "3"), ERR_DATA },
		{ HEAD("h", "2", H, TIME) TAIL(" 10", "3"), ERR_DATA },
		{ HEAD("h", "2", H, TIME) TAIL("10", "3") "\n", ERR_DATA },
		{ HEAD("h", "2", H, TIME) TAIL("10", "3") "more: 1\n", ERR_DATA },
		{ HEAD("h", "2", H, TIME) "entries: 10\n" TAIL("10", "3"), ERR_DATA },
		{ HEAD("h", "2", "blake2b256:00", TIME) TAIL("10", "3"), ERR_DATA },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf again = BUF_INIT;
		struct statement statement;
		struct err err = ERR_INIT;
		int r = statement_parse(rows[i].text, strlen(rows[i].text), &statement, &err);

		if (r != rows[i].r)
			fail_msg("row %zu: %d %s", i, r, err.message);
		if (r < 0)
			continue;
		assert_int_equal(statement_format(&statement, &again), 0);
		assert_string_equal(buf_str(&again), rows[i].text);
	}
}

/* Any byte changed: refused, or the changed text is again its own canonical form. */
static void mutations(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (size_t at = 0; at < sizeof(good) - 1; at++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			CLEANUP(buf_done) struct buf again = BUF_INIT;
			char text[sizeof(good)];
			struct statement statement;
			struct err err = ERR_INIT;

			memcpy(text, good, sizeof(good));
			text[at] = (char)byte;
			if (statement_parse(text, sizeof(good) - 1, &statement, &err) < 0) {
				refused++;
				continue;
			}
			assert_int_equal(statement_format(&statement, &again), 0);
			assert_true(again.len == sizeof(good) - 1 && memcmp(again.data, text, again.len) == 0);
		}
	}
	assert_true(refused > 100000);
}

static void cut_short(void **state)
{
	struct statement statement;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t len = 0; len < sizeof(good) - 1; len++)
		assert_int_equal(statement_parse(good, len, &statement, &err), ERR_DATA);
}

static void seen_file(void **state)
{
	const struct fixture *fixture = *state;
	struct seen stored = { .host_id = HOST_ID, .sequence = 7, .statement = H, .full_check = 1700000000 };
	struct seen loaded = { .sequence = 1 };
	struct err err = ERR_INIT;

	assert_int_equal(seen_load(fixture->dirfd, "seen", &loaded, &err), 1);
	assert_int_equal(loaded.sequence, 0);
	for (int i = 0; i < 2; i++) {
		must(seen_store(fixture->dirfd, "seen", &stored, &err), &err);
		assert_int_equal(seen_load(fixture->dirfd, "seen", &loaded, &err), 0);
		assert_string_equal(loaded.host_id, stored.host_id);
		assert_string_equal(loaded.statement, stored.statement);
		assert_int_equal(loaded.sequence, stored.sequence);
		assert_int_equal(loaded.full_check, stored.full_check);
		stored.full_check = 0;
	}
	assert_int_equal(fixture_files(fixture, false), 1);
}

static void seen_damaged(void **state)
{
	static const char seen[] =
		"tallystick-seen: 1\nhost-id: " HOST_ID "\nsequence: 7\nstatement: " H "\nfull-check: never\n";
	const struct fixture *fixture = *state;
	struct seen loaded;

	for (size_t at = 0; at < sizeof(seen) - 1; at++) {
		CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
		struct err err = ERR_INIT;
		char text[sizeof(seen)];
		int r;

		memcpy(text, seen, sizeof(seen));
		text[at] ^= 0x40;
		must(outfile_open(&out, fixture->dirfd, "seen", 0600, &err), &err);
		must(fd_write_all(out.fd, text, sizeof(seen) - 1, "seen", &err), &err);
		must(outfile_commit(&out, &err), &err);
		r = seen_load(fixture->dirfd, "seen", &loaded, &err);
		if (r != ERR_DATA)
			fail_msg("byte %zu: %d", at, r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(mutations),
		cmocka_unit_test(cut_short),
		cmocka_unit_test_setup_teardown(seen_file, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(seen_damaged, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("store_statement", tests, NULL, NULL);
}
