/*
 * json.h - NDJSON: one object a line, members as docs/FORMATS.md "NDJSON" has them. For report/ and cli/.
 *
 * A record is built in a jansson object whose `failed` is looked at once, when it is written.
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <jansson.h>

#include "tally/report.h"

struct record {
	json_t *object; /* owned */
	bool failed; /* memory ran short */
};
struct record record_new(void);
/* An object (the caller's) from its text; duplicate members are refused. NULL: ERR_DATA when it is none, ERR_INTERNAL when memory
 * ran short, which jansson itself does not always tell. */
json_t *record_parse(const char *text, size_t len, struct err *err);
void record_done(struct record *record);

/* Each adds a member at the end; VALUE is consumed. */
void record_set(struct record *record, const char *key, json_t *value);
void record_string(struct record *record, const char *key, const char *text);
void record_count(struct record *record, const char *key, uint64_t number);
/* Bytes from outside: escaped under KEY, and exact under KEY_b64 when anything was escaped. */
void record_bytes(struct record *record, const char *key, struct bytes bytes);
/* A line of our own making (form_message()). */
void record_message(struct record *record, const char *key, struct bytes line);
/* Lines of our own making as an array. */
void record_messages(struct record *record, const char *key, const char *const *lines, size_t count);
void record_signers(struct record *record, const char *key, const struct report_signer *signers, size_t count);
/* Names of the attributes in MASK. */
void record_attributes(struct record *record, const char *key, uint32_t mask);

/* Appends the members of ENTRY (docs/FORMATS.md "ENTRY") that have a value. */
void record_entry(struct record *record, const struct entry *entry);

/* The members of CHANGE but its kind: path, from, attributes, before, after, severity, rule, log. */
void record_change(struct record *record, const struct change *change);

int record_write(const struct report_out *out, const struct record *record, struct err *err);

int json_comparison(const struct report_out *out, struct changes *changes, const struct report_summary *summary,
		    struct err *err);
int json_summary(const struct report_out *out, const struct report_summary *summary, struct err *err);

#endif
