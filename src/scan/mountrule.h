/*
 * mountrule.h - which mounts a scan crosses, and whether a file system is the one that the reference saw there.
 *
 * Disk file systems are crossed; others (pseudo, network, FUSE, automount, overlay, tmpfs) only when a rule of
 * the policy names a path at or below the mount point. What is not crossed is not recorded at all: what could
 * be seen at the mount point is the mounted root, whose times and numbers change at each boot, while the mount
 * table itself is part of the baseline and is compared. It is counted (mounts_skipped). A mount that the table
 * does not have was made after the table was read: then the comparison of tables cannot tell of it, and the
 * mount point is delivered as unexamined.
 */
#ifndef SCAN_MOUNTRULE_H
#define SCAN_MOUNTRULE_H

#include "scan/meta.h"
#include "scan/shared.h"

enum mount_verdict {
	MOUNT_NONE, /* no mount point */
	MOUNT_CROSS,
	MOUNT_SKIP, /* not crossed, or blind */
	MOUNT_NEW /* not in the table */
};

struct mountrule {
	enum mount_verdict verdict;
	bool disk, same_fs; /* of MOUNT_CROSS */
};

/* PATH: in the scan's own space. SPACE is scratch. 0, or -1 when memory is short. */
int mountrule_judge(const struct shared *shared, struct bytes path, const struct meta_raw *raw, struct buf *space,
		    struct mountrule *ret_rule);

/* The same for the scan's root directory, which is always entered: disk and same_fs. */
void mountrule_root(const struct shared *shared, struct mountrule *ret_rule);

#endif
