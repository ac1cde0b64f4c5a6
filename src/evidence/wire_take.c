/* wire_take.c - reading records that nobody vouches for. See wire.h. */
#include <string.h>

#include "evidence/wire.h"

bool wire_take_text(struct cursor *cursor, struct bytes *ret_text)
{
	uint32_t len;

	if (!cursor_u32(cursor, &len) || !cursor_bytes(cursor, len, &ret_text->data))
		return false;
	ret_text->len = len;
	return true;
}

/* Into an array of SIZE bytes, with a NUL. */
static bool take_raw(struct cursor *cursor, char *array, size_t size)
{
	struct bytes text;

	if (!wire_take_text(cursor, &text) || text.len >= size || (text.len && memchr(text.data, '\0', text.len)))
		return false;
	memset(array, 0, size);
	if (text.len)
		memcpy(array, text.data, text.len);
	return true;
}

static bool take_line(struct cursor *cursor, char *array, size_t size)
{
	return take_raw(cursor, array, size) && wire_is_line(bytes_of(array));
}

#define TAKE_RAW(cursor, array)  take_raw((cursor), (array), sizeof(array))
#define TAKE_LINE(cursor, array) take_line((cursor), (array), sizeof(array))

static bool take_bool(struct cursor *cursor, bool *ret_value)
{
	uint8_t byte;

	if (!cursor_u8(cursor, &byte) || byte > 1)
		return false;
	*ret_value = byte;
	return true;
}

static bool take_partition(struct cursor *cursor, struct partition *partition)
{
	return cursor_u32(cursor, &partition->number) && cursor_u64(cursor, &partition->offset) &&
	       cursor_u64(cursor, &partition->size) && partition->size <= INT64_MAX &&
	       partition->offset <= INT64_MAX - partition->size && TAKE_LINE(cursor, partition->type) &&
	       TAKE_RAW(cursor, partition->uuid) && TAKE_RAW(cursor, partition->label) &&
	       TAKE_RAW(cursor, partition->part_uuid) && TAKE_RAW(cursor, partition->part_label) &&
	       TAKE_LINE(cursor, partition->problem);
}

bool wire_take_partitions(struct cursor body, struct partitions *ret_partitions)
{
	uint64_t beyond;
	uint32_t count;

	if (!TAKE_LINE(&body, ret_partitions->table) || !TAKE_LINE(&body, ret_partitions->problem) ||
	    !cursor_u64(&body, &beyond) || !cursor_u32(&body, &count) || beyond > UINT32_MAX || count > PARTITIONS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!take_partition(&body, &ret_partitions->partitions[i]))
			return false;
	ret_partitions->beyond = (size_t)beyond;
	ret_partitions->count = count;
	return body.len == 0;
}

bool wire_take_extfs(struct cursor body, struct extfs_info *ret_info)
{
	uint8_t journal;

	if (!TAKE_LINE(&body, ret_info->type) || !TAKE_LINE(&body, ret_info->uuid) ||
	    !TAKE_RAW(&body, ret_info->label) || !TAKE_RAW(&body, ret_info->last_mounted) ||
	    !TAKE_LINE(&body, ret_info->problem) || !cursor_u32(&body, &ret_info->block_bytes) ||
	    !cursor_u64(&body, &ret_info->blocks) || !cursor_u64(&body, &ret_info->inodes) ||
	    !take_bool(&body, &ret_info->marked_errors) || !take_bool(&body, &ret_info->marked_unclean) ||
	    !cursor_u8(&body, &journal) || journal > JOURNAL_DAMAGED || !cursor_u64(&body, &ret_info->transactions) ||
	    !cursor_u64(&body, &ret_info->journal_blocks) || !cursor_u64(&body, &ret_info->fast_commit_blocks))
		return false;
	ret_info->journal = (enum extfs_journal)journal;
	return body.len == 0;
}

bool wire_take_archive(struct cursor body, struct archive_info *ret_info)
{
	return TAKE_LINE(&body, ret_info->format) && TAKE_LINE(&body, ret_info->problem) &&
	       cursor_u64(&body, &ret_info->entries) && cursor_u64(&body, &ret_info->bytes) &&
	       cursor_u32(&body, &ret_info->gives) && !(ret_info->gives & ~ATTR_ALL) &&
	       take_bool(&body, &ret_info->fractions) && take_bool(&body, &ret_info->by_name) &&
	       cursor_u64(&body, &ret_info->outside) && body.len == 0;
}

bool wire_take_digest(struct cursor body, struct disk_digest *ret_digest)
{
	const unsigned char *sha256;
	uint8_t md5, sha1;

	if (!cursor_bytes(&body, sizeof(ret_digest->sha256), &sha256) ||
	    !cursor_u64(&body, &ret_digest->unreadable_bytes) || !cursor_u8(&body, &md5) || !cursor_u8(&body, &sha1) ||
	    md5 > STORED_WRONG || sha1 > STORED_WRONG)
		return false;
	memcpy(ret_digest->sha256, sha256, sizeof(ret_digest->sha256));
	ret_digest->stored_md5 = md5;
	ret_digest->stored_sha1 = sha1;
	return body.len == 0;
}

bool wire_take_fstab(struct cursor body, struct fstab *ret_fstab)
{
	uint32_t count;

	if (!cursor_u32(&body, &count) || count > FSTAB_ROWS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct fstab_row *row = &ret_fstab->rows[i];

		if (!TAKE_RAW(&body, row->spec) || !TAKE_RAW(&body, row->path) || !fstab_row_valid(row))
			return false;
	}
	ret_fstab->count = count;
	return body.len == 0;
}

bool wire_take_ranges(struct cursor body, struct disk_range *ret_ranges, size_t *ret_count)
{
	uint64_t end = 0;
	size_t count = 0;

	while (body.len) {
		struct disk_range range;

		if (!cursor_u64(&body, &range.offset) || !cursor_u64(&body, &range.len) || range.len == 0 ||
		    (count && range.offset <= end) || range.len > UINT64_MAX - range.offset)
			return false;
		end = range.offset + range.len;
		ret_ranges[count++] = range;
	}
	*ret_count = count;
	return true;
}

bool wire_take_stats(struct cursor body, struct evidence_result *result)
{
	return cursor_u64(&body, &result->excluded) && cursor_u64(&body, &result->not_in_scope) &&
	       cursor_u64(&body, &result->bytes_read) && body.len == 0;
}
