/* member.c - see member.h. */
#include "archive/member.h"

#include <linux/fs.h>

#include "base/cleanup.h"

enum { MODE_BITS = 07777, NANOSECONDS = 1000000000 };

void member_done(struct member *member)
{
	buf_done(&member->problem);
	buf_done(&member->rows);
	buf_done(&member->bytes);
	*member = MEMBER_INIT;
}

int member_fail(struct member *member, uint32_t bits, const char *line)
{
	struct entry *entry = &member->entry;

	if (member->problem.len && buf_add_str(&member->problem, "; ") < 0)
		return -1;
	if (buf_add_str(&member->problem, line) < 0)
		return -1;
	entry->value &= ~bits;
	entry->none &= ~bits;
	entry->failed |= bits;
	entry->problem = (struct bytes){ member->problem.data, member->problem.len };
	return 0;
}

static enum file_type type_of(__LA_MODE_T type)
{
	static const struct {
		__LA_MODE_T from;
		enum file_type type;
	} rows[] = {
		{ AE_IFREG, TYPE_FILE },  { AE_IFDIR, TYPE_DIR },     { AE_IFLNK, TYPE_SYMLINK },
		{ AE_IFIFO, TYPE_FIFO },  { AE_IFSOCK, TYPE_SOCKET }, { AE_IFCHR, TYPE_CHAR },
		{ AE_IFBLK, TYPE_BLOCK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].from == type)
			return rows[i].type;
	return (enum file_type)0;
}

static int set_owner(struct member *member, struct archive_entry *from)
{
	struct entry *entry = &member->entry;
	la_int64_t uid = archive_entry_uid(from), gid = archive_entry_gid(from);
	const char *user = archive_entry_uname(from), *group = archive_entry_gname(from);

	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	entry->user = bytes_of(user ? user : "");
	entry->group = bytes_of(group ? group : "");
	entry->value |= ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP);
	if (uid != entry->uid && member_fail(member, ATTR_BIT(ATTR_OWNER), "the owner's number is out of range") < 0)
		return -1;
	if (gid != entry->gid && member_fail(member, ATTR_BIT(ATTR_GROUP), "the group's number is out of range") < 0)
		return -1;
	return 0;
}

static void set_mode(struct entry *entry, struct archive_entry *from)
{
	int mask = member_acl_mask(from);

	entry->mode = (uint16_t)(archive_entry_perm(from) & MODE_BITS);
	/* libarchive puts the owning group's own entry there, stat(2) has the mask */
	if (mask >= 0)
		entry->mode = (uint16_t)((entry->mode & ~070) | mask << 3);
	entry->value |= ATTR_BIT(ATTR_MODE);
}

/* libarchive reads "-1.5" as half a second after -1, GNU tar means half a second before; bsdtar writes what libarchive reads. */
static int set_time(struct member *member, enum attr attr, time_t sec, long nsec, struct timestamp *to)
{
	if (sec < 0 && nsec != 0)
		return member_fail(member, ATTR_BIT(attr),
				   "a time before 1970 with a fraction, which archives write in two ways");
	if (nsec < 0 || nsec >= NANOSECONDS)
		return member_fail(member, ATTR_BIT(attr), "a time stamp is out of range");
	*to = (struct timestamp){ sec, (uint32_t)nsec };
	member->entry.value |= ATTR_BIT(attr);
	return 0;
}

static int set_times(struct member *member, struct archive_entry *from, const struct zipmember *zip, bool is_zip)
{
	struct entry *entry = &member->entry;

	/* the other time that a zip can have is local time of an unknown zone */
	if (archive_entry_mtime_is_set(from) && (!is_zip || (zip && zip->mtime)) &&
	    set_time(member, ATTR_MTIME, archive_entry_mtime(from), archive_entry_mtime_nsec(from), &entry->mtime) < 0)
		return -1;
	if (!is_zip && archive_entry_ctime_is_set(from) &&
	    set_time(member, ATTR_CTIME, archive_entry_ctime(from), archive_entry_ctime_nsec(from), &entry->ctime) < 0)
		return -1;
	if (archive_entry_birthtime_is_set(from))
		return set_time(member, ATTR_BTIME, archive_entry_birthtime(from), archive_entry_birthtime_nsec(from),
				&entry->btime);
	return 0;
}

/* The formats in which a device has a number. */
static bool has_rdev(struct archive *archive)
{
	int format = archive_format(archive);

	return format != ARCHIVE_FORMAT_TAR && (format & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_ZIP;
}

static int set_by_type(struct member *member, struct archive *archive, struct archive_entry *from)
{
	struct entry *entry = &member->entry;
	const char *target = archive_entry_symlink(from);

	if (entry->type != TYPE_CHAR && entry->type != TYPE_BLOCK) {
		entry->none |= ATTR_BIT(ATTR_RDEV);
	} else if (has_rdev(archive)) {
		entry->rdev_major = (uint32_t)archive_entry_rdevmajor(from);
		entry->rdev_minor = (uint32_t)archive_entry_rdevminor(from);
		entry->value |= ATTR_BIT(ATTR_RDEV);
	}
	if (entry->type != TYPE_FILE)
		entry->none |= ATTR_BIT(ATTR_CONTENT);
	if (entry->type == TYPE_FILE && archive_entry_size_is_set(from) && archive_entry_size(from) >= 0) {
		entry->size = (uint64_t)archive_entry_size(from);
		entry->value |= ATTR_BIT(ATTR_SIZE);
	}
	if (entry->type != TYPE_SYMLINK) {
		entry->none |= ATTR_BIT(ATTR_TARGET);
		return 0;
	}
	if (!target || !*target)
		return member_fail(member, ATTR_BIT(ATTR_TARGET), "a symbolic link without a target");
	entry->target = bytes_of(target);
	entry->value |= ATTR_BIT(ATTR_TARGET);
	return 0;
}

/* SCHILY.fflags: libarchive gives the bits of FS_IOC_GETFLAGS. */
static void set_flags(struct entry *entry, struct archive_entry *from)
{
	unsigned long set = 0, cleared = 0;

	if (!archive_entry_fflags_text(from))
		return;
	archive_entry_fflags(from, &set, &cleared);
	entry->flags = (set & FS_IMMUTABLE_FL ? FLAG_IMMUTABLE : 0u) | (set & FS_APPEND_FL ? FLAG_APPEND : 0u) |
		       (set & FS_NODUMP_FL ? FLAG_NODUMP : 0u) | (set & FS_COMPR_FL ? FLAG_COMPRESSED : 0u);
	entry->value |= ATTR_BIT(ATTR_FLAGS);
}

int member_fill(struct member *member, struct archive *archive, struct archive_entry *from, const struct zipmember *zip)
{
	struct entry *entry = &member->entry;
	bool is_zip = (archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;

	*entry = (struct entry){ .type = type_of(archive_entry_filetype(from)) };
	buf_clear(&member->problem);
	if (entry->type == 0)
		return member_fail(member, ATTR_ALL, "of a type that is not known");
	entry->value = ATTR_BIT(ATTR_TYPE);
	if (!is_zip || (zip && zip->mode))
		set_mode(entry, from);
	if ((!is_zip || (zip && zip->owner)) && set_owner(member, from) < 0)
		return -1;
	if (set_times(member, from, zip, is_zip) < 0 || set_by_type(member, archive, from) < 0)
		return -1;
	set_flags(entry, from);
	return member_xattrs(member, archive, from);
}
