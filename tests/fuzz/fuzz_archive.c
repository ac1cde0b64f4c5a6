/* fuzz_archive.c - an archive from anybody: what is told of it is well formed, and has an end. */
/* rooms: archive */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/archive.h"

enum { HASHED_MAX = 1 << 20 }; /* a hole has no end otherwise */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t wants(struct sink *sink, const struct entry *entry, bool *ret_program_only)
{
	(void)sink;
	if (!path_valid(entry->path) || entry->type != TYPE_FILE)
		abort();
	*ret_program_only = entry->size % 5 == 4;
	return entry->size % 3 ? HASHED_MAX : 0;
}

static int on_entry(struct sink *sink, const struct entry *entry, struct content *content, struct err *err)
{
	(void)sink;
	if (!path_valid(entry->path) || content || entry_check(entry, err) < 0 ||
	    (entry->problem.len != 0) != (entry->failed != 0) ||
	    ((entry->value & ATTR_BIT(ATTR_CONTENT)) && entry->digest_bytes > entry->size))
		abort();
	return 0;
}

static int on_link(struct sink *sink, struct bytes path, struct bytes target, struct err *err)
{
	(void)sink;
	(void)err;
	if (!path_valid(path) || !path_valid(target) || bytes_equal(path, target))
		abort();
	return 0;
}

static int on_problem(struct sink *sink, struct bytes path, const char *line, struct err *err)
{
	(void)sink;
	(void)err;
	if (!path_valid(path) || strchr(line, '\n'))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink sink = { .wants = wants, .entry = on_entry, .link = on_link, .problem = on_problem };
	int fd = memfd_create("archive", MFD_CLOEXEC);
	uint64_t len = size;
	struct disk_source source = DISK_SOURCE_INIT;
	struct archive_info info;
	struct disk *disk = NULL;
	struct err err = ERR_INIT;

	source.form = DISK_RAW;
	source.fds = &fd;
	source.sizes = &len;
	source.count = 1;
	source.sector_bytes = 512;
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (disk_new(&source, &disk, &err) == 0)
		(void)archive_read(disk, NULL, &sink, &info, &err);
	disk_freep(&disk);
	close(fd);
	return 0;
}
