/*
 * iso_form.h - the bytes of an ISO 9660 image of ours, beside the contents of its files: each part is made again from the few
 * things that may differ, so that a reader compares and need not judge. Private to this room.
 *
 * Sources: ECMA-119 (ISO 9660:1988), IEEE P1281 (SUSP) and P1282 (RRIP 1.10), and what xorriso 1.5.4 writes by iso.c's
 * arguments. Pure functions, thread-safe.
 */
#ifndef MEDIUM_ISO_FORM_H
#define MEDIUM_ISO_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "medium/layout.h"

enum {
	ISO_SECTOR = 2048,
	ISO_FIRST = 16, /* the sector of the first volume descriptor; what is before it is the system's, and zero */
	ISO_DATE = 7, /* years since 1900, month, day, hour, minute, second, quarters of an hour from UTC */
	ISO_PREPARER = 128, /* the name and version of the program that wrote it */
	ISO_ROOT_RECORD = 34,
	ISO_RECORD_MAX = 255,
	ISO_NAME_MAX = 33, /* "NAME.EXT;1": 30 bytes, dot and version, NUL */
	ISO_FOLDER_MODE = 040000,
	ISO_FILE_MODE = 0100000
};
/* What one record holds of a file that has more of them. */
#define ISO_PIECE UINT32_C(0xfffff800)

uint32_t iso_u32(const unsigned char *bytes); /* little endian */

/* The name that readers without Rock Ridge see: upper case, one dot, at most 30 bytes; what does not fit is cut. */
void iso_plain_name(const char *name, bool folder, char ret_name[ISO_NAME_MAX]);

enum iso_kind { ISO_TOP, ISO_SELF, ISO_PARENT, ISO_NAMED }; /* "." of the root, "." elsewhere, "..", a name */
struct iso_record {
	enum iso_kind kind;
	const char *name; /* of ISO_NAMED, by Rock Ridge */
	uint32_t sector, size; /* of what it is about */
	bool more; /* of a file: it goes on in the next record, of the same name, in the sector behind */
	uint32_t mode; /* with ISO_FOLDER_MODE or ISO_FILE_MODE */
	uint32_t area; /* of ISO_TOP: the sector of the extension record */
	const unsigned char *date; /* ISO_DATE bytes */
};
/* Writes the directory record, returns its length. */
size_t iso_record_form(const struct iso_record *record, unsigned char ret_bytes[ISO_RECORD_MAX]);
/*
 * Reads what may differ out of the LEN bytes of a record that begins with its length (NAME points into ret_name, DATE is as it was). False when
 * they can't be of that shape. Proves nothing: compare with iso_record_form().
 */
bool iso_record_parse(const unsigned char *bytes, size_t len, enum iso_kind kind, struct iso_record *record,
		      char ret_name[ISO_RECORD_MAX]);

struct iso_volume {
	uint32_t sectors; /* of the whole image */
	uint32_t table_bytes, table_low, table_high; /* path table: its size, sectors of its two forms */
	struct iso_record root; /* its sector, size, date count */
	const unsigned char *preparer; /* ISO_PREPARER bytes */
};
/* Writes the primary volume descriptor. */
void iso_volume_form(const struct iso_volume *volume, unsigned char ret_sector[ISO_SECTOR]);
/* As iso_record_parse(); root.date and preparer borrow from SECTOR. */
void iso_volume_parse(const unsigned char sector[ISO_SECTOR], struct iso_volume *ret_volume);
/* Writes the descriptor that ends the list of them. */
void iso_terminator_form(unsigned char ret_sector[ISO_SECTOR]);
/* Writes the sector to which "." of the root points: that Rock Ridge is meant. */
void iso_extension_form(unsigned char ret_sector[ISO_SECTOR]);

/* Writes a path table entry behind LEN bytes, of PLAIN (NULL: the root); HIGH: big endian. Returns the new length. At most ISO_NAME_MAX + 9 more. */
size_t iso_table_form(unsigned char *table, size_t len, const char *plain, uint32_t sector, bool high);

#endif
