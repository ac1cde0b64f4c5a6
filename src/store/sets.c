/* sets.c - see sets.h. */
#include "store/sets.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"

enum { POLICY_FILES_MAX = 4096, MOUNTS_MAX = 1 << 20 };

void set_policy_done(struct set_policy *policy)
{
	for (size_t i = 0; i < policy->count; i++) {
		free(policy->files[i].name);
		free(policy->files[i].text);
	}
	free(policy->files);
	*policy = (struct set_policy){ .files = NULL };
}

/* The three fields of a mount share one block, which path.data begins. */
void set_mounts_done(struct set_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		free((void *)(uintptr_t)mounts->mounts[i].path.data);
	free(mounts->mounts);
	*mounts = (struct set_mounts){ .mounts = NULL };
}

static int damaged(const char *name, const char *table, struct err *err)
{
	return err_set(err, ERR_DATA, "baseline '%s' is damaged: malformed rows in %s", QUOTE(name), table);
}

/* Room for one more element, doubling. */
static int grow(void **array, size_t count, size_t size, struct err *err)
{
	void *grown;

	if (count & (count - 1)) /* not a power of two: there is room */
		return 0;
	grown = realloc(*array, (count ? 2 * count : 1) * size);
	if (!grown)
		return err_nomem(err);
	*array = grown;
	return 0;
}

static int begin(sqlite3 *db, const char *sql, const char *name, uint64_t sequence, sqlite3_stmt **ret_statement,
		 struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r = db_prepare(db, sql, name, &statement, err);

	if (r < 0)
		return r;
	if (sqlite3_bind_int64(statement, 1, (sqlite3_int64)sequence) != SQLITE_OK)
		return err_nomem(err);
	*ret_statement = STEAL(statement);
	return 0;
}

/* --- policy --- */

static int add_file(struct set_policy *policy, struct bytes name, struct bytes text, struct err *err)
{
	CLEANUP(freep) unsigned char *text_copy = NULL;
	CLEANUP(freep) char *name_copy = NULL;
	int r;

	r = grow((void **)&policy->files, policy->count, sizeof(*policy->files), err);
	if (r < 0)
		return r;
	name_copy = strndup((const char *)name.data, name.len);
	text_copy = malloc(text.len + 1);
	if (!name_copy || !text_copy)
		return err_nomem(err);
	if (text.len)
		memcpy(text_copy, text.data, text.len);
	text_copy[text.len] = '\0';
	policy->files[policy->count++] = (struct policy_file){ STEAL(name_copy), STEAL(text_copy), text.len };
	return 0;
}

int set_policy_load(sqlite3 *db, const char *name, uint64_t sequence, struct set_policy *ret_policy, struct err *err)
{
	CLEANUP(set_policy_done) struct set_policy policy = { .files = NULL };
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	r = begin(db, "SELECT position, name, text FROM policy WHERE sequence=? ORDER BY position", name, sequence,
		  &statement, err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, name, err)) > 0) {
		struct bytes file, text;
		uint64_t position;

		if (!db_uint(statement, 0, POLICY_FILES_MAX, &position) || position != policy.count ||
		    !db_text(statement, 1, &file) || file.len == 0 || memchr(file.data, '\0', file.len) ||
		    !db_text(statement, 2, &text))
			return damaged(name, "policy", err);
		r = add_file(&policy, file, text, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (policy.count == 0)
		return damaged(name, "policy", err);
	*ret_policy = policy;
	policy = (struct set_policy){ .files = NULL };
	return 0;
}

static int store_file(sqlite3_stmt *statement, const char *name, size_t position, const struct policy_file *file,
		      struct err *err)
{
	if (sqlite3_bind_int64(statement, 2, (sqlite3_int64)position) != SQLITE_OK ||
	    db_bind_text(statement, 3, file->name, strlen(file->name)) != SQLITE_OK ||
	    db_bind_text(statement, 4, file->text ? (const void *)file->text : "", file->len) != SQLITE_OK)
		return err_nomem(err);
	return db_run(statement, name, err);
}

int set_policy_store(sqlite3 *db, const char *name, uint64_t sequence, const struct policy_file *resolved,
		     const struct policy_file *files, size_t count, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	if (count >= POLICY_FILES_MAX)
		return err_set(err, ERR_POLICY, "more than %d policy files", POLICY_FILES_MAX - 1);
	r = begin(db, "INSERT INTO policy VALUES(?, ?, ?, ?)", name, sequence, &statement, err);
	if (r < 0)
		return r;
	r = store_file(statement, name, 0, resolved, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = store_file(statement, name, i + 1, &files[i], err);
	return r;
}

static void hash_file(struct hash_state *state, const struct policy_file *file)
{
	hash_update_sized(state, file->name, strlen(file->name));
	hash_update_sized(state, file->text, file->len);
}

void set_policy_hash(const struct policy_file *resolved, const struct policy_file *files, size_t count,
		     char ret_text[HASH_TEXT])
{
	unsigned char hash[HASH_BYTES];
	struct hash_state state;

	hash_init(&state, "tallystick-policy-1");
	hash_update_u64(&state, count + 1);
	hash_file(&state, resolved);
	for (size_t i = 0; i < count; i++)
		hash_file(&state, &files[i]);
	hash_final(&state, hash);
	hash_text(hash, ret_text);
}

/* --- mounts --- */

static int add_mount(struct set_mounts *mounts, struct bytes path, struct bytes fstype, struct bytes id,
		     struct err *err)
{
	unsigned char *block;
	int r;

	r = grow((void **)&mounts->mounts, mounts->count, sizeof(*mounts->mounts), err);
	if (r < 0)
		return r;
	block = malloc(path.len + fstype.len + id.len + 1);
	if (!block)
		return err_nomem(err);
	memcpy(block, path.data, path.len);
	if (fstype.len)
		memcpy(block + path.len, fstype.data, fstype.len);
	if (id.len)
		memcpy(block + path.len + fstype.len, id.data, id.len);
	mounts->mounts[mounts->count++] = (struct mount){
		.path = { block, path.len },
		.fstype = { block + path.len, fstype.len },
		.id = { block + path.len + fstype.len, id.len },
	};
	return 0;
}

/* A mount point is a path, and above the one before. */
static bool mount_follows(const struct mount *mounts, size_t count, struct bytes path)
{
	return path_valid(path) && (count == 0 || path_compare(mounts[count - 1].path, path) < 0);
}

int set_mounts_load(sqlite3 *db, const char *name, uint64_t sequence, struct set_mounts *ret_mounts, struct err *err)
{
	CLEANUP(set_mounts_done) struct set_mounts mounts = { .mounts = NULL };
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	r = begin(db, "SELECT path, fstype, id FROM mount WHERE sequence=? ORDER BY path", name, sequence, &statement,
		  err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, name, err)) > 0) {
		struct bytes path, fstype, id;

		if (!db_blob(statement, 0, &path) || !db_blob(statement, 1, &fstype) || !db_blob(statement, 2, &id) ||
		    !mount_follows(mounts.mounts, mounts.count, path) || mounts.count == MOUNTS_MAX)
			return damaged(name, "mount", err);
		r = add_mount(&mounts, path, fstype, id, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_mounts = mounts;
	mounts = (struct set_mounts){ .mounts = NULL };
	return 0;
}

int set_mounts_store(sqlite3 *db, const char *name, uint64_t sequence, const struct mount *mounts, size_t count,
		     struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	r = begin(db, "INSERT INTO mount VALUES(?, ?, ?, ?)", name, sequence, &statement, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct mount *mount = &mounts[i];

		if (!mount_follows(mounts, i, mount->path))
			return err_set(err, ERR_DATA, "mount points are out of order at '%s'",
				       QUOTE_N(mount->path.data, mount->path.len));
		if (db_bind_blob(statement, 2, mount->path) != SQLITE_OK ||
		    db_bind_blob(statement, 3, mount->fstype) != SQLITE_OK ||
		    db_bind_blob(statement, 4, mount->id) != SQLITE_OK)
			return err_nomem(err);
		r = db_run(statement, name, err);
	}
	return r;
}

void set_mounts_hash(const struct mount *mounts, size_t count, char ret_text[HASH_TEXT])
{
	unsigned char hash[HASH_BYTES];
	struct hash_state state;

	hash_init(&state, "tallystick-mounts-1");
	hash_update_u64(&state, count);
	for (size_t i = 0; i < count; i++) {
		hash_update_sized(&state, mounts[i].path.data, mounts[i].path.len);
		hash_update_sized(&state, mounts[i].fstype.data, mounts[i].fstype.len);
		hash_update_sized(&state, mounts[i].id.data, mounts[i].id.len);
	}
	hash_final(&state, hash);
	hash_text(hash, ret_text);
}

/* --- packages --- */

void set_packages_hash(char ret_text[HASH_TEXT])
{
	unsigned char hash[HASH_BYTES];
	struct hash_state state;

	hash_init(&state, "tallystick-packages-1");
	hash_update_u64(&state, 0);
	hash_final(&state, hash);
	hash_text(hash, ret_text);
}
