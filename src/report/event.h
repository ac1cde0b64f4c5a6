/*
 * event.h - one event of the daemon's journal as read back: docs/FORMATS.md "Events". Lines may come from a host that nobody
 * trusts: a member that is missing or of another type counts as missing.
 *
 * Paths and other bytes from outside stand in a line in their escaped form (quote_add()), which is different for different
 * bytes, so that comparing needs no other. Thread-safe.
 */
#ifndef REPORT_EVENT_H
#define REPORT_EVENT_H

#include <jansson.h>

#include "report/text.h"

struct event {
	json_t *object; /* owned */
	const char *kind; /* "" when there is none; borrowed */
};
/* LINE is a JSON object. ERR_DATA when it is not, ERR_INTERNAL when memory is short. */
int event_parse(const char *line, size_t len, struct event *ret_event, struct err *err);
void event_done(struct event *event);

/* A string member, or NULL. */
const char *event_string(const json_t *object, const char *key);

/* What `tally log` shows with --all only: observed, transient, heartbeat, seal. */
bool event_is_routine(const struct event *event);
/* Is a path of the event, or where a moved one was, at or below one of PATHS? Of a gap: or above it. PATHS in escaped form. */
bool event_concerns(const struct event *event, const struct bytes *paths, size_t count);

/* ENTRY as an entry. The xattrs and what is made of them are left out: acl, caps, selinux, xattrs. */
struct event_entry {
	struct entry entry;
	struct buf user, group, target; /* that the entry borrows from */
};
void event_entry_done(struct event_entry *entry);
/* OBJECT may be NULL: nothing has a value. That memory ran short tell the bufs. */
void event_entry_read(const json_t *object, struct event_entry *ret_entry);

/* The event for people; the second from behind its head on, of those that say what changed. */
void event_text(struct text *text, const struct event *event);
void event_change_text(struct text *text, const struct event *event);

#endif
