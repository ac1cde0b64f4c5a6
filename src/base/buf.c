/* buf.c - see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_CAPACITY = 64 };

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

int buf_reserve(struct buf *buf, size_t extra)
{
	unsigned char *grown;
	size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_CAPACITY;

	if (extra <= buf->capacity - buf->len && buf->data)
		return 0;
	if (extra > SIZE_MAX / 2 - buf->len) {
		buf->failed = true;
		return -1;
	}
	while (capacity < buf->len + extra)
		capacity *= 2;
	grown = realloc(buf->data, capacity);
	if (!grown) {
		buf->failed = true;
		return -1;
	}
	buf->data = grown;
	buf->capacity = capacity;
	return 0;
}

int buf_add(struct buf *buf, const void *data, size_t len)
{
	if (buf->failed || buf_reserve(buf, len) < 0)
		return -1;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return 0;
}

int buf_add_str(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

int buf_add_byte(struct buf *buf, unsigned char byte)
{
	return buf_add(buf, &byte, 1);
}

int buf_add_u32(struct buf *buf, uint32_t value)
{
	unsigned char bytes[4];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	return buf_add(buf, bytes, sizeof(bytes));
}

int buf_add_u64(struct buf *buf, uint64_t value)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	return buf_add(buf, bytes, sizeof(bytes));
}

int buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (buf->failed || len < 0 || buf_reserve(buf, (size_t)len + 1) < 0) {
		buf->failed = true;
		return -1;
	}
	va_start(args, format);
	(void)vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
	return 0;
}

char *buf_str(struct buf *buf)
{
	if (buf->failed || buf_reserve(buf, 1) < 0)
		return NULL;
	buf->data[buf->len] = '\0';
	return (char *)buf->data;
}

char *buf_steal_str(struct buf *buf)
{
	char *text = buf_str(buf);

	if (text)
		*buf = BUF_INIT;
	return text;
}

bool cursor_bytes(struct cursor *cursor, size_t len, const unsigned char **ret_data)
{
	if (len > cursor->len)
		return false;
	*ret_data = cursor->data;
	cursor->data += len;
	cursor->len -= len;
	return true;
}

static bool cursor_le(struct cursor *cursor, size_t bytes, uint64_t *ret_value)
{
	const unsigned char *data;
	uint64_t value = 0;

	if (!cursor_bytes(cursor, bytes, &data))
		return false;
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)data[i] << (8 * i);
	*ret_value = value;
	return true;
}

bool cursor_u8(struct cursor *cursor, uint8_t *ret_value)
{
	uint64_t value;

	if (!cursor_le(cursor, 1, &value))
		return false;
	*ret_value = (uint8_t)value;
	return true;
}

bool cursor_u32(struct cursor *cursor, uint32_t *ret_value)
{
	uint64_t value;

	if (!cursor_le(cursor, 4, &value))
		return false;
	*ret_value = (uint32_t)value;
	return true;
}

bool cursor_u64(struct cursor *cursor, uint64_t *ret_value)
{
	return cursor_le(cursor, 8, ret_value);
}
