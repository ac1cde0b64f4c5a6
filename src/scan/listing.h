/*
 * listing.h - the names in one directory, sorted by bytes: 8 bytes, the name itself and its NUL for each.
 */
#ifndef SCAN_LISTING_H
#define SCAN_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct listed_name {
	uint32_t at; /* in the text */
	uint16_t len;
	uint8_t type; /* DT_* as getdents(2) says, DT_UNKNOWN included: a hint */
};

struct listing {
	struct buf text; /* the names, each with its NUL */
	struct listed_name *names;
	size_t count;
};

/* More bytes of names than this in one directory are refused (-EFBIG): some 40 million short names. */
#define LISTING_BYTES_MAX ((size_t)1 << 30)

/* Called before and after each getdents(2); false ends the listing with -ECANCELED. */
struct listing_watch {
	void (*before)(void *context);
	bool (*after)(void *context);
	void *context;
};

/*
 * Reads the directory, whose descriptor was not read from yet. BUFFER is the caller's, for the kernel. 0 or a negative errno. Names are
 * unique and ascending afterwards, whatever the file system says.
 */
int listing_read(int fd, void *buffer, size_t size, const struct listing_watch *watch, struct listing *ret_listing);

/* For listings made otherwise: add names in any order, then sort. */
struct listing_draft {
	struct buf text, names;
};
int listing_add(struct listing_draft *draft, const char *name, size_t len, uint8_t type);
int listing_finish(struct listing_draft *draft, struct listing *ret_listing);
void listing_draft_done(struct listing_draft *draft);

static inline const char *listing_name(const struct listing *listing, size_t index)
{
	return (const char *)listing->text.data + listing->names[index].at;
}
void listing_done(struct listing *listing);

#endif
