/* reply.c - objects and errors as lines; see inner.h. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "control/inner.h"

static int append(const char *text, size_t len, void *context)
{
	return buf_add(context, text, len);
}

bool reply_add(struct buf *out, const json_t *object)
{
	/* json_dump_callback() alone would not tell: jansson 2.14 overlooks a key that could not be appended */
	return object && json_dump_callback(object, append, out, JSON_COMPACT) == 0 && buf_add_byte(out, '\n') == 0 &&
	       !buf_failed(out);
}

void reply_add_escaped(struct buf *out, const char *text)
{
	size_t len = strlen(text), start = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '\\')
			continue;
		(void)quote_add(out, text + start, i - start, NULL);
		if (i < len)
			(void)buf_add_byte(out, '\\');
		start = i + 1;
	}
}

void reply_add_error(struct buf *out, const struct err *err)
{
	CLEANUP(buf_done) struct buf message = BUF_INIT;

	reply_add_escaped(&message, err->message);
	(void)buf_printf(out, "{\"record\":\"error\",\"code\":%d,\"message\":\"", err_exit_status(err->code));
	for (size_t i = 0; i < message.len; i++) {
		/* control characters are gone; these two are all that JSON asks for besides */
		if (message.data[i] == '"' || message.data[i] == '\\')
			(void)buf_add_byte(out, '\\');
		(void)buf_add_byte(out, message.data[i]);
	}
	(void)buf_add_str(out, "\"}\n");
}
