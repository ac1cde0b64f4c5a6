/* test_ops_wire.c - a drift answer written, sent as text and read again is the same; what is not like it is refused. */
#include "report_fixture.h"

#include "ops/drift_answer.h"
#include "report/json.h"

struct wire {
	json_t *lines[64];
	size_t count;
};

static void wire_done(struct wire *wire)
{
	for (size_t i = 0; i < wire->count; i++)
		json_decref(wire->lines[i]);
}

/* Over the wire: only what JSON's text holds. */
static void put(struct wire *wire, json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	assert_non_null(text);
	assert_true(wire->count < ARRAY_SIZE(wire->lines));
	wire->lines[wire->count++] = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(wire->lines[wire->count - 1]);
	free(text);
	json_decref(line);
}

static int put_change(void *context, const struct change *change, struct err *err)
{
	(void)err;
	put(context, change_wire_make(change));
	return 0;
}

static int put_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	(void)err;
	put(context, unexamined_wire_make(unexamined));
	return 0;
}

/* The fixture's comparison as a daemon would tell it. */
static void tell(struct wire *wire, struct report_summary *summary, const struct drift_sync *sync)
{
	CLEANUP(policy_freep) struct policy *policy = fixture_policy();
	const struct diff_options options = { .policy = policy };
	const struct diff_sink sink = { put_change, put_unexamined, wire };
	struct spec a[FIXTURE_COUNT], b[FIXTURE_COUNT];
	CLEANUP(buf_done) struct buf blind = BUF_INIT;
	struct err err = ERR_INIT;
	size_t a_count, b_count;

	fixture_specs(a, &a_count, b, &b_count);
	summary->counts = run_into(&options, a, a_count, b, b_count, &sink);
	assert_int_equal(diff_mounts(policy, &fixture_mount, 1, NULL, 0, &sink, &blind, &summary->counts, &err), 0);
	put(wire, summary_parts_make(summary, sync));
}

static int take_all(const struct wire *wire, struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(drift_answer_done) struct drift_answer answer;
	int r = drift_answer_init(&answer, NULL, err);

	for (size_t i = 0; i < wire->count && r >= 0; i++)
		r = drift_answer_take(&answer, wire->lines[i], err);
	return r < 0 ? r : drift_answer_finish(&answer, false, ret_comparison, err);
}

static void both_ends_agree(void **state)
{
	static const char *const notes[] = { "a note with \\x00 in it", "another" };
	static const char *const unknown[] = { "00AA" };
	const struct drift_sync sync = { .synced = true };
	struct report_summary summary = fixture_summary(), here;
	CLEANUP(wire_done) struct wire wire = { .count = 0 };
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	CLEANUP(changes_freep) struct changes *changes = NULL;
	CLEANUP(freep) char *sent = NULL, *got = NULL;
	struct err err = ERR_INIT;

	(void)state;
	summary.notes = notes;
	summary.note_count = 2;
	summary.unknown_signers = unknown;
	summary.unknown_signer_count = 1;
	summary.attributes_not_compared = ATTR_BIT(ATTR_BTIME) | ATTR_BIT(ATTR_FLAGS);
	summary.rotated = 3;
	summary.last_full = 1795000000;
	summary.root = "blake2b256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	summary.a.name = "/var/\xff\\baseline.db";
	here = summary;
	tell(&wire, &summary, &sync);
	if (take_all(&wire, &comparison, &err) < 0)
		fail_msg("%s", err.message);
	changes = fixture_changes(&here);
	here.sync = REPORT_SYNCED;
	here.seconds = comparison->summary.seconds = 0;
	sent = fixture_report((struct report_out){ .json = true }, changes, &here);
	got = fixture_report((struct report_out){ .json = true }, comparison->changes, &comparison->summary);
	assert_string_equal(sent, got);
	free(STEAL(sent));
	free(STEAL(got));
	sent = fixture_report((struct report_out){ .json = false }, changes, &here);
	got = fixture_report((struct report_out){ .json = false }, comparison->changes, &comparison->summary);
	assert_string_equal(sent, got);
}

static void what_is_not_known_stays_so(void **state)
{
	const struct drift_sync sync = { .gap = "events were lost" };
	struct report_summary summary = { .a = { .kind = "baseline", .name = "x" },
					  .b = { .kind = "daemon", .name = "/" } };
	CLEANUP(texts_freep) struct texts *texts = NULL;
	struct report_summary got;
	struct drift_sync told;
	struct err err = ERR_INIT;
	json_t *line = summary_parts_make(&summary, &sync);

	(void)state;
	assert_int_equal(texts_new(&texts, &err), 0);
	assert_int_equal(summary_parts_read(line, texts, &got, &told, &err), 0);
	assert_null(got.root);
	assert_null(got.host);
	assert_false(got.authentic);
	assert_int_equal(got.last_full, 0);
	assert_int_equal(got.signer_count + got.note_count + got.unknown_signer_count, 0);
	assert_false(told.synced);
	assert_string_equal(told.gap, "events were lost");
	json_decref(line);
}

static void paths_of_any_bytes(void **state)
{
	static const char *const paths[] = { "/", "/etc/passwd", "/a b", "/\xff\n\\x", "/\xc3\xa4", "/\xe2\x80\xae" };
	static const char *const bad[] = { "{}",
					   "{\"path\":7}",
					   "{\"path\":\"\"}",
					   "{\"path\":\"x\"}",
					   "{\"path\":\"/x/\"}",
					   "{\"path\":\"/x/../y\"}",
					   "{\"path\":\"/\\\\x00\"}",
					   "{\"path\":\"/x\",\"path_b64\":7}",
					   "{\"path\":\"/x\",\"path_b64\":\"L3g\"}",
					   "{\"path\":\"/x\",\"path_b64\":\"L3g=\\n\"}",
					   "{\"path\":\"/x\",\"path_b64\":\"eA==\"}",
					   "{\"path\":\"/x\",\"path_b64\":\"LwA=\"}",
					   "{\"path\":\"/x\",\"path_b64\":\"*\"}" };
	CLEANUP(buf_done) struct buf space = BUF_INIT;
	struct err err = ERR_INIT;
	struct bytes got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		CLEANUP(wire_done) struct wire wire = { .count = 0 };

		put(&wire, path_wire_make(bytes_of(paths[i])));
		assert_int_equal(path_wire_read(wire.lines[0], &space, &got, &err), 0);
		assert_true(bytes_equal(got, bytes_of(paths[i])));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *line = json_loads(bad[i], 0, NULL);

		if (!line || path_wire_read(line, &space, &got, &err) != ERR_DATA)
			fail_msg("%s", bad[i]);
		json_decref(line);
	}
}

/* Each member of each line taken away, and replaced by something of every type: refused, or read without harm. */
static void every_member_gone_or_wrong(void **state)
{
	static const char *const others[] = { "null",      "true", "-1",   "1e300", "\"x\"",
					      "\"\\\\x\"", "[]",   "[[]]", "{}",    "9223372036854775807" };
	const struct drift_sync sync = { .synced = true };
	struct report_summary summary = fixture_summary();
	CLEANUP(wire_done) struct wire wire = { .count = 0 };

	(void)state;
	summary.root = NULL;
	tell(&wire, &summary, &sync);
	for (size_t at = 0; at < wire.count; at++) {
		json_t *whole = wire.lines[at];
		const char *key;
		json_t *value;

		json_object_foreach(whole, key, value)
		{
			for (size_t i = 0; i <= ARRAY_SIZE(others); i++) {
				CLEANUP(comparison_freep) struct comparison *comparison = NULL;
				struct err err = ERR_INIT;
				int r;

				wire.lines[at] = json_copy(whole);
				if (i == ARRAY_SIZE(others))
					(void)json_object_del(wire.lines[at], key);
				else
					(void)json_object_set_new(wire.lines[at], key,
								  json_loads(others[i], JSON_DECODE_ANY, NULL));
				r = take_all(&wire, &comparison, &err);
				if (r != 0 && r != ERR_DATA)
					fail_msg("%s: %s", key, err.message);
				if (r == 0)
					free(fixture_report((struct report_out){ .json = true }, comparison->changes,
							    &comparison->summary));
				json_decref(wire.lines[at]);
			}
		}
		wire.lines[at] = whole;
	}
}

/* A change whose parts do not fit its kind would be rendered from nothing. */
static void changes_that_cannot_be(void **state)
{
	struct spec spec = spec_file("/x"), other = spec_file("/y");
	struct made one, two;
	struct mount mount = fixture_mount, bad_mount = { bytes_of("srv"), bytes_of("ext4"), bytes_of("") };
	struct change rows[] = {
		{ .kind = CHANGE_ADDED, .before = &one.entry, .path = bytes_of("/x") },
		{ .kind = CHANGE_ADDED, .before = &one.entry, .after = &one.entry },
		{ .kind = CHANGE_REMOVED, .after = &one.entry },
		{ .kind = CHANGE_CHANGED, .after = &one.entry },
		{ .kind = CHANGE_CHANGED, .before = &one.entry, .after = &two.entry },
		{ .kind = CHANGE_MOVED, .before = &one.entry, .after = &two.entry },
		{ .kind = CHANGE_MOVED, .after = &two.entry },
		{ .kind = CHANGE_ADDED, .mount_after = &mount },
		{ .kind = CHANGE_CHANGED, .mount_after = &bad_mount },
		{ .kind = CHANGE_CHANGED, .mount_after = &mount, .after = &one.entry },
		{ .kind = CHANGE_CHANGED, .before = &one.entry, .after = &one.entry, .log = 8 },
	};
	CLEANUP(change_wire_done) struct change_wire space = { .bytes = BUF_INIT };

	(void)state;
	made_from(&one, &spec);
	made_from(&two, &other);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(wire_done) struct wire wire = { .count = 0 };
		struct err err = ERR_INIT;
		struct change change;

		rows[i].path = bytes_of("/x");
		rows[i].severity = SEVERITY_HIGH;
		put(&wire, change_wire_make(&rows[i]));
		if (change_wire_read(wire.lines[0], &space, &change, &err) != ERR_DATA)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_agree),        cmocka_unit_test(what_is_not_known_stays_so),
		cmocka_unit_test(paths_of_any_bytes),     cmocka_unit_test(every_member_gone_or_wrong),
		cmocka_unit_test(changes_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
