/* paths.c - paths from the command line; see survey.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/survey.h"

/* Lexically: makes absolute, drops "." and empty components. ".." is left to realpath(3), which follows links. */
static int absolute(const char *typed, struct buf *ret_path, struct err *err)
{
	if (typed[0] != '/') {
		CLEANUP(freep) char *cwd = getcwd(NULL, 0);

		if (!cwd)
			return err_errno(err, errno, "cannot tell the current folder");
		(void)buf_add_str(ret_path, cwd);
		(void)buf_add_byte(ret_path, '/');
	}
	(void)buf_add_str(ret_path, typed);
	return buf_str(ret_path) ? 0 : err_nomem(err);
}

static void strip_slashes(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
}

static bool dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Resolves as much of PATH's parents as exists; what does not exist is kept as typed, without "." components. */
static int resolve_parents(char *path, struct buf *ret_path, struct err *err)
{
	char *slash = strrchr(path, '/');
	CLEANUP(freep) char *real = NULL;

	if (!slash)
		return err_set(err, ERR_INTERNAL, "path is not absolute");
	if (slash == path) {
		(void)buf_add_str(ret_path, path[1] ? "" : "/");
	} else {
		*slash = '\0';
		real = realpath(path, NULL);
		if (!real && errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ENAMETOOLONG &&
		    errno != ELOOP)
			return err_errno(err, errno, "cannot resolve '%s'", QUOTE(path));
		if (!real) {
			int r;

			strip_slashes(path);
			r = resolve_parents(path, ret_path, err);
			if (r < 0)
				return r;
		} else if (strcmp(real, "/") != 0) {
			(void)buf_add_str(ret_path, real);
		}
	}
	if (slash[1] && dots(slash + 1))
		return err_set(err, ERR_USAGE, "'..' behind something that does not exist");
	if (slash[1]) {
		(void)buf_add_byte(ret_path, '/');
		(void)buf_add_str(ret_path, slash + 1);
	}
	return buf_failed(ret_path) ? err_nomem(err) : 0;
}

int path_resolve(const char *typed, char **ret_path, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	CLEANUP(buf_done) struct buf resolved = BUF_INIT;
	CLEANUP(freep) char *real = NULL;
	const char *name;
	int r;

	if (!typed[0])
		return err_set(err, ERR_USAGE, "an empty path names nothing");
	if (strlen(typed) > PATH_MAX_BYTES)
		return err_set(err, ERR_USAGE, "a path is longer than %d bytes", (int)PATH_MAX_BYTES);
	r = absolute(typed, &path, err);
	if (r < 0)
		return r;
	strip_slashes((char *)path.data);
	name = strrchr((char *)path.data, '/') + 1;
	if (dots(name)) {
		real = realpath((char *)path.data, NULL);
		if (!real)
			return err_errno(err, errno, "cannot resolve '%s'", QUOTE(typed));
		*ret_path = STEAL(real);
		return 0;
	}
	r = resolve_parents((char *)path.data, &resolved, err);
	if (r < 0)
		return r;
	if (!buf_str(&resolved))
		return err_nomem(err);
	if (!path_valid((struct bytes){ resolved.data, resolved.len }))
		return err_set(err, ERR_USAGE, "'%s' is no path that can be recorded", QUOTE(typed));
	*ret_path = buf_steal_str(&resolved);
	return 0;
}

void path_list_done(struct path_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((void *)(uintptr_t)list->paths[i].data);
	free(list->paths);
	*list = PATH_LIST_INIT;
}

bool path_list_covers(const struct path_list *list, struct bytes path)
{
	for (size_t i = 0; i < list->count; i++) {
		if (path_covers(list->paths[i], path))
			return true;
	}
	return false;
}

static void list_remove(struct path_list *list, size_t at)
{
	free((void *)(uintptr_t)list->paths[at].data);
	memmove(&list->paths[at], &list->paths[at + 1], (list->count - at - 1) * sizeof(list->paths[0]));
	list->count--;
}

int path_list_add(struct path_list *list, struct bytes path, struct err *err)
{
	struct bytes *grown;
	unsigned char *copy;
	size_t at = 0;

	if (path_list_covers(list, path))
		return 0;
	grown = realloc(list->paths, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	list->paths = grown;
	copy = malloc(path.len + 1);
	if (!copy)
		return err_nomem(err);
	memcpy(copy, path.data, path.len);
	copy[path.len] = '\0';
	for (size_t i = list->count; i > 0; i--) {
		if (path_covers(path, list->paths[i - 1]))
			list_remove(list, i - 1);
	}
	while (at < list->count && path_compare(list->paths[at], path) < 0)
		at++;
	memmove(&list->paths[at + 1], &list->paths[at], (list->count - at) * sizeof(list->paths[0]));
	list->paths[at] = (struct bytes){ copy, path.len };
	list->count++;
	return 0;
}

/* The path as typed, absolute, without empty and "." components; nothing for one with "..". */
static int add_as_typed(struct path_list *list, const char *typed, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	CLEANUP(buf_done) struct buf clean = BUF_INIT;
	char *next = NULL;
	int r;

	r = absolute(typed, &path, err);
	if (r < 0)
		return r;
	for (char *name = strtok_r((char *)path.data, "/", &next); name; name = strtok_r(NULL, "/", &next)) {
		if (strcmp(name, "..") == 0)
			return 0;
		if (strcmp(name, ".") == 0)
			continue;
		(void)buf_add_byte(&clean, '/');
		(void)buf_add_str(&clean, name);
	}
	if (buf_failed(&clean))
		return err_nomem(err);
	return clean.len ? path_list_add(list, (struct bytes){ clean.data, clean.len }, err) : 0;
}

int path_list_make(const char *const *typed, size_t count, bool as_typed, struct path_list *ret_list, struct err *err)
{
	CLEANUP(path_list_done) struct path_list list = PATH_LIST_INIT;

	for (size_t i = 0; i < count; i++) {
		CLEANUP(freep) char *path = NULL;
		int r = path_resolve(typed[i], &path, err);

		if (r >= 0)
			r = path_list_add(&list, bytes_of(path), err);
		if (r >= 0 && as_typed)
			r = add_as_typed(&list, typed[i], err);
		if (r < 0)
			return r;
	}
	*ret_list = list;
	list = PATH_LIST_INIT;
	return 0;
}
