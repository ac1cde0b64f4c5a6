/*
 * status.h - the daemon's status object read with mistrust: every getter takes what is missing or of another type. Private to report/.
 */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include <jansson.h>

#include "report/page.h"

struct status {
	struct text text;
	const json_t *object;
	int64_t now; /* by the daemon's clock */
};

/* --- getters (status.c) --- */
const json_t *status_at(const json_t *object, const char *first,
			const char *second); /* SECOND may be NULL; NULL: none */
uint64_t status_count(const json_t *value); /* 0 for what is no count */
bool status_time(const json_t *value, int64_t *ret_sec); /* RFC 3339, or seconds */

/* --- words, appended to BODY --- */
void status_add_text(struct buf *body, const json_t *value); /* "unknown" for what is no text */
void status_add_count(struct buf *body, const json_t *value, const char *one,
		      const char *many); /* "3 paths", "? paths" */
void status_add_number(struct buf *body, const json_t *value); /* "?" for what is no count */
void status_add_ago(struct buf *body, const struct status *status, const json_t *value); /* "2 hours ago" */
void status_add_when(struct buf *body, const struct status *status, const json_t *value); /* "2 hours ago (...)" */

/* --- lines (status_lines.c) --- */
void status_lines(struct status *status);

#endif
