/*
 * drift_memory.c - a drift whose files cannot be written, by a full disk as a rule: it is kept in memory until they can be. The files
 * are empty meanwhile, so that who opens them next makes them anew, and says so.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "store/drift_inner.h"

static int empty(const struct drift_files *files, struct err *err)
{
	/* in this order: a journal beside an empty file is not rolled back */
	if (ftruncate(files->db, 0) < 0 || ftruncate(files->journal, 0) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot empty '%s'", QUOTE(drift_name));
	return 0;
}

int drift_memory_begin(struct drift *drift, struct err *err)
{
	struct err ignored = ERR_INIT;
	int r;

	drift_memory_end(drift);
	(void)empty(&drift->files, &ignored);
	drift->memory.db = memfd_create("drift", MFD_CLOEXEC);
	drift->memory.journal = memfd_create("drift journal", MFD_CLOEXEC);
	if (drift->memory.db < 0 || drift->memory.journal < 0) {
		r = err_errno_as(err, ERR_IO, errno, "cannot make a file in memory");
		drift_memory_end(drift);
		return r;
	}
	r = drift_item_begin(drift, &drift->memory, true, err);
	if (r < 0)
		drift_memory_end(drift);
	return r;
}

void drift_memory_end(struct drift *drift)
{
	drift_files_done(&drift->memory);
}

static int copy(sqlite3 *to, sqlite3 *from, struct err *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code;

	if (!backup)
		return db_err(to, sqlite3_extended_errcode(to), "write", drift_name, err);
	(void)sqlite3_backup_step(backup, -1);
	code = sqlite3_backup_finish(backup);
	return code == SQLITE_OK ? 0 : db_err(to, code, "write", drift_name, err);
}

static int go_back(struct drift *drift, struct err *err)
{
	CLEANUP(db_closep) sqlite3 *db = NULL;
	struct err ignored = ERR_INIT;
	int r = empty(&drift->files, err);

	if (r == 0)
		r = db_open_journaled(drift->files.db, drift->files.journal, drift_name, &db, err);
	if (r == 0)
		r = copy(db, drift->db, err);
	if (r < 0) {
		db_closep(&db);
		(void)empty(&drift->files, &ignored);
		return r;
	}
	drift_item_end(drift);
	drift_memory_end(drift);
	drift->db = STEAL(db);
	return drift_item_prepare(drift, err);
}

int drift_return(struct drift *drift, struct err *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&drift->lock);
	if (drift->db && drift->memory.db >= 0 && sqlite3_get_autocommit(drift->db))
		r = go_back(drift, err);
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}

bool drift_in_memory(struct drift *drift)
{
	bool in_memory;

	(void)pthread_mutex_lock(&drift->lock);
	in_memory = drift->memory.db >= 0;
	(void)pthread_mutex_unlock(&drift->lock);
	return in_memory;
}
