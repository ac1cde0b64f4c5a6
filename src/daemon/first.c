/*
 * first.c - see first.h.
 *
 * Every name that the watch tells is kept until it was examined after it had been told. A folder of which names below it
 * may have been missed is kept with all below it.
 */
#include "daemon/first.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "daemon/touched.h"
#include "ops/generation.h"
#include "ops/reference.h"
#include "sys/file.h"
#include "tally/settled.h"

enum { ROUNDS_MAX = 10, MARKS_MAX = 3, WAIT_MS = 10000, BUDGET = 4096 };

struct first {
	struct watch *watch; /* owned until it was handed over */
	struct policy_set files;
	struct policy *policy;
	struct sys_mounts mounts;
	struct touched touched; /* told, and not examined since */
	struct touched given; /* what op_init_settled() was given last */
	struct buf paths; /* struct bytes[]: the same as it wants it */
	struct buf losses; /* struct watch_loss[], the first few since the baseline's last look at everything */
	uint64_t mark, marked;
	unsigned rounds;
	struct watch_sink to; /* where everything goes once it was handed over */
	bool handed_over;
	const struct talk *talk;
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static int on_dirty(void *context, struct bytes path, uint32_t mask, bool is_dir, struct err *err)
{
	struct first *first = context;

	return first->handed_over ? first->to.dirty(first->to.context, path, mask, is_dir, err)
				  : touched_add(&first->touched, path, false, is_dir, err);
}

/* Both names are told to be dirty. */
static int on_renamed(void *context, struct bytes from, struct bytes to, bool is_dir, struct err *err)
{
	struct first *first = context;

	return first->handed_over ? first->to.renamed(first->to.context, from, to, is_dir, err) : 0;
}

static int on_gone(void *context, struct bytes path, struct err *err)
{
	struct first *first = context;

	return first->handed_over ? first->to.gone(first->to.context, path, err)
				  : touched_add(&first->touched, path, true, true, err);
}

static int on_look(void *context, struct bytes path, bool below, struct err *err)
{
	struct first *first = context;

	return first->handed_over ? first->to.look(first->to.context, path, below, err)
				  : touched_add(&first->touched, path, true, true, err);
}

static int on_lost(void *context, const struct watch_loss *loss, struct err *err)
{
	enum { LOSSES_MAX = 64 };
	struct first *first = context;

	if (first->handed_over)
		return first->to.lost(first->to.context, loss, err);
	if (first->losses.len < LOSSES_MAX * sizeof(*loss) && buf_add(&first->losses, loss, sizeof(*loss)) < 0)
		return err_nomem(err);
	return 0;
}

static int on_marked(void *context, uint64_t number, struct err *err)
{
	struct first *first = context;

	if (first->handed_over)
		return first->to.marked(first->to.context, number, err);
	first->marked = number;
	return 0;
}

void first_freep(struct first **first)
{
	if (!*first)
		return;
	watch_freep(&(*first)->watch);
	policy_set_done(&(*first)->files);
	policy_freep(&(*first)->policy);
	sys_mounts_done(&(*first)->mounts);
	touched_clear(&(*first)->touched);
	touched_clear(&(*first)->given);
	buf_done(&(*first)->paths);
	buf_done(&(*first)->losses);
	free(*first);
	*first = NULL;
}

/* What op_init() will write when there are no policy files. */
static int take_default(struct policy_set *set, struct err *err)
{
	struct policy_file *file = calloc(1, sizeof(*file));

	if (!file)
		return err_nomem(err);
	set->files = file;
	set->count = 1;
	file->name = strdup("policy.yaml");
	file->len = policy_default.len;
	file->text = malloc(file->len);
	if (!file->name || !file->text)
		return err_nomem(err);
	memcpy(file->text, policy_default.text, file->len);
	return 0;
}

/* The same policy that op_init() will sign. */
static int load_policy(struct first *first, const struct place *place, int state_dirfd, struct err *err)
{
	CLEANUP(fd_closep) int config = -1;
	int r = config_dir_open(place->config, &config, err);

	if (r >= 0)
		r = policy_set_load(config, &first->files, err);
	if (r == ERR_NOINPUT || (r >= 0 && first->files.count == 0))
		r = take_default(&first->files, err);
	if (r >= 0)
		r = policy_set_parse(&first->files, &first->policy, err);
	return r < 0 ? r : generation_exclude_state(state_dirfd, &first->files, &first->policy, err);
}

static int place_watches(struct first *first, int mark_dirfd, struct err *err)
{
	const struct watch_options options = {
		.policy = first->policy,
		.mounts = &first->mounts,
		.mark_dirfd = mark_dirfd,
		.sink = { on_dirty, on_renamed, on_gone, on_look, on_lost, on_marked, first },
	};
	int r = sys_mounts_load(NULL, &first->mounts, err);

	if (r >= 0)
		r = watch_new(&options, &first->watch, err);
	return r < 0 ? r : watch_start(first->watch, first->talk->interrupted, err);
}

static bool interrupted(const struct first *first)
{
	return first->talk->interrupted && atomic_load(first->talk->interrupted);
}

/* Handles what comes until the mark has come through and nothing is half told. 1; 0 when that takes too long. */
static int follow(struct first *first, struct err *err)
{
	uint64_t until_ns = time_monotonic_ns() + (uint64_t)WAIT_MS * 1000000;
	struct pollfd poll_fd = { .fd = watch_fd(first->watch), .events = POLLIN };
	int r;

	for (;;) {
		while ((r = watch_process(first->watch, BUDGET, err)) > 0 && !interrupted(first))
			;
		if (r >= 0)
			r = watch_tick(first->watch, time_monotonic_ns(), err);
		if (r < 0)
			return r;
		if (interrupted(first))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (first->marked >= first->mark && watch_settled(first->watch))
			return 1;
		if (time_monotonic_ns() >= until_ns)
			return 0;
		(void)poll(&poll_fd, 1, 50);
	}
}

/* All that was changed before this call has been told after it; unless the kernel's queue goes on overflowing. */
static int catch_up(struct first *first, struct err *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < MARKS_MAX; i++) {
		r = watch_mark(first->watch, ++first->mark, err);
		if (r >= 0)
			r = follow(first, err);
	}
	return r < 0 ? r : 0;
}

/* Adds every name below the directory PATH. What cannot be read is passed over: the engine looks at everything once more. */
static int list_below(struct touched *names, struct bytes path, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(dir_closep) DIR *dir = NULL;
	CLEANUP(buf_done) struct buf name = BUF_INIT;
	const struct dirent *entry;
	int r = 0;

	if (buf_add(&name, path.data, path.len) < 0 || !buf_str(&name))
		return err_nomem(err);
	fd = sys_open_dir(AT_FDCWD, (const char *)name.data);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return 0;
	fd = -1; /* closedir() closes it */
	while (r >= 0 && !names->everything && (entry = readdir(dir))) {
		bool is_dir = entry->d_type == DT_DIR;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		name.len = path.len == 1 ? 0 : path.len;
		if (buf_add_byte(&name, '/') < 0 || buf_add_str(&name, entry->d_name) < 0)
			return err_nomem(err);
		r = touched_add(names, (struct bytes){ name.data, name.len }, false, is_dir, err);
		if (r >= 0 && is_dir && name.len < PATH_MAX)
			r = list_below(names, (struct bytes){ name.data, name.len }, err);
	}
	return r;
}

/* What op_init_settled() asks again and again: what was changed, and is to be examined again. */
static int on_changed(void *context, const struct bytes **ret_paths, size_t *ret_count, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 300 * 1000 * 1000 };
	struct first *first = context;
	const struct touched_name *names;
	size_t count;
	int r;

	if (first->rounds++ >= ROUNDS_MAX)
		return 0;
	/* who writes now gets a moment to finish, rather than ten rounds at once */
	if (first->rounds > 1)
		(void)nanosleep(&moment, NULL);
	r = catch_up(first, err);
	if (r < 0)
		return r;
	names = touched_all(&first->touched, &count);
	if (count == 0 || first->touched.everything) /* the engine looks at all of it */
		return 0;
	touched_clear(&first->given);
	buf_clear(&first->paths);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = touched_add(&first->given, names[i].path, false, names[i].is_dir, err);
		if (r >= 0 && names[i].below)
			r = list_below(&first->given, names[i].path, err);
	}
	if (r < 0 || first->given.everything)
		return r < 0 ? r : 0;
	touched_clear(&first->touched);
	names = touched_all(&first->given, &count);
	for (size_t i = 0; i < count; i++)
		if (buf_add(&first->paths, &names[i].path, sizeof(names[i].path)) < 0)
			return err_nomem(err);
	*ret_paths = (const struct bytes *)(const void *)first->paths.data;
	*ret_count = count;
	return 1;
}

static int exists(int dirfd, const char *name)
{
	struct stat status;

	return fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int first_baseline(const struct place *place, int mark_dirfd, const struct talk *talk, struct first **ret_first,
		   struct err *err)
{
	CLEANUP(first_freep) struct first *first = calloc(1, sizeof(*first));
	CLEANUP(fd_closep) int state = -1;
	const struct init_settle settle = { on_changed, first };
	struct init_result result;
	int r = config_dir_open(place->state, &state, err);

	if (r < 0)
		return r;
	if (exists(state, BASELINE_FILE) || exists(state, "seen")) {
		*ret_first = NULL;
		return 0;
	}
	if (!first)
		return err_nomem(err);
	first->talk = talk;
	r = load_policy(first, place, state, err);
	if (r >= 0)
		r = place_watches(first, mark_dirfd, err);
	if (r >= 0)
		r = op_init_settled(place, talk, &settle, &result, err);
	if (r < 0)
		return r;
	watch_pause(first->watch);
	first->talk = NULL;
	*ret_first = STEAL(first);
	return 0;
}

static int tell_rest(struct first *first, struct err *err)
{
	const struct watch_sink *to = &first->to;
	const struct watch_loss *losses = (const struct watch_loss *)(const void *)first->losses.data;
	size_t count;
	const struct touched_name *names = touched_all(&first->touched, &count);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (names[i].below)
			r = to->look(to->context, names[i].path, true, err);
		if (r >= 0)
			r = to->dirty(to->context, names[i].path, 0, names[i].is_dir, err);
	}
	for (size_t i = 0; r >= 0 && i < first->losses.len / sizeof(*losses); i++)
		r = to->lost(to->context, &losses[i], err);
	touched_clear(&first->touched);
	return r;
}

int first_hand_over(struct first *first, const struct watch_sink *sink, struct watch **ret_watch, struct err *err)
{
	int r;

	first->to = *sink;
	first->handed_over = true;
	r = tell_rest(first, err);
	if (r >= 0)
		*ret_watch = STEAL(first->watch);
	return r;
}
