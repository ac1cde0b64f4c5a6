/* words.c - see words.h. */
#include "policy/words.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 64 }; /* longer ones are not compared */

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/*
 * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours (Boytsov,
 * "Indexing methods for approximate dictionary searching", JEA 16, 2011, section 2.1). Three rows are kept.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *above2 = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *spare = above2;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
		above2 = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

struct suggestion words_suggest(const char *text, const char *const *candidates, size_t count)
{
	struct suggestion suggestion = { "" };
	const char *best = NULL;
	size_t len = strlen(text), best_distance = len / 3 + 2; /* a third of the letters wrong is another word */

	if (len == 0 || len > WORD_MAX)
		return suggestion;
	for (size_t i = 0; i < count; i++) {
		size_t candidate_len = strlen(candidates[i]), far;

		if (candidate_len > WORD_MAX)
			continue;
		far = distance(text, len, candidates[i], candidate_len);
		if (far < best_distance && far < candidate_len) {
			best = candidates[i];
			best_distance = far;
		}
	}
	if (best)
		(void)snprintf(suggestion.text, sizeof(suggestion.text), " (did you mean '%s'?)", best);
	return suggestion;
}

struct word_list words_list(const char *const *words, size_t count)
{
	struct word_list list = { "" };
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(list.text); i++) {
		const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
		int len = snprintf(list.text + used, sizeof(list.text) - used, "%s%s", between, words[i]);

		used += len < 0 ? 0 : (size_t)len;
	}
	return list;
}
