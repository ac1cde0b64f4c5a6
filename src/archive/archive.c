/* archive.c - see archive.h. */
#include "archive/archive.h"

#include "archive/hashing.h"
#include "archive/held.h"
#include "archive/naming.h"
#include "base/cleanup.h"
#include "base/quote.h"

struct run {
	struct archive *archive;
	struct stream stream;
	struct sink *sink;
	struct archive_info *info;
	struct member member;
	struct held held;
	struct buf path, target, zip_space;
	struct zipdir zipdir;
	bool zipdir_looked_for;
	bool ended; /* nothing can be read after this member */
};

static void run_done(struct run *run)
{
	stream_closep(&run->archive);
	stream_done(&run->stream);
	member_done(&run->member);
	held_done(&run->held);
	buf_done(&run->path);
	buf_done(&run->target);
	buf_done(&run->zip_space);
	zipdir_done(&run->zipdir);
}

static bool is_format(const struct run *run, int base)
{
	return (archive_format(run->archive) & ARCHIVE_FORMAT_BASE_MASK) == base;
}

static void describe(struct run *run)
{
	struct archive_info *info = run->info;
	const char *format = archive_format_name(run->archive);
	size_t len;

	if (is_format(run, ARCHIVE_FORMAT_ZIP))
		format = "zip"; /* else it names the last member's method */
	(void)snprintf(info->format, sizeof(info->format), "%s", format ? format : "empty");
	for (int i = 0; i < archive_filter_count(run->archive); i++) {
		len = strlen(info->format);
		if (archive_filter_code(run->archive, i) != ARCHIVE_FILTER_NONE)
			(void)snprintf(info->format + len, sizeof(info->format) - len, ", %s",
				       archive_filter_name(run->archive, i));
	}
}

static void end_with(struct run *run, const char *line)
{
	la_int64_t at = archive_read_header_position(run->archive); /* negative once libarchive gave up */
	char where[64] = "";

	if (at >= 0)
		(void)snprintf(where, sizeof(where), ", at byte %lld%s", (long long)at,
			       archive_filter_count(run->archive) > 1 ? " of what is unpacked" : "");
	(void)snprintf(run->info->problem, sizeof(run->info->problem), "behind member %llu%s: %s",
		       (unsigned long long)run->info->entries, where, line);
}

/* It could not be read further. */
static int end_as_said(struct run *run, struct err *err)
{
	const char *said = archive_error_string(run->archive);

	if (stream_interrupted(&run->stream))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	end_with(run, said ? QUOTE(said) : "cut, or damaged");
	return 0;
}

/* A tar that ends without the blocks of zeros behind its last member was cut, as far as anybody can tell. */
static void look_at_end(struct run *run)
{
	if (is_format(run, ARCHIVE_FORMAT_TAR) &&
	    archive_filter_bytes(run->archive, 0) == archive_read_header_position(run->archive))
		end_with(run, "it has no end mark, and may have been cut here");
}

/*
 * To libarchive 1024 zeros are a tar that ends at once, and so begins many a disk image, perhaps compressed. Taken for an empty archive
 * everything would count as removed.
 */
static int refuse_empty(const struct run *run, struct err *err)
{
	if (run->info->entries || run->info->problem[0])
		return 0;
	return err_set(err, ERR_DATA, "%s",
		       archive_filter_count(run->archive) > 1
			       ? "what is in it holds no member: if it is a disk image, unpack it and name it image:..."
			       : "it holds no member: if it is a disk image, name it image:...");
}

/* What libarchive says of a zip's name, where it could convert it, must be what we read. */
static bool is_same_name(struct bytes raw, const char *converted)
{
	size_t len = converted ? strlen(converted) : 0;

	if (!converted || memchr(raw.data, '\0', raw.len))
		return true;
	return (len == raw.len || (len == raw.len + 1 && converted[len - 1] == '/')) &&
	       memcmp(converted, raw.data, raw.len) == 0;
}

/* The name, and what else a zip has of its member INDEX (counted from 0). */
static int find_name(struct run *run, struct archive_entry *from, uint64_t index, struct zipmember *zip,
		     bool *ret_has_zip, struct bytes *ret_name, struct err *err)
{
	const char *name = archive_entry_pathname(from);
	int r;

	*ret_has_zip = false;
	*ret_name = bytes_of(name ? name : "");
	if (!is_format(run, ARCHIVE_FORMAT_ZIP))
		return 0;
	if (!run->zipdir_looked_for) {
		run->zipdir_looked_for = true;
		r = zipdir_read(run->stream.disk, &run->zipdir, err);
		if (r < 0)
			return r;
	}
	if (zipdir_member(&run->zipdir, (size_t)index, run->stream.disk, &run->zip_space, zip) &&
	    is_same_name(zip->name, name)) {
		*ret_has_zip = true;
		*ret_name = zip->name;
	}
	return 0;
}

/* NAME into PATH. 1, or 0 when it is none and that has been told. */
static int take_name(struct run *run, struct bytes name, const char *what, struct buf *path, struct err *err)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	const char *why;
	int r;

	switch (naming_path(name, path)) {
	case NAMING_PATH:
		return 1;
	case NAMING_MEMORY:
		return err_nomem(err);
	case NAMING_OUTSIDE:
		run->info->outside++;
		why = "leads out of the archive's root";
		break;
	case NAMING_IMPOSSIBLE:
	default:
		why = "is a name that no file can have";
		break;
	}
	if (buf_printf(&line, "member %llu: %s '%s' %s", (unsigned long long)run->info->entries, what,
		       QUOTE_N((const char *)name.data, name.len), why) < 0 ||
	    !buf_str(&line))
		return err_nomem(err);
	r = run->sink->problem(run->sink, bytes_of("/"), (const char *)line.data, err);
	return r < 0 ? r : 0;
}

static struct bytes bytes_in(const struct buf *buf)
{
	return (struct bytes){ buf->data, buf->len };
}

/* The content of a regular file. TEXT: where that of etc/passwd and etc/group is kept. */
static int give_content(struct run *run, struct archive_entry *from, struct buf *text, struct err *err)
{
	if (text && run->member.entry.size > HELD_TEXT_MAX)
		text = NULL;
	return hashing_member(&run->member, run->archive, from, run->sink, &run->stream, text, &run->info->bytes,
			      &run->ended, err);
}

/* The member as an entry at PATH. */
static int give_entry(struct run *run, struct archive_entry *from, const struct zipmember *zip, struct bytes path,
		      struct err *err)
{
	struct entry *entry = &run->member.entry;
	struct buf *text;
	int r = 0;

	held_pass(&run->held, path, &text);
	if (member_fill(&run->member, run->archive, from, zip) < 0)
		return err_nomem(err);
	entry->path = path;
	if (path.len == 1 && entry->type != TYPE_DIR)
		return run->sink->problem(run->sink, path, "a member in the root's place that is no directory", err);
	if ((entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_FILE)
		r = give_content(run, from, text, err);
	if (r < 0)
		return r;
	run->info->fractions = run->info->fractions || entry->mtime.nsec || entry->ctime.nsec || entry->btime.nsec;
	if (run->member.by_name) {
		r = held_add(&run->held, entry, err);
		if (r != 0)
			return r < 0 ? r : 0;
		if (member_without_names(&run->member, "an access list by names, behind too many others") < 0)
			return err_nomem(err);
	}
	run->info->gives |= entry->value | entry->none | entry->failed;
	r = entry_check(entry, err);
	return r < 0 ? r : run->sink->entry(run->sink, entry, NULL, err);
}

static int give_link(struct run *run, struct archive_entry *from, const char *hardlink, struct err *err)
{
	int r = take_name(run, bytes_of(hardlink), "a hard link to", &run->target, err);
	struct buf *text;

	if (r <= 0)
		return r;
	if (bytes_equal(bytes_in(&run->path), bytes_in(&run->target)) || run->path.len == 1 || run->target.len == 1)
		return run->sink->problem(run->sink, bytes_in(&run->path), "a hard link to itself, or of the root",
					  err);
	if (is_format(run, ARCHIVE_FORMAT_CPIO) && archive_entry_filetype(from) == AE_IFREG &&
	    archive_entry_size(from) > 0) {
		r = give_entry(run, from, NULL, bytes_in(&run->target), err);
		if (r < 0)
			return r;
	}
	held_pass(&run->held, bytes_in(&run->path), &text);
	return run->sink->link(run->sink, bytes_in(&run->path), bytes_in(&run->target), err);
}

static int give(struct run *run, struct archive_entry *from, struct err *err)
{
	const char *hardlink = archive_entry_hardlink(from);
	struct zipmember zip;
	struct bytes name;
	bool has_zip;
	int r = find_name(run, from, run->info->entries++, &zip, &has_zip, &name, err);

	if (r < 0)
		return r;
	r = take_name(run, name, "its name", &run->path, err);
	if (r <= 0)
		return r;
	if (hardlink && (is_format(run, ARCHIVE_FORMAT_CPIO) || archive_entry_filetype(from) != AE_IFREG ||
			 archive_entry_size(from) == 0))
		return give_link(run, from, hardlink, err);
	return give_entry(run, from, has_zip ? &zip : NULL, bytes_in(&run->path), err);
}

/* A member that libarchive could not take, but can pass over. */
static int pass_over(struct run *run, struct err *err)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	const char *said = archive_error_string(run->archive);

	run->info->entries++;
	if (buf_printf(&line, "member %llu: %s", (unsigned long long)run->info->entries,
		       QUOTE(said ? said : "cannot be read")) < 0 ||
	    !buf_str(&line))
		return err_nomem(err);
	return run->sink->problem(run->sink, bytes_of("/"), (const char *)line.data, err);
}

/* libarchive looks for the next header behind rubbish, and what it finds may be part of a file's content. */
static bool has_skipped(struct run *run)
{
	const char *said = archive_error_string(run->archive);

	return is_format(run, ARCHIVE_FORMAT_CPIO) && said && strstr(said, "Skipped");
}

static int read_members(struct run *run, struct err *err)
{
	struct archive_entry *from;
	int r = 0;

	while (r == 0 && !run->ended) {
		int said = archive_read_next_header(run->archive, &from);

		if (stream_interrupted(&run->stream))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (said == ARCHIVE_EOF) {
			look_at_end(run);
			return 0;
		}
		if (said == ARCHIVE_FAILED)
			r = pass_over(run, err);
		else if ((said != ARCHIVE_OK && said != ARCHIVE_WARN) || has_skipped(run))
			return end_as_said(run, err);
		else
			r = give(run, from, err);
	}
	return r < 0 ? r : end_as_said(run, err);
}

int archive_read(struct disk *disk, const atomic_bool *interrupted, struct sink *sink, struct archive_info *ret_info,
		 struct err *err)
{
	struct archive_info info = { .entries = 0 };
	CLEANUP(run_done)
	struct run run = { .stream = { .disk = disk, .interrupted = interrupted },
			   .sink = sink,
			   .info = &info,
			   .member = MEMBER_INIT,
			   .held = HELD_INIT,
			   .zipdir = ZIPDIR_INIT };
	int r = stream_open(&run.stream, &run.archive, err);

	if (r == 0)
		r = read_members(&run, err);
	if (r == 0)
		r = refuse_empty(&run, err);
	if (r == 0)
		r = held_give(&run.held, sink, &info, err);
	if (r < 0)
		return r;
	describe(&run);
	*ret_info = info;
	return 0;
}
