/* walk_names.c - see walk.h. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "extfs/content.h"
#include "extfs/walk.h"

enum { TEXT_MAX = 16 << 20 }; /* as for the live system */

/* Leaves TEXT empty when there is no such regular file to be had. */
static int read_text(struct extfs *extfs, const struct dir *etc, const char *name, struct inode *inode,
		     struct buf *text)
{
	const struct dir_row *row = dir_find(etc, bytes_of(name));
	struct line line = { "" };
	int r;

	if (!row || !inode_can_be(extfs, row->inode))
		return 0;
	r = inode_read(extfs, row->inode, inode, &line);
	if (r < 0 || !S_ISREG(inode->mode) || inode->flags & EXT4_ENCRYPT_FL || inode->size > TEXT_MAX)
		return r == -ENOMEM ? r : 0;
	if (buf_reserve(text, (size_t)inode->size) < 0)
		return -ENOMEM;
	r = content_head(extfs, inode, text->data, (size_t)inode->size, &line);
	if (r == 0)
		text->len = (size_t)inode->size;
	return r == -ENOMEM ? r : 0;
}

static int read_texts(struct extfs *extfs, uint32_t number, struct inode *inode, struct buf *passwd, struct buf *group)
{
	struct dir etc = DIR_INIT;
	struct line line = { "" };
	int r;

	if (!inode_can_be(extfs, number))
		return 0;
	r = inode_read(extfs, number, inode, &line);
	if (r < 0 || !S_ISDIR(inode->mode))
		return r == -ENOMEM ? r : 0;
	r = dir_list(extfs, inode, &etc, &line);
	if (r == 0)
		r = read_text(extfs, &etc, "passwd", inode, passwd);
	if (r == 0)
		r = read_text(extfs, &etc, "group", inode, group);
	dir_done(extfs, &etc);
	return r;
}

int walk_names(struct extfs *extfs, const struct dir *root, struct names *ret_names)
{
	CLEANUP(buf_done) struct buf passwd = BUF_INIT;
	CLEANUP(buf_done) struct buf group = BUF_INIT;
	CLEANUP(inode_done) struct inode inode = { .raw = NULL };
	const struct dir_row *row = dir_find(root, bytes_of("etc"));
	int r = row ? read_texts(extfs, row->inode, &inode, &passwd, &group) : 0;

	if (r < 0)
		return r;
	return names_of_texts(&passwd, &group, ret_names) < 0 ? -ENOMEM : 0;
}
