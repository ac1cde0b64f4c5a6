/*
 * dirty.h - the names that may not be what they were: each once, until it has been handed to a judge.
 *
 * A name is due when it was left alone for DIRTY_QUIET_NS, or DIRTY_MAX_NS after the event that made it dirty, so that what is
 * written for ever is judged all the same. A name whose last judgement was costly waits longer: reading it again and again
 * shall not take more than a twentieth of a processor. One owner.
 */
#ifndef DAEMON_DIRTY_H
#define DAEMON_DIRTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "base/path.h"
#include "tally/err.h"

#define DIRTY_QUIET_NS  (UINT64_C(1000) * 1000 * 1000)
#define DIRTY_MAX_NS    (UINT64_C(5000) * 1000 * 1000)
#define DIRTY_COSTLY_NS (UINT64_C(250) * 1000 * 1000) /* a judgement that takes longer is costly */

enum { /* how a name became dirty, as bits */
       DIRTY_IS_DIR = 1,
       DIRTY_OBSERVED = 2, /* it stands in an `observed` line */
       DIRTY_CHILDREN = 4, /* a directory: names in it came or went */
       DIRTY_LARGE = 8, /* its content is large: for the judge of large contents */
       DIRTY_RENAMED_AWAY = 16 /* the name was moved to another one in scope */
};

/* How it was found: the event, or the purpose of a look. In the order of `found_name()`. */
enum found { FOUND_EVENT, FOUND_NAMES, FOUND_LOSS, FOUND_START, FOUND_RULE, FOUND_POLL, FOUND_ASKED, FOUND_ROUND };
const char *found_name(enum found found);

struct dirty_item {
	UT_hash_handle hh;
	struct dirty_item *quiet_next, *quiet_previous; /* by the last touch */
	struct dirty_item *age_next, *age_previous; /* by the first */
	uint64_t first_ns, last_ns, not_before_ns;
	uint64_t number; /* of the first touch */
	uint32_t mask; /* inotify bits of all touches */
	unsigned flags;
	unsigned attempts; /* judgements of it that told nothing */
	enum found found; /* of the first touch */
	struct bytes path; /* behind the item */
	unsigned char text[];
};

struct dirty;
int dirty_new(struct dirty **ret_dirty, struct err *err);
void dirty_freep(struct dirty **dirty);

struct dirty_touch {
	struct bytes path;
	uint32_t mask;
	unsigned flags;
	enum found found;
	uint64_t number; /* 0: the next one; else that of the item which led to this one */
};
/* Makes PATH dirty, or more so. *ret_item (borrowed until it is taken): 1 when it was clean, 0 when it was dirty already. */
int dirty_touch(struct dirty *dirty, const struct dirty_touch *touch, uint64_t now_ns, struct dirty_item **ret_item,
		struct err *err);

/* The next one due, of the given lane (DIRTY_LARGE or 0); the caller's (free). NULL: none is due. Those with a number up to
 * FORCE are due at once. */
struct dirty_item *dirty_take(struct dirty *dirty, bool large, uint64_t force, uint64_t now_ns);
/* When the next one becomes due; UINT64_MAX: there is none. */
uint64_t dirty_due_ns(const struct dirty *dirty, uint64_t force);

/* Judging PATH took that long: it is not due again before twenty times that has passed. */
void dirty_costly(struct dirty *dirty, struct bytes path, uint64_t cost_ns, uint64_t now_ns);

size_t dirty_count(const struct dirty *dirty);
uint64_t dirty_number(const struct dirty *dirty); /* of the last touch that made a name dirty */
uint64_t dirty_oldest(const struct dirty *dirty); /* the least number in the set; UINT64_MAX when it is empty */

#endif
