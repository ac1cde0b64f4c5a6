/* minisign.c - see minisign.h. */
#include "crypto/minisign.h"

#include <sodium.h>
#include <string.h>

bool minisign_take_line(struct bytes *rest, struct bytes *ret_line)
{
	const unsigned char *newline;
	size_t len, used;

	if (rest->len == 0)
		return false;
	newline = memchr(rest->data, '\n', rest->len);
	len = newline ? (size_t)(newline - rest->data) : rest->len;
	used = newline ? len + 1 : len;
	if (len && rest->data[len - 1] == '\r')
		len--;
	*ret_line = (struct bytes){ rest->data, len };
	*rest = (struct bytes){ rest->data + used, rest->len - used };
	return true;
}

static bool no_control(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f)
			return false;
	return true;
}

bool minisign_comment(struct bytes line, const char *prefix, struct bytes *ret_comment)
{
	size_t len = strlen(prefix);

	if (line.len < len || memcmp(line.data, prefix, len) != 0 || !no_control(line))
		return false;
	*ret_comment = (struct bytes){ line.data + len, line.len - len };
	return true;
}

bool minisign_decode(struct bytes line, void *ret_data, size_t len)
{
	const char *end;
	size_t got;

	/* where char is signed, libsodium 1.0.18 takes 0xaf for '/' and 0xab for '+' */
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] >= 0x80)
			return false;
	return line.len == MINISIGN_BASE64_LEN(len) &&
	       sodium_base642bin(ret_data, len, (const char *)line.data, line.len, NULL, &got, &end,
				 sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       got == len && end == (const char *)line.data + line.len;
}

int minisign_add_base64(struct buf *out, const void *data, size_t len)
{
	size_t text_len = MINISIGN_BASE64_LEN(len);

	if (buf_reserve(out, text_len + 1) < 0)
		return -1;
	(void)sodium_bin2base64((char *)out->data + out->len, text_len + 1, data, len, sodium_base64_VARIANT_ORIGINAL);
	out->len += text_len;
	return buf_add_byte(out, '\n');
}

bool minisign_comment_fits(const char *comment, size_t max)
{
	struct bytes text = bytes_of(comment);

	return text.len <= max && no_control(text);
}
