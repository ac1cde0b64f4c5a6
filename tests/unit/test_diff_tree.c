/* test_diff_tree.c - what lies around a path: order, times that follow from children, the unexamined, mounts. */
#include "diff_fixture.h"

#include "diff/pending.h"

static int setup(void **state)
{
	*state = policy_of("version: 1\nrules:\n"
			   "  - {path: /, profile: static, severity: medium}\n"
			   "  - {path: /v, profile: volatile}\n"
			   "  - {path: /v, profile: static, only: self}\n"
			   "  - {path: /out, exclude: true}\n"
			   "  - {path: /out/deep/in, profile: static}\n");
	return 0;
}

static int teardown(void **state)
{
	policy_freep((struct policy **)state);
	return 0;
}

static struct spec dir(const char *path)
{
	return spec_of(path, TYPE_DIR);
}

/* A directory whose mtime and ctime moved. */
static struct spec touched(const char *path)
{
	struct spec spec = dir(path);

	spec.variant[ATTR_MTIME] = spec.variant[ATTR_CTIME] = 2;
	return spec;
}

static struct spec with(struct spec spec, enum attr attr, unsigned char variant)
{
	spec.variant[attr] = variant;
	return spec;
}

static struct spec failing(struct spec spec, enum attr attr)
{
	spec.state[attr] = FAILED;
	return spec;
}

static void expect(void **state, const struct spec *a, size_t a_count, const struct spec *b, size_t b_count,
		   const char *expected, uint64_t followed)
{
	const struct diff_options options = { .policy = *state };
	struct diff_counts counts;
	CLEANUP(freep) char *lines = run_lines(&options, a, a_count, b, b_count, &counts);

	assert_string_equal(lines, expected);
	assert_int_equal(counts.followed, followed);
}
#define EXPECT(a, b, expected, followed) expect(state, a, ARRAY_SIZE(a), b, ARRAY_SIZE(b), expected, followed)

static void times_follow_a_child_that_came(void **state)
{
	const struct spec a[] = { dir("/etc"), dir("/etc-x"), spec_file("/etc-x/f"), spec_file("/etc/a") };
	const struct spec b[] = { touched("/etc"), dir("/etc-x"), spec_file("/etc-x/f"), spec_file("/etc/a"),
				  spec_file("/etc/b") };

	EXPECT(a, b, "added /etc/b medium\n", 1);
	EXPECT(b, a, "removed /etc/b medium\n", 1);
}

/* Between "/etc" and "/etc/..." comes "/etc-x/...": its changes explain nothing of /etc. */
static void neighbours_in_between_explain_nothing(void **state)
{
	const struct spec a[] = { dir("/etc"), dir("/etc-x"), spec_file("/etc/a"), dir("/etc0") };
	const struct spec b[] = { touched("/etc"), touched("/etc-x"), spec_file("/etc-x/f"), spec_file("/etc/a"),
				  touched("/etc0") };

	EXPECT(a, b,
	       "added /etc-x/f medium\n"
	       "changed /etc mtime,ctime medium\n"
	       "changed /etc0 mtime,ctime medium\n",
	       1);
}

static void times_alone_are_reported(void **state)
{
	const struct spec a[] = { dir("/"), dir("/d"), spec_file("/d/f") };
	const struct spec b[] = { touched("/"), touched("/d"), spec_file("/d/f") };

	/* a change of the inner one's times is no reason for the outer one's */
	EXPECT(a, b, "changed /d mtime,ctime medium\nchanged / mtime,ctime medium\n", 0);
}

static void content_written_in_place_explains_nothing(void **state)
{
	const struct spec a[] = { dir("/d"), spec_file("/d/f") };
	const struct spec b[] = { touched("/d"), with(spec_file("/d/f"), ATTR_CONTENT, 2) };
	const struct spec replaced[] = { touched("/d"), with(spec_file("/d/f"), ATTR_INODE, 2) };
	/* a new file that was given the number of the old one */
	const struct spec reused[] = { touched("/d"), with(spec_file("/d/f"), ATTR_BTIME, 2) };

	EXPECT(a, b, "changed /d/f content medium\nchanged /d mtime,ctime medium\n", 0);
	EXPECT(a, replaced, "changed /d/f inode medium\n", 1);
	EXPECT(a, reused, "changed /d/f btime medium\n", 1);
}

/* Only a directory that came or went moves the number of links: else one may be hidden. */
static void links_follow_directories_only(void **state)
{
	const struct spec a[] = { dir("/d") };
	const struct spec file[] = { with(touched("/d"), ATTR_LINKS, 3), spec_file("/d/f") };
	const struct spec sub[] = { with(touched("/d"), ATTR_LINKS, 3), dir("/d/s") };

	EXPECT(a, file, "added /d/f medium\nchanged /d mtime,ctime,links medium\n", 0);
	EXPECT(a, sub, "added /d/s medium\n", 1);
}

static void other_differences_are_reported_at_once(void **state)
{
	const struct spec a[] = { dir("/d") };
	const struct spec b[] = { with(touched("/d"), ATTR_MODE, 4), spec_file("/d/f") };

	EXPECT(a, b, "changed /d mode,mtime,ctime medium\nadded /d/f medium\n", 0);
}

/* Files that may come and go move the times of the directory that may not. */
static void times_follow_expected_comings(void **state)
{
	const struct spec a[] = { dir("/v") };
	const struct spec b[] = { touched("/v"), spec_file("/v/f") };

	EXPECT(a, b, "", 1);
}

static void unreadable_now(void **state)
{
	const struct spec a[] = { dir("/d"), spec_file("/d-x"), dir("/d/s"), spec_file("/d/s/f"), spec_file("/e") };
	const struct spec b[] = { failing(touched("/d"), ATTR_CONTENT), spec_file("/e") };

	EXPECT(a, b, "unexamined b /d\nremoved /d-x medium\nchanged /d mtime,ctime medium\n", 0);
}

static void unreadable_then(void **state)
{
	const struct spec a[] = { failing(dir("/d"), ATTR_CONTENT), spec_file("/e") };
	const struct spec b[] = { dir("/d"), spec_file("/d-x"), dir("/d/s"), spec_file("/d/s/f"), spec_file("/e") };

	EXPECT(a, b, "unexamined a /d\nadded /d-x medium\n", 0);
}

static void unreadable_both_times(void **state)
{
	const struct spec a[] = { failing(dir("/d"), ATTR_CONTENT) };

	EXPECT(a, a, "unexamined b /d\n", 0);
	/* gone: there is nothing left that could hide */
	expect(state, a, 1, NULL, 0, "removed /d medium\n", 0);
}

/* Nothing at all could be learnt of it, not even its type. */
static void unknown_type(void **state)
{
	const struct spec a[] = { dir("/d"), spec_file("/d/f") };
	struct spec b[] = { dir("/d") };

	memset(b[0].state, FAILED, sizeof(b[0].state));
	EXPECT(a, b, "unexamined b /d\n", 0);
	expect(state, NULL, 0, b, 1, "unexamined b /d\nadded /d medium\n", 0);
}

static void blind_points(void **state)
{
	const struct bytes blind[] = { bytes_of("/m"), bytes_of("/n/o") };
	const struct diff_options options = { .policy = *state, .blind = blind, .blind_count = ARRAY_SIZE(blind) };
	const struct spec a[] = { dir("/m"),   spec_file("/m/f"),   dir("/n"),
				  dir("/n/o"), spec_file("/n/o/f"), spec_file("/n/oo") };
	const struct spec b[] = { with(dir("/m"), ATTR_INODE, 2), dir("/n"), dir("/n/o") };
	CLEANUP(freep) char *lines = run_lines(&options, a, ARRAY_SIZE(a), b, ARRAY_SIZE(b), NULL);

	assert_string_equal(lines, "removed /n/oo medium\n");
}

#define MOUNT(path, type, id)                                                                                          \
	{                                                                                                              \
		{ (const unsigned char *)(path), sizeof(path) - 1 },                                                   \
			{ (const unsigned char *)(type), sizeof(type) - 1 },                                           \
		{                                                                                                      \
			(const unsigned char *)(id), sizeof(id) - 1                                                    \
		}                                                                                                      \
	}

static void mount_tables(void **state)
{
	static const struct mount a[] = {
		MOUNT("/", "ext4", "uuid:1"),         MOUNT("/fs", "xfs", "fsid:1"),
		MOUNT("/gone", "ext4", "uuid:2"),     MOUNT("/kind", "ext4", "uuid:3"),
		MOUNT("/other", "ext4", "uuid:4"),    MOUNT("/out", "ext4", "uuid:5"),
		MOUNT("/out/deep", "ext4", "uuid:6"), MOUNT("/ram", "tmpfs", "fsid:7"),
		MOUNT("/same", "ext4", ""),
	};
	static const struct mount b[] = {
		MOUNT("/", "ext4", "uuid:1"),     MOUNT("/fs", "xfs", "uuid:1"),     MOUNT("/kind", "btrfs", "uuid:3"),
		MOUNT("/new", "tmpfs", ""),       MOUNT("/other", "ext4", "uuid:9"), MOUNT("/out/x", "tmpfs", ""),
		MOUNT("/ram", "tmpfs", "fsid:8"), MOUNT("/same", "ext4", "uuid:1"),
	};
	struct recorder recorder = { BUF_INIT };
	struct diff_sink sink = recorder_sink(&recorder);
	CLEANUP(buf_done) struct buf blind = BUF_INIT;
	struct diff_counts counts = { .examined = 0 };
	struct err err = ERR_INIT;
	const struct bytes *points;

	assert_int_equal(diff_mounts(*state, a, ARRAY_SIZE(a), b, ARRAY_SIZE(b), &sink, &blind, &counts, &err), 0);
	assert_string_equal(buf_str(&recorder.text), "changed /gone mount gone critical\nunexamined b /gone\n"
						     "changed /kind mount btrfs critical\nunexamined b /kind\n"
						     "changed /new mount tmpfs critical\nunexamined b /new\n"
						     "changed /other mount ext4 critical\n"
						     "changed /out mount gone critical\nunexamined b /out\n"
						     "changed /out/deep mount gone critical\nunexamined b /out/deep\n");
	assert_int_equal(counts.changed, 6);
	assert_int_equal(counts.unexamined, 5);
	assert_int_equal(blind.len, 5 * sizeof(*points));
	points = (const struct bytes *)(void *)blind.data;
	assert_true(bytes_equal(points[4], bytes_of("/out/deep")));
	buf_done(&recorder.text);
}

/* A deep chain of directories in progress: found again in the middle. */
static void stack_of_directories(void **state)
{
	CLEANUP(pending_freep) struct pending *pending = NULL;
	struct spec before[40], after[40];
	struct made a, b;
	struct change change;
	struct err err = ERR_INIT;
	uint64_t followed = 0;
	char path[128] = "";

	(void)state;
	assert_int_equal(pending_new(&pending, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		path[2 * i] = '/';
		path[2 * i + 1] = 'd';
		before[i] = dir(path);
		after[i] = touched(path);
		made_from(&a, &before[i]);
		made_from(&b, &after[i]);
		change = (struct change){ .kind = CHANGE_CHANGED,
					  .attributes = ATTR_BIT(ATTR_MTIME),
					  .before = &a.entry,
					  .after = &b.entry,
					  .path = b.entry.path };
		assert_int_equal(pending_advance(pending, b.entry.path, &followed, &change), 0);
		assert_int_equal(pending_hold(pending, &change, &err), 0);
		pending_explain(pending, b.entry.path, true);
	}
	assert_int_equal(pending_advance(pending, (struct bytes){ NULL, 0 }, &followed, &change), 1);
	assert_true(bytes_equal(change.path, bytes_of(path)));
	assert_int_equal(pending_advance(pending, (struct bytes){ NULL, 0 }, &followed, &change), 0);
	assert_int_equal(followed, ARRAY_SIZE(before) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_follow_a_child_that_came),
		cmocka_unit_test(neighbours_in_between_explain_nothing),
		cmocka_unit_test(times_alone_are_reported),
		cmocka_unit_test(content_written_in_place_explains_nothing),
		cmocka_unit_test(links_follow_directories_only),
		cmocka_unit_test(other_differences_are_reported_at_once),
		cmocka_unit_test(times_follow_expected_comings),
		cmocka_unit_test(unreadable_now),
		cmocka_unit_test(unreadable_then),
		cmocka_unit_test(unreadable_both_times),
		cmocka_unit_test(unknown_type),
		cmocka_unit_test(blind_points),
		cmocka_unit_test(mount_tables),
		cmocka_unit_test(stack_of_directories),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
