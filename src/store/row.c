/* row.c - see row.h. */
#include "store/row.h"

#include <string.h>

#include "base/quote.h"

#define XATTR_BITS (ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX))

/* --- writing --- */

struct binder {
	sqlite3_stmt *statement;
	uint32_t value; /* the entry's mask */
	int code; /* the first failure */
};

static void keep(struct binder *binder, int code)
{
	if (binder->code == SQLITE_OK)
		binder->code = code;
}

static void bind_number(struct binder *binder, enum row_column column, uint64_t number)
{
	keep(binder, sqlite3_bind_int64(binder->statement, (int)column + 1, (sqlite3_int64)number));
}

/* When the attribute has a value; else NULL. */
static void bind_value(struct binder *binder, enum attr attr, enum row_column column, uint64_t number)
{
	if (binder->value & ATTR_BIT(attr))
		bind_number(binder, column, number);
	else
		keep(binder, sqlite3_bind_null(binder->statement, (int)column + 1));
}

static void bind_blob(struct binder *binder, bool present, enum row_column column, struct bytes blob)
{
	if (present)
		keep(binder, db_bind_blob(binder->statement, (int)column + 1, blob));
	else
		keep(binder, sqlite3_bind_null(binder->statement, (int)column + 1));
}

static void bind_name(struct binder *binder, enum attr attr, enum row_column column, struct bytes name)
{
	bind_blob(binder, (binder->value & ATTR_BIT(attr)) && name.len, column, name);
}

static void bind_time(struct binder *binder, enum attr attr, enum row_column column, struct timestamp time)
{
	bind_value(binder, attr, column, (uint64_t)time.sec);
	bind_value(binder, attr, column + 1, time.nsec);
}

/* Each: u32 length, name, u32 length, value; as in the canonical bytes. */
static int pack_xattrs(const struct entry *entry, struct buf *space)
{
	buf_clear(space);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		(void)buf_add_u32(space, (uint32_t)entry->xattrs[i].name.len);
		(void)buf_add(space, entry->xattrs[i].name.data, entry->xattrs[i].name.len);
		(void)buf_add_u32(space, (uint32_t)entry->xattrs[i].value.len);
		(void)buf_add(space, entry->xattrs[i].value.data, entry->xattrs[i].value.len);
	}
	return buf_failed(space) ? -1 : 0;
}

static void bind_attributes(struct binder *binder, const struct entry *entry)
{
	bind_value(binder, ATTR_TYPE, ROW_TYPE, entry->type);
	bind_value(binder, ATTR_MODE, ROW_MODE, entry->mode);
	bind_value(binder, ATTR_OWNER, ROW_UID, entry->uid);
	bind_name(binder, ATTR_OWNER, ROW_USER, entry->user);
	bind_value(binder, ATTR_GROUP, ROW_GID, entry->gid);
	bind_name(binder, ATTR_GROUP, ROW_GROUP, entry->group);
	bind_value(binder, ATTR_SIZE, ROW_SIZE, entry->size);
	bind_blob(binder, binder->value & ATTR_BIT(ATTR_CONTENT), ROW_DIGEST,
		  (struct bytes){ entry->digest, DIGEST_BYTES });
	bind_value(binder, ATTR_CONTENT, ROW_DIGEST_BYTES, entry->digest_bytes);
	bind_time(binder, ATTR_MTIME, ROW_MTIME, entry->mtime);
	bind_time(binder, ATTR_CTIME, ROW_CTIME, entry->ctime);
	bind_time(binder, ATTR_BTIME, ROW_BTIME, entry->btime);
	bind_value(binder, ATTR_INODE, ROW_INODE, entry->inode);
	bind_value(binder, ATTR_LINKS, ROW_LINKS, entry->links);
	bind_blob(binder, binder->value & ATTR_BIT(ATTR_TARGET), ROW_TARGET, entry->target);
	bind_value(binder, ATTR_RDEV, ROW_RDEV_MAJOR, entry->rdev_major);
	bind_value(binder, ATTR_RDEV, ROW_RDEV_MINOR, entry->rdev_minor);
	bind_value(binder, ATTR_FLAGS, ROW_FLAGS, entry->flags);
}

int row_bind(sqlite3_stmt *statement, const struct entry *entry, struct buf *space, struct err *err)
{
	struct binder binder = { statement, entry->value, SQLITE_OK };

	if (pack_xattrs(entry, space) < 0)
		return err_nomem(err);
	keep(&binder, db_bind_blob(statement, ROW_PATH + 1, entry->path));
	bind_number(&binder, ROW_SINCE, entry->since);
	bind_attributes(&binder, entry);
	bind_blob(&binder, entry->value & XATTR_BITS, ROW_XATTRS, (struct bytes){ space->data, space->len });
	bind_number(&binder, ROW_DEVICE_MAJOR, entry->dev_major);
	bind_number(&binder, ROW_DEVICE_MINOR, entry->dev_minor);
	bind_number(&binder, ROW_BLOCKS, entry->blocks);
	bind_number(&binder, ROW_HEAD, entry->head);
	bind_number(&binder, ROW_RACY, entry->racy);
	bind_number(&binder, ROW_NONE, entry->none);
	bind_number(&binder, ROW_FAILED, entry->failed);
	if (entry->problem.len)
		keep(&binder, db_bind_text(statement, ROW_PROBLEM + 1, entry->problem.data, entry->problem.len));
	else
		keep(&binder, sqlite3_bind_null(statement, ROW_PROBLEM + 1));
	if (binder.code == SQLITE_NOMEM)
		return err_nomem(err);
	if (binder.code != SQLITE_OK)
		return err_set(err, ERR_INTERNAL, "cannot record '%s': %s", QUOTE_N(entry->path.data, entry->path.len),
			       sqlite3_errstr(binder.code));
	return 0;
}

/* --- reading --- */

/*
 * The columns are fetched once each, as values: half the time of asking the statement for type and content of
 * every column. sqlite3_value_*() may be used on them because the connection is without mutexes and one thread's
 * (https://sqlite.org/c3ref/value.html).
 */
struct reader {
	sqlite3_value *values[ROW_COLUMNS];
	struct entry *entry;
	bool bad; /* a column of the wrong type, or out of range */
};

static uint64_t get_number(struct reader *reader, enum row_column column, uint64_t max)
{
	uint64_t number = 0;

	if (sqlite3_value_type(reader->values[column]) != SQLITE_INTEGER)
		reader->bad = true;
	else
		number = (uint64_t)sqlite3_value_int64(reader->values[column]);
	if (number > max)
		reader->bad = true;
	return number;
}

/* Sets the attribute's value bit when the column is not NULL. */
static bool has_value(struct reader *reader, enum attr attr, enum row_column column)
{
	if (sqlite3_value_type(reader->values[column]) == SQLITE_NULL)
		return false;
	reader->entry->value |= ATTR_BIT(attr);
	return true;
}

/* A column that must be NULL because the one that leads it is. */
static void must_be_null(struct reader *reader, enum row_column column)
{
	if (sqlite3_value_type(reader->values[column]) != SQLITE_NULL)
		reader->bad = true;
}

static uint64_t get_value(struct reader *reader, enum attr attr, enum row_column column, uint64_t max)
{
	return has_value(reader, attr, column) ? get_number(reader, column, max) : 0;
}

/* A number in two columns: both or neither. */
static uint64_t get_second(struct reader *reader, enum attr attr, enum row_column column, uint64_t max)
{
	if (reader->entry->value & ATTR_BIT(attr))
		return get_number(reader, column, max);
	must_be_null(reader, column);
	return 0;
}

static struct timestamp get_time(struct reader *reader, enum attr attr, enum row_column column)
{
	struct timestamp time;

	time.sec = (int64_t)get_value(reader, attr, column, UINT64_MAX);
	time.nsec = (uint32_t)get_second(reader, attr, column + 1, UINT32_MAX);
	return time;
}

static struct bytes get_blob(struct reader *reader, enum row_column column)
{
	sqlite3_value *value = reader->values[column];
	struct bytes blob = { NULL, 0 };

	if (sqlite3_value_type(value) == SQLITE_BLOB) {
		blob.data = sqlite3_value_blob(value);
		blob.len = blob.data ? (size_t)sqlite3_value_bytes(value) : 0;
	} else {
		reader->bad = true;
	}
	return blob;
}

/* A name beside its number: NULL when there is none. */
static struct bytes get_name(struct reader *reader, enum attr attr, enum row_column column)
{
	struct bytes name = { NULL, 0 };

	if (sqlite3_value_type(reader->values[column]) == SQLITE_NULL)
		return name;
	name = get_blob(reader, column);
	if (name.len == 0 || !(reader->entry->value & ATTR_BIT(attr)))
		reader->bad = true;
	return name;
}

static void get_digest(struct reader *reader)
{
	struct bytes digest;

	if (has_value(reader, ATTR_CONTENT, ROW_DIGEST)) {
		digest = get_blob(reader, ROW_DIGEST);
		if (digest.len == DIGEST_BYTES)
			memcpy(reader->entry->digest, digest.data, DIGEST_BYTES);
		else
			reader->bad = true;
	}
	reader->entry->digest_bytes = get_second(reader, ATTR_CONTENT, ROW_DIGEST_BYTES, UINT64_MAX);
}

static bool get_sized(struct cursor *cursor, struct bytes *ret_bytes)
{
	uint32_t len;

	if (!cursor_u32(cursor, &len) || !cursor_bytes(cursor, len, &ret_bytes->data))
		return false;
	ret_bytes->len = len;
	return true;
}

static int get_xattrs(struct reader *reader, struct buf *space, struct err *err)
{
	struct entry *entry = reader->entry;
	struct cursor cursor;
	struct bytes list;

	buf_clear(space);
	if (sqlite3_value_type(reader->values[ROW_XATTRS]) == SQLITE_NULL)
		return 0;
	list = get_blob(reader, ROW_XATTRS);
	reader->bad |= list.len == 0;
	cursor = (struct cursor){ list.data, list.len };
	while (cursor.len && !reader->bad) {
		struct xattr xattr;

		if (!get_sized(&cursor, &xattr.name) || !get_sized(&cursor, &xattr.value)) {
			reader->bad = true;
			break;
		}
		if (buf_add(space, &xattr, sizeof(xattr)) < 0)
			return err_nomem(err);
		entry->value |= ATTR_BIT(xattr_attr(xattr.name));
		entry->xattr_count++;
	}
	entry->xattrs = (const struct xattr *)(const void *)space->data;
	return 0;
}

static void get_attributes(struct reader *reader, struct entry *entry)
{
	entry->type = (enum file_type)get_value(reader, ATTR_TYPE, ROW_TYPE, TYPE_BLOCK);
	entry->mode = (uint16_t)get_value(reader, ATTR_MODE, ROW_MODE, UINT16_MAX);
	entry->uid = (uint32_t)get_value(reader, ATTR_OWNER, ROW_UID, UINT32_MAX);
	entry->user = get_name(reader, ATTR_OWNER, ROW_USER);
	entry->gid = (uint32_t)get_value(reader, ATTR_GROUP, ROW_GID, UINT32_MAX);
	entry->group = get_name(reader, ATTR_GROUP, ROW_GROUP);
	entry->size = get_value(reader, ATTR_SIZE, ROW_SIZE, UINT64_MAX);
	get_digest(reader);
	entry->mtime = get_time(reader, ATTR_MTIME, ROW_MTIME);
	entry->ctime = get_time(reader, ATTR_CTIME, ROW_CTIME);
	entry->btime = get_time(reader, ATTR_BTIME, ROW_BTIME);
	entry->inode = get_value(reader, ATTR_INODE, ROW_INODE, UINT64_MAX);
	entry->links = get_value(reader, ATTR_LINKS, ROW_LINKS, UINT64_MAX);
	if (has_value(reader, ATTR_TARGET, ROW_TARGET))
		entry->target = get_blob(reader, ROW_TARGET);
	entry->rdev_major = (uint32_t)get_value(reader, ATTR_RDEV, ROW_RDEV_MAJOR, UINT32_MAX);
	entry->rdev_minor = (uint32_t)get_second(reader, ATTR_RDEV, ROW_RDEV_MINOR, UINT32_MAX);
	entry->flags = (uint32_t)get_value(reader, ATTR_FLAGS, ROW_FLAGS, UINT32_MAX);
}

static void get_record(struct reader *reader, struct entry *entry)
{
	entry->path = get_blob(reader, ROW_PATH);
	entry->since = (uint32_t)get_number(reader, ROW_SINCE, UINT32_MAX);
	entry->dev_major = (uint32_t)get_number(reader, ROW_DEVICE_MAJOR, UINT32_MAX);
	entry->dev_minor = (uint32_t)get_number(reader, ROW_DEVICE_MINOR, UINT32_MAX);
	entry->blocks = get_number(reader, ROW_BLOCKS, UINT64_MAX);
	entry->head = (uint8_t)get_number(reader, ROW_HEAD, UINT8_MAX);
	entry->racy = get_number(reader, ROW_RACY, 1) != 0;
	entry->none = (uint32_t)get_number(reader, ROW_NONE, ATTR_ALL);
	entry->failed = (uint32_t)get_number(reader, ROW_FAILED, ATTR_ALL);
	if (sqlite3_value_type(reader->values[ROW_PROBLEM]) == SQLITE_NULL)
		return;
	if (sqlite3_value_type(reader->values[ROW_PROBLEM]) == SQLITE_TEXT)
		entry->problem.data = sqlite3_value_text(reader->values[ROW_PROBLEM]);
	if (entry->problem.data)
		entry->problem.len = (size_t)sqlite3_value_bytes(reader->values[ROW_PROBLEM]);
	reader->bad |= entry->problem.len == 0;
}

int row_read(sqlite3_stmt *statement, const char *name, struct buf *space, struct entry *ret_entry, struct err *err)
{
	struct entry entry = { .value = 0 };
	struct reader reader = { .entry = &entry };
	int r;

	for (int i = 0; i < ROW_COLUMNS; i++)
		reader.values[i] = sqlite3_column_value(statement, i);
	get_record(&reader, &entry);
	get_attributes(&reader, &entry);
	r = get_xattrs(&reader, space, err);
	if (r < 0)
		return r;
	if (sqlite3_errcode(sqlite3_db_handle(statement)) == SQLITE_NOMEM)
		return err_nomem(err);
	if (reader.bad || !path_valid(entry.path))
		return err_set(err, ERR_DATA, "baseline '%s' is damaged: a malformed row at '%s'", QUOTE(name),
			       QUOTE_N(entry.path.data, entry.path.len));
	r = entry_check(&entry, err);
	if (r < 0)
		return err_wrap(err, r, "baseline '%s' is damaged at '%s'", QUOTE(name),
				QUOTE_N(entry.path.data, entry.path.len));
	*ret_entry = entry;
	return 0;
}
