/* test_extfs_walk.c - which part of a file system is told, where it stands, what is known of it, and its pending journal. */
#include "extfs_fixture.h"

/* A small tree, made without mounting anything. */
static void make_tree(const struct image *image, const char *arguments)
{
	if (!run("rm -rf %s/src && mkdir -p %s/src/a/b/c %s/src/a-b %s/src/etc %s/src/boot/grub && cd %s/src && echo 1 "
		 ">a/b/c/file && "
		 "echo 2 >a-b/file && echo 3 >boot/grub/cfg && echo 4 >boot/kernel && echo root:x:0:0::/: >etc/passwd "
		 "&& echo 5 >a0 && ln a0 a/hard",
		 image->dir, image->dir, image->dir, image->dir, image->dir, image->dir))
		fail_msg("no tree");
	if (!run("rm -f %s && mke2fs -q -t ext4 -d %s/src %s %s 8M >/dev/null 2>&1", image->file, image->dir, arguments,
		 image->file))
		fail_msg("mke2fs failed");
}

static void assert_paths(const struct collector *collector, const char *expected)
{
	CLEANUP(buf_done) struct buf paths = BUF_INIT;

	if (collector->result.r < 0)
		fail_msg("%s", collector->result.err.message);
	for (size_t i = 0; i < collector->result.count; i++) {
		struct bytes path = path_of(&collector->result.rows[i]);

		assert_int_equal(buf_add(&paths, path.data, path.len), 0);
		assert_int_equal(buf_add_byte(&paths, ' '), 0);
	}
	assert_string_equal(buf_str(&paths), expected);
}

static void test_parts(void **state)
{
	const struct image *image = *state;
	static const struct {
		const char *at, *shadows[4], *paths[4], *not_entered, *expected;
	} rows[] = {
		{ "/",
		  { NULL },
		  { NULL },
		  NULL,
		  "/ /a /a-b /a-b/file /a/b /a/b/c /a/b/c/file /a/hard /a0 /boot /boot/grub /boot/grub/cfg "
		  "/boot/kernel /etc /etc/passwd "
		  "/lost+found " },
		{ "/mnt",
		  { NULL },
		  { NULL },
		  NULL,
		  "/mnt /mnt/a /mnt/a-b /mnt/a-b/file /mnt/a/b /mnt/a/b/c /mnt/a/b/c/file /mnt/a/hard /mnt/a0 "
		  "/mnt/boot /mnt/boot/grub "
		  "/mnt/boot/grub/cfg /mnt/boot/kernel /mnt/etc /mnt/etc/passwd /mnt/lost+found " },
		{ "/",
		  { "/a/b", "/boot", "/lost+found" },
		  { NULL },
		  NULL,
		  "/ /a /a-b /a-b/file /a/hard /a0 /etc /etc/passwd " },
		{ "/",
		  { NULL },
		  { "/a/b", "/boot/kernel", "/missing" },
		  NULL,
		  "/a/b /a/b/c /a/b/c/file /boot/kernel " },
		{ "/", { NULL }, { "/a" }, NULL, "/a /a/b /a/b/c /a/b/c/file /a/hard " },
		{ "/", { NULL }, { "/a/b/c/file/further" }, NULL, "" },
		{ "/mnt", { NULL }, { "/mnt/a-b" }, NULL, "/mnt/a-b /mnt/a-b/file " },
		{ "/mnt",
		  { "/mnt/boot" },
		  { "/mnt" },
		  "/mnt/a",
		  "/mnt /mnt/a /mnt/a-b /mnt/a-b/file /mnt/a0 /mnt/etc /mnt/etc/passwd /mnt/lost+found " },
		{ "/", { "/lost+found" }, { NULL }, "/", "/ " },
	};

	make_tree(image, "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bytes shadows[4], paths[4];
		struct asked asked = { .walk = { .at = bytes_of(rows[i].at), .shadows = shadows, .paths = paths },
				       .not_entered = rows[i].not_entered };
		struct collector collector;

		for (; rows[i].shadows[asked.walk.shadow_count]; asked.walk.shadow_count++)
			shadows[asked.walk.shadow_count] = bytes_of(rows[i].shadows[asked.walk.shadow_count]);
		for (; rows[i].paths[asked.walk.path_count]; asked.walk.path_count++)
			paths[asked.walk.path_count] = bytes_of(rows[i].paths[asked.walk.path_count]);
		collector = image_walk(image, &asked, NULL);
		assert_paths(&collector, rows[i].expected);
		assert_int_equal(collector.problems.len, 0);
		collector_done(&collector);
	}
}

/* A file system in the middle of a disk; and read as if it were mounted. */
static void test_offset(void **state)
{
	const struct image *image = *state;
	struct asked asked = { .offset = 1 << 20, .size = 8 << 20, .live = true };
	struct collector collector;
	struct extfs_info info;

	make_tree(image, "-L label -U 01234567-89ab-cdef-0123-456789abcdef -M /somewhere");
	assert_true(
		run("cd %s && truncate -s 1M disk && cat image >>disk && head -c 1M /dev/zero >>disk && mv disk image",
		    image->dir));
	collector = image_walk(image, &asked, &info);
	assert_int_equal(collector.result.r, 0);
	assert_digest(entry_at(&collector.result, "/boot/kernel"), "4\n", 2);
	assert_string_equal(info.type, "ext4");
	assert_string_equal(info.uuid, "01234567-89ab-cdef-0123-456789abcdef");
	assert_string_equal(info.label, "label");
	assert_string_equal(info.last_mounted, "/somewhere");
	assert_int_equal(info.journal, JOURNAL_CLEAN);
	assert_string_equal(info.problem, "");
	assert_false(info.marked_errors || info.marked_unclean);
	assert_int_equal(info.blocks * info.block_bytes, 8 << 20);
	collector_done(&collector);
}

static void test_interrupted(void **state)
{
	const struct image *image = *state;
	atomic_bool interrupted = true;
	struct asked asked = { .walk = { .interrupted = &interrupted } };
	struct collector collector;

	make_tree(image, "");
	collector = image_walk(image, &asked, NULL);
	assert_int_equal(collector.result.r, ERR_INTERRUPTED);
	collector_done(&collector);
}

/* The journal of a mounted file system holds what its own place does not show yet. */
static void test_pending(void **state)
{
	const struct image *image = *state;
	struct asked asked = { .replay = true };
	struct collector collector;
	struct extfs_info info;

	if (geteuid() != 0) {
		(void)fprintf(stderr, "SKIPPED: needs root, to mount\n");
		skip();
	}
	make_tree(image, "");
	assert_true(image_mount(image, "rw,commit=300"));
	assert_true(run("cd %s && chmod 4755 boot/kernel && mkdir -p n/e/w && echo hidden >hidden && sync hidden && cp "
			"../image ../copy",
			image->mnt));
	image_umount(image);
	assert_true(run("mv %s/copy %s", image->dir, image->file));
	collector = image_walk(image, NULL, &info);
	assert_int_equal(info.journal, JOURNAL_PENDING);
	assert_null(got_at(&collector.result, "/hidden"));
	assert_int_equal(entry_at(&collector.result, "/boot/kernel")->mode, 0644);
	collector_done(&collector);

	collector = image_walk(image, &asked, &info);
	assert_int_equal(info.journal, JOURNAL_PENDING);
	assert_string_equal(info.problem, "");
	assert_true(info.transactions > 0 && info.journal_blocks > 0);
	assert_digest(entry_at(&collector.result, "/hidden"), "hidden\n", 7);
	assert_int_equal(entry_at(&collector.result, "/boot/kernel")->mode, 04755);
	assert_int_equal(entry_at(&collector.result, "/n/e/w")->type, TYPE_DIR);
	for (size_t i = 0; i < collector.result.count; i++)
		assert_int_equal(collector.result.rows[i].b->entry.failed, 0);
	collector_done(&collector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parts, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_offset, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_interrupted, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_pending, image_setup, image_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
