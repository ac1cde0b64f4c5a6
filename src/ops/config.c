/* config.c - see config.h. */
#include "ops/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"

enum { POLICY_FILE_MAX = 1 << 20, KEY_FILE_MAX = 4096, FOLDER_FILES_MAX = 1024 };

int config_dir_open(const char *path, int *ret_dirfd, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, errno, "cannot open folder '%s'", QUOTE(path));
	*ret_dirfd = fd;
	return 0;
}

int config_dir_make(const char *path, mode_t mode, int *ret_dirfd, struct err *err)
{
	CLEANUP(freep) char *copy = strdup(path);

	if (!copy)
		return err_nomem(err);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			return err_errno_as(err, ERR_CANTCREATE, errno, "cannot create folder '%s'", QUOTE(copy));
		*slash = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return err_errno_as(err, errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_CANTCREATE, errno,
				    "cannot create folder '%s'", QUOTE(path));
	return config_dir_open(path, ret_dirfd, err);
}

void policy_set_done(struct policy_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		free(set->files[i].name);
		free(set->files[i].text);
	}
	free(set->files);
	*set = POLICY_SET_INIT;
}

static int policy_set_add(struct policy_set *set, int dirfd, const char *name, const char *shown, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct policy_file *grown;
	char *copy;
	int r;

	r = fd_read_file(dirfd, name, POLICY_FILE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	grown = realloc(set->files, (set->count + 1) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	set->files = grown;
	copy = strdup(shown);
	if (!copy || !buf_str(&text)) {
		free(copy);
		return err_nomem(err);
	}
	set->files[set->count++] = (struct policy_file){ .name = copy, .text = text.data, .len = text.len };
	text = BUF_INIT;
	return 0;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

struct names {
	char *names[FOLDER_FILES_MAX];
	size_t count;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	names->count = 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(DIR *dir, const char *folder, const char *suffix, struct names *names, struct err *err)
{
	const struct dirent *item;

	while ((errno = 0, item = readdir(dir))) {
		if (item->d_name[0] == '.' || !has_suffix(item->d_name, suffix))
			continue;
		if (names->count == FOLDER_FILES_MAX)
			return err_set(err, ERR_DATA, "'%s' holds more than %d files", QUOTE(folder), FOLDER_FILES_MAX);
		names->names[names->count] = strdup(item->d_name);
		if (!names->names[names->count])
			return err_nomem(err);
		names->count++;
	}
	if (errno)
		return err_errno(err, errno, "cannot list folder '%s'", QUOTE(folder));
	qsort(names->names, names->count, sizeof(names->names[0]), by_bytes);
	return 0;
}

/* Names with SUFFIX in a folder, in C order. *ret_dirfd is -1 when the folder is missing. */
static int folder_names(int config_dirfd, const char *folder, const char *suffix, struct names *names, int *ret_dirfd,
			struct err *err)
{
	CLEANUP(fd_closep) int fd = openat(config_dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dup_fd;
	DIR *dir;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(err, errno, "cannot open folder '%s'", QUOTE(folder));
	dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	dir = dup_fd < 0 ? NULL : fdopendir(dup_fd);
	if (!dir) {
		r = err_errno(err, errno, "cannot list folder '%s'", QUOTE(folder));
		fd_closep(&dup_fd);
		return r;
	}
	r = names_read(dir, folder, suffix, names, err);
	(void)closedir(dir);
	if (r < 0)
		return r;
	*ret_dirfd = STEAL_FD(fd);
	return 0;
}

int policy_set_load(int config_dirfd, struct policy_set *ret_set, struct err *err)
{
	CLEANUP(policy_set_done) struct policy_set set = POLICY_SET_INIT;
	CLEANUP(names_done) struct names names = { .count = 0 };
	CLEANUP(fd_closep) int folder = -1;
	int r;

	r = policy_set_add(&set, config_dirfd, "policy.yaml", "policy.yaml", err);
	if (r < 0 && err->os_errno != ENOENT)
		return r;
	r = folder_names(config_dirfd, "policy.d", ".yaml", &names, &folder, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.count; i++) {
		char shown[300];

		(void)snprintf(shown, sizeof(shown), "policy.d/%s", names.names[i]);
		r = policy_set_add(&set, folder, names.names[i], shown, err);
		if (r < 0)
			return err_wrap(err, r, "policy.d");
	}
	*ret_set = set;
	set = POLICY_SET_INIT;
	return 0;
}

int policy_set_parse(const struct policy_set *set, struct policy **ret_policy, struct err *err)
{
	CLEANUP(freep) struct policy_source *sources = NULL;

	if (set->count == 0)
		return err_set(
			err, ERR_NOINPUT,
			"there is no policy.yaml in the configuration folder: `tally init` writes the default one");
	sources = calloc(set->count, sizeof(*sources));
	if (!sources)
		return err_nomem(err);
	for (size_t i = 0; i < set->count; i++)
		sources[i] = (struct policy_source){ set->files[i].name, set->files[i].text, set->files[i].len };
	return policy_parse(sources, set->count, ret_policy, err);
}

/* RET_STATUS: of the file that was read. */
static int read_public_key(int dirfd, const char *name, struct public_key *ret_key, struct stat *ret_status,
			   struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	int r;

	r = fd_read_file(dirfd, name, KEY_FILE_MAX, &text, ret_status, err);
	if (r < 0)
		return r;
	if (!buf_str(&text))
		return err_nomem(err);
	r = public_key_parse((const char *)text.data, text.len, ret_key, err);
	return r < 0 ? err_wrap(err, r, "public key '%s'", QUOTE(name)) : 0;
}

int config_public_key(int dirfd, const char *name, struct public_key *ret_key, struct err *err)
{
	struct stat ignored;

	return read_public_key(dirfd, name, ret_key, &ignored, err);
}

static int trust_file(struct trust *trust, int dirfd, const char *name, const char *shown, bool host, struct err *err)
{
	struct public_key key;
	struct stat status;
	int r;

	r = read_public_key(dirfd, name, &key, &status, err);
	if (r >= 0)
		r = trust_add(trust, &key, shown, host, err);
	if (r < 0)
		return r;
	trust->keys[trust->count - 1].device = status.st_dev;
	trust->keys[trust->count - 1].inode = status.st_ino;
	return 0;
}

static int trust_folder(struct trust *trust, int config_dirfd, const char *config, struct err *err)
{
	CLEANUP(names_done) struct names names = { .count = 0 };
	CLEANUP(buf_done) struct buf require = BUF_INIT;
	CLEANUP(fd_closep) int folder = -1;
	int r;

	r = folder_names(config_dirfd, "trusted.d", ".pub", &names, &folder, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		char shown[4096 + 300];

		(void)snprintf(shown, sizeof(shown), "%s/trusted.d/%s", config, names.names[i]);
		r = trust_file(trust, folder, names.names[i], shown, false, err);
	}
	if (r < 0)
		return err_wrap(err, r, "trusted.d");
	if (folder < 0)
		return 0;
	r = fd_read_file(folder, "require", POLICY_FILE_MAX, &require, NULL, err);
	if (r < 0)
		return err->os_errno == ENOENT ? 0 : err_wrap(err, r, "trusted.d");
	return trust_require(trust, (const char *)require.data, require.len, err);
}

int config_trust(const struct place *place, struct trust *ret_trust, struct err *err)
{
	CLEANUP(trust_done) struct trust trust = TRUST_INIT;
	CLEANUP(fd_closep) int dirfd = -1;
	char shown[4096 + 16];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < place->trust_count; i++)
		r = trust_file(&trust, AT_FDCWD, place->trust[i], place->trust[i], false, err);
	if (r >= 0 && place->trust_count == 0) {
		r = config_dir_open(place->config, &dirfd, err);
		if (r == ERR_NOINPUT)
			return err_set(err, ERR_UNTRUSTED,
				       "there is no folder '%s', so no trusted key: nothing can be authentic",
				       QUOTE(place->config));
		if (r < 0)
			return r;
		(void)snprintf(shown, sizeof(shown), "%s/host.pub", place->config);
		r = trust_file(&trust, dirfd, "host.pub", shown, true, err);
		if (r == ERR_NOINPUT)
			r = 0;
		if (r >= 0)
			r = trust_folder(&trust, dirfd, place->config, err);
	}
	if (r < 0)
		return r;
	if (trust.count == 0)
		return err_set(err, ERR_UNTRUSTED, "there is no trusted key in '%s': nothing can be authentic",
			       QUOTE(place->config));
	*ret_trust = trust;
	trust = TRUST_INIT;
	return 0;
}

static void buf_wipe(struct buf *buf)
{
	if (buf->data)
		sodium_memzero(buf->data, buf->capacity);
	buf_done(buf);
}

static void passphrase_wipe(char **passphrase)
{
	if (*passphrase)
		sodium_memzero(*passphrase, strlen(*passphrase));
	free(*passphrase);
	*passphrase = NULL;
}

int config_secret_key(int dirfd, const char *name, const struct talk *talk, struct secret_key **ret_key,
		      struct err *err)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT;
	CLEANUP(passphrase_wipe) char *passphrase = NULL;
	char prompt[600];
	int r;

	/* Reserved at once, so that no copy of the secret is left behind by growing. */
	if (buf_reserve(&text, 1 << 17) < 0)
		return err_nomem(err);
	r = fd_read_file(dirfd, name, KEY_FILE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	r = secret_key_parse((const char *)text.data, text.len, NULL, ret_key, err);
	if (r == ERR_DENIED && talk && talk->passphrase) {
		(void)snprintf(prompt, sizeof(prompt), "passphrase of '%s': ", QUOTE(name));
		r = talk->passphrase(talk->context, prompt, false, &passphrase, err);
		if (r >= 0)
			r = secret_key_parse((const char *)text.data, text.len, passphrase, ret_key, err);
	}
	return r < 0 ? err_wrap(err, r, "secret key '%s'", QUOTE(name)) : 0;
}

static int key_file_write(int dirfd, const char *name, const char *suffix, mode_t mode, const struct buf *text,
			  struct err *err)
{
	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
	char full[4096];
	int r;

	if ((size_t)snprintf(full, sizeof(full), "%s%s", name, suffix) >= sizeof(full))
		return err_set(err, ERR_USAGE, "the name of the key file is too long");
	r = outfile_open(&out, dirfd, full, mode, err);
	if (r < 0)
		return r;
	r = fd_write_all(out.fd, text->data, text->len, full, err);
	return r < 0 ? r : outfile_commit_new(&out, err);
}

int config_public_half(int dirfd, const char *name, const struct secret_key *key, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct public_key present;
	char full[512];
	int r;

	(void)snprintf(full, sizeof(full), "%s.pub", name);
	r = config_public_key(dirfd, full, &present, err);
	if (r >= 0 && memcmp(present.public_key, secret_key_public(key)->public_key, KEY_PUBLIC_BYTES) != 0)
		return err_set(err, ERR_DATA, "'%s' is not the public half of '%s.key': one of them was replaced",
			       QUOTE(full), QUOTE(name));
	if (r >= 0 || err->os_errno != ENOENT)
		return r;
	if (public_key_format(secret_key_public(key), &text) < 0)
		return err_nomem(err);
	return key_file_write(dirfd, name, ".pub", 0644, &text, err);
}

int config_key_write(int dirfd, const char *name, const struct secret_key *key, const char *passphrase, struct err *err)
{
	CLEANUP(buf_wipe) struct buf secret = BUF_INIT;
	CLEANUP(buf_done) struct buf public = BUF_INIT;
	int r;

	if (public_key_format(secret_key_public(key), &public) < 0)
		return err_nomem(err);
	r = secret_key_format(key, passphrase, &secret, err);
	if (r < 0)
		return r;
	r = key_file_write(dirfd, name, ".key", 0600, &secret, err);
	return r < 0 ? r : key_file_write(dirfd, name, ".pub", 0644, &public, err);
}
