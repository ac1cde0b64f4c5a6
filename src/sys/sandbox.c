/*
 * sandbox.c - see sandbox.h.
 *
 * Capabilities are set with the raw capset(2), which concerns one thread: so there may be one only.
 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "sys/file.h"
#include "sys/mountinfo.h"

/* proc(5) says 0 of its size, so the whole file is read up to this. */
#define TABLE_MAX ((size_t)64 << 20)

/* The sanitizer has a thread of its own, and after a fork two, which nothing of ours runs on. */
#ifdef __SANITIZE_THREAD__
enum { THREADS_MAX = 3 };
#else
enum { THREADS_MAX = 1 };
#endif

/* Calls FN for each line of the table; stops when it returns non-zero. */
static int each_mount(int (*fn)(void *context, const struct mountinfo_line *line), void *context, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char *line, *end;
	int r = fd_read_file(AT_FDCWD, "/proc/self/mountinfo", TABLE_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	line = buf_str(&text);
	if (!line)
		return err_nomem(err);
	for (; *line; line = end + 1) {
		struct mountinfo_line fields;

		end = strchr(line, '\n');
		if (!end)
			break;
		*end = '\0';
		if (mountinfo_parse(line, &fields) && fn(context, &fields) != 0)
			return err_nomem(err);
	}
	return 0;
}

static int change_one(void *context, const struct mountinfo_line *line)
{
	struct mount_attr *attributes = context;

	(void)mount_setattr(AT_FDCWD, line->path, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW, attributes,
			    sizeof(*attributes));
	return 0;
}

/* All mounts at once, or, when one of them refuses and so all did, each that does not. */
static int change_all(uint64_t set, uint64_t clear, const char *what, struct err *err)
{
	struct mount_attr attributes = { .attr_set = set, .attr_clr = clear };

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof(attributes)) == 0)
		return 0;
	if (errno == ENOSYS)
		return err_set(err, ERR_DENIED, "cannot make the mounts %s: this kernel has no mount_setattr(2)", what);
	if (mount_setattr(AT_FDCWD, "/", 0, &attributes, sizeof(attributes)) < 0)
		return err_errno_as(err, ERR_DENIED, errno, "cannot make '/' %s", what);
	return each_mount(change_one, &attributes, err);
}

int sandbox_enter(struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_errno_as(err, ERR_DENIED, errno, "cannot have a mount namespace of our own");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_errno_as(err, ERR_DENIED, errno, "cannot keep our mounts to ourselves");
	return change_all(MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, "noatime", err);
}

int sandbox_seal(struct err *err)
{
	return change_all(MOUNT_ATTR_RDONLY, 0, "read-only", err);
}

struct unsealed {
	struct buf *paths;
	bool writable;
};

static bool has_option(const char *options, const char *option)
{
	size_t len = strlen(option);

	for (const char *at = options; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strcspn(at, ",") == len && memcmp(at, option, len) == 0)
			return true;
	return false;
}

static int note_unsealed(void *context, const struct mountinfo_line *line)
{
	const struct unsealed *unsealed = context;

	if (has_option(line->options, "noatime") && (!unsealed->writable || has_option(line->options, "ro")))
		return 0;
	return buf_add(unsealed->paths, line->path, strlen(line->path) + 1);
}

int sandbox_unsealed(bool writable, struct buf *paths, struct err *err)
{
	struct unsealed unsealed = { .paths = paths, .writable = writable };

	return each_mount(note_unsealed, &unsealed, err);
}

bool sandbox_can_become(const char **ret_missing)
{
	static const struct {
		unsigned capability;
		const char *name;
	} needed[] = {
		{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH" },
		{ CAP_SETUID, "CAP_SETUID" },
		{ CAP_SETGID, "CAP_SETGID" },
		{ CAP_SETPCAP, "CAP_SETPCAP" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!sys_capable(needed[i].capability)) {
			*ret_missing = needed[i].name;
			return false;
		}
	}
	return true;
}

/* The value of a field of /proc/self/status with single spaces between its words, or "". */
static void status_field(const char *status, const char *name, char *ret_value, size_t size)
{
	const char *at = strstr(status, name);
	size_t len = 0;

	/* the first line is Name:, which an attacker cannot choose, and no field name stands within another's value */
	for (at = at ? at + strlen(name) : ""; *at && *at != '\n' && len + 1 < size; at++) {
		bool space = *at == ' ' || *at == '\t';

		if (!space || (len > 0 && ret_value[len - 1] != ' '))
			ret_value[len++] = space ? ' ' : *at;
	}
	while (len > 0 && ret_value[len - 1] == ' ')
		len--;
	ret_value[len] = '\0';
}

static int read_status(struct buf *text, struct err *err)
{
	int r = fd_read_file(AT_FDCWD, "/proc/self/status", 65536, text, NULL, err);

	return r < 0 ? r : buf_str(text) ? 0 : err_nomem(err);
}

/* A thread that was joined is counted for a moment longer. */
static int check_alone(struct err *err)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	char threads[32];

	for (unsigned i = 0; i < 200; i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;
		int r = read_status(&text, err);

		if (r < 0)
			return r;
		status_field(buf_str(&text), "\nThreads:", threads, sizeof(threads));
		if (strtoul(threads, NULL, 10) <= THREADS_MAX)
			return 0;
		(void)nanosleep(&moment, NULL);
	}
	return err_set(err, ERR_LOCKED, "cannot give up root while %s threads run", threads);
}

static int check_became(uid_t uid, gid_t gid, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char uids[64], gids[64], kept[32];
	const struct {
		const char *name, *value;
	} rows[] = {
		{ "\nUid:", uids },
		{ "\nGid:", gids },
		{ "\nGroups:", "" },
		{ "\nCapPrm:", kept },
		{ "\nCapEff:", kept },
		{ "\nCapInh:", "0000000000000000" },
		{ "\nCapBnd:", "0000000000000000" },
		{ "\nCapAmb:", "0000000000000000" },
		{ "\nNoNewPrivs:", "1" },
	};
	char value[128];
	int r = read_status(&text, err);

	if (r < 0)
		return r;
	(void)snprintf(uids, sizeof(uids), "%u %u %u %u", uid, uid, uid, uid);
	(void)snprintf(gids, sizeof(gids), "%u %u %u %u", gid, gid, gid, gid);
	(void)snprintf(kept, sizeof(kept), "%016" PRIx64, UINT64_C(1) << CAP_DAC_READ_SEARCH);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		status_field(buf_str(&text), rows[i].name, value, sizeof(value));
		if (strcmp(value, rows[i].value) != 0)
			return err_set(err, ERR_INTERNAL, "root was not given up: %s is '%s', not '%s'",
				       rows[i].name + 1, QUOTE(value), rows[i].value);
	}
	if (prctl(PR_GET_DUMPABLE) != 0)
		return err_set(err, ERR_INTERNAL, "this process can be dumped");
	return 0;
}

/* What a program that we started could have again. */
static int empty_bounding(struct err *err)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return err_errno(err, errno, "cannot give up capability %lu for good", capability);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_errno(err, errno, "cannot clear ambient capabilities");
	return 0;
}

static int keep_one(struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	data[0].permitted = data[0].effective = 1U << CAP_DAC_READ_SEARCH;
	if (syscall(SYS_capset, &header, data) < 0)
		return err_errno(err, errno, "cannot keep CAP_DAC_READ_SEARCH only");
	return 0;
}

int sandbox_become(uid_t uid, gid_t gid, struct err *err)
{
	int r = check_alone(err);

	if (r < 0)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 1UL, 0, 0, 0) < 0)
		return err_errno(err, errno, "cannot keep capabilities");
	r = empty_bounding(err);
	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_errno(err, errno, "cannot become user %u, group %u", uid, gid);
	r = keep_one(err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 0UL, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0UL, 0, 0, 0) < 0)
		return err_errno(err, errno, "cannot rule out new privileges");
	return check_became(uid, gid, err);
}
