/* test_diff_attr.c - every attribute in every pair of states under every profile; logs, programs, strangers, quick. */
#include "diff_fixture.h"

static const char rules[] = "version: 1\n"
			    "rules:\n"
			    "  - {path: /static, profile: static, severity: high}\n"
			    "  - {path: /config, profile: config}\n"
			    "  - {path: /owner, profile: owner, severity: low}\n"
			    "  - {path: /log, profile: growing-log, severity: low}\n"
			    "  - {path: /rotated, profile: rotated-log, severity: info}\n"
			    "  - {path: /volatile, profile: volatile, severity: info}\n"
			    "  - {path: /none, profile: none}\n"
			    "  - {path: /critical, profile: static, severity: critical}\n"
			    "  - {path: /critical/out, exclude: true}\n";

#define BIT(name) ATTR_BIT(ATTR_##name)
#define CONFIG    (ATTR_ALL & ~(BIT(MTIME) | BIT(CTIME) | BIT(BTIME) | BIT(INODE) | BIT(LINKS)))
#define OWNER     (BIT(TYPE) | BIT(MODE) | BIT(OWNER) | BIT(GROUP) | BIT(ACL) | BIT(CAPS) | BIT(FLAGS))

/* What each profile compares of a file that is no program. */
static const struct {
	const char *path, *severity;
	uint32_t compared;
} profiles[] = {
	{ "/static/f", "high", ATTR_ALL },
	{ "/config/f", "medium", CONFIG },
	{ "/owner/f", "low", OWNER },
	{ "/log/f", "low", OWNER | BIT(INODE) | BIT(CONTENT) | BIT(XATTRS) | BIT(SELINUX) }, /* size: growth */
	{ "/rotated/f", "info", BIT(TYPE) | BIT(MODE) | BIT(OWNER) | BIT(GROUP) },
	{ "/volatile/f", "info", BIT(TYPE) },
	{ "/none/f", "medium", 0 },
};

static int setup(void **state)
{
	*state = policy_of(rules);
	return 0;
}

static int teardown(void **state)
{
	policy_freep((struct policy **)state);
	return 0;
}

/* One attribute, one pair of states. OTHER: the second value differs. */
static void check_pair(const struct policy *policy, size_t profile, enum attr attr, enum state a_state,
		       enum state b_state, bool other)
{
	const struct diff_options options = { .policy = policy };
	struct spec a = spec_file(profiles[profile].path), b = a;
	bool compared = profiles[profile].compared & ATTR_BIT(attr);
	bool differs = (a_state == VALUE && b_state == VALUE && other) || (a_state == VALUE && b_state == NONE) ||
		       (a_state == NONE && b_state == VALUE);
	bool looked_once = (a_state == UNRECORDED || b_state == UNRECORDED) && a_state != b_state &&
			   a_state != FAILED && b_state != FAILED;
	bool failed = a_state == FAILED || b_state == FAILED;
	CLEANUP(buf_done) struct buf expected = BUF_INIT;
	CLEANUP(freep) char *lines = NULL;
	struct diff_counts counts;
	char log[16] = "";

	a.digest_bytes = b.digest_bytes = 1000;
	a.state[attr] = (unsigned char)a_state;
	b.state[attr] = (unsigned char)b_state;
	b.variant[attr] = other ? 2 : 1;
	if (profile == 3 && attr == ATTR_INODE && differs)
		(void)snprintf(log, sizeof(log), " replaced");
	if (profile == 3 && attr == ATTR_CONTENT && a_state == b_state)
		(void)snprintf(log, sizeof(log), " rewritten");
	if (profile == 3 && attr == ATTR_SIZE && (a_state != VALUE || b_state != VALUE))
		compared = true; /* what is no growth */
	if (compared && failed)
		(void)buf_printf(&expected, "unexamined %c %s\n", b_state == FAILED ? 'b' : 'a', a.path);
	if (compared && differs)
		(void)buf_printf(&expected, "changed %s %s %s%s\n", a.path, attr_name(attr), profiles[profile].severity,
				 log);
	lines = run_lines(&options, &a, 1, &b, 1, &counts);
	if (strcmp(lines, buf_str(&expected)) != 0)
		fail_msg("%s %s %d/%d: got '%s', expected '%s'", a.path, attr_name(attr), a_state, b_state, lines,
			 buf_str(&expected));
	assert_int_equal(counts.incomparable[attr], compared && looked_once);
	assert_int_equal(counts.examined, 1);
	assert_int_equal(counts.changed, compared && differs);
	assert_int_equal(counts.unexamined, compared && failed);
}

static void each_attribute_in_each_state(void **state)
{
	for (size_t profile = 0; profile < ARRAY_SIZE(profiles); profile++) {
		for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
			/* the type decides what the others mean: it has tests of its own */
			if (attr == ATTR_TYPE)
				continue;
			for (unsigned pair = 0; pair < STATES * STATES; pair++)
				check_pair(*state, profile, (enum attr)attr, (enum state)(pair / STATES),
					   (enum state)(pair % STATES), false);
			check_pair(*state, profile, (enum attr)attr, VALUE, VALUE, true);
		}
	}
}

static void added_and_removed(void **state)
{
	static const struct {
		const char *path;
		bool program;
		const char *added, *removed;
	} rows[] = {
		{ "/static/f", false, "added /static/f high\n", "removed /static/f high\n" },
		{ "/config/f", false, "added /config/f medium\n", "removed /config/f medium\n" },
		{ "/log/f", false, "added /log/f low\n", "removed /log/f low\n" },
		{ "/rotated/f", false, "", "" },
		{ "/rotated/f", true, "added /rotated/f info\n", "removed /rotated/f info\n" },
		{ "/volatile/f", false, "", "" },
		{ "/volatile/f", true, "added /volatile/f info\n", "removed /volatile/f info\n" },
		{ "/none/f", true, "", "" },
		{ "/critical/out/f", true, "", "" },
		{ "/elsewhere", true, "", "" },
	};
	const struct diff_options options = { .policy = *state };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec spec = spec_file(rows[i].path);
		CLEANUP(freep) char *added = NULL;
		CLEANUP(freep) char *removed = NULL;

		spec.head = rows[i].program ? HEAD_ELF : HEAD_PLAIN;
		added = run_lines(&options, NULL, 0, &spec, 1, NULL);
		removed = run_lines(&options, &spec, 1, NULL, 0, NULL);
		assert_string_equal(added, rows[i].added);
		assert_string_equal(removed, rows[i].removed);
	}
}

static void out_of_scope_is_counted(void **state)
{
	const struct diff_options options = { .policy = *state };
	struct spec spec = spec_file("/elsewhere");
	struct diff_counts counts;
	CLEANUP(freep) char *lines = run_lines(&options, NULL, 0, &spec, 1, &counts);

	assert_string_equal(lines, "");
	assert_int_equal(counts.not_in_baseline, 1);
	assert_int_equal(counts.examined, 0);
}

static void another_type_is_one_change(void **state)
{
	const struct diff_options options = { .policy = *state };
	struct spec a = spec_file("/static/f"), b = spec_of("/static/f", TYPE_SYMLINK);
	CLEANUP(freep) char *lines = NULL;

	b.variant[ATTR_MODE] = 2;
	b.variant[ATTR_INODE] = 2;
	lines = run_lines(&options, &a, 1, &b, 1, NULL);
	assert_string_equal(lines, "changed /static/f type,mode,inode high\n");
}

/* a log: size and digested bytes of both sides, other attributes that differ */
static void logs(void **state)
{
	static const struct {
		unsigned char a_size, b_size, content, inode;
		uint64_t b_digest_bytes; /* 0: all */
		const char *expected;
		unsigned incomparable;
	} rows[] = {
		{ 2, 2, 1, 1, 0, "", 0 },
		{ 2, 3, 1, 1, 2000, "", 0 }, /* growth */
		{ 2, 1, 9, 1, 0, "changed /log/f size low truncated\n", 0 },
		{ 2, 3, 9, 1, 2000, "changed /log/f content low rewritten\n", 0 },
		{ 2, 2, 9, 1, 0, "changed /log/f content low rewritten\n", 0 },
		{ 2, 3, 1, 2, 2000, "changed /log/f inode low replaced\n", 0 },
		{ 2, 1, 9, 2, 0, "changed /log/f size,inode low truncated replaced\n", 0 },
		{ 2, 3, 9, 2, 2000, "changed /log/f content,inode low replaced rewritten\n", 0 },
		{ 2, 3, 9, 1, 0, "", 1 }, /* digests of different lengths tell nothing */
	};
	const struct diff_options options = { .policy = *state };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec a = spec_file("/log/f"), b = a;
		struct diff_counts counts;
		CLEANUP(freep) char *lines = NULL;

		a.variant[ATTR_SIZE] = rows[i].a_size;
		b.variant[ATTR_SIZE] = rows[i].b_size;
		b.variant[ATTR_CONTENT] = rows[i].content;
		b.variant[ATTR_INODE] = rows[i].inode;
		b.variant[ATTR_MTIME] = b.variant[ATTR_CTIME] = 2;
		b.digest_bytes = rows[i].b_digest_bytes;
		lines = run_lines(&options, &a, 1, &b, 1, &counts);
		assert_string_equal(lines, rows[i].expected);
		assert_int_equal(counts.incomparable[ATTR_CONTENT], rows[i].incomparable);
	}
}

/* A folder of logs grows with their number. */
static void log_directory_may_grow(void **state)
{
	const struct diff_options options = { .policy = *state };
	struct spec a = spec_of("/log/d", TYPE_DIR), b = a;
	CLEANUP(freep) char *lines = NULL;

	b.variant[ATTR_SIZE] = b.variant[ATTR_MTIME] = 3;
	a.variant[ATTR_SIZE] = 5;
	lines = run_lines(&options, &a, 1, &b, 1, NULL);
	assert_string_equal(lines, "");
}

/* No place to hide in: what is or becomes a program is compared like configuration. */
static void programs_where_change_is_expected(void **state)
{
	static const struct {
		const char *path;
		uint8_t a_head, b_head;
		unsigned char mode, content;
		bool recorded;
		const char *expected;
	} rows[] = {
		{ "/volatile/f", HEAD_PLAIN, HEAD_PLAIN, 1, 2, true, "" },
		{ "/volatile/f", HEAD_ELF, HEAD_ELF, 1, 2, true, "changed /volatile/f content info\n" },
		{ "/volatile/f", HEAD_PLAIN, HEAD_ELF, 1, 1, false, "changed /volatile/f content info\n" },
		{ "/volatile/f", HEAD_PLAIN, HEAD_PLAIN, 5, 1, true, "changed /volatile/f mode info\n" },
		{ "/log/f", HEAD_ELF, HEAD_ELF, 1, 2, true, "changed /log/f content low\n" },
		{ "/log/f", HEAD_PLAIN, HEAD_ELF, 1, 1, true, "changed /log/f content low\n" },
		{ "/rotated/f", HEAD_ELF, HEAD_PLAIN, 1, 2, true, "changed /rotated/f content info\n" },
	};
	const struct diff_options options = { .policy = *state };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec a = spec_file(rows[i].path), b = a;
		CLEANUP(freep) char *lines = NULL;

		a.head = rows[i].a_head;
		b.head = rows[i].b_head;
		b.variant[ATTR_MODE] = rows[i].mode;
		b.variant[ATTR_CONTENT] = rows[i].content;
		if (!rows[i].recorded)
			a.state[ATTR_CONTENT] = UNRECORDED;
		lines = run_lines(&options, &a, 1, &b, 1, NULL);
		assert_string_equal(lines, rows[i].expected);
	}
}

static void strangers_have_no_identity(void **state)
{
	struct diff_options options = { .policy = *state, .strangers = true };
	struct spec a[] = { spec_of("/static/d", TYPE_DIR), spec_file("/static/f") };
	struct spec b[] = { a[0], a[1] };
	static const enum attr identity[] = { ATTR_CTIME, ATTR_BTIME, ATTR_INODE };
	CLEANUP(freep) char *strangers = NULL;
	CLEANUP(freep) char *kin = NULL;

	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(identity); j++)
			b[i].variant[identity[j]] = 2;
		b[i].variant[ATTR_LINKS] = 2;
	}
	b[0].variant[ATTR_SIZE] = 2;
	strangers = run_lines(&options, a, 2, b, 2, NULL);
	assert_string_equal(strangers, "changed /static/f links high\n");
	options.strangers = false;
	kin = run_lines(&options, a, 2, b, 2, NULL);
	assert_string_equal(kin, "changed /static/d size,ctime,btime,inode,links high\n"
				 "changed /static/f ctime,btime,inode,links high\n");
}

static void quick_expects_content_unread(void **state)
{
	struct diff_options options = { .policy = *state, .quick = true };
	struct spec a = spec_file("/static/f"), b = a;
	CLEANUP(freep) char *quick = NULL;
	CLEANUP(freep) char *full = NULL;
	struct diff_counts counts;

	b.state[ATTR_CONTENT] = UNRECORDED;
	b.variant[ATTR_OWNER] = 2;
	quick = run_lines(&options, &a, 1, &b, 1, &counts);
	assert_string_equal(quick, "changed /static/f owner high\n");
	assert_int_equal(counts.incomparable[ATTR_CONTENT], 0);
	options.quick = false;
	full = run_lines(&options, &a, 1, &b, 1, &counts);
	assert_string_equal(full, quick);
	assert_int_equal(counts.incomparable[ATTR_CONTENT], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_attribute_in_each_state),
		cmocka_unit_test(added_and_removed),
		cmocka_unit_test(out_of_scope_is_counted),
		cmocka_unit_test(another_type_is_one_change),
		cmocka_unit_test(logs),
		cmocka_unit_test(log_directory_may_grow),
		cmocka_unit_test(programs_where_change_is_expected),
		cmocka_unit_test(strangers_have_no_identity),
		cmocka_unit_test(quick_expects_content_unread),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
