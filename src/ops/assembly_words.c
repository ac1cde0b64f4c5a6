/* assembly_words.c - see assembly_words.h. */
#include "ops/assembly_words.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/subject.h"
#include "sys/loopmount.h"

static bool is_ext(const char *type)
{
	return strcmp(type, "ext2") == 0 || strcmp(type, "ext3") == 0 || strcmp(type, "ext4") == 0;
}

/* What has to be opened first, and how, without writing. NULL: nothing of the kind. */
static const char *opener(const char *type)
{
	if (subject_begins(type, "crypto_LUKS") || strcmp(type, "BitLocker") == 0)
		return "is encrypted: `losetup --read-only --partscan --find --show IMAGE`, `cryptsetup open "
		       "--readonly "
		       "DEVICE NAME`, then compare image:/dev/mapper/NAME";
	if (subject_begins(type, "LVM2_member"))
		return "belongs to LVM: `losetup --read-only --partscan --find --show IMAGE`, `vgchange --activate y "
		       "VG`, "
		       "then compare image:/dev/VG/VOLUME";
	if (strcmp(type, "linux_raid_member") == 0)
		return "belongs to a RAID: `losetup --read-only --partscan --find --show IMAGE`, `mdadm --assemble "
		       "--readonly "
		       "/dev/md9 DEVICE...`, then compare image:/dev/md9";
	return NULL;
}

static void add_label(struct buf *out, const struct partition *partition)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double size = (double)partition->size;
	size_t unit = 0;

	while (size >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		size /= 1024;
		unit++;
	}
	(void)buf_printf(out, "%s, %.*f %s", partition->type[0] ? QUOTE(partition->type) : "nothing known",
			 unit ? 1 : 0, size, units[unit]);
	if (partition->label[0])
		(void)buf_printf(out, ", label %s", QUOTE(partition->label));
}

static void add_name(struct buf *out, const struct partition *partition)
{
	if (partition->number)
		(void)buf_printf(out, "partition %" PRIu32 " (", partition->number);
	else
		(void)buf_add_str(out, "it (");
	add_label(out, partition);
	(void)buf_add_byte(out, ')');
}

int assembly_readable(const struct partition *partition, const struct assembly_request *request, bool *ret_by_kernel,
		      struct err *err)
{
	CLEANUP(buf_done) struct buf name = BUF_INIT;
	const char *open_first = opener(partition->type);

	*ret_by_kernel = false;
	if (is_ext(partition->type))
		return 0;
	add_name(&name, partition);
	if (!buf_str(&name))
		return err_nomem(err);
	if (open_first)
		return err_set(err, ERR_USAGE, "image '%s': %s %s", QUOTE(request->name), (char *)name.data,
			       open_first);
	if (loopmount_knows(partition->type)) {
		*ret_by_kernel = true;
		if (request->mount)
			return 0;
		return err_set(err, ERR_USAGE,
			       "image '%s': %s is read by mounting it only: `tally compare --mount` has this system's "
			       "kernel parse it, read-only, as root",
			       QUOTE(request->name), (char *)name.data);
	}
	if (partition->problem[0])
		return err_set(err, ERR_DATA, "image '%s': %s: %s", QUOTE(request->name), (char *)name.data,
			       QUOTE(partition->problem));
	return err_set(err, ERR_DATA, "image '%s': %s: no file system or partition table that is known begins there",
		       QUOTE(request->name), (char *)name.data);
}

bool assembly_may_be_root(const struct partition *partition, const struct assembly_request *request)
{
	if (is_ext(partition->type))
		return true;
	return request->mount && loopmount_knows(partition->type) && strcmp(partition->type, "vfat") != 0;
}

bool assembly_is_container(const struct partition *partition)
{
	return strcmp(partition->type, "dos") == 0 && partition->uuid[0] == '\0';
}

const char *assembly_left(const struct partition *partition, const struct assembly_request *request,
			  struct texts *texts)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	const char *open_first = opener(partition->type);

	add_name(&line, partition);
	(void)buf_add_str(&line, " of ");
	(void)buf_add_str(&line, QUOTE(request->name));
	if (open_first)
		(void)buf_printf(&line, " was not assembled: it %s", open_first);
	else if (!is_ext(partition->type) && loopmount_knows(partition->type) && !request->mount)
		(void)buf_add_str(&line, " was not assembled: it is read by mounting it only (--mount)");
	else if (is_ext(partition->type) || loopmount_knows(partition->type))
		(void)buf_printf(&line, " was not assembled: %s",
				 request->table->count ? "the mount table has no place for it"
						       : "nothing tells where it belongs");
	else
		(void)buf_add_str(&line, " was not assembled: it holds no file system that is known");
	if (partition->problem[0])
		(void)buf_printf(&line, " (%s)", QUOTE(partition->problem));
	return buf_str(&line) ? texts_add(texts, (char *)line.data) : NULL;
}

int assembly_refuse(const struct partitions *partitions, const struct assembly_request *request, int code,
		    const char *what, struct err *err)
{
	CLEANUP(buf_done) struct buf list = BUF_INIT;
	bool whole = partitions->count == 1 && partitions->partitions[0].number == 0;

	for (size_t i = 0; !whole && i < partitions->count && i < 16; i++) {
		(void)buf_printf(&list, "%s%" PRIu32 " (", i ? ", " : "it has: ", partitions->partitions[i].number);
		add_label(&list, &partitions->partitions[i]);
		(void)buf_add_byte(&list, ')');
	}
	if (whole) {
		(void)buf_add_str(&list, "it is not divided into partitions (");
		add_label(&list, &partitions->partitions[0]);
		(void)buf_add_byte(&list, ')');
	} else if (partitions->count == 0) {
		(void)buf_add_str(&list, "nothing was found in it");
	}
	if (!buf_str(&list))
		return err_nomem(err);
	return err_set(err, code, "image '%s' %s; %s", QUOTE(request->name), what, (char *)list.data);
}
