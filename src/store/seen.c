/*
 * seen.c - the highest sequence that this host has accepted: docs/FORMATS.md "seen".
 *
 * Not signed: it guards against an older baseline put back, not against who can write this file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "store/baseline.h"

enum { SEEN_MAX_BYTES = 1024 };

static int format(const struct seen *seen, struct buf *out)
{
	struct timetext full_check = time_utc_seconds(seen->full_check);

	return buf_printf(out,
			  "tallystick-seen: 1\n"
			  "host-id: %s\n"
			  "sequence: %" PRIu64 "\n"
			  "statement: %s\n"
			  "full-check: %s\n",
			  seen->host_id, seen->sequence, seen->statement, seen->full_check ? full_check.text : "never");
}

static bool values_valid(struct seen *seen, const char *full_check)
{
	unsigned char hash[HASH_BYTES];
	struct err ignored = ERR_INIT;
	struct timestamp time = { .sec = 0 };

	if (strcmp(full_check, "never") != 0 && time_parse_utc(full_check, &time, &ignored) < 0)
		return false;
	seen->full_check = time.sec;
	return strspn(seen->host_id, "0123456789abcdef") == sizeof(seen->host_id) - 1 && seen->sequence > 0 &&
	       hash_parse(seen->statement, hash);
}

/* Read loosely, then held against what would be written for it, byte for byte. */
static int parse(struct buf *data, struct seen *ret_seen, struct err *err)
{
	CLEANUP(buf_done) struct buf again = BUF_INIT;
	struct seen seen = { .sequence = 0 };
	char full_check[64] = "";
	const char *text = buf_str(data);

	if (!text)
		return err_nomem(err);
	if (sscanf(text,
		   "tallystick-seen: 1\nhost-id: %32[0-9a-f]\nsequence: %" SCNu64 "\nstatement: %75[0-9a-z:]\n"
		   "full-check: %63[^\n]",
		   seen.host_id, &seen.sequence, seen.statement, full_check) != 4 ||
	    !values_valid(&seen, full_check))
		return err_set(err, ERR_DATA, "malformed");
	if (format(&seen, &again) < 0)
		return err_nomem(err);
	if (again.len != data->len || memcmp(again.data, data->data, data->len) != 0)
		return err_set(err, ERR_DATA, "malformed");
	*ret_seen = seen;
	return 0;
}

int seen_load(int dirfd, const char *name, struct seen *ret_seen, struct err *err)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	int r;

	r = fd_read_file(dirfd, name, SEEN_MAX_BYTES, &data, NULL, err);
	if (r == ERR_NOINPUT) {
		*ret_seen = (struct seen){ .sequence = 0 };
		return 1;
	}
	if (r < 0)
		return r;
	r = parse(&data, ret_seen, err);
	return r < 0 ? err_wrap(err, r, "cannot believe '%s'", QUOTE(name)) : 0;
}

int seen_store(int dirfd, const char *name, const struct seen *seen, struct err *err)
{
	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	int r;

	if (format(seen, &text) < 0)
		return err_nomem(err);
	r = outfile_open(&out, dirfd, name, 0644, err);
	if (r < 0)
		return r;
	r = fd_write_all(out.fd, text.data, text.len, name, err);
	if (r < 0)
		return r;
	return outfile_commit(&out, err);
}
