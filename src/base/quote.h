/*
 * quote.h - the one way in which bytes from outside leave the program.
 *
 * Escapes bytes that are not valid UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing past
 * U+10FFFF), C0, DEL and C1 control characters, the Unicode line and paragraph separators, the
 * bidirectional controls (a terminal would reorder the line) and characters without a shape (two names
 * would look the same: U+00AD, U+180E, U+200B-200F, U+2060-206F, U+FEFF, U+FFF9-FFFB, U+E0000-E0FFF) as
 * \xNN byte by byte, and the backslash as \\. The result is valid UTF-8 on one line, and of different
 * bytes it is different. Pure functions, thread-safe.
 */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends the escaped form of BYTES to OUT. *ret_escaped (may be NULL): anything was escaped. 0 or -1. */
int quote_add(struct buf *out, const void *bytes, size_t len, bool *ret_escaped);

/* As a heap string that the caller frees; NULL when memory is short. */
char *quote_dup(const void *bytes, size_t len);

/*
 * For messages: the escaped form of a C string in a fixed buffer, cut in the middle with "..." when it
 * is longer than 400 bytes. `err_set(err, ERR_IO, "cannot open '%s'", QUOTE(path))`
 */
struct quoted {
	char text[512];
};
struct quoted quote_short(const void *bytes, size_t len);
#define QUOTE(string)       (quote_short((string), strlen(string)).text)
#define QUOTE_N(bytes, len) (quote_short((bytes), (len)).text)

#endif
