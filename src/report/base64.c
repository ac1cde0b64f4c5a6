/* base64.c - see base64.h. */
#include "report/base64.h"

int base64_add(struct buf *out, struct bytes bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t group = (uint32_t)bytes.data[i] << 16;
		char text[4];

		group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
		group |= left > 2 ? (uint32_t)bytes.data[i + 2] : 0;
		for (size_t digit = 0; digit < 4; digit++)
			text[digit] = digit <= left ? digits[(group >> (18 - 6 * digit)) & 63] : '=';
		(void)buf_add(out, text, sizeof(text));
	}
	return buf_failed(out) ? -1 : 0;
}
