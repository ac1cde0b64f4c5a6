/* quote.c - see quote.h. */
#include "base/quote.h"

#include <stdint.h>
#include <string.h>

/* Length in bytes of the valid UTF-8 sequence at BYTES, 0 when there is none; *ret_code its code point. */
static size_t utf8_sequence(const unsigned char *bytes, size_t len, uint32_t *ret_code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;
	size_t need;

	if (bytes[0] < 0x80)
		need = 1, code = bytes[0];
	else if ((bytes[0] & 0xe0) == 0xc0)
		need = 2, code = bytes[0] & 0x1fu;
	else if ((bytes[0] & 0xf0) == 0xe0)
		need = 3, code = bytes[0] & 0x0fu;
	else if ((bytes[0] & 0xf8) == 0xf0)
		need = 4, code = bytes[0] & 0x07u;
	else
		return 0;
	if (need > len)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3fu);
	}
	if (code < smallest[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return need;
}

/* Characters that a terminal would act on, that would reorder or break the line, or that nobody can see. */
static bool is_control(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0, 0x1f },        { 0x7f, 0x9f },     { 0xad, 0xad },       { 0x61c, 0x61c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && code >= ranges[i].first; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

/* Escapes the character at BYTES into TEXT (at most 16 bytes); returns the source bytes used. */
static size_t quote_one(const unsigned char *bytes, size_t len, char *text, size_t *ret_text_len, bool *escaped)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t code = 0;
	size_t used = utf8_sequence(bytes, len, &code);
	size_t n = 0;

	if (used && code != '\\' && !is_control(code)) {
		memcpy(text, bytes, used);
		*ret_text_len = used;
		return used;
	}
	*escaped = true;
	if (used && code == '\\') {
		memcpy(text, "\\\\", 2);
		*ret_text_len = 2;
		return 1;
	}
	used = used ? used : 1;
	for (size_t i = 0; i < used; i++) {
		text[n++] = '\\';
		text[n++] = 'x';
		text[n++] = hex[bytes[i] >> 4];
		text[n++] = hex[bytes[i] & 15];
	}
	*ret_text_len = n;
	return used;
}

int quote_add(struct buf *out, const void *bytes, size_t len, bool *ret_escaped)
{
	const unsigned char *at = bytes;
	bool escaped = false;

	while (len && !buf_failed(out)) {
		char text[16];
		size_t text_len;
		size_t used = quote_one(at, len, text, &text_len, &escaped);

		(void)buf_add(out, text, text_len);
		at += used;
		len -= used;
	}
	if (ret_escaped)
		*ret_escaped = escaped;
	return buf_failed(out) ? -1 : 0;
}

char *quote_dup(const void *bytes, size_t len)
{
	struct buf out = BUF_INIT;
	char *text;

	(void)quote_add(&out, bytes, len, NULL);
	text = buf_steal_str(&out);
	if (!text)
		buf_done(&out);
	return text;
}

/* Escapes LEN bytes into TEXT as far as they fit into SIZE bytes; returns the bytes of text, *ret_used those used. */
static size_t quote_into(char *text, size_t size, const unsigned char *bytes, size_t len, size_t *ret_used)
{
	bool escaped = false;
	size_t n = 0, used = 0;

	while (used < len) {
		char one[16];
		size_t one_len;
		size_t one_used = quote_one(bytes + used, len - used, one, &one_len, &escaped);

		if (n + one_len > size)
			break;
		memcpy(text + n, one, one_len);
		n += one_len;
		used += one_used;
	}
	*ret_used = used;
	return n;
}

struct quoted quote_short(const void *bytes, size_t len)
{
	enum { HEAD = 196, TAIL_BYTES = 50, WHOLE = 400 }; /* a byte becomes at most four: two fit in a message */
	struct quoted quoted;
	const unsigned char *tail = bytes;
	size_t used;
	size_t n = quote_into(quoted.text, WHOLE, bytes, len, &used);

	if (used < len) {
		n = quote_into(quoted.text, HEAD, bytes, len, &used);
		memcpy(quoted.text + n, "...", 3);
		n += 3;
		tail += len - TAIL_BYTES;
		len = TAIL_BYTES;
		while (len > TAIL_BYTES - 3 && (*tail & 0xc0) == 0x80) /* not from within a character */
			tail++, len--;
		n += quote_into(quoted.text + n, 4 * TAIL_BYTES, tail, len, &used);
	}
	quoted.text[n] = '\0';
	return quoted;
}
