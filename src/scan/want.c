/* want.c - see want.h. */
#include "scan/want.h"

static bool has(const struct entry *entry, uint32_t attributes)
{
	return (entry->value & attributes) == attributes;
}

static bool same_time(struct timestamp a, struct timestamp b)
{
	return a.sec == b.sec && a.nsec == b.nsec;
}

static bool is_unchanged(const struct child *child, const struct entry *reference)
{
	const uint32_t needed = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_MTIME) |
				ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_INODE);
	const struct entry *entry = &child->entry;

	return child->same_fs && !reference->racy && has(entry, needed) && has(reference, needed) &&
	       entry->type == reference->type && entry->size == reference->size && entry->inode == reference->inode &&
	       same_time(entry->mtime, reference->mtime) && same_time(entry->ctime, reference->ctime);
}

static enum content_plan quick_plan(const struct child *child, const struct entry *reference)
{
	bool unchanged = is_unchanged(child, reference);
	bool whole = has(reference, ATTR_BIT(ATTR_CONTENT)) && reference->digest_bytes == reference->size;

	if (child->want == WANT_PROGRAM && unchanged && reference->head != HEAD_UNKNOWN)
		return whole || !entry_is_program(reference) ? PLAN_COPY : PLAN_READ;
	if (unchanged && whole)
		return PLAN_COPY;
	if (child->want == WANT_GROWING && child->same_fs && has(reference, ATTR_BIT(ATTR_CONTENT)) &&
	    has(reference, ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_INODE)) && child->entry.inode == reference->inode &&
	    child->entry.size >= reference->size)
		return PLAN_PASS;
	return PLAN_READ;
}

/* A file of which only the beginning may have to be read is left to the reader. */
static bool is_too_large(const struct scan_options *options, const struct child *child, uint64_t prefix)
{
	if (options->read_below == 0 || (child->want == WANT_PROGRAM && !entry_is_program(&child->entry)))
		return false;
	return child->entry.size > options->read_below && prefix > options->read_below;
}

enum content_plan want_plan(const struct scan_options *options, const struct child *child,
			    const struct entry *reference, uint64_t *ret_prefix)
{
	bool quick = options->quick && !(options->read_severe && child->severity >= options->read_from);
	enum content_plan plan = PLAN_READ;

	*ret_prefix = UINT64_MAX;
	if (child->want == WANT_NOTHING)
		return PLAN_NOTHING;
	if (reference && child->want == WANT_GROWING && has(reference, ATTR_BIT(ATTR_CONTENT)))
		*ret_prefix = reference->digest_bytes;
	if (reference && quick)
		plan = quick_plan(child, reference);
	return plan == PLAN_READ && is_too_large(options, child, *ret_prefix) ? PLAN_NOTHING : plan;
}

void want_copy(const struct entry *reference, struct entry *entry)
{
	entry->head = reference->head;
	if (!has(reference, ATTR_BIT(ATTR_CONTENT)))
		return;
	memcpy(entry->digest, reference->digest, sizeof(entry->digest));
	entry->digest_bytes = reference->digest_bytes;
	entry->value |= ATTR_BIT(ATTR_CONTENT);
}
