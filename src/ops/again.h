/*
 * again.h - a running system beside the device that it runs on: what is merely in flight is told from what differs by looking again.
 */
#ifndef OPS_AGAIN_H
#define OPS_AGAIN_H

#include "ops/look.h"

/*
 * Looks at what *COMPARISON, of PATHS and after changes_finish(), says differs again, several times, until nothing is left or longer has passed
 * than the kernel holds back what was written. A path that was equal once was in flight and is no change. One that changed and differs at each
 * look, the device's side of it differently at the last, is unexamined: it is being written to. Whether a name is there is always asked of whole
 * folders, never by the name: what hides a file hides it from listings. *comparison is replaced; its figures are those of the first look. No stream may be open. Waits
 * tens of seconds when something differs; ERR_INTERRUPTED.
 */
int again_look(struct looks *looks, const struct path_list *paths, const char *tmp, struct comparison **comparison,
	       struct err *err);

#endif
