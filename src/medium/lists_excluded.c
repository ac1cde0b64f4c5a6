/*
 * lists_excluded.c - rules that exclude, as lines of a specification: "./etc/mtab ignore optional".
 *
 * mtree knows patterns for names, in folders that stand in the list. A rule with a wildcard before its last name, or with **, can't
 * be said in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "medium/lists_inner.h"

struct exclusion {
	struct buf folder; /* a path */
	struct buf name; /* for mtree: a name, or a pattern with backslashes in it */
	struct buf path; /* folder and name, when it is no pattern; else empty */
	bool present; /* the folder stands in the list */
};

struct excluded {
	const struct policy *policy;
	struct exclusion *list; /* by folder */
	size_t count, at; /* at: the first whose folder is not behind the present path */
};

static struct bytes bytes_in(const struct buf *buf)
{
	return (struct bytes){ buf->data, buf->len };
}

void excluded_freep(struct excluded **excluded)
{
	for (size_t i = 0; *excluded && i < (*excluded)->count; i++) {
		buf_done(&(*excluded)->list[i].folder);
		buf_done(&(*excluded)->list[i].name);
		buf_done(&(*excluded)->list[i].path);
	}
	if (*excluded)
		free((*excluded)->list);
	free(*excluded);
	*excluded = NULL;
}

static unsigned hex_value(char digit)
{
	return (unsigned)(digit >= 'a' ? digit - 'a' + 10 : digit >= 'A' ? digit - 'A' + 10 : digit - '0');
}

/* One part of a rule's path, well formed as the policy's parser left it: its bytes without escapes, and whether it is a pattern. */
static bool take_part(struct bytes part, struct buf *literal)
{
	bool pattern = false;

	for (size_t i = 0; i < part.len; i++) {
		char byte = (char)part.data[i];

		if (byte == '\\' && i + 1 < part.len) {
			byte = (char)part.data[++i];
			if (byte == 'x' && i + 2 < part.len) {
				byte = (char)(hex_value((char)part.data[i + 1]) * 16 +
					      hex_value((char)part.data[i + 2]));
				i += 2;
			}
		} else if (byte && strchr("*?[", byte)) {
			pattern = true;
		}
		(void)buf_add_byte(literal, (unsigned char)byte);
	}
	return pattern;
}

/* The last part as fnmatch(3) reads it: the same wildcards, and a backslash before what is not one. */
static void take_pattern(struct bytes part, struct buf *name)
{
	for (size_t i = 0; i < part.len; i++) {
		if (part.data[i] != '\\' || i + 1 >= part.len) {
			(void)buf_add_byte(name, part.data[i]);
			continue;
		}
		(void)buf_add_byte(name, '\\');
		i++;
		if (part.data[i] == 'x' && i + 2 < part.len) {
			(void)buf_add_byte(name, (unsigned char)(hex_value((char)part.data[i + 1]) * 16 +
								 hex_value((char)part.data[i + 2])));
			i += 2;
		} else {
			(void)buf_add_byte(name, part.data[i]);
		}
	}
}

static bool is_deep(struct bytes part)
{
	for (size_t i = 0; i + 1 < part.len; i++) {
		if (part.data[i] == '*' && part.data[i + 1] == '*')
			return true;
	}
	return false;
}

/* False when it can't be said. */
static bool take_rule(const struct rule *rule, struct exclusion *exclusion)
{
	struct bytes rest = bytes_of(rule->path);
	struct bytes part;

	if (!rule->exclude || rule->only != ONLY_ALL || rest.len < 2)
		return false;
	for (;;) {
		const unsigned char *slash;

		rest.data++, rest.len--; /* a slash */
		slash = memchr(rest.data, '/', rest.len);
		part = (struct bytes){ rest.data, slash ? (size_t)(slash - rest.data) : rest.len };
		if (!slash)
			break;
		(void)buf_add_byte(&exclusion->folder, '/');
		if (take_part(part, &exclusion->folder))
			return false;
		rest.data += part.len, rest.len -= part.len;
	}
	if (is_deep(part))
		return false;
	if (exclusion->folder.len == 0)
		(void)buf_add_byte(&exclusion->folder, '/');
	if (take_part(part, &exclusion->name)) {
		buf_clear(&exclusion->name);
		take_pattern(part, &exclusion->name);
		return true;
	}
	if (exclusion->folder.len > 1)
		(void)buf_add(&exclusion->path, exclusion->folder.data, exclusion->folder.len);
	(void)buf_add_byte(&exclusion->path, '/');
	(void)buf_add(&exclusion->path, exclusion->name.data, exclusion->name.len);
	return true;
}

static int order(const void *a, const void *b)
{
	const struct exclusion *left = a, *right = b;
	int r = path_compare(bytes_in(&left->folder), bytes_in(&right->folder));

	return r ? r : path_compare(bytes_in(&left->name), bytes_in(&right->name));
}

int excluded_new(const struct policy *policy, struct excluded **ret_excluded, struct err *err)
{
	size_t rules = policy ? policy_rule_count(policy) : 0;
	CLEANUP(excluded_freep) struct excluded *excluded = calloc(1, sizeof(*excluded));

	if (!excluded)
		return err_nomem(err);
	excluded->policy = policy;
	excluded->list = calloc(rules + 1, sizeof(*excluded->list));
	if (!excluded->list)
		return err_nomem(err);
	for (size_t i = 0; i < rules; i++) {
		struct exclusion *exclusion = &excluded->list[excluded->count++];

		if (!take_rule(policy_rule(policy, i), exclusion)) {
			buf_clear(&exclusion->folder);
			buf_clear(&exclusion->name);
			excluded->count--;
		}
		if (buf_failed(&exclusion->folder) || buf_failed(&exclusion->name) || buf_failed(&exclusion->path))
			return err_nomem(err);
	}
	if (excluded->count)
		qsort(excluded->list, excluded->count, sizeof(*excluded->list), order);
	*ret_excluded = STEAL(excluded);
	return 0;
}

void excluded_folder(struct excluded *excluded, struct bytes path)
{
	int order = -1;

	for (; excluded->at < excluded->count && order <= 0; excluded->at++) {
		struct exclusion *exclusion = &excluded->list[excluded->at];

		order = path_compare(bytes_in(&exclusion->folder), path);
		if (order > 0)
			break;
		exclusion->present = order == 0;
	}
}

/* A later rule may take it in again: then it has a line of its own. */
static bool is_covered(const struct policy *policy, struct bytes path)
{
	struct decision file, folder;

	policy_decide(policy, path, false, &file);
	policy_decide(policy, path, true, &folder);
	return file.in_scope || folder.in_scope;
}

int excluded_end(const struct excluded *excluded, bool (*standing)(void *context, struct bytes path), void *context,
		 struct buf *out)
{
	const struct exclusion *before = NULL;

	for (size_t i = 0; i < excluded->count; i++) {
		const struct exclusion *exclusion = &excluded->list[i];
		struct bytes path = bytes_in(&exclusion->path);

		if (!exclusion->present || (before && order(before, exclusion) == 0) ||
		    (path.len && (is_covered(excluded->policy, path) || standing(context, path))))
			continue;
		before = exclusion;
		(void)buf_add_str(out, MTREE_ONLY);
		mtree_path(bytes_in(&exclusion->folder), out);
		(void)buf_add_byte(out, '/');
		mtree_text(bytes_in(&exclusion->name), out);
		(void)buf_add_str(out, " ignore optional\n");
	}
	return buf_failed(out) ? -1 : 0;
}
