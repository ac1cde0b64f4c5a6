/* test_disk_partitions.c - what sfdisk(8) and the mkfs programs put on a disk is what is found, in every form that the disk can have. */
#include "disk_fixture.h"

#include <inttypes.h>

#include "base/buf.h"
#include "disk/partitions.h"

static struct partitions found;
static int bad;

/* "gpt: 1 1048576+20971520 ext4 LABEL, 2 ... [problem]; table's problem" */
static char *describe(const struct partitions *partitions)
{
	struct buf text = BUF_INIT;

	(void)buf_printf(&text, "%s:", partitions->table);
	for (size_t i = 0; i < partitions->count; i++) {
		const struct partition *partition = &partitions->partitions[i];

		(void)buf_printf(&text, "%s %u %" PRIu64 "+%" PRIu64 " %s", i == 0 ? "" : ",", partition->number,
				 partition->offset / 1024, partition->size / 1024, partition->type);
		if (partition->label[0] != '\0')
			(void)buf_printf(&text, " '%s'", partition->label);
		if (partition->problem[0] != '\0')
			(void)buf_printf(&text, " [%s]", partition->problem);
	}
	if (partitions->beyond != 0)
		(void)buf_printf(&text, " and %zu", partitions->beyond);
	if (partitions->problem[0] != '\0')
		(void)buf_printf(&text, "; %s", partitions->problem);
	return buf_steal_str(&text);
}

static void expect(const char *name, const char *form, uint64_t offset, const char *want)
{
	struct disk_source source = DISK_SOURCE_INIT;
	struct disk *disk = open_disk(name, false, &source);
	struct err err = ERR_INIT;
	char *text;

	if (partitions_read(disk, offset, &found, &err) < 0)
		fail_msg("%s: not '%s' but: %s", form, want, err.message);
	text = describe(&found);
	if (strcmp(text, want) != 0) {
		print_error("%s\nfound: %s\nnot:   %s\n", form, text, want);
		bad++;
	}
	free(text);
	disk_freep(&disk);
	disk_source_done(&source);
}

/* As one file, in segments, as a device. */
static void expect_everywhere(const char *want)
{
	char device[64];

	expect("disk", "raw", 0, want);
	shell("split -b 3000000 -d -a 3 disk part.");
	expect("part.000", "split", 0, want);
	shell("rm part.*");
	if (geteuid() != 0)
		return;
	shell("ln -f disk backing");
	shell_line(device, sizeof(device), "losetup -r --show -f backing");
	if (device[0] != '\0') {
		expect(device, "device", 0, want);
		shell("losetup -d %s", device);
	}
	shell("rm -f backing");
}

#define NOTHING " [no file system that is known]"
#define GPT                                                                                                            \
	"truncate -s 100M disk; printf 'label: gpt\\nsize=20M\\nsize=30M\\n' | sfdisk -q disk;"                        \
	"mkfs.ext4 -q -L root -E offset=1048576 disk 20480; "
#define GPT_FOUND "gpt: 1 1024+20480 ext4 'root', 2 21504+30720 " NOTHING

static void test_found(void **state)
{
	static const struct {
		const char *made_by, *want;
	} rows[] = {
		{ "truncate -s 40M disk; mkfs.ext4 -q -L root disk", ": 0 0+40960 ext4 'root'" },
		{ "truncate -s 40M disk", ": 0 0+40960 " NOTHING },
		{ "printf x >disk; truncate -s 512 disk", ": 0 0+0 " NOTHING },
		{ "truncate -s 100M disk; printf 'label: gpt\\nsize=20M\\nsize=30M,name=data\\nsize=1M\\n' | sfdisk -q "
		  "disk;"
		  "mkfs.ext4 -q -L root -E offset=1048576 disk 20480; mkfs.ext3 -q -L data -E offset=22020096 disk "
		  "30720",
		  "gpt: 1 1024+20480 ext4 'root', 2 21504+30720 ext3 'data', 3 52224+1024 " NOTHING },
		{ "truncate -s 100M disk; printf 'label: "
		  "dos\\n1:size=10M\\n2:size=60M,type=5\\n5:size=10M\\n6:size=11M\\n7:size=12M\\n' "
		  "| sfdisk -q disk; mkfs.ext2 -q -L log -E offset=36700160 disk 12288",
		  "dos: 1 1024+10240 " NOTHING ", 2 11264+61440 dos, 5 12288+10240 " NOTHING ", 6 23552+11264 " NOTHING
		  ", 7 35840+12288 ext2 'log'" },
		/* types that are named, not read */
		{ "truncate -s 9M disk; mkswap -q -L sw disk", ": 0 0+9216 swap 'sw'" },
		{ "truncate -s 9M disk; printf 'LUKS\\272\\276\\0\\001' | dd of=disk conv=notrunc",
		  ": 0 0+9216 crypto_LUKS" },
		{ "truncate -s 300M disk; mkfs.xfs -q -L far disk", ": 0 0+307200 xfs 'far'" },
		{ "truncate -s 120M disk; mkfs.btrfs -q -L b disk", ": 0 0+122880 btrfs 'b'" },
		{ "truncate -s 40M disk; mkfs.vfat -F 32 -s 1 -n FATLABEL disk", ": 0 0+40960 vfat 'FATLABEL'" },
		{ "truncate -s 8M disk; mkfs.vfat -n SMALL disk", ": 0 0+8192 vfat 'SMALL'" },
		{ "mkdir -p t; mksquashfs t disk -quiet -no-progress -noappend; truncate -s 4096 disk",
		  ": 0 0+4 squashfs" },
		{ "truncate -s 40M disk; mkfs.ext4 -q disk; cp disk e; mkfs.xfs -q -f --unsupported disk; "
		  "dd if=e of=disk bs=1k skip=1 seek=1 count=1 conv=notrunc; rm e",
		  ": 0 0+40960  [signatures of more than one thing: xfs, ext4]" },
		/* damaged tables */
		{ GPT "dd if=/dev/zero of=disk bs=512 seek=1 count=33 conv=notrunc",
		  GPT_FOUND "; the first copy of the GPT is damaged, the last one is used" },
		{ GPT "printf x | dd of=disk bs=1 seek=1100 conv=notrunc",
		  GPT_FOUND "; the first copy of the GPT is damaged, the last one is used" },
		{ GPT "dd if=/dev/zero of=disk bs=512 seek=0 count=34 conv=notrunc",
		  GPT_FOUND "; the first copy of the GPT is damaged, the last one is used; no protective MBR" },
		{ GPT "dd if=/dev/zero of=disk bs=512 seek=204799 conv=notrunc count=1",
		  GPT_FOUND "; the last copy of the GPT is not at the disk's end" },
		{ GPT "truncate -s 40M disk", "gpt: 1 1024+20480 ext4 'root', 2 21504+30720  [ends 11534336 bytes "
					      "beyond the disk's end; no file system that is known]"
					      "; the disk ends 62914560 bytes before its GPT says" },
		{ GPT "truncate -s 20M disk", "gpt: 1 1024+20480 ext4 'root' [ends 1048576 bytes beyond the disk's "
					      "end], 2 21504+30720  [lies beyond the disk's end]"
					      "; the disk ends 83886080 bytes before its GPT says" },
		{ "truncate -s 40M disk; printf 'label: dos\\nstart=2048,size=20480\\nstart=22528,size=30720\\n' | "
		  "sfdisk -q disk;"
		  "printf '\\000\\050' | dd of=disk bs=1 seek=470 conv=notrunc",
		  "dos: 1 1024+10240 " NOTHING ", 2 5120+15360 " NOTHING "; 1 and 2 overlap" },
		/* one file system twice */
		{ "truncate -s 60M disk; printf 'label: dos\\nsize=20M\\nsize=20M\\n' | sfdisk -q disk;"
		  "truncate -s 20M e; mkfs.ext4 -q e; dd if=e of=disk bs=1M seek=1 conv=notrunc; dd if=e of=disk bs=1M "
		  "seek=21 conv=notrunc; rm e",
		  "dos: 1 1024+20480 ext4, 2 21504+20480 ext4 [has the UUID of 1 too]" },
		/* logical partitions that name themselves as the next */
		{ "truncate -s 60M disk; printf 'label: dos\\n1:size=50M,type=5\\n5:size=10M\\n6:size=10M\\n' | sfdisk "
		  "-q disk;"
		  "printf '\\377\\000\\000\\005\\377\\000\\000\\000\\000\\000\\000\\000' | dd of=disk bs=1 "
		  "seek=1049038 conv=notrunc",
		  "dos: 1 1024+51200 dos, 5 2048+10240 " NOTHING },
		/* a boot sector without partitions before a file system */
		{ "truncate -s 20M disk; mkfs.ext4 -q -L syslinux disk; printf '\\125\\252' | dd of=disk bs=1 seek=510 "
		  "conv=notrunc",
		  ": 0 0+20480 ext4 'syslinux'" },
		{ "truncate -s 20M disk; printf 'label: dos\\nstart=4096,size=1M\\n' | sfdisk -q disk; cp disk e; "
		  "mkfs.ext4 -q -F disk; "
		  "dd if=e of=disk bs=512 count=1 conv=notrunc; rm e",
		  "dos: 1 2048+1024 " NOTHING "; the disk as a whole is ext4 too" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		shell("rm -f disk; %s", rows[i].made_by);
		expect_everywhere(rows[i].want);
	}
	assert_int_equal(bad, 0);
}

/* What stands at an offset, in a disk whose table says nothing of it. */
static void test_offset(void **state)
{
	(void)state;
	shell("rm -f disk; " GPT "dd if=/dev/zero of=disk bs=512 count=34 conv=notrunc; truncate -s 90M disk");
	expect("disk", "raw", 1048576, ": 0 1024+91136 ext4 'root'");
	expect("disk", "raw", UINT64_C(90) << 20, ":");
	expect("disk", "raw", UINT64_MAX, ":");
	shell("dd if=/dev/zero of=shifted bs=1M count=3; rm disk; " GPT "cat disk >>shifted; mv shifted disk");
	expect("disk", "raw", 3 << 20, "gpt: 1 4096+20480 ext4 'root', 2 24576+30720 " NOTHING);
	assert_int_equal(bad, 0);
}

/* 4,096 bytes a sector, as a file shows it by its GPT alone. */
static void test_large_sectors(void **state)
{
	char device[64];

	(void)state;
	if (geteuid() != 0)
		skip();
	shell("rm -f disk; truncate -s 100M disk; ln -f disk backing");
	shell_line(device, sizeof(device), "losetup -b 4096 --show -f backing");
	if (device[0] == '\0')
		skip();
	shell("printf 'label: gpt\\nsize=20M\\nsize=30M\\n' | sfdisk -q %s; mkfs.ext4 -q -L root -E offset=1048576 "
	      "disk 20480; sync %s",
	      device, device);
	expect(device, "device", 0, GPT_FOUND);
	shell("losetup -d %s; rm backing", device);
	expect("disk", "raw", 0, GPT_FOUND);
	shell("split -b 3000000 -d -a 3 disk part.");
	expect("part.000", "split", 0, GPT_FOUND);
	assert_int_equal(bad, 0);
}

/* Bytes at random places of what libblkid looks at: anything may be found, and all of it is sound. */
static void test_damaged_anyhow(void **state)
{
	uint32_t random = 17;

	(void)state;
	shell("rm -f disk part.* && " GPT
	      "mkfs.vfat -F 32 -s 1 --offset 43008 disk 30720; split -b 3000000 -d -a 3 disk part.");
	for (int i = 0; i < 400; i++) {
		struct disk_source source = DISK_SOURCE_INIT;
		FILE *file = fopen(in_dir("part.000"), "r+e");
		struct err err = ERR_INIT;
		struct disk *disk;

		assert_non_null(file);
		for (int j = 0; j < 4; j++) {
			random = random * 1664525 + 1013904223;
			(void)fseek(file, (long)(random >> 8) % (j % 2 == 0 ? 2048 : 1056768), SEEK_SET);
			(void)fputc((int)(random >> 4) & 255, file);
		}
		(void)fclose(file);
		disk = open_disk("part.000", false, &source);
		assert_int_equal(partitions_read(disk, 0, &found, &err), 0);
		assert_in_range(found.count, 0, PARTITIONS_MAX);
		for (size_t j = 0; j < found.count; j++)
			assert_true(memchr(found.partitions[j].label, 0, 256) != NULL);
		disk_freep(&disk);
		disk_source_done(&source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_large_sectors),
		cmocka_unit_test(test_damaged_anyhow),
	};

	return cmocka_run_group_tests_name("disk_partitions", tests, folder_setup, folder_teardown);
}
