/*
 * lists_mtree.c - a specification that NetBSD's mtree checks a tree with, and that libarchive (bsdtar) lists.
 *
 * The two disagree in places, and mtree takes names with * ? [ for patterns, of which the first that fits decides. Therefore:
 * - paths are full ("./a/b"), so that lines may come in any order, parents first; names with such characters, and what
 *   lies below them, come last, the least general ones first: every file finds its own line before another's pattern;
 * - a folder that is out of scope and stands there for what is below it has no keywords but its type, and at the very end a
 *   pattern that lets mtree pass by all else in it;
 * - what libarchive would stumble over (sockets, lines without a type) is hidden from it: it lets a comment go on behind a
 *   backslash, mtree does not;
 * - nothing is said by name that the machine at hand would have to know: no uname, no gname, no flags.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "medium/lists_inner.h"

/* mtree puts paths together in a buffer of 4,096 bytes, and looks at no bounds. */
enum { MTREE_PATH_MAX = 4000 };

/* A line that comes last. */
struct late {
	size_t depth; /* slashes in the path */
	size_t literals; /* bytes in it that are no wildcards: what a pattern fits has at least as many */
	size_t at, len; /* where it stands */
};

struct mtree {
	struct excluded *excluded;
	struct buf path; /* of the entry before */
	/* The directories in the list whose path begins that one, not always as a path ("/etc" for "/etc-x/y"): the lengths of
	 * their paths, ascending. */
	size_t *levels;
	size_t depth, capacity;
	struct buf late_text, late; /* lines that come last; struct late */
	struct buf open; /* out of scope, but in the list: paths, each with a NUL */
};

void mtree_freep(struct mtree **mtree)
{
	struct mtree *this = *mtree;

	if (this) {
		excluded_freep(&this->excluded);
		free(this->levels);
		buf_done(&this->path);
		buf_done(&this->late_text);
		buf_done(&this->late);
		buf_done(&this->open);
	}
	free(this);
	*mtree = NULL;
}

int mtree_new(const struct policy *policy, const struct mount *mounts, size_t mount_count, struct mtree **ret_mtree,
	      struct err *err)
{
	CLEANUP(mtree_freep) struct mtree *mtree = calloc(1, sizeof(*mtree));
	int r;

	if (!mtree)
		return err_nomem(err);
	r = excluded_new(policy, mounts, mount_count, &mtree->excluded, err);
	if (r < 0)
		return r;
	*ret_mtree = STEAL(mtree);
	return 0;
}

/* --- what a line says --- */

static bool is_plain(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       (byte && strchr("._-+,:@%~/", byte));
}

void mtree_text(struct bytes text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_plain(text.data[i]))
			(void)buf_add_byte(out, text.data[i]);
		else
			(void)buf_printf(out, "\\%03o", (unsigned)text.data[i]);
	}
}

void mtree_path(struct bytes path, struct buf *out)
{
	(void)buf_add_byte(out, '.');
	if (path.len > 1)
		mtree_text(path, out);
}

static bool has(const struct entry *entry, enum attr attr)
{
	return (entry->value & ATTR_BIT(attr)) != 0;
}

static void file_keywords(const struct entry *entry, struct buf *out)
{
	char hex[DIGEST_HEX];

	if (has(entry, ATTR_SIZE))
		(void)buf_printf(out, " size=%" PRIu64, entry->size);
	if (!has(entry, ATTR_CONTENT) || (has(entry, ATTR_SIZE) && entry->size != entry->digest_bytes))
		return;
	digest_hex(entry->digest, hex);
	(void)buf_printf(out, " sha256=%s", hex);
}

void mtree_keywords(const struct entry *entry, struct buf *out)
{
	static const char *const types[] = { "", "file", "dir", "link", "fifo", "socket", "char", "block" };

	if (has(entry, ATTR_TYPE))
		(void)buf_printf(out, " type=%s", types[entry->type]);
	if (has(entry, ATTR_MODE))
		(void)buf_printf(out, " mode=%04o", (unsigned)entry->mode);
	if (has(entry, ATTR_OWNER))
		(void)buf_printf(out, " uid=%" PRIu32, entry->uid);
	if (has(entry, ATTR_GROUP))
		(void)buf_printf(out, " gid=%" PRIu32, entry->gid);
	if (has(entry, ATTR_LINKS) && entry->type != TYPE_DIR)
		(void)buf_printf(out, " nlink=%" PRIu64, entry->links);
	if (has(entry, ATTR_MTIME))
		(void)buf_printf(out, " time=%" PRId64 ".%09" PRIu32, entry->mtime.sec, entry->mtime.nsec);
	if (has(entry, ATTR_RDEV) && (entry->type == TYPE_CHAR || entry->type == TYPE_BLOCK))
		(void)buf_printf(out, " device=native,%" PRIu32 ",%" PRIu32, entry->rdev_major, entry->rdev_minor);
	if (has(entry, ATTR_TARGET) && entry->target.len) {
		(void)buf_add_str(out, " link=");
		mtree_text(entry->target, out);
	}
	if (has(entry, ATTR_TYPE) && entry->type == TYPE_FILE)
		file_keywords(entry, out);
}

/* A bracket that nothing closes in its name stands for itself. */
static bool is_closed(struct bytes path, size_t at)
{
	while (at < path.len && path.data[at] != '/' && path.data[at] != ']')
		at++;
	return at < path.len && path.data[at] == ']';
}

static int add_line(struct mtree *mtree, struct bytes path, const struct buf *line, struct buf *out)
{
	struct late late = { .at = mtree->late_text.len, .len = line->len };
	bool pattern = false;

	for (size_t i = 0; i < path.len; i++) {
		unsigned char byte = path.data[i];

		late.depth += byte == '/';
		late.literals += byte != '*' && byte != '?' && (byte != '[' || !is_closed(path, i));
		pattern |= byte == '*' || byte == '?' || byte == '[';
	}
	if (buf_failed(line))
		return -1;
	if (!pattern)
		return buf_add(out, line->data, line->len);
	return buf_add(&mtree->late_text, line->data, line->len) < 0 ? -1 : buf_add(&mtree->late, &late, sizeof(late));
}

static int late_order(const void *a, const void *b)
{
	const struct late *left = a, *right = b;

	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	if (left->literals != right->literals)
		return left->literals > right->literals ? -1 : 1;
	return left->at < right->at ? -1 : 1;
}

static void add_late(struct mtree *mtree, struct buf *out)
{
	struct late *lines = (struct late *)(void *)mtree->late.data;
	size_t count = mtree->late.len / sizeof(*lines);

	if (count)
		qsort(lines, count, sizeof(*lines), late_order);
	for (size_t i = 0; i < count; i++)
		(void)buf_add(out, mtree->late_text.data + lines[i].at, lines[i].len);
}

/* --- the directories on the way --- */

static void pop_to(struct mtree *mtree, size_t common)
{
	while (mtree->depth && mtree->levels[mtree->depth - 1] > common)
		mtree->depth--;
}

static bool stands(const struct mtree *mtree, size_t len)
{
	for (size_t i = mtree->depth; i-- > 0 && mtree->levels[i] >= len;) {
		if (mtree->levels[i] == len)
			return true;
	}
	return false;
}

static int push(struct mtree *mtree, size_t len)
{
	if (mtree->depth == mtree->capacity) {
		size_t capacity = mtree->capacity ? 2 * mtree->capacity : 16;
		size_t *grown = realloc(mtree->levels, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		mtree->levels = grown;
		mtree->capacity = capacity;
	}
	mtree->levels[mtree->depth++] = len;
	return 0;
}

/* A folder that no entry stands for. */
static int add_open(struct mtree *mtree, struct bytes path, struct buf *out)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	mtree_path(path, &line);
	(void)buf_add_str(&line, " type=dir\n");
	if (add_line(mtree, path, &line, out) < 0)
		return -1;
	(void)buf_add(&mtree->open, path.data, path.len);
	(void)buf_add_byte(&mtree->open, '\0');
	return push(mtree, path.len) < 0 || buf_failed(&mtree->open) ? -1 : 0;
}

/* Goes down to PATH, which becomes the present one: all above it is in the list then. */
static int descend(struct mtree *mtree, struct bytes path, struct buf *out)
{
	size_t common = 0;

	while (common < path.len && common < mtree->path.len && path.data[common] == mtree->path.data[common])
		common++;
	pop_to(mtree, common);
	buf_clear(&mtree->path);
	if (buf_add(&mtree->path, path.data, path.len) < 0)
		return -1;
	for (size_t at = 0; path.len > 1 && at < path.len; at++) {
		size_t len = at ? at : 1;

		if (path.data[at] == '/' && !stands(mtree, len) &&
		    add_open(mtree, (struct bytes){ path.data, len }, out) < 0)
			return -1;
	}
	return 0;
}

/* --- the list --- */

int mtree_begin(struct buf *out)
{
	return buf_add_str(out, "#mtree\n");
}

int mtree_entry(struct mtree *mtree, const struct entry *entry, struct buf *out)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	bool folder = has(entry, ATTR_TYPE) && entry->type == TYPE_DIR;

	excluded_entry(mtree->excluded, entry->path);
	if (entry->path.len > MTREE_PATH_MAX)
		return 0;
	if (descend(mtree, entry->path, out) < 0 || (folder && push(mtree, entry->path.len) < 0))
		return -1;
	if (folder)
		excluded_folder(mtree->excluded, entry->path);
	if (!has(entry, ATTR_TYPE) || entry->type == TYPE_SOCKET)
		(void)buf_add_str(&line, MTREE_ONLY);
	mtree_path(entry->path, &line);
	mtree_keywords(entry, &line);
	(void)buf_add_byte(&line, '\n');
	return add_line(mtree, entry->path, &line, out);
}

static bool is_open(void *context, struct bytes path)
{
	const struct mtree *mtree = context;

	for (size_t at = 0; at < mtree->open.len;) {
		struct bytes open = bytes_of((const char *)mtree->open.data + at);

		if (bytes_equal(open, path))
			return true;
		at += open.len + 1;
	}
	return false;
}

int mtree_end(struct mtree *mtree, struct buf *out)
{
	add_late(mtree, out);
	if (excluded_end(mtree->excluded, is_open, mtree, out) < 0)
		return -1;
	for (size_t at = 0; at < mtree->open.len;) {
		struct bytes open = bytes_of((const char *)mtree->open.data + at);

		(void)buf_add_str(out, MTREE_ONLY);
		mtree_path(open, out);
		(void)buf_add_str(out, "/* ignore optional\n");
		at += open.len + 1;
	}
	return buf_failed(out) ? -1 : 0;
}
