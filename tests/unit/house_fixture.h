/* house_fixture.h - a house with everything in it. For test_daemon_house*.c only. */
#ifndef HOUSE_FIXTURE_H
#define HOUSE_FIXTURE_H

#include "daemon_fixture.h"

#include "daemon/house.h"

static char socket_path[2 * FIXTURE_PATH];

/* A house with everything in it: journal, socket, folders of policies and keys. */
static inline int setup(void **state)
{
	struct fixture *fixture;

	(void)fixture_setup(state);
	fixture = *state;
	assert_int_equal(mkdir(under(fixture->state, "journal"), 0755), 0);
	put_text(under(fixture->state, "journal/0001.jsonl"), "{}\n");
	put_text(under(fixture->state, "drift.db"), "");
	assert_int_equal(mkdir(under(fixture->config, "trusted.d"), 0755), 0);
	copy_file(under(fixture->config, "host.pub"), under(fixture->config, "trusted.d/ops.pub"));
	assert_int_equal(mkdir(under(fixture->config, "../run"), 0755), 0);
	(void)snprintf(socket_path, sizeof(socket_path), "%.*s/run/control.sock",
		       (int)(strlen(fixture->config) - strlen("/config")), fixture->config);
	put_text(socket_path, "");
	return 0;
}

static inline void add_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static inline void move(const char *from, const char *to)
{
	if (rename(from, to) < 0)
		fail_msg("%s to %s: %s", from, to, strerror(errno));
}

/* A file named without a folder lies in the fixture's own. */
#define C(name)  under(fixture->config, name)
#define S(name)  under(fixture->state, name)
#define UP(name) under(fixture->config, "../" name)

#endif
