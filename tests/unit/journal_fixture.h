/* journal_fixture.h - for tests of the journal: a folder of its own for each test, lines written and read back. */
#ifndef TESTS_JOURNAL_FIXTURE_H
#define TESTS_JOURNAL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/journal.h"

#define FIRST_SEGMENT "events-0000000000000001.ndjson"

struct folder {
	char path[64];
	int fd;
};

static inline int folder_setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (!folder)
		return -1;
	(void)snprintf(folder->path, sizeof(folder->path), "/tmp/test-journal-XXXXXX");
	if (!mkdtemp(folder->path))
		return -1;
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = folder;
	return folder->fd < 0 ? -1 : 0;
}

static inline void folder_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *found;

	while (dir && (found = readdir(dir))) {
		if (found->d_name[0] != '.' && unlinkat(dirfd(dir), found->d_name, 0) < 0)
			(void)unlinkat(dirfd(dir), found->d_name, AT_REMOVEDIR);
	}
	if (dir)
		(void)closedir(dir);
}

static inline int folder_teardown(void **state)
{
	struct folder *folder = *state;

	folder_empty(folder->path);
	(void)rmdir(folder->path);
	(void)close(folder->fd);
	free(folder);
	return 0;
}

static inline struct journal *must_open(int dirfd, struct journal_opening *ret_opening)
{
	struct journal_opening opening;
	struct journal *journal = NULL;
	struct err err = ERR_INIT;

	if (journal_open(dirfd, &journal, ret_opening ? ret_opening : &opening, &err) < 0)
		fail_msg("%s", err.message);
	return journal;
}

static inline uint64_t must_append(struct journal *journal, const char *members)
{
	struct err err = ERR_INIT;
	uint64_t seq;

	if (journal_append(journal, members, strlen(members), &seq, &err) < 0)
		fail_msg("%s", err.message);
	return seq;
}

/* COUNT lines of kind test, numbered from 1. */
static inline void must_fill(struct journal *journal, unsigned count)
{
	char members[64];

	for (unsigned i = 1; i <= count; i++) {
		(void)snprintf(members, sizeof(members), "\"kind\":\"test\",\"n\":%u", i);
		(void)must_append(journal, members);
	}
}

static inline struct journal_reader *must_read(int dirfd, const struct timestamp *since)
{
	struct journal_reader *reader = NULL;
	struct err err = ERR_INIT;

	if (journal_reader_new(dirfd, since, &reader, &err) < 0)
		fail_msg("%s", err.message);
	return reader;
}

/* Reads to the present end. What is no break fails the test. */
static inline struct journal_count read_all(struct journal_reader *reader, struct err *ret_last)
{
	struct journal_count count;
	struct journal_line line;
	struct err err = ERR_INIT;
	int r;

	while ((r = journal_reader_next(reader, &line, &err)) != 0) {
		if (r == ERR_UNTRUSTED && ret_last)
			*ret_last = err;
		else if (r < 0 && r != ERR_UNTRUSTED)
			fail_msg("%s", err.message);
		else if (r > 0)
			assert_int_equal(line.text[line.len], '\0');
	}
	journal_reader_count(reader, &count);
	return count;
}

static inline struct journal_count read_folder(int dirfd, struct err *ret_last)
{
	CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(dirfd, NULL);

	return read_all(reader, ret_last);
}

static inline void must_be_whole(int dirfd, uint64_t lines)
{
	struct err last = ERR_INIT;
	struct journal_count count = read_folder(dirfd, &last);

	if (count.breaks)
		fail_msg("%s", last.message);
	assert_int_equal(count.lines, lines);
	assert_int_equal(count.last_seq, lines);
	assert_false(count.torn);
}

static inline void slurp(int dirfd, const char *name, struct buf *ret_data)
{
	struct err err = ERR_INIT;

	if (fd_read_file(dirfd, name, 64 << 20, ret_data, NULL, &err) < 0)
		fail_msg("%s", err.message);
}

static inline void spit(int dirfd, const char *name, const void *data, size_t len, int flags)
{
	CLEANUP(fd_closep) int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	struct err err = ERR_INIT;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, len, name, &err), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

#endif
