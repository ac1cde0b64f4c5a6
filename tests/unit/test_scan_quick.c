/* test_scan_quick.c - a scan beside its reference: pairs, what --quick leaves unread, prefixes of growing logs. */
#include "scan_fixture.h"

/* The mount table as a baseline would have recorded it. */
static struct mount *recorded_mounts(const struct fixture *fixture, const char *id)
{
	struct mount *mount = calloc(1, sizeof(*mount));
	const struct sys_mount *now = sys_mounts_of(&fixture->mounts, fixture->dir, strlen(fixture->dir));

	assert_non_null(mount);
	*mount = (struct mount){ bytes_of("/"), bytes_of(now->fstype), bytes_of(id ? id : now->id) };
	return mount;
}

/* Waits until what was written is older than the clock's grain, so that it is not racy. */
static void settle(void)
{
	const struct timespec nap = { .tv_nsec = 30 * 1000 * 1000 };

	(void)nanosleep(&nap, NULL);
}

static struct result rescan(const struct fixture *fixture, const struct result *before, bool quick, const char *fs_id)
{
	struct scan_options options = options_of(fixture);
	struct mount *mounts = recorded_mounts(fixture, fs_id);
	struct replay replay = replay_of(before);
	struct result result;

	options.reference = &replay.tree;
	options.reference_mounts = mounts;
	options.reference_mount_count = 1;
	options.quick = quick;
	result = collect(&options);
	assert_int_equal(result.r, 0);
	free(mounts);
	return result;
}

static bool has_fs_id(const struct fixture *fixture)
{
	return sys_mounts_of(&fixture->mounts, fixture->dir, strlen(fixture->dir))->id[0] != '\0';
}

static void test_pairs(void **state)
{
	struct fixture *fixture = *state;
	struct result before, after;

	put_file(fixture, "kept", "x");
	put_file(fixture, "removed", "x");
	put_dir(fixture, "dir");
	put_file(fixture, "dir/removed", "x");
	put_dir(fixture, "gone");
	put_file(fixture, "gone/x", "x");
	before = scan_all(fixture);
	assert_int_equal(unlinkat(fixture->fd, "removed", 0), 0);
	assert_int_equal(unlinkat(fixture->fd, "dir/removed", 0), 0);
	assert_int_equal(unlinkat(fixture->fd, "gone/x", 0), 0);
	assert_int_equal(unlinkat(fixture->fd, "gone", AT_REMOVEDIR), 0);
	put_file(fixture, "added", "x");
	put_file(fixture, "zadded", "x");
	after = rescan(fixture, &before, false, NULL);
	assert_int_equal(after.count, before.count + 2);
	assert_true(got_at(&after, "/kept")->a && got_at(&after, "/kept")->b);
	assert_null(got_at(&after, "/removed")->b);
	assert_null(got_at(&after, "/dir/removed")->b);
	assert_null(got_at(&after, "/gone")->b);
	assert_null(got_at(&after, "/gone/x")->b);
	assert_null(got_at(&after, "/added")->a);
	assert_null(got_at(&after, "/zadded")->a);
	assert_int_equal(after.examined, 5);
	result_done(&before);
	result_done(&after);
}

static void test_quick(void **state)
{
	struct fixture *fixture = *state;
	struct result before, after;
	struct stat st;
	int fd;

	put_file(fixture, "same", "content");
	put_file(fixture, "rewritten", "content");
	put_file(fixture, "empty", "");
	settle();
	before = scan_all(fixture);
	assert_false(entry_at(&before, "/same")->racy);
	assert_int_equal(fstatat(fixture->fd, "rewritten", &st, 0), 0);
	/* same size, mtime put back: only ctime tells */
	fd = openat(fixture->fd, "rewritten", O_WRONLY);
	assert_int_equal(write(fd, "CONTENT", 7), 7);
	(void)close(fd);
	assert_int_equal(utimensat(fixture->fd, "rewritten", (struct timespec[2]){ st.st_atim, st.st_mtim }, 0), 0);
	after = rescan(fixture, &before, true, NULL);
	assert_digest(entry_at(&after, "/same"), "content", 7);
	assert_digest(entry_at(&after, "/rewritten"), "CONTENT", 7);
	if (has_fs_id(fixture)) {
		assert_int_equal(after.skipped, 2);
		assert_int_equal(after.files_read, 1);
	} else {
		print_message("[  NOTE    ] the file system has no id: quick reads everything\n");
		assert_int_equal(after.skipped, 0);
	}
	result_done(&after);
	/* on another file system nothing is believed */
	after = rescan(fixture, &before, true, "uuid:another");
	assert_int_equal(after.skipped, 0);
	assert_int_equal(after.files_read, 3);
	result_done(&after);
	/* and in full everything is read */
	after = rescan(fixture, &before, false, NULL);
	assert_int_equal(after.skipped, 0);
	assert_int_equal(after.files_read, 3);
	result_done(&after);
	result_done(&before);
}

/* Each condition of the rule by itself: the reference is doctored. */
static void test_quick_conditions(void **state)
{
	struct fixture *fixture = *state;
	struct result before, after;
	struct entry *entry;

	put_file(fixture, "file", "content");
	settle();
	before = scan_all(fixture);
	if (!has_fs_id(fixture))
		skip();
	entry = &before.rows[1].b->entry;
	for (int i = 0; i < 8; i++) {
		const struct entry saved = *entry;

		switch (i) {
		case 0:
			entry->racy = true;
			break;
		case 1:
			entry->inode++;
			break;
		case 2:
			entry->mtime.nsec ^= 1;
			break;
		case 3:
			entry->ctime.nsec ^= 1;
			break;
		case 4:
			entry->size++;
			break;
		case 5:
			entry->value &= ~ATTR_BIT(ATTR_CONTENT);
			break;
		case 6:
			entry->digest_bytes--;
			break;
		default:
			break;
		}
		after = rescan(fixture, &before, true, NULL);
		assert_int_equal(after.skipped, i == 7);
		assert_int_equal(after.files_read, i != 7);
		assert_digest(entry_at(&after, "/file"), "content", 7);
		result_done(&after);
		*entry = saved;
	}
	result_done(&before);
}

static void append(const struct fixture *fixture, const char *name, const char *text)
{
	int fd = openat(fixture->fd, name, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void test_growing(void **state)
{
	struct fixture *fixture = *state;
	struct result before, after;
	const uint32_t content = ATTR_BIT(ATTR_CONTENT);

	set_policy(fixture, "version: 1\nrules:\n  - path: /\n    profile: growing-log\n");
	put_file(fixture, "grown", "first\n");
	put_file(fixture, "cut", "first\nsecond\n");
	put_file(fixture, "elf", "text");
	settle();
	before = scan_all(fixture);
	append(fixture, "grown", "second\n");
	put_file(fixture, "cut", "first\n");
	put_file(fixture, "elf", "\177ELF grown into a program");
	after = rescan(fixture, &before, false, NULL);
	assert_digest(entry_at(&after, "/grown"), "first\n", 6);
	assert_int_equal(entry_at(&after, "/grown")->size, 13);
	assert_digest(entry_at(&after, "/cut"), "first\n", 6);
	assert_digest(entry_at(&after, "/elf"), "\177ELF grown into a program", 25);
	result_done(&after);
	if (has_fs_id(fixture)) {
		after = rescan(fixture, &before, true, NULL);
		assert_int_equal((entry_at(&after, "/grown")->value | entry_at(&after, "/grown")->failed) & content, 0);
		assert_digest(entry_at(&after, "/cut"), "first\n", 6);
		assert_int_equal(after.skipped, 2);
		result_done(&after);
	}
	result_done(&before);
}

static void test_quick_volatile(void **state)
{
	struct fixture *fixture = *state;
	struct result before, after;

	set_policy(fixture, "version: 1\nrules:\n  - path: /\n    profile: volatile\n");
	put_file(fixture, "cache", "data");
	put_file(fixture, "elf", "\177ELF");
	settle();
	before = scan_all(fixture);
	if (!has_fs_id(fixture))
		skip();
	after = rescan(fixture, &before, true, NULL);
	assert_int_equal(after.bytes_read, 0);
	assert_int_equal(after.skipped, 1);
	assert_int_equal(entry_at(&after, "/cache")->head, HEAD_PLAIN);
	assert_digest(entry_at(&after, "/elf"), "\177ELF", 4);
	result_done(&after);
	result_done(&before);
}

/* Under --quick, what is severe is read all the same. */
static void test_severe(void **state)
{
	static const struct {
		bool severe;
		enum severity from;
		uint64_t files;
	} rows[] = { { false, SEVERITY_INFO, 0 },
		     { true, SEVERITY_CRITICAL, 1 },
		     { true, SEVERITY_HIGH, 2 },
		     { true, SEVERITY_INFO, 3 } };
	struct fixture *fixture = *state;
	struct result before;

	if (!has_fs_id(fixture))
		skip();
	set_policy(fixture, "version: 1\nrules:\n  - path: /\n    severity: medium\n  - path: /h\n    severity: high\n"
			    "  - path: /c\n    severity: critical\n");
	put_file(fixture, "c", "c");
	put_file(fixture, "h", "h");
	put_file(fixture, "m", "m");
	settle();
	before = scan_all(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct scan_options options = options_of(fixture);
		struct mount *mounts = recorded_mounts(fixture, NULL);
		struct replay replay = replay_of(&before);
		struct result after;

		options.reference = &replay.tree;
		options.reference_mounts = mounts;
		options.reference_mount_count = 1;
		options.quick = true;
		options.read_severe = rows[i].severe;
		options.read_from = rows[i].from;
		after = collect(&options);
		assert_int_equal(after.files_read, rows[i].files);
		assert_int_equal(entry_at(&after, "/m")->digest_bytes, 1);
		result_done(&after);
		free(mounts);
	}
	result_done(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quick, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quick_conditions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_growing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quick_volatile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_severe, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
