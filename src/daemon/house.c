/*
 * house.c - see house.h: watching. What differs: house_compare.c.
 *
 * A table of folders: those that hold our files, and all folders above these, up to "/", which tell when one of the former goes
 * away or comes. A folder is known by device and inode; whenever one of the table's names is touched, all of them are looked
 * up again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "daemon/house_inner.h"

enum { /* what a folder is, as bits */
       ROLE_CONFIG = 1, /* policy.yaml, host.key, host.pub */
       ROLE_PARTS = 2, /* policy.d, trusted.d */
       ROLE_STATE = 4, /* baseline.db */
       ROLE_JOURNAL = 8,
       ROLE_SOCKET = 16,
       ROLE_ABOVE = 32 /* above one of them */
};

#define NAMES   ((uint32_t)(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO))
#define GOING   ((uint32_t)(IN_DELETE | IN_MOVED_FROM))
#define SELF    ((uint32_t)(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
#define WRITING ((uint32_t)(IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB))

/* reads of one call: so that who keeps writing keeps nobody waiting */
enum { READS_MAX = 16, EVENT_BYTES = 64 << 10 };

struct folder {
	char *path;
	unsigned roles;
	int wd; /* -1: not watched */
	dev_t device;
	ino_t inode;
};

/* ---- the table ---- */

static struct folder *find_folder(const struct house *house, struct bytes path)
{
	for (size_t i = 0; i < house->folder_count; i++) {
		if (bytes_equal(bytes_of(house->folders[i].path), path))
			return &house->folders[i];
	}
	return NULL;
}

static int add_folder(struct house *house, struct bytes path, unsigned role, struct err *err)
{
	struct folder *folder = find_folder(house, path);
	struct folder *grown;

	if (folder) {
		folder->roles |= role;
		return 0;
	}
	grown = realloc(house->folders, (house->folder_count + 1) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	house->folders = grown;
	folder = &grown[house->folder_count];
	*folder = (struct folder){ .path = strndup((const char *)path.data, path.len), .roles = role, .wd = -1 };
	if (!folder->path)
		return err_nomem(err);
	house->folder_count++;
	return 0;
}

static int add_with_above(struct house *house, struct bytes path, unsigned role, struct err *err)
{
	int r = add_folder(house, path, role, err);

	while (r >= 0 && path.len > 1) {
		path = path_parent(path);
		r = add_folder(house, path, ROLE_ABOVE, err);
	}
	return r;
}

static int add_below(struct house *house, const char *folder, const char *name, unsigned role, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	(void)buf_printf(&path, "%s/%s", folder, name);
	if (buf_failed(&path))
		return err_nomem(err);
	return add_folder(house, (struct bytes){ path.data, path.len }, role, err);
}

static int fill(struct house *house, struct err *err)
{
	const char *config = house->place->config, *state = house->place->state;
	int r;

	r = add_with_above(house, bytes_of(config), ROLE_CONFIG, err);
	if (r >= 0)
		r = add_below(house, config, "policy.d", ROLE_PARTS, err);
	if (r >= 0)
		r = add_below(house, config, "trusted.d", ROLE_PARTS, err);
	if (r >= 0)
		r = add_with_above(house, bytes_of(state), ROLE_STATE, err);
	if (r >= 0)
		r = add_below(house, state, "journal", ROLE_JOURNAL, err);
	if (r >= 0)
		r = add_with_above(house, path_parent(bytes_of(house->socket_path)), ROLE_SOCKET, err);
	return r;
}

/* ---- watches ---- */

/* The journal is written by ourselves all the time. */
static uint32_t mask_of(const struct folder *folder)
{
	uint32_t mask = IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF;

	if (folder->roles & ~(unsigned)ROLE_JOURNAL)
		mask |= NAMES;
	if (folder->roles & ROLE_JOURNAL)
		mask |= GOING;
	if (folder->roles & (ROLE_CONFIG | ROLE_PARTS | ROLE_STATE))
		mask |= WRITING;
	return mask;
}

static void drop_watch(struct house *house, struct folder *folder)
{
	int wd = folder->wd;

	folder->wd = -1;
	for (size_t i = 0; wd >= 0 && i < house->folder_count; i++) {
		if (house->folders[i].wd == wd)
			return;
	}
	if (wd >= 0)
		(void)inotify_rm_watch(house->fd, wd);
}

/* Looks the name up again; the watch goes to what was looked at, whatever the name stands for a moment later. */
static bool watch_folder(struct house *house, struct folder *folder)
{
	CLEANUP(fd_closep) int fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	char link[64];
	int wd;

	if (fd < 0 || fstat(fd, &status) < 0) {
		bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

		drop_watch(house, folder);
		return gone;
	}
	if (folder->wd >= 0 && folder->device == status.st_dev && folder->inode == status.st_ino)
		return true;
	drop_watch(house, folder);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	wd = inotify_add_watch(house->fd, link, mask_of(folder) | IN_MASK_ADD);
	if (wd < 0)
		return false;
	folder->wd = wd;
	folder->device = status.st_dev;
	folder->inode = status.st_ino;
	return true;
}

/* From "/" down: what comes into a folder after it was looked up is told by the one above it. */
static void watch_all(struct house *house)
{
	house->incomplete = false;
	for (size_t i = 0; i < house->folder_count; i++) {
		if (!watch_folder(house, &house->folders[i]))
			house->incomplete = true;
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct folder *)a)->path, ((const struct folder *)b)->path);
}

int house_new(const struct place *place, const char *socket_path, struct house **ret_house, struct err *err)
{
	CLEANUP(house_freep) struct house *house = calloc(1, sizeof(*house));
	int r;

	if (!house)
		return err_nomem(err);
	house->place = place;
	house->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (house->fd < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot watch our own files: no inotify instance");
	house->socket_path = strdup(socket_path);
	if (!house->socket_path)
		return err_nomem(err);
	r = fill(house, err);
	if (r < 0)
		return r;
	qsort(house->folders, house->folder_count, sizeof(*house->folders), by_path);
	watch_all(house);
	*ret_house = STEAL(house);
	return 0;
}

void house_freep(struct house **house)
{
	if (!*house)
		return;
	for (size_t i = 0; i < (*house)->folder_count; i++)
		free((*house)->folders[i].path);
	free((*house)->folders);
	free((*house)->socket_path);
	fd_closep(&(*house)->fd);
	key_files_done(&(*house)->remembered);
	free(*house);
	*house = NULL;
}

int house_fd(const struct house *house)
{
	return house->fd;
}

bool house_complete(const struct house *house)
{
	return !house->incomplete;
}

/* ---- events ---- */

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* What a name in a folder is to us. */
static unsigned touched_by(const struct house *house, const struct folder *folder, uint32_t mask, const char *name)
{
	static const char *const config[] = { "policy.yaml", "host.key", "host.pub" };
	static const char *const state[] = { BASELINE_FILE, BASELINE_FILE "-journal", BASELINE_FILE "-wal",
					     BASELINE_FILE "-shm" };
	const char *socket = strrchr(house->socket_path, '/') + 1;
	unsigned touched = 0;

	if ((folder->roles & ROLE_CONFIG) && is_one_of(name, config, ARRAY_SIZE(config)))
		touched |= HOUSE_CONFIG;
	if (folder->roles & ROLE_PARTS)
		touched |= HOUSE_CONFIG;
	if ((folder->roles & ROLE_STATE) && is_one_of(name, state, ARRAY_SIZE(state)))
		touched |= HOUSE_BASELINE;
	if ((folder->roles & ROLE_JOURNAL) && (mask & GOING))
		touched |= HOUSE_JOURNAL;
	if ((folder->roles & ROLE_SOCKET) && (mask & NAMES) && strcmp(name, socket) == 0)
		touched |= HOUSE_SOCKET;
	return touched;
}

/* A folder of the table, or one above it, came or went. */
static unsigned lost(const struct folder *folder)
{
	switch (folder->roles) {
	case ROLE_PARTS:
		return HOUSE_CONFIG;
	case ROLE_JOURNAL:
		return HOUSE_JOURNAL;
	default:
		return HOUSE_LOST;
	}
}

static unsigned touched_folder(const struct house *house, const struct folder *folder, uint32_t mask, const char *name)
{
	char path[8192];
	int len = snprintf(path, sizeof(path), "%s/%s", folder->path[1] ? folder->path : "", name);
	const struct folder *child;

	if (!(mask & NAMES) || len < 0 || (size_t)len >= sizeof(path))
		return 0;
	child = find_folder(house, bytes_of(path));
	return child ? lost(child) : 0;
}

static unsigned take_event(struct house *house, const struct inotify_event *event, bool *ret_again)
{
	unsigned touched = 0;

	if (event->mask & IN_Q_OVERFLOW) {
		*ret_again = true;
		return HOUSE_LOST;
	}
	for (size_t i = 0; i < house->folder_count; i++) {
		struct folder *folder = &house->folders[i];

		if (folder->wd != event->wd)
			continue;
		if (event->mask & SELF) {
			touched |= lost(folder);
			*ret_again = true;
			if (event->mask & IN_IGNORED)
				folder->wd = -1;
			else
				folder->inode = 0; /* looked up anew, even if the number is used again */
		} else if (event->len) {
			unsigned child = touched_folder(house, folder, event->mask, event->name);

			*ret_again |= child != 0;
			touched |= child | touched_by(house, folder, event->mask, event->name);
		}
	}
	return touched;
}

int house_read(struct house *house, unsigned *ret_touched, struct err *err)
{
	CLEANUP(freep) char *events = malloc(EVENT_BYTES);
	bool again = false;

	*ret_touched = 0;
	if (!events)
		return err_nomem(err);
	for (unsigned reads = 0; reads < READS_MAX; reads++) {
		ssize_t len = read(house->fd, events, EVENT_BYTES);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno != EAGAIN)
			return err_errno_as(err, ERR_IO, errno, "cannot read what happened to our own files");
		if (len <= 0)
			break;
		for (ssize_t at = 0; at < len;) {
			const struct inotify_event *event = (const struct inotify_event *)(const void *)(events + at);

			*ret_touched |= take_event(house, event, &again);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	if (again)
		watch_all(house);
	return 0;
}
