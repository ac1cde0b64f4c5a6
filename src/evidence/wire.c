/* wire.c - writing records. See wire.h. */
#include "evidence/wire.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"

size_t wire_begin(struct buf *out, enum tag tag)
{
	size_t place = out->len;

	(void)buf_add_u32(out, 0);
	(void)buf_add_byte(out, (unsigned char)tag);
	return place;
}

void wire_end(struct buf *out, size_t place)
{
	size_t len = out->len - place - 4;

	for (size_t i = 0; i < 4 && !buf_failed(out); i++)
		out->data[place + i] = (unsigned char)(len >> (8 * i));
}

void wire_text(struct buf *out, struct bytes text)
{
	(void)buf_add_u32(out, (uint32_t)text.len);
	(void)buf_add(out, text.data, text.len);
}

bool wire_is_line(struct bytes text)
{
	CLEANUP(buf_done) struct buf quoted = BUF_INIT;
	size_t backslashes = 0;

	for (size_t i = 0; i < text.len; i++)
		backslashes += text.data[i] == '\\';
	/* a backslash becomes two, anything else that is escaped becomes four characters at least */
	return quote_add(&quoted, text.data, text.len, NULL) == 0 && quoted.len == text.len + backslashes;
}

/* Where a line can be cut so that no character is: at most MAX bytes. */
static size_t cut(struct bytes text, size_t max)
{
	size_t len = text.len < max ? text.len : max;

	while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void wire_line(struct buf *out, const char *line, size_t max)
{
	CLEANUP(buf_done) struct buf quoted = BUF_INIT;
	struct bytes text = bytes_of(line);

	if (!wire_is_line(text)) {
		if (quote_add(&quoted, text.data, text.len, NULL) < 0) {
			out->failed = true;
			return;
		}
		text = (struct bytes){ quoted.data, quoted.len };
	}
	text.len = cut(text, max);
	wire_text(out, text);
}

void wire_entry(struct buf *out, enum tag tag, const struct entry *entry)
{
	size_t place = wire_begin(out, tag);

	wire_text(out, entry->path);
	(void)entry_encode(entry, out);
	wire_end(out, place);
}

void wire_problem(struct buf *out, struct bytes path, const char *line)
{
	size_t place = wire_begin(out, TAG_PROBLEM);

	wire_text(out, path);
	wire_line(out, line, WIRE_LINE_MAX);
	wire_end(out, place);
}

/* An array of characters with a NUL, as it is. */
#define ADD_RAW(out, array)  wire_text((out), bytes_of(array))
#define ADD_LINE(out, array) wire_line((out), (array), sizeof(array) - 1)

void wire_partitions(struct buf *out, const struct partitions *partitions)
{
	size_t place = wire_begin(out, TAG_PARTITIONS);

	ADD_LINE(out, partitions->table);
	ADD_LINE(out, partitions->problem);
	(void)buf_add_u64(out, partitions->beyond);
	(void)buf_add_u32(out, (uint32_t)partitions->count);
	for (size_t i = 0; i < partitions->count; i++) {
		const struct partition *partition = &partitions->partitions[i];

		(void)buf_add_u32(out, partition->number);
		(void)buf_add_u64(out, partition->offset);
		(void)buf_add_u64(out, partition->size);
		ADD_LINE(out, partition->type);
		ADD_RAW(out, partition->uuid);
		ADD_RAW(out, partition->label);
		ADD_RAW(out, partition->part_uuid);
		ADD_RAW(out, partition->part_label);
		ADD_LINE(out, partition->problem);
	}
	wire_end(out, place);
}

void wire_extfs(struct buf *out, const struct extfs_info *info)
{
	size_t place = wire_begin(out, TAG_EXTFS);

	ADD_LINE(out, info->type);
	ADD_LINE(out, info->uuid);
	ADD_RAW(out, info->label);
	ADD_RAW(out, info->last_mounted);
	ADD_LINE(out, info->problem);
	(void)buf_add_u32(out, info->block_bytes);
	(void)buf_add_u64(out, info->blocks);
	(void)buf_add_u64(out, info->inodes);
	(void)buf_add_byte(out, info->marked_errors);
	(void)buf_add_byte(out, info->marked_unclean);
	(void)buf_add_byte(out, (unsigned char)info->journal);
	(void)buf_add_u64(out, info->transactions);
	(void)buf_add_u64(out, info->journal_blocks);
	(void)buf_add_u64(out, info->fast_commit_blocks);
	wire_end(out, place);
}

void wire_archive(struct buf *out, const struct archive_info *info)
{
	size_t place = wire_begin(out, TAG_ARCHIVE);

	ADD_LINE(out, info->format);
	ADD_LINE(out, info->problem);
	(void)buf_add_u64(out, info->entries);
	(void)buf_add_u64(out, info->bytes);
	(void)buf_add_u32(out, info->gives);
	(void)buf_add_byte(out, info->fractions);
	(void)buf_add_byte(out, info->by_name);
	(void)buf_add_u64(out, info->outside);
	wire_end(out, place);
}

void wire_digest(struct buf *out, const struct disk_digest *digest)
{
	size_t place = wire_begin(out, TAG_DIGEST);

	(void)buf_add(out, digest->sha256, sizeof(digest->sha256));
	(void)buf_add_u64(out, digest->unreadable_bytes);
	(void)buf_add_byte(out, (unsigned char)digest->stored_md5);
	(void)buf_add_byte(out, (unsigned char)digest->stored_sha1);
	wire_end(out, place);
}

void wire_fstab(struct buf *out, const struct fstab *fstab)
{
	size_t place = wire_begin(out, TAG_FSTAB);

	(void)buf_add_u32(out, (uint32_t)fstab->count);
	for (size_t i = 0; i < fstab->count; i++) {
		ADD_RAW(out, fstab->rows[i].spec);
		ADD_RAW(out, fstab->rows[i].path);
	}
	wire_end(out, place);
}

void wire_ranges(struct buf *out, const struct disk_range *ranges, size_t count)
{
	size_t place = wire_begin(out, TAG_RANGES);

	for (size_t i = 0; i < count; i++) {
		(void)buf_add_u64(out, ranges[i].offset);
		(void)buf_add_u64(out, ranges[i].len);
	}
	wire_end(out, place);
}

void wire_stats(struct buf *out, const struct evidence_result *result)
{
	size_t place = wire_begin(out, TAG_STATS);

	(void)buf_add_u64(out, result->excluded);
	(void)buf_add_u64(out, result->not_in_scope);
	(void)buf_add_u64(out, result->bytes_read);
	wire_end(out, place);
}
