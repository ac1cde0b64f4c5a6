/* unseen.c - see unseen.h. */
#include "daemon/unseen.h"

#include <stdlib.h>

/* Nothing behind PATH lies below DIR. What is in "/a" begins with "/a/", and comes after "/a-b". */
static bool is_over(struct bytes dir, struct bytes path)
{
	if (path_covers(dir, path))
		return false;
	if (path.len <= dir.len || memcmp(path.data, dir.data, dir.len) != 0)
		return path_compare(path, dir) > 0;
	return path.data[dir.len] > '/';
}

int unseen_add(struct unseen *unseen, struct bytes dir, struct err *err)
{
	unsigned char *data = malloc(dir.len);
	const struct bytes copy = { data, dir.len };

	if (!data)
		return err_nomem(err);
	memcpy(data, dir.data, dir.len);
	if (buf_add(&unseen->dirs, &copy, sizeof(copy)) < 0) {
		free(data);
		return err_nomem(err);
	}
	return 0;
}

static struct bytes *dirs_of(const struct unseen *unseen, size_t *ret_count)
{
	*ret_count = unseen->dirs.len / sizeof(struct bytes);
	return (struct bytes *)(void *)unseen->dirs.data;
}

bool unseen_covers(struct unseen *unseen, struct bytes path)
{
	size_t count, kept = 0;
	struct bytes *dirs = dirs_of(unseen, &count);
	bool covers = false;

	for (size_t i = 0; i < count; i++) {
		if (is_over(dirs[i], path)) {
			free((void *)(uintptr_t)dirs[i].data);
			continue;
		}
		covers = covers || path_covers(dirs[i], path);
		dirs[kept++] = dirs[i];
	}
	unseen->dirs.len = kept * sizeof(*dirs);
	return covers;
}

void unseen_done(struct unseen *unseen)
{
	size_t count;
	struct bytes *dirs = dirs_of(unseen, &count);

	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)dirs[i].data);
	buf_done(&unseen->dirs);
}
