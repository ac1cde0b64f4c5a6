/*
 * look_fixture.h - a looker over the small tree of daemon_fixture.h with a drift of its own; what its looks tell.
 */
#ifndef LOOK_FIXTURE_H
#define LOOK_FIXTURE_H

#include "daemon_fixture.h"

#include <time.h>

#include "daemon/look.h"

#include "tree_fixture.h"

enum { TOLD_MAX = 4096, LOOK_SEED = 20261122 };

struct told {
	char *names[TOLD_MAX];
	bool dir[TOLD_MAX];
	size_t count;
};

struct rig {
	struct fixture *fixture;
	struct drift *drift;
	struct mailbox box;
	struct looker *looker;
	struct view *view; /* borrowed */
	struct told lists[LOOK_PURPOSES];
	/* the last look that ended, and what it told */
	struct look_done *done;
	char **told; /* full paths */
	const bool *told_dir;
	size_t told_count;
};

/* Names that sort in every way around a slash. */
static inline void fill_at_random(struct rig *rig)
{
	static const char *const names[] = { "a", "a-", "a.b", "a0", "b", "\xff", "!", "A" };
	struct random random = { .state = LOOK_SEED };
	char dirs[64][FIXTURE_PATH] = { "" };
	size_t dir_count = 1;

	for (int i = 0; i < 300; i++) {
		char path[FIXTURE_PATH];
		const char *dir = dirs[random_below(&random, dir_count)];

		if (snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "",
			     names[random_below(&random, ARRAY_SIZE(names))]) >= FIXTURE_PATH / 2)
			continue;
		if (access(under(rig->fixture->tree, path), F_OK) == 0)
			continue;
		if (dir_count < ARRAY_SIZE(dirs) && random_below(&random, 3) == 0) {
			assert_int_equal(mkdir(under(rig->fixture->tree, path), 0755), 0);
			memcpy(dirs[dir_count++], path, strlen(path) + 1);
		} else {
			put_text(under(rig->fixture->tree, path), path);
		}
	}
}

/* Past the grain of the clock: what is not changed from now on is known to be unchanged. */
static inline void let_times_pass(void)
{
	const struct timespec nap = { .tv_nsec = 60 * 1000000L };

	(void)nanosleep(&nap, NULL);
}

static inline void rig_begin(struct rig *rig)
{
	struct err err = ERR_INIT, why;
	bool rebuilt;
	int dirfd = open(rig->fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dirfd >= 0);
	must(drift_open(dirfd, &rig->drift, &rebuilt, &why, &err), &err);
	(void)close(dirfd);
	must(mailbox_init(&rig->box, &err), &err);
	must(looker_new(rig->drift, &rig->box, &rig->looker, &err), &err);
}

static inline void rig_forget(struct rig *rig)
{
	struct mail *done = rig->done ? &rig->done->mail : NULL;

	if (rig->done)
		rig->lists[rig->done->purpose].count = 0;
	for (size_t i = 0; i < rig->told_count; i++)
		free(rig->told[i]);
	rig->told_count = 0;
	mail_freep(&done);
	rig->done = NULL;
}

static inline void rig_end(struct rig *rig)
{
	looker_freep(&rig->looker);
	mailbox_done(&rig->box);
	drift_freep(&rig->drift);
	rig_forget(rig);
}

static inline struct bytes owned(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return bytes_of(copy);
}

/* PATHS: below the tree, separated by spaces, "." the tree itself; NULL: everything. */
static inline struct look_request request_for(const struct rig *rig, enum look_purpose purpose, const char *paths,
					      enum scan_depth depth)
{
	struct look_request request = { .purpose = purpose, .depth = depth, .read_from = SEVERITY_COUNT };
	char text[1024], *rest = text;

	if (!paths)
		return request;
	request.paths = calloc(64, sizeof(*request.paths));
	assert_non_null(request.paths);
	(void)snprintf(text, sizeof(text), "%s", paths);
	for (char *word; (word = strsep(&rest, " "));) {
		bool top = strcmp(word, ".") == 0;

		request.paths[request.path_count++] = owned(top ? rig->fixture->tree : under(rig->fixture->tree, word));
	}
	return request;
}

static inline int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void take_names(struct rig *rig, struct look_names *names)
{
	struct told *list = &rig->lists[names->purpose];

	for (size_t i = 0; i < names->count; i++) {
		assert_true(list->count < TOLD_MAX);
		list->dir[list->count] = names->names[i].is_dir;
		list->names[list->count++] = STEAL(names->names[i].path);
	}
}

/* Takes mail until a look has ended. */
static inline void rig_wait(struct rig *rig)
{
	rig_forget(rig);
	while (!rig->done) {
		struct mail *mail = mailbox_wait(&rig->box);

		assert_non_null(mail);
		if (mail->kind == MAIL_LOOKED) {
			rig->done = (struct look_done *)(void *)mail;
			continue;
		}
		assert_int_equal(mail->kind, MAIL_NAMES);
		take_names(rig, (struct look_names *)(void *)mail);
		mail_freep(&mail);
	}
	must(rig->done->err.code, &rig->done->err);
	rig->told = rig->lists[rig->done->purpose].names;
	rig->told_dir = rig->lists[rig->done->purpose].dir;
	rig->told_count = rig->lists[rig->done->purpose].count;
	assert_int_equal(rig->done->differing, rig->told_count);
}

static inline void rig_look(struct rig *rig, struct look_request request)
{
	struct err err = ERR_INIT;

	must(looker_ask(rig->looker, &request, rig->view, &err), &err);
	rig_wait(rig);
}

/* The names told are exactly NAMES (below the tree, "." the tree, sorted, separated by spaces). */
static inline void check_told(const struct rig *rig, const char *names)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	size_t stem = strlen(rig->fixture->tree);

	for (size_t i = 0; i < rig->told_count; i++) {
		const char *path = rig->told[i];

		assert_memory_equal(path, rig->fixture->tree, stem);
		(void)buf_printf(&text, "%s%s", i ? " " : "", path[stem] ? path + stem + 1 : ".");
	}
	assert_non_null(buf_str(&text));
	assert_string_equal((char *)text.data, names);
}

#endif
