/*
 * buf.h - a growable byte buffer. Not for files: see fd.h.
 *
 * Errors: functions that can grow return 0, or -1 when memory is short or the size would overflow;
 * then the buffer is unchanged and `failed` stays set, so that a run of appends can be checked once
 * at its end (buf_failed). Not thread-safe: one owner at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	unsigned char *data; /* owned; NULL while capacity is 0 */
	size_t len; /* bytes in use */
	size_t capacity;
	bool failed; /* an append was refused */
};

#define BUF_INIT ((struct buf){ .data = NULL })

void buf_done(struct buf *buf); /* frees; leaves BUF_INIT */
void buf_clear(struct buf *buf); /* len = 0, failed = false; keeps the memory */
int buf_reserve(struct buf *buf, size_t extra); /* room for EXTRA more bytes */
int buf_add(struct buf *buf, const void *data, size_t len);
int buf_add_str(struct buf *buf, const char *text); /* without its NUL */
int buf_add_byte(struct buf *buf, unsigned char byte);
int buf_add_u32(struct buf *buf, uint32_t value); /* little endian */
int buf_add_u64(struct buf *buf, uint64_t value); /* little endian */
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool buf_failed(const struct buf *buf)
{
	return buf->failed;
}

/* A NUL behind the data (not counted in len), for use as a C string. NULL when memory is short. */
char *buf_str(struct buf *buf);

/* The data as a NUL-terminated heap string that the caller frees; leaves BUF_INIT. NULL on ENOMEM. */
char *buf_steal_str(struct buf *buf);

/* --- reading: a cursor over borrowed bytes; every getter checks the bounds --- */
struct cursor {
	const unsigned char *data;
	size_t len; /* bytes left */
};

bool cursor_u8(struct cursor *cursor, uint8_t *ret_value);
bool cursor_u32(struct cursor *cursor, uint32_t *ret_value);
bool cursor_u64(struct cursor *cursor, uint64_t *ret_value);
bool cursor_bytes(struct cursor *cursor, size_t len, const unsigned char **ret_data); /* borrowed */

#endif
