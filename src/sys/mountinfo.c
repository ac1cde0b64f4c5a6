/* mountinfo.c - see mountinfo.h. */
#include "sys/mountinfo.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Space, tab, newline and backslash stand as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static char *next_field(char **rest)
{
	char *field = *rest, *end;

	if (!field || !*field)
		return NULL;
	end = strchr(field, ' ');
	if (end)
		*end++ = '\0';
	*rest = end;
	return field;
}

static bool parse_dev(const char *text, unsigned *ret_major, unsigned *ret_minor)
{
	unsigned long major, minor;
	char *end;

	major = strtoul(text, &end, 10);
	if (end == text || *end != ':' || major > 0xffffffffUL)
		return false;
	text = end + 1;
	minor = strtoul(text, &end, 10);
	if (end == text || *end || minor > 0xffffffffUL)
		return false;
	*ret_major = (unsigned)major;
	*ret_minor = (unsigned)minor;
	return true;
}

static bool parse_number(const char *text, unsigned long *ret_number)
{
	char *end;

	*ret_number = strtoul(text, &end, 10);
	return end != text && !*end;
}

bool mountinfo_parse(char *line, struct mountinfo_line *ret_line)
{
	enum { ID, PARENT, DEV, ROOT, POINT, OPTIONS, OPTIONAL };
	struct mountinfo_line result = { .path = NULL };
	char *rest = line, *field;

	for (unsigned i = 0; i < OPTIONAL; i++) {
		field = next_field(&rest);
		if (!field || (i == ID && !parse_number(field, &result.id)) ||
		    (i == PARENT && !parse_number(field, &result.parent)) ||
		    (i == DEV && !parse_dev(field, &result.dev_major, &result.dev_minor)))
			return false;
		if (i == POINT)
			result.path = field;
		if (i == ROOT)
			result.root = field;
		if (i == OPTIONS)
			result.options = field;
	}
	/* any number of optional fields, then a dash */
	while ((field = next_field(&rest)))
		if (field[0] == '-' && !field[1])
			break;
	result.fstype = field ? next_field(&rest) : NULL;
	if (!result.fstype || result.path[0] != '/')
		return false;
	unescape(result.path);
	unescape(result.fstype);
	*ret_line = result;
	return true;
}

bool mountinfo_is_disk(const char *fstype)
{
	static const char *const disks[] = { "adfs",   "affs",  "apfs",  "bcachefs", "befs",     "bfs",     "btrfs",
					     "cramfs", "efs",   "erofs", "exfat",    "ext2",     "ext3",    "ext4",
					     "f2fs",   "gfs2",  "hfs",   "hfsplus",  "hpfs",     "iso9660", "jffs2",
					     "jfs",    "minix", "msdos", "nilfs2",   "ntfs",     "ntfs3",   "ocfs2",
					     "omfs",   "qnx4",  "qnx6",  "reiser4",  "reiserfs", "romfs",   "squashfs",
					     "sysv",   "ubifs", "udf",   "ufs",      "vfat",     "vxfs",    "xfs",
					     "zfs",    "zonefs" };

	for (size_t i = 0; i < ARRAY_SIZE(disks); i++)
		if (strcmp(fstype, disks[i]) == 0)
			return true;
	return false;
}
