/* page.c - see page.h. */
#include "report/page.h"

#include "base/cleanup.h"

enum { LABEL_WIDTH = 11 };

/* Columns: a character is a byte that goes on no other; what we print has no wide and no shapeless ones to speak of. */
static size_t columns(const unsigned char *bytes, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += (bytes[i] & 0xc0) != 0x80;
	return count;
}

/* How many bytes of REST go into ROOM columns, at a space if there is one: at least one word. */
static size_t fitting(const unsigned char *rest, size_t len, size_t room)
{
	size_t best = 0, at = 0;

	while (at < len) {
		const unsigned char *space = memchr(rest + at, ' ', len - at);
		size_t end = space ? (size_t)(space - rest) : len;

		if (best && columns(rest, end) > room)
			return best;
		best = end;
		at = end + 1;
	}
	return best ? best : len;
}

static void put_part(struct text *text, enum text_color color, const unsigned char *part, size_t len)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	(void)buf_add(&line, part, len);
	if (buf_str(&line))
		text_colored(text, color, (const char *)line.data);
	else
		text->buf.failed = true;
	(void)buf_add_byte(&text->buf, '\n');
}

/* The label is written; its width is INDENT. */
static void put_body(struct text *text, size_t indent, enum text_color color, struct buf *body)
{
	size_t at = 0;

	text->buf.failed |= body->failed;
	while (at < body->len) {
		size_t len = fitting(body->data + at, body->len - at, PAGE_WIDTH - 1 - indent);

		if (at)
			(void)buf_printf(&text->buf, "%*s", (int)indent, "");
		put_part(text, color, body->data + at, len);
		at += len;
		while (at < body->len && body->data[at] == ' ')
			at++;
	}
	buf_clear(body);
}

void page_line(struct text *text, const char *label, enum text_color color, struct buf *body)
{
	if (body->len == 0 && !body->failed)
		return;
	(void)buf_printf(&text->buf, "%-*s", LABEL_WIDTH, label);
	put_body(text, LABEL_WIDTH, color, body);
}

void page_title(struct text *text, const char *label, enum text_color color, struct buf *body)
{
	text_colored(text, color, label);
	(void)buf_add_str(&text->buf, "  ");
	put_body(text, strlen(label) + 2, COLOR_NONE, body);
}
