/*
 * text.h - the report for people. Private to report/.
 *
 * Everything is put together in a struct buf and written with form_write(). Plain ASCII around the names: a rescue
 * console has no more. Colour says nothing that words do not say too.
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "report/form.h"

struct text {
	const struct report_out *out;
	struct buf buf;
};
static inline void text_done(struct text *text)
{
	buf_done(&text->buf);
}

enum text_color { COLOR_NONE, COLOR_GOOD, COLOR_BAD, COLOR_WARN, COLOR_NOTE, COLOR_DIM, COLOR_BOLD };
/* Appends LINE in COLOR when the output has colour. LINE holds no outside bytes. */
void text_colored(struct text *text, enum text_color color, const char *line);
enum text_color text_severity_color(enum severity severity);

/* --- values (text_attr.c): no newline, no padding --- */
void text_number(struct buf *out, uint64_t number); /* 63,960 */
void text_bytes(struct buf *out, uint64_t bytes); /* 63,960 (62.5 KiB) */
void text_unit(struct buf *out, uint64_t bytes); /* 62.5 KiB */
void text_mode(struct buf *out, const struct entry *entry); /* -rwsr-xr-x 4755 */
void text_id(struct buf *out, struct bytes name, uint32_t id); /* root(0) */
void text_age(struct buf *out, int64_t seconds); /* 2 days */
void text_quoted(struct buf *out, struct bytes bytes, size_t limit); /* "...", cut behind LIMIT bytes */
/* The value of one attribute; "none", "not recorded", "could not be read" where it has no value. */
void text_value(struct buf *out, const struct entry *entry, enum attr attr);

/* --- lines below a name (text_change.c) --- */
void text_label(struct text *text, const char *name); /* the beginning of one */
void text_arrow(struct text *text, bool two_lines); /* from old to new */
void text_difference(struct text *text, const struct entry *before, const struct entry *after, enum attr attr);
/* What there is, or was: one line as ls -l has it, then what that can't hold. */
void text_description(struct text *text, const struct entry *entry);

/* --- parts of a report: each writes its own lines to text->buf --- */
void text_verdict(struct text *text, const struct report_summary *summary, const uint64_t by_severity[SEVERITY_COUNT]);
void text_head(struct text *text, const struct report_summary *summary);
void text_change(struct text *text, const struct change *change);
void text_entry(struct text *text, const struct entry *entry, bool detail);

int text_comparison(const struct report_out *out, struct changes *changes, const struct report_summary *summary,
		    struct err *err);

#endif
