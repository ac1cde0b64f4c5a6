/* text.c - the report for people, from the verdict to the hint. See text.h. */
#include "report/text.h"

#include "base/cleanup.h"
#include "base/quote.h"

/* More lines than these help nobody at night; --json has them all. */
enum { UNEXAMINED_SHOWN = 200 };

void text_colored(struct text *text, enum text_color color, const char *line)
{
	static const char *const codes[] = {
		[COLOR_NONE] = "",   [COLOR_GOOD] = "1;32", [COLOR_BAD] = "1;31", [COLOR_WARN] = "1;33",
		[COLOR_NOTE] = "36", [COLOR_DIM] = "2",     [COLOR_BOLD] = "1",
	};

	if (text->out->color && color != COLOR_NONE)
		(void)buf_printf(&text->buf, "\033[%sm%s\033[0m", codes[color], line);
	else
		(void)buf_add_str(&text->buf, line);
}

enum text_color text_severity_color(enum severity severity)
{
	static const enum text_color colors[SEVERITY_COUNT] = {
		[SEVERITY_INFO] = COLOR_DIM, [SEVERITY_LOW] = COLOR_NOTE,     [SEVERITY_MEDIUM] = COLOR_WARN,
		[SEVERITY_HIGH] = COLOR_BAD, [SEVERITY_CRITICAL] = COLOR_BAD,
	};

	return colors[severity];
}

static int write_severity(struct text *text, struct changes *changes, enum severity severity, struct err *err)
{
	struct change change;
	int r;

	r = changes_rewind(changes, err);
	if (r < 0)
		return r;
	(void)buf_add_byte(&text->buf, '\n');
	text_colored(text, text_severity_color(severity), severity_name(severity));
	(void)buf_add_byte(&text->buf, '\n');
	while ((r = changes_next(changes, &change, err)) > 0) {
		if (change.severity != severity)
			continue;
		text_change(text, &change);
		r = form_write(text->out, &text->buf, err);
		if (r < 0)
			return r;
	}
	return r;
}

static void add_unexamined(struct text *text, const struct unexamined *unexamined, const struct report_summary *summary)
{
	(void)buf_add_str(&text->buf, "  ");
	(void)quote_add(&text->buf, unexamined->path.data, unexamined->path.len, NULL);
	(void)buf_add_str(&text->buf, ": ");
	form_message(&text->buf, unexamined->reason);
	if (unexamined->side == 'a') {
		(void)buf_add_str(&text->buf, " (already in ");
		form_message(&text->buf, bytes_of(summary->a.kind));
		(void)buf_add_byte(&text->buf, ')');
	}
	(void)buf_add_byte(&text->buf, '\n');
}

static int write_unexamined(struct text *text, struct changes *changes, const struct report_summary *summary,
			    struct err *err)
{
	uint64_t count = summary->counts.unexamined;
	struct unexamined unexamined;
	uint64_t shown = 0;
	int r = 0;

	if (count == 0)
		return 0;
	(void)buf_add_byte(&text->buf, '\n');
	text_colored(text, COLOR_WARN, "could not be examined");
	(void)buf_add_byte(&text->buf, '\n');
	while (shown < UNEXAMINED_SHOWN && (r = unexamined_next(changes, &unexamined, err)) > 0) {
		add_unexamined(text, &unexamined, summary);
		shown++;
	}
	if (r < 0)
		return r;
	if (count > shown) {
		(void)buf_add_str(&text->buf, "  and ");
		text_number(&text->buf, count - shown);
		(void)buf_add_str(&text->buf, " more: --json lists all\n");
	}
	return form_write(text->out, &text->buf, err);
}

/* Attributes of which nothing, or not everything, was compared. */
static void add_not_compared(struct text *text, const struct report_summary *summary)
{
	const char *between = "not compared: ";

	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		uint64_t count = summary->counts.incomparable[attr];
		bool never = summary->attributes_not_compared >> attr & 1;

		if (!never && count == 0)
			continue;
		(void)buf_printf(&text->buf, "%s%s", between, attr_name((enum attr)attr));
		if (!never) {
			(void)buf_add_str(&text->buf, " of ");
			text_number(&text->buf, count);
			(void)buf_add_str(&text->buf, count == 1 ? " path" : " paths");
		}
		between = ", ";
	}
	if (between[0] == ',')
		(void)buf_add_str(&text->buf,
				  summary->strangers
					  ? " (only one side has it, or the two are not known to be one file system)\n"
					  : " (only one side has it)\n");
}

static void add_tail(struct text *text, const struct report_summary *summary)
{
	size_t start = text->buf.len;

	(void)buf_add_byte(&text->buf, '\n');
	add_not_compared(text, summary);
	if (summary->counts.followed) {
		text_number(&text->buf, summary->counts.followed);
		(void)buf_add_str(&text->buf,
				  summary->counts.followed == 1
					  ? " directory differs only in times that follow from changes in it\n"
					  : " directories differ only in times that follow from changes in them\n");
	}
	if (summary->rotated) {
		text_number(&text->buf, summary->rotated);
		(void)buf_add_str(&text->buf,
				  summary->rotated == 1
					  ? " log was rotated: what was recorded of it stands in the rotated file\n"
					  : " logs were rotated: what was recorded of them stands in the rotated "
					    "files\n");
	}
	if (summary->moves_limited)
		(void)buf_add_str(&text->buf, "moved files are shown as removed and added: too many candidates, "
					      "and no place for temporary files (--tmp)\n");
	if (summary->hint) {
		form_message(&text->buf, bytes_of(summary->hint));
		(void)buf_add_byte(&text->buf, '\n');
	}
	/* nothing to say: no empty line either */
	if (text->buf.len == start + 1)
		text->buf.len = start;
}

int text_comparison(const struct report_out *out, struct changes *changes, const struct report_summary *summary,
		    struct err *err)
{
	CLEANUP(text_done) struct text text = { .out = out };
	uint64_t by_severity[SEVERITY_COUNT];
	int r;

	for (unsigned i = 0; i < SEVERITY_COUNT; i++)
		by_severity[i] = changes_count(changes, (enum severity)i);
	text_verdict(&text, summary, by_severity);
	if (out->quiet)
		return form_write(out, &text.buf, err);
	text_head(&text, summary);
	for (unsigned i = SEVERITY_COUNT; i-- > 0;) {
		if (by_severity[i] == 0)
			continue;
		r = write_severity(&text, changes, (enum severity)i, err);
		if (r < 0)
			return r;
	}
	r = write_unexamined(&text, changes, summary, err);
	if (r < 0)
		return r;
	add_tail(&text, summary);
	return form_write(out, &text.buf, err);
}
