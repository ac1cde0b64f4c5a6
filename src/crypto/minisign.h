/*
 * minisign.h - what minisign's key and signature files have in common: lines, comments, base64.
 * Private to this room. Pure functions, thread-safe.
 *
 * Format: https://jedisct1.github.io/minisign/ ("Signature format", "Public key format", "Secret key format").
 */
#ifndef CRYPTO_MINISIGN_H
#define CRYPTO_MINISIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/path.h"

#define MINISIGN_UNTRUSTED "untrusted comment: "
#define MINISIGN_TRUSTED   "trusted comment: "

/* Longest comments, without what stands before them, that minisign reads back (it has buffers of 1024 and 8192). */
enum { MINISIGN_UNTRUSTED_MAX = 1003, MINISIGN_TRUSTED_MAX = 8173 };

/* Bytes of base64 for BYTES bytes. */
#define MINISIGN_BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)

/* Takes the next line off *REST, without its end ("\n", "\r\n", or the end of the text). False at the end. */
bool minisign_take_line(struct bytes *rest, struct bytes *ret_line);
/* The comment behind PREFIX; false when the line does not begin so, or holds a control character other than tab. */
bool minisign_comment(struct bytes line, const char *prefix, struct bytes *ret_comment);
/* Exactly LEN bytes in strict base64 (padded, nothing between, no spare bits). RET_DATA is used either way. */
bool minisign_decode(struct bytes line, void *ret_data, size_t len);
/* Appends a line of base64. 0 or -1. */
int minisign_add_base64(struct buf *out, const void *data, size_t len);
/* Is COMMENT one line of at most MAX bytes without control characters other than tab? */
bool minisign_comment_fits(const char *comment, size_t max);

#endif
