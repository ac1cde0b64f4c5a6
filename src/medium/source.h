/*
 * source.h - where the files of a medium are: below a folder, or within an ISO 9660 image, which is read without mounting it.
 * Private to this room. Nothing of it is believed: what is not of the strict shape of docs/FORMATS.md "Medium" is refused
 * (ERR_UNTRUSTED, with its name), the contents of files are for medium.c to prove.
 *
 * Why no library reads the image: the shape that iso.c gives has few parts that may differ, so this reader makes each sector
 * anew from them and compares, and every byte of the image is then either a file's, a part of that shape, or zero. A reader that takes all that
 * ISO 9660 allows can't say so; libarchive's also opens the examined host's /etc/localtime for the dates.
 */
#ifndef MEDIUM_SOURCE_H
#define MEDIUM_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "medium/layout.h"
#include "tally/err.h"

struct source_file {
	char name[MEDIUM_NAME_MAX + 1];
	uint64_t size, at; /* bytes; AT: where it begins in the image */
};

struct source {
	int fd; /* the folder or the image; owned */
	bool image;
	int64_t date; /* of an image: the one date in it, seconds UTC */
	struct source_file *files; /* owned; in byte order, none twice; room for SOURCE_FILES_MAX */
	size_t count;
};
#define SOURCE_INIT ((struct source){ .fd = -1 })

/* The files of the list, the list, and its signatures. */
enum { SOURCE_FILES_MAX = MEDIUM_FILES_MAX + 1 + 256 };

/*
 * Finds what there is. PATH is a folder, an image file or a block device (as typed: links are followed up to there, none
 * below). ERR_NOINPUT, ERR_DENIED, ERR_IO; ERR_DATA when it is neither.
 */
int source_open(const char *path, struct source *ret_source, struct err *err);
void source_done(struct source *source);

/* By its name; NULL when there is none. */
const struct source_file *source_find(const struct source *source, const char *name);

/* Is the file with these numbers (of fstat(2)) one of the medium's, by whichever name it was opened, or does it lie on a mount of the image?
 * Of a mounted image file sysfs knows; where that can't tell, false. */
bool source_holds(const struct source *source, uint64_t device, uint64_t inode);

/*
 * Gives all of FILE, in pieces. ERR_UNTRUSTED when it is no longer the file that was found. *ret_fd (may be NULL) of a folder's is the
 * descriptor that was read, the caller's; -1 of an image's. There is no bound on its size, so INTERRUPTED (may be NULL) ends it: ERR_INTERRUPTED.
 */
typedef int (*source_fn)(void *context, const void *data, size_t len, struct err *err);
int source_read(const struct source *source, const struct source_file *file, source_fn fn, void *context,
		const atomic_bool *interrupted, int *ret_fd, struct err *err);

/* ---- within source*.c ---- */

/* Adds a file; source_sort() is due after the last. ERR_UNTRUSTED for a name that no file of a medium has, or for too many. */
int source_add(struct source *source, const char *name, uint64_t size, uint64_t at, struct err *err);
/* Puts them in order; ERR_UNTRUSTED when a name is there twice. */
int source_sort(struct source *source, struct err *err);

int source_folder_list(struct source *source, struct err *err);
/* What must be so of each regular file; also when it is opened. */
struct stat;
int source_folder_judge(const struct stat *status, const char *name, struct err *err);

/* BYTES: size of the file or device; of a DEVICE, what lies behind the image is not looked at. */
int source_iso_list(struct source *source, uint64_t bytes, bool device, struct err *err);

/* All LEN bytes at AT. ERR_UNTRUSTED when there are fewer. */
int source_pread(int fd, void *data, size_t len, uint64_t at, struct err *err);

#endif
