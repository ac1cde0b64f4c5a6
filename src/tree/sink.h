/*
 * sink.h - where a parser of foreign bytes (a file system in an image, an archive) puts what it finds.
 *
 * The parser knows no policy: it asks. One owner; only content->read() is called from other threads.
 */
#ifndef TREE_SINK_H
#define TREE_SINK_H

#include "tree/entry.h"

/* The content of one regular file, embedded first in the parser's own. */
struct content {
	/* Reads exactly LEN bytes at OFFSET; OFFSET + LEN is at most the entry's size. 0, or a negative errno (-EIO: the
	 * image could not be read there; -EUCLEAN: what the file system says of it cannot be). Called from many threads, also for one
	 * content, until free(). */
	int (*read)(const struct content *content, uint64_t offset, void *data, size_t len);
	void (*free)(struct content *content);
};

struct sink {
	/* May this directory or anything below it be wanted? If not, it need not be read. */
	bool (*enters)(struct sink *sink, struct bytes path);
	/*
	 * How many bytes of this file's content are to be hashed from its beginning: 0 nothing, UINT64_MAX all. PROGRAM_ONLY: only if it
	 * begins as ELF ("\177ELF"); its head is wanted in any case. For parsers that hash themselves (archives); entry->path and metadata are set.
	 */
	uint64_t (*wants)(struct sink *sink, const struct entry *entry, bool *ret_program_only);
	/*
	 * One entry with its path. A file system delivers them in path order; an archive in its own. CONTENT is the sink's from the call
	 * on, whatever the call returns. With CONTENT the entry is a regular file with ATTR_CONTENT in none of the masks, and the sink hashes what
	 * the policy asks for. Without, the entry is complete. ENTRY is borrowed for the call.
	 */
	int (*entry)(struct sink *sink, const struct entry *entry, struct content *content, struct err *err);
	/* An archive's further name PATH for what it has under TARGET (both absolute and valid). */
	int (*link)(struct sink *sink, struct bytes path, struct bytes target, struct err *err);
	/* Something that is no entry but must be known (a name that no file can have, outside of any directory): one line.
	 * Counted as unexamined, with PATH ("/" when there is none better). */
	int (*problem)(struct sink *sink, struct bytes path, const char *line, struct err *err);
};

#endif
