/* sign_medium.c - one more signature over the list of a medium, made off the host. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/config.h"
#include "ops/sign.h"
#include "ops/tool.h"
#include "ops/verify_medium.h"
#include "tally/verify.h"

enum { READ_BYTES = 1 << 18 };

/* SHA-256 of the program that this machine would put on a medium. */
static int own_program(unsigned char ret_digest[DIGEST_BYTES], struct err *err)
{
	CLEANUP(freep) unsigned char *space = malloc(READ_BYTES);
	CLEANUP(fd_closep) int fd = -1;
	struct digest_state digest;
	char name[TOOL_NAME_MAX];
	ssize_t n;
	int r;

	if (!space)
		return err_nomem(err);
	r = tool_open(&fd, name, err);
	if (r < 0)
		return r;
	digest_init(&digest);
	while ((n = read(fd, space, READ_BYTES)) != 0) {
		if (n < 0 && errno != EINTR)
			return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", name);
		if (n > 0)
			digest_update(&digest, space, (size_t)n);
	}
	digest_final(&digest, ret_digest);
	return 0;
}

/*
 * Nothing but the list vouches for a program on a medium, so whoever signs the list answers for it, and whoever had the key that
 * signed it before may have put anything there. Only the signer's own is signed unseen.
 */
static int judge_programs(const struct manifest *manifest, struct err *err)
{
	static const char folder[] = MEDIUM_TOOLS "/";
	unsigned char own[DIGEST_BYTES];
	bool known = false;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_file *file = &manifest->files[i];
		int r;

		if (memcmp(file->name, folder, sizeof(folder) - 1) != 0 || strcmp(file->name, MEDIUM_LICENCES) == 0)
			continue;
		r = known ? 0 : own_program(own, err);
		if (r < 0)
			return err_wrap(err, r, "cannot tell whose program '%s' is", file->name);
		known = true;
		if (!digest_equal(own, file->digest))
			return err_set(err, ERR_UNTRUSTED,
				       "'%s' is not the program that this tally would put there: export a medium here "
				       "instead, "
				       "or sign it as it is with --force",
				       file->name);
	}
	return 0;
}

static int write_signature(const struct reference *reference, const struct secret_key *key, const char *output,
			   struct err *err)
{
	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
	CLEANUP(buf_done) struct buf signature = BUF_INIT;
	struct bytes sums;
	int r;

	if (!medium_text(reference->medium, MEDIUM_SUMS, &sums))
		return err_set(err, ERR_DATA, "the medium's list is too long to be signed");
	r = manifest_sign(medium_manifest(reference->medium), sums, key, &signature, err);
	if (r >= 0)
		r = outfile_open(&out, AT_FDCWD, output, 0644, err);
	if (r >= 0)
		r = fd_write_all(out.fd, signature.data, signature.len, output, err);
	return r < 0 ? r : outfile_commit_new(&out, err);
}

int op_sign_medium(const struct place *place, const struct sign_request *request, const struct talk *talk,
		   struct statement *ret_statement, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	CLEANUP(secret_key_freep) struct secret_key *key = NULL;
	int r = sign_refuse_on_host(place, request, err);

	if (r >= 0)
		r = verify_medium_open(place, request->baseline, &reference, err);
	if (r >= 0 && !request->force)
		r = judge_programs(medium_manifest(reference.medium), err);
	if (r >= 0)
		r = config_secret_key(AT_FDCWD, request->key, talk, &key, err);
	if (r >= 0)
		r = sign_not_interrupted(place, err);
	if (r >= 0)
		r = write_signature(&reference, key, request->output, err);
	if (r >= 0)
		*ret_statement = *reference.statement;
	return r;
}
