/*
 * stream.c - see stream.h.
 *
 * libarchive calls iconv_open(3) for names that a pax header or a zip holds as UTF-8, and glibc's would open files of the host:
 * not in the sandbox, and never in the static program. The one here refuses. Then libarchive keeps ASCII names, and
 * of others gives the raw bytes (tar) or none (zip, see zipdir.h), which is what is wanted: names are bytes, and its
 * conversion would compose accents. mktime(3), for the times of zip members, reads a time zone: TZ=":" is UTC without a file.
 */
#include "archive/stream.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"

enum { BLOCK_BYTES = 128 << 10 };

iconv_t iconv_open(const char *to, const char *from)
{
	(void)to;
	(void)from;
	errno = EINVAL;
	return (iconv_t)-1;
}

size_t iconv(iconv_t cd, char **restrict in, size_t *restrict in_left, char **restrict out, size_t *restrict out_left)
{
	(void)cd;
	(void)in;
	(void)in_left;
	(void)out;
	(void)out_left;
	errno = EBADF;
	return (size_t)-1;
}

int iconv_close(iconv_t cd)
{
	(void)cd;
	errno = EBADF;
	return -1;
}

static la_ssize_t read_block(struct archive *archive, void *context, const void **ret_block)
{
	struct stream *stream = context;
	uint64_t len = stream->size - stream->position;
	int r;

	if (stream_interrupted(stream)) {
		archive_set_error(archive, EINTR, "interrupted");
		return ARCHIVE_FATAL;
	}
	if (len > BLOCK_BYTES)
		len = BLOCK_BYTES;
	if (len == 0)
		return 0;
	r = disk_read(stream->disk, stream->position, stream->block, (size_t)len);
	if (r < 0) {
		stream->unreadable = true;
		archive_set_error(archive, -r, "the archive cannot be read from byte %llu on",
				  (unsigned long long)stream->position);
		return ARCHIVE_FATAL;
	}
	stream->position += len;
	*ret_block = stream->block;
	return (la_ssize_t)len;
}

/* Never past the end: then a member that was cut would look whole. */
static la_int64_t skip(struct archive *archive, void *context, la_int64_t request)
{
	struct stream *stream = context;
	uint64_t left = stream->size - stream->position;

	(void)archive;
	if (request <= 0)
		return 0;
	if ((uint64_t)request < left)
		left = (uint64_t)request;
	stream->position += left;
	return (la_int64_t)left;
}

static la_int64_t seek(struct archive *archive, void *context, la_int64_t offset, int whence)
{
	struct stream *stream = context;
	uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? stream->position : stream->size;
	uint64_t back = offset < 0 ? 0 - (uint64_t)offset : 0;

	if (back > from || (offset > 0 && (uint64_t)offset > stream->size - from)) {
		archive_set_error(archive, EINVAL, "it points outside of itself");
		return ARCHIVE_FATAL;
	}
	stream->position = offset < 0 ? from - back : from + (uint64_t)offset;
	return (la_int64_t)stream->position;
}

/* One by one: "all" would bring libxml2 and ICU into the static program. */
static int add_formats(struct archive *archive, struct err *err)
{
	static const struct {
		const char *name;
		int (*add)(struct archive *archive);
	} rows[] = {
		{ "gzip", archive_read_support_filter_gzip },
		{ "bzip2", archive_read_support_filter_bzip2 },
		{ "xz", archive_read_support_filter_xz },
		{ "zstd", archive_read_support_filter_zstd },
		{ "tar", archive_read_support_format_tar },
		{ "cpio", archive_read_support_format_cpio },
		{ "zip", archive_read_support_format_zip_seekable },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) /* ARCHIVE_WARN: by a program */
		if (rows[i].add(archive) != ARCHIVE_OK)
			return err_set(err, ERR_INTERNAL, "this libarchive was built without %s", rows[i].name);
	return 0;
}

static int add_source(struct stream *stream, struct archive *archive, struct err *err)
{
	if (archive_read_set_read_callback(archive, read_block) != ARCHIVE_OK ||
	    archive_read_set_seek_callback(archive, seek) != ARCHIVE_OK ||
	    archive_read_set_skip_callback(archive, skip) != ARCHIVE_OK ||
	    archive_read_set_callback_data(archive, stream) != ARCHIVE_OK)
		return err_nomem(err);
	return 0;
}

/* What stands at its beginning, for a better word than "unknown". */
static int no_archive(struct stream *stream, struct archive *archive, struct err *err)
{
	unsigned char head[4];
	const char *reason = archive_error_string(archive);

	if (stream_interrupted(stream))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (stream->unreadable)
		return err_set(err, ERR_IO, "%s", reason ? reason : "the archive cannot be read");
	if (archive_errno(archive) == ENOMEM)
		return err_nomem(err);
	if (stream->size >= sizeof(head) && disk_read(stream->disk, 0, head, sizeof(head)) == 0 &&
	    memcmp(head, "PK\003\004", sizeof(head)) == 0)
		return err_set(err, ERR_DATA, "a zip archive without the directory at its end: it was cut");
	if (archive_filter_count(archive) > 1)
		return err_set(err, ERR_DATA, "compressed by %s, but what is in it is no archive, or damaged",
			       archive_filter_name(archive, 0));
	return err_set(err, ERR_DATA, "neither tar nor cpio nor zip, plain or compressed by gzip, bzip2, xz or zstd");
}

int stream_open(struct stream *stream, struct archive **ret_archive, struct err *err)
{
	CLEANUP(stream_closep) struct archive *archive = NULL;
	int r;

	if (setenv("TZ", ":", 1) < 0)
		return err_nomem(err);
	tzset();
	stream->size = disk_size(stream->disk);
	stream->position = 0;
	if (stream->size > INT64_MAX)
		return err_set(err, ERR_DATA, "no archive is that large");
	stream->block = malloc(BLOCK_BYTES);
	archive = archive_read_new();
	if (!stream->block || !archive)
		return err_nomem(err);
	r = add_formats(archive, err);
	if (r == 0)
		r = add_source(stream, archive, err);
	if (r < 0)
		return r;
	if (archive_read_open1(archive) != ARCHIVE_OK)
		return no_archive(stream, archive, err);
	*ret_archive = STEAL(archive);
	return 0;
}

void stream_closep(struct archive **archive)
{
	if (*archive)
		(void)archive_read_free(*archive);
	*archive = NULL;
}

void stream_done(struct stream *stream)
{
	free(stream->block);
	*stream = STREAM_INIT;
}
