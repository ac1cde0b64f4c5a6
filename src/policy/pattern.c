/* pattern.c - running a pattern over a path; see pattern.h. */
#include "policy/pattern.h"

#include <stdlib.h>
#include <string.h>

void pattern_done(struct pattern *pattern)
{
	free(pattern->literal);
	free(pattern->tokens);
	free(pattern->sets);
	*pattern = (struct pattern){ .literal = NULL };
}

/* Puts position AT into the set, and those that are reached from it without a byte. */
static void enter(const struct pattern *pattern, uint64_t *states, size_t at)
{
	for (;; at++) {
		states[at / 64] |= UINT64_C(1) << (at % 64);
		if (at == pattern->token_count || pattern->tokens[at].kind < TOKEN_STAR)
			return;
	}
}

static bool accepts(const struct pattern *pattern, const uint64_t *states)
{
	return states[pattern->token_count / 64] >> (pattern->token_count % 64) & 1;
}

static void step(const struct pattern *pattern, size_t at, unsigned char byte, uint64_t *next)
{
	const struct token *token = &pattern->tokens[at];

	switch ((enum token_kind)token->kind) {
	case TOKEN_BYTE:
		if (byte == token->byte)
			enter(pattern, next, at + 1);
		break;
	case TOKEN_ANY:
		if (byte != '/')
			enter(pattern, next, at + 1);
		break;
	case TOKEN_SET:
		if (byte_set_has(&pattern->sets[token->set], byte))
			enter(pattern, next, at + 1);
		break;
	case TOKEN_STAR:
		if (byte != '/')
			enter(pattern, next, at);
		break;
	case TOKEN_DEEP:
		enter(pattern, next, at);
		break;
	case TOKEN_DIRS:
		next[at / 64] |= UINT64_C(1) << (at % 64);
		if (byte == '/')
			enter(pattern, next, at + 1);
		break;
	}
}

/* Replaces the set by the one after BYTE. False when it is empty. */
static bool feed(const struct pattern *pattern, uint64_t *states, unsigned char byte)
{
	uint64_t next[PATTERN_MAX_WORDS];
	uint64_t any = 0;

	for (size_t word = 0; word < pattern->words; word++)
		next[word] = 0;
	for (size_t word = 0; word < pattern->words; word++)
		for (uint64_t left = states[word]; left; left &= left - 1) {
			size_t at = word * 64 + (size_t)__builtin_ctzll(left);

			if (at < pattern->token_count)
				step(pattern, at, byte, next);
		}
	for (size_t word = 0; word < pattern->words; word++) {
		states[word] = next[word];
		any |= next[word];
	}
	return any != 0;
}

/* How many of the next bytes leave the set as it is: it waits for a slash and for nothing else. */
static size_t idle(const struct pattern *pattern, const uint64_t *states, const unsigned char *rest, size_t len)
{
	const unsigned char *slash;

	if (pattern->words > 1 || (states[0] & (states[0] - 1)) || states[0] >> pattern->token_count ||
	    pattern->tokens[__builtin_ctzll(states[0])].kind != TOKEN_DIRS)
		return 0;
	slash = memchr(rest, '/', len);
	return slash ? (size_t)(slash - rest) : len;
}

enum run { RUN_DEAD, RUN_IN_LITERAL, RUN_ALIVE, RUN_COVERED };

/* Takes the match through the rest of TEXT. With RUN_ALIVE, STATES are those at its end. */
static enum run run(const struct pattern *pattern, bool self, struct bytes text, size_t from, const uint64_t *before,
		    uint64_t *states)
{
	if (from <= pattern->literal_len) {
		size_t end = text.len < pattern->literal_len ? text.len : pattern->literal_len;

		if (end > from && memcmp(text.data + from, pattern->literal + from, end - from) != 0)
			return RUN_DEAD;
		if (text.len < pattern->literal_len)
			return RUN_IN_LITERAL;
		from = pattern->literal_len;
		memset(states, 0, pattern->words * sizeof(*states));
		enter(pattern, states, 0);
	} else {
		memcpy(states, before, pattern->words * sizeof(*states));
	}
	for (size_t i = from; i < text.len; i++) {
		if (text.data[i] == '/' && !self && accepts(pattern, states))
			return RUN_COVERED;
		if (!feed(pattern, states, text.data[i]))
			return RUN_DEAD;
		i += idle(pattern, states, text.data + i + 1, text.len - i - 1);
	}
	return !self && accepts(pattern, states) ? RUN_COVERED : RUN_ALIVE;
}

bool pattern_matches(const struct pattern *pattern, bool self, struct bytes text, size_t from, const uint64_t *states)
{
	uint64_t end[PATTERN_MAX_WORDS];
	size_t last = pattern->token_count;

	/* cheap refusal: a literal end that is not there; covering from above was settled when the directory was */
	if (from > 0 && last > 0 && pattern->tokens[last - 1].kind == TOKEN_BYTE && text.len > 0 &&
	    pattern->tokens[last - 1].byte != text.data[text.len - 1])
		return false;
	switch (run(pattern, self, text, from, states, end)) {
	case RUN_COVERED:
		return true;
	case RUN_ALIVE:
		return accepts(pattern, end);
	case RUN_DEAD:
	case RUN_IN_LITERAL:
		break;
	}
	return false;
}

enum pattern_fate pattern_descend(const struct pattern *pattern, bool self, struct bytes text, size_t from,
				  const uint64_t *states, uint64_t *ret_states)
{
	switch (run(pattern, self, text, from, states, ret_states)) {
	case RUN_COVERED:
		return PATTERN_COVERS;
	case RUN_ALIVE:
		return feed(pattern, ret_states, '/') ? PATTERN_LIVE : PATTERN_DEAD;
	case RUN_IN_LITERAL:
		return pattern->literal[text.len] == '/' ? PATTERN_LIVE : PATTERN_DEAD;
	case RUN_DEAD:
		break;
	}
	return PATTERN_DEAD;
}

static void first_of_token(const struct pattern *pattern, size_t at, struct byte_set *set)
{
	const struct token *token = &pattern->tokens[at];

	switch ((enum token_kind)token->kind) {
	case TOKEN_BYTE:
		set->words[token->byte / 64] |= UINT64_C(1) << (token->byte % 64);
		break;
	case TOKEN_SET:
		for (size_t i = 0; i < 4; i++)
			set->words[i] |= pattern->sets[token->set].words[i];
		break;
	case TOKEN_ANY:
	case TOKEN_STAR:
	case TOKEN_DEEP:
		memset(set->words, 0xff, sizeof(set->words));
		break;
	case TOKEN_DIRS: /* goes on only behind the next slash */
		break;
	}
}

void pattern_first_bytes(const struct pattern *pattern, size_t from, const uint64_t *states, struct byte_set *set)
{
	uint64_t start[PATTERN_MAX_WORDS];

	if (from < pattern->literal_len) {
		unsigned char byte = pattern->literal[from];

		set->words[byte / 64] |= UINT64_C(1) << (byte % 64);
		return;
	}
	if (from == pattern->literal_len) {
		memset(start, 0, pattern->words * sizeof(*start));
		enter(pattern, start, 0);
		states = start;
	}
	for (size_t word = 0; word < pattern->words; word++)
		for (uint64_t left = states[word]; left; left &= left - 1) {
			size_t at = word * 64 + (size_t)__builtin_ctzll(left);

			if (at < pattern->token_count)
				first_of_token(pattern, at, set);
		}
}
