/*
 * base64.h - RFC 4648 section 4, with padding: how bytes that are no text stand in NDJSON. Thread-safe.
 */
#ifndef REPORT_BASE64_H
#define REPORT_BASE64_H

#include "base/buf.h"
#include "base/path.h"

int base64_add(struct buf *out, struct bytes bytes); /* 0, or -1 when memory is short */

#endif
