/* test_evidence_parsers.c - the real parsers, confined: a small image and archives that stock programs made, and the same cut short. */
#include "evidence_fixture.h"

#include <unistd.h>

static char dir[] = "/tmp/tally-parsers-XXXXXX";

/* Runs a line of shell in the scratch folder. */
static void run(const char *line)
{
	CLEANUP(freep) char *command = NULL;

	assert_true(asprintf(&command, "cd %s && { %s; } >/dev/null 2>&1", dir, line) > 0);
	if (system(command) != 0)
		fail_msg("%s", line);
}

/* Confined, it came to its end or said why not; bounded either way. Returns how many entries it told. */
static unsigned take(enum evidence_kind kind, const char *name, const struct policy *policy, bool whole)
{
	struct disk_source source = DISK_SOURCE_INIT;
	struct evidence_job job = job_of(kind);
	CLEANUP(freep) char *path = NULL;
	struct evidence *evidence = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct entry *entry;
	struct err err = ERR_INIT;
	unsigned count = 0;
	int r = 0;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	TRY(disk_source_open(path, false, &source, &try_err));
	job.source = &source;
	job.policy = policy;
	job.replay = true;
	TRY(evidence_start(&job, &evidence, &try_err));
	if (kind == EVIDENCE_EXTFS || kind == EVIDENCE_ARCHIVE) {
		TRY(evidence_tree(evidence, &tree, &try_err));
		while ((r = tree_next(tree, &entry, &err)) > 0)
			count++;
	} else {
		r = evidence_wait(evidence, &err);
	}
	assert_int_equal(r, 0);
	assert_true(evidence_result(evidence)->seccomp);
	if (evidence_result(evidence)->whole != whole)
		fail_msg("%s: whole %d, '%s'", name, !whole, evidence_result(evidence)->ended);
	if (kind == EVIDENCE_PARTITIONS)
		assert_string_equal(evidence_result(evidence)->partitions->partitions[0].type, "ext4");
	tree_freep(&tree);
	evidence_freep(&evidence);
	disk_source_done(&source);
	return count;
}

static void images(void **state)
{
	CLEANUP(policy_freep)
	struct policy *policy = policy_of("version: 1\nrules:\n  - path: /\n    profile: static\n");
	unsigned whole;

	(void)state;
	run("truncate -s 8M i.img && mkfs.ext4 -q -d tree i.img");
	assert_int_equal(take(EVIDENCE_PARTITIONS, "i.img", NULL, true), 0);
	assert_int_equal(take(EVIDENCE_HASH, "i.img", NULL, true), 0);
	whole = take(EVIDENCE_EXTFS, "i.img", policy, true);
	assert_int_equal(whole, 3 + 100 + 1); /* "/", "/a", "/l", the files, lost+found */
	run("split -b 3M -d -a 3 --numeric-suffixes=1 i.img s.");
	assert_int_equal(take(EVIDENCE_PARTITIONS, "s.001", NULL, true), 0);
	assert_int_equal(take(EVIDENCE_EXTFS, "s.001", policy, true), whole);
	run("head -c 1000 i.img >cut.img");
	assert_int_equal(take(EVIDENCE_EXTFS, "cut.img", policy, false), 0);
	run("head -c 300000 /dev/urandom >noise.img");
	assert_int_equal(take(EVIDENCE_EXTFS, "noise.img", policy, false), 0);
	assert_int_equal(take(EVIDENCE_ARCHIVE, "noise.img", policy, false), 0);
}

static void archives(void **state)
{
	static const char *const filters[] = { "", "--gzip", "--bzip2", "--xz", "--zstd" };
	CLEANUP(policy_freep)
	struct policy *policy = policy_of("version: 1\nrules:\n  - path: /\n    profile: static\n");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		CLEANUP(freep) char *line = NULL;

		assert_true(asprintf(&line, "bsdtar --format=pax %s -C tree -cf a.tar .", filters[i]) > 0);
		run(line);
		assert_int_equal(take(EVIDENCE_ARCHIVE, "a.tar", policy, true), 3 + 100);
	}
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	run("mkdir -p tree/a && for i in $(seq 100); do seq $i >tree/a/$i; done && ln -s a tree/l");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	run("rm -rf \"$PWD\"");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images),
		cmocka_unit_test(archives),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
