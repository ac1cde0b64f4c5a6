/*
 * links.c - see members.h.
 *
 * In each round the links that are left, sorted by their targets, are laid beside the members. Real archives need one round. Each further one
 * follows a link to a link, and what is not there after ROUNDS_MAX goes in circles, or might as well.
 */
#include "base/cleanup.h"
#include "base/quote.h"
#include "evidence/members.h"

enum { ROUNDS_MAX = 16 };
#define MEMORY_BYTES ((size_t)8 << 20)

static int ahead(struct winner *winner, struct err *err)
{
	int r = spill_next(winner->spill, &winner->ahead, err);

	if (r == 0)
		winner->ahead = (struct spill_record){ .key = NULL };
	return r < 0 ? r : 0;
}

int winner_begin(struct winner *winner, struct spill *spill, struct err *err)
{
	winner->spill = spill;
	return ahead(winner, err);
}

int winner_next(struct winner *winner, struct err *err)
{
	int r = 0;

	if (!winner->ahead.key)
		return 0;
	buf_clear(&winner->path);
	buf_clear(&winner->value);
	if (buf_add(&winner->path, winner->ahead.key, winner->ahead.key_len) < 0)
		return err_nomem(err);
	while (r == 0 && winner->ahead.key &&
	       bytes_equal((struct bytes){ winner->ahead.key, winner->ahead.key_len },
			   (struct bytes){ winner->path.data, winner->path.len })) {
		bool implied =
			winner->ahead.value_len == 1 && ((const unsigned char *)winner->ahead.value)[0] == TAG_WAY;

		if (!implied)
			buf_clear(&winner->value);
		if ((!implied || winner->value.len == 0) &&
		    buf_add(&winner->value, winner->ahead.value, winner->ahead.value_len) < 0)
			return err_nomem(err);
		r = ahead(winner, err);
	}
	return r < 0 ? r : 1;
}

void winner_done(struct winner *winner)
{
	buf_done(&winner->path);
	buf_done(&winner->value);
}

static int lost(struct evidence *evidence, const struct spill_record *link, const char *why, struct err *err)
{
	char line[WIRE_LINE_MAX + 1];

	(void)snprintf(line, sizeof(line), "a hard link to '%s', which %s", QUOTE_N(link->key, link->key_len), why);
	return claims_problem(&evidence->claims, (struct bytes){ link->value, link->value_len }, line, err);
}

/* It is there, and could not be examined. */
static int unkept(const struct spill_record *link, struct spill *resolved, struct err *err)
{
	CLEANUP(buf_done) struct buf value = BUF_INIT;
	const struct entry entry = { .failed = ATTR_ALL,
				     .problem = bytes_of("a hard link to more than can be kept for all of its names") };

	(void)buf_add_byte(&value, TAG_ENTRY);
	if (entry_encode(&entry, &value) < 0 || buf_failed(&value))
		return err_nomem(err);
	return spill_add(resolved, link->value, link->value_len, value.data, value.len, err);
}

/* One link beside the member of its target's name, or NULL. */
static int follow(struct evidence *evidence, const struct spill_record *link, const struct buf *member,
		  struct spill *further, struct spill *resolved, struct err *err)
{
	if (!member || member->data[0] == TAG_WAY)
		return lost(evidence, link, "is not in the archive", err);
	if (member->data[0] == TAG_LINK)
		return spill_add(further, member->data + 1, member->len - 1, link->value, link->value_len, err);
	if (member->len > LINKED_BYTES_MAX - evidence->linked_bytes)
		return unkept(link, resolved, err);
	evidence->linked_bytes += member->len;
	return spill_add(resolved, link->value, link->value_len, member->data, member->len, err);
}

static int round_of(struct evidence *evidence, struct spill *members, struct spill *links, struct spill *further,
		    struct spill *resolved, struct err *err)
{
	CLEANUP(winner_done) struct winner winner = { .spill = NULL };
	struct spill_record link;
	int order = -1, more = 1, r;

	r = spill_rewind(members, err);
	if (r == 0)
		r = winner_begin(&winner, members, err);
	while (r == 0 && (r = spill_next(links, &link, err)) > 0) {
		struct bytes target = { link.key, link.key_len };

		/* the winner stays while links lead to it */
		if (winner.path.len)
			order = path_compare((struct bytes){ winner.path.data, winner.path.len }, target);
		while (order < 0 && more > 0) {
			more = winner_next(&winner, err);
			if (more > 0)
				order = path_compare((struct bytes){ winner.path.data, winner.path.len }, target);
		}
		r = more < 0 ? more
			     : follow(evidence, &link, more > 0 && order == 0 ? &winner.value : NULL, further, resolved,
				      err);
	}
	return r;
}

static int give_up(struct evidence *evidence, struct spill *links, struct err *err)
{
	struct spill_record link;
	int r = spill_sort(links, err);

	while (r == 0 && (r = spill_next(links, &link, err)) > 0)
		r = lost(evidence, &link, "leads from link to link without end", err);
	return r;
}

int links_resolve(struct evidence *evidence, struct spill *members, struct spill **links, struct spill *resolved,
		  struct err *err)
{
	int r = 0;

	for (unsigned i = 0; i < ROUNDS_MAX && r == 0 && spill_count(*links) > 0; i++) {
		CLEANUP(spill_freep) struct spill *further = NULL;

		r = spill_new(evidence->job.tmp, MEMORY_BYTES, &further, err);
		if (r == 0)
			r = spill_sort(*links, err);
		if (r == 0)
			r = round_of(evidence, members, *links, further, resolved, err);
		spill_freep(links);
		*links = STEAL(further);
	}
	return r < 0 || spill_count(*links) == 0 ? r : give_up(evidence, *links, err);
}
