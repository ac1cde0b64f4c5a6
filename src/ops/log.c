/* log.c - the daemon's journal: events chosen and followed, and the chain proved. See tally/log.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "journal/journal.h"
#include "ops/survey.h"
#include "report/event.h"
#include "tally/log.h"

enum { POLL_NS = 200 * 1000 * 1000 };

/* What of the journal is wanted: paths in the escaped form that lines have them in. */
struct choice {
	struct bytes *paths;
	size_t count;
	bool all;
};

static void choice_done(struct choice *choice)
{
	for (size_t i = 0; i < choice->count; i++)
		free((void *)(uintptr_t)choice->paths[i].data);
	free(choice->paths);
}

static int choice_make(const struct log_request *request, struct choice *ret_choice, struct err *err)
{
	CLEANUP(path_list_done) struct path_list list = PATH_LIST_INIT;
	CLEANUP(choice_done) struct choice choice = { .all = request->all };
	int r = path_list_make(request->paths, request->path_count, true, &list, err);

	if (r < 0)
		return r;
	choice.paths = calloc(list.count + 1, sizeof(*choice.paths));
	if (!choice.paths)
		return err_nomem(err);
	for (; choice.count < list.count; choice.count++) {
		char *escaped = quote_dup(list.paths[choice.count].data, list.paths[choice.count].len);

		if (!escaped)
			return err_nomem(err);
		choice.paths[choice.count] = bytes_of(escaped);
	}
	*ret_choice = choice;
	choice = (struct choice){ .paths = NULL };
	return 0;
}

static bool is_wanted(const struct choice *choice, const struct journal_line *line)
{
	CLEANUP(event_done) struct event event = { .object = NULL };
	struct err ignored = ERR_INIT;

	if (choice->all && choice->count == 0)
		return true;
	/* what cannot be read is no reason to be silent */
	if (event_parse(line->text, line->len, &event, &ignored) < 0)
		return choice->count == 0;
	return (choice->all || !event_is_routine(&event)) &&
	       (choice->count == 0 || event_concerns(&event, choice->paths, choice->count));
}

static int open_folder(const char *folder, int *ret_fd, struct err *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, errno, "cannot open the journal '%s'", QUOTE(folder));
	*ret_fd = fd;
	return 0;
}

static bool interrupted(const struct talk *talk)
{
	return talk && talk->interrupted && atomic_load(talk->interrupted);
}

/* Reads to the present end. */
static int tell(struct journal_reader *reader, const struct choice *choice, const struct talk *talk, log_fn line,
		void *context, struct err *err)
{
	struct journal_line next;
	int r;

	while ((r = journal_reader_next(reader, &next, err)) != 0) {
		if (r == ERR_UNTRUSTED) {
			struct err broken = *err;

			r = line(context, broken.message, true, err);
		} else if (r > 0 && is_wanted(choice, &next)) {
			r = line(context, next.text, false, err);
		}
		if (r < 0)
			return r;
		if (interrupted(talk))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	return line(context, NULL, false, err);
}

static int verdict(const struct journal_reader *reader, struct err *err)
{
	struct journal_count count;

	journal_reader_count(reader, &count);
	if (count.breaks == 0)
		return 0;
	return err_set(err, ERR_UNTRUSTED, "the chain of the journal is broken in %" PRIu64 " place%s", count.breaks,
		       count.breaks == 1 ? "" : "s");
}

int op_log(const struct place *place, const struct log_request *request, const struct talk *talk, log_fn line,
	   void *context, struct err *err)
{
	CLEANUP(journal_reader_freep) struct journal_reader *reader = NULL;
	CLEANUP(choice_done) struct choice choice = { .paths = NULL };
	CLEANUP(buf_done) struct buf folder = BUF_INIT;
	CLEANUP(fd_closep) int dirfd = -1;
	int r;

	(void)buf_printf(&folder, "%s/" JOURNAL_FOLDER, place->state);
	if (!buf_str(&folder))
		return err_nomem(err);
	r = open_folder((const char *)folder.data, &dirfd, err);
	if (r >= 0)
		r = choice_make(request, &choice, err);
	if (r >= 0)
		r = journal_reader_new(dirfd, request->since, &reader, err);
	if (r < 0)
		return r;
	for (;;) {
		const struct timespec pause = { .tv_nsec = POLL_NS };

		r = tell(reader, &choice, talk, line, context, err);
		if (r < 0 && !(r == ERR_INTERRUPTED && request->follow))
			return r;
		if (!request->follow || interrupted(talk))
			return verdict(reader, err);
		(void)nanosleep(&pause, NULL);
	}
}

/* The text of a line's hash: "blake2b256:HEX" before the closing `"}`. */
static void take_head(const struct journal_line *line, char ret_head[HASH_TEXT])
{
	size_t len = HASH_TEXT - 1;

	memcpy(ret_head, line->text + line->len - 2 - len, len);
	ret_head[len] = '\0';
}

int op_verify_journal(const char *folder, const struct talk *talk, log_fn broken, void *context,
		      struct journal_view *ret_view, struct err *err)
{
	CLEANUP(journal_reader_freep) struct journal_reader *reader = NULL;
	CLEANUP(fd_closep) int dirfd = -1;
	struct journal_view view = { .lines = 0 };
	struct journal_line line;
	struct journal_count count;
	int r = open_folder(folder, &dirfd, err);

	if (r >= 0)
		r = journal_reader_new(dirfd, NULL, &reader, err);
	while (r >= 0 && (r = journal_reader_next(reader, &line, err)) != 0) {
		if (r == ERR_UNTRUSTED) {
			struct err reason = *err;

			r = broken(context, reason.message, true, err);
		} else if (r > 0) {
			view.first = view.lines++ ? view.first : line.time;
			view.last = line.time;
			take_head(&line, view.head);
		}
		if (r >= 0 && interrupted(talk))
			r = err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	if (r < 0)
		return r;
	journal_reader_count(reader, &count);
	if (count.lines == 0 && count.breaks == 0)
		return err_set(err, ERR_NOINPUT, "'%s' holds no journal", QUOTE(folder));
	view.segments = count.segments;
	view.first_seq = count.first_seq;
	view.last_seq = count.last_seq;
	view.torn = count.torn;
	r = verdict(reader, err);
	if (r >= 0)
		*ret_view = view;
	return r;
}
