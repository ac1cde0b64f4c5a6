/*
 * daemon_fixture.h - a small tree with a real baseline of it, made as `tally init` does, in a temporary folder: what
 * test_daemon_*.c stand on.
 */
#ifndef DAEMON_FIXTURE_H
#define DAEMON_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/view.h"

enum { FIXTURE_PATH = 256 };

struct fixture {
	char dir[64], tree[FIXTURE_PATH], config[FIXTURE_PATH], state[FIXTURE_PATH];
	struct place place;
	struct stand *stand; /* fixture_stand() */
	struct view *view; /* fixture_view() */
};

static inline void must(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%d: %s", r, err->message);
}

/* BASE/NAME, in a ring of static buffers: good for a few calls. */
static inline const char *under(const char *base, const char *name)
{
	static char paths[8][2 * FIXTURE_PATH];
	static unsigned turn;
	char *path = paths[turn++ % ARRAY_SIZE(paths)];

	assert_true((size_t)snprintf(path, sizeof(paths[0]), "%s/%s", base, name) < sizeof(paths[0]));
	return path;
}

static inline void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		fail_msg("cannot write %s: %s", path, strerror(errno));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static inline void run(const char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline void copy_file(const char *from, const char *to)
{
	run((const char *const[]){ "cp", "-a", "--", from, to, NULL });
}

static inline void remove_path(const char *path)
{
	run((const char *const[]){ "rm", "-rf", "--", path, NULL });
}

/* The policy scans the tree, by the profile static but for what RULES (may be "") say; @ stands for the tree. */
static inline void put_policy(const struct fixture *fixture, const char *rules)
{
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), "version: 1\nrules:\n  - path: %s\n    profile: static\n",
				      fixture->tree);

	for (; *rules; rules++) {
		if (*rules == '@')
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", fixture->tree);
		else
			text[len++] = *rules;
		assert_true(len < sizeof(text));
	}
	text[len] = '\0';
	put_text(under(fixture->config, "policy.yaml"), text);
}

static inline void fixture_init(struct fixture *fixture)
{
	struct init_result result;
	struct err err = ERR_INIT;

	must(op_init(&fixture->place, NULL, NULL, &result, &err), &err);
}

static inline void fixture_accept(struct fixture *fixture)
{
	const struct accept_request request = { .all = true };
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct err err = ERR_INIT;

	must(op_accept(&fixture->place, &request, NULL, &comparison, &err), &err);
	assert_true(comparison->applied);
}

static inline struct stand *fixture_stand(struct fixture *fixture)
{
	struct err err = ERR_INIT;

	stand_unrefp(&fixture->stand);
	must(stand_load(&fixture->place, NULL, NULL, &fixture->stand, &err), &err);
	return fixture->stand;
}

static inline struct view *fixture_view(struct fixture *fixture)
{
	struct err err = ERR_INIT;

	view_unrefp(&fixture->view);
	must(view_new(1, &fixture->place, stand_ref(fixture_stand(fixture)), NULL, &fixture->view, &err), &err);
	return fixture->view;
}

/* Folders, and the policy above; no file in the tree, no baseline. */
static inline int fixture_empty(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const char *tmp = getenv("TMPDIR");
	char *real;

	assert_non_null(fixture);
	assert_true(sodium_init() >= 0);
	(void)snprintf(fixture->dir, sizeof(fixture->dir), "%s/tally-daemon-XXXXXX",
		       tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(fixture->dir));
	real = realpath(fixture->dir, NULL);
	assert_non_null(real);
	(void)snprintf(fixture->tree, sizeof(fixture->tree), "%s/tree", real);
	(void)snprintf(fixture->config, sizeof(fixture->config), "%s/config", real);
	(void)snprintf(fixture->state, sizeof(fixture->state), "%s/state", real);
	free(real);
	assert_int_equal(chmod(fixture->dir, 0755), 0);
	assert_int_equal(mkdir(fixture->tree, 0755), 0);
	assert_int_equal(mkdir(fixture->config, 0755), 0);
	assert_int_equal(mkdir(fixture->state, 0755), 0);
	fixture->place = (struct place){ .config = fixture->config, .state = fixture->state, .tmp = fixture->dir };
	put_policy(fixture, "");
	*state = fixture;
	return 0;
}

/* The same with tree/{a,b}, tree/sub/c and a baseline of them. */
static inline int fixture_setup(void **state)
{
	struct fixture *fixture;

	(void)fixture_empty(state);
	fixture = *state;
	put_text(under(fixture->tree, "a"), "one\n");
	put_text(under(fixture->tree, "b"), "two\n");
	assert_int_equal(mkdir(under(fixture->tree, "sub"), 0755), 0);
	put_text(under(fixture->tree, "sub/c"), "three\n");
	fixture_init(fixture);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	view_unrefp(&fixture->view);
	stand_unrefp(&fixture->stand);
	remove_path(fixture->dir);
	free(fixture);
	return 0;
}

#endif
