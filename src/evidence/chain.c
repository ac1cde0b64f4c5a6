/* chain.c - see chain.h. */
#include "evidence/chain.h"

#include <stdlib.h>

void chain_done(struct chain *chain)
{
	buf_done(&chain->text);
	free(chain->lens);
	*chain = (struct chain){ .depth = 0 };
}

/* "/" is the beginning of all: "" and a slash, like any other directory. */
static size_t len_of(struct bytes path)
{
	return path.len == 1 ? 0 : path.len;
}

static size_t common(const struct buf *text, struct bytes path)
{
	size_t len = text->len < path.len ? text->len : path.len, i = 0;

	while (i < len && text->data[i] == path.data[i])
		i++;
	return i;
}

void chain_pass(struct chain *chain, struct bytes path)
{
	size_t same = common(&chain->text, path);

	while (chain->depth > 0) {
		size_t len = chain->lens[chain->depth - 1];

		if (len <= same && (len == path.len || path.data[len] <= '/'))
			break;
		chain->depth--;
	}
}

bool chain_has(const struct chain *chain, struct bytes path)
{
	size_t low = 0, high = chain->depth, len = len_of(path);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (chain->lens[middle] < len)
			low = middle + 1;
		else
			high = middle;
	}
	return low < chain->depth && chain->lens[low] == len;
}

int chain_push(struct chain *chain, struct bytes path, struct err *err)
{
	if (chain->depth == chain->capacity) {
		size_t capacity = chain->capacity ? chain->capacity * 2 : 32;
		size_t *grown = reallocarray(chain->lens, capacity, sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		chain->lens = grown;
		chain->capacity = capacity;
	}
	buf_clear(&chain->text);
	if (buf_add(&chain->text, path.data, len_of(path)) < 0)
		return err_nomem(err);
	chain->lens[chain->depth++] = len_of(path);
	return 0;
}
