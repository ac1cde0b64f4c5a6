/* sign_medium.c - one more signature over the list of a medium, made off the host. */
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/config.h"
#include "ops/records.h"
#include "ops/sign.h"
#include "tally/verify.h"

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
	struct place there = *place;
	int r;

	there.baseline = request->baseline;
	r = sign_refuse_on_host(place, request, err);
	if (r >= 0)
		r = reference_open(&there, &reference, err);
	if (r >= 0)
		r = records_prove(&reference, err);
	if (r >= 0)
		r = config_secret_key(AT_FDCWD, request->key, talk, &key, err);
	if (r >= 0)
		r = write_signature(&reference, key, request->output, err);
	if (r >= 0)
		*ret_statement = *reference.statement;
	return r;
}
