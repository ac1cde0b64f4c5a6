/*
 * folders.h - the daemon's folders: made, given to the right owner, and held open, since nothing can be written by name later.
 *
 * STATE and everything right in it but drift.db stays root's; only STATE/journal and the control socket's folder are the user's
 * that the daemon becomes. Not thread-safe.
 */
#ifndef DAEMON_FOLDERS_H
#define DAEMON_FOLDERS_H

#include <sys/types.h>

#include "tally/err.h"

struct folders {
	int state, journal, marks, socket; /* owned descriptors, -1: none */
};
#define FOLDERS_INIT ((struct folders){ .state = -1, .journal = -1, .marks = -1, .socket = -1 })
void folders_done(struct folders *folders);

/* UID, GID: who the daemon will be; (uid_t)-1: who it is. */
struct folder_owner {
	uid_t uid;
	gid_t gid;
};

/*
 * Makes what is missing. A journal that was root's goes over to OWNER with its files; one of anybody else's is refused with
 * ERR_DENIED, as is a link in the place of a folder. The folder of CONTROL (absolute) becomes OWNER's when it is the default
 * one, or root's with nothing else in it; any other is left as it is. Locks the marks folder against a second daemon (ERR_LOCKED) and empties it.
 */
int folders_make(const char *state, const char *control, const struct folder_owner *owner, struct folders *ret_folders,
		 struct err *err);

#endif
