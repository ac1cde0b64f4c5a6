/* text_attr.c - values of attributes for people. See text.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "report/text.h"

void text_number(struct buf *out, uint64_t number)
{
	char digits[24];
	size_t len;

	(void)snprintf(digits, sizeof(digits), "%" PRIu64, number);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			(void)buf_add_byte(out, ',');
		(void)buf_add_byte(out, (unsigned char)digits[i]);
	}
}

void text_unit(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	(void)buf_printf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void text_bytes(struct buf *out, uint64_t bytes)
{
	text_number(out, bytes);
	if (bytes < 1024)
		return;
	(void)buf_add_str(out, " (");
	text_unit(out, bytes);
	(void)buf_add_str(out, ")");
}

static char type_letter(const struct entry *entry)
{
	static const char letters[] = "?-dlpscb";

	return entry->value & ATTR_BIT(ATTR_TYPE) && entry->type <= TYPE_BLOCK ? letters[entry->type] : '?';
}

/* The x of one class, with set-id or sticky on top: s and S, t and T as ls(1) has them. */
static char execute_letter(unsigned mode, unsigned execute, unsigned special, char letter)
{
	if (mode & special)
		return (char)(mode & execute ? letter : letter - 'a' + 'A');
	return mode & execute ? 'x' : '-';
}

void text_mode(struct buf *out, const struct entry *entry)
{
	unsigned mode = entry->mode;
	char text[] = {
		type_letter(entry),
		mode & 0400 ? 'r' : '-',
		mode & 0200 ? 'w' : '-',
		execute_letter(mode, 0100, 04000, 's'),
		mode & 0040 ? 'r' : '-',
		mode & 0020 ? 'w' : '-',
		execute_letter(mode, 0010, 02000, 's'),
		mode & 0004 ? 'r' : '-',
		mode & 0002 ? 'w' : '-',
		execute_letter(mode, 0001, 01000, 't'),
		'\0',
	};

	(void)buf_printf(out, "%s %04o", text, mode);
}

void text_id(struct buf *out, struct bytes name, uint32_t id)
{
	if (name.len == 0) {
		(void)buf_printf(out, "%" PRIu32, id);
		return;
	}
	(void)quote_add(out, name.data, name.len, NULL);
	(void)buf_printf(out, "(%" PRIu32 ")", id);
}

void text_age(struct buf *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
	} units[] = {
		{ 31556952, "year", "years" }, { 2629746, "month", "months" }, { 86400, "day", "days" },
		{ 3600, "hour", "hours" },     { 60, "minute", "minutes" },    { 1, "second", "seconds" },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t count = seconds / units[i].seconds;

		/* "30 hours" says more than "1 day" */
		if (count < (i < 4 ? 2 : 1))
			continue;
		(void)buf_printf(out, "%" PRId64 " %s", count, count == 1 ? units[i].one : units[i].many);
		return;
	}
	(void)buf_add_str(out, "0 seconds");
}

void text_quoted(struct buf *out, struct bytes bytes, size_t limit)
{
	size_t shown = bytes.len < limit ? bytes.len : limit;

	(void)buf_add_byte(out, '"');
	(void)quote_add(out, bytes.data, shown, NULL);
	(void)buf_add_byte(out, '"');
	if (shown < bytes.len) {
		(void)buf_add_str(out, "... (");
		text_number(out, bytes.len);
		(void)buf_add_str(out, " bytes)");
	}
}

static void value_content(struct buf *out, const struct entry *entry)
{
	char hex[DIGEST_HEX];

	digest_hex(entry->digest, hex);
	(void)buf_printf(out, "sha256:%s", hex);
	if ((entry->value & ATTR_BIT(ATTR_SIZE)) && entry->digest_bytes == entry->size)
		return;
	(void)buf_add_str(out, " (of the first ");
	text_number(out, entry->digest_bytes);
	(void)buf_add_str(out, " bytes)");
}

static void value_xattrs(struct buf *out, const struct entry *entry)
{
	const char *between = "";

	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct xattr *xattr = &entry->xattrs[i];

		if (xattr_attr(xattr->name) != ATTR_XATTRS)
			continue;
		(void)buf_add_str(out, between);
		(void)quote_add(out, xattr->name.data, xattr->name.len, NULL);
		(void)buf_add_byte(out, '=');
		text_quoted(out, xattr->value, 64);
		between = ", ";
	}
}

static void value_flags(struct buf *out, uint32_t flags)
{
	const char *between = "";
	const char *name;

	for (unsigned bit = 0; (name = form_flag(flags, &bit)); between = ",")
		(void)buf_printf(out, "%s%s", between, name);
	if (!flags)
		(void)buf_add_byte(out, '-');
}

static void value_other(struct buf *out, const struct entry *entry, enum attr attr)
{
	if (attr == ATTR_INODE)
		(void)buf_printf(out, "%" PRIu64, entry->inode);
	else if (attr == ATTR_LINKS)
		text_number(out, entry->links);
	else if (attr == ATTR_TARGET)
		(void)quote_add(out, entry->target.data, entry->target.len, NULL);
	else if (attr == ATTR_RDEV)
		(void)buf_printf(out, "%" PRIu32 ":%" PRIu32, entry->rdev_major, entry->rdev_minor);
	else if (attr == ATTR_XATTRS)
		value_xattrs(out, entry);
	else if (attr == ATTR_ACL)
		form_acl(out, entry);
	else if (attr == ATTR_CAPS)
		form_caps(out, entry);
	else if (attr == ATTR_SELINUX)
		(void)quote_add(out, form_selinux(entry).data, form_selinux(entry).len, NULL);
	else
		value_flags(out, entry->flags);
}

static const char *no_value(const struct entry *entry, enum attr attr)
{
	if (entry->none & ATTR_BIT(attr))
		return "none";
	return entry->failed & ATTR_BIT(attr) ? "could not be read" : "not recorded";
}

void text_value(struct buf *out, const struct entry *entry, enum attr attr)
{
	if (!(entry->value & ATTR_BIT(attr)))
		(void)buf_add_str(out, no_value(entry, attr));
	else if (attr == ATTR_TYPE)
		(void)buf_add_str(out, type_name(entry->type));
	else if (attr == ATTR_MODE)
		text_mode(out, entry);
	else if (attr == ATTR_OWNER)
		text_id(out, entry->user, entry->uid);
	else if (attr == ATTR_GROUP)
		text_id(out, entry->group, entry->gid);
	else if (attr == ATTR_SIZE)
		text_bytes(out, entry->size);
	else if (attr == ATTR_CONTENT)
		value_content(out, entry);
	else if (attr == ATTR_MTIME)
		(void)buf_add_str(out, time_local(entry->mtime).text);
	else if (attr == ATTR_CTIME)
		(void)buf_add_str(out, time_local(entry->ctime).text);
	else if (attr == ATTR_BTIME)
		(void)buf_add_str(out, time_local(entry->btime).text);
	else
		value_other(out, entry, attr);
}
