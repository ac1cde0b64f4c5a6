/* dir_block.c - see dir_block.h. Source: Documentation/filesystems/ext4/directory.rst of Linux. */
#include "extfs/dir_block.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/quote.h"

enum { RECORD_HEAD = 8, RECORD_ROUND = 3 };

struct record {
	uint32_t inode;
	size_t len;
	struct bytes name;
	uint8_t d_type;
};

static const uint8_t d_types[] = { DT_UNKNOWN, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK };

/* Blocks of 64 KiB do not fit into 16 bits: the two low bits, always 0 otherwise, are the high ones. */
static size_t record_len(const struct extfs *extfs, unsigned len)
{
	if (extfs->block_bytes < 65536)
		return len;
	if (len == 0 || len == UINT16_MAX)
		return extfs->block_bytes;
	return (len & 0xfffcu) | (len & 3u) << 16;
}

/* False when it cannot be: nothing behind it in this block is to be believed. */
static bool read_record(const struct extfs *extfs, const unsigned char *at, size_t room, struct record *ret_record)
{
	uint32_t inode;
	uint16_t len;
	unsigned type;

	if (room < RECORD_HEAD)
		return false;
	memcpy(&inode, at, sizeof(inode));
	memcpy(&len, at + 4, sizeof(len));
	type = ext2fs_has_feature_filetype(extfs->fs->super) ? at[7] : 0;
	*ret_record = (struct record){
		.inode = le32toh(inode),
		.len = record_len(extfs, le16toh(len)),
		.name = { at + RECORD_HEAD, at[6] },
		.d_type = (type & 15) < sizeof(d_types) ? d_types[type & 15] : DT_UNKNOWN,
	};
	return ret_record->len >= RECORD_HEAD && ret_record->len % 4 == 0 && ret_record->len <= room &&
	       ret_record->name.len + RECORD_HEAD <= ret_record->len;
}

/* "." and "..", once each, are the directory's own. */
static bool is_dots(struct gathering *gathering, struct bytes name)
{
	unsigned bit = (unsigned)name.len; /* 1, 2 */

	if (name.len == 0 || name.len > 2 || name.data[0] != '.' || name.data[name.len - 1] != '.' ||
	    gathering->dots & bit)
		return false;
	gathering->dots |= bit;
	return true;
}

static bool can_be(struct bytes name)
{
	if (name.len == 0 || memchr(name.data, '/', name.len) || memchr(name.data, '\0', name.len))
		return false;
	return !(name.data[0] == '.' && (name.len == 1 || (name.len == 2 && name.data[1] == '.')));
}

static int take_bad(struct gathering *gathering, const struct record *record)
{
	struct dir *dir = gathering->dir;

	if (dir->bad_count++ >= DIR_BAD_MAX)
		return 0;
	if (buf_printf(&dir->bad, "an entry named '%s' (inode %" PRIu32 "): no file can be called so",
		       QUOTE_N(record->name.data, record->name.len), record->inode) < 0 ||
	    buf_add_byte(&dir->bad, '\0') < 0)
		return -ENOMEM;
	return 0;
}

static uint64_t key_of(struct bytes name)
{
	unsigned char first[8] = { 0 };
	uint64_t key;

	memcpy(first, name.data, name.len < sizeof(first) ? name.len : sizeof(first));
	memcpy(&key, first, sizeof(key));
	return be64toh(key);
}

static int take(struct gathering *gathering, const struct record *record)
{
	struct dir *dir = gathering->dir;
	struct dir_row row = { .key = key_of(record->name),
			       .name = (uint32_t)dir->names.len,
			       .inode = record->inode,
			       .len = (uint8_t)record->name.len,
			       .d_type = record->d_type };
	uint64_t bytes = sizeof(row) + record->name.len;

	if (gathering->extfs->held_bytes + bytes > DIR_HELD_MAX) {
		line_set(gathering->line,
			 "more names than can be held at once: those behind the first %zu were not looked at",
			 dir->count);
		return 1;
	}
	if (buf_add(&dir->names, record->name.data, record->name.len) < 0 || buf_add(&dir->rows, &row, sizeof(row)) < 0)
		return -ENOMEM;
	gathering->extfs->held_bytes += bytes;
	dir->held += bytes;
	dir->count++;
	return 0;
}

int dir_block_take(struct gathering *gathering, const unsigned char *data, size_t len)
{
	int r = 0;

	for (size_t at = 0; at < len && r == 0;) {
		struct record record;

		if (!read_record(gathering->extfs, data + at, len - at, &record)) {
			line_set(gathering->line,
				 "directory inode %" PRIu32
				 ": a record that cannot be; what follows in its block is lost",
				 gathering->inode->number);
			return 0;
		}
		at += record.len;
		if (record.inode == 0 || is_dots(gathering, record.name))
			continue;
		r = can_be(record.name) ? take(gathering, &record) : take_bad(gathering, &record);
	}
	return r;
}
