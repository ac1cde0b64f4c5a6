/*
 * subject.h - what somebody named to be compared: which kind of tree, in which file, which part of it.
 *
 * A prefix decides; without one a directory is dir:, and a file is what its first bytes say.
 */
#ifndef OPS_SUBJECT_H
#define OPS_SUBJECT_H

#include <stdbool.h>

#include "tally/err.h"

enum subject_kind { SUBJECT_LIVE, SUBJECT_DIR, SUBJECT_BASELINE, SUBJECT_IMAGE, SUBJECT_ARCHIVE };

struct subject {
	enum subject_kind kind; /* a medium is a SUBJECT_BASELINE */
	const char *typed; /* borrowed */
	const char *kind_name; /* "live", "dir", "baseline", "medium", "image", "archive" */
	char *file; /* without prefix and partition */
	char *partition; /* of an image: "2", "LABEL=x", "UUID=y"; NULL: none was named */
};

/*
 * Looks at TYPED. A partition stands behind the last '@' when what follows is a number, LABEL=... or UUID=...
 * ERR_USAGE: an unknown prefix, live: anything but "/"; ERR_NOINPUT and others as open(2) gives them; ERR_DATA: bytes that begin as two
 * kinds do, or a file that is empty.
 */
int subject_parse(const char *typed, struct subject *ret_subject, struct err *err);
void subject_done(struct subject *subject);

/* Does TEXT begin so? Bytes, no case. Pure. */
bool subject_begins(const char *text, const char *with);

#endif
