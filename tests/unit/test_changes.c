/* test_changes.c - changes collected: order, reading again, moves, counts, with and without temporary files. */
#include "diff_fixture.h"

#include "diff/change_record.h"

static struct policy *everything(void)
{
	return policy_of("version: 1\nrules:\n"
			 "  - {path: /, profile: static}\n"
			 "  - {path: /high, severity: high}\n"
			 "  - {path: /low, severity: low}\n");
}

static struct spec file(const char *path, unsigned char content, unsigned char size)
{
	struct spec spec = spec_file(path);

	spec.variant[ATTR_CONTENT] = content;
	spec.variant[ATTR_SIZE] = size;
	return spec;
}

/* Everything that comes out, as lines. */
static char *read_lines(struct changes *changes)
{
	struct recorder recorder = { BUF_INIT };
	struct err err = ERR_INIT;
	struct unexamined unexamined;
	struct change change;
	int r;

	assert_int_equal(changes_rewind(changes, &err), 0);
	while ((r = changes_next(changes, &change, &err)) > 0)
		assert_int_equal(recorder_change(&recorder, &change, &err), 0);
	assert_int_equal(r, 0);
	while ((r = unexamined_next(changes, &unexamined, &err)) > 0)
		assert_int_equal(recorder_unexamined(&recorder, &unexamined, &err), 0);
	assert_int_equal(r, 0);
	(void)buf_add_str(&recorder.text, "");
	return buf_steal_str(&recorder.text);
}

static struct changes *collect(const struct spec *a, size_t a_count, const struct spec *b, size_t b_count,
			       struct diff_counts *ret_counts, bool *ret_limited)
{
	CLEANUP(policy_freep) struct policy *policy = everything();
	const struct diff_options options = { .policy = policy };
	struct changes *changes = NULL;
	struct diff_sink sink;
	struct err err = ERR_INIT;

	assert_int_equal(changes_new(NULL, &changes, &err), 0);
	sink = changes_sink(changes);
	*ret_counts = run_into(&options, a, a_count, b, b_count, &sink);
	assert_int_equal(changes_finish(changes, ret_counts, ret_limited, &err), 0);
	return changes;
}

static void expect(const struct spec *a, size_t a_count, const struct spec *b, size_t b_count, const char *expected,
		   uint64_t moved)
{
	CLEANUP(changes_freep) struct changes *changes = NULL;
	CLEANUP(freep) char *once = NULL;
	CLEANUP(freep) char *twice = NULL;
	struct diff_counts counts;
	uint64_t total = 0, lines = 0;
	bool limited;

	changes = collect(a, a_count, b, b_count, &counts, &limited);
	once = read_lines(changes);
	twice = read_lines(changes);
	assert_string_equal(once, expected);
	assert_string_equal(twice, expected);
	assert_false(limited);
	assert_int_equal(counts.moved, moved);
	for (unsigned i = 0; i < SEVERITY_COUNT; i++)
		total += changes_count(changes, (enum severity)i);
	for (const char *at = once; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(total, counts.added + counts.removed + counts.changed + counts.moved);
	assert_int_equal(lines, total + counts.unexamined);
}
#define EXPECT(a, b, expected, moved) expect(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b), expected, moved)

static void in_path_order(void **state)
{
	struct spec a[] = { spec_of("/d", TYPE_DIR), spec_file("/d/f"), spec_file("/e") };
	struct spec b[] = { a[0], a[1], a[2] };

	(void)state;
	b[0].variant[ATTR_MTIME] = 2;
	b[1].variant[ATTR_MTIME] = 2;
	a[2].state[ATTR_CONTENT] = FAILED;
	EXPECT(a, b, "changed /d mtime medium\nchanged /d/f mtime medium\nunexamined a /e\n", 0);
}

static void moved_by_content(void **state)
{
	const struct spec a[] = { file("/high/a", 1, 1), file("/x", 2, 1) };
	struct spec b[] = { file("/a", 2, 1), file("/low/b", 1, 1) };

	(void)state;
	b[1].variant[ATTR_MODE] = 2;
	b[1].variant[ATTR_CTIME] = 2;
	/* the higher severity of the two */
	EXPECT(a, b, "moved /x -> /a medium\nmoved /high/a -> /low/b mode high\n", 2);
}

static void not_moved(void **state)
{
	const struct spec one[] = { file("/a", 1, 1) };
	const struct spec two[] = { file("/b", 1, 1), file("/c", 1, 1) };
	const struct spec longer[] = { file("/b", 1, 2) };
	const struct spec link[] = { spec_of("/b", TYPE_SYMLINK) };
	struct spec empty_a[] = { file("/a", 1, 0) }, empty_b[] = { file("/b", 1, 0) };
	struct spec prefix[] = { file("/b", 1, 1) };

	(void)state;
	prefix[0].digest_bytes = 10;
	EXPECT(one, two, "removed /a medium\nadded /b medium\nadded /c medium\n", 0);
	EXPECT(two, one, "added /a medium\nremoved /b medium\nremoved /c medium\n", 0);
	EXPECT(one, longer, "removed /a medium\nadded /b medium\n", 0);
	EXPECT(one, link, "removed /a medium\nadded /b medium\n", 0);
	EXPECT(one, prefix, "removed /a medium\nadded /b medium\n", 0);
	EXPECT(empty_a, empty_b, "removed /a medium\nadded /b medium\n", 0);
}

/* What one change is made of survives the spill. */
static void a_change_as_bytes(void **state)
{
	static const struct mount before = { { (const unsigned char *)"/m", 2 },
					     { (const unsigned char *)"ext4", 4 },
					     { (const unsigned char *)"uuid:1", 6 } };
	struct spec spec = spec_file("/f");
	struct made made;
	struct change change = { .kind = CHANGE_REMOVED, .severity = SEVERITY_LOW, .rule = "policy.yaml:3" };
	const struct change mount = { .kind = CHANGE_CHANGED, .mount_before = &before, .severity = SEVERITY_CRITICAL };
	CLEANUP(change_space_done) struct change_space space = { .before_xattrs = BUF_INIT };
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	struct change back;
	struct err err = ERR_INIT;

	(void)state;
	spec.state[ATTR_XATTRS] = spec.state[ATTR_CAPS] = VALUE;
	made_from(&made, &spec);
	change.before = &made.entry;
	assert_int_equal(change_encode(&change, &bytes), 0);
	assert_int_equal(change_decode(bytes.data, bytes.len, &space, &back, &err), 0);
	assert_int_equal(back.kind, CHANGE_REMOVED);
	assert_string_equal(back.rule, "policy.yaml:3");
	assert_true(bytes_equal(back.path, bytes_of("/f")));
	assert_null(back.after);
	assert_int_equal(entry_differs(back.before, &made.entry) | entry_incomparable(back.before, &made.entry), 0);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(change_decode(bytes.data, len, &space, &back, &err), ERR_DATA);
	assert_int_equal(buf_add_byte(&bytes, 0), 0);
	assert_int_equal(change_decode(bytes.data, bytes.len, &space, &back, &err), ERR_DATA);
	buf_clear(&bytes);
	assert_int_equal(change_encode(&mount, &bytes), 0);
	assert_int_equal(change_decode(bytes.data, bytes.len, &space, &back, &err), 0);
	assert_true(bytes_equal(back.mount_before->id, bytes_of("uuid:1")));
	assert_null(back.mount_after);
}

/* As many removed and added files: content I goes from /a/I to /b/(COUNT-1-I). */
static void feed_moves(struct changes *changes, unsigned count, struct diff_counts *counts, int *ret_r, struct err *err)
{
	struct diff_sink sink = changes_sink(changes);

	*ret_r = 0;
	for (unsigned i = 0; i < 2 * count && *ret_r == 0; i++) {
		bool removed = i < count;
		unsigned content = removed ? i : 2 * count - 1 - i;
		struct spec spec = spec_file("");
		struct made made;
		struct change change = { .kind = removed ? CHANGE_REMOVED : CHANGE_ADDED };

		(void)snprintf(spec.path, sizeof(spec.path), "/%c/%08u", removed ? 'a' : 'b', removed ? i : i - count);
		made_from(&made, &spec);
		memcpy(made.entry.digest, &content, sizeof(content));
		change.before = removed ? &made.entry : NULL;
		change.after = removed ? NULL : &made.entry;
		change.path = made.entry.path;
		counts->removed += removed;
		counts->added += !removed;
		*ret_r = sink.change(sink.context, &change, err);
	}
}

static void many_moves_through_files(void **state)
{
	enum { COUNT = 60000 };
	CLEANUP(changes_freep) struct changes *changes = NULL;
	struct diff_counts counts = { .examined = 0 };
	struct err err = ERR_INIT;
	struct change change;
	bool limited;
	unsigned seen = 0;
	int r;

	(void)state;
	assert_int_equal(changes_new(NULL, &changes, &err), 0);
	feed_moves(changes, COUNT, &counts, &r, &err);
	assert_int_equal(r, 0);
	assert_int_equal(changes_finish(changes, &counts, &limited, &err), 0);
	assert_false(limited);
	assert_int_equal(counts.moved, COUNT);
	assert_int_equal(counts.added + counts.removed, 0);
	while ((r = changes_next(changes, &change, &err)) > 0) {
		char from[32], to[32];

		(void)snprintf(from, sizeof(from), "/a/%08u", COUNT - 1 - seen);
		(void)snprintf(to, sizeof(to), "/b/%08u", seen++);
		assert_int_equal(change.kind, CHANGE_MOVED);
		assert_true(bytes_equal(change.before->path, bytes_of(from)));
		assert_true(bytes_equal(change.path, bytes_of(to)));
	}
	assert_int_equal(r, 0);
	assert_int_equal(seen, COUNT);
}

/* No place for temporary files: first moves are given up, then it is an error that says what to do. */
static void without_a_place_for_files(void **state)
{
	CLEANUP(changes_freep) struct changes *some = NULL;
	CLEANUP(changes_freep) struct changes *many = NULL;
	struct diff_counts counts = { .examined = 0 };
	struct err err = ERR_INIT;
	struct change change;
	bool limited = false;
	unsigned seen = 0;
	int r;

	(void)state;
	assert_int_equal(changes_new("/nonexistent/place", &some, &err), 0);
	feed_moves(some, 10000, &counts, &r, &err);
	assert_int_equal(r, 0);
	assert_int_equal(changes_finish(some, &counts, &limited, &err), 0);
	assert_true(limited);
	assert_int_equal(counts.moved, 0);
	while ((r = changes_next(some, &change, &err)) > 0)
		seen++;
	assert_int_equal(r, 0);
	assert_int_equal(seen, 20000);

	assert_int_equal(changes_new("/nonexistent/place", &many, &err), 0);
	feed_moves(many, 100000, &counts, &r, &err);
	assert_int_equal(r, ERR_CANTCREATE);
	assert_non_null(strstr(err.message, "--tmp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_path_order),
		cmocka_unit_test(moved_by_content),
		cmocka_unit_test(not_moved),
		cmocka_unit_test(a_change_as_bytes),
		cmocka_unit_test(many_moves_through_files),
		cmocka_unit_test(without_a_place_for_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
