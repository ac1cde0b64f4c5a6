/* touched.c - see touched.h. */
#include "daemon/touched.h"

#include <stdlib.h>
#include <string.h>

static struct touched_name *names_of(const struct touched *touched)
{
	return (struct touched_name *)(void *)touched->names.data;
}

static size_t count_of(const struct touched *touched)
{
	return touched->names.len / sizeof(struct touched_name);
}

static void name_free(struct touched_name *name)
{
	free((void *)(uintptr_t)name->path.data);
}

/* By path; that with all below it first. */
static int by_path(const void *a, const void *b)
{
	const struct touched_name *left = a, *right = b;
	int order = path_compare(left->path, right->path);

	return order ? order : (int)right->below - (int)left->below;
}

static void compact(struct touched *touched)
{
	struct touched_name *names = names_of(touched);
	size_t count = count_of(touched), kept = 0;

	if (count == touched->sorted)
		return;
	qsort(names, count, sizeof(*names), by_path);
	for (size_t i = 0; i < count; i++) {
		struct touched_name *last = kept ? &names[kept - 1] : NULL;

		if (last && bytes_equal(last->path, names[i].path)) {
			last->is_dir |= names[i].is_dir;
			name_free(&names[i]);
		} else {
			names[kept++] = names[i];
		}
	}
	touched->names.len = kept * sizeof(*names);
	touched->sorted = kept;
}

static void all_of_it(struct touched *touched)
{
	touched_clear(touched);
	touched->everything = true;
}

int touched_add(struct touched *touched, struct bytes path, bool below, bool is_dir, struct err *err)
{
	struct touched_name name = { .path = { NULL, path.len }, .below = below, .is_dir = is_dir };
	unsigned char *copy;

	if (touched->everything)
		return 0;
	if (below && path.len == 1) {
		all_of_it(touched);
		return 0;
	}
	copy = malloc(path.len + 1);
	if (!copy)
		return err_nomem(err);
	memcpy(copy, path.data, path.len);
	copy[path.len] = '\0';
	name.path.data = copy;
	if (buf_add(&touched->names, &name, sizeof(name)) < 0) {
		free(copy);
		return err_nomem(err);
	}
	if (count_of(touched) < 1024 || count_of(touched) < 2 * touched->sorted)
		return 0;
	compact(touched);
	if (count_of(touched) > TOUCHED_MAX)
		all_of_it(touched);
	return 0;
}

const struct touched_name *touched_all(struct touched *touched, size_t *ret_count)
{
	static const struct touched_name everything = { { (const unsigned char *)"/", 1 }, true, true };

	if (touched->everything) {
		*ret_count = 1;
		return &everything;
	}
	compact(touched);
	*ret_count = count_of(touched);
	return names_of(touched);
}

void touched_clear(struct touched *touched)
{
	for (size_t i = 0; i < count_of(touched); i++)
		name_free(&names_of(touched)[i]);
	buf_done(&touched->names);
	*touched = TOUCHED_INIT;
}
