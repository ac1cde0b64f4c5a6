/*
 * scan.h - the present state of a live tree: walked in parallel, hashed in parallel, delivered in path order
 * beside its reference. docs/ARCHITECTURE.md "The life of one entry".
 *
 * A scan is a `struct pairs`: a is the reference entry (from a baseline; always NULL without one), b what is
 * there now. Pairs with a alone are paths that are gone, as far as the scan could see. Where it could not see
 * (unreadable directory, blind mount, excluded by the policy) the reference entries still come, alone; diff
 * tells the difference by scan_stats and by the failed bits of the directory's own entry.
 *
 * Nothing is written to what is examined: O_NOATIME where permitted, no FIFO, socket or device is opened. Access
 * times may move all the same: of other people's files when the scan is not root's, and of symbolic links, whose
 * target cannot be read otherwise.
 *
 * Also delivered, though the policy does not cover it: a directory on the way to what it covers, when it could not
 * be listed. A mount point that is not crossed (mountrule.h) or blind is not delivered on the b side; one mounted
 * after the table was read is, with a failed content. Paths longer than PATH_MAX_BYTES are not delivered: the
 * directory that holds them has a failed content.
 *
 * Of some paths only (SCAN_SELF, SCAN_CHILDREN) just the pairs that a full scan would have for them are delivered, and
 * directories on the way to them that failed. A directory is opened, so that it has failed where it cannot be listed, but
 * not listed; what was asked for in one that cannot be opened has failed as well (a full scan has no entry for it).
 *
 * Each of these makes an entry with failed attributes, never a hang: no answer within 30 s (network, FUSE; the worker
 * is left behind), a lease held for longer than a second, a file that changes each time it is read.
 */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include <stdatomic.h>

#include "policy/policy.h"
#include "sys/mounts.h"
#include "tree/tree.h"

enum scan_depth {
	SCAN_BELOW, /* the paths and everything below them */
	SCAN_SELF, /* only the paths themselves; one may lie below another */
	SCAN_CHILDREN /* the paths and the names in those that are directories; one may lie below another */
};

struct scan_options {
	const char *root; /* where "/" of the result is: "/" for live:/, else a directory */
	struct bytes
		at; /* where that "/" stands in what is delivered, asked for and decided by the policy: "/srv/www"; len 0: "/" */
	const struct policy *policy;
	const struct bytes *paths; /* only these and what is below; NULL: everything in the policy's scope */
	size_t path_count; /* absolute, parents' links resolved, sorted, none below another */
	struct tree *reference; /* entries of the same paths, or NULL. Stays the caller's. */
	const struct sys_mounts *mounts; /* of this system; NULL: cross nothing that is not on the root's device */
	const struct mount *reference_mounts; /* mount table of the reference */
	size_t reference_mount_count;
	const struct bytes *blind; /* mount points not to be examined (nor entered); sorted */
	size_t blind_count;
	enum scan_depth depth; /* with paths */
	struct bytes after; /* deliver only what comes behind this path; len 0: everything. The reference's, too. */
	bool quick; /* do not read what is unchanged by DESIGN section 6 */
	bool read_severe; /* with quick: contents of severity read_from and above are read all the same */
	enum severity read_from;
	uint64_t read_below; /* larger contents are left unread: ATTR_CONTENT in no mask. 0: no such bound */
	uint64_t rate_bytes; /* read no more a second, all workers together; 0: no such bound */
	bool metadata_only; /* read no content at all */
	unsigned threads; /* workers; 0: one a processor that this process may use */
	const atomic_bool *interrupted; /* set by a signal handler: the scan ends with ERR_INTERRUPTED. May be NULL */
};

/* Counters, readable from any thread while the scan runs. */
struct scan_stats {
	atomic_uint_fast64_t examined; /* entries delivered that are there */
	atomic_uint_fast64_t files_read; /* fully */
	atomic_uint_fast64_t bytes_read;
	atomic_uint_fast64_t skipped; /* contents that --quick did not read: the reference's, or a grown log */
	atomic_uint_fast64_t unexamined; /* entries with something failed */
	atomic_uint_fast64_t excluded; /* names passed over because the policy excludes them */
	atomic_uint_fast64_t mounts_skipped; /* mounts not crossed, and blind points */
};

/* ret_pairs is owned by the caller (pairs_freep stops the workers). */
int scan_new(const struct scan_options *options, struct pairs **ret_pairs, struct err *err);
const struct scan_stats *scan_stats(const struct pairs *scan);

/* Attributes that this process can read here (trusted.* xattrs need root, btime a kernel that tells it). */
uint32_t scan_gives(const struct pairs *scan);

#endif
