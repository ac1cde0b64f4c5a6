/*
 * mounts.h - the mount table of this system, from /proc/self/mountinfo (proc(5)).
 */
#ifndef SYS_MOUNTS_H
#define SYS_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tally/err.h"

struct sys_mount {
	char *path; /* mount point, raw bytes unescaped from the octal form */
	char *fstype;
	char *id; /* "uuid:..." by /dev/disk/by-uuid, else "fsid:HEX" from statfs(2), else "" */
	unsigned dev_major, dev_minor;
	bool whole; /* its file system's own root is mounted, not a folder of it */
	bool disk; /* a disk file system; else pseudo, network, FUSE, automount or overlay */
};

struct sys_mounts {
	struct sys_mount *mounts; /* sorted by path; of several mounted on one point the topmost only */
	size_t count;
};

/* MOUNTINFO: the file to read, NULL for /proc/self/mountinfo. */
int sys_mounts_load(const char *mountinfo, struct sys_mounts *ret_mounts, struct err *err);
void sys_mounts_done(struct sys_mounts *mounts);
/* The mount point exactly at PATH, or NULL. */
const struct sys_mount *sys_mounts_at(const struct sys_mounts *mounts, const char *path, size_t len);
/* The mount that PATH lies on: longest mount point above or at it. NULL only for an empty table. */
const struct sys_mount *sys_mounts_of(const struct sys_mounts *mounts, const char *path, size_t len);

#endif
