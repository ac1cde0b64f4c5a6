/* mates.c - see mates.h. */
#include "daemon/mates.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static void mates_free(struct mail *mail)
{
	struct mates *mates = (struct mates *)mail;

	for (size_t i = 0; i < mates->count; i++)
		free(mates->list[i].path);
	free(mates->list);
	free(mates);
}

struct mates *mates_new(uint64_t number)
{
	struct mates *mates = calloc(1, sizeof(*mates));

	if (mates)
		*mates = (struct mates){ .mail = { .kind = MAIL_MATES, .free = mates_free }, .number = number };
	return mates;
}

static int add(void *context, struct bytes path, uint64_t inode, struct err *err)
{
	struct mates *mates = context;
	struct mate *grown = realloc(mates->list, (mates->count + 1) * sizeof(*grown));
	char *copy = grown ? malloc(path.len + 1) : NULL;

	if (grown)
		mates->list = grown;
	if (!copy)
		return err_nomem(err);
	memcpy(copy, path.data, path.len);
	copy[path.len] = '\0';
	mates->list[mates->count++] = (struct mate){ copy, inode };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static int find_held(struct mates *mates, struct drift *drift, const uint64_t *inodes, size_t count, struct err *err)
{
	CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
	struct drift_row row;
	int r = drift_walk_new(drift, bytes_of("/"), (struct bytes){ NULL, 0 }, &walk, err);

	while (r >= 0 && (r = drift_walk_next(walk, &row, err)) > 0) {
		const struct entry *entry = row.present;

		if (entry && (entry->value & ATTR_BIT(ATTR_INODE)) && entry->type != TYPE_DIR &&
		    bsearch(&entry->inode, inodes, count, sizeof(*inodes), by_number))
			r = add(mates, row.path, entry->inode, err);
	}
	return r;
}

void mates_find(struct mates *mates, struct stand *stand, struct drift *drift, const uint64_t *inodes, size_t count)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	struct err err = ERR_INIT;
	int r = stand_connect(stand, &baseline, &err);

	if (r >= 0)
		r = baseline_inodes(baseline, inodes, count, add, mates, &err);
	if (r >= 0)
		r = find_held(mates, drift, inodes, count, &err);
	if (r < 0)
		mates->err = err;
}
