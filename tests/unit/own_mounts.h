/*
 * own_mounts.h - a test's mounts are seen by nobody else.
 *
 * Tests run beside one another, and some make a mount namespace of their own: a copy of all mounts there are. Until such a copy is gone
 * umount(8) of the original writes nothing and frees no loop device.
 */
#ifndef OWN_MOUNTS_H
#define OWN_MOUNTS_H

#include <sched.h>
#include <sys/mount.h>

/* The calling process and those that it starts mount where others don't see it. Without root it does nothing: nobody can mount anything then. */
static inline void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

#endif
