/* compare_words.c - see compare_words.h. */
#include "ops/compare_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/plural.h"
#include "base/quote.h"
#include "ops/media.h"

/* What only one file system's own history keeps equal. */
#define IDENTITY (ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_BTIME))

struct words {
	struct comparison *comparison;
	const struct side *side;
	struct report_side *told;
};

/* One more line behind LINES. */
static int add_line(struct texts *texts, const char *const **lines, size_t *count, const char *format, va_list args,
		    struct err *err) __attribute__((format(printf, 4, 0)));

static int add_line(struct texts *texts, const char *const **lines, size_t *count, const char *format, va_list args,
		    struct err *err)
{
	/* there is room up to the next power of two: TEXTS keeps every array until the end */
	bool full = (*count & (*count - 1)) == 0;
	const char **rows;
	char line[1024];

	memcpy(&rows, lines, sizeof(rows)); /* made here, and not const */
	if (full)
		rows = texts_alloc(texts, (*count ? *count * 2 : 1) * sizeof(*rows));
	if (!rows)
		return err_nomem(err);
	(void)vsnprintf(line, sizeof(line), format, args);
	for (size_t i = 0; full && i < *count; i++)
		rows[i] = (*lines)[i];
	rows[*count] = texts_add(texts, line);
	if (!rows[*count])
		return err_nomem(err);
	*lines = rows;
	(*count)++;
	return 0;
}

static int detail(const struct words *words, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int detail(const struct words *words, struct err *err, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add_line(words->comparison->texts, &words->told->details, &words->told->detail_count, format, args, err);
	va_end(args);
	return r;
}

static int remark(struct comparison *comparison, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int remark(struct comparison *comparison, struct err *err, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add_line(comparison->texts, &comparison->summary.remarks, &comparison->summary.remark_count, format, args,
		     err);
	va_end(args);
	return r;
}

/* ---- a file system ---- */

static int tell_journal(const struct words *words, const char *where, const struct extfs_info *info, struct err *err)
{
	struct comparison *comparison = words->comparison;
	char side = words->side->letter;
	int r = 0;

	switch (info->journal) {
	case JOURNAL_PENDING:
		if (words->side->mounted_at) /* it always is, of what runs */
			return detail(words, err,
				      "the journal of %s held %" PRIu64 " transaction%s, %" PRIu64
				      " block%s: compared with them applied, in memory",
				      where, info->transactions, plural_s(info->transactions), info->journal_blocks,
				      plural_s(info->journal_blocks));
		r = comparison_note(comparison, err,
				    "%c: the journal of %s held what its file system does not show yet: %" PRIu64
				    " transaction%s, %" PRIu64 " block%s; compared with them applied, in memory",
				    side, where, info->transactions, plural_s(info->transactions), info->journal_blocks,
				    plural_s(info->journal_blocks));
		break;
	case JOURNAL_EXTERNAL:
		r = comparison_note(
			comparison, err,
			"%c: the journal of %s is pending and lies on another device: what it holds is not compared",
			side, where);
		break;
	case JOURNAL_DAMAGED:
		r = comparison_note(
			comparison, err, "%c: the journal of %s is damaged: %" PRIu64 " transaction%s applied, then %s",
			side, where, info->transactions, plural_s(info->transactions), QUOTE(info->problem));
		break;
	case JOURNAL_NONE:
	case JOURNAL_CLEAN:
	default:
		break;
	}
	if (r >= 0 && info->fast_commit_blocks)
		r = comparison_note(comparison, err,
				    "%c: the journal of %s has %" PRIu64
				    " blocks of fast commits: what they hold is not compared",
				    side, where, info->fast_commit_blocks);
	return r;
}

static int tell_extfs(const struct words *words, const struct side_part *part, struct err *err)
{
	const struct extfs_info *info = evidence_result(part->evidence)->extfs;
	char number[32] = "", where[600];
	int r;

	if (!info)
		return 0;
	if (part->assembled->number)
		(void)snprintf(number, sizeof(number), ", partition %" PRIu32, part->assembled->number);
	(void)snprintf(where, sizeof(where), "%s",
		       QUOTE_N(part->assembled->ground.path.data, part->assembled->ground.path.len));
	r = detail(words, err, "at %s%s: %s, UUID %s%s%s%s%s%s%s", where, number, info->type, QUOTE(info->uuid),
		   info->label[0] ? ", label " : "", info->label[0] ? QUOTE(info->label) : "",
		   info->last_mounted[0] ? ", last mounted on " : "",
		   info->last_mounted[0] ? QUOTE(info->last_mounted) : "",
		   info->marked_errors ? ", marked as having errors" : "",
		   info->marked_unclean ? ", not unmounted cleanly" : "");
	if (r >= 0 && info->problem[0] && info->journal != JOURNAL_DAMAGED)
		r = detail(words, err, "%s: %s", where, QUOTE(info->problem));
	return r < 0 ? r : tell_journal(words, where, info, err);
}

/* ---- the bytes ---- */

static int tell_ranges(const struct words *words, const struct evidence_result *result, struct err *err)
{
	uint64_t bytes = 0;
	int r = 0;

	for (size_t i = 0; i < result->range_count; i++)
		bytes += result->ranges[i].len;
	if (bytes)
		r = comparison_note(words->comparison, err, "%c: %" PRIu64 " bytes of %s could not be read",
				    words->side->letter, bytes, QUOTE(words->side->subject.typed));
	for (size_t i = 0; r >= 0 && i < result->range_count; i++)
		r = detail(words, err, "unreadable: bytes %" PRIu64 " to %" PRIu64, result->ranges[i].offset,
			   result->ranges[i].offset + result->ranges[i].len - 1);
	return r;
}

static int tell_stored(const struct words *words, const struct disk_digest *digest, struct err *err)
{
	const struct {
		const char *name;
		int state;
	} rows[] = { { "MD5", (int)digest->stored_md5 }, { "SHA-1", (int)digest->stored_sha1 } };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(rows); i++) {
		if (rows[i].state == STORED_RIGHT)
			r = detail(words, err, "the %s that the image states of itself is right", rows[i].name);
		else if (rows[i].state == STORED_WRONG)
			r = comparison_note(
				words->comparison, err,
				"%c: THE %s THAT THE IMAGE STATES OF ITSELF IS WRONG: it was damaged or changed",
				words->side->letter, rows[i].name);
	}
	return r;
}

static int tell_hash(const struct words *words, struct err *err)
{
	const struct evidence_result *result;
	char hex[DIGEST_HEX];
	int r = evidence_wait(words->side->hash, err);

	if (r < 0)
		return r;
	result = evidence_result(words->side->hash);
	if (!result->whole || !result->digest)
		return comparison_note(words->comparison, err, "%c: the image could not be hashed: %s",
				       words->side->letter, result->ended);
	digest_hex(result->digest->sha256, hex);
	r = detail(words, err, "sha256 of all %s bytes: %s%s", disk_form_name(words->side->source.form), hex,
		   result->digest->unreadable_bytes ? " (what could not be read taken for zeros)" : "");
	if (r >= 0)
		r = tell_stored(words, result->digest, err);
	return r < 0 ? r : tell_ranges(words, result, err);
}

static int tell_confined(const struct words *words, const struct evidence_result *result, struct err *err)
{
	if (result->landlock && result->seccomp)
		return 0;
	return detail(words, err, "the parser was confined without %s%s%s: this kernel has it not",
		      result->landlock ? "" : "Landlock", result->landlock || result->seccomp ? "" : " and ",
		      result->seccomp ? "" : "seccomp");
}

static int tell_archive(const struct words *words, const struct archive_info *info, struct err *err)
{
	int r = detail(words, err, "%s, %" PRIu64 " member%s%s", QUOTE(info->format), info->entries,
		       plural_s(info->entries), info->fractions ? "" : ", times compared to the second");

	if (r >= 0 && info->by_name)
		r = remark(words->comparison, err,
			   "%c: ACLs with names in place of numbers were read by its own etc/passwd and etc/group",
			   words->side->letter);
	return r;
}

static int tell_part(const struct words *words, const struct side_part *part, struct err *err)
{
	const struct evidence_result *result;
	int r;

	if (!part->evidence)
		return detail(words, err, "at %s: %s, mounted read-only by this system's kernel",
			      QUOTE_N(part->assembled->ground.path.data, part->assembled->ground.path.len),
			      part->assembled->ground.fstype);
	result = evidence_result(part->evidence);
	if (part->assembled)
		r = tell_extfs(words, part, err);
	else
		r = result->archive ? tell_archive(words, result->archive, err) : 0;
	if (r >= 0)
		r = tell_ranges(words, result, err);
	return r < 0 ? r : tell_confined(words, result, err);
}

/* ---- a side ---- */

static int tell_baseline(const struct words *words, const struct place *place, struct err *err)
{
	const struct reference *reference = &words->side->reference;
	struct report_summary *summary = &words->comparison->summary;
	struct place there = *place;
	int r;

	there.baseline = words->side->subject.file;
	if (words->side->letter == 'b' && summary->authentic)
		return detail(words, err, "generation %" PRIu64 " of %s, verified", reference->sequence,
			      QUOTE(reference->statement->host));
	r = reference_summary(reference, &there, words->comparison->texts, summary, err);
	summary->signed_b = words->side->letter == 'b';
	summary->a = summary->b;
	if (r >= 0 && reference->newest > reference->sequence)
		r = comparison_note(
			words->comparison, err,
			"%c: generation %llu; the file goes on to %llu, which this comparison does not rest on",
			words->side->letter, (unsigned long long)reference->sequence,
			(unsigned long long)reference->newest);
	return r;
}

/* Without a prefix a folder is a folder, whatever it holds: here that is hardly what was meant. */
static int tell_medium(const struct words *words, struct err *err)
{
	const struct subject *subject = &words->side->subject;

	if (subject->kind != SUBJECT_DIR || strcmp(subject->typed, subject->file) != 0 || !media_in(subject->file))
		return 0;
	return remark(words->comparison, err,
		      "%c: this folder looks like a medium, and only its own files were compared; medium:%s compares "
		      "the baseline in it",
		      words->side->letter, QUOTE(subject->file));
}

static int tell_side(const struct words *words, const struct place *place, struct err *err)
{
	const struct side *side = words->side;
	int r = 0;

	if (side->subject.kind == SUBJECT_BASELINE)
		r = tell_baseline(words, place, err);
	words->told->kind = side->subject.kind_name;
	words->told->name = side->subject.partition ? texts_printf(words->comparison->texts, "%s@%s",
								   side->subject.file, side->subject.partition)
						    : texts_add(words->comparison->texts, side->subject.file);
	if (r >= 0 && !words->told->name)
		return err_nomem(err);
	if (r >= 0)
		r = tell_medium(words, err);
	for (size_t i = 0; r >= 0 && i < side->assembly.note_count; i++)
		r = comparison_note(words->comparison, err, "%c: %s", side->letter, side->assembly.notes[i]);
	for (size_t i = 0; r >= 0 && i < side->part_count; i++)
		r = tell_part(words, &side->parts[i], err);
	if (r >= 0 && side->mounted_at)
		r = detail(
			words, err,
			"this device is mounted on %s: read past the page cache, what was not written yet is not there",
			QUOTE(side->mounted_at));
	if (r >= 0 && side->hash)
		r = tell_hash(words, err);
	return r;
}

/* What lies on the disk below a mount point of the other side: nobody has seen it there, and it is a place to hide in. */
static int tell_shadowed(const struct looks *looks, struct comparison *comparison, struct err *err)
{
	enum { NAMED_MAX = 8 };
	CLEANUP(buf_done) struct buf list = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < looks->shadow_count && !looks->a->mounted_at && !looks->b->mounted_at; i++) {
		if (path_covers(looks->b->at, looks->shadows[i]) && count++ < NAMED_MAX)
			(void)buf_printf(&list, "%s%s", count > 1 ? ", " : "",
					 QUOTE_N(looks->shadows[i].data, looks->shadows[i].len));
	}
	if (count > NAMED_MAX)
		(void)buf_printf(&list, " and %zu more", count - NAMED_MAX);
	if (count && !buf_str(&list))
		return err_nomem(err);
	return count ? remark(comparison, err, "mounted over on one side, so not compared there and below: %s",
			      (const char *)list.data)
		     : 0;
}

int compare_words(const struct looks *looks, const struct policy_verdict *policy, struct comparison *comparison,
		  struct err *err)
{
	struct report_summary *summary = &comparison->summary;
	struct report_side told_a = { .kind = NULL }, told_b = { .kind = NULL };
	const struct words a = { comparison, looks->a, &told_a }, b = { comparison, looks->b, &told_b };
	bool all = looks->strangers;
	int r = tell_side(&a, looks->a->place, err);

	if (r >= 0)
		r = tell_side(&b, looks->b->place, err);
	if (r >= 0)
		r = remark(comparison, err, "judged by %s", policy->from);
	if (r >= 0 && looks->a->subject.kind == SUBJECT_LIVE && looks->b->mounted_at)
		r = remark(
			comparison, err,
			"added: on the disk, and this running system does not show it; removed: the other way round");
	if (r >= 0 && looks->b->subject.kind == SUBJECT_LIVE && looks->a->mounted_at)
		r = remark(
			comparison, err,
			"removed: on the disk, and this running system does not show it; added: the other way round");
	for (size_t i = 0; i < looks->lineage_count; i++)
		all = all && looks->lineages[i].strangers;
	summary->strangers = looks->strangers;
	if (all)
		summary->attributes_not_compared |= IDENTITY;
	if (r >= 0 && looks->strangers)
		r = remark(comparison, err,
			   "%s: inode, ctime, btime, and size and links of directories, are not compared%s",
			   all ? "the two are not known to be one file system"
			       : "not all of it is known to be one file system on both sides",
			   all ? "" : " where it is not");
	if (r >= 0)
		r = tell_shadowed(looks, comparison, err);
	summary->a = told_a;
	summary->b = told_b;
	return r;
}
