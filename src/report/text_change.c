/* text_change.c - one change for people: a line with the path, and a line for each attribute, old -> new. */
#include "base/cleanup.h"
#include "base/quote.h"
#include "report/text.h"

#define LABEL "      %-8s "
/* below a label that has two lines */
#define LABEL_AGAIN "            -> "
enum { XATTR_SHOWN = 64, REASON_SHOWN = 200 };

void text_label(struct text *text, const char *name)
{
	(void)buf_printf(&text->buf, LABEL, name);
}

void text_arrow(struct text *text, bool two_lines)
{
	(void)buf_add_str(&text->buf, two_lines ? "\n" LABEL_AGAIN : " -> ");
}

static void end_line(struct text *text)
{
	(void)buf_add_byte(&text->buf, '\n');
}

static void add_path(struct text *text, struct bytes path)
{
	(void)quote_add(&text->buf, path.data, path.len, NULL);
}

/* What of a mode a person should not miss. */
static const struct {
	unsigned bit;
	const char *name;
} mode_notes[] = { { 04000, "set-user-ID" }, { 02000, "set-group-ID" }, { 00002, "world-writable" } };

static bool mode_has(const struct entry *entry, unsigned bit)
{
	return (entry->value & ATTR_BIT(ATTR_MODE)) && (entry->mode & bit) &&
	       !((entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_SYMLINK);
}

static void add_mode_notes(struct text *text, const struct entry *before, const struct entry *after)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_notes); i++) {
		bool was = before && mode_has(before, mode_notes[i].bit), is = mode_has(after, mode_notes[i].bit);

		if (is && !was)
			(void)buf_printf(&text->buf, "  %s%s", before ? "now " : "", mode_notes[i].name);
		if (was && !is)
			(void)buf_printf(&text->buf, "  no longer %s", mode_notes[i].name);
	}
}

/* Each name that came, went or has another value. Both lists are sorted. */
static void add_xattr_lines(struct text *text, const struct entry *a, const struct entry *b)
{
	size_t i = 0, j = 0;

	while (i < a->xattr_count || j < b->xattr_count) {
		const struct xattr *old = i < a->xattr_count ? &a->xattrs[i] : NULL;
		const struct xattr *new = j < b->xattr_count ? &b->xattrs[j] : NULL;
		int order = old && new ? path_compare(old->name, new->name) : (old ? -1 : 1);
		const struct xattr *named = order <= 0 ? old : new;

		i += order <= 0;
		j += order >= 0;
		if (xattr_attr(named->name) != ATTR_XATTRS || (order == 0 && bytes_equal(old->value, new->value)))
			continue;
		text_label(text, "xattrs");
		add_path(text, named->name);
		(void)buf_add_str(&text->buf, order < 0 ? " removed, was " : order > 0 ? " added: " : ": ");
		text_quoted(&text->buf, named->value, XATTR_SHOWN);
		if (order == 0) {
			(void)buf_add_str(&text->buf, " -> ");
			text_quoted(&text->buf, new->value, XATTR_SHOWN);
		}
		end_line(text);
	}
}

void text_difference(struct text *text, const struct entry *before, const struct entry *after, enum attr attr)
{
	bool is_long = attr == ATTR_CONTENT || attr == ATTR_ACL || attr == ATTR_SELINUX;
	bool two_lines = is_long && (before->value & after->value & ATTR_BIT(attr));

	if (attr == ATTR_XATTRS && ((before->value | before->none) & ATTR_BIT(ATTR_XATTRS))) {
		add_xattr_lines(text, before, after);
		return;
	}
	text_label(text, attr_name(attr));
	text_value(&text->buf, before, attr);
	text_arrow(text, two_lines);
	text_value(&text->buf, after, attr);
	if (attr == ATTR_MODE)
		add_mode_notes(text, before, after);
	end_line(text);
}

static void add_differences(struct text *text, const struct change *change)
{
	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		if (change->attributes >> attr & 1)
			text_difference(text, change->before, change->after, (enum attr)attr);
	}
}

/* What there is, or was: one line as ls -l has it, then what that can't hold. */
void text_description(struct text *text, const struct entry *entry)
{
	static const enum attr more[] = { ATTR_CONTENT, ATTR_MTIME, ATTR_CTIME, ATTR_TARGET, ATTR_RDEV,
					  ATTR_XATTRS,  ATTR_ACL,   ATTR_CAPS,  ATTR_FLAGS };

	text_label(text, entry->value & ATTR_BIT(ATTR_TYPE) ? type_name(entry->type) : "unknown");
	text_value(&text->buf, entry, ATTR_MODE);
	(void)buf_add_str(&text->buf, "  ");
	text_value(&text->buf, entry, ATTR_OWNER);
	(void)buf_add_byte(&text->buf, ' ');
	text_value(&text->buf, entry, ATTR_GROUP);
	if ((entry->value & ATTR_BIT(ATTR_SIZE)) && entry->type == TYPE_FILE) {
		(void)buf_add_str(&text->buf, "  ");
		text_bytes(&text->buf, entry->size);
	}
	add_mode_notes(text, NULL, entry);
	end_line(text);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		if (!(entry->value & ATTR_BIT(more[i])) || (more[i] == ATTR_FLAGS && !entry->flags))
			continue;
		text_label(text, attr_name(more[i]));
		text_value(&text->buf, entry, more[i]);
		end_line(text);
	}
}

static void add_mount(struct text *text, const struct mount *mount)
{
	if (!mount) {
		(void)buf_add_str(&text->buf, "nothing");
		return;
	}
	(void)quote_add(&text->buf, mount->fstype.data, mount->fstype.len, NULL);
	if (!mount->id.len)
		return;
	(void)buf_add_byte(&text->buf, ' ');
	(void)quote_add(&text->buf, mount->id.data, mount->id.len, NULL);
}

static const char *mount_note(const struct change *change)
{
	if (!change->mount_after)
		return "  is no longer mounted";
	if (!change->mount_before)
		return "  something is newly mounted here";
	return bytes_equal(change->mount_before->fstype, change->mount_after->fstype)
		       ? "  another file system is mounted here"
		       : "  another type of file system is mounted here";
}

static void add_log_notes(struct text *text, unsigned log)
{
	static const struct {
		unsigned bit;
		const char *note;
	} notes[] = { { LOG_TRUNCATED, "log truncated" },
		      { LOG_REPLACED, "log replaced by another file" },
		      { LOG_REWRITTEN, "log rewritten: what was recorded of it changed" } };

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		if (log & notes[i].bit)
			(void)buf_printf(&text->buf, "  %s", notes[i].note);
	}
}

static void add_head(struct text *text, const struct change *change)
{
	bool is_mount = change->mount_before || change->mount_after;

	(void)buf_printf(&text->buf, "  %-7s  ", is_mount ? "mount" : change_kind_name(change->kind));
	if (change->kind == CHANGE_MOVED) {
		add_path(text, change->before->path);
		(void)buf_add_str(&text->buf, " -> ");
	}
	add_path(text, change->path);
	if (is_mount)
		(void)buf_add_str(&text->buf, mount_note(change));
	add_log_notes(text, change->log);
	if (change->rule) {
		CLEANUP(buf_done) struct buf rule = BUF_INIT;
		const char *shown;

		(void)buf_add_str(&rule, "  [");
		form_message(&rule, bytes_of(change->rule));
		(void)buf_add_byte(&rule, ']');
		shown = buf_str(&rule);
		if (shown)
			text_colored(text, COLOR_DIM, shown);
		else
			text->buf.failed = true;
	}
	end_line(text);
}

/* A claim, with whose it is: it makes no change less of one. */
static void add_explained(struct text *text, const struct explained *explained)
{
	text_label(text, "accepted");
	(void)buf_printf(&text->buf, "by the host, generation %llu, %s, ", (unsigned long long)explained->sequence,
			 time_local_seconds(explained->created.sec).text);
	if (explained->reason[0])
		text_quoted(&text->buf, bytes_of(explained->reason), REASON_SHOWN);
	else
		(void)buf_add_str(&text->buf, "no reason given");
	(void)buf_add_str(&text->buf, explained->signers[0] ? " (its word alone, claimed for key "
							    : " (its word alone, signed by nobody");
	form_message(&text->buf, bytes_of(explained->signers));
	(void)buf_add_str(&text->buf, ")");
	end_line(text);
}

void text_change(struct text *text, const struct change *change)
{
	add_head(text, change);
	if (change->pending_journal)
		(void)buf_add_str(
			&text->buf,
			"      only with the pending journal: the file system without it does not show this\n");
	if (change->explained)
		add_explained(text, change->explained);
	if (change->mount_before || change->mount_after) {
		text_label(text, "mount");
		add_mount(text, change->mount_before);
		(void)buf_add_str(&text->buf, " -> ");
		add_mount(text, change->mount_after);
		end_line(text);
	} else if (change->kind == CHANGE_ADDED) {
		text_description(text, change->after);
	} else if (change->kind == CHANGE_REMOVED) {
		text_description(text, change->before);
	} else {
		add_differences(text, change);
	}
}
