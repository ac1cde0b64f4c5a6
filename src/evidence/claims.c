/* claims.c - see claims.h. */
#include "evidence/claims.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/quote.h"

void claims_init(struct claims *claims, const struct evidence_job *job, struct evidence_result *result)
{
	*claims = (struct claims){ .job = job, .result = result };
}

void claims_done(struct claims *claims)
{
	buf_done(&claims->last);
	chain_done(&claims->dirs);
	buf_done(&claims->xattrs);
	buf_done(&claims->problems);
	buf_done(&claims->lines);
	free(claims->partitions);
	free(claims->fstab);
	free(claims->result->ranges);
	claims->result->ranges = NULL;
	claims_init(claims, claims->job, claims->result);
}

static int malformed(const char *what, struct err *err)
{
	return err_set(err, ERR_DATA, "%s", what);
}

static bool is_tree(const struct claims *claims)
{
	return claims->job->kind == EVIDENCE_ARCHIVE || (claims->job->kind == EVIDENCE_EXTFS && claims->has_extfs);
}

int claims_problem(struct claims *claims, struct bytes path, const char *line, struct err *err)
{
	size_t place = claims->lines.len;

	if (claims->result->problems++ >= CLAIMS_PROBLEMS_MAX || place >= CLAIMS_PROBLEMS_BYTES)
		return 0;
	(void)buf_add_u32(&claims->lines, (uint32_t)path.len);
	(void)buf_add(&claims->lines, path.data, path.len);
	(void)buf_add(&claims->lines, line, strlen(line) + 1);
	(void)buf_add(&claims->problems, &place, sizeof(place));
	return buf_failed(&claims->lines) || buf_failed(&claims->problems) ? err_nomem(err) : 0;
}

bool claims_get_problem(const struct claims *claims, uint64_t index, struct bytes *ret_path, const char **ret_line)
{
	struct cursor cursor;
	size_t place;

	if (index >= claims->problems.len / sizeof(place))
		return false;
	memcpy(&place, claims->problems.data + index * sizeof(place), sizeof(place));
	cursor = (struct cursor){ claims->lines.data + place, claims->lines.len - place };
	if (!wire_take_text(&cursor, ret_path))
		return false;
	*ret_line = (const char *)cursor.data;
	return true;
}

static int take_problem(struct claims *claims, struct cursor body, struct err *err)
{
	char text[WIRE_LINE_MAX + 1];
	struct bytes path, line;

	if (!wire_take_text(&body, &path) || !wire_take_text(&body, &line) || body.len || !path_valid(path) ||
	    line.len == 0 || line.len > WIRE_LINE_MAX || !wire_is_line(line))
		return malformed("a malformed problem", err);
	memcpy(text, line.data, line.len);
	text[line.len] = '\0';
	return claims_problem(claims, path, text, err);
}

static int count_entry(struct claims *claims, const struct claim *claim, struct err *err)
{
	struct evidence_result *result = claims->result;
	uint64_t max = claims->job->kind == EVIDENCE_ARCHIVE ? CLAIMS_MEMBERS_MAX : CLAIMS_ENTRIES_MAX;

	if (result->entries >= max)
		return err_set(err, ERR_DATA, "more than %llu entries", (unsigned long long)max);
	claims->member_bytes += claims->job->kind == EVIDENCE_ARCHIVE
					? claim->entry.path.len + claim->encoded.len + claim->target.len
					: 0;
	if (claims->member_bytes > CLAIMS_MEMBER_BYTES_MAX)
		return err_set(err, ERR_DATA, "more than %llu GiB of members, without their contents",
			       (unsigned long long)(CLAIMS_MEMBER_BYTES_MAX >> 30));
	result->entries++;
	if (claim->tag == TAG_ENTRY) {
		result->examined +=
			claims->job->kind != EVIDENCE_ARCHIVE; /* of those, each name counts once: members.c */
		result->files_read += (claim->entry.value & ATTR_BIT(ATTR_CONTENT)) != 0;
	}
	if (claims->job->kind == EVIDENCE_ARCHIVE) { /* those of a file system: claims_place() */
		buf_clear(&claims->last);
		if (buf_add(&claims->last, claim->entry.path.data, claim->entry.path.len) < 0)
			return err_nomem(err);
	}
	result->last = (struct bytes){ claims->last.data, claims->last.len };
	return 1;
}

static int take_entry(struct claims *claims, enum tag tag, struct cursor body, struct claim *ret_claim, struct err *err)
{
	bool archive = claims->job->kind == EVIDENCE_ARCHIVE;
	struct entry *entry = &ret_claim->entry;
	struct bytes path;
	int r;

	if (!is_tree(claims) || (tag == TAG_TARGET && !archive))
		return malformed("an entry where none is due", err);
	if (!wire_take_text(&body, &path) || !path_valid(path))
		return malformed("an entry whose path no file can have", err);
	*ret_claim = (struct claim){ .tag = tag, .encoded = { body.data, body.len } };
	r = entry_decode(body.data, body.len, &claims->xattrs, entry, err);
	if (r < 0)
		return err_wrap(err, r, "'%s'", QUOTE_N(path.data, path.len));
	entry->path = path;
	if (entry->since || !wire_is_line(entry->problem))
		return err_set(err, ERR_DATA, "'%s': malformed entry", QUOTE_N(path.data, path.len));
	if (archive && !path_covers(claims->job->at, path))
		return err_set(err, ERR_DATA, "'%s': outside of the tree", QUOTE_N(path.data, path.len));
	if (!archive) {
		bool is_dir = (entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_DIR;

		r = claims_place(claims, path, is_dir, err);
	}
	return r < 0 ? r : count_entry(claims, ret_claim, err);
}

static int take_link(struct claims *claims, struct cursor body, struct claim *ret_claim, struct err *err)
{
	struct bytes path, target;

	if (claims->job->kind != EVIDENCE_ARCHIVE || !wire_take_text(&body, &path) || !wire_take_text(&body, &target) ||
	    body.len || !path_valid(path) || !path_valid(target) || !path_covers(claims->job->at, path) ||
	    !path_covers(claims->job->at, target))
		return malformed("a malformed link", err);
	*ret_claim = (struct claim){ .tag = TAG_LINK, .entry = { .path = path }, .target = target };
	return count_entry(claims, ret_claim, err);
}

static int take_way(struct claims *claims, struct cursor body, struct err *err)
{
	struct bytes path = { body.data, body.len };

	if (claims->job->kind != EVIDENCE_EXTFS || !is_tree(claims) || !path_valid(path))
		return malformed("a malformed directory on the way", err);
	return claims_place(claims, path, true, err);
}

static int take_confined(struct claims *claims, struct cursor body, struct err *err)
{
	uint8_t landlock, seccomp;

	if (claims->confined || !cursor_u8(&body, &landlock) || !cursor_u8(&body, &seccomp) || body.len ||
	    landlock > 1 || seccomp > 1)
		return malformed("a malformed beginning", err);
	claims->result->landlock = landlock;
	claims->result->seccomp = seccomp;
	claims->confined = true;
	return 0;
}

static int take_partitions(struct claims *claims, struct cursor body, struct err *err)
{
	if (claims->job->kind != EVIDENCE_PARTITIONS || claims->partitions)
		return malformed("partitions where none are due", err);
	claims->partitions = calloc(1, sizeof(*claims->partitions));
	if (!claims->partitions)
		return err_nomem(err);
	if (!wire_take_partitions(body, claims->partitions))
		return malformed("malformed partitions", err);
	claims->result->partitions = claims->partitions;
	return 0;
}

static int take_fstab(struct claims *claims, struct cursor body, struct err *err)
{
	if (claims->job->kind != EVIDENCE_FSTAB || claims->fstab)
		return malformed("an fstab where none is due", err);
	claims->fstab = calloc(1, sizeof(*claims->fstab));
	if (!claims->fstab)
		return err_nomem(err);
	if (!wire_take_fstab(body, claims->fstab))
		return malformed("a malformed fstab", err);
	claims->result->fstab = claims->fstab;
	return 0;
}

/* What stands in CLAIMS itself: once, and for its kind of job. */
static int take_fact(struct claims *claims, enum tag tag, struct cursor body, struct err *err)
{
	enum evidence_kind kind = claims->job->kind;
	struct evidence_result *result = claims->result;

	if (tag == TAG_EXTFS && kind == EVIDENCE_EXTFS && !claims->has_extfs && wire_take_extfs(body, &claims->extfs)) {
		claims->has_extfs = true;
		result->extfs = &claims->extfs;
		return 0;
	}
	if (tag == TAG_ARCHIVE && kind == EVIDENCE_ARCHIVE && !claims->has_archive &&
	    wire_take_archive(body, &claims->archive)) {
		claims->has_archive = true;
		result->archive = &claims->archive;
		return 0;
	}
	if (tag == TAG_DIGEST && kind == EVIDENCE_HASH && !claims->has_digest &&
	    wire_take_digest(body, &claims->digest)) {
		claims->has_digest = true;
		result->digest = &claims->digest;
		return 0;
	}
	return malformed("a malformed description, or one that is not due", err);
}

static int take_ranges(struct claims *claims, struct cursor body, struct err *err)
{
	CLEANUP(freep) struct disk_range *ranges = NULL;

	if (claims->result->ranges || body.len > CLAIMS_RANGES_MAX * sizeof(*ranges))
		return malformed("too many unreadable ranges", err);
	ranges = malloc(body.len + 1);
	if (!ranges)
		return err_nomem(err);
	if (!wire_take_ranges(body, ranges, &claims->result->range_count))
		return malformed("malformed unreadable ranges", err);
	claims->result->ranges = STEAL(ranges);
	return 0;
}

static int take_end(struct claims *claims, struct cursor body, struct err *err)
{
	struct evidence_result *result = claims->result;
	bool complete = claims->confined && (claims->job->kind != EVIDENCE_PARTITIONS || claims->partitions) &&
			(claims->job->kind != EVIDENCE_EXTFS || claims->has_extfs) &&
			(claims->job->kind != EVIDENCE_ARCHIVE || claims->has_archive) &&
			(claims->job->kind != EVIDENCE_HASH || claims->has_digest) &&
			(claims->job->kind != EVIDENCE_FSTAB || claims->fstab);
	struct bytes line;
	uint8_t whole;

	if (!cursor_u8(&body, &whole) || whole > 1 || !wire_take_text(&body, &line) || body.len ||
	    (line.len == 0) != (whole == 1) || line.len >= sizeof(result->ended) || !wire_is_line(line))
		return malformed("a malformed end", err);
	if (whole && !complete)
		return malformed("an end that comes too early", err);
	claims->ended = true;
	result->whole = whole;
	if (line.len)
		memcpy(result->ended, line.data, line.len);
	result->ended[line.len] = '\0';
	return 0;
}

int claims_take(struct claims *claims, const unsigned char *data, size_t len, struct claim *ret_claim, struct err *err)
{
	struct cursor body = { data, len };
	uint8_t tag;

	if (claims->ended || !cursor_u8(&body, &tag))
		return malformed("something behind the end, or nothing", err);
	if (!claims->confined && tag != TAG_CONFINED && tag != TAG_END)
		return malformed("something before the beginning", err);
	switch ((enum tag)tag) {
	case TAG_CONFINED:
		return take_confined(claims, body, err);
	case TAG_PARTITIONS:
		return take_partitions(claims, body, err);
	case TAG_FSTAB:
		return take_fstab(claims, body, err);
	case TAG_EXTFS:
	case TAG_ARCHIVE:
	case TAG_DIGEST:
		return take_fact(claims, (enum tag)tag, body, err);
	case TAG_RANGES:
		return take_ranges(claims, body, err);
	case TAG_STATS:
		return wire_take_stats(body, claims->result) ? 0 : malformed("malformed counts", err);
	case TAG_WAY:
		return take_way(claims, body, err);
	case TAG_ENTRY:
	case TAG_TARGET:
		return take_entry(claims, (enum tag)tag, body, ret_claim, err);
	case TAG_LINK:
		return take_link(claims, body, ret_claim, err);
	case TAG_PROBLEM:
		return take_problem(claims, body, err);
	case TAG_END:
		return take_end(claims, body, err);
	default:
		return err_set(err, ERR_DATA, "a record of unknown kind %u", tag);
	}
}
