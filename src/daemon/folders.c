/* folders.c - see folders.h. */
#include "daemon/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "daemon/options.h"
#include "ops/config.h"

static const uid_t nobody_else = (uid_t)-1;

void folders_done(struct folders *folders)
{
	fd_closep(&folders->state);
	fd_closep(&folders->journal);
	fd_closep(&folders->marks);
	fd_closep(&folders->socket);
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

typedef int (*name_fn)(int dirfd, const char *name, const void *context, struct err *err);

/* Calls FN with the name of everything in the directory. */
static int each_name(int dirfd, name_fn fn, const void *context, struct err *err)
{
	CLEANUP(fd_closep) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(dir_closep) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return err_errno(err, errno, "cannot read a folder of the daemon's");
	fd = -1; /* closedir() closes it */
	while (r >= 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = fn(dirfd, entry->d_name, context, err);
	return r;
}

/* A plain file that has no second name elsewhere: a link to a file of root's must not become ours. */
static int give_file(int dirfd, const char *name, const void *context, struct err *err)
{
	const struct folder_owner *owner = context;
	CLEANUP(fd_closep) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1 || status.st_uid != 0)
		return 0;
	if (fchown(fd, owner->uid, owner->gid) < 0)
		return err_errno(err, errno, "cannot give '%s' away", QUOTE(name));
	return 0;
}

static int remove_file(int dirfd, const char *name, const void *context, struct err *err)
{
	(void)context;
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove '%s' from the folder of marks", QUOTE(name));
	return 0;
}

/*
 * A folder of the daemon's own below a folder that no stranger writes to. What root made here is given to OWNER; so root's files
 * in it, which only root can have put there, are as well.
 */
static int own_folder(int above, const char *name, mode_t mode, const struct folder_owner *owner, int *ret_fd,
		      struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct stat status;
	int r = 0;

	if (mkdirat(above, name, mode) < 0 && errno != EEXIST)
		return err_errno_as(err, errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_CANTCREATE, errno,
				    "cannot create folder '%s' in the state folder", name);
	fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return err_errno(err, errno, "cannot open folder '%s' of the state folder", name);
	if (owner->uid != nobody_else && status.st_uid == 0) {
		r = each_name(fd, give_file, owner, err);
		if (r < 0)
			return r;
		/* in this order it takes no CAP_FOWNER */
		if (fchmod(fd, mode) < 0 || fchown(fd, owner->uid, owner->gid) < 0)
			return err_errno(err, errno, "cannot give folder '%s' away", name);
	} else if (status.st_uid != geteuid() && status.st_uid != owner->uid && geteuid() != 0) {
		return err_set(err, ERR_DENIED, "folder '%s' of the state folder belongs to user %u", name,
			       status.st_uid);
	} else if (owner->uid != nobody_else && status.st_uid != owner->uid) {
		return err_set(err, ERR_DENIED, "folder '%s' of the state folder belongs to user %u, not to us or root",
			       name, status.st_uid);
	}
	*ret_fd = STEAL_FD(fd);
	return 0;
}

static int refuse_others(int dirfd, const char *name, const void *context, struct err *err)
{
	(void)dirfd;
	return strcmp(name, context) == 0 ? 0 : err_set(err, ERR_LOCKED, "'%s' is there", QUOTE(name));
}

/* Is this folder there for the socket only? By its default name, or because it is root's and has nothing else in it. */
static bool is_for_socket(int fd, const char *control)
{
	struct err ignored = ERR_INIT;
	struct stat status;

	return strcmp(control, OPTIONS_CONTROL) == 0 ||
	       (fstat(fd, &status) == 0 && status.st_uid == 0 &&
		each_name(fd, refuse_others, strrchr(control, '/') + 1, &ignored) >= 0);
}

static int socket_folder(const char *control, const struct folder_owner *owner, int *ret_fd, struct err *err)
{
	CLEANUP(freep) char *folder = strdup(control);
	CLEANUP(fd_closep) int fd = -1;
	int r;

	if (!folder)
		return err_nomem(err);
	*strrchr(folder, '/') = '\0';
	r = config_dir_make(folder[0] ? folder : "/", 0755, &fd, err);
	if (r < 0)
		return r;
	if (owner->uid != nobody_else && is_for_socket(fd, control) && fchown(fd, owner->uid, owner->gid) < 0)
		return err_errno(err, errno, "cannot give folder '%s' away", QUOTE(folder));
	*ret_fd = STEAL_FD(fd);
	return 0;
}

int folders_make(const char *state, const char *control, const struct folder_owner *owner, struct folders *ret_folders,
		 struct err *err)
{
	CLEANUP(folders_done) struct folders folders = FOLDERS_INIT;
	int r;

	r = config_dir_make(state, 0755, &folders.state, err);
	if (r >= 0)
		r = own_folder(folders.state, "journal", 0750, owner, &folders.journal, err);
	if (r >= 0)
		r = own_folder(folders.journal, "marks", 0700, owner, &folders.marks, err);
	if (r < 0)
		return r;
	/* nobody else can open this folder, so nobody else can hold its lock */
	if (flock(folders.marks, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(err, ERR_LOCKED, "another tallyd works in '%s'", QUOTE(state));
		return err_errno(err, errno, "cannot lock '%s'", QUOTE(state));
	}
	r = each_name(folders.marks, remove_file, owner, err);
	if (r >= 0)
		r = socket_folder(control, owner, &folders.socket, err);
	if (r < 0)
		return r;
	*ret_folders = folders;
	folders = FOLDERS_INIT;
	return 0;
}
