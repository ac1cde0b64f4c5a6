/*
 * parse.h - JSON texts to jansson's values, so that a short memory is an error and nothing worse. Nobody else calls json_load*().
 */
#ifndef JSON_PARSE_H
#define JSON_PARSE_H

#include <jansson.h>
#include <stddef.h>

#include "tally/err.h"

/*
 * *ret_value (the caller's): what LEN bytes of TEXT say, an object or an array; duplicate members are refused. 0; ERR_DATA, the message
 * being what is wrong with it (quoted), when it is none; ERR_INTERNAL when memory ran short, which jansson itself does not always tell.
 * Thread-safe.
 */
int json_parse(const char *text, size_t len, json_t **ret_value, struct err *err);

/* To be called before the first value is made without json_parse(): the key of jansson's hash tables is drawn, and no file is opened
 * for it. Again and again at no cost; thread-safe. */
void json_prepare(void);

#endif
