/*
 * members.c - the tree of an archive: what its child wrote in the archive's order, sorted by path. See evidence.h.
 *
 * Two spills: `members`, every version of every name in the order of adding, and `resolved`, for each hard link the entry that it leads
 * to. Of a name's versions the last counts, as it does for tar, also as a link's target. Links to links are followed round by
 * round (links.c). What stands below something that is no directory is a problem and no entry.
 */
#include "evidence/members.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "evidence/implied.h"
#include "policy/content.h"

#define MEMORY_BYTES ((size_t)32 << 20)

/* What formats can tell, as far as is known before the end. */
#define BASE_ATTRS                                                                                                     \
	(ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP) |                     \
	 ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_CONTENT) | ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_TARGET) |                 \
	 ATTR_BIT(ATTR_RDEV))

struct members {
	struct tree tree; /* first */
	struct evidence *evidence;
	struct spill *spill, *resolved;
	struct policy_walk *walk; /* NULL without a policy */
	bool loaded, whole_seconds;
	struct winner winner;
	struct spill_record link; /* the next of `resolved`; key NULL at its end */
	struct chain files; /* what is no directory, while something may come below */
	struct buf xattrs;
	struct entry entry;
};

static int add(struct spill *spill, const struct claim *claim, struct err *err)
{
	CLEANUP(buf_done) struct buf value = BUF_INIT;
	struct bytes rest = claim->tag == TAG_LINK ? claim->target : claim->encoded;

	(void)buf_add_byte(&value, (unsigned char)claim->tag);
	if (buf_add(&value, rest.data, rest.len) < 0)
		return err_nomem(err);
	return spill_add(spill, claim->entry.path.data, claim->entry.path.len, value.data, value.len, err);
}

/* Everything that the child tells. */
static int collect(struct members *members, struct spill *links, uint32_t *ret_gives, struct err *err)
{
	CLEANUP(implied_done) struct implied implied = { .last = BUF_INIT, .bytes = 0 };
	const struct evidence_result *result = &members->evidence->result;
	const struct evidence_job *job = &members->evidence->job;
	struct claim claim;
	uint32_t gives = BASE_ATTRS;
	bool fractions = false;
	int r;

	while ((r = evidence_next(members->evidence, &claim, err)) > 0) {
		gives |= claim.tag == TAG_ENTRY ? claim.entry.value : 0;
		fractions = fractions || claim.entry.mtime.nsec;
		r = add(members->spill, &claim, err);
		if (r == 0 && claim.tag != TAG_TARGET)
			r = implied_add(&implied, job, members->spill, claim.entry.path, err);
		if (r == 0 && claim.tag == TAG_LINK)
			r = spill_add(links, claim.target.data, claim.target.len, claim.entry.path.data,
				      claim.entry.path.len, err);
		if (r < 0)
			return r;
	}
	if (r >= 0 && implied.bytes == UINT64_MAX)
		r = claims_problem(&members->evidence->claims, job->at,
				   "too many directories that are no members themselves: the rest of them is left out",
				   err);
	if (result->archive && result->archive->entries) {
		gives = result->archive->gives;
		fractions = result->archive->fractions;
	}
	members->whole_seconds = !fractions;
	*ret_gives = gives & ~ATTR_BIT(ATTR_LINKS);
	return r;
}

static int next_link(struct members *members, struct err *err)
{
	int r = spill_next(members->resolved, &members->link, err);

	if (r == 0)
		members->link = (struct spill_record){ .key = NULL };
	return r < 0 ? r : 0;
}

static int load(struct members *members, struct err *err)
{
	const char *tmp = members->evidence->job.tmp;
	CLEANUP(spill_freep) struct spill *links = NULL;
	int r = spill_new(tmp, MEMORY_BYTES, &members->spill, err);

	if (r == 0)
		r = spill_new(tmp, MEMORY_BYTES / 4, &links, err);
	if (r == 0)
		r = spill_new(tmp, MEMORY_BYTES / 4, &members->resolved, err);
	if (r == 0)
		r = collect(members, links, &members->tree.gives, err);
	if (r == 0)
		r = spill_sort(members->spill, err);
	if (r == 0)
		r = links_resolve(members->evidence, members->spill, &links, members->resolved, err);
	if (r == 0)
		r = spill_sort(members->resolved, err);
	if (r == 0)
		r = spill_rewind(members->spill, err);
	if (r == 0)
		r = winner_begin(&members->winner, members->spill, err);
	return r < 0 ? r : next_link(members, err);
}

/* A link's content was hashed as its target's policy wants it. */
static int fit_content(struct members *members, struct entry *entry, bool target_out_of_scope, bool *ret_told,
		       struct err *err)
{
	struct decision decision = { .in_scope = true };
	enum content_want want;
	int r = 0;

	*ret_told = true;
	if (members->walk)
		r = policy_walk_decide(members->walk, entry->path, false, &decision, err);
	if (r < 0)
		return r;
	*ret_told = decision.in_scope;
	if (!members->walk || !decision.in_scope || entry->type != TYPE_FILE || members->evidence->job.metadata_only)
		return 0;
	want = content_wanted(&decision, entry_is_program(entry));
	if (want == WANT_NOTHING) {
		entry->value &= ~ATTR_BIT(ATTR_CONTENT);
		return 0;
	}
	if (entry->failed & ATTR_BIT(ATTR_CONTENT))
		return 0;
	if (entry->value & ATTR_BIT(ATTR_CONTENT) && (want != WANT_WHOLE || entry->digest_bytes == entry->size))
		return 0;
	if (want != WANT_WHOLE && !target_out_of_scope)
		return 0;
	entry->value &= ~ATTR_BIT(ATTR_CONTENT);
	entry->failed |= ATTR_BIT(ATTR_CONTENT);
	entry->problem = bytes_of("its content was not read under its other name");
	return 0;
}

/* The entry of the winning version: 1, 0 when there is none to be told. */
static int entry_of(struct members *members, struct err *err)
{
	const struct winner *winner = &members->winner;
	struct bytes path = { winner->path.data, winner->path.len };
	struct cursor value = { winner->value.data, winner->value.len };
	bool link, told = true;
	uint8_t tag = 0;
	int r;

	(void)cursor_u8(&value, &tag);
	link = tag == TAG_LINK;
	if (tag == TAG_TARGET)
		return 0;
	if (tag == TAG_WAY) {
		members->entry = implied_entry(path);
		r = implied_is_told(&members->evidence->job, members->walk, path, &told, err);
		return r < 0 ? r : told;
	}
	if (link) {
		while (members->link.key &&
		       path_compare((struct bytes){ members->link.key, members->link.key_len }, path) < 0) {
			r = next_link(members, err);
			if (r < 0)
				return r;
		}
		if (!members->link.key ||
		    !bytes_equal((struct bytes){ members->link.key, members->link.key_len }, path))
			return 0; /* it leads nowhere: a problem, told already */
		value = (struct cursor){ members->link.value, members->link.value_len };
		(void)cursor_u8(&value, &tag);
	}
	r = entry_decode(value.data, value.len, &members->xattrs, &members->entry, err);
	if (r < 0)
		return r;
	members->entry.path = path;
	if (link)
		r = fit_content(members, &members->entry, tag == TAG_TARGET, &told, err);
	return r < 0 ? r : told;
}

/* Tells whether it may stand there. */
static int place(struct members *members, bool *ret_may, struct err *err)
{
	const struct entry *entry = &members->entry;
	struct bytes above = entry->path;

	*ret_may = true;
	chain_pass(&members->files, entry->path);
	while (above.len > 1 && *ret_may) {
		above = path_parent(above);
		*ret_may = !chain_has(&members->files, above);
	}
	if (!*ret_may)
		return claims_problem(&members->evidence->claims, entry->path,
				      "its folder is no directory in this archive", err);
	return entry->type == TYPE_DIR ? 0 : chain_push(&members->files, entry->path, err);
}

/*
 * What no member has anything of was not looked for by whoever made the archive. What some have, the others have not: archives say no more of
 * that than nothing (archive_info.gives).
 */
static void fill_in(struct entry *entry, uint32_t gives)
{
	const uint32_t xattrs =
		ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX);
	uint32_t missing;

	entry->none &= gives;
	entry->value &= gives;
	missing = gives & ~(entry->value | entry->none | entry->failed);
	entry->none |= missing & xattrs;
	if (missing & ATTR_BIT(ATTR_FLAGS)) {
		entry->flags = 0;
		entry->value |= ATTR_BIT(ATTR_FLAGS);
	}
}

static int members_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct members *members = (struct members *)tree;
	bool may = false;
	int r = members->loaded ? 0 : load(members, err);

	if (r < 0)
		return r;
	members->loaded = true;
	do {
		r = winner_next(&members->winner, err);
		if (r <= 0)
			return r;
		r = entry_of(members, err);
		if (r > 0)
			r = place(members, &may, err);
		if (r < 0)
			return r;
	} while (!may);
	if (members->winner.value.data[0] != TAG_WAY)
		fill_in(&members->entry, tree->gives);
	members->entry.whole_seconds = members->whole_seconds;
	members->evidence->result.examined++;
	*ret_entry = &members->entry;
	return 1;
}

static void members_free(struct tree *tree)
{
	struct members *members = (struct members *)tree;

	spill_freep(&members->spill);
	spill_freep(&members->resolved);
	policy_walk_freep(&members->walk);
	winner_done(&members->winner);
	chain_done(&members->files);
	buf_done(&members->xattrs);
	free(members);
}

int members_tree(struct evidence *evidence, struct tree **ret_tree, struct err *err)
{
	struct members *members = calloc(1, sizeof(*members));
	int r = 0;

	if (!members)
		return err_nomem(err);
	members->tree = (struct tree){ "archive", evidence->job.source->name, BASE_ATTRS, members_next, members_free };
	members->evidence = evidence;
	if (evidence->job.policy)
		r = policy_walk_new(evidence->job.policy, &members->walk, err);
	if (r < 0) {
		members_free(&members->tree);
		return r;
	}
	*ret_tree = &members->tree;
	return 0;
}
