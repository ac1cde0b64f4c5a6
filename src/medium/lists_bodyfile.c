/*
 * lists_bodyfile.c - body files: https://wiki.sleuthkit.org/index.php?title=Body_file, version 3, with the letters that the
 * tools of The Sleuth Kit print.
 *
 * mactime splits a line at each '|' and then turns every %XX into a byte: neither may come from a name.
 */
#include <inttypes.h>

#include "base/quote.h"
#include "medium/lists_inner.h"

static bool has(const struct entry *entry, enum attr attr)
{
	return (entry->value & ATTR_BIT(attr)) != 0;
}

static void add_name(struct buf *out, struct bytes name)
{
	size_t start = out->len, extra = 0;

	if (quote_add(out, name.data, name.len, NULL) < 0)
		return;
	for (size_t i = start; i < out->len; i++)
		extra += out->data[i] == '|' || out->data[i] == '%' ? 3 : 0;
	if (extra == 0 || buf_reserve(out, extra) < 0)
		return;
	for (size_t from = out->len, to = out->len + extra; from-- > start;) {
		static const char bar[] = "\\x7c", percent[] = "\\x25";
		unsigned char byte = out->data[from];

		if (byte == '|' || byte == '%') {
			to -= 4;
			memcpy(out->data + to, byte == '|' ? bar : percent, 4);
		} else {
			out->data[--to] = byte;
		}
	}
	out->len += extra;
}

static char execute(unsigned mode, unsigned bit, unsigned special, char letter)
{
	if (mode & special)
		return (char)(mode & bit ? letter : letter - 'a' + 'A');
	return mode & bit ? 'x' : '-';
}

/* "r/rrwxr-xr-x": the type as the folder has it, the type as the inode has it, the mode. */
static void add_mode(struct buf *out, const struct entry *entry)
{
	static const char letters[] = { '-', 'r', 'd', 'l', 'p', 's', 'c', 'b' };
	char type = has(entry, ATTR_TYPE) ? letters[entry->type] : '-';
	unsigned mode = has(entry, ATTR_MODE) ? entry->mode : 0;
	char text[] = {
		type,
		'/',
		type,
		mode & 0400 ? 'r' : '-',
		mode & 0200 ? 'w' : '-',
		execute(mode, 0100, 04000, 's'),
		mode & 0040 ? 'r' : '-',
		mode & 0020 ? 'w' : '-',
		execute(mode, 0010, 02000, 's'),
		mode & 0004 ? 'r' : '-',
		mode & 0002 ? 'w' : '-',
		execute(mode, 0001, 01000, 't'),
		'\0',
	};

	(void)buf_add_str(out, text);
}

static int64_t seconds(const struct entry *entry, enum attr attr, struct timestamp time)
{
	return has(entry, attr) ? time.sec : 0;
}

int bodyfile_entry(const struct entry *entry, struct buf *out)
{
	(void)buf_add_str(out, "0|");
	add_name(out, entry->path);
	if (has(entry, ATTR_TARGET)) {
		(void)buf_add_str(out, " -> ");
		add_name(out, entry->target);
	}
	(void)buf_printf(out, "|%" PRIu64 "|", has(entry, ATTR_INODE) ? entry->inode : 0);
	add_mode(out, entry);
	(void)buf_printf(out, "|%" PRIu32 "|%" PRIu32 "|%" PRIu64 "|0|%" PRId64 "|%" PRId64 "|%" PRId64 "\n",
			 has(entry, ATTR_OWNER) ? entry->uid : 0, has(entry, ATTR_GROUP) ? entry->gid : 0,
			 has(entry, ATTR_SIZE) ? entry->size : 0, seconds(entry, ATTR_MTIME, entry->mtime),
			 seconds(entry, ATTR_CTIME, entry->ctime), seconds(entry, ATTR_BTIME, entry->btime));
	return buf_failed(out) ? -1 : 0;
}
