/*
 * look.h - looks: a part of the tree is scanned, held against what is believed (the baseline's rows and the drift over them),
 * and every name that differs is told to the main thread, which has it judged. A look decides nothing.
 *
 * Two threads work through requests, the most urgent first: one for those before LOOK_POLL (nice, and last among equals at the
 * disk), one for the others at idle priority for processor and disk. A look steps aside, between two names, for one of its thread
 * that is more urgent, and goes on afterwards; nobody sees that. Results come by mail: names while it goes on, then the end.
 */
#ifndef DAEMON_LOOK_H
#define DAEMON_LOOK_H

#include "daemon/mail.h"
#include "daemon/view.h"
#include "scan/scan.h"
#include "store/drift.h"

enum look_purpose { /* most urgent first */
		    LOOK_NAMES, /* names came and went unseen: what may have changed through them */
		    LOOK_LOSS, /* after a gap; or the watch asked: a directory came or changed its queue, an event could not be placed */
		    LOOK_START, /* what changed while nobody watched */
		    LOOK_RULE, /* after a new generation, policy or mount table */
		    LOOK_POLL, /* the polling ring */
		    LOOK_ASKED, /* tally check --daemon */
		    LOOK_ROUND, /* a slice of the rolling scan */
		    LOOK_PURPOSES
};
const char *look_purpose_name(
	enum look_purpose purpose); /* "names", "loss", "start", "rule", "poll", "asked", "round" */

struct look_request {
	enum look_purpose purpose;
	struct bytes *paths; /* owned with the bytes behind them (one allocation each); sorted; count 0: everything */
	size_t path_count;
	enum scan_depth depth;
	struct bytes after; /* only what comes behind this path; owned; len 0: from the beginning */
	bool quick; /* read no content that metadata say is as believed ... */
	enum severity read_from; /* ... but that of this severity and above all the same; SEVERITY_COUNT: none */
	uint64_t stop_bytes; /* end early after reading that much (a slice); 0: never */
	uint64_t stop_entries; /* or after that many names; 0: never */
	uint64_t rate_bytes; /* a second; 0: as fast as idle priority gives */
	uint64_t number; /* the caller's */
};

struct look_names { /* MAIL_NAMES */
	struct mail mail;
	enum look_purpose purpose;
	size_t count;
	struct look_name {
		char *path; /* owned, raw bytes, NUL-terminated */
		bool is_dir;
	} * names; /* at most 1024 a message */
};

struct look_done { /* MAIL_LOOKED */
	struct mail mail;
	enum look_purpose purpose;
	uint64_t number;
	struct timestamp from, to;
	uint64_t examined, files_read, bytes_read, unexamined, differing; /* differing: names told */
	bool ended; /* it came to the end of what was asked */
	struct buf reached; /* path up to which it came when it did not */
	struct err err; /* code 0: it went well */
};

/* What is there now against what is believed: attributes that differ, or that could be read then or now and not the other
 * time. Contents that were left unread now are as believed. Pure. */
bool look_differs(const struct entry *believed, const struct entry *present);

struct looker;
/* OUT: where the mail goes. Both borrowed. Starts the thread. */
int looker_new(struct drift *drift, struct mailbox *out, struct looker **ret_looker, struct err *err);
void looker_freep(struct looker **looker); /* stops a running look */
/* From any thread. Takes what REQUEST holds over (also when it fails), and a reference of VIEW. Paths are sorted, and those said twice
 * or covered by another are dropped. A view without a stand: every name is told, nothing is read. Requests of one purpose are done in the
 * order of asking, and each ends with one message (but for those that looker_freep() cuts off). */
int looker_ask(struct looker *looker, struct look_request *request, struct view *view, struct err *err);
/* What is going on, for status: of the two threads' looks the more urgent. Once a request does not count any more, its messages are in
 * OUT. */
struct looker_state {
	bool busy;
	enum look_purpose purpose;
	struct timestamp since;
	uint64_t examined, bytes_read; /* so far */
	size_t waiting; /* requests */
	size_t waiting_urgent; /* of them and the running one, those before LOOK_POLL */
};
void looker_state(struct looker *looker, struct looker_state *ret_state);

#endif
