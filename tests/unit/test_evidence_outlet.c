/* test_evidence_outlet.c - what a parser's entries become: the same as a live scan of the same files delivers, in order, whoever hashes faster. */
#include "scan_fixture.h"

#include "evidence_fixture.h"

struct memory_content {
	struct content content; /* first */
	const char *data;
	uint64_t size; /* of DATA; what is read beyond is made up */
	int failure; /* from FAILS_AT on */
	uint64_t fails_at;
	unsigned naps_us;
};

static int memory_read(const struct content *content, uint64_t offset, void *data, size_t len)
{
	const struct memory_content *memory = (const struct memory_content *)content;

	if (memory->naps_us)
		(void)usleep(memory->naps_us);
	if (memory->failure && offset + len > memory->fails_at)
		return memory->failure;
	if (memory->data && offset + len <= memory->size)
		memcpy(data, memory->data + offset, len);
	else
		memset(data, 'x', len);
	return 0;
}

static void memory_free(struct content *content)
{
	free(content);
}

static struct content *content_of(struct memory_content from)
{
	struct memory_content *memory = malloc(sizeof(*memory));

	if (!memory)
		_exit(3);
	*memory = from;
	memory->content = (struct content){ memory_read, memory_free };
	return &memory->content;
}

/* What the parser plays: entries of a scan that read no content, and the contents beside them. Set before the fork. */
static const struct result *played;
static char **contents;

static int begin(struct child *child)
{
	const struct extfs_info info = { .type = "ext4" };

	wire_extfs(&child->out, &info);
	return 0;
}

static int play(struct child *child, struct err *err)
{
	struct bytes shut = { NULL, 0 };
	int r = begin(child);

	for (size_t i = 0; i < played->count && r == 0; i++) {
		const struct entry *entry = &played->rows[i].b->entry;
		struct content *content = NULL;

		if (shut.len && path_covers(shut, entry->path))
			continue;
		if (entry->type == TYPE_FILE)
			content = content_of((struct memory_content){
				.data = contents[i], .size = entry->size, .naps_us = i % 7 == 0 ? 2000 : 0 });
		r = child->sink->entry(child->sink, entry, content, err);
		if (r == 0 && entry->type == TYPE_DIR && !child->sink->enters(child->sink, entry->path))
			shut = entry->path;
	}
	return r < 0 ? r : child_finish(child, err);
}

static void load_contents(const struct fixture *fixture)
{
	contents = calloc(played->count + 1, sizeof(*contents));
	assert_non_null(contents);
	for (size_t i = 0; i < played->count; i++) {
		const struct entry *entry = &played->rows[i].b->entry;
		CLEANUP(freep) char *name = strndup((const char *)entry->path.data + 1, entry->path.len - 1);
		int fd;

		if (entry->type != TYPE_FILE || entry->size > 1 << 20)
			continue;
		contents[i] = malloc(entry->size + 1);
		fd = openat(fixture->fd, name, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(read(fd, contents[i], entry->size + 1), entry->size);
		(void)close(fd);
	}
}

static void encode(const struct entry *entry, struct buf *out)
{
	struct entry copy = *entry;

	copy.racy = false; /* when it was looked at */
	buf_clear(out);
	assert_int_equal(buf_add(out, entry->path.data, entry->path.len), 0);
	assert_int_equal(entry_encode(&copy, out), 0);
}

static void assert_like_live(const struct fixture *fixture, const char *policy)
{
	CLEANUP(policy_freep) struct policy *judging = policy_of(policy);
	struct scan_options options = options_of(fixture);
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	CLEANUP(evidence_freep) struct evidence *evidence = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	CLEANUP(buf_done) struct buf ours = BUF_INIT, theirs = BUF_INIT;
	const struct entry *entry;
	struct err err = ERR_INIT;
	struct result live;
	size_t at = 0;
	int r;

	job.policy = judging;
	TRY(evidence_start_as(&job, NULL, play, &evidence, &try_err));
	TRY(evidence_tree(evidence, &tree, &try_err));
	options.policy = judging;
	live = collect(&options);
	while ((r = tree_next(tree, &entry, &err)) > 0) {
		if (at == live.count)
			fail_msg("a live scan does not tell '%.*s'", (int)entry->path.len, entry->path.data);
		encode(entry, &ours);
		encode(&live.rows[at++].b->entry, &theirs);
		if (ours.len != theirs.len || memcmp(ours.data, theirs.data, ours.len) != 0)
			fail_msg("'%.*s' is not as in a live scan", (int)entry->path.len, entry->path.data);
	}
	assert_int_equal(r, 0);
	assert_string_equal(evidence_result(evidence)->ended, "");
	assert_int_equal(at, live.count);
	assert_int_equal(evidence_result(evidence)->examined, live.examined);
	assert_int_equal(evidence_result(evidence)->excluded, live.excluded);
	assert_int_equal(evidence_result(evidence)->files_read, live.files_read);
	assert_int_equal(evidence_result(evidence)->bytes_read, live.bytes_read);
	result_done(&live);
}

static void like_live(void **state)
{
	static const char *const policies[] = {
		"version: 1\nrules:\n  - path: /\n    profile: static\n",
		"version: 1\nrules:\n  - path: /\n    profile: owner\n"
		"  - path: /static\n    profile: static\n"
		"  - path: /volatile\n    profile: volatile\n"
		"  - path: /grow\n    profile: growing-log\n"
		"  - path: /out\n    exclude: true\n",
		"version: 1\nrules:\n  - path: /a/b/c\n    profile: config\n",
		"version: 1\nrules:\n  - path: /\n    profile: volatile\n  - path: /a\n    exclude: true\n"
		"  - path: /a/b\n    profile: rotated-log\n",
		"version: 1\nrules:\n  - path: /**/*.log\n    profile: growing-log\n  - path: /out\n    only: dirs\n",
		"version: 1\nmax_content: 3\nrules:\n  - path: /\n    profile: static\n  - path: /volatile\n    "
		"profile: volatile\n",
	};
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	struct result all;

	put_file(fixture, "owner", "x");
	put_file(fixture, "static", "x");
	put_file(fixture, "empty", "");
	put_dir(fixture, "out");
	put_file(fixture, "out/x", "x");
	put_file(fixture, "out/x.log", "x");
	put_dir(fixture, "a");
	put_dir(fixture, "a/b");
	put_dir(fixture, "a/b/c");
	put_dir(fixture, "a-b");
	put_file(fixture, "a/b/c/d", "content");
	put_file(fixture, "a/b/e", "content");
	put_file(fixture, "a-b/c.log", "content");
	put_dir(fixture, "volatile");
	put_file(fixture, "volatile/empty", "");
	put_file(fixture, "volatile/log", "some text");
	put_file(fixture, "volatile/short", "\177EL");
	put_file(fixture, "volatile/elf", "\177ELF and more");
	put_file(fixture, "volatile/script", "#!/bin/sh\n");
	put_file(fixture, "volatile/true", "");
	assert_int_equal(fchmodat(fixture->fd, "volatile/script", 0755, 0), 0);
	assert_int_equal(fchmodat(fixture->fd, "volatile/true", 0755, 0), 0);
	put_dir(fixture, "grow");
	put_file(fixture, "grow/empty", "");
	put_file(fixture, "grow/log", "line\n");
	put_file(fixture, "grow/elf", "\177ELF");
	put_file(fixture, "grow/script", "#!/bin/sh\n");
	assert_int_equal(fchmodat(fixture->fd, "grow/script", 0755, 0), 0);
	assert_int_equal(mkfifoat(fixture->fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("nowhere", fixture->fd, "link"), 0);
	for (unsigned i = 0; i < 200; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "a/b/c/%u", i);
		put_file(fixture, name, name);
	}
	set_policy(fixture, "version: 1\nrules:\n  - path: /\n    profile: owner\n");
	options.policy = fixture->policy;
	options.metadata_only = true;
	all = collect(&options);
	played = &all;
	load_contents(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		assert_like_live(fixture, policies[i]);
	for (size_t i = 0; i < all.count; i++)
		free(contents[i]);
	free(contents);
	result_done(&all);
}

/* --- entries that no live system would show --- */

static int put(struct child *child, struct entry entry, struct content *content, struct err *err)
{
	return child->sink->entry(child->sink, &entry, content, err);
}

static int strange(struct child *child, struct err *err)
{
	struct entry root = entry_of_line("/", 0), shut = entry_of_line("/in/shut/", 0),
		     bad = entry_of_line("/in/bad", 1);
	int r = begin(child);

	root.none = 0;
	root.failed = ATTR_BIT(ATTR_CONTENT);
	root.problem = bytes_of("block 7: an entry that ends outside of it");
	shut.none = 0;
	shut.failed = ATTR_BIT(ATTR_CONTENT);
	shut.problem = bytes_of("with an \33[31mescape");
	bad.mode = 0177777;
	r = r < 0 ? r : put(child, root, NULL, err);
	r = r < 0 ? r : put(child, entry_of_line("/in/", 0), NULL, err);
	r = r < 0 ? r : put(child, bad, content_of((struct memory_content){ .size = 0 }), err);
	r = r < 0 ? r
		  : put(child, entry_of_line("/in/corrupt", 4096),
			content_of((struct memory_content){ .failure = -EUCLEAN }), err);
	r = r < 0 ? r
		  : put(child, entry_of_line("/in/grown", 100), content_of((struct memory_content){ .size = 0 }), err);
	r = r < 0 ? r
		  : put(child, entry_of_line("/in/huge", (uint64_t)INT64_MAX),
			content_of((struct memory_content){ .size = 0 }), err);
	r = r < 0 ? r
		  : put(child, entry_of_line("/in/lost", 1 << 20),
			content_of((struct memory_content){ .failure = -EIO, .fails_at = 600000 }), err);
	r = r < 0 ? r : put(child, shut, NULL, err);
	r = r < 0 ? r : child->sink->problem(child->sink, bytes_of("/in/shut"), "a name with a \n in it", err);
	r = r < 0 ? r : put(child, entry_of_line("/out", 5), content_of((struct memory_content){ .size = 0 }), err);
	return r < 0 ? r : child_finish(child, err);
}

static void strange_ones(void **state)
{
	static const struct {
		const char *path;
		uint32_t failed;
		const char *problem;
	} rows[] = {
		{ "/", ATTR_BIT(ATTR_CONTENT), "block 7: an entry that ends outside of it" }, /* on the way */
		{ "/in", 0, "" },
		{ "/in/bad", ATTR_ALL, "malformed entry: mode out of range" },
		{ "/in/corrupt", ATTR_BIT(ATTR_CONTENT),
		  "cannot read at byte 0: what the file system says of it cannot be" },
		{ "/in/grown", 0, "" },
		{ "/in/huge", ATTR_BIT(ATTR_CONTENT), "larger than max_content, 64 GiB" },
		{ "/in/lost", ATTR_BIT(ATTR_CONTENT), "cannot read at byte 524288: the image could not be read there" },
		{ "/in/shut", ATTR_BIT(ATTR_CONTENT), "with an \\x1b[31mescape" },
	};
	CLEANUP(policy_freep)
	struct policy *policy = policy_of("version: 1\nrules:\n  - path: /in\n    profile: growing-log\n");
	const struct prefix_of prefixes[] = { { bytes_of("/in/a"), 7 }, { bytes_of("/in/grown"), 40 } };
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	CLEANUP(evidence_freep) struct evidence *evidence = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct entry *entry;
	struct bytes path;
	const char *line;

	(void)state;
	job.policy = policy;
	job.prefixes = prefixes;
	job.prefix_count = ARRAY_SIZE(prefixes);
	TRY(evidence_start_as(&job, NULL, strange, &evidence, &try_err));
	TRY(evidence_tree(evidence, &tree, &try_err));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		if (tree_next(tree, &entry, &err) != 1)
			fail_msg("'%s': %s %s", rows[i].path, err.message, evidence_result(evidence)->ended);
		assert_true(bytes_equal(entry->path, bytes_of(rows[i].path)));
		assert_int_equal(entry->failed, rows[i].failed);
		if (!bytes_equal(entry->problem, bytes_of(rows[i].problem)))
			fail_msg("'%s': '%.*s'", rows[i].path, (int)entry->problem.len, entry->problem.data);
		if (strcmp(rows[i].path, "/in/grown") == 0)
			assert_int_equal(entry->digest_bytes, 40);
	}
	TRY(evidence_wait(evidence, &try_err));
	assert_true(evidence_result(evidence)->whole);
	assert_int_equal(evidence_result(evidence)->not_in_scope, 2);
	assert_true(evidence_problem(evidence, 0, &path, &line));
	assert_true(bytes_equal(path, bytes_of("/in/shut")));
	assert_string_equal(line, "a name with a \\x0a in it");
}

/* --- more than the line holds, and one that takes long at its head --- */

enum { MANY = 3 * 4096 + 17 };

static int many(struct child *child, struct err *err)
{
	int r = begin(child);

	r = r < 0 ? r : put(child, entry_of_line("/", 0), NULL, err);
	for (unsigned i = 0; i < MANY && r == 0; i++) {
		struct memory_content content = { .naps_us = i == 0 ? 300000 : i % 1000 == 0 ? 10000 : 0 };
		char path[32];

		(void)snprintf(path, sizeof(path), "/%06u", i);
		r = i % 3 == 1 ? put(child, entry_of_line(path, 10), NULL, err)
			       : put(child, entry_of_line(path, i % 5 == 0 ? 0 : i), content_of(content), err);
	}
	return r < 0 ? r : child_finish(child, err);
}

static void in_order(void **state)
{
	static const unsigned threads[] = { 1, 2, 5 };
	CLEANUP(policy_freep)
	struct policy *policy = policy_of("version: 1\nrules:\n  - path: /\n    profile: static\n");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		struct evidence_job job = job_of(EVIDENCE_EXTFS);
		CLEANUP(evidence_freep) struct evidence *evidence = NULL;
		CLEANUP(tree_freep) struct tree *tree = NULL;
		const struct entry *entry;
		struct err err = ERR_INIT;
		unsigned hashed = 0;
		int r;

		job.policy = policy;
		job.threads = threads[i];
		TRY(evidence_start_as(&job, NULL, many, &evidence, &try_err));
		TRY(evidence_tree(evidence, &tree, &try_err));
		while ((r = tree_next(tree, &entry, &err)) > 0) {
			bool has = entry->value & ATTR_BIT(ATTR_CONTENT);

			assert_true(!has || entry->digest_bytes == entry->size);
			hashed += has;
		}
		assert_int_equal(r, 0);
		assert_string_equal(evidence_result(evidence)->ended, "");
		assert_int_equal(evidence_result(evidence)->entries, MANY + 1);
		assert_int_equal(hashed, MANY - MANY / 3 - (MANY % 3 == 2));
		assert_int_equal(evidence_result(evidence)->files_read, hashed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(like_live, setup, teardown),
		cmocka_unit_test(strange_ones),
		cmocka_unit_test(in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
