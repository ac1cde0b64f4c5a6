/*
 * source_iso.c - the files of a medium that is an ISO 9660 image, as iso.c writes it: one volume descriptor, Rock Ridge, one
 * root with folders in it and no more. See source.h for why it is as strict as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/quote.h"
#include "base/timefmt.h"
#include "medium/iso_extents.h"
#include "medium/iso_form.h"
#include "medium/manifest.h"
#include "medium/source.h"

enum {
	FOLDERS_MAX = 64, /* below the root */
	FOLDER_BYTES_MAX = 1 << 20, /* of one folder's records */
	TABLE_BYTES_MAX = (FOLDERS_MAX + 1) * (ISO_NAME_MAX + 9)
};

struct folder {
	char name[MEDIUM_NAME_MAX + 1];
	char what[MEDIUM_NAME_MAX + 32]; /* for messages: "the folder 'keys'" */
	uint32_t sector, size, mode;
};

struct reading {
	struct source *source;
	struct iso_volume volume;
	unsigned char date[ISO_DATE];
	struct folder
		folders[FOLDERS_MAX + 1]; /* the first is the root, the others in the order of their plain names */
	size_t folder_count;
	uint32_t area; /* sector of the extension record */
	struct iso_extents extents;
	uint32_t more; /* the last file found goes on in the next record: its mode; else 0 */
};

static int refuse(struct err *err, const char *what)
{
	return err_set(err, ERR_UNTRUSTED, "%s is not as `tally export` writes it", what);
}

/* ---- volume descriptors ---- */

static int read_sector(int fd, uint64_t number, unsigned char sector[ISO_SECTOR], struct err *err)
{
	return source_pread(fd, sector, ISO_SECTOR, number * ISO_SECTOR, err);
}

/* A second name tree can show other files to another reader than this one. */
static int refuse_descriptor(unsigned type, struct err *err)
{
	switch (type) {
	case 0:
		return err_set(err, ERR_UNTRUSTED, "it has a boot record (El Torito), which no medium has");
	case 1:
		return err_set(err, ERR_UNTRUSTED, "it has a second primary volume descriptor, which no medium has");
	case 2:
		return err_set(
			err, ERR_UNTRUSTED,
			"it has a supplementary volume descriptor (Joliet): a second tree of names, which no medium "
			"has");
	case 3:
		return err_set(err, ERR_UNTRUSTED, "it has a partition descriptor, which no medium has");
	default:
		return err_set(err, ERR_UNTRUSTED, "it has a volume descriptor of type %u, which no medium has", type);
	}
}

static int read_descriptors(struct reading *reading, uint64_t bytes, unsigned char sector[ISO_SECTOR], struct err *err)
{
	unsigned char want[ISO_SECTOR], second[ISO_SECTOR];
	struct iso_volume *volume = &reading->volume;
	int fd = reading->source->fd;
	int r;

	r = read_sector(fd, ISO_FIRST, sector, err);
	if (r >= 0)
		r = read_sector(fd, ISO_FIRST + 1, second, err);
	if (r < 0)
		return r;
	if (memcmp(sector + 1, "CD001", 5) != 0)
		return err_set(err, ERR_UNTRUSTED, "it is no ISO 9660 image: sector %d holds no volume descriptor",
			       ISO_FIRST);
	if (sector[0] != 1)
		return refuse_descriptor(sector[0], err);
	if (memcmp(second + 1, "CD001", 5) == 0 && second[0] != 0xff)
		return refuse_descriptor(second[0], err);
	iso_terminator_form(want);
	if (memcmp(second, want, ISO_SECTOR) != 0)
		return refuse(err, "the end of the volume descriptors");
	iso_volume_parse(sector, volume);
	memcpy(reading->date, volume->root.date, ISO_DATE);
	for (size_t i = 0; i < ISO_PREPARER; i++)
		if (volume->preparer[i] < ' ' || volume->preparer[i] > '~')
			return refuse(err, "the preparer in the volume descriptor");
	iso_volume_form(volume, want);
	if (memcmp(sector, want, ISO_SECTOR) != 0)
		return refuse(err, "the volume descriptor");
	if ((uint64_t)volume->sectors * ISO_SECTOR > bytes)
		return err_set(err, ERR_UNTRUSTED, "it is cut off: it has %llu bytes of %llu",
			       (unsigned long long)bytes, (unsigned long long)volume->sectors * ISO_SECTOR);
	reading->extents.sectors = volume->sectors;
	return iso_extents_add(&reading->extents, ISO_FIRST, 2 * (uint64_t)ISO_SECTOR, "the volume descriptors", err);
}

/* "20261122064340", UTC, in the order of the record. */
static int read_date(struct reading *reading, struct err *err)
{
	const unsigned char *date = reading->date;
	struct timestamp parsed;
	struct err ignored;
	char text[64];

	(void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02uZ", 1900U + date[0], date[1], date[2], date[3],
		       date[4], date[5]);
	if (date[6] != 0 || time_parse_utc(text, &parsed, &ignored) < 0)
		return refuse(err, "the date");
	reading->source->date = parsed.sec;
	return 0;
}

/* ---- folders ---- */

static int add_folder(struct reading *reading, const struct iso_record *record, struct err *err)
{
	struct folder *folder = &reading->folders[reading->folder_count];

	if (reading->folder_count > FOLDERS_MAX)
		return err_set(err, ERR_UNTRUSTED, "there are more than %d folders", FOLDERS_MAX);
	if (record->size == 0 || record->size % ISO_SECTOR || record->size > FOLDER_BYTES_MAX)
		return err_set(err, ERR_UNTRUSTED, "the folder '%s' has %u bytes", QUOTE(record->name), record->size);
	*folder = (struct folder){ .sector = record->sector, .size = record->size, .mode = record->mode };
	memcpy(folder->name, record->name, strlen(record->name));
	(void)snprintf(folder->what, sizeof(folder->what), "the folder '%s'", *folder->name ? folder->name : "/");
	reading->folder_count++;
	return iso_extents_add(&reading->extents, folder->sector, folder->size, folder->what, err);
}

/* A file of 4 GiB and more has several records, which name one piece after the other. Only the last is not full, and none is empty. */
static int take_more(struct reading *reading, const char *name, const struct iso_record *record, struct err *err)
{
	struct source *source = reading->source;
	struct source_file *file = &source->files[source->count - 1];

	if (strcmp(file->name, name) != 0 || record->mode != reading->more || record->size == 0 ||
	    file->at + file->size != (uint64_t)record->sector * ISO_SECTOR)
		return err_set(err, ERR_UNTRUSTED, "'%s' does not go on in the next record", file->name);
	file->size += record->size;
	return 0;
}

/* A name in FOLDER, which is the root where FOLDER has none. */
static int take_named(struct reading *reading, const struct folder *folder, const struct iso_record *record,
		      struct err *err)
{
	const bool top = folder == reading->folders;
	struct source *source = reading->source;
	char name[2 * MEDIUM_NAME_MAX + 2];

	if (!manifest_name_fits(record->name) || strchr(record->name, '/'))
		return err_set(err, ERR_UNTRUSTED, "'%s' is one file too many: no file of a medium is called so",
			       QUOTE(record->name));
	(void)snprintf(name, sizeof(name), "%s%s%s", folder->name, top ? "" : "/", record->name);
	if (record->more && record->size != ISO_PIECE)
		return err_set(err, ERR_UNTRUSTED, "'%s' goes on in the next record, but is not full", name);
	if (reading->more)
		return take_more(reading, name, record, err);
	if (!(record->mode & ISO_FOLDER_MODE))
		return source_add(source, name, record->size, (uint64_t)record->sector * ISO_SECTOR, err);
	return top ? add_folder(reading, record, err)
		   : err_set(err, ERR_UNTRUSTED, "'%s' is a folder in a folder", name);
}

/* As xorriso's -r sets them: nobody writes, and what one may execute or look into, all may. */
static bool is_mode_of_ours(uint32_t mode)
{
	return mode == (ISO_FOLDER_MODE | 0555) || mode == (ISO_FILE_MODE | 0555) || mode == (ISO_FILE_MODE | 0444);
}

/* One record of FOLDER: makes it again from what may differ, and compares. */
static int take_record(struct reading *reading, const struct folder *folder, enum iso_kind kind,
		       const unsigned char *bytes, size_t len, char before[ISO_NAME_MAX], struct err *err)
{
	struct iso_record record = { .date = reading->date, .name = "" };
	unsigned char want[ISO_RECORD_MAX];
	char name[ISO_RECORD_MAX] = "", plain[ISO_NAME_MAX] = "";
	char what[768];
	bool fits = iso_record_parse(bytes, len, kind, &record, name);
	const struct folder *about = kind == ISO_PARENT ? reading->folders : folder;
	int r;

	(void)snprintf(what, sizeof(what), "the record of '%s' in %s",
		       kind == ISO_NAMED    ? QUOTE(name)
		       : kind == ISO_PARENT ? ".."
					    : ".",
		       folder->what);
	if (fits && (record.mode & S_IFMT) == S_IFLNK)
		return err_set(err, ERR_UNTRUSTED, "'%s' is a symbolic link, where a medium has files only",
			       QUOTE(name));
	if (!fits || !is_mode_of_ours(record.mode) || iso_record_form(&record, want) != len ||
	    memcmp(bytes, want, len) != 0)
		return refuse(err, what);
	if (kind == ISO_NAMED) {
		iso_plain_name(name, record.mode & ISO_FOLDER_MODE, plain);
		if (!reading->more && strcmp(before, plain) >= 0)
			return err_set(err, ERR_UNTRUSTED, "%s is out of order, or there twice", what);
		memcpy(before, plain, sizeof(plain));
		r = take_named(reading, folder, &record, err);
		reading->more = record.more ? record.mode : 0;
		return r;
	}
	if (record.sector != about->sector || record.size != about->size || !(record.mode & ISO_FOLDER_MODE))
		return refuse(err, what);
	if (kind == ISO_TOP)
		reading->area = record.area;
	return 0;
}

static int read_records(struct reading *reading, const struct folder *folder, const unsigned char *bytes,
			struct err *err)
{
	char before[ISO_NAME_MAX] = "";
	size_t number = 0;
	int r;

	for (size_t at = 0; at < folder->size;) {
		size_t room = ISO_SECTOR - at % ISO_SECTOR, len = bytes[at];
		enum iso_kind kind = number > 1        ? ISO_NAMED
				     : number          ? ISO_PARENT
				     : folder->name[0] ? ISO_SELF
						       : ISO_TOP;

		if (len == 0) {
			/* no record goes on in another sector */
			for (size_t i = 0; i < room; i++)
				if (bytes[at + i])
					return refuse(err, folder->what);
			at += room;
			continue;
		}
		if (len > room)
			return refuse(err, folder->what);
		r = take_record(reading, folder, kind, bytes + at, len, before, err);
		if (r < 0)
			return r;
		at += len;
		number++;
	}
	if (reading->more)
		return err_set(err, ERR_UNTRUSTED, "the records of the last file in %s are not complete", folder->what);
	if (number < 2 || (number == 2 && folder->name[0]))
		return err_set(err, ERR_UNTRUSTED, "%s is empty", folder->what);
	return 0;
}

static int read_folders(struct reading *reading, struct err *err)
{
	struct iso_record root = reading->volume.root;
	int r;

	root.name = "";
	r = add_folder(reading, &root, err);
	/* those of the root come to the list while it is read; in them there are none */
	for (size_t i = 0; r >= 0 && i < reading->folder_count; i++) {
		CLEANUP(freep) unsigned char *bytes = malloc(reading->folders[i].size);

		if (!bytes)
			return err_nomem(err);
		r = source_pread(reading->source->fd, bytes, reading->folders[i].size,
				 (uint64_t)reading->folders[i].sector * ISO_SECTOR, err);
		if (r >= 0)
			r = read_records(reading, &reading->folders[i], bytes, err);
	}
	return r;
}

/* ---- what says the same again: extension record, path tables ---- */

static int compare(struct reading *reading, uint64_t sector, const unsigned char *want, size_t len, const char *what,
		   struct err *err)
{
	CLEANUP(freep) unsigned char *have = malloc(len);
	int r;

	if (!have)
		return err_nomem(err);
	r = iso_extents_add(&reading->extents, sector, len, what, err);
	if (r >= 0)
		r = source_pread(reading->source->fd, have, len, sector * ISO_SECTOR, err);
	if (r < 0)
		return r;
	return memcmp(have, want, len) == 0 ? 0 : refuse(err, what);
}

static int read_table(struct reading *reading, bool high, struct err *err)
{
	const struct iso_volume *volume = &reading->volume;
	unsigned char want[TABLE_BYTES_MAX];
	char plain[ISO_NAME_MAX];
	size_t len = 0;

	for (size_t i = 0; i < reading->folder_count; i++) {
		const struct folder *folder = &reading->folders[i];

		iso_plain_name(folder->name, true, plain);
		len = iso_table_form(want, len, i ? plain : NULL, folder->sector, high);
	}
	if (len != volume->table_bytes)
		return refuse(err, "the size of the path table");
	return compare(reading, high ? volume->table_high : volume->table_low, want, len, "the path table", err);
}

static int add_files(struct reading *reading, struct err *err)
{
	struct source *source = reading->source;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < source->count; i++) {
		const struct source_file *file = &source->files[i];

		r = iso_extents_add(&reading->extents, file->at / ISO_SECTOR, file->size, file->name, err);
	}
	return r;
}

int source_iso_list(struct source *source, uint64_t bytes, bool device, struct err *err)
{
	CLEANUP(freep) struct reading *reading = calloc(1, sizeof(*reading));
	unsigned char sector[ISO_SECTOR], extension[ISO_SECTOR];
	int r;

	if (!reading)
		return err_nomem(err);
	reading->source = source;
	r = read_descriptors(reading, bytes, sector, err);
	if (r >= 0)
		r = read_date(reading, err);
	if (r >= 0)
		r = read_folders(reading, err);
	if (r >= 0)
		r = source_sort(source, err);
	if (r < 0)
		return r;
	iso_extension_form(extension);
	r = compare(reading, reading->area, extension, ISO_SECTOR, "the extension record", err);
	if (r >= 0)
		r = read_table(reading, false, err);
	if (r >= 0)
		r = read_table(reading, true, err);
	if (r >= 0)
		r = add_files(reading, err);
	if (r >= 0)
		r = iso_extents_prove(&reading->extents, source->fd,
				      device ? (uint64_t)reading->volume.sectors * ISO_SECTOR : bytes, err);
	return r;
}
