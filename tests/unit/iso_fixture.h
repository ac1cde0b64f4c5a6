/*
 * iso_fixture.h - what the tests of ISO images share. Behind cmocka.h.
 */
#ifndef TESTS_UNIT_ISO_FIXTURE_H
#define TESTS_UNIT_ISO_FIXTURE_H

#include <fcntl.h>
#include <stdio.h>

#include "../fuzz/sparse_image.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "medium/source.h"

/* A descriptor on an image of tests/fuzz/corpus/iso, in memory. */
static inline int iso_image(const char *name)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct err err = ERR_INIT;
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/fuzz/corpus/iso/%s", TESTS_DIR, name);
	if (fd_read_file(AT_FDCWD, path, 1 << 20, &data, NULL, &err) < 0)
		fail_msg("%s", err.message);
	fd = sparse_image(data.data, data.len);
	assert_true(fd >= 0);
	return fd;
}

/* source_open() of what FD is of. */
static inline int iso_list(int fd, struct source *source, struct err *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return source_open(path, source, err);
}

#endif
