/* text_entry.c - one recorded entry for `tally show`: a line as ls -l has it, or all of it. */
#include "base/quote.h"
#include "report/text.h"

static void add_target(struct text *text, const struct entry *entry)
{
	if (!(entry->value & ATTR_BIT(ATTR_TARGET)))
		return;
	(void)buf_add_str(&text->buf, " -> ");
	text_value(&text->buf, entry, ATTR_TARGET);
}

static void add_problem(struct text *text, const struct entry *entry)
{
	form_message(&text->buf, entry->problem);
}

/* -rw-r--r-- 0644  root(0) root(0)  2,996  2026-11-21 23:37:40 +0100  /etc/passwd */
static void add_line(struct text *text, const struct entry *entry)
{
	text_value(&text->buf, entry, ATTR_MODE);
	(void)buf_add_str(&text->buf, "  ");
	text_value(&text->buf, entry, ATTR_OWNER);
	(void)buf_add_byte(&text->buf, ' ');
	text_value(&text->buf, entry, ATTR_GROUP);
	(void)buf_add_str(&text->buf, "  ");
	if (entry->value & ATTR_BIT(ATTR_RDEV))
		text_value(&text->buf, entry, ATTR_RDEV);
	else if (entry->value & ATTR_BIT(ATTR_SIZE))
		text_number(&text->buf, entry->size);
	else
		(void)buf_add_byte(&text->buf, '-');
	(void)buf_add_str(&text->buf, "  ");
	if (entry->value & ATTR_BIT(ATTR_MTIME))
		(void)buf_add_str(&text->buf, time_local_seconds(entry->mtime.sec).text);
	else
		text_value(&text->buf, entry, ATTR_MTIME);
	(void)buf_add_str(&text->buf, "  ");
	(void)quote_add(&text->buf, entry->path.data, entry->path.len, NULL);
	add_target(text, entry);
	if (entry->failed) {
		(void)buf_add_str(&text->buf, "  (could not be examined: ");
		add_problem(text, entry);
		(void)buf_add_byte(&text->buf, ')');
	}
	(void)buf_add_byte(&text->buf, '\n');
}

static void add_row(struct text *text, const char *name, const char *value)
{
	(void)buf_printf(&text->buf, "  %-8s %s\n", name, value);
}

static void add_where(struct text *text, const struct entry *entry)
{
	if (entry->value & ATTR_BIT(ATTR_SIZE)) {
		(void)buf_printf(&text->buf, "  %-8s ", "blocks");
		text_number(&text->buf, entry->blocks);
		(void)buf_add_byte(&text->buf, '\n');
	}
	if (entry->value & ATTR_BIT(ATTR_INODE))
		(void)buf_printf(&text->buf, "  %-8s %u:%u\n", "device", entry->dev_major, entry->dev_minor);
	if (entry->head == HEAD_ELF)
		add_row(text, "head", "ELF");
	if (entry->racy)
		add_row(text, "note", "changed just before it was recorded: --quick reads it all the same");
	if (entry->since)
		(void)buf_printf(&text->buf, "  %-8s generation %u\n", "since", entry->since);
	if (entry->problem.len) {
		(void)buf_printf(&text->buf, "  %-8s ", "problem");
		add_problem(text, entry);
		(void)buf_add_byte(&text->buf, '\n');
	}
}

static void add_all(struct text *text, const struct entry *entry)
{
	(void)quote_add(&text->buf, entry->path.data, entry->path.len, NULL);
	(void)buf_add_byte(&text->buf, '\n');
	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		(void)buf_printf(&text->buf, "  %-8s ", attr_name((enum attr)attr));
		text_value(&text->buf, entry, (enum attr)attr);
		(void)buf_add_byte(&text->buf, '\n');
	}
	add_where(text, entry);
}

void text_entry(struct text *text, const struct entry *entry, bool detail)
{
	if (detail)
		add_all(text, entry);
	else
		add_line(text, entry);
}
