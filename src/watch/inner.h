/*
 * inner.h - what a watch is made of; for the files of this folder only. Functions return 0 or a negative enum err_code with *ERR
 * set when the watch cannot go on (memory, the sink's refusal, interruption); what is wrong with one directory is kept with its
 * node instead.
 */
#ifndef WATCH_INNER_H
#define WATCH_INNER_H

#include <sys/stat.h>

#include "watch/drain.h"
#include "watch/foreign.h"
#include "watch/nodes.h"

#define SECOND_NS  (UINT64_C(1000) * 1000 * 1000)
#define HOLD_NS    SECOND_NS /* how long half of a rename waits for the other */
#define RETRY_NS   (60 * SECOND_NS) /* between attempts to get more watches */
#define BACKOFF_NS (60 * SECOND_NS) /* at most, between re-walks of a class that keeps overflowing */

enum {
	HELD_MAX = 1024, /* halves of renames */
	SLICE_NODES = 64, /* directories re-walked in one go */
	LOOKS_MAX = 10000, /* directories looked at one by one after a loss; more: everything */
	LISTING_BYTES = 64 << 10,
	FAILURES_MAX = 1000
};

/* Half of a rename. */
struct held {
	uint32_t cookie;
	bool is_dir, arrived; /* arrived: the second half, seen first */
	uint32_t node; /* floats until it is known where it went; NODE_NONE */
	uint64_t due_ns;
	unsigned char *path; /* owned */
	size_t path_len;
};

/* Losses of one class. */
struct loss {
	bool pending, told; /* not re-walked yet; the sink knows */
	struct timestamp from, to;
	uint64_t next_ns, step_ns, last_ns; /* not before; what is added then; the last overflow */
	bool active; /* a re-walk is going on */
	bool wide; /* ... that ends in a look at everything */
	uint32_t cursor;
};

/* Looking for room for the directories without a watch. */
struct retry {
	uint64_t next_ns;
	bool active;
	int severity; /* highest first */
	uint32_t cursor;
};

struct mark {
	uint64_t number;
	bool seen[WATCH_CLASSES];
};

/* The directory that was asked about last, kept open while a batch of events is handled. */
struct standing {
	uint32_t id;
	int fd; /* O_PATH */
	struct policy_dir *policy_dir; /* NULL until it is needed */
};

struct watch {
	struct watch_options options;
	int fds[WATCH_CLASSES];
	int root_fd;
	struct drain *drain;
	struct nodes nodes;
	struct standing standing;
	struct watch_coverage coverage;
	uint64_t watched_of[SEVERITY_COUNT]; /* how many watched directories there are of each severity */
	uint32_t victim[SEVERITY_COUNT]; /* where to look for the next one to evict */
	struct buf held; /* struct held[], oldest first */
	struct loss losses[WATCH_CLASSES];
	struct retry retry;
	struct buf marks; /* struct mark[] */
	int32_t mark_wd[WATCH_CLASSES];
	uint64_t mark_inode;
	uint32_t mark_device;
	uint64_t sweep; /* counts the internal marks behind which spent watches are forgotten */
	bool lost_told; /* an event of an unknown watch was told in this batch */
	struct buf path, name; /* scratch: of the event's directory, of the name in it */
	struct buf other; /* scratch: for paths that are told on the way */
	unsigned char *listing; /* LISTING_BYTES */
};

/* --- watch.c: telling --- */
int watch_tell_dirty(struct watch *watch, struct bytes path, uint32_t mask, bool is_dir, struct err *err);
int watch_tell_gone(struct watch *watch, struct bytes path, struct err *err);
int watch_tell_look(struct watch *watch, struct bytes path, bool below, struct err *err);
static inline struct bytes buf_bytes(const struct buf *buf)
{
	return (struct bytes){ buf->data, buf->len };
}

/* --- attach.c: a node's watches --- */
struct covered {
	int kind;
	uint8_t severity;
};
struct covered attach_covered(const struct node *node);
void attach_recount(struct watch *watch, struct covered before, struct covered after);
static inline uint32_t stat_device(const struct statx *stat)
{
	return stat->stx_dev_major << 20 | stat->stx_dev_minor;
}
static inline enum watch_class class_of(const struct node *node)
{
	return node->foreign == FOREIGN_ALL ? WATCH_OTHERS : WATCH_ROOT;
}
static inline bool is_watched(const struct node *node)
{
	return node->wd[class_of(node)] >= 0 || (node->flags & NODE_OURS);
}
/*
 * Gives the directory, open as FD, the watches that FOREIGN asks for, adding before taking away, so that no event is lost between;
 * asks again for those it has. No room or no permission: it is polled, or failed.
 */
int attach_set(struct watch *watch, uint32_t id, int fd, enum foreign foreign, struct err *err);
/* Takes one watch away; it stays known until the kernel has confirmed it. */
int attach_retire(struct watch *watch, uint32_t id, enum watch_class class, struct err *err);
/* It could not be opened or read. */
void attach_failed(struct watch *watch, uint32_t id, int failure);
/* Forgets the node and all below it. TELL: sink.gone() of its path first. */
int attach_drop(struct watch *watch, uint32_t id, bool tell, struct err *err);
/* Frees the spent watches of a class that were made before sweep NUMBER. */
void attach_sweep(struct watch *watch, enum watch_class class, uint64_t number);

/* --- limit.c --- */
/* Takes the watch of a directory of lower severity away; 1, or 0 when there is none. */
int limit_evict(struct watch *watch, uint8_t severity, struct err *err);
uint64_t limit_read(void);

/* --- standing.c: going to a directory by its node --- */
/* An O_PATH descriptor, borrowed until the next call; -ESTALE when the path leads to something else. */
int standing_at(struct watch *watch, uint32_t id);
int standing_policy(struct watch *watch, uint32_t id, const struct policy_dir **ret_dir, struct err *err);
void standing_leave(struct watch *watch);
bool standing_is(const struct node *node, const struct statx *stat); /* this very directory */
bool standing_leads(struct watch *watch, uint32_t id); /* does the node's path lead to the directory it stands for? */

/* --- walk.c: reading directories --- */
enum { WALK_TELL = 1, WALK_LOOK = 2, WALK_DEEP = 4 }; /* tell each entry; look at what is new; go into what is known */
/* NODE itself again, and what is new below it (DEEP: everything below it). */
int walk_node(struct watch *watch, uint32_t id, unsigned flags, const atomic_bool *interrupted, struct err *err);
/* What stands under that name in PARENT now, and all below. */
int walk_child(struct watch *watch, uint32_t parent, struct bytes name, unsigned flags, struct err *err);

/* --- event.c --- */
int event_handle(struct watch *watch, const struct drained *drained, struct err *err);

/* --- rename.c --- */
int rename_from(struct watch *watch, uint32_t parent, struct bytes name, struct bytes path, uint32_t cookie,
		bool is_dir, struct err *err);
int rename_to(struct watch *watch, uint32_t parent, struct bytes name, struct bytes path, uint32_t cookie, bool is_dir,
	      struct err *err);
int rename_settle(struct watch *watch, uint64_t now_ns, struct err *err); /* halves that are due */
void rename_forget(struct watch *watch, uint32_t id); /* that node floats no more */
uint64_t rename_due_ns(const struct watch *watch);
void rename_done(struct watch *watch);

/* --- loss.c --- */
int loss_note(struct watch *watch, const struct drained *drained, struct err *err);
int loss_tell(struct watch *watch, struct err *err); /* what the sink does not know yet */
int loss_step(struct watch *watch, uint64_t now_ns, struct err *err);
uint64_t loss_due_ns(const struct watch *watch);
bool loss_is_open(const struct watch *watch); /* something lost was not looked for again yet */
void loss_hurry(struct watch *watch); /* somebody waits: no backoff now */

/* --- retry.c --- */
int retry_step(struct watch *watch, uint64_t now_ns, struct err *err);
uint64_t retry_due_ns(const struct watch *watch);

/* --- marks.c --- */
int marks_init(struct watch *watch, struct err *err);
int marks_sweep(struct watch *watch, struct err *err); /* an internal mark: see attach_sweep() */
int marks_event(struct watch *watch, enum watch_class class, struct bytes name, struct err *err);
bool marks_is_dir(const struct watch *watch, const struct statx *stat);

#endif
