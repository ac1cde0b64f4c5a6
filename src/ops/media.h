/*
 * media.h - media as the verbs use them: proved, with their baseline open, and both saying the same.
 */
#ifndef OPS_MEDIA_H
#define OPS_MEDIA_H

#include "medium/medium.h"
#include "store/baseline.h"

/* Does NAMED, as typed, name a medium? "baseline:" and "medium:" say so; else a folder and an ISO file are one. What can't be looked at is none. */
bool media_is(const char *named);

/* Is there a list in FOLDER that begins as a medium's does? Moves no access time; what can't be looked at is none. */
bool media_in(const char *folder);

/* FILE is a baseline that may lie on a medium, though it was named by itself: ERR_USAGE when a key of TRUST is the file keys/KEYID.pub beside it. */
int media_refuse_beside(const char *file, const struct trust *trust, struct err *err);

/*
 * Proves the medium NAMED by TRUST (which must outlive it; see medium_open()), opens its baseline.db, and holds against that what is
 * beside it: host, sequence and statement hash of the list, statement.txt and every signature over it, policy.yaml. The signatures
 * over the statement are not judged here, the rows not read. ERR_UNTRUSTED names what is wrong; else as medium_open().
 */
int media_open(const char *named, const struct trust *trust, const atomic_bool *interrupted, struct medium **ret_medium,
	       struct baseline **ret_baseline, struct err *err);

#endif
