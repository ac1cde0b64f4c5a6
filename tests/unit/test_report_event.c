/* test_report_event.c - events as people read them, which paths they concern, and what can never get out. */
#include "report_fixture.h"

#include <time.h>

#include "base/quote.h"
#include "report/event.h"

#define HEAD "{\"record\":\"event\",\"seq\":7,\"time\":\"2026-11-22T03:00:00.123456789Z\",\"uptime\":12.345,"
#define WHEN "2026-11-22 04:00:00.123 +0100  "

static char *told(struct report_out out, const char *line)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len;

	out.file = open_memstream(&text, &len);
	assert_non_null(out.file);
	if (report_event(&out, line, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(fclose(out.file), 0);
	return text;
}

static void every_kind_has_its_words(void **state)
{
	static const struct row {
		const char *members, *text;
	} rows[] = {
		{ "\"kind\":\"changed\",\"path\":\"/etc/"
		  "a\\\\x0ab\",\"attributes\":[\"mode\",\"owner\",\"size\",\"acl\",\"caps\","
		  "\"xattrs\",\"flags\",\"inode\",\"links\",\"mtime\"],\"before\":{\"type\":\"file\",\"mode\":\"0644\","
		  "\"uid\":0,"
		  "\"user\":\"root\",\"size\":10,\"mtime\":\"2026-11-22T02:00:00.000000001Z\",\"inode\":\"7\","
		  "\"links\":1,"
		  "\"xattrs\":{\"user.a\":\"QQ==\",\"user.b\":\"QQ==\"},\"flags\":[]},\"after\":{\"type\":\"file\","
		  "\"mode\":\"4666\","
		  "\"uid\":1000,\"size\":2000,\"mtime\":\"2026-11-22T02:00:00.000000002Z\",\"inode\":\"8\",\"links\":2,"
		  "\"acl\":\"user::rw-\",\"caps\":\"cap_net_raw=ep\",\"xattrs\":{\"user.b\":\"Qg==\",\"user.c\":\"QQ=="
		  "\"},"
		  "\"flags\":[\"immutable\"]},\"severity\":\"high\",\"rule\":\"policy.yaml:12\",\"by\":\"event\","
		  "\"baseline\":false",
		  WHEN "high      changed   /etc/a\\x0ab  [policy.yaml:12]\n"
		       "      mode     -rw-r--r-- 0644 -> -rwSrw-rw- 4666  now set-user-ID  now world-writable\n"
		       "      owner    root(0) -> 1000\n"
		       "      size     10 -> 2,000 (2.0 KiB)\n"
		       "      acl      none -> user::rw-\n"
		       "      caps     none -> cap_net_raw=ep\n"
		       "      xattrs   user.a removed\n"
		       "      xattrs   user.b has another value\n"
		       "      xattrs   user.c added\n"
		       "      flags    - -> immutable\n"
		       "      inode    7 -> 8\n"
		       "      links    1 -> 2\n"
		       "      mtime    2026-11-22 03:00:00.000000001 +0100 -> 2026-11-22 03:00:00.000000002 +0100\n" },
		{ "\"kind\":\"added\",\"path\":\"/etc/"
		  "l\",\"after\":{\"type\":\"symlink\",\"mode\":\"0777\",\"uid\":0,\"gid\":0,"
		  "\"target\":\"a\\\\\\\\b\\\\xff\"},\"severity\":\"medium\",\"by\":\"start\"",
		  WHEN "medium    added     /etc/l  found by: start\n      symlink  lrwxrwxrwx 0777  0 0\n"
		       "      target   a\\\\b\\xff\n" },
		{ "\"kind\":\"removed\",\"path\":\"/"
		  "e\",\"before\":{\"type\":\"char\",\"mode\":\"0600\",\"rdev\":\"1:3\"},"
		  "\"severity\":\"low\",\"by\":\"event\"",
		  WHEN "low       removed   /e\n      char     crw------- 0600  not recorded not recorded\n"
		       "      rdev     1:3\n" },
		{ "\"kind\":\"moved\",\"path\":\"/b\",\"from\":\"/"
		  "a\",\"attributes\":[],\"severity\":\"info\",\"by\":\"event\"",
		  WHEN "info      moved     /a -> /b\n" },
		{ "\"kind\":\"restored\",\"path\":\"/"
		  "b\",\"attributes\":[\"content\"],\"before\":{},\"after\":{\"digest\":\"sha256:"
		  "0101010101010101010101010101010101010101010101010101010101010101\",\"digest_bytes\":5},"
		  "\"severity\":\"info\",\"by\":\"round\",\"baseline\":true",
		  WHEN "info      restored  /b  as recorded  found by: round\n      content  none -> sha256:"
		       "0101010101010101010101010101010101010101010101010101010101010101 (of the first 5 bytes)\n" },
		{ "\"kind\":\"changed\",\"path\":\"/"
		  "mnt\",\"attributes\":[\"mount\"],\"before\":{\"mount\":{\"type\":\"ext4\",\"id\":"
		  "\"uuid:1\"}},\"severity\":\"critical\"",
		  WHEN "critical  changed   /mnt\n      mount    ext4 uuid:1 -> nothing\n" },
		{ "\"kind\":\"observed\",\"paths\":[{\"path\":\"/"
		  "a\",\"mask\":[\"create\",\"close_write\"]},{\"path\":\"/b\","
		  "\"mask\":[\"delete\"]}]",
		  WHEN "-         observed  /a (create close_write), /b (delete)\n" },
		{ "\"kind\":\"gap\",\"from\":\"2026-11-22T02:00:00.5Z\",\"to\":\"2026-11-22T02:30:00.500000000Z\","
		  "\"reason\":\"the "
		  "queue overflowed\",\"subtree\":\"/x\"",
		  WHEN "-         gap       events may be missing: from 2026-11-22T02:00:00.5Z to 2026-11-22 "
		       "03:30:00.500 +0100, "
		       "below /x: the queue overflowed\n" },
		{ "\"kind\":\"tamper\",\"path\":\"/p\",\"what\":\"it was replaced\",\"severity\":\"critical\"",
		  WHEN "critical  tamper    /p: it was replaced\n" },
		{ "\"kind\":\"scan\",\"purpose\":\"start\",\"from\":\"2026-11-22T02:00:00Z\",\"to\":\"2026-11-22T02:00:"
		  "01Z\","
		  "\"examined\":1234,\"files_read\":5,\"bytes_read\":2048,\"unexamined\":1,\"differing\":2,\"ended\":"
		  "false,"
		  "\"problem\":\"why\"",
		  WHEN "-         scan      start: from 2026-11-22 03:00:00.000 +0100 to 2026-11-22 03:00:01.000 "
		       "+0100, 1,234 paths "
		       "examined, 5 files read (2.0 KiB), 2 not as believed, 1 not examined; it did not come to its "
		       "end: why\n" },
		{ "\"kind\":\"started\",\"version\":\"0.1.0\",\"pid\":12,\"blind\":[],\"limits\":null,\"signers\":["
		  "\"A\",\"B\"]",
		  WHEN "-         started   version 0.1.0, pid 12, signers A B\n" },
		{ "\"kind\":\"wholly new\",\"x\":{\"y\":1.5}", WHEN "-         wholly new  x {\"y\":1.5}\n" },
	};
	static const struct report_out plain = { .file = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf line = BUF_INIT;
		CLEANUP(freep) char *text = NULL;

		assert_int_equal(buf_printf(&line, HEAD "%s,\"chain\":\"c\"}", rows[i].members), 0);
		text = told(plain, buf_str(&line));
		assert_string_equal(text, rows[i].text);
	}
}

static void json_is_the_line_itself(void **state)
{
	static const struct report_out json = { .file = NULL, .json = true };
	static const char line[] = HEAD "\"kind\":\"added\",\"path\":\"/a\\\\x0a\xc3\xa9\",\"chain\":\"c\"}";
	CLEANUP(freep) char *text = told(json, line), *safe = NULL, *del = NULL;

	(void)state;
	assert_memory_equal(text, line, sizeof(line) - 1);
	assert_string_equal(text + sizeof(line) - 1, "\n");
	/* U+202E turns a terminal's line around; U+009B begins a sequence */
	safe = told(json, "{\"kind\":\"added\",\"path\":\"/a\xe2\x80\xae\xc2\x9b\"}");
	assert_string_equal(safe, "{\"kind\":\"added\",\"path\":\"/a\\u202E\\u009B\"}\n");
	del = told(json, "{\"path\":\"\\u007f\xe2\x80\xae\"}");
	assert_string_equal(del, "{\"path\":\"\\u007f\\u202E\"}\n");
}

/* Every string of a hostile line is one that wants out. */
static void nothing_raw_gets_out(void **state)
{
#define EVIL "\\u001b[31m\\n\\u009b\\u202e\\u007f"
	static const char *const rows[] = {
		HEAD "\"kind\":\"" EVIL "\",\"" EVIL "\":\"" EVIL "\",\"list\":[\"" EVIL "\",{\"" EVIL "\":\"" EVIL
		     "\"}]}",
		HEAD "\"kind\":\"changed\",\"severity\":\"" EVIL "\",\"path\":\"" EVIL "\",\"rule\":\"" EVIL
		     "\",\"by\":\"" EVIL "\",\"log\":[\"" EVIL
		     "\",5],\"attributes\":[\"mount\",\"owner\",\"target\",\"acl\",\"caps\",\"selinux\","
		     "\"xattrs\",\"content\",\"mtime\",\"" EVIL "\",7],\"before\":{\"mount\":{\"type\":\"" EVIL
		     "\",\"id\":\"" EVIL "\"},\"uid\":1,\"user\":\"" EVIL "\",\"target\":\"" EVIL "\",\"acl\":\"" EVIL
		     "\",\"caps\":\"" EVIL "\",\"selinux\":\"" EVIL "\",\"xattrs\":{\"" EVIL "\":\"" EVIL
		     "\"},\"digest\":\"" EVIL "\",\"mtime\":\"" EVIL "\"},\"after\":{}}",
		HEAD "\"kind\":\"added\",\"path\":\"" EVIL "\",\"after\":{\"type\":\"" EVIL "\",\"user\":\"" EVIL
		     "\",\"uid\":1,\"target\":\"" EVIL "\",\"acl\":\"" EVIL "\",\"xattrs\":{\"" EVIL "\":1}}}",
		HEAD "\"kind\":\"gap\",\"from\":\"" EVIL "\",\"to\":\"" EVIL "\",\"subtree\":\"" EVIL
		     "\",\"reason\":\"" EVIL "\"}",
		HEAD "\"kind\":\"tamper\",\"path\":\"" EVIL "\",\"what\":\"" EVIL "\"}",
		HEAD "\"kind\":\"scan\",\"purpose\":\"" EVIL "\",\"from\":\"" EVIL "\",\"problem\":\"" EVIL "\"}",
		HEAD "\"kind\":\"transient\",\"paths\":[{\"path\":\"" EVIL "\",\"mask\":[\"" EVIL "\"]},5,null]}",
		"{\"time\":\"" EVIL "\"}",
		"no json \x1b\x9b",
		"[]",
		"{\"kind\":5,\"time\":{},\"paths\":{}}",
		"{\"kind\":\"added\",\"path\":[],\"after\":[]}",
		"{\"kind\":\"scan\",\"examined\":-5,\"bytes_read\":-9}",
		"{\"kind\":\"changed\",\"attributes\":[\"size\"],\"before\":{\"size\":-1},\"after\":{\"size\":1e99}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int json = 0; json < 2; json++) {
			struct report_out out = { .file = NULL, .json = json };
			CLEANUP(freep) char *text = told(out, rows[i]);
			CLEANUP(buf_done) struct buf line = BUF_INIT;
			char *next = NULL;

			for (char *at = strtok_r(text, "\n", &next); at; at = strtok_r(NULL, "\n", &next)) {
				buf_clear(&line);
				form_message(&line, bytes_of(at));
				assert_string_equal(buf_str(&line), at);
			}
		}
	}
#undef EVIL
}

static void paths_choose_events(void **state)
{
	static const struct row {
		const char *line, *path;
		bool concerned;
	} rows[] = {
		{ "{\"path\":\"/etc/a\"}", "/etc", true },
		{ "{\"path\":\"/etc/a\"}", "/etc/a", true },
		{ "{\"path\":\"/etc-x\"}", "/etc", false },
		{ "{\"path\":\"/etc\"}", "/etc/a", false },
		{ "{\"path\":\"/b\",\"from\":\"/etc/a\"}", "/etc", true },
		{ "{\"paths\":[{\"path\":\"/x\"},{\"path\":\"/etc/a\"}]}", "/etc", true },
		{ "{\"paths\":[{\"path\":\"/x\"},5]}", "/etc", false },
		{ "{\"kind\":\"gap\",\"from\":\"2026\",\"subtree\":\"/\"}", "/etc", true },
		{ "{\"kind\":\"gap\",\"subtree\":\"/etc/ssh\"}", "/etc", true },
		{ "{\"kind\":\"gap\",\"subtree\":\"/var\"}", "/etc", false },
		{ "{\"kind\":\"started\"}", "/", false },
		{ "{\"path\":\"/etc/\\\\x0a/b\"}", "/etc/\\x0a", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(event_done) struct event event = { .object = NULL };
		const struct bytes path = bytes_of(rows[i].path);
		struct err err = ERR_INIT;

		assert_int_equal(event_parse(rows[i].line, strlen(rows[i].line), &event, &err), 0);
		if (event_concerns(&event, &path, 1) != rows[i].concerned)
			fail_msg("%s against %s", rows[i].line, rows[i].path);
	}
}

static void colour_says_nothing_more(void **state)
{
	static const struct report_out colored = { .file = NULL, .color = true };
	CLEANUP(freep)
	char *text = told(colored, HEAD "\"kind\":\"tamper\",\"path\":\"/p\",\"what\":\"w\",\"severity\":"
					"\"critical\"}");

	(void)state;
	assert_string_equal(text,
			    WHEN "\033[1;31mcritical\033[0m  \033[1;31mtamper\033[0m    \033[1;31m/p: w\033[0m\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_its_words), cmocka_unit_test(json_is_the_line_itself),
		cmocka_unit_test(nothing_raw_gets_out),     cmocka_unit_test(paths_choose_events),
		cmocka_unit_test(colour_says_nothing_more),
	};

	(void)setenv("TZ", "UTC-1", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
