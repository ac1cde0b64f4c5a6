/*
 * form.h - the forms that text and NDJSON share: ACLs, capabilities, labels, flags, messages; and the way out.
 *
 * All functions append to a buf whose `failed` tells of short memory; none lets a control character or a byte that is
 * not UTF-8 through. Thread-safe.
 */
#ifndef REPORT_FORM_H
#define REPORT_FORM_H

#include "tally/report.h"

/* The value of the xattr NAME, or NULL. */
const struct xattr *form_xattr(const struct entry *entry, const char *name);

/* Both ACLs of the entry in the short text form, the default one's entries with "default:" before; what is no ACL as
 * "base64:...", "default:base64:...". Nothing when it has none. */
void form_acl(struct buf *out, const struct entry *entry);
/* "cap_net_raw=ep"; "base64:..." when it can't be read. */
void form_caps(struct buf *out, const struct entry *entry);
/* The SELinux label without its closing NUL. */
struct bytes form_selinux(const struct entry *entry);

/* The name of the next flag at or after *BIT, NULL at the end: for (unsigned bit = 0; (name = form_flag(flags, &bit));) */
const char *form_flag(uint32_t flags, unsigned *bit);
/* The same for what a log did: "truncated", "replaced", "rewritten". */
const char *form_log(unsigned log, unsigned *bit);

/* A line of our own making that may hold bytes already escaped: escapes what is still raw, and no backslash twice. */
void form_message(struct buf *out, struct bytes line);

/* Writes TEXT and empties it. ERR_IO when that fails, ERR_INTERNAL when TEXT ran out of memory. */
int form_write(const struct report_out *out, struct buf *text, struct err *err);

#endif
