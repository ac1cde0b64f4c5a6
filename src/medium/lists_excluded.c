/*
 * lists_excluded.c - what is left out of a specification, as lines of it: "./etc/mtab ignore optional".
 *
 * Rules that exclude: mtree knows patterns for names, in folders that stand in the list; a rule with a wildcard before its last
 * name, or with **, can't be said in it. And mount points without an entry: what is mounted there was not entered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "medium/lists_inner.h"

struct exclusion {
	struct buf folder; /* a path */
	struct buf name; /* for mtree: a name, or a pattern with backslashes in it */
	struct buf path; /* folder and name, when it is no pattern; else empty */
	const struct mount *mount; /* NULL: of a rule */
	bool present; /* the folder stands in the list */
};

struct excluded {
	const struct policy *policy;
	const struct mount *mounts;
	size_t mount_count, mount_at; /* mount_at: the first that is not above the present path */
	bool *recorded; /* one a mount: there is an entry for it */
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
	if (*excluded) {
		free((*excluded)->list);
		free((*excluded)->recorded);
	}
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

static bool take_mount(const struct mount *mount, struct exclusion *exclusion)
{
	struct bytes folder = path_parent(mount->path), name = path_name(mount->path);

	if (name.len == 0)
		return false;
	(void)buf_add(&exclusion->folder, folder.data, folder.len);
	(void)buf_add(&exclusion->name, name.data, name.len);
	(void)buf_add(&exclusion->path, mount->path.data, mount->path.len);
	exclusion->mount = mount;
	return true;
}

/* Of a rule, or of a mount. */
static int add(struct excluded *excluded, const struct rule *rule, const struct mount *mount, struct err *err)
{
	struct exclusion *exclusion = &excluded->list[excluded->count++];
	bool taken = rule ? take_rule(rule, exclusion) : take_mount(mount, exclusion);

	if (buf_failed(&exclusion->folder) || buf_failed(&exclusion->name) || buf_failed(&exclusion->path))
		return err_nomem(err);
	if (taken)
		return 0;
	buf_clear(&exclusion->folder);
	buf_clear(&exclusion->name);
	excluded->count--;
	return 0;
}

int excluded_new(const struct policy *policy, const struct mount *mounts, size_t mount_count,
		 struct excluded **ret_excluded, struct err *err)
{
	size_t rules = policy ? policy_rule_count(policy) : 0;
	CLEANUP(excluded_freep) struct excluded *excluded = calloc(1, sizeof(*excluded));
	int r = 0;

	if (!excluded)
		return err_nomem(err);
	excluded->policy = policy;
	excluded->mounts = mounts;
	excluded->mount_count = mount_count;
	excluded->list = calloc(rules + mount_count + 1, sizeof(*excluded->list));
	excluded->recorded = calloc(mount_count + 1, sizeof(*excluded->recorded));
	if (!excluded->list || !excluded->recorded)
		return err_nomem(err);
	for (size_t i = 0; r >= 0 && i < rules; i++)
		r = add(excluded, policy_rule(policy, i), NULL, err);
	for (size_t i = 0; r >= 0 && i < mount_count; i++)
		r = add(excluded, NULL, &mounts[i], err);
	if (r < 0)
		return r;
	if (excluded->count)
		qsort(excluded->list, excluded->count, sizeof(*excluded->list), order);
	*ret_excluded = STEAL(excluded);
	return 0;
}

void excluded_entry(struct excluded *excluded, struct bytes path)
{
	int order = -1;

	for (; excluded->mount_at < excluded->mount_count; excluded->mount_at++) {
		order = path_compare(excluded->mounts[excluded->mount_at].path, path);
		if (order >= 0)
			break;
	}
	if (order == 0)
		excluded->recorded[excluded->mount_at] = true;
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

/* A later rule may take it in again; a mount may have been entered: then it has a line of its own, or is rightly missed. */
static bool is_covered(const struct excluded *excluded, const struct exclusion *exclusion)
{
	struct bytes path = bytes_in(&exclusion->path);
	struct decision file, folder;

	if (exclusion->mount)
		return excluded->recorded[exclusion->mount - excluded->mounts];
	policy_decide(excluded->policy, path, false, &file);
	policy_decide(excluded->policy, path, true, &folder);
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
		    (path.len && (is_covered(excluded, exclusion) || standing(context, path))))
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
