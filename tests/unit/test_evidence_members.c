/* test_evidence_members.c - an archive's members in any order as a tree: the last of a name, hard links, what cannot stand where it does. */
#include "evidence_fixture.h"

#include "evidence/members.h"

enum { MEMBERS_MAX = 12 };
#define BASE                                                                                                           \
	(ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP) |                     \
	 ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_CONTENT) | ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_TARGET) |                 \
	 ATTR_BIT(ATTR_RDEV))

struct member {
	const char *path; /* a directory when it ends in '/' */
	const char *target; /* not NULL: a hard link */
	uint64_t size; /* tells versions apart */
};

/* What the parser plays; set before the fork. */
static const struct member *played;
static uint32_t played_gives;

static int play(struct child *child, struct err *err)
{
	const struct archive_info info = { .format = "ustar", .gives = played_gives | BASE, .entries = 3 };
	int r = 0;

	for (size_t i = 0; i < MEMBERS_MAX && played[i].path && r == 0; i++) {
		struct entry entry = entry_of_line(played[i].path, played[i].size);
		bool program_only;
		uint64_t wanted;

		if (played[i].target) {
			r = child->sink->link(child->sink, bytes_of(played[i].path), bytes_of(played[i].target), err);
			continue;
		}
		wanted = entry.type == TYPE_FILE ? child->sink->wants(child->sink, &entry, &program_only) : 0;
		if (wanted && !program_only) {
			entry.value |= ATTR_BIT(ATTR_CONTENT);
			entry.digest_bytes = wanted < entry.size ? wanted : entry.size;
		}
		entry.none |= ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_CTIME);
		r = child->sink->entry(child->sink, &entry, NULL, err);
	}
	r = r < 0 ? r : child_finish(child, err);
	if (r == 0)
		wire_archive(&child->out, &info);
	return r;
}

/* "path=size" of each entry, "!path: line" of each problem, with spaces between. */
static void render(const struct policy *policy, const struct member *members, struct buf *out)
{
	struct evidence_job job = job_of(EVIDENCE_ARCHIVE);
	CLEANUP(evidence_freep) struct evidence *evidence = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct evidence_result *result;
	const struct entry *entry;
	struct err err = ERR_INIT;
	uint64_t count = 0;
	int r;

	played = members;
	job.policy = policy;
	TRY(evidence_start_as(&job, NULL, play, &evidence, &try_err));
	TRY(evidence_tree(evidence, &tree, &try_err));
	assert_string_equal(tree->kind, "archive");
	while ((r = tree_next(tree, &entry, &err)) > 0) {
		bool content = entry->value & ATTR_BIT(ATTR_CONTENT);

		count++;
		assert_int_equal(entry_check(entry, &err), 0);
		if (entry->value == ATTR_BIT(ATTR_TYPE)) { /* implied; "/" always is */
			assert_int_equal(entry->type, TYPE_DIR);
			if (entry->path.len > 1)
				(void)buf_printf(out, "%s%.*s/", out->len ? " " : "", (int)entry->path.len,
						 (const char *)entry->path.data);
			continue;
		}
		(void)buf_printf(out, "%s%.*s=%llu", out->len ? " " : "", (int)entry->path.len,
				 (const char *)entry->path.data, (unsigned long long)entry->size);
		if (content)
			(void)buf_printf(out, "#%llu", (unsigned long long)entry->digest_bytes);
		if (entry->problem.len)
			(void)buf_printf(out, "(%.*s)", (int)entry->problem.len, (const char *)entry->problem.data);
		assert_int_equal(entry->none & ATTR_BIT(ATTR_XATTRS), played_gives & ATTR_BIT(ATTR_XATTRS));
		assert_false(entry->none & ATTR_BIT(ATTR_CTIME));
	}
	if (r < 0)
		fail_msg("%s", err.message);
	result = evidence_result(evidence);
	assert_string_equal(result->ended, "");
	assert_true(result->whole);
	assert_int_equal(result->archive->entries, 3);
	assert_int_equal(result->examined, count);
	for (uint64_t i = 0; i < result->problems; i++) {
		struct bytes path;
		const char *line;

		assert_true(evidence_problem(evidence, i, &path, &line));
		(void)buf_printf(out, " !%.*s: %s", (int)path.len, (const char *)path.data, line);
	}
}

struct row {
	const char *what;
	struct member members[MEMBERS_MAX];
	const char *tree;
};

static void check(const struct policy *policy, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT;

		render(policy, rows[i].members, &out);
		if (strcmp(buf_str(&out), rows[i].tree) != 0)
			fail_msg("%s: '%s', not '%s'", rows[i].what, buf_str(&out), rows[i].tree);
	}
}

static void any_order(void **state)
{
	static const struct row rows[] = {
		{ "nothing", { { NULL, NULL, 0 } }, "" },
		{ "sorted",
		  { { "/b", NULL, 1 }, { "/a/", NULL, 0 }, { "/a-b", NULL, 2 }, { "/a/c", NULL, 3 } },
		  "/a=0 /a-b=2 /a/c=3 /b=1" },
		{ "parents that are no members",
		  { { "/x/y/z", NULL, 1 }, { "/a/b", NULL, 2 } },
		  "/a/ /a/b=2 /x/ /x/y/ /x/y/z=1" },
		{ "a parent that comes later, or again",
		  { { "/a/b/c", NULL, 1 },
		    { "/x", NULL, 2 },
		    { "/a/b/", NULL, 0 },
		    { "/y", NULL, 3 },
		    { "/a/b/d", NULL, 4 } },
		  "/a/ /a/b=0 /a/b/c=1 /a/b/d=4 /x=2 /y=3" },
		{ "the last wins", { { "/a", NULL, 1 }, { "/b", NULL, 2 }, { "/a", NULL, 3 } }, "/a=3 /b=2" },
		{ "a file where a directory was", { { "/a/", NULL, 0 }, { "/a", NULL, 3 } }, "/a=3" },
		{ "below a file",
		  { { "/a", NULL, 1 }, { "/a/b", NULL, 2 }, { "/a/b/c", NULL, 3 }, { "/a-", NULL, 4 } },
		  "/a=1 /a-=4 !/a/b: its folder is no directory in this archive !/a/b/c: its folder is no directory in "
		  "this archive" },
		{ "a link", { { "/b", NULL, 7 }, { "/a", "/b", 0 } }, "/a=7 /b=7" },
		{ "a link before its target", { { "/a", "/b", 0 }, { "/b", NULL, 7 } }, "/a=7 /b=7" },
		{ "a chain",
		  { { "/d", NULL, 7 }, { "/c", "/d", 0 }, { "/b", "/c", 0 }, { "/a", "/b", 0 } },
		  "/a=7 /b=7 /c=7 /d=7" },
		{ "a file over a link", { { "/b", NULL, 7 }, { "/a", "/b", 0 }, { "/a", NULL, 1 } }, "/a=1 /b=7" },
		{ "a link over a file", { { "/b", NULL, 7 }, { "/a", NULL, 1 }, { "/a", "/b", 0 } }, "/a=7 /b=7" },
		{ "many links to one",
		  { { "/m", NULL, 7 }, { "/z", "/m", 0 }, { "/b", "/m", 0 }, { "/a", "/m", 0 }, { "/n", "/m", 0 } },
		  "/a=7 /b=7 /m=7 /n=7 /z=7" },
		{ "links to two",
		  { { "/m", NULL, 7 }, { "/n", NULL, 8 }, { "/z", "/m", 0 }, { "/b", "/n", 0 } },
		  "/b=8 /m=7 /n=8 /z=7" },
		{ "no target",
		  { { "/b", NULL, 7 }, { "/a", "/c", 0 } },
		  "/b=7 !/a: a hard link to '/c', which is not in the archive" },
		{ "to itself",
		  { { "/a", "/a", 0 }, { "/b", NULL, 1 } },
		  "/b=1 !/a: a hard link to '/a', which leads from link to link without end" },
		{ "in a circle",
		  { { "/a", "/b", 0 }, { "/b", "/a", 0 } },
		  " !/b: a hard link to '/a', which leads from link to link without end"
		  " !/a: a hard link to '/b', which leads from link to link without end" },
	};

	(void)state;
	played_gives = 0;
	check(NULL, rows, ARRAY_SIZE(rows));
}

/* What counts is the name, not under which the content stands. */
static void by_policy(void **state)
{
	static const struct row rows[] = {
		{ "out of scope",
		  { { "/opt/x", NULL, 7 }, { "/etc/a", NULL, 3 }, { "/etc/b", "/etc/a", 0 } },
		  "/etc/ /etc/a=3#3 /etc/b=3#3" },
		{ "a link in scope to what is not",
		  { { "/opt/x", NULL, 7 }, { "/etc/a", "/opt/x", 0 } },
		  "/etc/ /etc/a=7(its content was not read under its other name)" },
		{ "a link out of scope", { { "/etc/a", NULL, 7 }, { "/opt/x", "/etc/a", 0 } }, "/etc/ /etc/a=7#7" },
		{ "through a link out of scope",
		  { { "/etc/a", NULL, 7 }, { "/opt/x", "/etc/a", 0 }, { "/etc/b", "/opt/x", 0 } },
		  "/etc/ /etc/a=7#7 /etc/b=7#7" },
		{ "content not wanted here",
		  { { "/etc/a", NULL, 7 }, { "/etc/meta", "/etc/a", 0 } },
		  "/etc/ /etc/a=7#7 /etc/meta=7" },
		{ "content not wanted there",
		  { { "/etc/meta", NULL, 7 }, { "/etc/a", "/etc/meta", 0 } },
		  "/etc/ /etc/a=7(its content was not read under its other name) /etc/meta=7" },
		{ "too large", { { "/etc/a", NULL, 2000 } }, "/etc/ /etc/a=2000(larger than max_content, 1000 bytes)" },
	};
	CLEANUP(policy_freep)
	struct policy *policy = policy_of("version: 1\nmax_content: 1000\nrules:\n  - path: /etc\n    profile: static\n"
					  "  - path: /etc/meta\n    profile: owner\n");

	(void)state;
	played_gives = ATTR_BIT(ATTR_XATTRS);
	check(policy, rows, ARRAY_SIZE(rows));
}

/* What there is no more room for is there all the same: nobody may call it removed. */
static void links_beyond_the_bound(void **state)
{
	static const struct member members[MEMBERS_MAX] = { { "/a", NULL, 7 }, { "/b", "/a", 0 } };
	CLEANUP(evidence_freep) struct evidence *evidence = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	struct evidence_job job = job_of(EVIDENCE_ARCHIVE);
	const struct entry *entry;
	struct err err = ERR_INIT;

	(void)state;
	played = members;
	TRY(evidence_start_as(&job, NULL, play, &evidence, &try_err));
	evidence->linked_bytes = LINKED_BYTES_MAX;
	TRY(evidence_tree(evidence, &tree, &try_err));
	for (const char *const *path = (const char *const[]){ "/", "/a", "/b", NULL }; *path; path++) {
		assert_int_equal(tree_next(tree, &entry, &err), 1);
		assert_true(bytes_equal(entry->path, bytes_of(*path)));
		assert_int_equal(entry_check(entry, &err), 0);
	}
	assert_int_equal(entry->value | entry->none, 0);
	assert_true(entry->failed & ATTR_BIT(ATTR_CONTENT));
	assert_true(entry->problem.len > 0);
	assert_int_equal(tree_next(tree, &entry, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_beyond_the_bound),
		cmocka_unit_test(any_order),
		cmocka_unit_test(by_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
