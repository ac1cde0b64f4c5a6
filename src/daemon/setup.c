/*
 * setup.c - see setup.h.
 *
 * What fails softly (a namespace that cannot be had, a user that does not exist) is said on stderr and kept in `limits`, so that
 * the status can go on saying it. What would leave the daemon half root, blind or without a record is an error.
 */
#include "daemon/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "daemon/first.h"
#include "daemon/folders.h"
#include "daemon/socket.h"
#include "daemon/talk.h"
#include "sys/file.h"
#include "sys/names.h"
#include "sys/sandbox.h"

static const char own_name[] = "tallystick"; /* of user and group */

/* The strings that a struct daemon_setup points to, allocated with it. */
struct whole {
	struct daemon_setup setup;
	char *config, *state, *control;
	char tmp[32];
	struct folder_owner owner;
};

static void limit(struct daemon_setup *setup, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void limit(struct daemon_setup *setup, const char *format, ...)
{
	size_t used = strlen(setup->limits);
	char text[sizeof(setup->limits)];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	talk_warn(NULL, text);
	(void)snprintf(setup->limits + used, sizeof(setup->limits) - used, "%s%s", used ? "; " : "", text);
}

void setup_freep(struct daemon_setup **setup)
{
	struct whole *whole = (struct whole *)(void *)*setup;
	struct daemon_setup *it = *setup;

	if (!it)
		return;
	first_freep(&it->first);
	journal_freep(&it->journal);
	drift_freep(&it->drift);
	notify_close(&it->notify);
	fd_closep(&it->state_fd);
	fd_closep(&it->journal_fd);
	fd_closep(&it->tmp_fd);
	fd_closep(&it->marks_fd);
	fd_closep(&it->socket_dirfd);
	fd_closep(&it->socket_above_fd);
	fd_closep(&it->mountinfo_fd);
	fd_closep(&it->init_mountinfo_fd);
	free(whole->config);
	free(whole->state);
	free(whole->control);
	free(whole);
	*setup = NULL;
}

/* Absolute, with links resolved where the path exists: it is compared with the paths of events. */
static int absolute(const char *path, char **ret_path, struct err *err)
{
	CLEANUP(freep) char *here = NULL;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char *real = realpath(path, NULL);

	if (real || path[0] == '/') {
		*ret_path = real ? real : strdup(path);
		return *ret_path ? 0 : err_nomem(err);
	}
	here = getcwd(NULL, 0);
	if (!here)
		return err_errno(err, errno, "cannot tell the working directory");
	if (buf_printf(&text, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path) < 0)
		return err_nomem(err);
	*ret_path = buf_steal_str(&text);
	return *ret_path ? 0 : err_nomem(err);
}

static int take_control_path(struct whole *whole, const char *path, struct err *err)
{
	int r = absolute(path, &whole->control, err);

	if (r < 0)
		return r;
	whole->setup.control_path = whole->control;
	whole->setup.socket_name = strrchr(whole->control, '/') + 1;
	/* sun_path holds "/proc/self/fd/NUMBER/NAME" */
	if (!whole->setup.socket_name[0] || strlen(whole->setup.socket_name) > 64)
		return err_set(err, ERR_USAGE, "'%s' is no path for a socket", QUOTE(path));
	return 0;
}

/* Who we will be. */
static int find_user(struct whole *whole, struct err *err)
{
	CLEANUP(names_done) struct names names = { .users = BUF_INIT };
	CLEANUP(fd_closep) int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct daemon_setup *setup = &whole->setup;
	const char *missing = NULL;
	uint32_t uid, gid, group;
	int r;

	whole->owner = (struct folder_owner){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	setup->group = (gid_t)-1;
	r = names_load(root, &names, err);
	if (r < 0)
		return r;
	if (names_find_group(&names, own_name, &group))
		setup->group = group;
	else
		limit(setup, "there is no group %s: only root may ask through the control socket", own_name);
	if (geteuid() != 0) {
		if (!sys_capable(CAP_DAC_READ_SEARCH))
			limit(setup, "not started as root: only what user %u may read can be seen", geteuid());
		return 0;
	}
	if (!names_find_user(&names, own_name, &uid, &gid)) {
		limit(setup, "there is no user %s to become: everything runs as root", own_name);
	} else if (uid == 0) {
		limit(setup, "the user %s is root: everything runs as root", own_name);
	} else if (!sandbox_can_become(&missing)) {
		limit(setup, "cannot become %s without %s: everything runs as root", own_name, missing);
	} else {
		whole->owner.uid = uid;
		whole->owner.gid = setup->group != (gid_t)-1 ? setup->group : gid;
	}
	return 0;
}

static int open_folders(struct whole *whole, const struct options *options, struct err *err)
{
	CLEANUP(folders_done) struct folders folders = FOLDERS_INIT;
	struct daemon_setup *setup = &whole->setup;
	int r;

	r = take_control_path(whole, options->control, err);
	if (r >= 0)
		r = folders_make(options->state, whole->control, &whole->owner, &folders, err);
	if (r >= 0)
		r = absolute(options->state, &whole->state, err);
	if (r >= 0)
		r = absolute(options->config, &whole->config, err);
	if (r < 0)
		return r;
	setup->state_fd = STEAL_FD(folders.state);
	setup->journal_fd = STEAL_FD(folders.journal);
	setup->marks_fd = STEAL_FD(folders.marks);
	setup->socket_dirfd = STEAL_FD(folders.socket);
	r = socket_open_above(setup, err);
	if (r < 0)
		return r;
	setup->tmp_fd = fcntl(setup->journal_fd, F_DUPFD_CLOEXEC, 3);
	if (setup->tmp_fd < 0)
		return err_errno(err, errno, "cannot keep the journal's folder open");
	(void)snprintf(whole->tmp, sizeof(whole->tmp), "/proc/self/fd/%d", setup->tmp_fd);
	setup->place = (struct place){ .config = whole->config, .state = whole->state, .tmp = whole->tmp };
	return 0;
}

static int open_mount_tables(struct daemon_setup *setup, struct err *err)
{
	setup->mountinfo_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (setup->mountinfo_fd < 0)
		return err_errno(err, errno, "cannot open '/proc/self/mountinfo'");
	setup->init_mountinfo_fd = open("/proc/1/mountinfo", O_RDONLY | O_CLOEXEC);
	if (setup->init_mountinfo_fd < 0)
		limit(setup, "cannot open '/proc/1/mountinfo': %s", strerror(errno));
	return 0;
}

static int open_drift(struct whole *whole, struct err *err)
{
	struct daemon_setup *setup = &whole->setup;
	struct err why = ERR_INIT;
	int r = drift_open(setup->state_fd, &setup->drift, &setup->drift_rebuilt, &why, err);

	if (r < 0)
		return r;
	(void)snprintf(setup->drift_why, sizeof(setup->drift_why), "%.*s", (int)sizeof(setup->drift_why) - 1,
		       why.message);
	return whole->owner.uid == (uid_t)-1 ? 0 : drift_chown(setup->drift, whole->owner.uid, whole->owner.gid, err);
}

static void enter_namespace(struct daemon_setup *setup)
{
	struct err err = ERR_INIT;

	if (!sys_capable(CAP_SYS_ADMIN))
		limit(setup, "no right to a mount namespace of our own: reading may move access times");
	else if (sandbox_enter(&err) < 0)
		limit(setup, "%s: reading may move access times", err.message);
	else
		setup->keeps_atime = true;
}

/* Names those mounts that refused. */
static void seal_namespace(struct daemon_setup *setup)
{
	CLEANUP(buf_done) struct buf left = BUF_INIT;
	struct err err = ERR_INIT;

	if (!setup->keeps_atime)
		return;
	if (sandbox_seal(&err) < 0 || sandbox_unsealed(true, &left, &err) < 0)
		limit(setup, "%s", err.message);
	else if (left.len)
		limit(setup,
		      "the mount at '%s' and maybe others can be written to, or reading there moves access times",
		      QUOTE((const char *)left.data));
	else
		setup->read_only = true;
}

static int make_first(struct daemon_setup *setup, const struct options *options, struct err *err)
{
	struct talk talk;
	int r;

	if (!options->first_baseline)
		return 0;
	talk_begin(&talk);
	notify_status(&setup->notify, "making the first baseline");
	r = first_baseline(&setup->place, setup->marks_fd, &talk, &setup->first, err);
	talk_end(&talk);
	return r < 0 ? err_wrap(err, r, "the first baseline") : 0;
}

static int become(struct whole *whole, struct err *err)
{
	struct daemon_setup *setup = &whole->setup;
	int r;

	if (whole->owner.uid != (uid_t)-1) {
		r = sandbox_become(whole->owner.uid, whole->owner.gid, err);
		if (r < 0)
			return r;
		setup->dropped_root = true;
	}
	setup->uid = geteuid();
	setup->gid = getegid();
	setup->sees_all = setup->uid == 0 || sys_capable(CAP_DAC_READ_SEARCH);
	if (setup->dropped_root || setup->uid == 0)
		(void)snprintf(setup->user, sizeof(setup->user), "%s", setup->dropped_root ? own_name : "root");
	else
		(void)snprintf(setup->user, sizeof(setup->user), "%u", setup->uid);
	return 0;
}

/* A descriptor for each directory on the way down, and for what is read at the same time. */
static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int prepare(struct whole *whole, const struct options *options, struct err *err)
{
	struct daemon_setup *setup = &whole->setup;
	struct err warning = ERR_INIT;
	int r;

	raise_limits();
	if (notify_open(&setup->notify, &warning) < 0)
		talk_warn(NULL, warning.message);
	notify_status(&setup->notify, "starting");
	r = find_user(whole, err);
	if (r >= 0)
		r = open_folders(whole, options, err);
	if (r >= 0)
		r = open_mount_tables(setup, err);
	if (r >= 0)
		r = open_drift(whole, err);
	if (r < 0)
		return r;
	enter_namespace(setup);
	r = make_first(setup, options, err);
	if (r < 0)
		return r;
	seal_namespace(setup);
	r = become(whole, err);
	return r < 0 ? r : journal_open(setup->journal_fd, &setup->journal, &setup->opening, err);
}

int setup_new(const struct options *options, struct daemon_setup **ret_setup, struct err *err)
{
	CLEANUP(setup_freep) struct daemon_setup *setup = NULL;
	struct whole *whole = calloc(1, sizeof(*whole));
	int r;

	if (!whole)
		return err_nomem(err);
	setup = &whole->setup;
	setup->state_fd = setup->journal_fd = setup->tmp_fd = setup->marks_fd = setup->socket_dirfd =
		setup->socket_above_fd = -1;
	setup->mountinfo_fd = setup->init_mountinfo_fd = -1;
	setup->notify = NOTIFY_INIT;
	setup->foreground = options->foreground;
	r = prepare(whole, options, err);
	if (r < 0)
		return r;
	*ret_setup = STEAL(setup);
	return 0;
}
