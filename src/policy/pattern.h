/*
 * pattern.h - the paths of rules: literal or with wildcards, matched in bounded time.
 *
 * A pattern is a literal beginning and, after the first wildcard, a row of tokens that is run as a set of
 * positions (Thompson, "Regular expression search algorithm", CACM 11 (6), 1968): one pass over the path, at
 * most one step for each position and byte, no backtracking. The set after a directory's path can be kept and
 * carried on with the names in it. The root directory is matched as the empty text, so that every name is
 * preceded by its slash.
 *
 * Not for regular expressions, and not for the shell's notion of hidden names.
 */
#ifndef POLICY_PATTERN_H
#define POLICY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/path.h"
#include "tally/err.h"

enum {
	PATTERN_MAX_BYTES = 4096, /* longest pattern as written */
	PATTERN_MAX_WORDS = PATTERN_MAX_BYTES / 64 + 1 /* 64 positions a word, and the accepting one */
};

enum token_kind {
	TOKEN_BYTE, /* this byte */
	TOKEN_ANY, /* ?: one byte of a name */
	TOKEN_SET, /* [a-z], [!a]: one byte of a name */
	TOKEN_STAR, /* *: any run of bytes within a name */
	TOKEN_DEEP, /* **: any run of bytes */
	TOKEN_DIRS /* a whole name that is **, with the slash behind it: any number of directories, also none */
};

struct token {
	uint8_t kind; /* enum token_kind */
	uint8_t byte; /* TOKEN_BYTE */
	uint16_t set; /* TOKEN_SET: index into sets */
};

struct byte_set {
	uint64_t words[4];
};

struct pattern {
	unsigned char *literal; /* unescaped; empty for "/" */
	size_t literal_len;
	size_t base_len; /* of the literal: the whole names at its beginning, without the slash behind them */
	struct token *tokens; /* what follows the literal */
	size_t token_count;
	struct byte_set *sets;
	size_t set_count;
	size_t words; /* that a set of positions takes */
};

/*
 * Compiles TEXT of LEN bytes. Absolute; names "", "." and ".." are refused; one slash at the end is dropped, and
 * *ret_len is how much of TEXT stands for the pattern after that. Escapes: \xNN is a byte, \ before any of
 * * ? [ ] ! ^ - \ takes its meaning away. ERR_POLICY with what is wrong and what was expected.
 */
int pattern_compile(const char *text, size_t len, struct pattern *ret_pattern, size_t *ret_len, struct err *err);
void pattern_done(struct pattern *pattern);

/* The text that is matched for a path: the path itself, but nothing for "/". */
static inline struct bytes pattern_text(struct bytes path)
{
	return path.len == 1 ? (struct bytes){ path.data, 0 } : path;
}

/*
 * Does the pattern match TEXT or (unless SELF) something above it? FROM bytes of TEXT have been matched before
 * and led to STATES (of pattern->words words; not read while FROM is within the literal).
 */
bool pattern_matches(const struct pattern *pattern, bool self, struct bytes text, size_t from, const uint64_t *states);

enum pattern_fate {
	PATTERN_DEAD, /* it matches nothing below that directory */
	PATTERN_LIVE, /* it may match something below: ret_states has the positions after the directory's slash */
	PATTERN_COVERS /* it matches the directory or something above, so all below is covered; never with SELF */
};
/* Carries a match on to what lies below the directory TEXT. */
enum pattern_fate pattern_descend(const struct pattern *pattern, bool self, struct bytes text, size_t from,
				  const uint64_t *states, uint64_t *ret_states);

/* Adds to SET the first bytes of the names that can match in a directory of which FROM bytes led to STATES. */
void pattern_first_bytes(const struct pattern *pattern, size_t from, const uint64_t *states, struct byte_set *set);

static inline bool byte_set_has(const struct byte_set *set, unsigned char byte)
{
	return set->words[byte / 64] >> (byte % 64) & 1;
}

#endif
