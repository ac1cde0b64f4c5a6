/* ewf.c - libewf over inherited descriptors. See ewf.h. */
#include "disk/ewf.h"

#define LIBEWF_HAVE_BFIO 1
#include <libewf.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"

enum { FLAWS_MAX = 65536, DAMAGES_MAX = 1024, LOST_MAX = 256 << 20 };

struct ewf {
	pthread_mutex_t lock; /* libewf's handles keep a position and caches */
	libewf_handle_t *handle;
	libbfio_pool_t *pool;
	uint64_t size;
	uint64_t sector_bytes;
	uint64_t chunk_bytes;
	struct ranges dead; /* chunks that could not be read */
	uint64_t lost_bytes; /* of memory, by failed reads */
	bool hopeless; /* more damage than is kept apart, or than there is memory to lose: nothing more is read */
};

/* What libbfio calls an io handle: a position in one descriptor. */
struct segment {
	int fd;
	uint64_t size, at;
};

static struct segment *segment_of(intptr_t *handle)
{
	return (struct segment *)(void *)handle;
}

static int segment_free(intptr_t **handle, libbfio_error_t **error)
{
	(void)error;
	free(*handle);
	*handle = NULL;
	return 1;
}

static int segment_clone(intptr_t **ret_copy, intptr_t *handle, libbfio_error_t **error)
{
	struct segment *copy = malloc(sizeof(*copy));

	(void)error;
	if (copy == NULL)
		return -1;
	*copy = *segment_of(handle);
	*ret_copy = (intptr_t *)(void *)copy;
	return 1;
}

static int segment_open(intptr_t *handle, int flags, libbfio_error_t **error)
{
	(void)error;
	segment_of(handle)->at = 0;
	return (flags & LIBBFIO_ACCESS_FLAG_WRITE) != 0 ? -1 : 1;
}

static int segment_close(intptr_t *handle, libbfio_error_t **error)
{
	(void)handle, (void)error;
	return 0;
}

static ssize_t segment_read(intptr_t *handle, uint8_t *data, size_t len, libbfio_error_t **error)
{
	struct segment *segment = segment_of(handle);
	ssize_t n;

	(void)error;
	do
		n = pread(segment->fd, data, len, (off_t)segment->at);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		segment->at += (uint64_t)n;
	return n;
}

static ssize_t segment_write(intptr_t *handle, const uint8_t *data, size_t len, libbfio_error_t **error)
{
	(void)handle, (void)data, (void)len, (void)error;
	return -1;
}

static off64_t segment_seek(intptr_t *handle, off64_t offset, int whence, libbfio_error_t **error)
{
	struct segment *segment = segment_of(handle);
	int64_t base = whence == SEEK_SET ? 0 : (int64_t)(whence == SEEK_END ? segment->size : segment->at), sum;

	(void)error;
	if (__builtin_add_overflow(base, offset, &sum) || sum < 0)
		return -1;
	segment->at = (uint64_t)sum;
	return sum;
}

static int segment_exists(intptr_t *handle, libbfio_error_t **error)
{
	(void)handle, (void)error;
	return 1;
}

static int segment_get_size(intptr_t *handle, size64_t *ret_size, libbfio_error_t **error)
{
	(void)error;
	*ret_size = segment_of(handle)->size;
	return 1;
}

static int add_segment(libbfio_pool_t *pool, int fd, uint64_t size)
{
	struct segment *segment = malloc(sizeof(*segment));
	libbfio_handle_t *handle = NULL;
	int at;

	if (segment == NULL)
		return -1;
	*segment = (struct segment){ .fd = fd, .size = size };
	if (libbfio_handle_initialize(&handle, (intptr_t *)(void *)segment, segment_free, segment_clone, segment_open,
				      segment_close, segment_read, segment_write, segment_seek, segment_exists,
				      segment_exists, segment_get_size, LIBBFIO_FLAG_IO_HANDLE_MANAGED, NULL) != 1) {
		free(segment);
		return -1;
	}
	if (libbfio_pool_append_handle(pool, &at, handle, LIBBFIO_OPEN_READ, NULL) != 1) {
		libbfio_handle_free(&handle, NULL);
		return -1;
	}
	return 0;
}

void ewf_freep(struct ewf **ewf)
{
	if (*ewf == NULL)
		return;
	if ((*ewf)->handle != NULL) {
		libewf_handle_close((*ewf)->handle, NULL);
		libewf_handle_free(&(*ewf)->handle, NULL);
	}
	if ((*ewf)->pool != NULL)
		libbfio_pool_free(&(*ewf)->pool, NULL);
	pthread_mutex_destroy(&(*ewf)->lock);
	free(*ewf);
	*ewf = NULL;
}

/* libewf tells a stack, the innermost call first: "libewf_function: what failed." */
static int refuse(const struct disk_source *source, libewf_error_t *error, const char *what, struct err *err)
{
	char text[1024] = "";
	const char *words;
	size_t len;

	if (error != NULL)
		libewf_error_backtrace_sprint(error, text, sizeof(text));
	libewf_error_free(&error);
	text[sizeof(text) - 1] = '\0';
	words = strstr(text, ": ");
	words = words == NULL ? text : words + 2;
	len = strcspn(words, "\n");
	if (len > 0 && words[len - 1] == '.')
		len--;
	return err_set(err, ERR_DATA, "E01 image '%s' %s: %s", QUOTE(source->name), what, QUOTE_N(words, len));
}

static int measure(struct ewf *ewf, const struct disk_source *source, struct err *err)
{
	libewf_error_t *error = NULL;
	uint32_t sector = 0, sectors = 0;
	size64_t size = 0;

	if (libewf_handle_get_media_size(ewf->handle, &size, &error) != 1 ||
	    libewf_handle_get_bytes_per_sector(ewf->handle, &sector, &error) != 1 ||
	    libewf_handle_get_sectors_per_chunk(ewf->handle, &sectors, &error) != 1)
		return refuse(source, error, "has no size that is known", err);
	if (size == 0 || size > INT64_MAX || sector == 0 || sectors == 0 || (uint64_t)sector * sectors > 1U << 30)
		return err_set(err, ERR_DATA,
			       "E01 image '%s': %llu bytes in chunks of %u sectors of %u bytes cannot be",
			       QUOTE(source->name), (unsigned long long)size, sectors, sector);
	ewf->size = size;
	ewf->sector_bytes = sector;
	ewf->chunk_bytes = (uint64_t)sector * sectors;
	return 0;
}

int ewf_new(const struct disk_source *source, struct ewf **ret_ewf, struct err *err)
{
	CLEANUP(ewf_freep) struct ewf *ewf = calloc(1, sizeof(*ewf));
	libewf_error_t *error = NULL;
	int r;

	/* UTC without a zone file: libewf turns the dates of the case into local time, which would open /etc/localtime */
	if (ewf == NULL || setenv("TZ", ":", 1) < 0)
		return err_nomem(err);
	pthread_mutex_init(&ewf->lock, NULL);
	if (libbfio_pool_initialize(&ewf->pool, 0, 0, NULL) != 1 || libewf_handle_initialize(&ewf->handle, NULL) != 1)
		return err_nomem(err);
	for (size_t i = 0; i < source->count; i++) {
		if (add_segment(ewf->pool, source->fds[i], source->sizes[i]) < 0)
			return err_nomem(err);
	}
	if (libewf_handle_open_file_io_pool(ewf->handle, ewf->pool, LIBEWF_OPEN_READ, &error) != 1)
		return refuse(source, error, "cannot be opened", err);
	r = measure(ewf, source, err);
	if (r < 0)
		return r;
	*ret_ewf = STEAL(ewf);
	return 0;
}

uint64_t ewf_size(const struct ewf *ewf)
{
	return ewf->size;
}

/* libewf gives a chunk with a wrong checksum as if it were good and only keeps a list. */
static bool is_damaged(struct ewf *ewf, uint64_t offset, uint64_t len)
{
	uint32_t count = 0;

	if (libewf_handle_get_number_of_checksum_errors(ewf->handle, &count, NULL) != 1)
		return true;
	ewf->hopeless = ewf->hopeless || count > DAMAGES_MAX;
	for (uint32_t i = 0; !ewf->hopeless && i < count; i++) {
		uint64_t sector = 0, sectors = 0, from, end;

		if (libewf_handle_get_checksum_error(ewf->handle, i, &sector, &sectors, NULL) != 1 ||
		    __builtin_mul_overflow(sector, ewf->sector_bytes, &from) ||
		    __builtin_add_overflow(sector, sectors, &end) ||
		    __builtin_mul_overflow(end, ewf->sector_bytes, &end))
			return true;
		if (from < offset + len && offset < end)
			return true;
	}
	return ewf->hopeless;
}

/* A piece of one chunk. What has failed once is not tried again: libewf (20140813) loses a chunk's memory each time. */
static int read_chunk(struct ewf *ewf, uint64_t offset, unsigned char *data, size_t len)
{
	uint64_t from = offset - offset % ewf->chunk_bytes;
	bool good = true;

	if (ewf->hopeless || ranges_hit(&ewf->dead, from, 1))
		return -EIO;
	for (size_t done = 0; good && done < len;) {
		ssize_t n =
			libewf_handle_read_random(ewf->handle, data + done, len - done, (off64_t)(offset + done), NULL);

		good = n > 0 && (size_t)n <= len - done;
		done += good ? (size_t)n : 0;
	}
	if (good && !is_damaged(ewf, offset, len))
		return 0;
	ranges_add(&ewf->dead, from, ewf->chunk_bytes);
	ewf->lost_bytes += ewf->chunk_bytes;
	ewf->hopeless = ewf->hopeless || ewf->dead.full || ewf->lost_bytes > LOST_MAX;
	return -EIO;
}

int ewf_read(struct ewf *ewf, uint64_t offset, void *data, size_t len)
{
	unsigned char *at = data;
	int r = 0;

	pthread_mutex_lock(&ewf->lock);
	while (r == 0 && len > 0) {
		uint64_t left = ewf->chunk_bytes - offset % ewf->chunk_bytes;
		size_t n = left < len ? (size_t)left : len;

		r = read_chunk(ewf, offset, at, n);
		at += n;
		offset += n;
		len -= n;
	}
	pthread_mutex_unlock(&ewf->lock);
	return r;
}

void ewf_flaws(struct ewf *ewf, struct ranges *ranges)
{
	uint32_t count = 0;

	if (libewf_handle_get_number_of_acquiry_errors(ewf->handle, &count, NULL) != 1)
		return;
	for (uint32_t i = 0; i < count && i < FLAWS_MAX; i++) {
		uint64_t sector = 0, sectors = 0, from, end;

		if (libewf_handle_get_acquiry_error(ewf->handle, i, &sector, &sectors, NULL) != 1)
			break;
		if (__builtin_mul_overflow(sector, ewf->sector_bytes, &from) || from >= ewf->size)
			continue;
		if (__builtin_add_overflow(sector, sectors, &end) ||
		    __builtin_mul_overflow(end, ewf->sector_bytes, &end) || end > ewf->size)
			end = ewf->size;
		ranges_add(ranges, from, end - from);
	}
}

void ewf_stored(struct ewf *ewf, struct ewf_stored *ret_stored)
{
	*ret_stored = (struct ewf_stored){ .has_md5 = false };
	ret_stored->has_md5 =
		libewf_handle_get_md5_hash(ewf->handle, ret_stored->md5, sizeof(ret_stored->md5), NULL) == 1;
	ret_stored->has_sha1 =
		libewf_handle_get_sha1_hash(ewf->handle, ret_stored->sha1, sizeof(ret_stored->sha1), NULL) == 1;
}
