/*
 * export.h - a baseline generation put on a medium. Belongs to ops.
 */
#ifndef TALLY_EXPORT_H
#define TALLY_EXPORT_H

#include "tally/ops.h"

struct export_request {
	const char *dest; /* must not exist */
	const char *key; /* secret key file that signs the medium; NULL: the host's, only of the installed baseline */
	bool iso; /* one ISO 9660 file; else a folder */
};

struct export_result {
	struct statement statement;
	char *page; /* to be printed and kept on paper; owned */
	char sums_sha256[DIGEST_HEX]; /* of SHA256SUMS */
	char sums_key[KEY_ID_HEX]; /* of the key that signed it */
	char iso_sha256[DIGEST_HEX]; /* of the ISO file; empty for a folder */
	bool statement_signed; /* that key signed the statement, too: who trusts it alone can use the medium */
	size_t files;
};
void export_result_done(struct export_result *result);

/*
 * Writes the generation that PLACE chooses (a trusted key has signed it) to a medium, proving its rows on the way. The same generation
 * with the same signatures, known keys and signing key gives the same bytes. Nothing bears the name request->dest before all of
 * it is there. ERR_CANTCREATE when that exists, ERR_UNTRUSTED, ERR_NOINPUT (no baseline, no static tally for the medium, no
 * xorriso), ERR_DENIED, ERR_IO (a full disk), ERR_INTERRUPTED.
 */
int op_export(const struct place *place, const struct export_request *request, const struct talk *talk,
	      struct export_result *ret_result, struct err *err);

#endif
