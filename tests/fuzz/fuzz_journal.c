/*
 * fuzz_journal.c - a journal from a hostile folder: reading ends, gives nothing but whole lines, and a writer that opens it
 * goes on so that its line is the last one read. A 0xff byte in the input begins the next segment.
 */
/* rooms: journal */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/journal.h"
#include "journal/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char in_memory[] = "/dev/shm/fuzz-journal-XXXXXX", on_disk[] = "/tmp/fuzz-journal-XXXXXX";
static const char *folder; /* in memory where that can be: syncing takes long */
static int folder_fd = -1;

static void must(bool good)
{
	if (!good)
		abort();
}

static void empty_folder(void)
{
	CLEANUP(segment_list_done) struct segment_list list = SEGMENT_LIST_INIT;
	struct err err = ERR_INIT;
	char name[SEGMENT_NAME], torn[SEGMENT_NAME + 8];

	must(segment_list_read(folder_fd, &list, &err) == 0);
	for (size_t i = 0; i < list.count; i++) {
		segment_name(list.firsts[i], name);
		(void)snprintf(torn, sizeof(torn), "%s.torn", name);
		(void)unlinkat(folder_fd, name, 0);
		(void)unlinkat(folder_fd, torn, 0);
	}
	(void)unlinkat(folder_fd, "lock", 0);
}

static void leave(void)
{
	empty_folder();
	(void)rmdir(folder);
}

/* Segments are named as if each had two lines. */
static void put(const uint8_t *data, size_t size)
{
	uint64_t first = 1;

	for (;; first += 2) {
		const uint8_t *end = size ? memchr(data, 0xff, size) : NULL;
		size_t len = end ? (size_t)(end - data) : size;
		struct err err = ERR_INIT;
		char name[SEGMENT_NAME];
		int fd;

		segment_name(first, name);
		fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		must(fd >= 0 && fd_write_all(fd, data, len, name, &err) == 0);
		(void)close(fd);
		if (!end)
			return;
		data += len + 1;
		size -= len + 1;
	}
}

/* The number of the last line. */
static uint64_t read_all(void)
{
	CLEANUP(journal_reader_freep) struct journal_reader *reader = NULL;
	struct journal_count count;
	struct journal_line line;
	struct err err = ERR_INIT;
	uint64_t last = 0;
	int r;

	must(journal_reader_new(folder_fd, NULL, &reader, &err) == 0);
	while ((r = journal_reader_next(reader, &line, &err)) != 0) {
		must(r == 1 || r == ERR_UNTRUSTED);
		if (r < 0)
			continue;
		must(line.text[line.len] == '\0' && strlen(line.text) == line.len && line.text[line.len - 1] == '}');
		must(memchr(line.text, '\n', line.len) == NULL);
		last = line.seq;
	}
	journal_reader_count(reader, &count);
	must(count.last_seq == last);
	return last;
}

static void go_on(void)
{
	CLEANUP(journal_freep) struct journal *journal = NULL;
	struct journal_opening opening;
	struct err err = ERR_INIT;
	uint64_t seq;

	must(journal_open(folder_fd, &journal, &opening, &err) == 0);
	if (journal_append(journal, "\"kind\":\"test\"", 13, &seq, &err) < 0)
		return; /* the input said that the numbers are at their end */
	must(read_all() == seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (folder_fd < 0) {
		folder = mkdtemp(in_memory);
		if (!folder)
			folder = mkdtemp(on_disk);
		must(folder != NULL);
		folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		must(folder_fd >= 0);
		(void)atexit(leave);
	}
	put(data, size);
	(void)read_all();
	go_on();
	empty_folder();
	return 0;
}
