/* test_report_json.c - NDJSON: every record has the members of the contract, in its order, and jq reads it. */
#include "report_fixture.h"

#include <jansson.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct report_out json_out = { .json = true };

/* LIST: the members that may stand there, in order, separated by spaces. Those of NEEDED must. */
static void check_members(const json_t *object, const char *list, const char *needed)
{
	const char *at = list;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char word[64];
		const char *found;

		(void)snprintf(word, sizeof(word), " %s ", key);
		found = strstr(at, word);
		if (!found)
			fail_msg("member '%s' is unknown or out of order: %s", key, list);
		at = found + strlen(word) - 1;
	}
	for (const char *word = needed; *word;) {
		char name[64];
		size_t len = strcspn(word, " ");

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, word);
		if (!json_object_get(object, name))
			fail_msg("member '%s' is missing", name);
		word += len + (word[len] == ' ');
	}
}

static void check_entry(const json_t *entry)
{
	if (!entry)
		return;
	if (json_object_get(entry, "mount")) {
		check_members(json_object_get(entry, "mount"), " type id ", "type");
		return;
	}
	check_members(
		entry,
		" type mode uid gid user user_b64 group group_b64 size mtime ctime btime inode device links blocks "
		"rdev digest digest_bytes target target_b64 xattrs acl caps selinux selinux_b64 flags ",
		"type mode uid gid size mtime ctime btime inode links flags");
	assert_true(json_is_string(json_object_get(entry, "inode")));
	assert_int_equal(json_string_length(json_object_get(entry, "mode")), 4);
}

static void check_record(const json_t *record, unsigned *changes, unsigned *unexamined, unsigned *summaries)
{
	const char *kind = json_string_value(json_object_get(record, "record"));

	assert_int_equal(*summaries, 0);
	assert_non_null(kind);
	if (strcmp(kind, "change") == 0) {
		check_members(record,
			      " record kind path path_b64 from from_b64 attributes before after severity rule log ",
			      "record kind path attributes severity");
		check_entry(json_object_get(record, "before"));
		check_entry(json_object_get(record, "after"));
		(*changes)++;
	} else if (strcmp(kind, "unexamined") == 0) {
		check_members(record, " record side path path_b64 reason ", "record side path reason");
		(*unexamined)++;
	} else {
		assert_string_equal(kind, "summary");
		check_members(record,
			      " record format a b examined added removed changed moved moves unexamined excluded "
			      "not_in_baseline authentic signers sequence root seconds attributes_not_compared "
			      "incomparable followed rotated mounts_not_crossed bytes_read host created quick "
			      "contents_not_read "
			      "last_full_read unknown_signers notes ",
			      "record format a b examined added removed changed moved moves unexamined excluded "
			      "not_in_baseline authentic signers sequence root seconds attributes_not_compared");
		(*summaries)++;
	}
}

static void every_record(void **state)
{
	struct report_summary summary = fixture_summary();
	CLEANUP(changes_freep) struct changes *changes = fixture_changes(&summary);
	CLEANUP(freep) char *text = fixture_report(json_out, changes, &summary);
	unsigned change_count = 0, unexamined_count = 0, summary_count = 0;
	char *rest = text;

	(void)state;
	for (char *line; (line = strsep(&rest, "\n")) && rest;) {
		json_error_t error;
		json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, &error);

		if (!record)
			fail_msg("%s: %s", error.text, line);
		check_record(record, &change_count, &unexamined_count, &summary_count);
		json_decref(record);
	}
	assert_int_equal(change_count, 7);
	assert_int_equal(unexamined_count, 2);
	assert_int_equal(summary_count, 1);
}

static void quiet_is_the_summary(void **state)
{
	struct report_summary summary = fixture_summary();
	struct report_out out = { .json = true, .quiet = true };
	CLEANUP(changes_freep) struct changes *changes = fixture_changes(&summary);
	CLEANUP(freep) char *text = fixture_report(out, changes, &summary);

	(void)state;
	assert_ptr_equal(strstr(text, "{\"record\":\"summary\",\"format\":1,\"a\":{"), text);
	assert_string_equal(strchr(text, '\n'), "\n");
}

/* An entry as one line, exactly. */
static void an_entry(void **state)
{
	struct spec spec = spec_file("/etc/\xff");
	static const unsigned char binary[] = { 0, 1, 0xff };
	struct xattr xattrs[] = { { bytes_of("security.capability"), { binary, 3 } },
				  { bytes_of("security.selinux"), { (const unsigned char *)"system_u:x", 11 } },
				  { bytes_of("user.\x1b"), { binary, 3 } },
				  { bytes_of("user.empty"), { binary, 0 } } };
	struct made made;
	CLEANUP(freep) char *text = NULL;

	(void)state;
	made_from(&made, &spec);
	made.entry.inode = UINT64_MAX;
	made.entry.mode = 04755;
	made.entry.flags = FLAG_IMMUTABLE | FLAG_VERITY;
	made.entry.digest_bytes = 500;
	made.entry.user = bytes_of("al\tice");
	made.entry.mtime = (struct timestamp){ 253402300800, 5 }; /* the year 10000 */
	made.entry.xattrs = xattrs;
	made.entry.xattr_count = ARRAY_SIZE(xattrs);
	made.entry.value |= ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX);
	made.entry.none = 0;
	made.entry.since = 2;
	text = fixture_entry(json_out, &made.entry, true);
	assert_string_equal(
		text, "{\"record\":\"entry\",\"path\":\"/etc/\\\\xff\",\"path_b64\":\"L2V0Yy//\",\"type\":\"file\","
		      "\"mode\":\"4755\",\"uid\":0,\"gid\":0,\"user\":\"al\\\\x09ice\",\"user_b64\":\"YWwJaWNl\","
		      "\"group\":\"root\",\"size\":1000,\"mtime\":\"@253402300800.000000005\","
		      "\"ctime\":\"2023-11-14T22:13:21.000000001Z\",\"btime\":\"2023-11-14T22:13:22.000000001Z\","
		      "\"inode\":\"18446744073709551615\",\"device\":\"8:0\",\"links\":1,\"blocks\":8,"
		      "\"digest\":\"sha256:0101010101010101010101010101010101010101010101010101010101010101\","
		      "\"digest_bytes\":500,\"xattrs\":{\"user.\\\\x1b\":\"AAH/\",\"user.empty\":\"\"},"
		      "\"caps\":\"base64:AAH/"
		      "\",\"selinux\":\"system_u:x\",\"flags\":[\"immutable\",\"verity\"],\"since\":2}\n");
}

/* What is not recorded, none or failed is absent. */
static void only_values_are_members(void **state)
{
	struct spec spec = spec_file("/f");
	struct made made;
	CLEANUP(freep) char *text = NULL;

	(void)state;
	for (unsigned attr = 0; attr < ATTR_COUNT; attr++)
		spec.state[attr] = attr % 2 ? NONE : FAILED;
	made_from(&made, &spec);
	made.entry.failed &= ~ATTR_BIT(ATTR_RDEV);
	text = fixture_entry(json_out, &made.entry, false);
	assert_string_equal(text, "{\"record\":\"entry\",\"path\":\"/f\",\"failed\":[\"type\",\"owner\",\"size\","
				  "\"mtime\",\"btime\",\"links\",\"acl\",\"selinux\"],"
				  "\"problem\":\"cannot read it: Input/output error\"}\n");
}

/* The same with another reader. */
static void jq_reads_it(void **state)
{
	static const char program[] =
		"(map(select(.record==\"change\")) | length) == 7 and (last | .record == \"summary\" and .moved == 1) "
		"and "
		"(map(select(.kind==\"moved\"))[0] | (.from_b64 | @base64d) == \"/etc/old\\nname\" and "
		".before.digest == .after.digest) and "
		"(map(select(.path==\"/var/log/syslog\"))[0] | .log == [\"truncated\",\"replaced\"] and "
		".attributes == [\"size\",\"inode\"]) and "
		"(map(select(.path==\"/srv\" and .kind))[0] | .attributes == [\"mount\"] and .after == null and "
		".before.mount == {type:\"ext4\",id:\"uuid:1234\"} and .severity == \"critical\")";
	struct report_summary summary = fixture_summary();
	CLEANUP(changes_freep) struct changes *changes = fixture_changes(&summary);
	CLEANUP(freep) char *text = fixture_report(json_out, changes, &summary);
	char name[] = "/tmp/tally-report-XXXXXX";
	char command[1500];
	int fd, status;

	(void)state;
	if (system("command -v jq >/dev/null") != 0) {
		print_message("skipped: jq is not installed\n");
		skip();
	}
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	(void)snprintf(command, sizeof(command), "jq -es '%s' %s >/dev/null", program, name);
	status = system(command);
	(void)unlink(name);
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record), cmocka_unit_test(quiet_is_the_summary),
		cmocka_unit_test(an_entry),     cmocka_unit_test(only_values_are_members),
		cmocka_unit_test(jq_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
