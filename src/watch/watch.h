/*
 * watch.h - kernel events to dirty paths: inotify watches on every directory in a policy's scope, kept true while
 * the tree moves under them. Method, races and proof: docs/ARCHITECTURE.md "The life of one event".
 *
 * Two trust classes, an inotify instance each: directories in which only root can make events, and all others. So
 * nobody but root can overflow the queue that tells of the first. An event is never an answer: it names a path that
 * somebody must look at again. Nothing is dropped: what cannot be placed becomes a look at a whole directory.
 *
 * One owner: all functions but those that say otherwise are for one thread, the one that made it; the sink is called
 * from within them. A second thread (the drain) does nothing but read the kernel's queues into memory.
 *
 * Not for judging, journalling or debouncing, and not for reading files: daemon/.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include <stdatomic.h>

#include "base/timefmt.h"
#include "policy/policy.h"
#include "sys/mounts.h"

enum watch_class {
	/* Owner root, no write bit for others, no file in it that others own or may write. What others can bring about there all the
	 * same (anybody may set the times of a link) is watched through the other instance: foreign.h. */
	WATCH_ROOT,
	WATCH_OTHERS,
	WATCH_CLASSES
};

/* Events of a class may have been lost. */
struct watch_loss {
	enum watch_class class;
	struct timestamp from, to; /* the last time at which the queue was known to be whole; when the loss was seen */
	const char *reason; /* "the kernel's event queue overflowed" */
};

struct watch_sink {
	/* PATH may not be what it was. MASK: inotify bits as they came; 0: found while reading a directory. */
	int (*dirty)(void *context, struct bytes path, uint32_t mask, bool is_dir, struct err *err);
	/* FROM is TO now. Both were told to be dirty before, and of a directory the names below TO as well. */
	int (*renamed)(void *context, struct bytes from, struct bytes to, bool is_dir, struct err *err);
	/* Whatever was known at or below PATH may be gone: its directories are no longer watched under this name. */
	int (*gone)(void *context, struct bytes path, struct err *err);
	/* The names in the directory PATH (BELOW: and everything below) must be looked at. "/" with BELOW: everything. */
	int (*look)(void *context, struct bytes path, bool below, struct err *err);
	/* A gap. Looks at the directories concerned follow by themselves. */
	int (*lost)(void *context, const struct watch_loss *loss, struct err *err);
	/* The mark of watch_mark() has come through the queues of both classes. */
	int (*marked)(void *context, uint64_t number, struct err *err);
	void *context;
};

struct watch_options {
	const struct policy *policy; /* borrowed until watch_freep() or watch_rule() */
	const struct sys_mounts *mounts; /* the same */
	const struct bytes *blind; /* mount points not to be entered, sorted; the same */
	size_t blind_count;
	int mark_dirfd; /* an empty directory of our own, writable: where marks are made */
	size_t queue_bytes; /* bound on events in memory a class; beyond it they count as lost. 0: 64 MiB */
	struct watch_sink sink;
};

struct watch;

/* Makes the instances and starts the drain. Nothing is watched yet but MARK_DIRFD. ERR_IO when inotify gives no
 * instance. */
int watch_new(const struct watch_options *options, struct watch **ret_watch, struct err *err);
void watch_freep(struct watch **watch);

/*
 * Places a watch on every directory that the policy's scope reaches, from "/" down, by severity when there are not
 * enough of them. Tells of no name (the caller looks at everything afterwards). INTERRUPTED may be NULL.
 */
int watch_start(struct watch *watch, const atomic_bool *interrupted, struct err *err);

/* The drain's thread ends (nothing is lost: the kernel queues) and is started again: around a change of credentials. */
void watch_pause(struct watch *watch);
int watch_resume(struct watch *watch, struct err *err);

/* Readable when watch_process() has something to do. */
int watch_fd(const struct watch *watch);
/* Handles up to BUDGET events. 1: there are more, 0: none left. */
int watch_process(struct watch *watch, unsigned budget, struct err *err);
/* When watch_tick() is due (CLOCK_MONOTONIC): held halves of renames, retries. UINT64_MAX: never. */
uint64_t watch_due_ns(const struct watch *watch);
int watch_tick(struct watch *watch, uint64_t now_ns, struct err *err);

/* Another policy, mount table or blind list: all of OPTIONS but mark_dirfd, queue_bytes and the sink are taken over.
 * Watches are added and dropped. Tells of no name in a directory that stays; one that is new under its name is to be looked at
 * (sink.look), what is not there any more is gone (sink.gone): the events of that may still be waiting. */
int watch_rule(struct watch *watch, const struct watch_options *options, struct err *err);
/* Reads the tree at PATH again, adding what is missing: after an unmount, a mount, a gap. Tells as watch_rule() does. */
int watch_rewalk(struct watch *watch, struct bytes path, struct err *err);

/* Barrier: makes a uniquely named file below mark_dirfd and removes it; sink.marked(NUMBER) follows, unless an overflow
 * took its event. Before it, losses not told yet are told, and held halves of renames are settled. */
int watch_mark(struct watch *watch, uint64_t number, struct err *err);
/* No half of a rename is held, no event waits in memory, and no re-walk after a loss is due (one that is put off is not: its gap
 * has been told before any mark). */
bool watch_settled(const struct watch *watch);
/* No event from before the call waits, in the kernel or in memory, no half of a rename is held, and no loss is to be told. */
bool watch_idle(const struct watch *watch);
/* No events are missing that were not looked for again since: after an overflow this takes a while, a mark hurries it. */
bool watch_whole(const struct watch *watch);

/* Directories without a watch (polled and failed), for the polling ring: the next one behind *CURSOR (0: the first) as a path in RET_PATH.
 * 1, 0 at the end. */
int watch_polled(struct watch *watch, size_t *cursor, struct buf *ret_path, struct err *err);

/* What is being watched. */
struct watch_coverage {
	uint64_t directories; /* that should be */
	uint64_t watched[WATCH_CLASSES];
	uint64_t polled; /* no watch to be had: the polling ring's */
	uint64_t polled_severe; /* of them, of severity high or critical */
	uint64_t failed; /* could not be opened or watched for another reason */
	uint64_t overflows[WATCH_CLASSES];
	uint64_t events; /* read so far */
	uint64_t waiting_bytes; /* in memory, not handled */
	uint64_t memory_bytes; /* that the tree of watched directories takes */
	uint64_t limit; /* fs.inotify.max_user_watches */
	uint64_t changes; /* counts up whenever watched, polled or failed change */
};
void watch_coverage(const struct watch *watch, struct watch_coverage *ret_coverage);

/* Directories that could not be watched, other than for want of watches, and why: calls FN for each (at most 1000 are
 * kept; `failed` counts all). */
int watch_failures(const struct watch *watch, int (*fn)(void *context, struct bytes path, const char *reason),
		   void *context);

#endif
