/*
 * test_daemon_apply.c - three states of a name, as recorded, as believed, as it is: what is kept, and which event it is.
 */
#include "diff_fixture.h"

#include "daemon/apply.h"
#include "diff/pending.h"

static int setup(void **state)
{
	*state = policy_of("version: 1\nrules:\n"
			   "  - {path: /, profile: static, severity: medium}\n"
			   "  - {path: /c, profile: config}\n"
			   "  - {path: /v, profile: volatile}\n"
			   "  - {path: /g, profile: growing-log}\n");
	return 0;
}

static int teardown(void **state)
{
	struct policy *policy = *state;

	policy_freep(&policy);
	return 0;
}

static struct spec with(struct spec spec, enum attr attr, unsigned char variant)
{
	spec.variant[attr] = variant;
	return spec;
}

static struct spec state(struct spec spec, enum attr attr, enum state state)
{
	spec.state[attr] = (unsigned char)state;
	return spec;
}

static struct spec file(const char *path)
{
	return spec_file(path);
}

static struct spec dir(const char *path)
{
	return spec_of(path, TYPE_DIR);
}

/* Other content, as writing it leaves it. */
static struct spec edited(const char *path, unsigned char variant)
{
	struct spec spec = with(file(path), ATTR_CONTENT, variant);

	spec = with(spec, ATTR_MTIME, variant);
	return with(spec, ATTR_CTIME, variant);
}

/* A name came or went in it. */
static struct spec touched(const char *path, unsigned char variant)
{
	return with(with(dir(path), ATTR_MTIME, variant), ATTR_CTIME, variant);
}

static struct spec program(const char *path)
{
	return with(with(file(path), ATTR_MODE, 4), ATTR_CTIME, 2);
}

/* Nothing could be asked about it. */
static struct spec unknown(const char *path)
{
	struct spec spec = file(path);

	memset(spec.state, FAILED, sizeof(spec.state));
	return spec;
}

/* As a process without the right to see trusted.* gives it. */
static struct spec poor(struct spec spec)
{
	return state(spec, ATTR_XATTRS, UNRECORDED);
}

/* A log of that many thousand bytes, of which as many as recorded were read. */
static struct spec log_of(unsigned char size, unsigned char beginning)
{
	struct spec spec = with(with(file("/g/log"), ATTR_SIZE, size), ATTR_CONTENT, beginning);

	spec.digest_bytes = size < 2 ? 1000 : 2000;
	spec = with(spec, ATTR_MTIME, (unsigned char)(size + 1));
	return with(spec, ATTR_CTIME, (unsigned char)(size + 1));
}

static struct spec absent(void)
{
	return (struct spec){ .digest_bytes = 0 };
}

/* As recorded: nothing is held of it. */
static struct spec as_row(void)
{
	return (struct spec){ .digest_bytes = 1 };
}

struct row {
	const char *name;
	struct spec row, believed, now;
	enum apply_store store;
	enum apply_event event;
	uint32_t attributes;
	bool children, strangers;
};

static const struct entry *make(struct made *made, const struct spec *spec)
{
	if (!spec->path[0])
		return NULL;
	made_from(made, spec);
	return &made->entry;
}

static void try(const struct policy *policy, const struct row *row)
{
	struct made record, believed, now;
	const struct diff_options options = { .policy = policy, .strangers = row->strangers };
	struct apply_in in = { .options = &options, .children = row->children };
	const struct spec *any = row->now.path[0] ? &row->now : row->row.path[0] ? &row->row : &row->believed;
	struct decision decision = { .in_scope = true };
	struct apply_out out;

	in.row = make(&record, &row->row);
	in.believed = row->believed.digest_bytes == 1 ? in.row : make(&believed, &row->believed);
	in.now = make(&now, &row->now);
	policy_decide(policy, bytes_of(any->path), any->variant[ATTR_TYPE] == TYPE_DIR, &decision);
	assert_true(decision.in_scope);
	in.decision = &decision;
	out = apply_judge(&in);
	if (out.store != row->store || out.event != row->event || out.attributes != row->attributes)
		fail_msg("%s: store %d, event %d, attributes %x", row->name, (int)out.store, (int)out.event,
			 out.attributes);
}

#define BITS_2(a, b)    (ATTR_BIT(a) | ATTR_BIT(b))
#define BITS_3(a, b, c) (ATTR_BIT(a) | ATTR_BIT(b) | ATTR_BIT(c))
#define TIMES           BITS_2(ATTR_MTIME, ATTR_CTIME)
#define EDITED          BITS_3(ATTR_CONTENT, ATTR_MTIME, ATTR_CTIME)

#define TRY(rows)                                                                                                      \
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)                                                                  \
	try(*opaque, &(rows)[i])

static void comes_and_goes(void **opaque)
{
	const struct row rows[] = {
		{ .name = "untouched", file("/f"), as_row(), file("/f"), APPLY_SAME, APPLY_NONE, 0 },
		{ .name = "never there", absent(), absent(), absent(), APPLY_REMOVE, APPLY_NONE, 0 },
		{ .name = "came", absent(), absent(), file("/f"), APPLY_PUT, APPLY_ADDED, 0 },
		{ .name = "came, still there", absent(), file("/f"), file("/f"), APPLY_SAME, APPLY_NONE, 0 },
		{ .name = "came, was changed",
		  absent(),
		  file("/f"),
		  edited("/f", 2),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  EDITED },
		{ .name = "came, went", absent(), file("/f"), absent(), APPLY_REMOVE, APPLY_RESTORED, 0 },
		{ .name = "went", file("/f"), as_row(), absent(), APPLY_PUT_ABSENT, APPLY_REMOVED, 0 },
		{ .name = "went, still gone", file("/f"), absent(), absent(), APPLY_SAME, APPLY_NONE, 0 },
		{ .name = "went, came as it was", file("/f"), absent(), file("/f"), APPLY_REMOVE, APPLY_RESTORED, 0 },
		{ .name = "went, came as another",
		  file("/f"),
		  absent(),
		  with(file("/f"), ATTR_INODE, 2),
		  APPLY_PUT,
		  APPLY_ADDED,
		  0 },
		{ .name = "changed, then went",
		  file("/f"),
		  edited("/f", 2),
		  absent(),
		  APPLY_PUT_ABSENT,
		  APPLY_REMOVED,
		  0 },
	};

	TRY(rows);
}

static void changes(void **opaque)
{
	const struct row rows[] = {
		{ .name = "changed", file("/f"), as_row(), edited("/f", 2), APPLY_PUT, APPLY_CHANGED, EDITED },
		{ .name = "changed, looked at again",
		  file("/f"),
		  edited("/f", 2),
		  edited("/f", 2),
		  APPLY_SAME,
		  APPLY_NONE,
		  0 },
		{ .name = "changed again",
		  file("/f"),
		  edited("/f", 2),
		  edited("/f", 3),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  EDITED },
		{ .name = "changed back",
		  file("/f"),
		  edited("/f", 2),
		  file("/f"),
		  APPLY_REMOVE,
		  APPLY_RESTORED,
		  EDITED },
		{ .name = "content changed back, times not",
		  file("/f"),
		  edited("/f", 2),
		  with(edited("/f", 3), ATTR_CONTENT, 1),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  EDITED },
		{ .name = "the profile does not mind",
		  file("/c/f"),
		  as_row(),
		  with(file("/c/f"), ATTR_MTIME, 2),
		  APPLY_PUT,
		  APPLY_NONE,
		  0 },
		{ .name = "it did mind",
		  file("/c/f"),
		  edited("/c/f", 2),
		  with(edited("/c/f", 3), ATTR_CONTENT, 1),
		  APPLY_PUT,
		  APPLY_RESTORED,
		  ATTR_BIT(ATTR_CONTENT) },
		{ .name = "the same in what it minds",
		  file("/c/f"),
		  edited("/c/f", 2),
		  with(edited("/c/f", 3), ATTR_CONTENT, 2),
		  APPLY_PUT,
		  APPLY_NONE,
		  0 },
		{ .name = "another type",
		  file("/f"),
		  as_row(),
		  with(dir("/f"), ATTR_INODE, 2),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  BITS_2(ATTR_TYPE, ATTR_INODE) },
	};

	TRY(rows);
}

static void expected_changes(void **opaque)
{
	const struct row rows[] = {
		{ .name = "may come", absent(), absent(), file("/v/f"), APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "may go again", absent(), file("/v/f"), absent(), APPLY_REMOVE, APPLY_NONE, 0 },
		{ .name = "may go", file("/v/f"), as_row(), absent(), APPLY_PUT_ABSENT, APPLY_NONE, 0 },
		{ .name = "a program may not come", absent(), absent(), program("/v/f"), APPLY_PUT, APPLY_ADDED, 0 },
		{ .name = "becomes a program",
		  absent(),
		  file("/v/f"),
		  program("/v/f"),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  ATTR_BIT(ATTR_MODE) },
		{ .name = "is a program no longer",
		  absent(),
		  program("/v/f"),
		  file("/v/f"),
		  APPLY_PUT,
		  APPLY_RESTORED,
		  ATTR_BIT(ATTR_MODE) },
		{ .name = "a log grows", log_of(2, 1), as_row(), log_of(3, 1), APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "and grows", log_of(2, 1), log_of(3, 1), log_of(4, 1), APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "is cut",
		  log_of(2, 1),
		  log_of(4, 1),
		  log_of(1, 1),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  ATTR_BIT(ATTR_SIZE) },
		{ .name = "and grows a little", log_of(4, 1), log_of(1, 1), log_of(2, 1), APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "and grows beyond", log_of(2, 1), log_of(1, 1), log_of(3, 1), APPLY_PUT, APPLY_RESTORED, 0 },
		{ .name = "is rewritten",
		  log_of(2, 1),
		  as_row(),
		  log_of(3, 2),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  ATTR_BIT(ATTR_CONTENT) },
		{ .name = "and grows", log_of(2, 1), log_of(3, 2), log_of(4, 2), APPLY_PUT, APPLY_NONE, 0 },
	};

	TRY(rows);
}

static void directories(void **opaque)
{
	const struct row rows[] = {
		{ .name = "a name came",
		  dir("/d"),
		  as_row(),
		  touched("/d", 2),
		  APPLY_PUT,
		  APPLY_NONE,
		  0,
		  .children = true },
		{ .name = "nothing is known of one",
		  dir("/d"),
		  as_row(),
		  touched("/d", 2),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  TIMES },
		{ .name = "another name came",
		  dir("/d"),
		  touched("/d", 2),
		  touched("/d", 3),
		  APPLY_PUT,
		  APPLY_NONE,
		  0,
		  .children = true },
		{ .name = "and the mode changed",
		  dir("/d"),
		  as_row(),
		  with(touched("/d", 2), ATTR_MODE, 3),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  ATTR_BIT(ATTR_MODE),
		  .children = true },
		{ .name = "the mode alone",
		  dir("/d"),
		  touched("/d", 2),
		  with(with(touched("/d", 2), ATTR_MODE, 3), ATTR_CTIME, 3),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  BITS_2(ATTR_MODE, ATTR_CTIME) },
		{ .name = "as recorded again",
		  dir("/d"),
		  touched("/d", 2),
		  dir("/d"),
		  APPLY_REMOVE,
		  APPLY_NONE,
		  TIMES,
		  .children = true },
		{ .name = "came", absent(), absent(), dir("/d"), APPLY_PUT, APPLY_ADDED, 0, .children = true },
		{ .name = "instead of a file",
		  file("/d"),
		  as_row(),
		  with(with(dir("/d"), ATTR_INODE, 2), ATTR_MTIME, 2),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  BITS_3(ATTR_TYPE, ATTR_INODE, ATTR_MTIME),
		  .children = true },
	};

	TRY(rows);
}

static void what_cannot_be_read(void **opaque)
{
	const struct spec unreadable = state(file("/f"), ATTR_CONTENT, FAILED);
	const struct row rows[] = {
		{ .name = "cannot be read", file("/f"), as_row(), unreadable, APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "still not", file("/f"), unreadable, unreadable, APPLY_SAME, APPLY_NONE, 0 },
		{ .name = "cannot be asked about", file("/f"), as_row(), unknown("/f"), APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "is not restored by that",
		  file("/f"),
		  edited("/f", 2),
		  unknown("/f"),
		  APPLY_PUT,
		  APPLY_NONE,
		  0 },
		{ .name = "is there, but what", absent(), absent(), unknown("/f"), APPLY_PUT, APPLY_ADDED, 0 },
		{ .name = "can be read again", file("/f"), unreadable, file("/f"), APPLY_REMOVE, APPLY_NONE, 0 },
		{ .name = "was changed meanwhile",
		  file("/f"),
		  unreadable,
		  with(file("/f"), ATTR_CONTENT, 2),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  ATTR_BIT(ATTR_CONTENT) },
		{ .name = "is gone", file("/f"), unknown("/f"), absent(), APPLY_PUT_ABSENT, APPLY_REMOVED, 0 },
		{ .name = "the record could not", unreadable, as_row(), file("/f"), APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "neither could", unreadable, as_row(), unreadable, APPLY_PUT, APPLY_NONE, 0 },
		{ .name = "less rights than the record",
		  file("/f"),
		  as_row(),
		  poor(file("/f")),
		  APPLY_SAME,
		  APPLY_NONE,
		  0 },
		{ .name = "and changed",
		  file("/f"),
		  as_row(),
		  poor(edited("/f", 2)),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  EDITED },
		{ .name = "and changed back",
		  file("/f"),
		  poor(edited("/f", 2)),
		  poor(file("/f")),
		  APPLY_REMOVE,
		  APPLY_RESTORED,
		  EDITED },
	};

	TRY(rows);
}

/* A baseline made of a folder: identity is not compared with the record, but it is with what was seen since. */
static void strangers(void **opaque)
{
	const struct spec here = with(with(file("/f"), ATTR_INODE, 3), ATTR_CTIME, 3);
	const struct row rows[] = {
		{ .name = "another inode", file("/f"), as_row(), here, APPLY_PUT, APPLY_NONE, 0, .strangers = true },
		{ .name = "seen before", file("/f"), here, here, APPLY_SAME, APPLY_NONE, 0, .strangers = true },
		{ .name = "changed",
		  file("/f"),
		  here,
		  with(with(here, ATTR_MODE, 3), ATTR_CTIME, 2),
		  APPLY_PUT,
		  APPLY_CHANGED,
		  BITS_2(ATTR_MODE, ATTR_CTIME),
		  .strangers = true },
	};

	TRY(rows);
}

static void flags(void **opaque)
{
	const struct diff_options options = { .policy = *opaque };
	struct made record, now;
	const struct spec specs[] = { log_of(2, 1), log_of(1, 1), file("/g/log") };
	struct decision decision;
	struct apply_in in = { .decision = &decision, .options = &options };
	struct apply_out out;

	policy_decide(*opaque, bytes_of("/g/log"), false, &decision);
	in.row = in.believed = make(&record, &specs[0]);
	in.now = make(&now, &specs[1]);
	out = apply_judge(&in);
	assert_int_equal(out.log, LOG_TRUNCATED);
	assert_true(out.moved_on);
	assert_false(out.failed);
	in.now = in.row;
	assert_false(apply_judge(&in).moved_on);
	in.now = NULL;
	assert_true(apply_judge(&in).moved_on);
	now.entry.failed = ATTR_BIT(ATTR_TYPE);
	now.entry.value = 0;
	in.now = &now.entry;
	assert_true(apply_judge(&in).failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(changes),
		cmocka_unit_test(expected_changes),
		cmocka_unit_test(directories),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(strangers),
		cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
