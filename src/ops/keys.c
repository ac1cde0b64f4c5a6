/*
 * keys.c - key files made and shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/config.h"

static void wipep(char **text)
{
	if (*text)
		sodium_memzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static int refuse_existing(const char *prefix, const char *suffix, struct err *err)
{
	CLEANUP(buf_done) struct buf name = BUF_INIT;
	struct stat status;

	(void)buf_printf(&name, "%s%s", prefix, suffix);
	if (!buf_str(&name))
		return err_nomem(err);
	if (lstat((char *)name.data, &status) == 0)
		return err_set(err, ERR_CANTCREATE, "'%s' exists already: keys are never overwritten",
			       QUOTE((char *)name.data));
	return 0;
}

int op_key_generate(const char *prefix, bool encrypt, const struct talk *talk, struct public_key *ret_key,
		    struct err *err)
{
	CLEANUP(secret_key_freep) struct secret_key *key = NULL;
	CLEANUP(wipep) char *passphrase = NULL;
	CLEANUP(wipep) char *folder = strdup(prefix);
	CLEANUP(fd_closep) int dirfd = -1;
	const char *name = prefix;
	char *slash;
	int r;

	if (!folder)
		return err_nomem(err);
	slash = strrchr(folder, '/');
	if (slash) {
		name = prefix + (slash - folder) + 1;
		slash[slash == folder ? 1 : 0] = '\0';
	}
	r = config_dir_open(slash ? folder : ".", &dirfd, err);
	if (r >= 0)
		r = refuse_existing(prefix, ".key", err);
	if (r >= 0)
		r = refuse_existing(prefix, ".pub", err);
	if (r >= 0 && encrypt)
		r = talk->passphrase(talk->context, "passphrase for the new key: ", true, &passphrase, err);
	if (r >= 0)
		r = secret_key_generate(&key, err);
	if (r >= 0)
		r = config_key_write(dirfd, name, key, passphrase, err);
	if (r < 0)
		return r;
	*ret_key = *secret_key_public(key);
	return 0;
}

int op_key_show(const struct place *place, const char *file, struct public_key *ret_key, struct err *err)
{
	CLEANUP(fd_closep) int dirfd = -1;
	int r;

	if (file)
		return config_public_key(AT_FDCWD, file, ret_key, err);
	r = config_dir_open(place->config, &dirfd, err);
	return r < 0 ? r : config_public_key(dirfd, "host.pub", ret_key, err);
}
