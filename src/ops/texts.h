/*
 * texts.h - an owner for strings and small arrays that live as long as a result does.
 */
#ifndef OPS_TEXTS_H
#define OPS_TEXTS_H

#include <stddef.h>

#include "tally/err.h"

struct texts;

int texts_new(struct texts **ret_texts, struct err *err);
void texts_freep(struct texts **texts);

/* Copies; the copy is NUL-terminated and borrowed from TEXTS. NULL when memory is short. */
const char *texts_add(struct texts *texts, const char *text);
const char *texts_add_bytes(struct texts *texts, const void *data, size_t len);
const char *texts_printf(struct texts *texts, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* SIZE zeroed bytes. */
void *texts_alloc(struct texts *texts, size_t size);

#endif
