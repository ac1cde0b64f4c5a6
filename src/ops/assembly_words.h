/*
 * assembly_words.h - what kind of thing a partition is, and what to tell somebody who wants it compared.
 */
#ifndef OPS_ASSEMBLY_WORDS_H
#define OPS_ASSEMBLY_WORDS_H

#include "ops/assembly.h"

/* Can it be read? *ret_by_kernel: only by mounting. ERR_USAGE with what to do where it can't, ERR_DATA where nothing is known there. */
int assembly_readable(const struct partition *partition, const struct assembly_request *request, bool *ret_by_kernel,
		      struct err *err);
/* A Linux file system that a root may lie on, which can be read. */
bool assembly_may_be_root(const struct partition *partition, const struct assembly_request *request);
/* An extended partition: only the place of others. */
bool assembly_is_container(const struct partition *partition);
/* "partition 3 (swap, 512.0 MiB) is not compared: ..." */
const char *assembly_left(const struct partition *partition, const struct assembly_request *request,
			  struct texts *texts);
/* Sets CODE: "image 'X' WHAT; it has: 1 (vfat, ...), 2 (...)". */
int assembly_refuse(const struct partitions *partitions, const struct assembly_request *request, int code,
		    const char *what, struct err *err);

#endif
