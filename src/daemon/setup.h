/*
 * setup.h - what tallyd has in its hands when it begins to watch: made as root, used without it.
 *
 * setup_new() does, in this order: talk to the service manager; find the user to become; make folders; open what must be
 * reached for writing later (a read-only mount namespace is put around the process, and only descriptors that were opened
 * before it lead to places that can be written to); open drift.db; take the lock of the single instance; enter the
 * namespace; with --first-baseline make the baseline; make the namespace read-only; become the user; open the journal.
 *
 * One owner, the main thread. Everything here lives until setup_freep(); the engine borrows it.
 */
#ifndef DAEMON_SETUP_H
#define DAEMON_SETUP_H

#include <sys/types.h>

#include "daemon/options.h"
#include "journal/journal.h"
#include "store/drift.h"
#include "sys/notify.h"
#include "tally/ops.h"

struct first;

struct daemon_setup {
	struct place place; /* config and state as absolute paths; tmp as it is */
	const char *control_path; /* absolute */
	const char *socket_name; /* its last component, below socket_dirfd */
	bool foreground; /* human lines of events go to stdout */

	/* Directories, opened O_RDONLY | O_DIRECTORY before the namespace became read-only: openat(2) and its family write
	 * through them, and bind(2) by "/proc/self/fd/N/NAME". */
	int state_fd; /* STATE: root's, 0755. Once root is given up nothing can be made or removed here */
	int journal_fd; /* STATE/journal: our user's, 0750 */
	int tmp_fd; /* the same, behind place.tmp: stays open under its number when the journal goes on in another folder */
	int marks_fd; /* STATE/journal/marks: our user's, 0700, empty; holds the lock of the single instance */
	int socket_dirfd; /* of the control socket */
	int socket_above_fd; /* O_PATH, the directory that the former stands in; -1: it is "/" */

	/* Mount tables, to be read with pread(2) and polled with POLLPRI: of the namespace that we were started in, and of
	 * init's (-1: could not be opened). Opening /proc/self/mountinfo anew shows our own private namespace instead. */
	int mountinfo_fd, init_mountinfo_fd;

	uid_t uid;
	gid_t gid; /* what we run as now */
	char user[64]; /* its name; the number when it has none */
	gid_t group; /* that may read through the control socket; (gid_t)-1: no group tallystick */
	bool dropped_root; /* user tallystick with CAP_DAC_READ_SEARCH only */
	bool sees_all; /* root, or CAP_DAC_READ_SEARCH: files of all users can be read */
	bool keeps_atime; /* our own mount namespace is noatime, or we may use O_NOATIME */
	bool read_only; /* our own mount namespace is read-only */
	char limits
		[512]; /* what of the above is not as it should be, for the status and the journal; "" when all is well */

	struct notify notify;
	struct drift *drift;
	bool drift_rebuilt;
	char drift_why[256]; /* of drift_rebuilt, when it was there before */
	struct journal *journal;
	struct journal_opening opening;

	/* After --first-baseline made one: what was watched meanwhile (first.h). Else NULL. The engine takes it. */
	struct first *first;
};

int setup_new(const struct options *options, struct daemon_setup **ret_setup, struct err *err);
void setup_freep(struct daemon_setup **setup);

#endif
