/*
 * elf.h - is a file a static program for this machine? Reads headers only, of files that may be anything.
 *
 * Source of the format: elf(5). Pure but for reading the descriptor; thread-safe.
 */
#ifndef OPS_ELF_H
#define OPS_ELF_H

#include "tally/err.h"

enum elf_kind {
	ELF_NONE, /* no ELF file, or one whose headers do not add up */
	ELF_FOREIGN, /* for another machine */
	ELF_OBJECT, /* no program: an object file, a shared library, a core */
	ELF_DYNAMIC, /* wants an interpreter or libraries */
	ELF_STATIC /* ET_EXEC or static PIE without either */
};

/* "another machine's program" and so on, for messages. */
const char *elf_kind_text(enum elf_kind kind);

/* FD is a regular file, read with pread(2). ERR_IO when it cannot be read; NAME is for that message. */
int elf_judge(int fd, const char *name, enum elf_kind *ret_kind, struct err *err);

#endif
