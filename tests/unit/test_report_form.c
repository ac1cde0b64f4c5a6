/* test_report_form.c - base64, ACLs and capabilities as text; and that nothing hostile gets out of any report. */
#include "report_fixture.h"

#include "base/quote.h"
#include "report/acl_text.h"
#include "report/base64.h"
#include "report/caps_text.h"
#include "report/form.h"

static void base64(void **state)
{
	static const char *const rows[][2] = { { "", "" },        { "f", "Zg==" },        { "fo", "Zm8=" },
					       { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "foobar", "Zm9vYmFy" } };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) { /* RFC 4648 section 10 */
		buf_clear(&out);
		assert_int_equal(base64_add(&out, bytes_of(rows[i][0])), 0);
		assert_string_equal(buf_str(&out), rows[i][1]);
	}
}

#define RAW(literal)                                                                                                   \
	{                                                                                                              \
		(const unsigned char *)(literal), sizeof(literal) - 1                                                  \
	}

static void acls(void **state)
{
	static const struct {
		struct bytes value;
		const char *text; /* NULL: refused */
	} rows[] = {
		{ RAW(ACL_1), "user::rw-,user:1000:r--,group::r--,mask::r--,other::r--" },
		{ RAW("\2\0\0\0\10\0\7\0\377\377\377\377"), "group:4294967295:rwx" },
		{ RAW(""), NULL },
		{ RAW("\2\0\0\0"), NULL },
		{ RAW("\1\0\0\0\1\0\7\0\377\377\377\377"), NULL }, /* version */
		{ RAW("\2\0\0\0\3\0\7\0\377\377\377\377"), NULL }, /* tag */
		{ RAW("\2\0\0\0\1\0\10\0\377\377\377\377"), NULL }, /* permissions */
		{ RAW("\2\0\0\0\1\0\7\0\1\0\0\0"), NULL }, /* an id where none belongs */
		{ RAW("\2\0\0\0\1\0\7\0\377\377\377\377\1"), NULL }, /* length */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT;
		bool good = acl_text_add(&out, rows[i].value, "");

		assert_int_equal(good, rows[i].text != NULL);
		assert_string_equal(buf_str(&out), rows[i].text ? rows[i].text : "");
	}
}

static void capabilities(void **state)
{
	static const struct {
		struct bytes value;
		const char *text;
	} rows[] = {
		{ RAW(CAPS_1), "cap_net_raw=ep" },
		{ RAW("\0\0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "cap_chown=p" },
		{ RAW("\1\0\0\2\7\0\0\0\2\0\0\0\0\1\0\0\0\0\0\0"),
		  "cap_chown,cap_dac_read_search,cap_checkpoint_restore=ep cap_dac_override=eip" },
		{ RAW("\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\200\0\0\0\200"), "cap_63=ip" },
		{ RAW("\0\0\0\2\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0"), "cap_chown=i" },
		{ RAW("\1\0\0\3\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\350\3\0\0"), "cap_net_raw=ep [rootid=1000]" },
		{ RAW("\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "=" },
		{ RAW("\1\0\0\1\0\40\0\0\0\0\0\0"), "cap_net_raw=ep" },
		{ RAW(""), NULL },
		{ RAW("\1\0\0\4\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL },
		{ RAW("\2\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL },
		{ RAW("\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL },
		{ RAW("\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT;
		bool good = caps_text_add(&out, rows[i].value);

		assert_int_equal(good, rows[i].text != NULL);
		assert_string_equal(buf_str(&out), rows[i].text ? rows[i].text : "");
	}
}

/* --- hostile bytes everywhere --- */
struct hostile {
	uint64_t seed;
	char texts[12][64]; /* C strings */
};

static unsigned next_random(struct hostile *hostile)
{
	/* xorshift64, Marsaglia 2003 */
	hostile->seed ^= hostile->seed << 13;
	hostile->seed ^= hostile->seed >> 7;
	hostile->seed ^= hostile->seed << 17;
	return (unsigned)(hostile->seed >> 32);
}

static const char *const nasty[] = { "\033[2J", "\n",   "\r",       "\x07", "\xc2\x9b",    "\xe2\x80\xae",
				     "\xff",    "\\",   "\\x1b",    "a",    "|\"'",        "\xed\xa0\x80",
				     "\x7f",    "\xc0", "\xe2\x80", "\t",   "\xe2\x81\xa6" };

/* Anything but NUL; FIRST stands in front. */
static const char *hostile_text(struct hostile *hostile, size_t index, const char *first)
{
	char *text = hostile->texts[index];

	(void)snprintf(text, sizeof(hostile->texts[0]), "%s", first);
	for (size_t parts = 1 + next_random(hostile) % 6; parts > 0; parts--) {
		size_t len = strlen(text);

		(void)snprintf(text + len, sizeof(hostile->texts[0]) - len, "%s",
			       nasty[next_random(hostile) % ARRAY_SIZE(nasty)]);
	}
	return text;
}

static struct changes *hostile_changes(struct hostile *hostile, struct report_summary *summary)
{
	struct spec spec = spec_file("");
	struct mount mount = { bytes_of(hostile_text(hostile, 5, "/")), bytes_of(hostile_text(hostile, 6, "")),
			       bytes_of(hostile_text(hostile, 7, "uuid:")) };
	struct unexamined unexamined = { 'b', bytes_of(hostile_text(hostile, 0, "/")),
					 bytes_of(hostile_text(hostile, 8, "")) };
	struct xattr xattr = { bytes_of(hostile_text(hostile, 1, "user.")), bytes_of(hostile_text(hostile, 2, "")) };
	struct changes *changes = NULL;
	struct made before, after;
	struct change change = { .kind = CHANGE_CHANGED, .attributes = ATTR_ALL, .severity = SEVERITY_HIGH };
	struct err err = ERR_INIT;
	struct diff_sink sink;

	(void)snprintf(spec.path, sizeof(spec.path), "%s", hostile_text(hostile, 0, "/"));
	for (char *at = spec.path + 1; *at; at++)
		*at = *at == '/' ? '_' : *at;
	spec.state[ATTR_TARGET] = spec.state[ATTR_SELINUX] = VALUE;
	made_from(&before, &spec);
	before.entry.user = bytes_of(hostile_text(hostile, 3, ""));
	before.entry.target = bytes_of(hostile_text(hostile, 4, ""));
	before.xattrs[0].value = xattr.value;
	made_from(&after, &spec);
	after.entry.none &= ~ATTR_BIT(ATTR_XATTRS);
	after.entry.value &= ~ATTR_BIT(ATTR_SELINUX);
	after.entry.value |= ATTR_BIT(ATTR_XATTRS);
	after.entry.xattrs = &xattr;
	change.before = &before.entry;
	change.after = &after.entry;
	change.path = after.entry.path;
	change.rule = hostile_text(hostile, 9, "policy.d/");
	assert_int_equal(changes_new(NULL, &changes, &err), 0);
	sink = changes_sink(changes);
	assert_int_equal(sink.change(sink.context, &change, &err), 0);
	change = (struct change){ .kind = CHANGE_CHANGED, .mount_after = &mount, .path = mount.path };
	assert_int_equal(sink.change(sink.context, &change, &err), 0);
	assert_int_equal(sink.unexamined(sink.context, &unexamined, &err), 0);
	summary->counts = (struct diff_counts){ .changed = 2, .unexamined = 1 };
	assert_int_equal(changes_finish(changes, &summary->counts, &summary->moves_limited, &err), 0);
	return changes;
}

/* Valid UTF-8, no control character but the newline; the lines are as many as they would be with harmless names. */
static void check_harmless(char *text, size_t lines)
{
	size_t found = 0;

	for (char *at = text; *at; at++) {
		found += *at == '\n';
		/* backslashes are ours: escapes, and JSON's */
		if (*at == '\\' || *at == '\n')
			*at = '_';
	}
	if (found != lines)
		fail_msg("%zu lines, not %zu: %s", found, lines, text);
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			fail_msg("a control character got out");
	}
	{
		CLEANUP(buf_done) struct buf again = BUF_INIT;
		bool escaped = false;

		assert_int_equal(quote_add(&again, text, strlen(text), &escaped), 0);
		if (escaped)
			fail_msg("not harmless: %s", buf_str(&again));
	}
}

static void nothing_hostile_gets_out(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct hostile hostile = { .seed = seed * 0x9e3779b97f4a7c15u };
		struct report_signer signer = { hostile_text(&hostile, 10, "/"), "blake2b256:\033", "id\n", false };
		const char *notes[] = { hostile_text(&hostile, 11, "") };
		struct report_summary summary = fixture_summary();
		CLEANUP(changes_freep) struct changes *changes = hostile_changes(&hostile, &summary);
		CLEANUP(freep) char *text = NULL;
		CLEANUP(freep) char *json = NULL;

		summary.signers = &signer;
		summary.notes = summary.unknown_signers = notes;
		summary.note_count = summary.unknown_signer_count = 1;
		summary.host = summary.hint = summary.a.name = summary.b.name = notes[0];
		text = fixture_report((struct report_out){ .file = NULL }, changes, &summary);
		check_harmless(text, 5 + 2 + 20 + 4 + 3 + 2); /* head, severity, change, mount, unexamined, hint */
		json = fixture_report((struct report_out){ .json = true }, changes, &summary);
		check_harmless(json, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64),
		cmocka_unit_test(acls),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(nothing_hostile_gets_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
