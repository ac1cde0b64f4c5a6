/*
 * extfs_fixture.h - images of ext file systems, what a walk of one gave, and what a scan of the mounted file system says to it.
 * For test_extfs_*.c only.
 */
#ifndef EXTFS_FIXTURE_H
#define EXTFS_FIXTURE_H

#include "scan_fixture.h"

#include <stdarg.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "crypto/digest.h"
#include "extfs/extfs.h"
#include "own_mounts.h"

struct image {
	char dir[40]; /* of the test */
	char file[96]; /* the image */
	char mnt[64]; /* where it is mounted */
};

/* A shell command; false when it fails. */
static inline bool run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline bool run(const char *format, ...)
{
	char command[2048];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

static inline int image_setup(void **state)
{
	struct image *image = calloc(1, sizeof(*image));

	assert_non_null(image);
	own_mounts();
	/* images are written to and synced by the kernel: in memory that is soon done */
	(void)snprintf(image->dir, sizeof(image->dir), "%s", "/dev/shm/tally-extfs-XXXXXX");
	if (!mkdtemp(image->dir)) {
		(void)snprintf(image->dir, sizeof(image->dir), "%s", "/tmp/tally-extfs-XXXXXX");
		assert_non_null(mkdtemp(image->dir));
	}
	(void)snprintf(image->file, sizeof(image->file), "%s/image", image->dir);
	(void)snprintf(image->mnt, sizeof(image->mnt), "%s/mnt", image->dir);
	assert_int_equal(mkdir(image->mnt, 0755), 0);
	*state = image;
	return 0;
}

static inline int image_teardown(void **state)
{
	struct image *image = *state;

	(void)run("! mountpoint -q %s || umount %s", image->mnt, image->mnt);
	remove_tree(image->dir);
	free(image);
	return 0;
}

/* An empty file system of MIB, made by mke2fs with ARGUMENTS. */
static inline void image_make(const struct image *image, unsigned mib, const char *arguments)
{
	if (!run("rm -f %s && truncate -s %uM %s && mke2fs -q -F %s %s >/dev/null 2>&1", image->file, mib, image->file,
		 arguments, image->file))
		fail_msg("mke2fs %s failed", arguments);
}

static inline bool image_mount(const struct image *image, const char *options)
{
	return run("mount -o loop,%s %s %s 2>/dev/null", options, image->file, image->mnt);
}

static inline void image_umount(const struct image *image)
{
	assert_true(run("umount %s", image->mnt));
}

/* --- what a walk gives --- */

struct collector {
	struct sink sink;
	struct result result;
	struct buf problems; /* "path: line\n" */
	const char *not_entered; /* NULL: everything is */
};

static inline bool collector_enters(struct sink *sink, struct bytes path)
{
	struct collector *collector = (struct collector *)(void *)sink;

	return !collector->not_entered || !bytes_equal(path, bytes_of(collector->not_entered));
}

enum { HASHED_MAX = 64 << 20 }; /* damaged sizes are not worth more */

static inline void collector_hash(struct entry *entry, const struct content *content, struct buf *reason)
{
	static const size_t steps[] = { 65536, 4096, 1000, 131072, 17 };
	static unsigned char data[131072];
	struct digest_state state;
	uint64_t at = 0;
	int r = 0;

	digest_init(&state);
	for (unsigned i = 0; at < entry->size && at < HASHED_MAX && r == 0; i++) {
		size_t step = entry->size > (1 << 20) ? sizeof(data) : steps[i % 5];
		size_t n = entry->size - at < step ? (size_t)(entry->size - at) : step;

		r = content->read(content, at, data, n);
		digest_update(&state, data, n);
		at += n;
	}
	if (r < 0) {
		entry->failed |= ATTR_BIT(ATTR_CONTENT);
		(void)buf_printf(reason, "cannot read: %s", strerror(-r));
		entry->problem = (struct bytes){ reason->data, reason->len };
		return;
	}
	digest_final(&state, entry->digest);
	entry->digest_bytes = at;
	entry->value |= ATTR_BIT(ATTR_CONTENT);
}

static inline int collector_entry(struct sink *sink, const struct entry *entry, struct content *content,
				  struct err *err)
{
	struct collector *collector = (struct collector *)(void *)sink;
	struct result *result = &collector->result;
	CLEANUP(buf_done) struct buf reason = BUF_INIT;
	struct entry whole = *entry;
	struct got got = { NULL, NULL };

	if (content)
		assert_int_equal((entry->value | entry->none | entry->failed) & ATTR_BIT(ATTR_CONTENT), 0);
	if (content)
		collector_hash(&whole, content, &reason);
	if (content)
		content->free(content);
	if (entry_check(&whole, err) < 0 || !path_valid(whole.path))
		fail_msg("%s: %s", QUOTE_N(entry->path.data, entry->path.len), err->message);
	if (whole.problem.len > 0 && memchr(whole.problem.data, '\n', whole.problem.len))
		fail_msg("a problem of more than one line");
	assert_int_equal(entry_copy(&whole, &got.b, err), 0);
	if (result->count == result->capacity) {
		result->capacity = result->capacity ? result->capacity * 2 : 256;
		result->rows = realloc(result->rows, result->capacity * sizeof(*result->rows));
		assert_non_null(result->rows);
	}
	result->rows[result->count++] = got;
	return 0;
}

static inline int collector_problem(struct sink *sink, struct bytes path, const char *line, struct err *err)
{
	struct collector *collector = (struct collector *)(void *)sink;

	(void)err;
	assert_true(path_valid(path));
	return buf_printf(&collector->problems, "%s: %s\n", QUOTE_N(path.data, path.len), line);
}

static inline void collector_done(struct collector *collector)
{
	result_done(&collector->result);
	buf_done(&collector->problems);
}

struct asked { /* for extfs_walk(); zeros are everything */
	struct extfs_walk walk;
	uint64_t offset, size;
	bool replay, live;
	const char *not_entered;
};

/* What an image gives; its info, and the error of opening it in collector->result.err (r < 0). */
static inline struct collector image_walk(const struct image *image, const struct asked *asked,
					  struct extfs_info *ret_info)
{
	struct collector collector = { { collector_enters, NULL, collector_entry, NULL, collector_problem },
				       { .rows = NULL },
				       BUF_INIT,
				       asked ? asked->not_entered : NULL };
	struct disk_source source = DISK_SOURCE_INIT;
	struct disk *disk = NULL;
	struct extfs *extfs = NULL;
	struct err *err = &collector.result.err;
	struct extfs_walk walk = asked ? asked->walk : (struct extfs_walk){ .at = { NULL, 0 } };
	struct extent_of_disk part;

	if (walk.at.len == 0)
		walk.at = bytes_of("/");
	if (disk_source_open(image->file, false, &source, err) < 0 || disk_new(&source, &disk, err) < 0)
		fail_msg("%s", err->message);
	part = (struct extent_of_disk){ disk, asked ? asked->offset : 0, disk_size(disk) };
	part.size = asked && asked->size ? asked->size : part.size - part.offset;
	collector.result.r = extfs_open(&(struct extfs_options){ .part = &part,
								 .replay = asked && asked->replay,
								 .fixed = !asked || !asked->live },
					&extfs, err);
	if (collector.result.r == 0) {
		collector.result.r = extfs_walk(extfs, &walk, &collector.sink, err);
		if (ret_info)
			*ret_info = *extfs_info(extfs);
		check_order(&collector.result);
	}
	extfs_freep(&extfs);
	disk_freep(&disk);
	disk_source_done(&source);
	return collector;
}

/* --- the mounted file system as the oracle --- */

static inline struct result mounted_scan(const struct image *image)
{
	struct fixture fixture = { .fd = -1 };
	struct result result;
	struct err err = ERR_INIT;

	(void)snprintf(fixture.dir, sizeof(fixture.dir), "%s", image->mnt);
	set_policy(&fixture, "version: 1\nrules:\n  - path: /\n");
	if (sys_mounts_load(NULL, &fixture.mounts, &err) < 0)
		fail_msg("mounts: %s", err.message);
	result = scan_all(&fixture);
	policy_freep(&fixture.policy);
	sys_mounts_done(&fixture.mounts);
	return result;
}

static inline void assert_same(const struct entry *image, const struct entry *mounted)
{
	const char *path = QUOTE_N(image->path.data, image->path.len);
	uint32_t differs = entry_differs(image, mounted);

	for (unsigned i = 0; i < ATTR_COUNT; i++)
		if (differs & ATTR_BIT(i))
			fail_msg("%s: %s differs", path, attr_name((enum attr)i));
	if (image->value != mounted->value || image->none != mounted->none || image->failed != mounted->failed)
		fail_msg("%s: masks %x %x %x, mounted %x %x %x (%.*s; %.*s)", path, image->value, image->none,
			 image->failed, mounted->value, mounted->none, mounted->failed, (int)image->problem.len,
			 (const char *)image->problem.data, (int)mounted->problem.len,
			 (const char *)mounted->problem.data);
	if (image->blocks != mounted->blocks)
		fail_msg("%s: %llu blocks, mounted %llu", path, (unsigned long long)image->blocks,
			 (unsigned long long)mounted->blocks);
	if (!bytes_equal(image->user, mounted->user) || !bytes_equal(image->group, mounted->group))
		fail_msg("%s: names differ", path);
}

/* The image, which is not mounted, gives what it gives when it is mounted: every path, every attribute. */
static inline size_t assert_as_mounted(const struct image *image, const char *mount_options)
{
	struct collector walked = image_walk(image, NULL, NULL);
	struct result mounted;
	size_t count;

	if (walked.result.r < 0)
		fail_msg("%s", walked.result.err.message);
	if (walked.problems.len)
		fail_msg("%s", buf_str(&walked.problems));
	if (!image_mount(image, mount_options))
		fail_msg("cannot be mounted");
	mounted = mounted_scan(image);
	image_umount(image);
	for (size_t i = 0; i < walked.result.count && i < mounted.count; i++) {
		if (!bytes_equal(path_of(&walked.result.rows[i]), path_of(&mounted.rows[i])))
			fail_msg("'%s' in the image, '%s' mounted",
				 QUOTE_N(path_of(&walked.result.rows[i]).data, path_of(&walked.result.rows[i]).len),
				 QUOTE_N(path_of(&mounted.rows[i]).data, path_of(&mounted.rows[i]).len));
		assert_same(&walked.result.rows[i].b->entry, &mounted.rows[i].b->entry);
	}
	assert_int_equal(walked.result.count, mounted.count);
	count = mounted.count;
	collector_done(&walked);
	result_done(&mounted);
	return count;
}

#endif
