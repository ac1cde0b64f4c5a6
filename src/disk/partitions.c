/* partitions.c - libblkid's view of a disk, and what it does not say: what overlaps, what is cut off, what it left out. See partitions.h. */
#include "disk/partitions.h"

#include <blkid/blkid.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "disk/disk_inner.h"
#include "disk/extcopy.h"
#include "disk/gpt.h"
#include "disk/picture.h"
#include "disk/probe.h"

/* Where partitions are looked for. */
struct looking {
	struct disk *disk;
	uint64_t offset, size;
	uint64_t
		claim; /* what the picture for the table is made as large as: SIZE, or more where the image was cut off */
	uint32_t sector;
	struct partitions *partitions;
};

/* Appends one complaint to those there are; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) static void complain(char *problem, size_t size, const char *format, ...)
{
	size_t len = strlen(problem);
	va_list args;

	if (len > 0 && len + 2 < size) {
		memcpy(problem + len, "; ", 3);
		len += 2;
	}
	va_start(args, format);
	(void)vsnprintf(problem + len, size - len, format, args);
	va_end(args);
}

static void take(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from == NULL ? "" : from);
}

static void add_partition(const struct looking *looking, blkid_partition from)
{
	struct partitions *partitions = looking->partitions;
	uint64_t start = (uint64_t)blkid_partition_get_start(from), sectors = (uint64_t)blkid_partition_get_size(from);
	struct partition *partition = &partitions->partitions[partitions->count];

	if (partitions->count == PARTITIONS_MAX) {
		partitions->beyond++;
		return;
	}
	partitions->count++;
	partition->number = (uint32_t)blkid_partition_get_partno(from);
	if (__builtin_mul_overflow(start, UINT64_C(512), &start) ||
	    __builtin_add_overflow(start, looking->offset, &partition->offset) ||
	    __builtin_mul_overflow(sectors, UINT64_C(512), &partition->size)) {
		partition->offset = UINT64_MAX;
		partition->size = 0;
	}
	take(partition->part_uuid, sizeof(partition->part_uuid), blkid_partition_get_uuid(from));
	take(partition->part_label, sizeof(partition->part_label), blkid_partition_get_name(from));
	if (blkid_partition_is_extended(from))
		take(partition->type, sizeof(partition->type), "dos");
}

/* What libblkid does not say of the table whose header stands at HEADER. */
static void check_gpt(const struct looking *looking, uint64_t header)
{
	struct partitions *partitions = looking->partitions;
	struct gpt_findings findings;

	gpt_check(looking->disk, looking->offset, looking->size, looking->sector, header, &findings);
	if (findings.problem != NULL && looking->claim == looking->size)
		complain(partitions->problem, sizeof(partitions->problem), "%s", findings.problem);
	if (findings.entries <= partitions->count + partitions->beyond)
		return;
	complain(partitions->problem, sizeof(partitions->problem),
		 "%" PRIu64 " entries of the table cannot be partitions of this disk",
		 findings.entries - partitions->count - partitions->beyond);
	partitions->beyond = (size_t)findings.entries - partitions->count;
}

/* Is there a table? FORCE: a GPT without the MBR that should stand before it. */
static int read_table(const struct looking *looking, bool force, struct err *err)
{
	CLEANUP(probe_done) blkid_probe probe = NULL;
	struct partitions *partitions = looking->partitions;
	struct picture picture;
	blkid_parttable table;
	blkid_partlist list;
	int r;

	r = picture_make(looking->disk, looking->offset, looking->claim, looking->sector, &picture, err);
	if (r == 0)
		r = probe_new(&picture, looking->sector, &probe, err);
	if (r < 0)
		return r;
	blkid_probe_enable_partitions(probe, 1);
	if (force)
		blkid_probe_set_partitions_flags(probe, BLKID_PARTS_FORCE_GPT);
	list = blkid_probe_get_partitions(probe);
	table = list == NULL ? NULL : blkid_partlist_get_table(list);
	if (table == NULL || (force && strcmp(blkid_parttable_get_type(table), "gpt") != 0))
		return 0;
	take(partitions->table, sizeof(partitions->table), blkid_parttable_get_type(table));
	for (int i = 0; i < blkid_partlist_numof_partitions(list); i++)
		add_partition(looking, blkid_partlist_get_partition(list, i));
	if (strcmp(partitions->table, "gpt") == 0)
		check_gpt(looking, (uint64_t)blkid_parttable_get_offset(table));
	return 0;
}

/* Within the disk, as far as it is. */
static uint64_t clipped(const struct disk *disk, const struct partition *partition)
{
	if (partition->offset >= disk_size(disk))
		return 0;
	return partition->size < disk_size(disk) - partition->offset ? partition->size
								     : disk_size(disk) - partition->offset;
}

/* Nothing is known of what lies there: was it an ext2, ext3 or ext4? The commands write nothing. */
static void look_for_copy(struct disk *disk, struct partition *partition, uint64_t size)
{
	char image[48] = "IMAGE";
	struct extcopy copy;

	if (!extcopy_find(disk, partition->offset, size, &copy))
		return;
	if (partition->offset)
		(void)snprintf(image, sizeof(image), "'IMAGE?offset=%" PRIu64 "'", partition->offset);
	complain(partition->problem, sizeof(partition->problem),
		 "but a copy of an ext2, ext3 or ext4 superblock is there, whose first one may be damaged: `e2fsck -fn "
		 "-b %" PRIu64 " -B %" PRIu32 " %s` and `dumpe2fs -h -o superblock=%" PRIu64 " -o blocksize=%" PRIu32
		 " %s` read by it, and write nothing",
		 copy.block, copy.block_bytes, image, copy.block, copy.block_bytes, image);
}

static int look_into(struct disk *disk, struct partition *partition, struct err *err)
{
	uint64_t size = clipped(disk, partition);
	struct picture picture;
	struct probe_findings findings = { .type = "" };
	int r;

	if (size < partition->size)
		complain(partition->problem, sizeof(partition->problem),
			 size == 0 ? "lies beyond the disk's end" : "ends %" PRIu64 " bytes beyond the disk's end",
			 partition->size - size);
	if (size == 0 || partition->type[0] != '\0')
		return 0;
	r = picture_make(disk, partition->offset, size, 0, &picture, err);
	if (r == 0)
		r = probe_superblocks(&picture, &findings, err);
	if (r < 0)
		return r;
	take(partition->type, sizeof(partition->type), findings.type);
	take(partition->uuid, sizeof(partition->uuid), findings.uuid);
	take(partition->label, sizeof(partition->label), findings.label);
	if (findings.problem[0] != '\0')
		complain(partition->problem, sizeof(partition->problem), "%s", findings.problem);
	if (findings.nothing)
		look_for_copy(disk, partition, size);
	if (picture.unreadable > 0)
		complain(partition->problem, sizeof(partition->problem),
			 "some of its first or last bytes cannot be read");
	return 0;
}

/* All but extended ones, which hold others, are to lie apart from each other; no two to have the same identity. */
static void compare_all(struct partitions *partitions)
{
	for (size_t i = 0; i < partitions->count; i++) {
		struct partition *a = &partitions->partitions[i];

		for (size_t j = 0; j < i && strcmp(a->type, "dos") != 0; j++) {
			const struct partition *b = &partitions->partitions[j];
			uint64_t gap = a->offset < b->offset ? b->offset - a->offset : a->offset - b->offset;

			if (strcmp(b->type, "dos") == 0)
				continue;
			if (gap < (a->offset < b->offset ? a->size : b->size))
				complain(partitions->problem, sizeof(partitions->problem),
					 "%" PRIu32 " and %" PRIu32 " overlap", b->number, a->number);
			if (a->uuid[0] != '\0' && strcmp(a->uuid, b->uuid) == 0)
				complain(a->problem, sizeof(a->problem), "has the UUID of %" PRIu32 " too", b->number);
		}
	}
}

/* What lies there when there is no table, or beside it. */
static int look_at_whole(const struct looking *looking, struct partition *ret_whole, struct err *err)
{
	memset(ret_whole, 0, sizeof(*ret_whole));
	ret_whole->offset = looking->offset;
	ret_whole->size = looking->size;
	return look_into(looking->disk, ret_whole, err);
}

/* No table and no file system: the rest of a GPT? */
static int look_harder(struct looking *looking, struct err *err)
{
	struct partitions *partitions = looking->partitions;
	uint64_t claim = gpt_claim(looking->disk, looking->offset, looking->sector);
	int r;

	if (claim > looking->size) { /* libblkid takes no table that names more sectors than there are */
		looking->claim = claim;
		memset(partitions, 0, sizeof(*partitions));
		r = read_table(looking, true, err);
		if (r == 0 && partitions->table[0] != '\0')
			complain(partitions->problem, sizeof(partitions->problem),
				 "the disk ends %" PRIu64 " bytes before its GPT says", claim - looking->size);
		if (r < 0 || partitions->table[0] != '\0')
			return r;
		looking->claim = looking->size;
	}
	if (!gpt_at_end(looking->disk, looking->offset, looking->size, &looking->sector))
		return 0;
	memset(partitions, 0, sizeof(*partitions));
	r = read_table(looking, true, err);
	if (r == 0 && partitions->table[0] != '\0')
		complain(partitions->problem, sizeof(partitions->problem), "no protective MBR");
	return r;
}

static int settle(struct looking *looking, struct err *err)
{
	struct partitions *partitions = looking->partitions;
	struct partition whole;
	int r;

	r = read_table(looking, false, err);
	if (r == 0)
		r = look_at_whole(looking, &whole, err);
	if (r < 0)
		return r;
	if (partitions->count == 0 && whole.type[0] == '\0')
		r = look_harder(looking, err);
	if (r < 0)
		return r;
	if (partitions->count == 0 && (partitions->table[0] == '\0' || whole.type[0] != '\0')) {
		partitions->table[0] = '\0'; /* a boot sector with an empty table is no table */
		partitions->partitions[partitions->count++] = whole;
	} else if (whole.type[0] != '\0') {
		complain(partitions->problem, sizeof(partitions->problem), "the disk as a whole is %s too", whole.type);
	}
	return 0;
}

int partitions_read(struct disk *disk, uint64_t offset, struct partitions *ret_partitions, struct err *err)
{
	struct looking looking = { .disk = disk, .offset = offset, .partitions = ret_partitions };
	int r;

	memset(ret_partitions, 0, sizeof(*ret_partitions));
	if (offset >= disk_size(disk))
		return 0;
	looking.claim = looking.size = disk_size(disk) - offset;
	looking.sector = gpt_sector(disk, offset);
	r = settle(&looking, err);
	for (size_t i = 0; r == 0 && i < ret_partitions->count; i++) {
		if (ret_partitions->partitions[i].number != 0)
			r = look_into(disk, &ret_partitions->partitions[i], err);
	}
	picture_done(disk);
	if (r == 0)
		compare_all(ret_partitions);
	return r;
}
