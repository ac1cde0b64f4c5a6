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

/* Characters that a terminal would act on, or that would reorder or break the line. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

/* Escapes the character at BYTES into TEXT (at most 17 bytes); returns the source bytes used. */
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

struct quoted quote_short(const void *bytes, size_t len)
{
	static const size_t side_bytes = 56; /* four output bytes each, twice, and the dots stay below 512 */
	const unsigned char *at = bytes;
	struct quoted quoted;
	size_t n = 0;
	bool escaped = false;

	for (size_t i = 0; i < len;) {
		char text[16];
		size_t text_len;
		size_t used;

		if (len > 2 * side_bytes && i >= side_bytes && i < len - side_bytes) {
			memcpy(quoted.text + n, "...", 3);
			n += 3;
			i = len - side_bytes;
			continue;
		}
		used = quote_one(at + i, len - i, text, &text_len, &escaped);
		memcpy(quoted.text + n, text, text_len);
		n += text_len;
		i += used;
	}
	quoted.text[n] = '\0';
	return quoted;
}
