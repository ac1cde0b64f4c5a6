/*
 * house_compare.c - see house.h: policy files and keys, held against what they were.
 *
 * The host key's secret is never read: what stat(2) tells of it shows that it was replaced, written, or given a name more.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "daemon/house_inner.h"
#include "ops/policytexts.h"

enum { KEY_FILE_MAX = 1 << 20, KEY_FILES_MAX = 4096 };

/* ---- keys as they are ---- */

void key_files_done(struct key_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->files[i].name);
	free(files->files);
	*files = (struct key_files){ .files = NULL };
}

static int add_key(struct key_files *files, const char *name, const struct hash_state *state, struct err *err)
{
	struct key_file *grown = realloc(files->files, (files->count + 1) * sizeof(*grown));
	struct hash_state copy = *state;
	struct key_file *file;

	if (!grown)
		return err_nomem(err);
	files->files = grown;
	file = &grown[files->count];
	file->name = strdup(name);
	if (!file->name)
		return err_nomem(err);
	hash_final(&copy, file->hash);
	files->count++;
	return 0;
}

/* A file that cannot be read is one more kind of content. */
static int add_bytes(struct key_files *files, int dirfd, const char *name, const char *shown, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct hash_state state;
	struct err why = ERR_INIT;
	int r = fd_read_file(dirfd, name, KEY_FILE_MAX, &text, NULL, &why);

	if (r == ERR_INTERNAL) {
		*err = why;
		return r;
	}
	if (r < 0 && why.os_errno == ENOENT)
		return 0;
	hash_init(&state, r < 0 ? "unreadable" : "bytes");
	if (r >= 0)
		hash_update(&state, text.data, text.len);
	return add_key(files, shown, &state, err);
}

static int add_identity(struct key_files *files, int dirfd, const char *name, struct err *err)
{
	struct hash_state state;
	struct stat status;

	hash_init(&state, "identity");
	if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		hash_update_u64(&state, (uint64_t)errno);
		return add_key(files, name, &state, err);
	}
	hash_update_u64(&state, status.st_dev);
	hash_update_u64(&state, status.st_ino);
	hash_update_u64(&state, status.st_mode);
	hash_update_u64(&state, status.st_nlink);
	hash_update_u64(&state, status.st_uid);
	hash_update_u64(&state, status.st_gid);
	hash_update_u64(&state, (uint64_t)status.st_size);
	hash_update_u64(&state, (uint64_t)status.st_mtim.tv_sec);
	hash_update_u64(&state, (uint64_t)status.st_mtim.tv_nsec);
	hash_update_u64(&state, (uint64_t)status.st_ctim.tv_sec);
	hash_update_u64(&state, (uint64_t)status.st_ctim.tv_nsec);
	return add_key(files, name, &state, err);
}

static bool is_trusted_name(const char *name)
{
	size_t len = strlen(name);

	return strcmp(name, "require") == 0 || (name[0] != '.' && len > 4 && strcmp(name + len - 4, ".pub") == 0);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static int add_trusted(struct key_files *files, int config_dirfd, struct err *err)
{
	int fd = openat(config_dirfd, "trusted.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;
	int r = 0;

	if (!dir) {
		fd_closep(&fd);
		return 0;
	}
	while (r >= 0 && files->count < KEY_FILES_MAX && (item = readdir(dir))) {
		char shown[300];

		(void)snprintf(shown, sizeof(shown), "trusted.d/%s", item->d_name);
		if (is_trusted_name(item->d_name))
			r = add_bytes(files, dirfd(dir), item->d_name, shown, err);
	}
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct key_file *)a)->name, ((const struct key_file *)b)->name);
}

static int load_keys(const struct house *house, struct key_files *ret_files, struct err *err)
{
	CLEANUP(key_files_done) struct key_files files = { .files = NULL };
	CLEANUP(fd_closep) int dirfd = open(house->place->config, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (dirfd >= 0) {
		r = add_bytes(&files, dirfd, "host.pub", "host.pub", err);
		if (r >= 0)
			r = add_identity(&files, dirfd, "host.key", err);
		if (r >= 0)
			r = add_trusted(&files, dirfd, err);
	}
	if (r < 0)
		return r;
	if (files.count)
		qsort(files.files, files.count, sizeof(*files.files), by_name);
	*ret_files = files;
	files = (struct key_files){ .files = NULL };
	return 0;
}

int house_remember(struct house *house, struct err *err)
{
	struct key_files files;
	int r = load_keys(house, &files, err);

	if (r < 0)
		return r;
	key_files_done(&house->remembered);
	house->remembered = files;
	return 0;
}

/* ---- the key that the first baseline brings ---- */

static bool is_host_key(const struct key_file *file)
{
	return strcmp(file->name, "host.key") == 0 || strcmp(file->name, "host.pub") == 0;
}

void house_await_first(struct house *house)
{
	house->await_first = true;
}

bool house_awaits_first(const struct house *house)
{
	/* what was there before, or was believed meanwhile, is held to what it was */
	for (size_t i = 0; i < house->remembered.count; i++) {
		if (is_host_key(&house->remembered.files[i]))
			return false;
	}
	return house->await_first;
}

int house_believe_first(struct house *house, bool by_host, struct err *err)
{
	CLEANUP(key_files_done) struct key_files now = { .files = NULL };
	struct key_files *then = &house->remembered;
	bool awaited = house_awaits_first(house) && by_host;
	struct key_file *grown;
	int r;

	house->await_first = false;
	r = awaited ? load_keys(house, &now, err) : 0;
	if (r < 0 || now.count == 0)
		return r;
	grown = realloc(then->files, (then->count + now.count) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	then->files = grown;
	for (size_t i = 0; i < now.count; i++) {
		if (!is_host_key(&now.files[i]))
			continue;
		grown[then->count++] = now.files[i];
		now.files[i].name = NULL;
	}
	if (then->count)
		qsort(grown, then->count, sizeof(*grown), by_name);
	return 0;
}

/* ---- what differs ---- */

struct telling {
	const char *config;
	house_fn fn;
	void *context;
};

static int tell(const struct telling *telling, const char *name, const char *how, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	(void)buf_printf(&path, "%s/%s", telling->config, name);
	if (!buf_str(&path))
		return err_nomem(err);
	return telling->fn(telling->context, (const char *)path.data, how, err);
}

static int compare_keys(const struct house *house, const struct telling *telling, struct err *err)
{
	CLEANUP(key_files_done) struct key_files now = { .files = NULL };
	const struct key_files *then = &house->remembered;
	size_t i = 0, j = 0;
	int r = load_keys(house, &now, err);

	while (r >= 0 && (i < then->count || j < now.count)) {
		int order = i == then->count ? 1 : j == now.count ? -1 : by_name(&then->files[i], &now.files[j]);

		if (order < 0)
			r = tell(telling, then->files[i].name, "removed", err);
		else if (order > 0)
			r = tell(telling, now.files[j].name, "added", err);
		else if (memcmp(then->files[i].hash, now.files[j].hash, HASH_BYTES) != 0)
			r = tell(telling, now.files[j].name, "changed", err);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

/* The files as they are; none where the folder is gone. */
static int load_policy(const struct house *house, struct policy_set *ret_set, struct err *err)
{
	CLEANUP(fd_closep) int dirfd = -1;
	int r = config_dir_open(house->place->config, &dirfd, err);

	if (r == ERR_NOINPUT)
		return 0;
	return r < 0 ? r : policy_set_load(dirfd, ret_set, err);
}

static int compare_policy(const struct house *house, const struct reference *reference, const struct telling *telling,
			  struct err *err)
{
	CLEANUP(policy_set_done) struct policy_set now = POLICY_SET_INIT;
	const struct policy_texts then = { reference->policy_files, reference->policy_file_count, NULL };
	struct policy_texts present;
	struct err why = ERR_INIT;
	bool readable;
	int r = load_policy(house, &now, &why);

	if (r == ERR_INTERNAL) {
		*err = why;
		return r;
	}
	readable = r >= 0;
	r = 0;
	present = (struct policy_texts){ now.files, now.count, NULL };
	for (size_t i = 0; r >= 0 && i < then.count; i++) {
		const struct policy_file *after = policy_text_find(&present, then.files[i].name);

		/* what cannot be read is there, but nobody can say what it is */
		if (!policy_text_same(&then.files[i], after))
			r = tell(telling, then.files[i].name, after || !readable ? "changed" : "removed", err);
	}
	for (size_t i = 0; r >= 0 && i < now.count; i++) {
		if (!policy_text_find(&then, now.files[i].name))
			r = tell(telling, now.files[i].name, "added", err);
	}
	return r;
}

int house_compare(struct house *house, const struct view *view, house_fn fn, void *context, struct err *err)
{
	const struct telling telling = { house->place->config, fn, context };
	int r = 0;

	if (view->stand)
		r = compare_policy(house, &view->stand->reference, &telling, err);
	return r < 0 ? r : compare_keys(house, &telling, err);
}
