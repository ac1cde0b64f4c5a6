/* zipdir.c - see zipdir.h. */
#include "archive/zipdir.h"

#include "base/cleanup.h"

enum {
	LOCAL_BYTES = 30,
	RECORD_BYTES = 46,
	END_BYTES = 22,
	LOCATOR_BYTES = 20,
	END64_BYTES = 56,
	TAIL_BYTES = 16 << 10, /* libarchive looks no further, so a longer comment hides the directory */
	WINDOW_BYTES = 256 << 10
};
enum { EXTRA_ZIP64 = 0x0001, EXTRA_TIMES = 0x5455, EXTRA_UNIX1 = 0x5855, EXTRA_UNIX2 = 0x7855, EXTRA_UNIX3 = 0x7875 };
enum { MADE_ON_UNIX = 3 };

struct row {
	uint64_t header;
	bool mode;
};

/* A moving piece of the disk. */
struct window {
	struct disk *disk;
	uint64_t size, start;
	size_t len;
	unsigned char *data;
};

static unsigned u16(const unsigned char *at)
{
	return at[0] | (unsigned)at[1] << 8;
}

static uint32_t u32(const unsigned char *at)
{
	return u16(at) | (uint32_t)u16(at + 2) << 16;
}

static uint64_t u64(const unsigned char *at)
{
	return u32(at) | (uint64_t)u32(at + 4) << 32;
}

static bool is_at(const unsigned char *at, const char *signature)
{
	return memcmp(at, signature, 4) == 0;
}

/* LEN (at most WINDOW_BYTES) bytes at OFFSET, NULL when they cannot be had. */
static const unsigned char *look(struct window *window, uint64_t offset, size_t len)
{
	if (offset > window->size || len > window->size - offset)
		return NULL;
	if (offset < window->start || offset - window->start > window->len ||
	    len > window->len - (size_t)(offset - window->start)) {
		uint64_t room = window->size - offset;

		window->len = 0;
		room = room < WINDOW_BYTES ? room : WINDOW_BYTES;
		if (disk_read(window->disk, offset, window->data, (size_t)room) < 0)
			return NULL;
		window->start = offset;
		window->len = (size_t)room;
	}
	return window->data + (offset - window->start);
}

/* Where the directory stands, and where it says that it stands (less when something was put before the archive). */
struct place {
	uint64_t at, said;
};

static bool find_end64(struct window *window, uint64_t locator, struct place *place)
{
	const unsigned char *at = look(window, locator, LOCATOR_BYTES);

	if (!at || !is_at(at, "PK\6\7"))
		return false;
	at = look(window, u64(at + 8), END64_BYTES);
	if (!at)
		return false;
	place->said = place->at = u64(at + 48);
	return true;
}

static bool find_directory(struct window *window, struct place *ret_place)
{
	uint64_t tail = window->size < TAIL_BYTES ? window->size : TAIL_BYTES, start = window->size - tail;
	const unsigned char *data;

	if (tail < END_BYTES)
		return false;
	data = look(window, start, (size_t)tail);
	for (size_t i = (size_t)tail - END_BYTES; data && i > 0; i--) {
		uint32_t size, offset;
		bool fits;

		if (!is_at(data + i, "PK\5\6"))
			continue;
		size = u32(data + i + 12);
		offset = u32(data + i + 16);
		fits = (uint64_t)size + offset <= start + i;
		if (fits)
			*ret_place = (struct place){ .said = offset, .at = start + i - size };
		return (i >= LOCATOR_BYTES && find_end64(window, start + i - LOCATOR_BYTES, ret_place)) || fits;
	}
	return false;
}

/* The field of KIND among LEN bytes of extra fields. */
static const unsigned char *find_extra(const unsigned char *at, size_t len, unsigned kind, size_t *ret_len)
{
	while (len >= 4) {
		size_t size = u16(at + 2);

		if (size > len - 4)
			break;
		if (u16(at) == kind) {
			*ret_len = size;
			return at + 4;
		}
		at += 4 + size;
		len -= 4 + size;
	}
	return NULL;
}

/* Where sizes or offset do not fit 32 bits, those that do not follow each other in the extra field. */
static uint64_t wide_header(const unsigned char *record, size_t extra_len)
{
	size_t len, skip = 0;
	const unsigned char *wide = find_extra(record + RECORD_BYTES + u16(record + 28), extra_len, EXTRA_ZIP64, &len);

	if (u32(record + 24) == UINT32_MAX)
		skip += 8;
	if (u32(record + 20) == UINT32_MAX)
		skip += 8;
	return wide && len >= skip + 8 ? u64(wide + skip) : UINT32_MAX;
}

/* Appends the row of the record at *OFFSET, which moves on. 1, 0 at the end of the directory, -1 (memory). */
static int add_row(struct window *window, uint64_t *offset, uint64_t correction, struct buf *rows)
{
	const unsigned char *record = look(window, *offset, RECORD_BYTES);
	struct row row = { .header = 0 };
	size_t name_len, extra_len;

	if (!record || !is_at(record, "PK\1\2"))
		return 0;
	name_len = u16(record + 28);
	extra_len = u16(record + 30);
	record = look(window, *offset, RECORD_BYTES + name_len + extra_len);
	if (!record)
		return 0;
	row.header = u32(record + 42) + correction;
	if (row.header == UINT32_MAX)
		row.header = wide_header(record, extra_len);
	row.mode = record[5] == MADE_ON_UNIX && u32(record + 38) >> 16 != 0;
	*offset += RECORD_BYTES + name_len + extra_len + u16(record + 32);
	return buf_add(rows, &row, sizeof(row)) < 0 ? -1 : 1;
}

static int by_header(const void *a, const void *b)
{
	uint64_t left = ((const struct row *)a)->header, right = ((const struct row *)b)->header;

	return left < right ? -1 : left > right;
}

/* Sorted; of two records of one header libarchive keeps one. */
static void settle(struct zipdir *dir)
{
	struct row *rows = (struct row *)(void *)dir->rows.data;
	size_t count = dir->rows.len / sizeof(*rows);

	if (count)
		qsort(rows, count, sizeof(*rows), by_header);
	for (size_t i = 0; i < count; i++)
		if (dir->count == 0 || rows[dir->count - 1].header != rows[i].header)
			rows[dir->count++] = rows[i];
}

int zipdir_read(struct disk *disk, struct zipdir *dir, struct err *err)
{
	CLEANUP(freep) unsigned char *data = malloc(WINDOW_BYTES);
	struct window window = { .disk = disk, .size = disk_size(disk), .data = data };
	struct place place = { .at = 0 };
	int r;

	if (!data)
		return err_nomem(err);
	if (!find_directory(&window, &place))
		return 0;
	do {
		const unsigned char *at = look(&window, place.at, 4);

		if (!at)
			return 0;
		if (is_at(at, "PK\1\2") || is_at(at, "PK\5\6") || is_at(at, "PK\6\6"))
			break;
		place.at++;
	} while (true);
	for (uint64_t offset = place.at;;) {
		r = add_row(&window, &offset, place.at - place.said, &dir->rows);
		if (r < 0)
			return err_nomem(err);
		if (r == 0)
			break;
	}
	settle(dir);
	return 0;
}

void zipdir_done(struct zipdir *dir)
{
	buf_done(&dir->rows);
	*dir = ZIPDIR_INIT;
}

/* From the extra fields of the local header. */
static void read_extras(const unsigned char *at, size_t len, struct zipmember *member)
{
	size_t size;
	const unsigned char *field = find_extra(at, len, EXTRA_TIMES, &size);

	member->mtime = field && size >= 5 && (field[0] & 1);
	field = find_extra(at, len, EXTRA_UNIX1, &size);
	member->mtime = member->mtime || (field && size >= 8);
	member->owner = field && size >= 12;
	member->owner = member->owner || (find_extra(at, len, EXTRA_UNIX2, &size) && size >= 4) ||
			find_extra(at, len, EXTRA_UNIX3, &size);
}

bool zipdir_member(const struct zipdir *dir, size_t index, struct disk *disk, struct buf *space,
		   struct zipmember *ret_member)
{
	const struct row *rows = (const struct row *)(const void *)dir->rows.data;
	unsigned char fixed[LOCAL_BYTES];
	size_t name_len, extra_len;

	if (index >= dir->count || disk_size(disk) < LOCAL_BYTES ||
	    rows[index].header > disk_size(disk) - LOCAL_BYTES ||
	    disk_read(disk, rows[index].header, fixed, sizeof(fixed)) < 0 || !is_at(fixed, "PK\3\4"))
		return false;
	name_len = u16(fixed + 26);
	extra_len = u16(fixed + 28);
	buf_clear(space);
	if (name_len + extra_len > disk_size(disk) - rows[index].header - LOCAL_BYTES ||
	    buf_reserve(space, name_len + extra_len + 1) < 0 ||
	    disk_read(disk, rows[index].header + LOCAL_BYTES, space->data, name_len + extra_len) < 0)
		return false;
	*ret_member = (struct zipmember){ .name = { space->data, name_len }, .mode = rows[index].mode };
	read_extras(space->data + name_len, extra_len, ret_member);
	return true;
}
