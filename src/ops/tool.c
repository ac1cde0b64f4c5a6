/* tool.c - see tool.h. */
#include "ops/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/elf.h"

static const char self[] = "/proc/self/exe";

/* 1 with *ret_fd and *ret_kind, 0 when there is no such file. */
static int look(const char *path, int *ret_fd, enum elf_kind *ret_kind, struct err *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(path));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_DATA, "'%s' is no regular file", QUOTE(path));
	r = elf_judge(fd, path, ret_kind, err);
	if (r < 0)
		return r;
	*ret_fd = STEAL_FD(fd);
	return 1;
}

/* What lies beside the program and bears the name must be what it says. 1, 0 when it is not there. */
static int look_beside(const char *program, const char *middle, const char *name, int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	const char *slash = strrchr(program, '/');
	char path[PATH_MAX];
	enum elf_kind kind;
	int r;

	if (!slash || (size_t)snprintf(path, sizeof(path), "%.*s/%s%s", (int)(slash - program), program, middle,
				       name) >= sizeof(path))
		return 0;
	r = look(path, &fd, &kind, err);
	if (r <= 0)
		return r;
	if (kind != ELF_STATIC)
		return err_set(err, ERR_DATA, "'%s' is no static program of this machine: it is %s", QUOTE(path),
			       elf_kind_text(kind));
	*ret_fd = STEAL_FD(fd);
	return 1;
}

int tool_open_beside(const char *program, int *ret_fd, char ret_name[TOOL_NAME_MAX], struct err *err)
{
	static const char name[] = "tally-" TALLY_MACHINE;
	CLEANUP(fd_closep) int fd = -1;
	enum elf_kind kind = ELF_NONE;
	int r;

	_Static_assert(sizeof(name) <= TOOL_NAME_MAX, "TALLY_MACHINE is too long");
	r = look(program, &fd, &kind, err);
	if (r < 0)
		return r;
	if (kind != ELF_STATIC) {
		char folder[PATH_MAX];
		ssize_t len = readlink(program, folder, sizeof(folder) - 1);

		fd_closep(&fd);
		if (len > 0)
			folder[len] = '\0';
		else
			(void)snprintf(folder, sizeof(folder), "%s", program);
		r = look_beside(folder, "", name, &fd, err);
		if (r == 0)
			r = look_beside(folder, "../lib/tallystick/", name, &fd, err);
		if (r == 0)
			return err_set(
				err, ERR_NOINPUT,
				"there is no static program for the medium: this one is not static, and no '%s' lies "
				"beside '%s' or in '../lib/tallystick' from there; in Tallystick's source: `cmake "
				"--preset "
				"static && ninja -C build/static && cmake --install build/static`",
				name, QUOTE(folder));
	}
	if (r < 0)
		return r;
	(void)memcpy(ret_name, name, sizeof(name));
	*ret_fd = STEAL_FD(fd);
	return 0;
}

int tool_open(int *ret_fd, char ret_name[TOOL_NAME_MAX], struct err *err)
{
	return tool_open_beside(self, ret_fd, ret_name, err);
}
