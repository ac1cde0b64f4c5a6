/*
 * ewf.h - an Expert Witness image (E01, Ex01, s01) through libewf, which opens nothing: libbfio's callbacks give it the bytes of
 * the source's descriptors.
 *
 * A libewf that carries libbfio in itself and exports it is needed, as Debian's does (pkg-config: libewf alone). In a program
 * without it (ewf_none.c) ewf_new() says so and nothing else is called.
 */
#ifndef DISK_EWF_H
#define DISK_EWF_H

#include "disk/disk.h"
#include "disk/ranges.h"

struct ewf;

int ewf_new(const struct disk_source *source, struct ewf **ret_ewf, struct err *err); /* ERR_DATA, ERR_USAGE */
void ewf_freep(struct ewf **ewf);
uint64_t ewf_size(const struct ewf *ewf); /* bytes of the medium */

/* 0 or -EIO; within the medium. Thread-safe, one at a time. After 256 MiB of chunks that could not be read everything is -EIO: each costs memory. */
int ewf_read(struct ewf *ewf, uint64_t offset, void *data, size_t len);

/* Adds what it says was unreadable when it was taken; the image holds something else there, mostly zeros. */
void ewf_flaws(struct ewf *ewf, struct ranges *ranges);

/* The digests of the medium that stand in it. */
struct ewf_stored {
	bool has_md5, has_sha1;
	unsigned char md5[16], sha1[20];
};
void ewf_stored(struct ewf *ewf, struct ewf_stored *ret_stored);

#endif
