/*
 * outlet.c - see outlet.h.
 *
 * Decides as the live scan does (scan/dirtask.c): what is out of scope is counted and not told, but for directories on the way to what
 * is in scope, told when they failed.
 */
#include "evidence/outlet.h"

#include <sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "evidence/hashers.h"

enum { STATS_EVERY = 4096 }; /* entries */

struct outlet {
	struct sink sink; /* first */
	struct child *child;
	struct policy_walk *walk; /* NULL without a policy */
	struct hashers *hashers; /* NULL: nothing is hashed here */
	uint64_t given;
	struct err err; /* of enters(), which has none; told by the next call that has */
};

/* What the policy and the paths that were asked for say of one entry. */
struct verdict {
	bool told; /* in scope and asked for */
	bool way; /* a directory that leads to what may be */
	struct decision decision;
};

static int flush(struct outlet *outlet, bool force, struct err *err)
{
	return child_flush(outlet->child, force, err);
}

static void add_failed(struct entry *entry, const char *problem)
{
	entry->value &= ~ATTR_BIT(ATTR_CONTENT);
	entry->none &= ~ATTR_BIT(ATTR_CONTENT);
	entry->failed |= ATTR_BIT(ATTR_CONTENT);
	if (entry->problem.len == 0)
		entry->problem = bytes_of(problem);
}

static void set_content(struct entry *entry, const struct line_item *item)
{
	entry->head = item->head;
	if (item->outcome == HASHED_FAILED)
		add_failed(entry, item->problem);
	if (item->outcome != HASHED)
		return;
	memcpy(entry->digest, item->digest, sizeof(entry->digest));
	entry->digest_bytes = item->digest_bytes;
	entry->value |= ATTR_BIT(ATTR_CONTENT);
}

/* Writes what is complete at the head of the line; with ALL everything, else only while the line is full. */
static int drain(struct outlet *outlet, bool all, struct err *err)
{
	struct child *child = outlet->child;
	struct line_item *item;

	while (outlet->hashers && !hashers_empty(outlet->hashers)) {
		item = hashers_head(outlet->hashers, false);
		if (!item && !all && !hashers_full(outlet->hashers))
			break;
		if (!item) { /* what is there should not wait with us */
			int r = flush(outlet, true, err);

			if (r < 0)
				return r;
			item = hashers_head(outlet->hashers, true);
		}
		if (item->record.len) {
			(void)buf_add(&child->out, item->record.data, item->record.len);
		} else {
			set_content(&item->copy->entry, item);
			wire_entry(&child->out, TAG_ENTRY, &item->copy->entry);
		}
		hashers_take(outlet->hashers);
		if (flush(outlet, false, err) < 0)
			return err->code;
	}
	return flush(outlet, false, err);
}

/* A record behind those that wait. */
static int put_record(struct outlet *outlet, struct buf *record, struct err *err)
{
	if (buf_failed(record))
		return err_nomem(err);
	if (!outlet->hashers || hashers_empty(outlet->hashers)) {
		(void)buf_add(&outlet->child->out, record->data, record->len);
		return flush(outlet, false, err);
	}
	hashers_item(outlet->hashers)->record = *record;
	hashers_put(outlet->hashers, record->capacity);
	*record = BUF_INIT;
	return drain(outlet, false, err);
}

/* An entry as the parser made it. One that cannot be encoded costs its path, not the run. */
static int put_entry(struct outlet *outlet, enum tag tag, const struct entry *entry, struct err *err)
{
	CLEANUP(buf_done) struct buf record = BUF_INIT;
	CLEANUP(buf_done) struct buf quoted = BUF_INIT;
	struct entry failed;
	struct err why;

	if (entry_check(entry, &why) < 0) {
		failed = (struct entry){ .path = entry->path, .failed = ATTR_ALL, .problem = bytes_of(why.message) };
		entry = &failed;
	}
	if (!wire_is_line(entry->problem)) {
		if (quote_add(&quoted, entry->problem.data, entry->problem.len, NULL) < 0)
			return err_nomem(err);
		failed = *entry;
		failed.problem = (struct bytes){ quoted.data, quoted.len };
		entry = &failed;
	}
	wire_entry(&record, tag, entry);
	return put_record(outlet, &record, err);
}

static int put_way(struct outlet *outlet, struct bytes path, struct err *err)
{
	CLEANUP(buf_done) struct buf record = BUF_INIT;
	size_t place = wire_begin(&record, TAG_WAY);

	(void)buf_add(&record, path.data, path.len);
	wire_end(&record, place);
	return put_record(outlet, &record, err);
}

static int judge(struct outlet *outlet, struct bytes path, bool is_dir, struct verdict *ret_verdict, struct err *err)
{
	const struct evidence_job *job = outlet->child->job;
	struct evidence_result *stats = &outlet->child->stats;
	struct verdict verdict = { .decision.in_scope = true };
	bool asked = job->path_count == 0;
	int r = 0;

	for (size_t i = 0; i < job->path_count && !asked; i++)
		asked = path_covers(job->paths[i], path);
	if (outlet->walk)
		r = policy_walk_decide(outlet->walk, path, is_dir, &verdict.decision, err);
	if (r < 0)
		return r;
	verdict.told = asked && verdict.decision.in_scope;
	if (!verdict.told && is_dir) {
		verdict.way = true;
		if (outlet->walk && asked)
			r = policy_walk_may_enter(outlet->walk, path, &verdict.way, err);
	}
	if (asked && !verdict.told)
		(*(verdict.decision.excluded ? &stats->excluded : &stats->not_in_scope))++;
	*ret_verdict = verdict;
	return r;
}

/* As much of a growing log as the other side has. */
static uint64_t prefix_of(const struct evidence_job *job, struct bytes path)
{
	size_t low = 0, high = job->prefix_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_compare(job->prefixes[middle].path, path);

		if (order == 0)
			return job->prefixes[middle].bytes;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return UINT64_MAX;
}

/* How many bytes to hash; *ret_too_large when the policy does not allow so many. */
static uint64_t limit_of(const struct evidence_job *job, const struct entry *entry, enum content_want want,
			 bool *ret_too_large)
{
	uint64_t limit = entry->size, prefix;

	if (want == WANT_GROWING) {
		prefix = prefix_of(job, entry->path);
		if (prefix < limit)
			limit = prefix;
	}
	*ret_too_large = want != WANT_NOTHING && limit > policy_max_content(job->policy);
	return limit;
}

static enum content_want want_of(const struct outlet *outlet, const struct verdict *verdict, const struct entry *entry)
{
	if (!outlet->walk || outlet->child->job->metadata_only || !verdict->told || entry->type != TYPE_FILE ||
	    !(entry->value & ATTR_BIT(ATTR_TYPE)))
		return WANT_NOTHING;
	return content_wanted(&verdict->decision, entry_is_program(entry));
}

static int put_failed(struct outlet *outlet, const struct entry *entry, const char *problem, struct err *err)
{
	struct entry failed = *entry;

	add_failed(&failed, problem);
	return put_entry(outlet, TAG_ENTRY, &failed, err);
}

/* What is in scope. CONTENT is taken out of *content when it goes into the line. */
static int tell(struct outlet *outlet, const struct verdict *verdict, const struct entry *entry,
		struct content **content, struct err *err)
{
	enum content_want want = want_of(outlet, verdict, entry);
	const uint32_t masks = entry->value | entry->none | entry->failed;
	CLEANUP(entry_copy_freep) struct entry_copy *copy = NULL;
	bool too_large = false;
	struct line_item *item;
	uint64_t limit;
	char line[64];
	int r;

	if (want == WANT_NOTHING || (masks & ATTR_BIT(ATTR_CONTENT)))
		return put_entry(outlet, TAG_ENTRY, entry, err);
	limit = limit_of(outlet->child->job, entry, want, &too_large);
	if (too_large) {
		content_too_large(outlet->child->job->policy, line, sizeof(line));
		return put_failed(outlet, entry, line, err);
	}
	if (!*content || !outlet->hashers)
		return put_entry(outlet, TAG_ENTRY, entry, err);
	if (!(entry->value & ATTR_BIT(ATTR_SIZE)) || entry_check(entry, &(struct err){ .code = 0 }) < 0)
		return put_failed(outlet, entry, "its size is not known", err);
	r = entry_copy(entry, &copy, err);
	if (r < 0)
		return r;
	item = hashers_item(outlet->hashers);
	item->want = want;
	item->limit = limit;
	item->content = STEAL(*content);
	item->copy = STEAL(copy);
	hashers_put(outlet->hashers, sizeof(*entry) + entry->path.len + 256);
	return drain(outlet, false, err);
}

static void content_freep(struct content **content)
{
	if (*content)
		(*content)->free(*content);
	*content = NULL;
}

static int outlet_entry(struct sink *sink, const struct entry *entry, struct content *given, struct err *err)
{
	struct outlet *outlet = (struct outlet *)sink;
	CLEANUP(content_freep) struct content *content = given;
	bool typed = entry->value & ATTR_BIT(ATTR_TYPE);
	struct verdict verdict;
	int r;

	if (outlet->err.code) {
		*err = outlet->err;
		return err->code;
	}
	r = judge(outlet, entry->path, typed && entry->type == TYPE_DIR, &verdict, err);
	if (r < 0)
		return r;
	if (++outlet->given % STATS_EVERY == 0) {
		if (outlet->hashers)
			outlet->child->stats.bytes_read = hashers_bytes_read(outlet->hashers);
		wire_stats(&outlet->child->out, &outlet->child->stats);
	}
	if (verdict.told)
		return tell(outlet, &verdict, entry, &content, err);
	if (outlet->child->job->kind == EVIDENCE_ARCHIVE)
		return typed && entry->type == TYPE_FILE ? put_entry(outlet, TAG_TARGET, entry, err) : 0;
	if (!verdict.way)
		return 0;
	return entry->failed ? put_entry(outlet, TAG_ENTRY, entry, err) : put_way(outlet, entry->path, err);
}

static bool outlet_enters(struct sink *sink, struct bytes path)
{
	struct outlet *outlet = (struct outlet *)sink;
	bool may = true;

	if (outlet->walk && !outlet->err.code)
		(void)policy_walk_may_enter(outlet->walk, path, &may, &outlet->err);
	return may;
}

static uint64_t outlet_wants(struct sink *sink, const struct entry *entry, bool *ret_program_only)
{
	struct outlet *outlet = (struct outlet *)sink;
	enum content_want want = WANT_NOTHING;
	struct verdict verdict;
	bool too_large;
	uint64_t limit;

	*ret_program_only = false;
	if (!outlet->walk || outlet->err.code)
		return 0;
	if (policy_walk_decide(outlet->walk, entry->path, false, &verdict.decision, &outlet->err) == 0) {
		verdict.told = verdict.decision.in_scope;
		want = want_of(outlet, &verdict, entry);
	}
	limit = limit_of(outlet->child->job, entry, want, &too_large);
	if (want == WANT_NOTHING || too_large)
		return 0;
	*ret_program_only = want == WANT_PROGRAM && !entry_is_program(entry);
	return want == WANT_GROWING ? limit : UINT64_MAX;
}

static int outlet_link(struct sink *sink, struct bytes path, struct bytes target, struct err *err)
{
	CLEANUP(buf_done) struct buf record = BUF_INIT;
	size_t place = wire_begin(&record, TAG_LINK);

	wire_text(&record, path);
	wire_text(&record, target);
	wire_end(&record, place);
	return put_record((struct outlet *)sink, &record, err);
}

static int outlet_problem(struct sink *sink, struct bytes path, const char *line, struct err *err)
{
	CLEANUP(buf_done) struct buf record = BUF_INIT;

	wire_problem(&record, path, line);
	return put_record((struct outlet *)sink, &record, err);
}

static unsigned thread_count(const struct evidence_job *job)
{
	cpu_set_t cpus;
	unsigned count = job->threads;

	if (count == 0)
		count = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
	return count == 0 ? 1 : count < HASHERS_MAX ? count : HASHERS_MAX;
}

int outlet_new(struct child *child, struct outlet **ret_outlet, struct err *err)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	int r = 0;

	if (!outlet)
		return err_nomem(err);
	outlet->sink = (struct sink){ outlet_enters, outlet_wants, outlet_entry, outlet_link, outlet_problem };
	outlet->child = child;
	if (child->job->policy)
		r = policy_walk_new(child->job->policy, &outlet->walk, err);
	if (r == 0 && child->job->kind == EVIDENCE_EXTFS && outlet->walk && !child->job->metadata_only)
		r = hashers_new(thread_count(child->job), &outlet->hashers, err);
	child->sink = &outlet->sink;
	*ret_outlet = outlet; /* the process ends if this failed */
	return r;
}

int outlet_start(struct outlet *outlet, struct err *err)
{
	return outlet->hashers ? hashers_start(outlet->hashers, err) : 0;
}

int outlet_finish(struct outlet *outlet, struct err *err)
{
	int r = drain(outlet, true, err);

	if (outlet->hashers)
		outlet->child->stats.bytes_read = hashers_bytes_read(outlet->hashers);
	return r;
}
