/* walk.c - see walk.h and extfs.h. */
#include "extfs/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "extfs/content.h"

static struct frame *innermost(struct walking *walking)
{
	struct frame *frames = (struct frame *)(void *)walking->frames.data;
	size_t count = walking->frames.len / sizeof(*frames);

	return count ? &frames[count - 1] : NULL;
}

static struct later *latest(const struct frame *frame)
{
	struct later *later = (struct later *)(void *)frame->later.data;
	size_t count = frame->later.len / sizeof(*later);

	return count ? &later[count - 1] : NULL;
}

/* Is anything that was asked for below PATH, a directory that was not asked for itself? */
static bool leads_on(const struct extfs_walk *walk, struct bytes path)
{
	size_t low = 0, high = walk->path_count;

	while (low < high) { /* the first path behind "PATH/" */
		size_t middle = low + (high - low) / 2;
		struct bytes other = walk->paths[middle];
		size_t common = other.len < path.len ? other.len : path.len;
		int order = memcmp(other.data, path.data, common);

		if (order < 0 || (order == 0 && (other.len <= path.len || other.data[path.len] < '/')))
			low = middle + 1;
		else
			high = middle;
	}
	return low < walk->path_count && path_covers(path, walk->paths[low]);
}

static int problem(struct walking *walking, struct bytes path, const char *line, struct err *err)
{
	return walking->sink->problem(walking->sink, path.len ? path : bytes_of("/"), line, err);
}

static int tell_bad(struct walking *walking, struct bytes path, const struct dir *dir, struct err *err)
{
	const char *line = (const char *)dir->bad.data;
	size_t count = dir->bad_count < DIR_BAD_MAX ? dir->bad_count : DIR_BAD_MAX;
	char more[96];
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++, line += strlen(line) + 1)
		r = problem(walking, path, line, err);
	if (r == 0 && dir->bad_count > count) {
		(void)snprintf(more, sizeof(more), "%zu further entries with names that no file can have",
			       dir->bad_count - count);
		r = problem(walking, path, more, err);
	}
	return r;
}

/* Lists the directory in walking->inode, unless it has been. */
static int list(struct walking *walking, struct entry *entry, struct dir *ret_dir)
{
	uint32_t number = walking->inode.number;
	struct line line = { "" };
	int r = 0;

	if (walking->entered[number / 8] & 1u << number % 8) {
		line_set(&line, "a directory loop: inode %" PRIu32 " has another name, under which it was entered",
			 number);
	} else {
		walking->entered[number / 8] |= (unsigned char)(1u << number % 8);
		r = dir_list(walking->extfs, &walking->inode, ret_dir, &line);
	}
	if (r == 0 && line.text[0]) {
		line_set(&walking->space.line, "%s", line.text);
		entry_content_failed(&walking->space, entry);
	}
	return r;
}

/* The entry of walking->inode, with its path but without its content. */
static int make(struct walking *walking, struct bytes path, struct entry *ret_entry)
{
	int r = entry_make(walking->extfs, &walking->inode, &walking->names, &walking->space, ret_entry);

	ret_entry->path = path;
	return r;
}

static int deliver_file(struct walking *walking, struct entry *entry, struct err *err)
{
	struct content *content = NULL;
	struct line line = { "" };
	int r = content_new(walking->extfs, &walking->inode, &content, &line);

	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0) {
		line_set(&walking->space.line, "%s", line.text);
		entry_content_failed(&walking->space, entry);
	}
	return walking->sink->entry(walking->sink, entry, content, err);
}

static int keep_for_later(struct frame *frame, struct later *later, struct extfs *extfs, struct err *err)
{
	if (later->dir.count == 0) {
		dir_done(extfs, &later->dir);
		return 0;
	}
	if (buf_add(&frame->later, later, sizeof(*later)) < 0) {
		dir_done(extfs, &later->dir);
		return err_nomem(err);
	}
	return 0;
}

/* TOLD: it was asked for itself. */
static int deliver_dir(struct walking *walking, struct frame *frame, struct entry *entry, bool told, struct err *err)
{
	struct later later = { DIR_INIT, frame->next - 1 };
	int r = 0;

	if (walking->sink->enters(walking->sink, entry->path) && list(walking, entry, &later.dir) < 0)
		return err_nomem(err);
	if (told)
		r = walking->sink->entry(walking->sink, entry, NULL, err);
	else if (entry->failed & ATTR_BIT(ATTR_CONTENT))
		r = problem(walking, entry->path, walking->space.line.text, err);
	if (r == 0)
		r = tell_bad(walking, entry->path, &later.dir, err);
	if (r < 0) {
		dir_done(walking->extfs, &later.dir);
		return r;
	}
	return keep_for_later(frame, &later, walking->extfs, err);
}

/* What cannot be read is an entry all the same; on the way to what was asked for it is a problem. */
static int deliver_unknown(struct walking *walking, struct bytes path, uint8_t d_type, bool told, struct err *err)
{
	struct entry entry;

	if (!told)
		return problem(walking, path, walking->space.line.text, err);
	entry_unknown(&walking->space, d_type, &entry);
	entry.path = path;
	return walking->sink->entry(walking->sink, &entry, NULL, err);
}

static int visit(struct walking *walking, struct frame *frame, const struct dir_row *row, struct bytes path, bool told,
		 struct err *err)
{
	struct entry entry;
	int r = -EUCLEAN;

	walking->space.line.text[0] = '\0';
	if (inode_can_be(walking->extfs, row->inode))
		r = inode_read(walking->extfs, row->inode, &walking->inode, &walking->space.line);
	else
		line_set(&walking->space.line, "its inode, %" PRIu32 ", is none that a name can have", row->inode);
	if (r == 0)
		r = make(walking, path, &entry);
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return deliver_unknown(walking, path, row->d_type, told, err);
	if (entry.type == TYPE_DIR)
		return deliver_dir(walking, frame, &entry, told, err);
	if (!told)
		return 0;
	if (entry.type == TYPE_FILE)
		return deliver_file(walking, &entry, err);
	return walking->sink->entry(walking->sink, &entry, NULL, err);
}

/* The frame's next row. */
static int step(struct walking *walking, struct frame *frame, struct err *err)
{
	size_t index = frame->next++;
	struct bytes name = dir_name(&frame->dir, index), path;
	bool told = frame->inside;

	walking->path.len = frame->path_len;
	if (walking->path.len + 1 + name.len > PATH_MAX_BYTES)
		return problem(walking, (struct bytes){ walking->path.data, frame->path_len },
			       "a path of more than 65536 bytes was not looked at", err);
	if (buf_add_byte(&walking->path, '/') < 0 || buf_add(&walking->path, name.data, name.len) < 0)
		return err_nomem(err);
	path = (struct bytes){ walking->path.data, walking->path.len };
	if (path_among(path, walking->walk->shadows, walking->walk->shadow_count))
		return 0;
	if (!told)
		told = path_among(path, walking->walk->paths, walking->walk->path_count);
	if (!told && !leads_on(walking->walk, path))
		return 0;
	return visit(walking, frame, dir_row(&frame->dir, index), path, told, err);
}

/* Do the contents of the directory that waits ("NAME/...") come before the frame's next name? */
static bool contents_first(const struct frame *frame, const struct later *later)
{
	struct bytes name = dir_name(&frame->dir, later->row), next;

	if (frame->next >= frame->dir.count)
		return true;
	next = dir_name(&frame->dir, frame->next);
	if (next.len <= name.len || memcmp(next.data, name.data, name.len) != 0)
		return true; /* they differ before the slash */
	return next.data[name.len] > '/';
}

static int descend(struct walking *walking, struct frame *frame, struct later *later, struct err *err)
{
	struct bytes name = dir_name(&frame->dir, later->row), path;
	struct frame below = { .dir = later->dir };

	walking->path.len = frame->path_len;
	if (buf_add_byte(&walking->path, '/') < 0 || buf_add(&walking->path, name.data, name.len) < 0)
		return err_nomem(err);
	path = (struct bytes){ walking->path.data, walking->path.len };
	below.path_len = path.len;
	below.inside = frame->inside || path_among(path, walking->walk->paths, walking->walk->path_count);
	if (buf_reserve(&walking->frames, sizeof(below)) < 0)
		return err_nomem(err);
	frame = innermost(walking); /* it may have moved */
	frame->later.len -= sizeof(*later);
	(void)buf_add(&walking->frames, &below, sizeof(below));
	return 0;
}

static void frame_done(struct extfs *extfs, struct frame *frame)
{
	for (struct later *later = latest(frame); later; later = latest(frame)) {
		dir_done(extfs, &later->dir);
		frame->later.len -= sizeof(*later);
	}
	buf_done(&frame->later);
	dir_done(extfs, &frame->dir);
}

static void ascend(struct walking *walking)
{
	frame_done(walking->extfs, innermost(walking));
	walking->frames.len -= sizeof(struct frame);
}

static int walk_all(struct walking *walking, struct err *err)
{
	struct frame *frame;
	int r = 0;

	for (frame = innermost(walking); frame && r == 0; frame = innermost(walking)) {
		struct later *later = latest(frame);

		if (walking->walk->interrupted &&
		    atomic_load_explicit(walking->walk->interrupted, memory_order_relaxed))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (later && contents_first(frame, later))
			r = descend(walking, frame, later, err);
		else if (frame->next < frame->dir.count)
			r = step(walking, frame, err);
		else
			ascend(walking);
	}
	return r;
}

/* The names must be known before the first entry is made, and stand in the root. */
static int begin_at_root(struct walking *walking, struct frame *frame, struct err *err)
{
	struct extfs *extfs = walking->extfs;
	struct bytes at = walking->walk->at;
	struct line line = { "" };
	struct entry entry;
	int r;

	frame->inside =
		walking->walk->path_count == 0 || path_among(at, walking->walk->paths, walking->walk->path_count);
	for (size_t i = 0; i < walking->walk->path_count; i++)
		frame->inside = frame->inside || path_covers(walking->walk->paths[i], at);
	r = inode_read(extfs, EXT2_ROOT_INO, &walking->inode, &walking->space.line);
	if (r == 0 && !S_ISDIR(walking->inode.mode)) {
		line_set(&walking->space.line, "its root, inode 2, is no directory");
		r = -EUCLEAN;
	}
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return deliver_unknown(walking, at, 0, frame->inside, err);
	walking->entered[0] |= 1u << EXT2_ROOT_INO;
	if (dir_list(extfs, &walking->inode, &frame->dir, &line) < 0 ||
	    walk_names(extfs, &frame->dir, &walking->names) < 0 || make(walking, at, &entry) < 0)
		return err_nomem(err);
	if (line.text[0]) {
		line_set(&walking->space.line, "%s", line.text);
		entry_content_failed(&walking->space, &entry);
	}
	if (frame->inside)
		r = walking->sink->entry(walking->sink, &entry, NULL, err);
	else if (line.text[0])
		r = problem(walking, at, line.text, err);
	if (r == 0)
		r = tell_bad(walking, at, &frame->dir, err);
	if (!walking->sink->enters(walking->sink, at))
		frame->next = frame->dir.count;
	return r;
}

static void walking_done(struct walking *walking)
{
	while (innermost(walking))
		ascend(walking);
	names_done(&walking->names);
	buf_done(&walking->frames);
	buf_done(&walking->path);
	free(walking->entered);
	inode_done(&walking->inode);
	entry_space_done(&walking->space);
}

int extfs_walk(struct extfs *extfs, const struct extfs_walk *walk, struct sink *sink, struct err *err)
{
	CLEANUP(walking_done) struct walking walking = { .extfs = extfs, .walk = walk, .sink = sink };
	struct frame root = { .path_len = walk->at.len > 1 ? walk->at.len : 0 };
	int r;

	/* each block belongs to one directory; what is read twice (/etc) and what is read again counts for the other half */
	extfs->budget_blocks = 2 * extfs->blocks_here + 1024;
	walking.entered = calloc((size_t)extfs->fs->super->s_inodes_count / 8 + 1, 1);
	if (!walking.entered || buf_add(&walking.path, walk->at.data, root.path_len) < 0)
		return err_nomem(err);
	r = begin_at_root(&walking, &root, err);
	if (r < 0 || buf_add(&walking.frames, &root, sizeof(root)) < 0) {
		frame_done(extfs, &root);
		return r < 0 ? r : err_nomem(err);
	}
	return walk_all(&walking, err);
}
