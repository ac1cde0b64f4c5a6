/* fstab.c - see fstab.h. */
#include "evidence/fstab.h"

#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { LINE_MAX_BYTES = 4096 };

static void close_stream(FILE **stream)
{
	if (*stream)
		(void)fclose(*stream);
}

bool fstab_row_valid(const struct fstab_row *row)
{
	static const char *const keys[] = { "UUID=", "LABEL=", "PARTUUID=" };
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		known = known ||
			(strlen(row->spec) > strlen(keys[i]) && memcmp(row->spec, keys[i], strlen(keys[i])) == 0);
	return known && path_valid(bytes_of(row->path));
}

static bool take(const struct mntent *line, struct fstab_row *ret_row)
{
	size_t spec = strlen(line->mnt_fsname), path = strlen(line->mnt_dir);
	struct fstab_row row = { "", "" };

	if (spec >= sizeof(row.spec) || path >= sizeof(row.path) || hasmntopt(line, "noauto"))
		return false;
	memcpy(row.spec, line->mnt_fsname, spec);
	memcpy(row.path, line->mnt_dir, path);
	*ret_row = row;
	return fstab_row_valid(&row);
}

int fstab_parse(struct bytes text, struct fstab *ret_fstab, struct err *err)
{
	CLEANUP(buf_done) struct buf copy = BUF_INIT;
	CLEANUP(close_stream) FILE *stream = NULL;
	CLEANUP(freep) char *space = malloc(LINE_MAX_BYTES);
	struct mntent line;

	ret_fstab->count = 0;
	if (text.len == 0)
		return 0;
	if (!space || buf_add(&copy, text.data, text.len) < 0)
		return err_nomem(err);
	stream = fmemopen(copy.data, copy.len, "r");
	if (!stream)
		return err_nomem(err);
	while (ret_fstab->count < FSTAB_ROWS_MAX && getmntent_r(stream, &line, space, LINE_MAX_BYTES))
		ret_fstab->count += take(&line, &ret_fstab->rows[ret_fstab->count]);
	return 0;
}
