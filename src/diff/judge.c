/*
 * judge.c - see judge.h.
 *
 * First the set of attributes that count for this path (profile, kind of file, lineage), then what of it differs,
 * then the rules of growing logs, which take back what is mere growth.
 */
#include "diff/judge.h"

/* What only one file system's own history can keep equal. */
#define IDENTITY (ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_BTIME))
/* The same for directories: how a file system happens to store them. */
#define DIR_IDENTITY (ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_LINKS))
/* A program where a profile expects change is judged by these: the built-in profile `config`. */
#define PROGRAM                                                                                                        \
	(ATTR_ALL & ~(ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_BTIME) | ATTR_BIT(ATTR_INODE) |      \
		      ATTR_BIT(ATTR_LINKS)))

bool judge_strangers(const struct diff_options *options, struct bytes path)
{
	const struct lineage *best = NULL;

	for (size_t i = 0; i < options->lineage_count; i++) {
		const struct lineage *lineage = &options->lineages[i];

		if (path_covers(lineage->path, path) && (!best || lineage->path.len > best->path.len))
			best = lineage;
	}
	return best ? best->strangers : options->strangers;
}

static uint32_t lineage(uint32_t attributes, bool is_dir, struct bytes path, const struct diff_options *options)
{
	if (!judge_strangers(options, path))
		return attributes;
	return attributes & ~(IDENTITY | (is_dir ? DIR_IDENTITY : 0u));
}

/* What an expectant profile compares of something that is no program. */
static uint32_t expected(const struct profile *profile, bool is_log)
{
	uint32_t attributes = profile->attributes;

	if (profile->kind == PROFILE_PLAIN)
		return attributes;
	/* growth moves a log's times; a folder of logs grows with their number */
	attributes &= ~(ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME));
	if (!is_log)
		attributes &= ~(ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_LINKS));
	return attributes;
}

static uint32_t compared(const struct entry *a, const struct entry *b, const struct profile *profile,
			 const struct diff_options *options)
{
	bool is_dir = judge_is(a, TYPE_DIR) || judge_is(b, TYPE_DIR);
	uint32_t attributes;

	if (profile->kind != PROFILE_PLAIN && (entry_is_program(a) || entry_is_program(b)))
		attributes = profile->attributes | PROGRAM;
	else
		attributes = expected(profile, profile->kind == PROFILE_GROWING && judge_is(b, TYPE_FILE));
	/* a directory's size tells, like its times, that names came or went; a profile without the one wants no word of
	   the other */
	if (is_dir && !(attributes & ATTR_BIT(ATTR_MTIME)))
		attributes &= ~ATTR_BIT(ATTR_SIZE);
	return lineage(attributes, is_dir, b->path, options);
}

/* A log may grow. What else it did, by name. */
static void judge_log(const struct entry *a, const struct entry *b, struct judgement *judgement)
{
	const uint32_t size = ATTR_BIT(ATTR_SIZE), content = ATTR_BIT(ATTR_CONTENT);
	bool truncated = (a->value & b->value & size) && b->size < a->size;

	if (truncated)
		judgement->log |= LOG_TRUNCATED;
	else if (a->value & b->value & size)
		judgement->differs &= ~size;
	if (judgement->differs & ATTR_BIT(ATTR_INODE))
		judgement->log |= LOG_REPLACED;
	if (!(judgement->differs & content) || !(a->value & b->value & content))
		return;
	if (a->digest_bytes == b->digest_bytes) {
		judgement->log |= LOG_REWRITTEN;
		return;
	}
	/* a truncated log has no beginning of the old length left: its size tells, or else its content */
	if (truncated && !(judgement->differs & size))
		return;
	/* two beginnings of different length say nothing */
	judgement->differs &= ~content;
	if (!truncated)
		judgement->incomparable |= content;
}

/* Another type of file: what belongs to one type only is no news beside that. */
static uint32_t type_change(const struct entry *a, const struct entry *b, uint32_t differs)
{
	return differs & a->value & b->value;
}

struct judgement judge_both(const struct entry *a, const struct entry *b, const struct profile *profile,
			    const struct diff_options *options)
{
	const uint32_t content = ATTR_BIT(ATTR_CONTENT);
	uint32_t attributes = compared(a, b, profile, options);
	bool program = entry_is_program(a) || entry_is_program(b);
	struct judgement judgement = { .differs = entry_differs(a, b) & attributes,
				       .failed_a = a->failed & attributes,
				       .failed_b = b->failed & attributes };

	judgement.incomparable = entry_incomparable(a, b) & attributes & ~(a->failed | b->failed);
	if (options->quick && !((b->value | b->none) & content))
		judgement.incomparable &= ~content;
	if (judgement.differs & ATTR_BIT(ATTR_TYPE)) {
		judgement.differs = type_change(a, b, judgement.differs);
		judgement.incomparable = 0;
		return judgement;
	}
	if (profile->kind == PROFILE_GROWING && !program && judge_is(a, TYPE_FILE) && judge_is(b, TYPE_FILE))
		judge_log(a, b, &judgement);
	/* the head of the file tells that it became a program, though its content was not recorded before */
	if (profile->kind != PROFILE_PLAIN && a->head == HEAD_PLAIN && b->head == HEAD_ELF) {
		judgement.differs |= content;
		judgement.incomparable &= ~content;
	}
	return judgement;
}

bool judge_one_tells(const struct entry *entry, const struct profile *profile)
{
	return profile->attributes && (profile->kind != PROFILE_VOLATILE || entry_is_program(entry));
}

uint32_t judge_one_failed(const struct entry *entry, const struct profile *profile, const struct diff_options *options)
{
	return entry->failed & compared(entry, entry, profile, options);
}
