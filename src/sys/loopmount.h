/*
 * loopmount.h - a file system in an image, read by the host's kernel, read-only, where nobody else sees it.
 *
 * For `--mount`: root only, and the kernel parses what may be hostile. The image becomes a read-only loop device that clears itself
 * (LOOP_CONFIGURE, Linux 5.8), and the mount is made by fsopen(2), fsconfig(2), fsmount(2): it hangs on a descriptor, in no mount namespace at all, so no place on the host is needed, nobody can walk into it,
 * and it is gone with the descriptor, also when the process is killed. nodev, nosuid, noexec, nosymfollow (Linux 5.14), noatime. The type is given, never
 * guessed by the kernel, and each has the options that keep it from replaying a journal. Nothing is written to the image.
 */
#ifndef SYS_LOOPMOUNT_H
#define SYS_LOOPMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/err.h"

/* Would this type, as libblkid names it ("ext4", "vfat", "ntfs"), be mounted? */
bool loopmount_knows(const char *type);
/* The types that are, separated by ", ". */
const char *loopmount_types(void);

struct loopmount_request {
	int fd; /* the image: a file or a block device, opened read-only. Borrowed; can be closed afterwards */
	const char *name; /* of it, for messages */
	uint64_t offset, size; /* the file system's, bytes; OFFSET a multiple of 512; SIZE 0: to the end */
	const char *type; /* as libblkid names it */
};

struct loopmount;

/*
 * ERR_USAGE: a type that is not mounted, or an offset that cannot be. ERR_DENIED: not root, a kernel without it, no loop devices.
 * ERR_DATA: the kernel refused the file system; its own words are in the message. Any thread; *RET_MOUNT is the caller's.
 */
int loopmount_new(const struct loopmount_request *request, struct loopmount **ret_mount, struct err *err);

/* A path by which this process, and nobody else, finds its root: "/proc/self/fd/N". For scan_options.root, with no mount table: the kernel
 * says of this root that it were "/". Borrowed. */
const char *loopmount_root(const struct loopmount *mount);

/* "/dev/loop3": for messages. Borrowed. */
const char *loopmount_device(const struct loopmount *mount);

/* Unmounts, detaches. What was opened below the root must have been closed before, else the kernel keeps both until it is. */
void loopmount_freep(struct loopmount **mount);

/* Is the block device with the number DEVICE (dev_t) a loop device over the file that FILE is of (fstat(2))? As sysfs has it, and false where that can't tell. */
struct stat;
bool loopmount_backed(uint64_t device, const struct stat *file);

#endif
