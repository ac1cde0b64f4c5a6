/* node.c - see node.h. */
#include "policy/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/quote.h"

/* One source being read. */
struct loader {
	const struct policy_source *source;
	yaml_parser_t *parser;
	struct err *err;
};

void node_done(struct node *node)
{
	for (size_t i = 0; i < node->count; i++)
		node_done(&node->items[i]);
	free(node->items);
	free(node->text);
	*node = (struct node){ .kind = NODE_SCALAR };
}

const struct node *node_value(const struct node *map, const char *key)
{
	for (size_t i = 0; map->kind == NODE_MAP && i + 1 < map->count; i += 2)
		if (node_is(&map->items[i], key))
			return &map->items[i + 1];
	return NULL;
}

bool node_is(const struct node *node, const char *text)
{
	return node->kind == NODE_SCALAR && strcmp(node->text, text) == 0;
}

const char *node_kind_name(const struct node *node)
{
	switch (node->kind) {
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a mapping";
	case NODE_SCALAR:
		break;
	}
	if (node->len == 0)
		return node->plain ? "nothing" : "empty text";
	return "text";
}

static int err_at(const struct policy_source *source, size_t line, size_t column, struct err *err, const char *message)
{
	return err_set(err, ERR_POLICY, "%s:%zu:%zu: %s", QUOTE(source->name), line, column, message);
}

int node_err(const struct policy_source *source, const struct node *node, struct err *err, const char *format, ...)
{
	char message[sizeof(err->message)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return err_at(source, node->line, node->column, err, message);
}

/* An error at a byte, for what is found before there are lines. */
static int err_at_offset(const struct policy_source *source, size_t offset, struct err *err, const char *message)
{
	size_t line = 1, start = 0, column = 1;

	for (size_t i = 0; i < offset && i < source->len; i++)
		if (source->text[i] == '\n') {
			line++;
			start = i + 1;
		}
	for (size_t i = start; i < offset && i < source->len; i++)
		column += (source->text[i] & 0xc0) != 0x80; /* continuation bytes of UTF-8 take no column */
	return err_at(source, line, column, err, message);
}

/* What libyaml could not read. */
static int yaml_err(struct loader *loader)
{
	const yaml_parser_t *parser = loader->parser;
	const char *problem = parser->problem ? parser->problem : "malformed YAML";
	char message[256];

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return err_nomem(loader->err);
	case YAML_READER_ERROR:
		(void)snprintf(message, sizeof(message), "not valid UTF-8 text: %s", problem);
		return err_at_offset(loader->source, parser->problem_offset, loader->err, message);
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
	case YAML_NO_ERROR:
	case YAML_COMPOSER_ERROR:
	case YAML_WRITER_ERROR:
	case YAML_EMITTER_ERROR:
		break;
	}
	if (parser->context)
		(void)snprintf(message, sizeof(message), "not valid YAML: %s, %s (line %zu)", problem, parser->context,
			       parser->context_mark.line + 1);
	else
		(void)snprintf(message, sizeof(message), "not valid YAML: %s", problem);
	return err_at(loader->source, parser->problem_mark.line + 1, parser->problem_mark.column + 1, loader->err,
		      message);
}

static int next_event(struct loader *loader, yaml_event_t *event)
{
	return yaml_parser_parse(loader->parser, event) ? 0 : yaml_err(loader);
}

static int event_err(struct loader *loader, const yaml_event_t *event, const char *message)
{
	return err_at(loader->source, event->start_mark.line + 1, event->start_mark.column + 1, loader->err, message);
}

static struct node *add_item(struct node *node)
{
	if (node->count == node->capacity) {
		size_t capacity = node->capacity ? node->capacity * 2 : 4;
		struct node *grown = reallocarray(node->items, capacity, sizeof(*grown));

		if (!grown)
			return NULL;
		node->items = grown;
		node->capacity = capacity;
	}
	node->items[node->count] = (struct node){ .kind = NODE_SCALAR };
	return &node->items[node->count++];
}

static int check_event(struct loader *loader, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return event_err(loader, event, "alias ('*'), expected the value itself (quote it if it is text)");
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return event_err(loader, event, "anchor ('&'), expected the value itself (quote it if it is text)");
	if (tag)
		return event_err(loader, event, "tag ('!'), expected the value itself (quote it if it is text)");
	return 0;
}

static int build(struct loader *loader, const yaml_event_t *event, size_t depth, struct node *node);

static int build_scalar(struct loader *loader, const yaml_event_t *event, struct node *node)
{
	node->len = event->data.scalar.length;
	if (memchr(event->data.scalar.value, '\0', node->len))
		return event_err(loader, event, "NUL in text, expected text without it");
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = malloc(node->len + 1);
	if (!node->text)
		return err_nomem(loader->err);
	memcpy(node->text, event->data.scalar.value, node->len);
	node->text[node->len] = '\0';
	return 0;
}

/* The key that was just read: text, and not there before. */
static int check_key(struct loader *loader, const struct node *map)
{
	const struct node *key = &map->items[map->count - 1];

	if (key->kind != NODE_SCALAR)
		return node_err(loader->source, key, loader->err, "%s as a key, expected text", node_kind_name(key));
	if (map->count > (size_t)NODE_MAX_KEYS * 2)
		return node_err(loader->source, key, loader->err, "more than %d keys in one mapping", NODE_MAX_KEYS);
	for (size_t i = 0; i + 1 < map->count; i += 2)
		if (strcmp(map->items[i].text, key->text) == 0)
			return node_err(loader->source, key, loader->err, "duplicate key '%s', first on line %zu",
					QUOTE(key->text), map->items[i].line);
	return 0;
}

static int build_items(struct loader *loader, size_t depth, struct node *node)
{
	for (;;) {
		CLEANUP(yaml_event_delete) yaml_event_t event = { .type = YAML_NO_EVENT };
		struct node *item;
		int r;

		r = next_event(loader, &event);
		if (r < 0)
			return r;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			return 0;
		item = add_item(node);
		if (!item)
			return err_nomem(loader->err);
		r = build(loader, &event, depth + 1, item);
		if (r == 0 && node->kind == NODE_MAP && node->count % 2 == 1)
			r = check_key(loader, node);
		if (r < 0)
			return r;
	}
}

static int build(struct loader *loader, const yaml_event_t *event, size_t depth, struct node *node)
{
	int r;

	node->line = event->start_mark.line + 1;
	node->column = event->start_mark.column + 1;
	r = check_event(loader, event);
	if (r < 0)
		return r;
	if (depth > NODE_MAX_DEPTH)
		return node_err(loader->source, node, loader->err, "nested more than %d deep", NODE_MAX_DEPTH);
	if (event->type == YAML_SCALAR_EVENT)
		return build_scalar(loader, event, node);
	node->kind = event->type == YAML_MAPPING_START_EVENT ? NODE_MAP : NODE_LIST;
	return build_items(loader, depth, node);
}

/* Stream start, document start, the document, stream end: in that order and no more. */
static int load_document(struct loader *loader, struct node *node)
{
	for (bool found = false;;) {
		CLEANUP(yaml_event_delete) yaml_event_t event = { .type = YAML_NO_EVENT };
		int r;

		r = next_event(loader, &event);
		if (r < 0)
			return r;
		if (event.type == YAML_STREAM_END_EVENT)
			return found ? 0 : err_at(loader->source, 1, 1, loader->err, "empty, expected 'version: 1'");
		if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		if (event.type == YAML_DOCUMENT_START_EVENT) {
			if (found)
				return event_err(loader, &event, "a second document, expected one");
			continue;
		}
		found = true;
		r = build(loader, &event, 1, node);
		if (r < 0)
			return r;
	}
}

static size_t max_bytes(const struct policy_source *source)
{
	static const char magic[] = NODE_RESOLVED_MAGIC;
	bool resolved = source->len >= sizeof(magic) - 1 && memcmp(source->text, magic, sizeof(magic) - 1) == 0;

	return resolved ? NODE_MAX_RESOLVED_BYTES : NODE_MAX_BYTES;
}

int node_load(const struct policy_source *source, struct node *ret_node, struct err *err)
{
	CLEANUP(yaml_parser_delete) yaml_parser_t parser = { .error = YAML_NO_ERROR };
	CLEANUP(node_done) struct node node = { .kind = NODE_SCALAR };
	struct loader loader = { .source = source, .parser = &parser, .err = err };
	const unsigned char *nul;
	int r;

	if (source->len > max_bytes(source))
		return err_set(err, ERR_POLICY, "%s: %zu bytes, expected at most %zu", QUOTE(source->name), source->len,
			       max_bytes(source));
	if (source->len == 0)
		return err_at(source, 1, 1, err, "empty, expected 'version: 1'");
	nul = memchr(source->text, '\0', source->len);
	if (nul)
		return err_at_offset(source, (size_t)(nul - source->text), err, "NUL byte, expected YAML in UTF-8");
	if (!yaml_parser_initialize(&parser))
		return err_nomem(err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, source->text, source->len);
	r = load_document(&loader, &node);
	if (r < 0)
		return r;
	*ret_node = node;
	node = (struct node){ .kind = NODE_SCALAR };
	return 0;
}
