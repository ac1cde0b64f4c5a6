/*
 * caps_text.h - file capabilities as getcap(8) writes them: "cap_net_raw=ep", with " [rootid=N]" when they belong to
 * a user namespace.
 *
 * Format: struct vfs_cap_data and vfs_ns_cap_data of <linux/capability.h>, revisions 1 to 3. Thread-safe.
 */
#ifndef REPORT_CAPS_TEXT_H
#define REPORT_CAPS_TEXT_H

#include "base/buf.h"
#include "base/path.h"

/* Appends the text. False, and nothing appended, when VALUE is not of that format. */
bool caps_text_add(struct buf *out, struct bytes value);

#endif
