/*
 * assembly.h - which file systems of an image are compared, and where in the tree each stands.
 *
 * Decided by what somebody named, else by the mount table of the other side. Where there is neither, by the fstab of the one partition that
 * this fstab itself calls the root: the image's own word, and told as such. Reads nothing.
 */
#ifndef OPS_ASSEMBLY_H
#define OPS_ASSEMBLY_H

#include "disk/partitions.h"
#include "evidence/fstab.h"
#include "ops/grounds.h"
#include "ops/texts.h"

struct assembly_request {
	const char *name; /* the image as typed, for messages */
	const char *partition; /* "2", "LABEL=x", "UUID=y"; NULL: none was named */
	struct bytes at; /* where the root stands */
	const struct grounds *table; /* where file systems belong; count 0: nobody knows */
	struct fstab *const *fstabs; /* of each partition, NULL where none was read; NULL: they don't count */
	bool mount; /* what is not ext2/3/4 may be mounted */
};

struct assembled {
	uint32_t number; /* of the partition; 0: there is no table */
	uint64_t offset, size; /* bytes */
	bool by_kernel; /* to be mounted; else read by ourselves */
	struct ground ground; /* path, type and id; its strings are the texts' */
};

struct assembly {
	struct assembled *parts; /* sorted by path; [0] stands at request->at */
	size_t count;
	const char **left; /* a line for each partition that is not compared, though none was named */
	size_t left_count;
	const char **notes; /* what the head must say */
	size_t note_count;
};

/*
 * Strings and arrays belong to TEXTS. ERR_NOINPUT: no such partition, or none that can be the root (with the list of what there is);
 * ERR_DATA: two of them have the UUID or label that decides, a table that can't be read; ERR_USAGE: LUKS, LVM, or a file system that
 * wants --mount, with the command.
 */
int assembly_make(const struct partitions *partitions, const struct assembly_request *request, struct texts *texts,
		  struct assembly *ret_assembly, struct err *err);

#endif
