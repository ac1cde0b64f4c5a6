/*
 * readme.h - what a medium says to people: README.txt, and the page that is printed when it has been made.
 *
 * Pure functions of the facts: the same generation gives the same words. Every command of README.txt stands on a line of its own
 * that begins with four blanks; tests/e2e/readme.bats runs each as it is written.
 */
#ifndef MEDIUM_README_H
#define MEDIUM_README_H

#include "base/buf.h"
#include "crypto/key.h"
#include "store/baseline.h"

/* A key whose signature the medium carries, and that whoever exported it knew. */
struct medium_key {
	struct public_key key;
	bool signed_statement, signed_sums;
};

struct medium_facts {
	const struct statement *statement;
	const char *tool; /* "tally-x86_64" */
	const struct medium_key *keys;
	size_t key_count;
	char sums_key[KEY_ID_HEX]; /* of SHA256SUMS.minisig */
};

/* Appends README.txt. 0, or -1 when memory is short. */
int readme_format(const struct medium_facts *facts, struct buf *out);
/* Appends the page to be printed and kept on paper: statement, root, fingerprints. */
int digest_page_format(const struct medium_facts *facts, const char *statement_text, const char *sums_sha256,
		       struct buf *out);

#endif
