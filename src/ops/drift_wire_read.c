/* drift_wire_read.c - reading the lines of a drift answer, which is input from outside; see drift_wire.h. */
#include <sodium.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "crypto/hash.h"
#include "ops/drift_wire.h"

enum { LINE_MAX_BYTES = 64 << 10, LIST_MAX = 4096 };

static int damaged(struct err *err, const char *member, const char *what)
{
	return err_set(err, ERR_DATA, "the daemon's answer is damaged: '%s' is no %s", member, what);
}

/* A string member; *ret_text NULL where it is null. */
static int get_line(const json_t *object, const char *member, const char **ret_text, struct err *err)
{
	const json_t *value = json_object_get(object, member);

	if (json_is_null(value)) {
		*ret_text = NULL;
		return 0;
	}
	if (!json_is_string(value) || json_string_length(value) > LINE_MAX_BYTES)
		return damaged(err, member, "line of text");
	*ret_text = json_string_value(value);
	return 0;
}

static int get_bytes(const json_t *object, const char *member, struct buf *space, struct bytes *ret_bytes,
		     struct err *err)
{
	const json_t *value = json_object_get(object, member);
	const char *text = json_string_value(value), *end = NULL;
	size_t len = text ? json_string_length(value) : 0, got = 0;

	buf_clear(space);
	if (buf_reserve(space, len + 1) < 0)
		return err_nomem(err);
	if (!text ||
	    sodium_base642bin(space->data, space->capacity, text, len, NULL, &got, &end,
			      sodium_base64_VARIANT_ORIGINAL) < 0 ||
	    end != text + len)
		return damaged(err, member, "base64");
	space->len = got;
	*ret_bytes = (struct bytes){ space->data, got };
	return 0;
}

/* Bytes that may have been escaped: then those in MEMBER_b64 count. */
static int get_exact(const json_t *object, const char *member, const char *exact, struct buf *space,
		     struct bytes *ret_bytes, struct err *err)
{
	const json_t *value = json_object_get(object, member);
	const char *text = json_string_value(value);

	if (json_object_get(object, exact))
		return get_bytes(object, exact, space, ret_bytes, err);
	if (!text || strchr(text, '\\'))
		return damaged(err, member, "name without escapes");
	*ret_bytes = (struct bytes){ (const unsigned char *)text, json_string_length(value) };
	return 0;
}

int path_wire_read(const json_t *object, struct buf *space, struct bytes *ret_path, struct err *err)
{
	struct bytes path;
	struct err inner = ERR_INIT;
	int r = get_exact(object, "path", "path_b64", space, &path, &inner);

	if (r == ERR_INTERNAL)
		return err_nomem(err);
	if (r < 0 || !path_valid(path))
		return err_set(err, ERR_DATA, "'path' is no path that can be recorded");
	*ret_path = path;
	return 0;
}

void change_wire_done(struct change_wire *wire)
{
	buf_done(&wire->bytes);
	change_space_done(&wire->space);
}

static bool mounts_fit(const struct change *change)
{
	const struct mount *before = change->mount_before, *after = change->mount_after;

	return change->kind == CHANGE_CHANGED && !change->before && !change->after &&
	       (!before || path_valid(before->path)) && (!after || path_valid(after->path)) &&
	       (!before || !after || bytes_equal(before->path, after->path));
}

/* Are the parts there that its kind has? change_decode() leaves that to who wrote the bytes. */
static bool parts_fit(const struct change *change)
{
	if (change->log & ~(unsigned)(LOG_TRUNCATED | LOG_REPLACED | LOG_REWRITTEN))
		return false;
	if (change->mount_before || change->mount_after)
		return mounts_fit(change);
	switch (change->kind) {
	case CHANGE_ADDED:
		return change->after && !change->before;
	case CHANGE_REMOVED:
		return change->before && !change->after;
	case CHANGE_CHANGED:
		return change->before && change->after && bytes_equal(change->before->path, change->after->path);
	case CHANGE_MOVED:
		return false;
	}
	return false;
}

int change_wire_read(const json_t *reply, struct change_wire *wire, struct change *ret_change, struct err *err)
{
	struct change change;
	struct bytes bytes;
	int r;

	r = get_bytes(reply, "change_b64", &wire->bytes, &bytes, err);
	if (r < 0)
		return r;
	r = change_decode(bytes.data, bytes.len, &wire->space, &change, err);
	if (r == ERR_INTERNAL)
		return r;
	if (r < 0 || !parts_fit(&change))
		return damaged(err, "change_b64", "change");
	*ret_change = change;
	return 0;
}

int unexamined_wire_read(const json_t *reply, struct buf *space, struct unexamined *ret_unexamined, struct err *err)
{
	const char *side = json_string_value(json_object_get(reply, "side"));
	const char *reason;
	struct bytes path;
	int r;

	if (!side || (strcmp(side, "a") != 0 && strcmp(side, "b") != 0))
		return damaged(err, "side", "side of a comparison");
	r = path_wire_read(reply, space, &path, err);
	if (r < 0)
		return r == ERR_INTERNAL ? r : damaged(err, "path", "path");
	r = get_line(reply, "reason", &reason, err);
	if (r < 0)
		return r;
	*ret_unexamined = (struct unexamined){ side[0], path, bytes_of(reason ? reason : "") };
	return 0;
}

/* ---- the summary: a reader that remembers its first failure ---- */

struct reader {
	const json_t *object;
	struct texts *texts;
	struct err *err;
	int r;
};

static uint64_t read_count(struct reader *reader, const char *member)
{
	const json_t *value = json_object_get(reader->object, member);

	if (reader->r < 0)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0) {
		reader->r = damaged(reader->err, member, "count");
		return 0;
	}
	return (uint64_t)json_integer_value(value);
}

static bool read_bool(struct reader *reader, const char *member)
{
	const json_t *value = json_object_get(reader->object, member);

	if (reader->r >= 0 && !json_is_boolean(value))
		reader->r = damaged(reader->err, member, "truth value");
	return json_is_true(value);
}

static const char *keep(struct reader *reader, const void *data, size_t len)
{
	const char *copy = texts_add_bytes(reader->texts, data, len);

	if (!copy)
		reader->r = err_nomem(reader->err);
	return copy;
}

static const char *read_line(struct reader *reader, const char *member)
{
	const char *text = NULL;

	if (reader->r >= 0)
		reader->r = get_line(reader->object, member, &text, reader->err);
	return reader->r >= 0 && text ? keep(reader, text, strlen(text)) : NULL;
}

/* A line that must be there. */
static const char *read_text(struct reader *reader, const char *member)
{
	const char *text = read_line(reader, member);

	if (reader->r >= 0 && !text)
		reader->r = damaged(reader->err, member, "line of text");
	return text;
}

/* What became raw bytes again stands in a C string: a NUL in it would be a lie. */
static const char *read_name(struct reader *reader)
{
	CLEANUP(buf_done) struct buf space = BUF_INIT;
	struct bytes name;

	if (reader->r >= 0)
		reader->r = get_exact(reader->object, "name", "name_b64", &space, &name, reader->err);
	if (reader->r >= 0 && (name.len > LINE_MAX_BYTES || memchr(name.data, '\0', name.len)))
		reader->r = damaged(reader->err, "name", "name");
	return reader->r >= 0 ? keep(reader, name.data, name.len) : NULL;
}

static struct timestamp read_time(struct reader *reader, const char *member)
{
	struct timestamp time = { 0, 0 };
	const char *text = read_line(reader, member);
	struct err inner = ERR_INIT;

	if (text && time_parse_utc(text, &time, &inner) < 0)
		reader->r = damaged(reader->err, member, "time");
	return time;
}

static struct reader inner_of(const struct reader *reader, const json_t *object)
{
	return (struct reader){ object, reader->texts, reader->err, reader->r };
}

static struct report_side read_side(struct reader *reader, const char *member)
{
	struct reader inner = inner_of(reader, json_object_get(reader->object, member));
	struct report_side side = { .kind = read_text(&inner, "kind") };

	/* a word of ours, printed as it is */
	if (side.kind && strspn(side.kind, "abcdefghijklmnopqrstuvwxyz") != strlen(side.kind))
		inner.r = damaged(inner.err, "kind", "word");
	side.name = read_name(&inner);
	reader->r = inner.r;
	return side;
}

/* A list of at most LIST_MAX items: their number, and room for as many of SIZE bytes. */
static size_t read_list(struct reader *reader, const char *member, size_t size, void **ret_items)
{
	const json_t *list = json_object_get(reader->object, member);
	size_t count = json_array_size(list);

	if (reader->r < 0)
		return 0;
	if (!json_is_array(list) || count > LIST_MAX) {
		reader->r = damaged(reader->err, member, "list");
		return 0;
	}
	*ret_items = texts_alloc(reader->texts, size * count + 1);
	if (!*ret_items)
		reader->r = err_nomem(reader->err);
	return *ret_items ? count : 0;
}

static const char *const *read_lines(struct reader *reader, const char *member, size_t *ret_count)
{
	const json_t *list = json_object_get(reader->object, member);
	void *space = NULL;
	size_t count = read_list(reader, member, sizeof(const char *), &space);
	const char **lines = space;

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(list, i);

		if (!json_is_string(item) || json_string_length(item) > LINE_MAX_BYTES) {
			reader->r = damaged(reader->err, member, "list of lines");
			return NULL;
		}
		lines[i] = keep(reader, json_string_value(item), json_string_length(item));
		if (!lines[i])
			return NULL;
	}
	*ret_count = count;
	return lines;
}

static const struct report_signer *read_signers(struct reader *reader, size_t *ret_count)
{
	const json_t *list = json_object_get(reader->object, "signers");
	void *space = NULL;
	size_t count = read_list(reader, "signers", sizeof(struct report_signer), &space);
	struct report_signer *signers = space;

	for (size_t i = 0; i < count && reader->r >= 0; i++) {
		struct reader inner = inner_of(reader, json_array_get(list, i));

		signers[i].name = read_name(&inner);
		signers[i].fingerprint = read_text(&inner, "fingerprint");
		signers[i].key_id = read_text(&inner, "key_id");
		signers[i].host = read_bool(&inner, "host");
		reader->r = inner.r;
	}
	*ret_count = reader->r >= 0 ? count : 0;
	return signers;
}

static uint32_t read_attributes(struct reader *reader, const char *member)
{
	size_t count = 0;
	const char *const *names = read_lines(reader, member, &count);
	uint32_t mask = 0;

	for (size_t i = 0; i < count && reader->r >= 0; i++) {
		enum attr attr;

		if (attr_parse(names[i], &attr))
			mask |= ATTR_BIT(attr);
		else
			reader->r = damaged(reader->err, member, "list of attributes");
	}
	return mask;
}

static void read_counts(struct reader *reader, struct diff_counts *counts)
{
	struct reader inner = inner_of(reader, json_object_get(reader->object, "incomparable"));

	counts->examined = read_count(reader, "examined");
	counts->added = read_count(reader, "added");
	counts->removed = read_count(reader, "removed");
	counts->changed = read_count(reader, "changed");
	counts->unexamined = read_count(reader, "unexamined");
	counts->followed = read_count(reader, "followed");
	counts->not_in_baseline = read_count(reader, "not_in_baseline");
	for (unsigned attr = 0; attr < ATTR_COUNT && reader->r >= 0; attr++) {
		inner.r = 0;
		if (json_object_get(inner.object, attr_name((enum attr)attr)))
			counts->incomparable[attr] = read_count(&inner, attr_name((enum attr)attr));
		reader->r = inner.r;
	}
}

/* The root is printed as it is: it has to look like one. */
static const char *read_root(struct reader *reader)
{
	const char *root = read_line(reader, "root");
	size_t prefix = strlen("blake2b256:");

	if (root && (strlen(root) + 1 != HASH_TEXT || memcmp(root, "blake2b256:", prefix) != 0 ||
		     strspn(root + prefix, "0123456789abcdef") + prefix != strlen(root)))
		reader->r = damaged(reader->err, "root", "hash");
	return root;
}

int summary_parts_read(const json_t *reply, struct texts *texts, struct report_summary *ret_summary,
		       struct drift_sync *ret_sync, struct err *err)
{
	struct reader reader = { reply, texts, err, 0 };
	struct report_summary summary = { .a = read_side(&reader, "a"), .b = read_side(&reader, "b") };
	struct drift_sync sync = { .synced = read_bool(&reader, "synced"), .gap = read_line(&reader, "sync_gap") };

	if (reader.r >= 0 && read_count(&reader, "format") != 1 && reader.r >= 0)
		return err_set(err, ERR_DATA, "the daemon's answer is of another format than this tally reads");
	read_counts(&reader, &summary.counts);
	summary.excluded = read_count(&reader, "excluded");
	summary.mounts_skipped = read_count(&reader, "mounts_not_crossed");
	summary.rotated = read_count(&reader, "rotated");
	summary.bytes_read = read_count(&reader, "bytes_read");
	summary.last_full = read_time(&reader, "last_full_read").sec;
	summary.authentic = read_bool(&reader, "authentic");
	summary.signers = read_signers(&reader, &summary.signer_count);
	summary.unknown_signers = read_lines(&reader, "unknown_signers", &summary.unknown_signer_count);
	summary.sequence = read_count(&reader, "sequence");
	summary.root = read_root(&reader);
	summary.host = read_line(&reader, "host");
	summary.host_id = read_line(&reader, "host_id");
	summary.created = read_time(&reader, "created");
	summary.attributes_not_compared = read_attributes(&reader, "attributes_not_compared");
	summary.notes = read_lines(&reader, "notes", &summary.note_count);
	if (reader.r < 0)
		return reader.r;
	*ret_summary = summary;
	*ret_sync = sync;
	return 0;
}
