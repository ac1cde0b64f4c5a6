/* test_report_text.c - the report for people: what it says, and what can never get out through it. */
#include "report_fixture.h"

#include <time.h>

#include "base/quote.h"
#include "report/text.h"

static const struct report_out plain = { .file = NULL };

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void expect_not_in(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

static void every_kind_of_change(void **state)
{
	static const char *const parts[] = {
		"CHANGED  7 changes: 3 critical, 3 high, 1 low  (1 added, 1 removed, 4 changed, 1 moved); "
		"6 paths examined, 2 could not be examined; signed by /etc/tallystick/host.pub\n",
		"examined 6 paths (8.6 GiB read) in 3.5 s; 2 could not be examined, 12 excluded by policy, "
		"1 mount not crossed\n",
		"against generation 3 of web1, made 2026-11-21 23:26:40 +0100 (",
		"signed by /etc/tallystick/host.pub (this host's own key)  blake2b256:0123456789abcdef\n",
		"\ncritical\n  mount    /srv  is no longer mounted\n      mount    ext4 uuid:1234 -> nothing\n",
		"  changed  /usr/bin/\\xff\\\\tool  [policy.yaml:4]\n",
		"      mode     -rwxr-xr-x 0755 -> -rwsr-xr-x 4755  now set-user-ID\n",
		"      owner    root(0) -> alice(1000)\n",
		"      size     1,000 -> 2,000 (2.0 KiB)\n",
		"      content  sha256:01010101",
		"\n            -> sha256:02020202",
		"      mtime    2023-11-14 23:13:20.000000001 +0100 -> 2023-11-14 23:13:20.000000002 +0100\n",
		"      xattrs   user.note added: \"t\"\n",
		"      acl      none -> user::rw-,user:1000:r--,group::r--,mask::r--,other::r--\n",
		"      caps     none -> cap_net_raw=ep\n",
		"      flags    - -> immutable\n",
		"  removed  /usr/gone  [policy.yaml:4]\n      file     -rw-r----- 0640  root(0) root(0)  1,000\n",
		"\nhigh\n",
		"      target   first -> second\n",
		"      char     crw-rw-rw- 0666  root(0) root(0)  world-writable\n",
		"  moved    /etc/old\\x0aname -> /var/moved  [policy.yaml:5]\n",
		"  changed  /var/log/syslog  log truncated  log replaced by another file  [policy.yaml:6]\n",
		"\ncould not be examined\n  /etc/shared: cannot read it: Input/output error\n",
		"  /srv: a mount is missing: what it held could not be examined\n",
	};
	struct report_summary summary = fixture_summary();
	CLEANUP(changes_freep) struct changes *changes = fixture_changes(&summary);
	CLEANUP(freep) char *text = fixture_report(plain, changes, &summary);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		expect_in(text, parts[i]);
	assert_true(strstr(text, "\ncritical\n") < strstr(text, "\nhigh\n"));
	assert_true(strstr(text, "\nhigh\n") < strstr(text, "\nlow\n"));
	expect_not_in(text, "\nmedium\n");
	expect_not_in(text, "\033");
}

static struct changes *no_changes(void)
{
	struct changes *changes = NULL;
	struct diff_counts counts = { .examined = 0 };
	struct err err = ERR_INIT;
	bool limited;

	assert_int_equal(changes_new(NULL, &changes, &err), 0);
	assert_int_equal(changes_finish(changes, &counts, &limited, &err), 0);
	return changes;
}

/* No verdict says just "clean". */
static void nothing_found_says_what_was_looked_at(void **state)
{
	struct report_summary summary = fixture_summary();
	CLEANUP(changes_freep) struct changes *changes = no_changes();
	CLEANUP(freep) char *text = NULL;

	(void)state;
	summary.counts.examined = 158977;
	text = fixture_report(plain, changes, &summary);
	expect_in(text, "NO DIFFERENCE FOUND  158,977 paths examined; signed by /etc/tallystick/host.pub\n"
			"examined 158,977 paths (8.6 GiB read)");
	expect_in(text, "signed by /etc/tallystick/host.pub");
}

static void quick_is_unverified(void **state)
{
	struct report_summary summary = fixture_summary();
	struct report_out quiet = { .quiet = true };
	CLEANUP(changes_freep) struct changes *changes = no_changes();
	CLEANUP(freep) char *known = NULL;
	CLEANUP(freep) char *unknown = NULL;

	(void)state;
	summary.quick = true;
	summary.skipped = 123456;
	summary.counts.examined = 1;
	unknown = fixture_report(quiet, changes, &summary);
	assert_string_equal(
		unknown,
		"NO DIFFERENCE FOUND  1 path examined; signed by /etc/tallystick/host.pub; UNVERIFIED (--quick): "
		"123,456 files' contents were not read, last full read unknown\n");
	summary.last_full = time_now().sec - 4 * 86400 - 10;
	known = fixture_report(quiet, changes, &summary);
	expect_in(known, "last full read 4 days ago\n");
}

static void notes_stand_in_the_verdict_line(void **state)
{
	static const char *const notes[] = { "the policy files differ from the signed policy",
					     "baseline of another host" };
	static const char *const unknown[] = { "AAAA", "BBBB" };
	struct report_summary summary = fixture_summary();
	CLEANUP(changes_freep) struct changes *changes = no_changes();
	CLEANUP(freep) char *text = NULL;

	(void)state;
	summary.notes = notes;
	summary.note_count = 2;
	summary.unknown_signers = unknown;
	summary.unknown_signer_count = 2;
	summary.hint = "next: tally accept --all";
	summary.moves_limited = true;
	summary.counts.followed = 3;
	summary.counts.incomparable[ATTR_BTIME] = 1200;
	summary.attributes_not_compared = ATTR_BIT(ATTR_SELINUX);
	text = fixture_report(plain, changes, &summary);
	expect_in(text, "paths examined; signed by /etc/tallystick/host.pub; the policy files differ from the signed "
			"policy; baseline of another host\n");
	expect_in(text, "also signed by keys that nobody here trusts, ignored: AAAA, BBBB\n");
	expect_in(text, "\nnot compared: btime of 1,200 paths, selinux (only one side has it)\n"
			"3 directories differ only in times that follow from changes in them\n");
	expect_in(text, "(--tmp)\nnext: tally accept --all\n");
	summary.authentic = false;
	freep(&text);
	text = fixture_report(plain, changes, &summary);
	expect_in(text, "against baseline:/var/lib/tallystick/baseline.db, which nobody has signed\n");
}

static void colour_adds_nothing_but_colour(void **state)
{
	struct report_summary summary = fixture_summary();
	struct report_out colored = { .color = true };
	CLEANUP(changes_freep) struct changes *changes = fixture_changes(&summary);
	CLEANUP(freep) char *without = fixture_report(plain, changes, &summary);
	CLEANUP(freep) char *with = fixture_report(colored, changes, &summary);
	char *to = with;

	(void)state;
	expect_in(with, "\033[1;31mCHANGED\033[0m");
	for (const char *from = with; *from;) {
		if (*from == '\033')
			from = strchr(from, 'm') + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
	assert_string_equal(with, without);
}

/* A long list is cut, and says so. */
static void many_unexamined(void **state)
{
	struct report_summary summary = fixture_summary();
	CLEANUP(changes_freep) struct changes *changes = NULL;
	CLEANUP(freep) char *text = NULL;
	struct diff_sink sink;
	struct err err = ERR_INIT;
	bool limited;

	(void)state;
	assert_int_equal(changes_new(NULL, &changes, &err), 0);
	sink = changes_sink(changes);
	for (unsigned i = 0; i < 1500; i++) {
		char path[16];
		struct unexamined unexamined = { 'a', { NULL, 0 }, bytes_of("unstable") };

		(void)snprintf(path, sizeof(path), "/p%04u", i);
		unexamined.path = bytes_of(path);
		assert_int_equal(sink.unexamined(sink.context, &unexamined, &err), 0);
		summary.counts.unexamined++;
	}
	assert_int_equal(changes_finish(changes, &summary.counts, &limited, &err), 0);
	text = fixture_report(plain, changes, &summary);
	expect_in(text, "  /p0199: unstable (already in baseline)\n  and 1,300 more: --json lists all\n");
}

static void numbers(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 1024, "1,024 (1.0 KiB)" },
		{ 1048575, "1,048,575 (1.0 MiB)" },
		{ 1234567, "1,234,567 (1.2 MiB)" },
		{ 9223372036854775807, "9,223,372,036,854,775,807 (8.0 EiB)" },
		{ UINT64_MAX, "18,446,744,073,709,551,615 (16.0 EiB)" },
	};
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf_clear(&out);
		text_bytes(&out, rows[i].bytes);
		assert_string_equal(buf_str(&out), rows[i].text);
	}
}

static void modes(void **state)
{
	static const struct {
		enum file_type type;
		uint16_t mode;
		const char *text;
	} rows[] = {
		{ TYPE_FILE, 0, "---------- 0000" },     { TYPE_FILE, 04755, "-rwsr-xr-x 4755" },
		{ TYPE_FILE, 06644, "-rwSr-Sr-- 6644" }, { TYPE_DIR, 01777, "drwxrwxrwt 1777" },
		{ TYPE_DIR, 01776, "drwxrwxrwT 1776" },  { TYPE_SYMLINK, 0777, "lrwxrwxrwx 0777" },
		{ TYPE_FIFO, 0600, "prw------- 0600" },  { TYPE_SOCKET, 0600, "srw------- 0600" },
		{ TYPE_BLOCK, 0660, "brw-rw---- 0660" },
	};
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct entry entry = { .value = ATTR_BIT(ATTR_TYPE), .type = rows[i].type, .mode = rows[i].mode };

		buf_clear(&out);
		text_mode(&out, &entry);
		assert_string_equal(buf_str(&out), rows[i].text);
	}
}

static void ages(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = { { 0, "0 seconds" },      { 1, "1 second" },       { 90, "1 minute" },
		     { 7199, "119 minutes" }, { 7200, "2 hours" },     { 100000, "27 hours" },
		     { 172800, "2 days" },    { 6000000, "2 months" }, { 63200000, "2 years" } };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf_clear(&out);
		text_age(&out, rows[i].seconds);
		assert_string_equal(buf_str(&out), rows[i].text);
	}
}

static void entries(void **state)
{
	struct spec spec = spec_of("/etc/l\nink", TYPE_SYMLINK);
	struct made made;
	CLEANUP(freep) char *line = NULL;
	CLEANUP(freep) char *detail = NULL;

	(void)state;
	spec.state[ATTR_OWNER] = FAILED;
	made_from(&made, &spec);
	made.entry.since = 4;
	line = fixture_entry(plain, &made.entry, false);
	assert_string_equal(line,
			    "lrw-r----- 0640  could not be read root(0)  1,000  2023-11-14 23:13:20 +0100  "
			    "/etc/l\\x0aink -> first  (could not be examined: cannot read it: Input/output error)\n");
	detail = fixture_entry(plain, &made.entry, true);
	expect_in(detail, "/etc/l\\x0aink\n  type     symlink\n");
	expect_in(detail, "  content  none\n");
	expect_in(detail, "  since    generation 4\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_change),
		cmocka_unit_test(nothing_found_says_what_was_looked_at),
		cmocka_unit_test(quick_is_unverified),
		cmocka_unit_test(notes_stand_in_the_verdict_line),
		cmocka_unit_test(colour_adds_nothing_but_colour),
		cmocka_unit_test(many_unexamined),
		cmocka_unit_test(numbers),
		cmocka_unit_test(modes),
		cmocka_unit_test(ages),
		cmocka_unit_test(entries),
	};

	if (setenv("TZ", "UTC-1", 1) < 0)
		return 1;
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
