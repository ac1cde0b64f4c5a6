/* reader_open.c - making a reader: which segment to begin with. See journal.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/reader_inner.h"

/* Does the segment begin before TIME? What cannot be read does not. */
static bool begins_before(int dirfd, uint64_t first, struct timestamp time)
{
	CLEANUP(fd_closep) int fd = -1;
	struct err ignored = ERR_INIT;
	struct timestamp begun;
	char head[256];
	uint64_t size, seq;
	ssize_t n;

	if (segment_open(dirfd, first, O_RDONLY, &fd, &size, &ignored) < 0)
		return false;
	n = pread(fd, head, sizeof(head), 0);
	return n > 0 && line_parse_head(head, (size_t)n, &seq, &begun) && time_compare(begun, time) < 0;
}

/* The last segment that begins before SINCE: what is due stands in it or behind it. Its first line is held against the
 * end of the segment before. */
static int place(struct journal_reader *reader, struct err *err)
{
	int r = segment_list_read(reader->dirfd, &reader->list, err);

	if (r < 0)
		return r;
	reader->chain = CHAIN_START;
	if (!reader->since_given)
		return 0;
	for (size_t i = reader->list.count; i-- > 1 && reader->next == 0;) {
		if (begins_before(reader->dirfd, reader->list.firsts[i], reader->since))
			reader->next = i;
	}
	while (reader->next > 0 &&
	       !segment_tail(reader->dirfd, reader->list.firsts[reader->next - 1], reader->chain.hash))
		reader->next--;
	if (reader->next > 0)
		reader->chain.next = reader->list.firsts[reader->next];
	return 0;
}

int journal_reader_new(int dirfd, const struct timestamp *since, struct journal_reader **ret_reader, struct err *err)
{
	CLEANUP(journal_reader_freep) struct journal_reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return err_nomem(err);
	reader->fd = -1;
	reader->dirfd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reader->dirfd < 0)
		return err_errno(err, errno, "cannot open the journal's folder");
	if (since) {
		reader->since_given = true;
		reader->since = *since;
	}
	r = place(reader, err);
	if (r < 0)
		return r;
	*ret_reader = STEAL(reader);
	return 0;
}

void journal_reader_freep(struct journal_reader **reader)
{
	struct journal_reader *old = *reader;

	if (!old)
		return;
	fd_closep(&old->fd);
	fd_closep(&old->dirfd);
	segment_list_done(&old->list);
	buf_done(&old->buf);
	free(old);
	*reader = NULL;
}

void journal_reader_count(const struct journal_reader *reader, struct journal_count *ret_count)
{
	*ret_count = reader->count;
}
