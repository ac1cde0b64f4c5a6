/* dir.c - see dir.h. */
#include "extfs/dir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "extfs/dir_block.h"
#include "extfs/runs.h"
#include "extfs/xattr.h"

/* So many blocks of one directory are not asked for when none can be read: the image has ended. */
enum { UNREADABLE_MAX = 64, INLINE_PARENT = 4 };

void dir_done(struct extfs *extfs, struct dir *dir)
{
	extfs->held_bytes -= dir->held;
	buf_done(&dir->names);
	buf_done(&dir->rows);
	buf_done(&dir->bad);
	*dir = DIR_INIT;
}

static struct bytes name_of(const struct dir_row *row, const unsigned char *names)
{
	return (struct bytes){ names + row->name, row->len };
}

static int by_name(const void *a, const void *b, void *names)
{
	const struct dir_row *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return path_compare(name_of(left, names), name_of(right, names));
}

/* The same, and of equal names as they stood in the directory. */
static int by_name_and_place(const void *a, const void *b, void *names)
{
	const struct dir_row *left = a, *right = b;
	int order = by_name(a, b, names);

	return order ? order : (left->name > right->name) - (left->name < right->name);
}

static void sort(struct dir *dir, struct line *line)
{
	struct dir_row *rows = (struct dir_row *)(void *)dir->rows.data;
	size_t kept = 0;

	if (dir->count < 2)
		return;
	qsort_r(rows, dir->count, sizeof(*rows), by_name_and_place, dir->names.data);
	for (size_t i = 1; i < dir->count; i++) {
		if (by_name(&rows[kept], &rows[i], dir->names.data) == 0)
			line_set(line, "two entries named '%s': the second, inode %" PRIu32 ", was not looked at",
				 QUOTE_N(name_of(&rows[i], dir->names.data).data, rows[i].len), rows[i].inode);
		else
			rows[++kept] = rows[i];
	}
	dir->count = kept + 1;
}

/* A block of the directory, its checksum looked at. On a mounted device it may be in the middle of a change. */
static int read_block(struct gathering *gathering, uint64_t physical, unsigned char *data)
{
	struct extfs *extfs = gathering->extfs;
	int r = 0;

	for (int i = 0; i < (extfs->options.fixed ? 1 : LIVE_TRIES); i++) {
		if (i > 0)
			extfs_forget(extfs);
		r = extfs_block(extfs, physical, "a block of the directory", data, gathering->line);
		if (r < 0 || !extfs_has_checksums(extfs) ||
		    ext2fs_dir_block_csum_verify(extfs->fs, gathering->inode->number,
						 (struct ext2_dir_entry *)(void *)data))
			return r;
	}
	line_set(gathering->line, "directory inode %" PRIu32 ": the checksum of block %" PRIu64 " is wrong",
		 gathering->inode->number, physical);
	return 0;
}

static int take_run(struct gathering *gathering, const struct run *run, unsigned *unreadable)
{
	struct extfs *extfs = gathering->extfs;
	int r = 0;

	for (uint32_t i = 0; i < run->length && r == 0; i++) {
		if (extfs->budget_blocks == 0) {
			line_set(gathering->line, "directories claim more blocks than the file system has");
			return 1;
		}
		extfs->budget_blocks--;
		r = read_block(gathering, run->physical + i, extfs->block);
		if (r == -EIO)
			r = ++*unreadable >= UNREADABLE_MAX ? 1 : 0;
		else if (r == 0)
			r = dir_block_take(gathering, extfs->block, extfs->block_bytes);
	}
	return r;
}

static int list_blocks(struct gathering *gathering)
{
	CLEANUP(runs_done) struct runs runs = RUNS_INIT;
	struct extfs *extfs = gathering->extfs;
	const struct inode *inode = gathering->inode;
	uint64_t blocks = inode->size / extfs->block_bytes, mapped = 0;
	unsigned unreadable = 0;
	int r;

	if (inode->size > runs_size_max(extfs, inode))
		blocks = runs_size_max(extfs, inode) / extfs->block_bytes;
	r = runs_read(extfs, inode, blocks, &runs, gathering->line);
	if (r == -ENOMEM)
		return r;
	r = 0; /* the line is set, and what was found stays */
	if (inode->size == 0 || inode->size % extfs->block_bytes != 0)
		line_set(gathering->line, "directory inode %" PRIu32 " has %" PRIu64 " bytes, no whole blocks",
			 inode->number, inode->size);
	for (size_t i = 0; i < runs.count && r == 0; i++) {
		mapped += runs.all[i].length;
		r = take_run(gathering, &runs.all[i], &unreadable);
	}
	if (r == 0 && mapped < blocks)
		line_set(gathering->line, "directory inode %" PRIu32 " has holes", inode->number);
	return r;
}

/* In the inode: where its parent is, then records; more of them in an attribute. */
static int list_inline(struct gathering *gathering)
{
	const struct inode *inode = gathering->inode;
	struct bytes more = { NULL, 0 };
	int r = xattr_inline_data(gathering->extfs, inode, &more, gathering->line);

	if (r < 0)
		return 0;
	r = dir_block_take(gathering, inode->pointers + INLINE_PARENT, INODE_BLOCK_BYTES - INLINE_PARENT);
	return r == 0 ? dir_block_take(gathering, more.data, more.len) : r;
}

int dir_list(struct extfs *extfs, const struct inode *inode, struct dir *ret_dir, struct line *line)
{
	struct dir dir = DIR_INIT;
	struct gathering gathering = { extfs, inode, &dir, line, 0 };
	int r = 0;

	if (inode->flags & EXT4_ENCRYPT_FL)
		line_set(line, "encrypted: the key is not in the image");
	else if (inode->flags & EXT4_INLINE_DATA_FL)
		r = list_inline(&gathering);
	else
		r = list_blocks(&gathering);
	if (r < 0) {
		dir_done(extfs, &dir);
		return r;
	}
	sort(&dir, line);
	*ret_dir = dir;
	return 0;
}

const struct dir_row *dir_find(const struct dir *dir, struct bytes name)
{
	size_t low = 0, high = dir->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_compare(dir_name(dir, middle), name);

		if (order == 0)
			return dir_row(dir, middle);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
