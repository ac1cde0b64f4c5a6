/* spill_run.c - see spill_run.h. */
#include "base/spill_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"

enum { HEADER_BYTES = 8, WRITE_BYTES = 1 << 18, FIRST_RUNS = 16 };

/* For file systems without O_TMPFILE. */
static int create_and_unlink(int dirfd)
{
	unsigned long long number;
	char name[48];
	int fd;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return -1;
	(void)snprintf(name, sizeof(name), ".tallystick-%016llx", number);
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && unlinkat(dirfd, name, 0) < 0)
		fd_closep(&fd);
	return fd;
}

static int open_in_memory(struct spill_file *file, struct err *err)
{
	int fd = memfd_create("tallystick", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno_as(err, ERR_CANTCREATE, errno,
				    "cannot create a temporary file in memory (--tmp names a directory)");
	*file = (struct spill_file){ .directory = SPILL_MEMORY, .fd = fd, .limit = SPILL_MEMORY_MAX };
	return 0;
}

int spill_file_open(struct spill_file *file, const char *directory, struct err *err)
{
	CLEANUP(fd_closep) int dirfd = -1;
	int fd = -1;

	if (strcmp(directory, SPILL_MEMORY) == 0)
		return open_in_memory(file, err);
	dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd >= 0)
		fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (dirfd >= 0 && fd < 0)
		fd = create_and_unlink(dirfd);
	if (fd < 0)
		return err_errno_as(err, ERR_CANTCREATE, errno,
				    "cannot create a temporary file in '%s' (--tmp names another directory)",
				    QUOTE(directory));
	*file = (struct spill_file){ .directory = directory, .fd = fd };
	return 0;
}

void spill_file_done(struct spill_file *file)
{
	fd_closep(&file->fd);
	buf_done(&file->pending);
	free(file->runs);
	*file = SPILL_FILE_INIT;
}

static int flush(struct spill_file *file, struct err *err)
{
	size_t done = 0;

	if (file->limit && file->pending.len > file->limit - file->size)
		return err_set(
			err, ERR_CANTCREATE,
			"what differs fills more than %llu MiB of memory: --tmp names a directory for temporary files",
			(unsigned long long)(file->limit >> 20));
	while (done < file->pending.len) {
		ssize_t n = pwrite(file->fd, file->pending.data + done, file->pending.len - done, (off_t)file->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int reason = n < 0 ? errno : ENOSPC;

			return err_errno_as(err, reason == EIO ? ERR_IO : ERR_CANTCREATE, reason,
					    "cannot write a temporary file in '%s' (--tmp names another directory)",
					    QUOTE(file->directory));
		}
		done += (size_t)n;
		file->size += (size_t)n;
	}
	buf_clear(&file->pending);
	return 0;
}

/* Large values go around the buffer in pieces, so that it stays small. */
static int append(struct spill_file *file, const void *data, size_t len, struct err *err)
{
	const unsigned char *at = data;

	while (len) {
		size_t piece = len < WRITE_BYTES ? len : WRITE_BYTES;
		int r;

		if (file->pending.len + piece > WRITE_BYTES) {
			r = flush(file, err);
			if (r < 0)
				return r;
		}
		if (buf_add(&file->pending, at, piece) < 0)
			return err_nomem(err);
		at += piece;
		len -= piece;
	}
	return 0;
}

int spill_file_add(struct spill_file *file, const struct spill_record *record, struct err *err)
{
	uint32_t lengths[2] = { (uint32_t)record->key_len, (uint32_t)record->value_len };
	int r;

	r = append(file, lengths, sizeof(lengths), err);
	if (r == 0)
		r = append(file, record->key, record->key_len, err);
	if (r == 0)
		r = append(file, record->value, record->value_len, err);
	return r;
}

int spill_file_end_run(struct spill_file *file, struct err *err)
{
	uint64_t start = file->count ? file->runs[file->count - 1].end : 0;
	int r;

	r = flush(file, err);
	if (r < 0)
		return r;
	if (file->count == file->capacity) {
		size_t capacity = file->capacity ? 2 * file->capacity : FIRST_RUNS;
		struct spill_run *grown = reallocarray(file->runs, capacity, sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		file->runs = grown;
		file->capacity = capacity;
	}
	file->runs[file->count++] = (struct spill_run){ .start = start, .end = file->size };
	return 0;
}

void spill_reader_init(struct spill_reader *reader, const struct spill_file *file, size_t run, size_t buffer_bytes)
{
	*reader = (struct spill_reader){
		.file = file,
		.start = file->runs[run].start,
		.at = file->runs[run].start,
		.end = file->runs[run].end,
		.buffer_bytes = buffer_bytes,
	};
}

void spill_reader_done(struct spill_reader *reader)
{
	free(reader->data);
	*reader = (struct spill_reader){ .file = NULL };
}

void spill_reader_rewind(struct spill_reader *reader)
{
	reader->at = reader->start;
	reader->begin = reader->filled = 0;
	reader->record_bytes = 0;
}

/* Gives the buffer the size that NEED asks for, and back its usual one after a larger record. */
static int resize(struct spill_reader *reader, size_t need, struct err *err)
{
	size_t held = reader->filled - reader->begin;
	size_t capacity = need > reader->buffer_bytes ? need : reader->buffer_bytes;
	unsigned char *data;

	if (held)
		memmove(reader->data, reader->data + reader->begin, held);
	reader->begin = 0;
	reader->filled = held;
	if (capacity == reader->capacity || held > capacity)
		return 0;
	data = realloc(reader->data, capacity);
	if (!data)
		return err_nomem(err);
	reader->data = data;
	reader->capacity = capacity;
	return 0;
}

static int unreadable(const struct spill_reader *reader, int os_errno, struct err *err)
{
	if (os_errno)
		return err_errno_as(err, ERR_IO, os_errno, "cannot read a temporary file in '%s'",
				    QUOTE(reader->file->directory));
	return err_set(err, ERR_IO, "a temporary file in '%s' does not read back as it was written",
		       QUOTE(reader->file->directory));
}

/*
 * Makes NEED bytes available at `begin`. What goes beyond the usual size is read exactly, so that nothing is
 * left over of it when the record is done and the buffer can shrink again.
 */
static int fill(struct spill_reader *reader, size_t need, struct err *err)
{
	int r;

	if (reader->filled - reader->begin >= need)
		return 0;
	if (need - (reader->filled - reader->begin) > reader->end - reader->at)
		return unreadable(reader, 0, err);
	r = resize(reader, need, err);
	if (r < 0)
		return r;
	while (reader->filled < need) {
		size_t room = reader->capacity - reader->filled;
		uint64_t left = reader->end - reader->at;
		ssize_t n = pread(reader->file->fd, reader->data + reader->filled, left < room ? (size_t)left : room,
				  (off_t)reader->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return unreadable(reader, n < 0 ? errno : 0, err);
		reader->filled += (size_t)n;
		reader->at += (size_t)n;
	}
	return 0;
}

int spill_reader_next(struct spill_reader *reader, struct err *err)
{
	uint32_t lengths[2];
	int r;

	reader->begin += reader->record_bytes;
	reader->record_bytes = 0;
	if (reader->begin == reader->filled && reader->at == reader->end)
		return 0;
	r = fill(reader, HEADER_BYTES, err);
	if (r < 0)
		return r;
	memcpy(lengths, reader->data + reader->begin, sizeof(lengths));
	if (lengths[0] > SPILL_KEY_MAX || lengths[1] > SPILL_VALUE_MAX)
		return unreadable(reader, 0, err);
	r = fill(reader, HEADER_BYTES + lengths[0], err);
	if (r < 0)
		return r;
	reader->record = (struct spill_record){
		.key = reader->data + reader->begin + HEADER_BYTES,
		.key_len = lengths[0],
		.value_len = lengths[1],
	};
	return 1;
}

int spill_reader_value(struct spill_reader *reader, struct err *err)
{
	size_t bytes = HEADER_BYTES + reader->record.key_len + reader->record.value_len;
	int r;

	r = fill(reader, bytes, err);
	if (r < 0)
		return r;
	reader->record.key = reader->data + reader->begin + HEADER_BYTES;
	reader->record.value = reader->record.key + reader->record.key_len;
	reader->record_bytes = bytes;
	return 0;
}
