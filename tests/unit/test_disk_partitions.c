/* test_disk_partitions.c - what sfdisk(8) and the mkfs programs put on a disk is what is found, in every form that the disk can have. */
#include "disk_fixture.h"

#include <inttypes.h>

#include "base/buf.h"
#include "disk/partitions.h"

static struct partitions found;

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

	assert_int_equal(partitions_read(disk, offset, &found, &err), 0);
	text = describe(&found);
	if (strcmp(text, want) != 0)
		fail_msg("%s\nfound: %s\nnot:   %s", form, text, want);
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

#define EXT4(name, at, size) "mkfs.ext4 -q -L " name " -E offset=" #at " disk " #size "k; "

static void test_found(void **state)
{
	static const struct {
		const char *made_by, *want;
	} rows[] = {
		{ "truncate -s 40M disk; mkfs.ext4 -q -L root disk", ": 0 0+40960 ext4 'root'" },
		{ "truncate -s 40M disk", ": 0 0+40960  [no file system that is known]" },
		{ "truncate -s 100M disk; printf 'label: gpt\\nsize=20M\\nsize=30M,name=data\\nsize=1M\\n' | sfdisk -q "
		  "disk;"
		  "mkfs.ext4 -q -L root -E offset=1048576 disk 20480; mkfs.ext3 -q -L data -E offset=22020096 disk "
		  "30720",
		  "gpt: 1 1024+20480 ext4 'root', 2 21504+30720 ext3 'data', 3 52224+1024  [no file system that is "
		  "known]" },
		{ "truncate -s 100M disk; printf 'label: "
		  "dos\\n1:size=10M\\n2:size=60M,type=5\\n5:size=10M\\n6:size=11M\\n7:size=12M\\n' "
		  "| sfdisk -q disk; mkfs.ext2 -q -L log -E offset=36700160 disk 12288",
		  "dos: 1 1024+10240  [no file system that is known], 2 11264+61440 dos, "
		  "5 12288+10240  [no file system that is known], 6 23552+11264  [no file system that is known], "
		  "7 35840+12288 ext2 'log'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		shell("rm -f disk; %s", rows[i].made_by);
		expect_everywhere(rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests_name("disk_partitions", tests, folder_setup, folder_teardown);
}
