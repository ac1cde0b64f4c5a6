/*
 * node.h - one YAML document as a tree of nodes that know their line and column.
 *
 * A small part of YAML is let in: one document, mappings with plain text keys that differ, lists, scalars. Anchors,
 * aliases, tags and merge keys are refused: a policy says what it says where it says it. Not a general YAML reader.
 */
#ifndef POLICY_NODE_H
#define POLICY_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

/* The beginning of every resolved text. */
#define NODE_RESOLVED_MAGIC "version: 1\nresolved: 1\n"

enum {
	NODE_MAX_BYTES = 1 << 20, /* of a source */
	NODE_MAX_RESOLVED_BYTES = 4 << 20, /* of one that begins as policy_resolved() writes it */
	NODE_MAX_DEPTH = 8,
	NODE_MAX_KEYS = 512 /* of one mapping */
};

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	size_t line, column; /* from 1; columns count characters */
	bool plain; /* a scalar without quotes: may be a number or a truth value */
	char *text; /* scalar: NUL-terminated, holds no NUL before that */
	size_t len;
	struct node *items; /* list: the items; mapping: key, value, key, value ... */
	size_t count, capacity;
};

/* Reads a source. ERR_POLICY "NAME:LINE:COLUMN: ..." for what is wrong with the YAML as such. */
int node_load(const struct policy_source *source, struct node *ret_node, struct err *err);
void node_done(struct node *node);

/* The value of KEY in a mapping, or NULL. */
const struct node *node_value(const struct node *map, const char *key);
bool node_is(const struct node *node, const char *text); /* a scalar with this text */
const char *node_kind_name(const struct node *node); /* "a list", "a mapping", "text" */

/* ERR_POLICY with "NAME:LINE:COLUMN: " before the message. */
int node_err(const struct policy_source *source, const struct node *node, struct err *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
