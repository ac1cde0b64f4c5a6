/*
 * view.h - what everything is judged by at one moment: a verified generation, its policy, the mount table. Immutable
 * once made, reference-counted, shared by the daemon's threads; its number tells a judgement made by an old one.
 */
#ifndef DAEMON_VIEW_H
#define DAEMON_VIEW_H

#include <stdatomic.h>

#include "ops/reference.h"
#include "sys/mounts.h"

/* A generation of the installed baseline, proved to its root hash. */
struct stand {
	atomic_uint refs;
	struct reference reference;
};

/*
 * Opens, verifies and proves the installed baseline of PLACE: every row is read. With BEFORE (may be NULL) it must follow: the same
 * host-id, not a lower sequence, and BEFORE's statement among its own; ERR_UNTRUSTED otherwise. Remembers it in `seen` where that
 * can be written. ERR_NOINPUT: there is none; ERR_UNTRUSTED, ERR_DATA: it must not be believed; others: could not be read.
 */
int stand_load(const struct place *place, const struct stand *before, const atomic_bool *interrupted,
	       struct stand **ret_stand, struct err *err);
struct stand *stand_ref(struct stand *stand);
void stand_unrefp(struct stand **stand);
/* A connection of the calling thread's own to the very file that was proved. The caller frees it. */
int stand_connect(const struct stand *stand, struct baseline **ret_baseline, struct err *err);

struct view {
	atomic_uint refs;
	uint64_t number; /* 1, 2, ... within this run */
	struct stand *stand; /* a reference; NULL: no baseline can be believed */
	const struct policy
		*policy; /* the signed one; without a baseline that of the policy files, else the built-in default */
	struct policy *own_policy; /* owner of policy when there is no stand */
	const char *policy_from; /* "the signed policy", "the policy files", "the built-in default" */
	struct sys_mounts system; /* mount table of this system */
	struct mount *mounts; /* of it, those that matter to the policy */
	size_t mount_count;
	struct buf blind; /* struct bytes[]: mount points that are not as the baseline has them; sorted */
};

/* STAND: a reference that the view takes in any case; may be NULL. MOUNTINFO as sys_mounts_load() takes it. */
int view_new(uint64_t number, const struct place *place, struct stand *stand, const char *mountinfo,
	     struct view **ret_view, struct err *err);
struct view *view_ref(struct view *view);
void view_unrefp(struct view **view);
bool view_is_blind(const struct view *view, struct bytes path); /* at or below a blind mount point */
static inline const struct bytes *view_blind(const struct view *view, size_t *ret_count)
{
	*ret_count = view->blind.len / sizeof(struct bytes);
	return (const struct bytes *)(const void *)view->blind.data;
}
/* Do two views see the same mounts? */
bool view_same_mounts(const struct view *a, const struct view *b);

#endif
