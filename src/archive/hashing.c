/* hashing.c - see hashing.h. */
#include "archive/hashing.h"

#include "base/quote.h"
#include "crypto/digest.h"

enum { HEAD_BYTES = 4, ZEROS_BYTES = 64 << 10, EMPTY_BLOCKS_MAX = 1 << 16 };

struct hashing {
	struct member *member;
	struct sink *sink;
	const struct stream *stream;
	struct buf *copy; /* NULL: none */
	bool wanted; /* by the sink */
	uint64_t limit; /* bytes wanted */
	uint64_t at; /* bytes seen; those of the head are hashed when it is whole */
	bool program_only, whole;
	struct digest_state digest;
	unsigned char head[HEAD_BYTES];
};

/* How it went. */
enum outcome { MORE, ENOUGH, BROKEN, INTERRUPTED };

/* LEN bytes of the head are there and no more will come. A program is wanted whole, wherever it lies. */
static void look_at_head(struct hashing *hashing, size_t len)
{
	struct entry *entry = &hashing->member->entry;
	bool unused = false;

	if (!hashing->whole)
		entry->head =
			len == HEAD_BYTES && memcmp(hashing->head, "\177ELF", HEAD_BYTES) == 0 ? HEAD_ELF : HEAD_PLAIN;
	if (entry->head == HEAD_ELF && hashing->limit < entry->size) {
		uint64_t wanted = hashing->sink->wants(hashing->sink, entry, &unused);

		wanted = wanted < entry->size ? wanted : entry->size;
		hashing->limit = wanted > hashing->limit ? wanted : hashing->limit;
	}
	digest_update(&hashing->digest, hashing->head, len < hashing->limit ? len : (size_t)hashing->limit);
}

static bool is_enough(const struct hashing *hashing)
{
	return hashing->at >= HEAD_BYTES &&
	       (hashing->at >= hashing->limit || (hashing->program_only && hashing->member->entry.head != HEAD_ELF));
}

/* DATA is what comes next. */
static enum outcome take(struct hashing *hashing, const unsigned char *data, size_t len)
{
	if (stream_interrupted(hashing->stream))
		return INTERRUPTED;
	for (; len && hashing->at < HEAD_BYTES; len--) {
		hashing->head[hashing->at++] = *data++;
		if (hashing->at == HEAD_BYTES)
			look_at_head(hashing, HEAD_BYTES);
	}
	if (len == 0 || is_enough(hashing))
		return is_enough(hashing) ? ENOUGH : MORE;
	if (len > hashing->limit - hashing->at)
		len = (size_t)(hashing->limit - hashing->at);
	digest_update(&hashing->digest, data, len);
	hashing->at += len;
	return hashing->at >= hashing->limit ? ENOUGH : MORE;
}

/* A hole up to OFFSET. */
static enum outcome take_zeros(struct hashing *hashing, uint64_t offset)
{
	static const unsigned char zeros[ZEROS_BYTES];
	enum outcome outcome = MORE;

	while (outcome == MORE && hashing->at < offset) {
		uint64_t len = offset - hashing->at;

		outcome = take(hashing, zeros, len < ZEROS_BYTES ? (size_t)len : ZEROS_BYTES);
	}
	return outcome;
}

static enum outcome fail(struct hashing *hashing, const char *line, bool *ret_memory)
{
	if (hashing->wanted)
		*ret_memory = member_fail(hashing->member, ATTR_BIT(ATTR_CONTENT), line) < 0;
	return BROKEN;
}

static enum outcome fail_as_said(struct hashing *hashing, struct archive *archive, bool *ret_memory)
{
	const char *said = archive_error_string(archive);

	return fail(hashing, said ? QUOTE(said) : "cannot be unpacked", ret_memory);
}

/* A file with holes is no text of accounts. */
static void copy_block(struct hashing *hashing, const void *data, size_t len, uint64_t offset)
{
	if (hashing->copy && offset == hashing->copy->len)
		(void)buf_add(hashing->copy, data, len);
}

/* Block by block. *ret_ended: the archive ends here. */
static enum outcome read_blocks(struct hashing *hashing, struct archive *archive, bool *ret_ended, bool *ret_memory)
{
	const struct entry *entry = &hashing->member->entry;
	enum outcome outcome = MORE;
	unsigned empty = 0;

	while (outcome == MORE) {
		const void *data = NULL;
		size_t len = 0;
		la_int64_t offset = 0;
		int r = archive_read_data_block(archive, &data, &len, &offset);

		if (r == ARCHIVE_EOF)
			return take_zeros(hashing, entry->size);
		if (r != ARCHIVE_OK) {
			*ret_ended = r == ARCHIVE_FATAL;
			return stream_interrupted(hashing->stream) ? INTERRUPTED
								   : fail_as_said(hashing, archive, ret_memory);
		}
		empty = len ? 0 : empty + 1;
		if (offset < 0 || (uint64_t)offset < hashing->at || (uint64_t)offset > entry->size ||
		    len > entry->size - (uint64_t)offset || empty > EMPTY_BLOCKS_MAX)
			return fail(hashing, "its content does not fit its size, or its pieces are out of order",
				    ret_memory);
		copy_block(hashing, data, len, (uint64_t)offset);
		outcome = take_zeros(hashing, (uint64_t)offset);
		if (outcome == MORE && len)
			outcome = take(hashing, data, len);
		if (outcome == ENOUGH && (hashing->at == entry->size || hashing->copy))
			outcome = MORE; /* to the end of it, where checksums are, and pieces that should not be */
	}
	return outcome;
}

/* All that was wanted has been had, or all that there is. */
static void finish(struct hashing *hashing)
{
	struct entry *entry = &hashing->member->entry;

	if (hashing->at < HEAD_BYTES)
		look_at_head(hashing, (size_t)hashing->at);
	if (hashing->at < hashing->limit || (hashing->program_only && entry->head != HEAD_ELF))
		return;
	digest_final(&hashing->digest, entry->digest);
	entry->digest_bytes = hashing->limit;
	entry->value |= ATTR_BIT(ATTR_CONTENT);
}

int hashing_member(struct member *member, struct archive *archive, struct archive_entry *from, struct sink *sink,
		   const struct stream *stream, struct buf *copy, uint64_t *total, bool *ret_ended, struct err *err)
{
	struct entry *entry = &member->entry;
	struct hashing hashing = { .member = member, .sink = sink, .stream = stream, .copy = copy };
	bool memory = false;
	enum outcome outcome = MORE;

	hashing.limit = sink->wants(sink, entry, &hashing.program_only);
	hashing.wanted = hashing.limit > 0;
	if (!hashing.wanted && !copy)
		return 0;
	if (hashing.limit > entry->size)
		hashing.limit = entry->size;
	hashing.whole = hashing.limit == entry->size && !hashing.program_only;
	digest_init(&hashing.digest);
	if (!(entry->value & ATTR_BIT(ATTR_SIZE)))
		outcome = fail(&hashing, "the archive does not say how large it is", &memory);
	else if (archive_entry_is_encrypted(from))
		outcome = fail(&hashing, "encrypted", &memory);
	else if (entry->size)
		outcome = read_blocks(&hashing, archive, ret_ended, &memory);
	*total += hashing.at;
	if (memory || (copy && buf_failed(copy)))
		return err_nomem(err);
	if (copy && (outcome == BROKEN || copy->len != entry->size))
		buf_clear(copy);
	if (outcome == INTERRUPTED)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (outcome != BROKEN && hashing.wanted)
		finish(&hashing);
	return 0;
}
