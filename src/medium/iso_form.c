/* iso_form.c - see iso_form.h. */
#include "medium/iso_form.h"

#include <stdio.h>
#include <string.h>

enum {
	/* ECMA-119 9.1: a directory record */
	RECORD_SECTOR = 2,
	RECORD_SIZE = 10,
	RECORD_DATE = 18,
	RECORD_FLAGS = 25,
	RECORD_VOLUME = 28,
	RECORD_NAME_LEN = 32,
	RECORD_NAME = 33,
	FLAG_FOLDER = 2,
	FLAG_MORE = 128,
	/* Rock Ridge and SUSP entries, in the order of the image */
	SP_LEN = 7,
	PX_LEN = 36,
	TF_LEN = 26,
	NM_HEAD = 5,
	CE_LEN = 28,
	ER_LEN = 237,
	/* ECMA-119 8.4: the primary volume descriptor */
	VOLUME_SYSTEM = 8,
	VOLUME_NAME = 40,
	VOLUME_SECTORS = 80,
	VOLUME_SET = 120,
	VOLUME_SECTOR_BYTES = 128,
	VOLUME_TABLE_BYTES = 132,
	VOLUME_TABLE_LOW = 140,
	VOLUME_TABLE_HIGH = 148,
	VOLUME_ROOT = 156,
	VOLUME_TEXTS = 190, /* names of people and files: all blank but PREPARER */
	VOLUME_PREPARER = 446,
	VOLUME_DATES = 813,
	VOLUME_DATE_LEN = 17,
	VOLUME_STRUCTURE = 881,
	VOLUME_USE = 883,
	VOLUME_END = 1395,
	IDENTIFIER_LEN = 32
};

uint32_t iso_u32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t high_u32(const unsigned char *bytes)
{
	return (uint32_t)bytes[3] | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[0] << 24;
}

static void put_low(unsigned char *bytes, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> 8 * i);
}

static void put_high(unsigned char *bytes, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> 8 * (3 - i));
}

/* ECMA-119 7.3.3: the same number in both orders. */
static void put_both(unsigned char *bytes, uint32_t value)
{
	put_low(bytes, value);
	put_high(bytes + 4, value);
}

/* ECMA-119 7.2.3 */
static void put_both_u16(unsigned char *bytes, unsigned value)
{
	bytes[0] = bytes[3] = (unsigned char)value;
	bytes[1] = bytes[2] = (unsigned char)(value >> 8);
}

static void put_text(unsigned char *bytes, const char *text)
{
	memcpy(bytes, text, strlen(text));
}

/* ---- names ---- */

static size_t add_plain(char *name, size_t len, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char c = text[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			c = '_';
		name[len++] = c;
	}
	return len;
}

/* How xorriso shares 30 bytes between a name and what is behind its last dot; a dot at the end is like any other byte. */
void iso_plain_name(const char *name, bool folder, char ret_name[ISO_NAME_MAX])
{
	enum { BOTH = 30, SHORT = 3 };
	const char *dot = strrchr(name, '.');
	size_t len, end, made, most;

	if (dot && !dot[1])
		dot = NULL;
	len = dot ? (size_t)(dot - name) : strlen(name);
	end = dot ? strlen(dot + 1) : 0;
	most = len < BOTH - SHORT ? BOTH - len : SHORT;
	if (end > most)
		end = most;
	if (len > BOTH - end)
		len = BOTH - end;
	made = add_plain(ret_name, 0, name, len);
	if (dot || !folder)
		ret_name[made++] = '.';
	made = add_plain(ret_name, made, dot ? dot + 1 : "", end);
	ret_name[made] = '\0';
}

/* ---- directory records ---- */

static size_t add_entry(unsigned char *bytes, size_t at, const char *name, unsigned len)
{
	memset(bytes + at, 0, len);
	put_text(bytes + at, name);
	bytes[at + 2] = (unsigned char)len;
	bytes[at + 3] = 1;
	return at + len;
}

static size_t add_rock_ridge(const struct iso_record *record, unsigned char *bytes, size_t at)
{
	size_t name_len = record->kind == ISO_NAMED ? strlen(record->name) : 0;
	size_t end;

	if (record->kind == ISO_TOP) {
		end = add_entry(bytes, at, "SP", SP_LEN);
		bytes[at + 4] = 0xbe;
		bytes[at + 5] = 0xef;
		at = end;
	}
	end = add_entry(bytes, at, "PX", PX_LEN);
	put_both(bytes + at + 4, record->mode);
	put_both(bytes + at + 12, 1); /* links; owner and group are 0 */
	at = end;
	end = add_entry(bytes, at, "TF", TF_LEN);
	bytes[at + 4] = 0x0e; /* modification, access, attribute change */
	for (size_t i = 0; i < 3; i++)
		memcpy(bytes + at + 5 + i * ISO_DATE, record->date, ISO_DATE);
	at = end;
	if (record->kind == ISO_NAMED) {
		end = add_entry(bytes, at, "NM", (unsigned)(NM_HEAD + name_len));
		memcpy(bytes + at + NM_HEAD, record->name, name_len);
	} else if (record->kind == ISO_TOP) {
		end = add_entry(bytes, at, "CE", CE_LEN);
		put_both(bytes + at + 4, record->area);
		put_both(bytes + at + 20, ER_LEN);
	}
	return end;
}

/* What stands in the volume descriptor, too: everything but Rock Ridge. Returns where that begins. */
static size_t add_base(const struct iso_record *record, unsigned char *bytes)
{
	const bool folder = (record->mode & ISO_FOLDER_MODE) != 0;
	char plain[ISO_NAME_MAX + 2] = "";
	size_t name_len = 1;

	memset(bytes, 0, ISO_ROOT_RECORD);
	put_both(bytes + RECORD_SECTOR, record->sector);
	put_both(bytes + RECORD_SIZE, record->size);
	memcpy(bytes + RECORD_DATE, record->date, ISO_DATE);
	bytes[RECORD_FLAGS] = folder ? FLAG_FOLDER : record->more ? FLAG_MORE : 0;
	put_both_u16(bytes + RECORD_VOLUME, 1);
	if (record->kind == ISO_NAMED) {
		iso_plain_name(record->name, folder, plain);
		name_len = strlen(plain);
		memcpy(plain + name_len, folder ? "" : ";1", folder ? 0 : 2);
		name_len += folder ? 0 : 2;
		memcpy(bytes + RECORD_NAME, plain, name_len);
	} else {
		bytes[RECORD_NAME] = record->kind == ISO_PARENT;
	}
	bytes[RECORD_NAME_LEN] = (unsigned char)name_len;
	if (name_len % 2 == 0)
		bytes[RECORD_NAME + name_len++] = 0;
	return RECORD_NAME + name_len;
}

size_t iso_record_form(const struct iso_record *record, unsigned char ret_bytes[ISO_RECORD_MAX])
{
	size_t len = add_rock_ridge(record, ret_bytes, add_base(record, ret_bytes));

	if (len % 2)
		ret_bytes[len++] = 0;
	ret_bytes[0] = (unsigned char)len;
	return len;
}

bool iso_record_parse(const unsigned char *bytes, size_t len, enum iso_kind kind, struct iso_record *record,
		      char ret_name[ISO_RECORD_MAX])
{
	size_t at = RECORD_NAME, name_len;

	if (len < ISO_ROOT_RECORD)
		return false;
	at += bytes[RECORD_NAME_LEN] + (bytes[RECORD_NAME_LEN] % 2 ? 0U : 1U) + (kind == ISO_TOP ? SP_LEN : 0);
	if (len < at + PX_LEN + TF_LEN + (kind == ISO_NAMED ? NM_HEAD : 0) + (kind == ISO_TOP ? CE_LEN : 0))
		return false;
	record->kind = kind;
	record->sector = iso_u32(bytes + RECORD_SECTOR);
	record->size = iso_u32(bytes + RECORD_SIZE);
	record->mode = iso_u32(bytes + at + 4);
	record->more = kind == ISO_NAMED && (bytes[RECORD_FLAGS] & FLAG_MORE);
	at += PX_LEN + TF_LEN;
	if (kind == ISO_TOP)
		record->area = iso_u32(bytes + at + 4);
	if (kind != ISO_NAMED)
		return true;
	name_len = bytes[at + 2];
	if (name_len <= NM_HEAD || name_len > len - at || name_len - NM_HEAD > MEDIUM_NAME_MAX)
		return false;
	memcpy(ret_name, bytes + at + NM_HEAD, name_len - NM_HEAD);
	ret_name[name_len - NM_HEAD] = '\0';
	record->name = ret_name;
	return true;
}

/* ---- what is there once ---- */

static void add_descriptor(unsigned char *sector, unsigned char type)
{
	memset(sector, 0, ISO_SECTOR);
	sector[0] = type;
	put_text(sector + 1, "CD001");
	sector[6] = 1;
}

/* ECMA-119 8.4.26.1: 16 digits and the distance from UTC. */
static void put_date(unsigned char *bytes, const unsigned char *date)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%04u%02u%02u%02u%02u%02u00", 1900U + date[0], date[1] % 100U,
		       date[2] % 100U, date[3] % 100U, date[4] % 100U, date[5] % 100U);
	memcpy(bytes, text, VOLUME_DATE_LEN - 1);
	bytes[VOLUME_DATE_LEN - 1] = date[6];
}

void iso_volume_form(const struct iso_volume *volume, unsigned char ret_sector[ISO_SECTOR])
{
	struct iso_record root = volume->root;
	unsigned char *at = ret_sector;

	add_descriptor(at, 1);
	memset(at + VOLUME_SYSTEM, ' ', 2 * IDENTIFIER_LEN);
	put_text(at + VOLUME_SYSTEM, "LINUX");
	put_text(at + VOLUME_NAME, "TALLYSTICK");
	put_both(at + VOLUME_SECTORS, volume->sectors);
	put_both_u16(at + VOLUME_SET, 1);
	put_both_u16(at + VOLUME_SET + 4, 1);
	put_both_u16(at + VOLUME_SECTOR_BYTES, ISO_SECTOR);
	put_both(at + VOLUME_TABLE_BYTES, volume->table_bytes);
	put_low(at + VOLUME_TABLE_LOW, volume->table_low);
	put_high(at + VOLUME_TABLE_HIGH, volume->table_high);
	root.kind = ISO_SELF;
	root.mode = ISO_FOLDER_MODE;
	(void)add_base(&root, at + VOLUME_ROOT);
	at[VOLUME_ROOT] = ISO_ROOT_RECORD;
	memset(at + VOLUME_TEXTS, ' ', VOLUME_DATES - VOLUME_TEXTS);
	memcpy(at + VOLUME_PREPARER, volume->preparer, ISO_PREPARER);
	put_date(at + VOLUME_DATES, volume->root.date); /* made */
	put_date(at + VOLUME_DATES + VOLUME_DATE_LEN, volume->root.date); /* changed */
	memset(at + VOLUME_DATES + 2 * VOLUME_DATE_LEN, '0', VOLUME_DATE_LEN - 1); /* expires never */
	memset(at + VOLUME_DATES + 3 * VOLUME_DATE_LEN, '0', VOLUME_DATE_LEN - 1); /* valid always */
	at[VOLUME_STRUCTURE] = 1;
	memset(at + VOLUME_USE, ' ', VOLUME_END - VOLUME_USE);
}

void iso_volume_parse(const unsigned char sector[ISO_SECTOR], struct iso_volume *ret_volume)
{
	const unsigned char *root = sector + VOLUME_ROOT;

	*ret_volume = (struct iso_volume){
		.sectors = iso_u32(sector + VOLUME_SECTORS),
		.table_bytes = iso_u32(sector + VOLUME_TABLE_BYTES),
		.table_low = iso_u32(sector + VOLUME_TABLE_LOW),
		.table_high = high_u32(sector + VOLUME_TABLE_HIGH),
		.root = { .sector = iso_u32(root + RECORD_SECTOR),
			  .size = iso_u32(root + RECORD_SIZE),
			  .date = root + RECORD_DATE },
		.preparer = sector + VOLUME_PREPARER,
	};
}

void iso_terminator_form(unsigned char ret_sector[ISO_SECTOR])
{
	add_descriptor(ret_sector, 0xff);
}

void iso_extension_form(unsigned char ret_sector[ISO_SECTOR])
{
	static const char name[] = "RRIP_1991A";
	static const char what[] =
		"THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS";
	static const char where[] =
		"PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME "
		"DESCRIPTOR FOR CONTACT INFORMATION.";
	unsigned char *at = ret_sector;

	memset(at, 0, ISO_SECTOR);
	(void)add_entry(at, 0, "ER", ER_LEN);
	at[4] = (unsigned char)strlen(name);
	at[5] = (unsigned char)strlen(what);
	at[6] = (unsigned char)strlen(where);
	at[7] = 1;
	put_text(at + 8, name);
	put_text(at + 8 + strlen(name), what);
	put_text(at + 8 + strlen(name) + strlen(what), where);
}

size_t iso_table_form(unsigned char *table, size_t len, const char *plain, uint32_t sector, bool high)
{
	size_t name_len = plain ? strlen(plain) : 1;
	unsigned char *at = table + len;

	memset(at, 0, 8 + name_len + name_len % 2);
	at[0] = (unsigned char)name_len;
	if (high)
		put_high(at + 2, sector);
	else
		put_low(at + 2, sector);
	at[high ? 7 : 6] = 1; /* all lie in the root, the first entry */
	if (plain)
		memcpy(at + 8, plain, name_len);
	return len + 8 + name_len + name_len % 2;
}
