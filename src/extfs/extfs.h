/*
 * extfs.h - an ext2, ext3 or ext4 file system in an image, read through libext2fs; nothing is written.
 *
 * Everything in it may be hostile. A damaged inode costs its path, a damaged directory what lies below it, a damaged superblock or
 * group descriptors the file system.
 *
 * Sources: libext2fs(3) headers, Documentation/filesystems/ext4 and .../journalling (JBD2) of Linux.
 */
#ifndef EXTFS_EXTFS_H
#define EXTFS_EXTFS_H

#include "disk/disk.h"
#include "tree/sink.h"

/* What the journal of a file system holds that its own place does not show yet. */
enum extfs_journal {
	JOURNAL_NONE, /* there is none */
	JOURNAL_CLEAN, /* also: needs_recovery, and the replay found nothing that waits */
	JOURNAL_PENDING, /* needs_recovery: committed transactions wait; replayed when that was asked for */
	JOURNAL_EXTERNAL, /* on another device, and needs_recovery: not replayed */
	JOURNAL_DAMAGED /* replayed as far as `transactions` says; `problem` says what was found there */
};

struct extfs_info {
	char type[8]; /* "ext2", "ext3", "ext4" by its features */
	char uuid[37], label[17];
	char last_mounted[65]; /* where, as the superblock says */
	uint32_t block_bytes;
	uint64_t blocks, inodes;
	bool marked_errors, marked_unclean; /* s_state */
	enum extfs_journal journal;
	uint64_t transactions, journal_blocks; /* replayed: committed transactions, distinct blocks that they change */
	uint64_t fast_commit_blocks; /* blocks of the fast-commit area that hold something: named, not replayed */
	char problem[160]; /* "" when there is none */
};

struct extfs;

/*
 * PART is borrowed until extfs_freep(). REPLAY: see the file system with its journal's committed transactions applied, in memory.
 * FIXED: the bytes do not change while it is read (false for a mounted device: blocks of the journal are copied when they are found,
 * and a superblock that changes meanwhile is no error).
 * ERR_DATA with one line for what can't be read as ext2/3/4 (what, where), for features that are not known (named), for an external
 * journal device.
 */
struct extfs_options {
	const struct extent_of_disk *part;
	bool replay, fixed;
};
int extfs_open(const struct extfs_options *options, struct extfs **ret_extfs, struct err *err);
void extfs_freep(struct extfs **extfs); /* after its contents: they read through it */
const struct extfs_info *extfs_info(const struct extfs *extfs); /* borrowed */

struct extfs_walk {
	struct bytes at; /* where the root of it stands in the tree: "/" or "/boot"; paths given to the sink begin so */
	const struct bytes *shadows; /* sorted, absolute: mount points on it. Neither they nor what is below is given */
	size_t shadow_count;
	const struct bytes
		*paths; /* only these and what is below (absolute, sorted, none below another); count 0: everything */
	size_t path_count;
	const atomic_bool *interrupted;
};
/*
 * Every entry that the sink wants to hear of, in path order, the root first. What cannot be read is an entry with failed attributes, or a
 * problem. Errors: the sink's, memory, ERR_INTERRUPTED.
 * Bounds: PATH_MAX_BYTES; names of 1 to 255 bytes without '/' and NUL; each directory inode is entered once (a second way to it is an entry
 * whose content failed: "a directory loop: ..."); of two equal names in a directory the first counts, and the directory's content failed.
 * A name that no file can have is a problem of its directory. Lists of directories hold 512 MiB together, and directories read at most twice
 * as many blocks as there are; a content has at most 4,194,304 pieces: what is beyond failed, and says so.
 * user and group are named by etc/passwd and etc/group of this file system; /boot on its own has none.
 */
int extfs_walk(struct extfs *extfs, const struct extfs_walk *walk, struct sink *sink, struct err *err);

#endif
