/* texts.c - see texts.h. */
#include "ops/texts.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	struct text *next;
	max_align_t data[];
};

struct texts {
	struct text *first;
};

int texts_new(struct texts **ret_texts, struct err *err)
{
	struct texts *texts = calloc(1, sizeof(*texts));

	if (!texts)
		return err_nomem(err);
	*ret_texts = texts;
	return 0;
}

void texts_freep(struct texts **texts)
{
	if (!*texts)
		return;
	while ((*texts)->first) {
		struct text *text = (*texts)->first;

		(*texts)->first = text->next;
		free(text);
	}
	free(*texts);
	*texts = NULL;
}

void *texts_alloc(struct texts *texts, size_t size)
{
	struct text *text;

	if (size > SIZE_MAX - sizeof(*text))
		return NULL;
	text = calloc(1, sizeof(*text) + size);
	if (!text)
		return NULL;
	text->next = texts->first;
	texts->first = text;
	return text->data;
}

const char *texts_add_bytes(struct texts *texts, const void *data, size_t len)
{
	char *copy = len < SIZE_MAX ? texts_alloc(texts, len + 1) : NULL;

	if (copy && len)
		memcpy(copy, data, len);
	return copy;
}

const char *texts_add(struct texts *texts, const char *text)
{
	return texts_add_bytes(texts, text, strlen(text));
}

const char *texts_printf(struct texts *texts, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return NULL;
	text = texts_alloc(texts, (size_t)len + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}
