/* content.c - see content.h. */
#include "extfs/content.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "extfs/xattr.h"

struct file {
	struct content content;
	const struct view *view; /* borrowed */
	uint32_t block_bytes;
	struct runs runs;
	size_t inline_len;
	unsigned char inline_data[]; /* when the inode holds it; what is behind it is zeros */
};

static void file_free(struct content *content)
{
	struct file *file = (struct file *)(void *)content;

	runs_done(&file->runs);
	free(file);
}

static void file_freep(struct file **file)
{
	if (*file)
		file_free(&(*file)->content);
}

static int read_runs(const struct view *view, const struct runs *runs, uint32_t block_bytes, uint64_t offset,
		     unsigned char *to, size_t len)
{
	size_t i = runs_find(runs, offset / block_bytes);
	int r;

	while (len > 0) {
		const struct run *run = i < runs->count ? &runs->all[i] : NULL;
		uint64_t from = run ? (uint64_t)run->logical * block_bytes : UINT64_MAX;
		uint64_t n;

		if (offset < from) {
			n = from - offset < len ? from - offset : len;
			memset(to, 0, (size_t)n);
		} else {
			n = from + (uint64_t)run->length * block_bytes - offset;
			n = n < len ? n : len;
			r = view_read(view, run->physical * block_bytes + (offset - from), to, (size_t)n);
			if (r < 0)
				return r == -ENOMEM ? r : -EIO;
			i++;
		}
		to += n;
		offset += n;
		len -= (size_t)n;
	}
	return 0;
}

static int file_read(const struct content *content, uint64_t offset, void *data, size_t len)
{
	const struct file *file = (const struct file *)(const void *)content;
	size_t here;

	if (file->inline_len == 0)
		return read_runs(file->view, &file->runs, file->block_bytes, offset, data, len);
	here = offset < file->inline_len ? (size_t)(file->inline_len - offset) : 0;
	here = here < len ? here : len;
	memcpy(data, file->inline_data + (here ? offset : 0), here);
	memset((unsigned char *)data + here, 0, len - here);
	return 0;
}

static int check(const struct extfs *extfs, const struct inode *inode, struct line *line)
{
	if (inode->flags & EXT4_ENCRYPT_FL) {
		line_set(line, "encrypted: the key is not in the image");
		return -EUCLEAN;
	}
	if (!(inode->flags & EXT4_INLINE_DATA_FL) && inode->size > runs_size_max(extfs, inode)) {
		line_set(line, "a size of %" PRIu64 " bytes, more than a file can have here", inode->size);
		return -EUCLEAN;
	}
	return 0;
}

/* Truncated images: what lies behind their end is known before anything is read. */
static int check_end(const struct extfs *extfs, const struct runs *runs, struct line *line)
{
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->all[i];

		if (run->physical + run->length <= extfs->blocks_here)
			continue;
		line_set(line, "its block %" PRIu64 " lies behind the end of the image",
			 run->physical + run->length - 1);
		return -EUCLEAN;
	}
	return 0;
}

static uint64_t blocks_of(const struct extfs *extfs, uint64_t bytes)
{
	return bytes / extfs->block_bytes + (bytes % extfs->block_bytes != 0);
}

/* The inode's 60 bytes, then what its attribute system.data holds. */
static int inline_parts(const struct extfs *extfs, const struct inode *inode, uint64_t len, struct bytes *ret_more,
			struct line *line)
{
	int r = xattr_inline_data(extfs, inode, ret_more, line);

	if (r == 0 && len > INODE_BLOCK_BYTES + ret_more->len) {
		line_set(line, "%" PRIu64 " bytes within inode %" PRIu32 ", which holds %zu", len, inode->number,
			 INODE_BLOCK_BYTES + ret_more->len);
		return -EUCLEAN;
	}
	return r;
}

static void copy_inline(const struct inode *inode, struct bytes more, unsigned char *to, size_t len)
{
	size_t here = len < INODE_BLOCK_BYTES ? len : INODE_BLOCK_BYTES;

	memcpy(to, inode->pointers, here);
	if (len > here)
		memcpy(to + here, more.data, len - here);
}

int content_new(struct extfs *extfs, const struct inode *inode, struct content **ret_content, struct line *line)
{
	CLEANUP(file_freep) struct file *file = NULL;
	bool is_inline = (inode->flags & EXT4_INLINE_DATA_FL) != 0;
	struct bytes more = { NULL, 0 };
	int r = check(extfs, inode, line);

	if (r == 0 && is_inline)
		r = inline_parts(extfs, inode, inode->size, &more, line);
	if (r < 0)
		return r;
	file = calloc(1, sizeof(*file) + (is_inline ? (size_t)inode->size : 0));
	if (!file)
		return -ENOMEM;
	file->content = (struct content){ file_read, file_free };
	file->view = &extfs->view;
	file->block_bytes = extfs->block_bytes;
	if (is_inline) {
		file->inline_len = (size_t)inode->size;
		copy_inline(inode, more, file->inline_data, file->inline_len);
	} else {
		r = runs_read(extfs, inode, blocks_of(extfs, inode->size), &file->runs, line);
		if (r == 0)
			r = check_end(extfs, &file->runs, line);
		if (r < 0)
			return r;
	}
	*ret_content = &STEAL(file)->content;
	return 0;
}

int content_head(struct extfs *extfs, const struct inode *inode, void *data, size_t len, struct line *line)
{
	CLEANUP(runs_done) struct runs runs = RUNS_INIT;
	struct bytes more = { NULL, 0 };
	int r;

	if (inode->flags & EXT4_INLINE_DATA_FL) {
		r = inline_parts(extfs, inode, len, &more, line);
		if (r == 0)
			copy_inline(inode, more, data, len);
		return r;
	}
	r = runs_read(extfs, inode, blocks_of(extfs, len), &runs, line);
	if (r == 0)
		r = check_end(extfs, &runs, line);
	if (r == 0)
		r = read_runs(&extfs->view, &runs, extfs->block_bytes, 0, data, len);
	if (r == -EIO)
		line_set(line, "the blocks of inode %" PRIu32 " cannot be read in the image", inode->number);
	return r;
}
