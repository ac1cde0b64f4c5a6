/*
 * content.h - the bytes of a file, for many threads, without libext2fs.
 */
#ifndef EXTFS_CONTENT_H
#define EXTFS_CONTENT_H

#include "extfs/runs.h"

/*
 * The content of a regular file; it borrows the file system's view. *ret_content is owned by the caller (content->free()). -EUCLEAN with
 * the line: encrypted, blocks that cannot be, a size that no such file has, inline data that is not there.
 */
int content_new(struct extfs *extfs, const struct inode *inode, struct content **ret_content, struct line *line);

/*
 * A small content at once, of any kind of inode: LEN bytes from its beginning (at most its size). As above, and -EIO.
 */
int content_head(struct extfs *extfs, const struct inode *inode, void *data, size_t len, struct line *line);

#endif
