/* form.c - see form.h. */
#include "report/form.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "report/acl_text.h"
#include "report/base64.h"
#include "report/caps_text.h"

const struct xattr *form_xattr(const struct entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		if (bytes_equal(entry->xattrs[i].name, bytes_of(name)))
			return &entry->xattrs[i];
	}
	return NULL;
}

static void add_acl(struct buf *out, const struct xattr *acl, const char *prefix, size_t start)
{
	if (!acl)
		return;
	if (out->len > start)
		(void)buf_add_byte(out, ',');
	if (acl_text_add(out, acl->value, prefix))
		return;
	(void)buf_printf(out, "%sbase64:", prefix);
	(void)base64_add(out, acl->value);
}

void form_acl(struct buf *out, const struct entry *entry)
{
	size_t start = out->len;

	add_acl(out, form_xattr(entry, "system.posix_acl_access"), "", start);
	add_acl(out, form_xattr(entry, "system.posix_acl_default"), "default:", start);
}

void form_caps(struct buf *out, const struct entry *entry)
{
	const struct xattr *caps = form_xattr(entry, "security.capability");

	if (!caps || caps_text_add(out, caps->value))
		return;
	(void)buf_add_str(out, "base64:");
	(void)base64_add(out, caps->value);
}

struct bytes form_selinux(const struct entry *entry)
{
	const struct xattr *label = form_xattr(entry, "security.selinux");
	struct bytes text = label ? label->value : (struct bytes){ NULL, 0 };

	if (text.len > 0 && text.data[text.len - 1] == '\0')
		text.len--;
	return text;
}

static const char *next_name(const char *const *names, size_t count, uint32_t bits, unsigned *bit)
{
	while (*bit < count) {
		unsigned at = (*bit)++;

		if (bits >> at & 1)
			return names[at];
	}
	return NULL;
}

const char *form_flag(uint32_t flags, unsigned *bit)
{
	static const char *const names[] = { "immutable", "append", "nodump", "compressed", "encrypted", "verity" };

	return next_name(names, ARRAY_SIZE(names), flags, bit);
}

const char *form_log(unsigned log, unsigned *bit)
{
	static const char *const names[] = { "truncated", "replaced", "rewritten" };

	return next_name(names, ARRAY_SIZE(names), log, bit);
}

void form_message(struct buf *out, struct bytes line)
{
	size_t start = 0;

	for (size_t i = 0; i <= line.len; i++) {
		if (i < line.len && line.data[i] != '\\')
			continue;
		(void)quote_add(out, line.data + start, i - start, NULL);
		if (i < line.len)
			(void)buf_add_byte(out, '\\');
		start = i + 1;
	}
}

int form_write(const struct report_out *out, struct buf *text, struct err *err)
{
	if (buf_failed(text))
		return err_nomem(err);
	errno = 0;
	if (text->len && fwrite(text->data, 1, text->len, out->file) != text->len)
		return err_errno_as(err, ERR_IO, errno, "cannot write the report");
	buf_clear(text);
	return 0;
}
