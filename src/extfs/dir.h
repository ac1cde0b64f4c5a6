/*
 * dir.h - the names in a directory, sorted.
 */
#ifndef EXTFS_DIR_H
#define EXTFS_DIR_H

#include "base/buf.h"
#include "extfs/inode.h"

struct dir_row {
	uint64_t key; /* the name's first eight bytes, so that most comparisons need no more */
	uint32_t name; /* where it stands */
	uint32_t inode;
	uint8_t len, d_type; /* DT_* as the directory claims; DT_UNKNOWN */
};

struct dir {
	struct buf names;
	struct buf rows; /* struct dir_row[count] */
	size_t count;
	struct buf bad; /* lines about names that no file can have, each with its NUL; at most DIR_BAD_MAX */
	size_t bad_count; /* all that there were */
	uint64_t held; /* of the file system's held_bytes */
};
#define DIR_INIT ((struct dir){ .count = 0 })
enum { DIR_BAD_MAX = 16 };

void dir_done(struct extfs *extfs, struct dir *dir);

static inline const struct dir_row *dir_row(const struct dir *dir, size_t index)
{
	return (const struct dir_row *)(const void *)dir->rows.data + index;
}
static inline struct bytes dir_name(const struct dir *dir, size_t index)
{
	const struct dir_row *row = dir_row(dir, index);

	return (struct bytes){ dir->names.data + row->name, row->len };
}

/*
 * Lists INODE, a directory, without "." and "..". What is damaged there sets the line, and costs what could not be read only; of
 * equal names the first stays. 0, also with a line; -ENOMEM.
 */
int dir_list(struct extfs *extfs, const struct inode *inode, struct dir *ret_dir, struct line *line);

/* The row of a name; NULL when there is none. */
const struct dir_row *dir_find(const struct dir *dir, struct bytes name);

#endif
