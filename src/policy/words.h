/*
 * words.h - the fixed words of a policy, and the nearest one to a word that is none of them.
 */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include <stddef.h>

#include "base/buf.h"

/* " (did you mean 'WORD'?)" for the candidate nearest to TEXT, "" when none is near. */
struct suggestion {
	char text[128];
};
struct suggestion words_suggest(const char *text, const char *const *candidates, size_t count);

/* "a, b or c" */
struct word_list {
	char text[512];
};
struct word_list words_list(const char *const *words, size_t count);

#endif
