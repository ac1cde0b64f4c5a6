/* test_extfs_replay.c - the journal applied in memory is what e2fsck and the kernel make of it, for journals of debugfs and of the kernel. */
#include "replay_fixture.h"

/* OVERLAY's journal and e2fsck's answer to the same image. At least LEAST blocks must come from the journal. */
static void must_equal(const char *image, const char *what, uint64_t least)
{
	struct overlay overlay;
	uint64_t ours;

	must_sh("cp --sparse=always %s e2fsck.img; e2fsck -p -E journal_only e2fsck.img; test $? -lt 4", image);
	overlay_open(image, &overlay);
	if (overlay.r < 0 || overlay.result.problem[0])
		fail_msg("%s: %s%s", what, overlay.err.message, overlay.result.problem);
	ours = overlay_equals(&overlay, "e2fsck.img");
	if (ours < least)
		fail_msg("%s: only %llu blocks came from the journal", what, (unsigned long long)ours);
	overlay_close(&overlay);
}

/*
 * Block 5001 is written and taken back, 5002 taken back before it is written, 5000 written twice; 5004 begins with the journal's magic
 * number; the last transaction has no commit block.
 */
static void make_by_debugfs(const char *mkfs, const char *journal_open)
{
	must_sh("for n in 1 2 3 4 5 6; do head -c 65536 /dev/zero | tr '\\0' $n >data$n; done; "
		"{ printf '\\300\\073\\071\\230'; head -c 65532 data6; } >magic");
	must_sh("rm -f img && truncate -s 64M img && mkfs.ext4 -q -F %s img", mkfs);
	must_sh("cat >script <<-END\njournal_open %s\njournal_write -b 5000,5001,5003 data1\njournal_write -r "
		"5002,5001\n"
		"journal_write -b 5000,5002 data2\njournal_write -b 5004,5005,5006 magic\njournal_write -b 5007 -c "
		"data5\n"
		"journal_close\nEND\ndebugfs -w -f script img",
		journal_open);
}

static void test_debugfs(void **state)
{
	static const struct {
		const char *mkfs, *open;
	} rows[] = {
		{ "-b 1024 -O ^metadata_csum,^64bit", "" },       { "-b 1024 -O ^metadata_csum,64bit", "" },
		{ "-b 1024 -O metadata_csum,64bit", "-c" },       { "-b 1024 -O metadata_csum,64bit", "-c -v 2" },
		{ "-b 1024 -O metadata_csum,64bit", "-c -v 3" },  { "-b 1024 -O metadata_csum,^64bit", "-c -v 2" },
		{ "-b 1024 -O metadata_csum,^64bit", "-c -v 3" }, { "-b 4096 -O metadata_csum,64bit", "-c -v 3" },
		{ "-b 4096 -O ^metadata_csum,64bit", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_by_debugfs(rows[i].mkfs, rows[i].open);
		must_equal("img", rows[i].mkfs, 6);
	}
}

#define JOURNAL_MAGIC 0xc03b3998U

/* The log moved so that it goes round behind its end, and its transactions numbered so that they pass 2^32. */
static void turn(struct bare *bare, uint32_t by, uint32_t transaction)
{
	size_t size = bare->block_bytes;
	uint32_t first = journal_get32(bare->data + 20), ring = bare->blocks - first,
		 old = journal_get32(bare->data + 24);
	unsigned char *turned = malloc((size_t)ring * size);

	assert_non_null(turned);
	assert_int_equal(journal_get32(bare->data + 16), bare->blocks);
	for (uint32_t i = 0; i < ring; i++) {
		unsigned char *from = bare->data + (first + i) * size;

		if (journal_get32(from) == JOURNAL_MAGIC && journal_get32(from + 8) - old < 100)
			journal_put32(from + 8, journal_get32(from + 8) - old + transaction);
		memcpy(turned + ((i + by) % ring) * size, from, size);
	}
	memcpy(bare->data + first * size, turned, ring * size);
	journal_put32(bare->data + 24, transaction);
	journal_put32(bare->data + 28, first + (journal_get32(bare->data + 28) - first + by) % ring);
	free(turned);
}

static void test_turned(void **state)
{
	static const uint32_t transactions[] = { 7, UINT32_MAX - 1, UINT32_MAX, UINT32_MAX - 2 };

	(void)state;
	make_by_debugfs("-b 1024 -O ^metadata_csum,^64bit", "");
	for (uint32_t back = 1; back < 17; back += 2) { /* another block of it is the last before the turn */
		struct bare bare = { .data = NULL };

		bare_move("img", &bare, false);
		turn(&bare, bare.blocks - journal_get32(bare.data + 28) - back, transactions[back % 4]);
		must_sh("cp --sparse=always img turned.img");
		bare_move("turned.img", &bare, true);
		must_equal("turned.img", "turned", 6);
		free(bare.data);
	}
}

/* xorshift64*: the same on every machine */
static uint64_t seed = 20261122;
static uint32_t draw(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 32) % below;
}

enum { HOSTILE_BLOCKS = 24 }; /* superblock and log in use */

static void mutate(struct bare *bare)
{
	static const uint32_t numbers[] = { 0,    1,    2,          5,          7,          8,
					    16,   63,   0x7fffffff, 0x80000000, UINT32_MAX, JOURNAL_MAGIC,
					    4095, 4096, 65536 };

	for (uint32_t i = draw(6) + 1; i > 0; i--) {
		uint32_t block = draw(HOSTILE_BLOCKS), at = draw(4) ? draw(16) * 4 : draw(bare->block_bytes / 4) * 4;
		unsigned char *place = bare->data + (size_t)block * bare->block_bytes + at;

		switch (draw(4)) {
		case 0:
			journal_put32(place, numbers[draw(sizeof(numbers) / sizeof(numbers[0]))]);
			break;
		case 1:
			journal_put32(place, journal_get32(place) + draw(3) - 1);
			break;
		case 2:
			place[draw(4)] ^= (unsigned char)(1U << draw(8));
			break;
		default:
			memcpy(bare->data + (size_t)block * bare->block_bytes,
			       bare->data + (size_t)draw(HOSTILE_BLOCKS) * bare->block_bytes, bare->block_bytes);
		}
	}
	if (draw(2))
		journal_seal(bare->data, bare->block_bytes, HOSTILE_BLOCKS); /* to reach what is behind them */
}

static void look_at(struct bare *bare)
{
	struct replay_journal journal = bare_journal(bare);
	struct replay_result result;
	struct replay *replay = NULL;
	struct err err = ERR_INIT;
	uint64_t found = 0;
	int r = replay_new(&journal, NULL, &replay, &result, &err);

	if (r < 0) {
		assert_int_equal(r, ERR_DATA);
		assert_null(replay);
		return;
	}
	for (uint64_t i = 4500; i < 5500; i++) /* where most of it belongs */
		found += replay_block(replay, i) != NULL;
	assert_true(found <= result.blocks);
	assert_null(replay_block(replay, bare->fs_blocks));
	assert_null(replay_block(replay, UINT64_MAX));
	assert_true(result.transactions <= bare->blocks);
	assert_non_null(memchr(result.problem, '\0', sizeof(result.problem)));
	replay_freep(&replay);
}

static void test_hostile(void **state)
{
	static const char *const rows[][2] = {
		{ "-b 1024 -O ^metadata_csum,^64bit", "" },
		{ "-b 1024 -O metadata_csum,64bit", "-c -v 3" },
		{ "-b 1024 -O metadata_csum,64bit", "-c -v 2" },
	};

	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct bare bare = { .data = NULL };
		unsigned char *right;
		size_t bytes;

		make_by_debugfs(rows[row][0], rows[row][1]);
		bare_move("img", &bare, false);
		bytes = (size_t)HOSTILE_BLOCKS * bare.block_bytes;
		bare.fs_blocks = 6000;
		right = malloc(bytes);
		assert_non_null(right);
		memcpy(right, bare.data, bytes);
		for (unsigned i = 0; i < 4000; i++) {
			mutate(&bare);
			look_at(&bare);
			memcpy(bare.data, right, bytes);
		}
		free(right);
		free(bare.data);
	}
}

static void test_nothing(void **state)
{
	struct bare bare = { .block_bytes = 1024 }; /* bare_read() would complain */

	(void)state;
	look_at(&bare);
}

/* Names, set-user-id, deleted directories (their blocks are revoked) and, with data=journal, contents that have to be escaped. */
static const char workload[] = "cd mnt && for i in $(seq 1 %d); do echo $i >>grows && sync grows; done && "
			       "for i in $(seq 1 60); do mkdir dir$i && touch dir$i/file; done && sync dir1 && "
			       "printf '\\300\\073\\071\\230 magic' >escaped && sync escaped && "
			       "for i in $(seq 1 30); do rm -r dir$i; done && sync dir31 && "
			       "for i in $(seq 1 40); do head -c 9000 /dev/urandom >new$i; done && sync new1 && "
			       "cp /bin/true hidden && chmod 4755 hidden && sync hidden";

static void make_by_kernel(const char *mkfs, const char *mount, int turns)
{
	must_sh("rm -f live img && truncate -s 64M live && mke2fs -q -F %s live", mkfs);
	must_sh("mkdir -p mnt && mount -o loop,%s live mnt", mount);
	must_sh(workload, turns);
	must_sh("cp --sparse=always live img && umount mnt");
}

static void test_kernel(void **state)
{
	static const struct {
		const char *mkfs, *mount;
		int turns; /* short transactions: enough of them go round the journal */
	} rows[] = {
		{ "-t ext3 -b 1024", "noatime", 3 },
		{ "-t ext4 -b 1024 -J size=1", "noatime", 250 },
		{ "-t ext4 -b 4096", "data=journal", 3 },
		{ "-t ext4 -b 1024 -O ^64bit", "data=journal", 3 },
		{ "-t ext4 -O ^metadata_csum", "journal_checksum", 3 },
		{ "-t ext4 -O ^metadata_csum,^64bit", "data=writeback,journal_async_commit", 3 },
		{ "-t ext4", "data=writeback,journal_async_commit", 3 },
	};

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: no mounts\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_by_kernel(rows[i].mkfs, rows[i].mount, rows[i].turns);
		must_equal("img", rows[i].mkfs, 5);
	}
}

/*
 * With fast commits: the log goes round before their area (where e2fsck 1.47 does not follow: the kernel is asked), and what is in that
 * area is counted.
 */
static void test_fast(void **state)
{
	struct overlay overlay;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: no mounts\n");
		skip();
	}
	must_sh("rm -f live && truncate -s 32M live && mkfs.ext4 -q -F -b 1024 -J size=1,fast_commit_size=64 -O "
		"fast_commit live && "
		"mkdir -p mnt && mount -o loop,noatime live mnt && cd mnt && for i in $(seq 1 380); do "
		"echo $i >>file; setfattr -n user.a -v $i file; sync file; done && " /* an attribute: no fast commit */
		/* wherever the log's tail has come to, the last transaction is pending: let it be one of many blocks */
		"mkdir 1 2 3 4 5 6 && setfattr -n user.a -v last file && sync file && "
		"cp --sparse=always ../live ../img && cd .. && umount mnt");
	must_sh("cp --sparse=always img kernel.img && loop=$(losetup --find --show kernel.img) && mount -o ro $loop "
		"mnt && "
		"umount mnt; losetup -d $loop");
	overlay_open("img", &overlay);
	assert_string_equal(overlay.result.problem, "");
	assert_int_equal(overlay.result.fast_commit_blocks, 0);
	assert_true(overlay_equals(&overlay, "kernel.img") >= 3);
	overlay_close(&overlay);

	must_sh("mount -o loop,noatime live mnt && cd mnt && setfattr -n user.a -v b file && sync file && chmod 4755 "
		"file && sync file && "
		"cp --sparse=always ../live ../img && cd .. && umount mnt");
	overlay_open("img", &overlay);
	assert_string_equal(overlay.result.problem, "");
	assert_true(overlay.result.fast_commit_blocks > 0);
	overlay_close(&overlay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debugfs), cmocka_unit_test(test_turned), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_kernel), cmocka_unit_test(test_fast),
	};

	return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
