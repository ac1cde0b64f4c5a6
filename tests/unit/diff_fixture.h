/*
 * diff_fixture.h - for tests of diff and report: entries made from the states of their attributes, trees from arrays,
 * and a sink that writes down what it is told.
 */
#ifndef TESTS_DIFF_FIXTURE_H
#define TESTS_DIFF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "diff/changes.h"

enum state { UNRECORDED, VALUE, NONE, FAILED, STATES };

/* An entry to be: of each attribute its state and which of several values (1, 2, ...); of type the file_type. */
struct spec {
	char path[128];
	unsigned char state[ATTR_COUNT], variant[ATTR_COUNT];
	uint8_t head;
	uint64_t digest_bytes; /* 0: the size */
};

/* What an entry made from a spec points into. */
struct made {
	struct entry entry;
	struct xattr xattrs[5];
};

/* user::rw-,user:1000:r--,group::r--,mask::r--,other::r-- and cap_net_raw=ep, as the kernel stores them */
#define ACL_1                                                                                                          \
	"\2\0\0\0\1\0\6\0\377\377\377\377\2\0\4\0\350\3\0\0\4\0\4\0\377\377\377\377\20\0\4\0\377\377\377\377"          \
	"\40\0\4\0\377\377\377\377"
#define CAPS_1 "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static inline struct spec spec_of(const char *path, enum file_type type)
{
	static const enum attr always[] = { ATTR_MODE,  ATTR_OWNER, ATTR_GROUP, ATTR_SIZE,  ATTR_MTIME,
					    ATTR_CTIME, ATTR_BTIME, ATTR_INODE, ATTR_LINKS, ATTR_FLAGS };
	struct spec spec = { .digest_bytes = 0 };

	(void)snprintf(spec.path, sizeof(spec.path), "%s", path);
	memset(spec.state, NONE, sizeof(spec.state));
	memset(spec.variant, 1, sizeof(spec.variant));
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		spec.state[always[i]] = VALUE;
	spec.state[ATTR_TYPE] = VALUE;
	spec.variant[ATTR_TYPE] = (unsigned char)type;
	if (type == TYPE_FILE)
		spec.state[ATTR_CONTENT] = VALUE;
	if (type == TYPE_SYMLINK)
		spec.state[ATTR_TARGET] = VALUE;
	if (type == TYPE_CHAR || type == TYPE_BLOCK)
		spec.state[ATTR_RDEV] = VALUE;
	return spec;
}

static inline struct spec spec_file(const char *path)
{
	return spec_of(path, TYPE_FILE);
}

static inline void made_xattrs(struct made *made, const struct spec *spec)
{
	static const unsigned char values[][4] = { "", "one", "two", "3" };
	struct entry *entry = &made->entry;
	struct xattr *at = made->xattrs;

	if (spec->state[ATTR_CAPS] == VALUE)
		*at++ = (struct xattr){ bytes_of("security.capability"),
					{ (const unsigned char *)CAPS_1, sizeof(CAPS_1) - spec->variant[ATTR_CAPS] } };
	if (spec->state[ATTR_SELINUX] == VALUE)
		*at++ = (struct xattr){ bytes_of("security.selinux"), { values[spec->variant[ATTR_SELINUX]], 4 } };
	if (spec->state[ATTR_ACL] == VALUE)
		*at++ = (struct xattr){ bytes_of("system.posix_acl_access"),
					{ (const unsigned char *)ACL_1,
					  sizeof(ACL_1) + 7u - 8u * spec->variant[ATTR_ACL] } };
	if (spec->state[ATTR_XATTRS] == VALUE)
		*at++ = (struct xattr){ bytes_of("user.note"),
					{ values[spec->variant[ATTR_XATTRS]], spec->variant[ATTR_XATTRS] - 1u } };
	entry->xattrs = made->xattrs;
	entry->xattr_count = (size_t)(at - made->xattrs);
}

/* MADE must stay where it is: the entry points into it. */
static inline void made_from(struct made *made, const struct spec *spec)
{
	static const char *const targets[] = { "", "first", "second", "third" };
	static const uint16_t modes[] = { 0, 0640, 0644, 0600, 0755, 04755, 0666 };
	const unsigned char *variant = spec->variant;
	struct entry *entry = &made->entry;

	*entry = (struct entry){ .path = bytes_of(spec->path), .type = (enum file_type)variant[ATTR_TYPE] };
	for (unsigned i = 0; i < ATTR_COUNT; i++) {
		entry->value |= spec->state[i] == VALUE ? ATTR_BIT(i) : 0;
		entry->none |= spec->state[i] == NONE ? ATTR_BIT(i) : 0;
		entry->failed |= spec->state[i] == FAILED ? ATTR_BIT(i) : 0;
	}
	entry->mode = modes[variant[ATTR_MODE]];
	entry->uid = 1000u * (variant[ATTR_OWNER] - 1u);
	entry->gid = 1000u * (variant[ATTR_GROUP] - 1u);
	entry->user = bytes_of(entry->uid ? "alice" : "root");
	entry->group = bytes_of(entry->gid ? "users" : "root");
	entry->size = 1000u * variant[ATTR_SIZE];
	entry->blocks = 8;
	entry->inode = variant[ATTR_INODE];
	entry->links = variant[ATTR_LINKS];
	entry->dev_major = 8;
	entry->rdev_minor = variant[ATTR_RDEV];
	entry->mtime = (struct timestamp){ 1700000000, variant[ATTR_MTIME] };
	entry->ctime = (struct timestamp){ 1700000001, variant[ATTR_CTIME] };
	entry->btime = (struct timestamp){ 1700000002, variant[ATTR_BTIME] };
	memset(entry->digest, variant[ATTR_CONTENT], sizeof(entry->digest));
	entry->digest_bytes = spec->digest_bytes ? spec->digest_bytes : entry->size;
	entry->target = bytes_of(targets[variant[ATTR_TARGET] % 4]);
	entry->flags = variant[ATTR_FLAGS] - 1u;
	entry->head = spec->head;
	entry->problem = entry->failed ? bytes_of("cannot read it: Input/output error") : (struct bytes){ NULL, 0 };
	made_xattrs(made, spec);
}

/* --- a tree out of an array of specs, sorted by path --- */
struct list_tree {
	struct tree tree;
	const struct spec *specs;
	size_t count, at;
	struct made made;
};

static inline int list_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct list_tree *list = (struct list_tree *)(void *)tree;

	(void)err;
	if (list->at == list->count)
		return 0;
	made_from(&list->made, &list->specs[list->at++]);
	*ret_entry = &list->made.entry;
	return 1;
}

static inline void list_free(struct tree *tree)
{
	(void)tree;
}

static inline struct list_tree list_tree(const struct spec *specs, size_t count)
{
	return (struct list_tree){ .tree = { "list", "list", ATTR_ALL, list_next, list_free },
				   .specs = specs,
				   .count = count };
}

/* --- a sink that writes a line for each thing: "changed /x mode,size high truncated" --- */
struct recorder {
	struct buf text;
};

static inline void recorder_list(struct buf *out, uint32_t attributes)
{
	const char *between = " ";

	for (unsigned i = 0; i < ATTR_COUNT; i++) {
		if (!(attributes & ATTR_BIT(i)))
			continue;
		(void)buf_printf(out, "%s%s", between, attr_name((enum attr)i));
		between = ",";
	}
}

static inline int recorder_change(void *context, const struct change *change, struct err *err)
{
	struct buf *out = &((struct recorder *)context)->text;

	(void)buf_printf(out, "%s ", change_kind_name(change->kind));
	if (change->kind == CHANGE_MOVED)
		(void)buf_printf(out, "%.*s -> ", (int)change->before->path.len,
				 (const char *)change->before->path.data);
	(void)buf_add(out, change->path.data, change->path.len);
	recorder_list(out, change->attributes);
	if (change->mount_before || change->mount_after)
		(void)buf_printf(out, " mount %.*s", change->mount_after ? (int)change->mount_after->fstype.len : 4,
				 change->mount_after ? (const char *)change->mount_after->fstype.data : "gone");
	(void)buf_printf(out, " %s", severity_name(change->severity));
	(void)buf_printf(out, "%s%s%s\n", change->log & LOG_TRUNCATED ? " truncated" : "",
			 change->log & LOG_REPLACED ? " replaced" : "",
			 change->log & LOG_REWRITTEN ? " rewritten" : "");
	return buf_failed(out) ? err_nomem(err) : 0;
}

static inline int recorder_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	struct buf *out = &((struct recorder *)context)->text;

	if (buf_printf(out, "unexamined %c %.*s\n", unexamined->side, (int)unexamined->path.len,
		       (const char *)unexamined->path.data) < 0)
		return err_nomem(err);
	return 0;
}

static inline struct diff_sink recorder_sink(struct recorder *recorder)
{
	return (struct diff_sink){ recorder_change, recorder_unexamined, recorder };
}

static inline struct policy *policy_of(const char *yaml)
{
	const struct policy_source source = { "policy.yaml", (const unsigned char *)yaml, strlen(yaml) };
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (policy_parse(&source, 1, &policy, &err) < 0)
		fail_msg("%s", err.message);
	return policy;
}

/* Runs A against B into SINK. */
static inline struct diff_counts run_into(const struct diff_options *options, const struct spec *a, size_t a_count,
					  const struct spec *b, size_t b_count, const struct diff_sink *sink)
{
	struct list_tree left = list_tree(a, a_count), right = list_tree(b, b_count);
	CLEANUP(pairs_freep) struct pairs *pairs = NULL;
	struct diff_counts counts = { .examined = 0 };
	struct err err = ERR_INIT;

	if (pairs_join(&left.tree, &right.tree, &pairs, &err) < 0 || diff_run(pairs, options, sink, &counts, &err) < 0)
		fail_msg("%s", err.message);
	return counts;
}

/* Runs A against B; the lines are a heap string. */
static inline char *run_lines(const struct diff_options *options, const struct spec *a, size_t a_count,
			      const struct spec *b, size_t b_count, struct diff_counts *ret_counts)
{
	struct recorder recorder = { BUF_INIT };
	struct diff_sink sink = recorder_sink(&recorder);
	struct diff_counts counts = run_into(options, a, a_count, b, b_count, &sink);

	if (ret_counts)
		*ret_counts = counts;
	return buf_steal_str(&recorder.text);
}

#endif
