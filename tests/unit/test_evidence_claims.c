/* test_evidence_claims.c - records that a parser's child could write, one after another: which of them its parent believes. */
#include "evidence_fixture.h"

#include "base/quote.h"

enum { STEPS_MAX = 8 };

/* A record in one word: its kind, then what belongs to it. */
struct step {
	enum tag tag;
	const char *path, *other;
};

struct row {
	const char *what;
	enum evidence_kind kind;
	struct step steps[STEPS_MAX];
	const char *refused; /* a part of the message for the last step; NULL: all are believed */
};

static void add_step(struct buf *out, const struct step *step)
{
	size_t place;

	if (step->tag == TAG_ENTRY || step->tag == TAG_TARGET) {
		struct entry entry = entry_of_line(step->path, 1);

		if (step->other)
			entry.path = bytes_of(step->path); /* as it stands */
		wire_entry(out, step->tag, &entry);
		return;
	}
	if (step->tag == TAG_PROBLEM) { /* not by wire_problem(), which would mend it */
		place = wire_begin(out, TAG_PROBLEM);
		wire_text(out, bytes_of(step->path));
		wire_text(out, bytes_of(step->other));
		wire_end(out, place);
		return;
	}
	place = wire_begin(out, step->tag);
	switch (step->tag) {
	case TAG_CONFINED:
		(void)buf_add(out, "\1\1", 2);
		break;
	case TAG_WAY:
		(void)buf_add_str(out, step->path);
		break;
	case TAG_LINK:
		wire_text(out, bytes_of(step->path));
		wire_text(out, bytes_of(step->other));
		break;
	case TAG_END:
		(void)buf_add_byte(out, step->path == NULL);
		wire_text(out, bytes_of(step->path ? step->path : ""));
		break;
	case TAG_EXTFS:
	case TAG_ARCHIVE:
	case TAG_DIGEST:
	case TAG_FSTAB:
	case TAG_PARTITIONS: {
		static const struct partitions none;
		static const struct fstab empty;

		out->len = place;
		if (step->tag == TAG_EXTFS)
			wire_extfs(out, &(struct extfs_info){ .type = "ext4", .label = "\xff raw" });
		else if (step->tag == TAG_ARCHIVE)
			wire_archive(out, &(struct archive_info){ .gives = ATTR_BIT(ATTR_XATTRS) });
		else if (step->tag == TAG_DIGEST)
			wire_digest(out, &(struct disk_digest){ .stored_md5 = STORED_RIGHT });
		else if (step->tag == TAG_FSTAB)
			wire_fstab(out, &empty);
		else
			wire_partitions(out, &none);
		return;
	}
	case TAG_RANGES:
	case TAG_STATS:
	case TAG_ENTRY:
	case TAG_TARGET:
	case TAG_PROBLEM:
	default:
		if (step->path)
			(void)buf_add(out, step->path,
				      step->other ? (size_t)(unsigned char)step->other[0] : strlen(step->path));
		break;
	}
	wire_end(out, place);
}

#define BEGIN                                                                                                          \
	{ TAG_CONFINED, NULL, NULL },                                                                                  \
	{                                                                                                              \
		TAG_EXTFS, NULL, NULL                                                                                  \
	}
#define ROOT                                                                                                           \
	{                                                                                                              \
		TAG_ENTRY, "/", NULL                                                                                   \
	}
#define ENTRY(path)                                                                                                    \
	{                                                                                                              \
		TAG_ENTRY, path, NULL                                                                                  \
	}
#define AS_IS(path)                                                                                                    \
	{                                                                                                              \
		TAG_ENTRY, path, ""                                                                                    \
	}
#define END                                                                                                            \
	{                                                                                                              \
		TAG_END, NULL, NULL                                                                                    \
	}
#define EXTFS   EVIDENCE_EXTFS
#define ARCHIVE EVIDENCE_ARCHIVE
#define CONFINED                                                                                                       \
	{                                                                                                              \
		TAG_CONFINED, NULL, NULL                                                                               \
	}

static const struct row rows[] = {
	{ "a small tree", EXTFS, { BEGIN, ROOT, ENTRY("/a/"), ENTRY("/a-b"), ENTRY("/a/c"), END }, NULL },
	{ "a way for an entry",
	  EXTFS,
	  { BEGIN, { TAG_WAY, "/", NULL }, { TAG_WAY, "/a", NULL }, ENTRY("/a/b") },
	  NULL },
	{ "names that sort before the slash",
	  EXTFS,
	  { BEGIN, ROOT, ENTRY("/a/"), ENTRY("/a!/"), ENTRY("/a!/x"), ENTRY("/a/x") },
	  NULL },
	{ "the end says why", EXTFS, { BEGIN, ROOT, { TAG_END, "damaged", NULL } }, NULL },
	{ "nothing but an end that says why", EXTFS, { { TAG_END, "cannot be confined", NULL } }, NULL },
	{ "partitions", EVIDENCE_PARTITIONS, { CONFINED, { TAG_PARTITIONS, NULL, NULL }, END }, NULL },
	{ "an fstab", EVIDENCE_FSTAB, { CONFINED, { TAG_FSTAB, NULL, NULL }, END }, NULL },
	{ "a digest", EVIDENCE_HASH, { CONFINED, { TAG_DIGEST, NULL, NULL }, END }, NULL },
	{ "an archive",
	  ARCHIVE,
	  { CONFINED,
	    ENTRY("/b/c"),
	    ENTRY("/a"),
	    { TAG_LINK, "/z", "/a" },
	    { TAG_TARGET, "/q", NULL },
	    { TAG_ARCHIVE, NULL, NULL },
	    END },
	  NULL },
	{ "ranges", EXTFS, { BEGIN, { TAG_RANGES, "AAAAAAA\0AAAAAAA\0", "\20" } }, NULL },

	{ "entries before the beginning", EXTFS, { ROOT }, "before the beginning" },
	{ "entries before the file system", EXTFS, { CONFINED, ROOT }, "none is due" },
	{ "two beginnings", EXTFS, { CONFINED, CONFINED }, "malformed beginning" },
	{ "two file systems", EXTFS, { BEGIN, { TAG_EXTFS, NULL, NULL } }, "not due" },
	{ "an archive's facts", EXTFS, { BEGIN, { TAG_ARCHIVE, NULL, NULL } }, "not due" },
	{ "partitions of a tree", EXTFS, { BEGIN, { TAG_PARTITIONS, NULL, NULL } }, "none are due" },
	{ "twice", EXTFS, { BEGIN, ROOT, ENTRY("/a"), ENTRY("/a") }, "'/a': out of order" },
	{ "the root twice", EXTFS, { BEGIN, ROOT, ROOT }, "'/': out of order" },
	{ "out of order", EXTFS, { BEGIN, ROOT, ENTRY("/b"), ENTRY("/a") }, "'/a': out of order" },
	{ "in a listing's order",
	  EXTFS,
	  { BEGIN, ROOT, ENTRY("/a/"), ENTRY("/a/c"), ENTRY("/a-b") },
	  "'/a-b': out of order" },
	{ "without a parent", EXTFS, { BEGIN, ROOT, ENTRY("/a/b") }, "'/a/b': no directory" },
	{ "without a root", EXTFS, { BEGIN, ENTRY("/a") }, "'/a': no directory" },
	{ "below a file", EXTFS, { BEGIN, ROOT, ENTRY("/a"), ENTRY("/a/b") }, "'/a/b': no directory" },
	{ "a parent that was passed",
	  EXTFS,
	  { BEGIN, ROOT, ENTRY("/a/"), ENTRY("/b/"), ENTRY("/bb/c") },
	  "'/bb/c': no directory" },
	{ "dots", EXTFS, { BEGIN, ROOT, AS_IS("/a/../b") }, "path no file can have" },
	{ "one dot", EXTFS, { BEGIN, ROOT, AS_IS("/./b") }, "path no file can have" },
	{ "a slash at its end", EXTFS, { BEGIN, ROOT, AS_IS("/b/") }, "path no file can have" },
	{ "two slashes", EXTFS, { BEGIN, ROOT, AS_IS("//b") }, "path no file can have" },
	{ "relative", EXTFS, { BEGIN, ROOT, AS_IS("b") }, "path no file can have" },
	{ "no path", EXTFS, { BEGIN, ROOT, AS_IS("") }, "path no file can have" },
	{ "a link in a file system", EXTFS, { BEGIN, ROOT, { TAG_LINK, "/a", "/b" } }, "malformed link" },
	{ "a target in a file system", EXTFS, { BEGIN, ROOT, { TAG_TARGET, "/a", NULL } }, "none is due" },
	{ "a way in an archive", ARCHIVE, { CONFINED, { TAG_WAY, "/a", NULL } }, "malformed directory" },
	{ "an impossible way", EXTFS, { BEGIN, { TAG_WAY, "/a/..", NULL } }, "malformed directory" },
	{ "an archive's impossible name", ARCHIVE, { CONFINED, AS_IS("/../x") }, "path no file can have" },
	{ "a link out of the archive", ARCHIVE, { CONFINED, { TAG_LINK, "/a", "/../x" } }, "malformed link" },
	{ "whole without facts", ARCHIVE, { CONFINED, ENTRY("/a"), END }, "too early" },
	{ "whole without an fstab", EVIDENCE_FSTAB, { CONFINED, END }, "too early" },
	{ "an fstab of a whole file system", EVIDENCE_EXTFS, { CONFINED, { TAG_FSTAB, NULL, NULL } }, "none is due" },
	{ "two of them",
	  EVIDENCE_FSTAB,
	  { CONFINED, { TAG_FSTAB, NULL, NULL }, { TAG_FSTAB, NULL, NULL } },
	  "none is due" },
	{ "whole without a digest", EVIDENCE_HASH, { CONFINED, END }, "too early" },
	{ "whole without partitions", EVIDENCE_PARTITIONS, { CONFINED, END }, "too early" },
	{ "whole without a beginning", EXTFS, { END }, "too early" },
	{ "behind the end", EXTFS, { BEGIN, ROOT, END, ENTRY("/a") }, "behind the end" },
	{ "two ends", EXTFS, { BEGIN, ROOT, END, END }, "behind the end" },
	{ "an escape sequence at the end", EXTFS, { BEGIN, { TAG_END, "\33[2J", NULL } }, "malformed end" },
	{ "an escape sequence in a problem", EXTFS, { BEGIN, { TAG_PROBLEM, "/a", "\33[2J" } }, "malformed problem" },
	{ "two lines in a problem", EXTFS, { BEGIN, { TAG_PROBLEM, "/a", "a\nb" } }, "malformed problem" },
	{ "a problem of nothing", EXTFS, { BEGIN, { TAG_PROBLEM, "a", "b" } }, "malformed problem" },
	{ "an empty problem", EXTFS, { BEGIN, { TAG_PROBLEM, "/a", "" } }, "malformed problem" },
	{ "an empty range",
	  EXTFS,
	  { BEGIN, { TAG_RANGES, "AAAAAAAA\0\0\0\0\0\0\0\0", "\20" } },
	  "malformed unreadable" },
	{ "half a range", EXTFS, { BEGIN, { TAG_RANGES, "AAAAAAAA", NULL } }, "malformed unreadable" },
	{ "ranges that overlap",
	  EXTFS,
	  { BEGIN, { TAG_RANGES, "AAAAAAA\0AAAAAAA\0BAAAAAA\0AAAAAAA\0", "\40" } },
	  "malformed unreadable" },
	{ "half the counts", EXTFS, { BEGIN, { TAG_STATS, "AAAAAAAA", NULL } }, "malformed counts" },
	{ "a kind of its own", EXTFS, { BEGIN, { (enum tag)99, "x", NULL } }, "unknown kind 99" },
	{ "facts cut short", EVIDENCE_HASH, { CONFINED, { (enum tag)TAG_STATS, "", NULL } }, "malformed counts" },
};

/* Feeds the records in BYTES; the answer to the last. */
static int feed(struct claims *claims, const struct buf *bytes, struct err *err)
{
	struct cursor cursor = { bytes->data, bytes->len };
	struct claim claim;
	uint32_t len;
	int r = 0;

	while (r >= 0 && cursor_u32(&cursor, &len)) {
		const unsigned char *data;

		assert_true(cursor_bytes(&cursor, len, &data));
		r = claims_take(claims, data, len, &claim, err);
	}
	return r;
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct evidence_job job = job_of(rows[i].kind);
		struct evidence_result result = { .whole = false };
		CLEANUP(claims_done) struct claims claims;
		CLEANUP(buf_done) struct buf bytes = BUF_INIT;
		struct err err = ERR_INIT;
		int r;

		claims_init(&claims, &job, &result);
		for (size_t j = 0; j < STEPS_MAX && rows[i].steps[j].tag; j++)
			add_step(&bytes, &rows[i].steps[j]);
		r = feed(&claims, &bytes, &err);
		if ((r < 0) != (rows[i].refused != NULL) ||
		    (r < 0 && (r != ERR_DATA || !strstr(err.message, rows[i].refused))))
			fail_msg("%s: %d %s", rows[i].what, r, err.message);
		if (r < 0 && (!wire_is_line(bytes_of(err.message)) || (result.whole && !claims.ended)))
			fail_msg("%s: '%s'", rows[i].what, err.message);
	}
}

/* What stands in the job. */
static void bounds(void **state)
{
	static const struct {
		const char *at, *shadow, *asked, *paths[4], *refused;
	} cases[] = {
		{ "/boot", NULL, NULL, { "/boot/", "/boot/a" }, NULL },
		{ "/boot", NULL, NULL, { "/" }, "'/': outside" },
		{ "/boot", NULL, NULL, { "/boot/", "/bootx" }, "'/bootx': outside" },
		{ "/boot", NULL, NULL, { "/boot/", "/etc" }, "'/etc': outside" },
		{ "/", "/home", NULL, { "/", "/homes" }, NULL },
		{ "/", "/home", NULL, { "/", "/home/" }, "'/home': below a mount point" },
		{ "/", "/home", NULL, { "/", "/home/x" }, "'/home/x': below a mount point" },
		{ "/", NULL, "/etc", { "/etc/", "/etc/passwd" }, NULL },
		{ "/", NULL, "/etc", { "/", "/etc/", "/etc/passwd" }, NULL },
		{ "/", NULL, "/etc/ssh", { "/etc/ssh/", "/etc/ssh/x/", "/etc/ssh/x/y" }, NULL },
		{ "/", NULL, "/etc/ssh", { "/etc/ssh/", "/etc/sshd" }, "'/etc/sshd': not asked for" },
		{ "/", NULL, "/etc/ssh", { "/etc/", "/etc/passwd" }, "'/etc/passwd': not asked for" },
		{ "/", NULL, "/etc", { "/etc/", "/etc/x/y" }, "'/etc/x/y': no directory" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct evidence_job job = job_of(EVIDENCE_EXTFS);
		struct evidence_result result = { .whole = false };
		struct bytes shadow = cases[i].shadow ? bytes_of(cases[i].shadow) : (struct bytes){ NULL, 0 };
		struct bytes asked = cases[i].asked ? bytes_of(cases[i].asked) : (struct bytes){ NULL, 0 };
		CLEANUP(claims_done) struct claims claims;
		CLEANUP(buf_done) struct buf bytes = BUF_INIT;
		struct err err = ERR_INIT;
		int r;

		job.at = bytes_of(cases[i].at);
		job.shadows = &shadow;
		job.shadow_count = shadow.len > 0;
		job.paths = &asked;
		job.path_count = asked.len > 0;
		claims_init(&claims, &job, &result);
		add_step(&bytes, &(struct step){ TAG_CONFINED, NULL, NULL });
		add_step(&bytes, &(struct step){ TAG_EXTFS, NULL, NULL });
		for (size_t j = 0; j < 4 && cases[i].paths[j]; j++)
			add_step(&bytes, &(struct step){ TAG_ENTRY, cases[i].paths[j], NULL });
		r = feed(&claims, &bytes, &err);
		if ((r < 0) != (cases[i].refused != NULL) || (r < 0 && !strstr(err.message, cases[i].refused)))
			fail_msg("case %zu: %d %s", i, r, err.message);
	}
}

/* Every beginning of a good record is refused, or is a good record itself (a shorter way, say); nothing beyond is read. */
static void truncated(void **state)
{
	static const struct step steps[] = {
		{ TAG_ENTRY, "/a", NULL },      { TAG_LINK, "/a", "/b" },    { TAG_PROBLEM, "/a", "what" },
		{ TAG_PARTITIONS, NULL, NULL }, { TAG_ARCHIVE, NULL, NULL }, { TAG_DIGEST, NULL, NULL },
		{ TAG_EXTFS, NULL, NULL },      { TAG_END, NULL, NULL },     { TAG_CONFINED, NULL, NULL },
	};
	static const enum evidence_kind kinds[] = { EVIDENCE_PARTITIONS, EVIDENCE_EXTFS, EVIDENCE_ARCHIVE,
						    EVIDENCE_HASH };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps) * ARRAY_SIZE(kinds); i++) {
		struct evidence_job job = job_of(kinds[i % ARRAY_SIZE(kinds)]);
		CLEANUP(buf_done) struct buf bytes = BUF_INIT;

		add_step(&bytes, &steps[i / ARRAY_SIZE(kinds)]);
		for (size_t len = 0; len < bytes.len - 4; len++) {
			CLEANUP(freep)
			unsigned char *copy = malloc(len + 1); /* exactly so much: a sanitizer sees an overread */
			struct evidence_result result = { .whole = false };
			CLEANUP(claims_done) struct claims claims;
			struct claim claim;
			struct err err = ERR_INIT;

			assert_non_null(copy);
			memcpy(copy, bytes.data + 4, len);
			claims_init(&claims, &job, &result);
			claims.confined = true;
			assert_int_equal(claims_take(&claims, copy, len, &claim, &err), ERR_DATA);
		}
	}
}

/* Problems are counted, and kept up to a bound. */
static void many_problems(void **state)
{
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	struct evidence_result result = { .whole = false };
	CLEANUP(claims_done) struct claims claims;
	struct bytes path;
	const char *line;

	(void)state;
	claims_init(&claims, &job, &result);
	for (unsigned i = 0; i < CLAIMS_PROBLEMS_MAX + 5; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "number %u", i);
		TRY(claims_problem(&claims, bytes_of("/x"), text, &try_err));
	}
	assert_int_equal(result.problems, CLAIMS_PROBLEMS_MAX + 5);
	assert_true(claims_get_problem(&claims, 0, &path, &line));
	assert_string_equal(line, "number 0");
	assert_int_equal(path.len, 2);
	assert_true(claims_get_problem(&claims, CLAIMS_PROBLEMS_MAX - 1, &path, &line));
	assert_string_equal(line, "number 9999");
	assert_false(claims_get_problem(&claims, CLAIMS_PROBLEMS_MAX, &path, &line));
}

/* Nor do few with long paths fill the memory. */
static void long_problems(void **state)
{
	enum { COUNT = CLAIMS_PROBLEMS_BYTES / PATH_MAX_BYTES + 20 };
	static unsigned char path[PATH_MAX_BYTES];
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	struct evidence_result result = { .whole = false };
	CLEANUP(claims_done) struct claims claims;

	(void)state;
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	claims_init(&claims, &job, &result);
	for (unsigned i = 0; i < COUNT; i++)
		TRY(claims_problem(&claims, (struct bytes){ path, sizeof(path) }, "line", &try_err));
	assert_int_equal(result.problems, COUNT);
	assert_true(claims.lines.len <= CLAIMS_PROBLEMS_BYTES + 2 * PATH_MAX_BYTES);
}

/* What an archive's members are in a spill, beyond any real one's. */
static void member_bytes(void **state)
{
	struct evidence_job job = job_of(EVIDENCE_ARCHIVE);
	struct evidence_result result = { .whole = false };
	CLEANUP(claims_done) struct claims claims;
	CLEANUP(buf_done) struct buf record = BUF_INIT;
	struct entry entry = entry_of_line("/some/name", 1);
	struct err err = ERR_INIT;
	struct claim claim;

	(void)state;
	claims_init(&claims, &job, &result);
	claims.confined = true;
	wire_entry(&record, TAG_ENTRY, &entry);
	assert_int_equal(claims_take(&claims, record.data + 4, record.len - 4, &claim, &err), 1);
	assert_true(claims.member_bytes > 0 && claims.member_bytes < record.len);
	claims.member_bytes = CLAIMS_MEMBER_BYTES_MAX - 1;
	assert_int_equal(claims_take(&claims, record.data + 4, record.len - 4, &claim, &err), ERR_DATA);
	assert_string_equal(err.message, "more than 32 GiB of members, without their contents");
	assert_int_equal(result.entries, 1);
}

/* The last path that is believed may be a directory on the way. */
static void last_path(void **state)
{
	static const unsigned char record[] = { TAG_WAY, '/', 'a' };
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	struct evidence_result result = { .whole = false };
	CLEANUP(claims_done) struct claims claims = { .job = NULL };
	struct claim claim;

	(void)state;
	claims_init(&claims, &job, &result);
	claims.confined = claims.has_extfs = true;
	TRY(claims_take(&claims, record, 2, &claim, &try_err));
	TRY(claims_take(&claims, record, 3, &claim, &try_err));
	assert_true(bytes_equal(result.last, bytes_of("/a")));
}

/* Facts come out as they went in; lines that a terminal must not see come quoted, and cut where they are too long. */
static void facts(void **state)
{
	struct evidence_job job = job_of(EVIDENCE_PARTITIONS);
	struct evidence_result result = { .whole = false };
	CLEANUP(claims_done) struct claims claims;
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	static struct partitions in;
	struct err err = ERR_INIT;

	(void)state;
	in = (struct partitions){ .table = "gpt", .problem = "a \x1b[31mred\nline", .count = 2, .beyond = 3 };
	in.partitions[0] =
		(struct partition){ .number = 1, .offset = 1048576, .size = 4096, .type = "ext4", .label = "a\xff" };
	in.partitions[1] = (struct partition){ .number = 2, .offset = 2097152, .size = INT64_MAX - 2097152 };
	memset(in.partitions[1].problem, '\\', sizeof(in.partitions[1].problem) - 1);
	claims_init(&claims, &job, &result);
	add_step(&bytes, &(struct step){ TAG_CONFINED, NULL, NULL });
	wire_partitions(&bytes, &in);
	assert_int_equal(feed(&claims, &bytes, &err), 0);
	assert_string_equal(result.partitions->table, "gpt");
	assert_string_equal(result.partitions->problem, "a \\x1b[31mred\\x0aline");
	assert_int_equal(result.partitions->count, 2);
	assert_int_equal(result.partitions->beyond, 3);
	assert_string_equal(result.partitions->partitions[0].label, "a\xff");
	assert_int_equal(result.partitions->partitions[1].size, in.partitions[1].size);
	assert_string_equal(result.partitions->partitions[1].problem, in.partitions[1].problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),         cmocka_unit_test(bounds),        cmocka_unit_test(truncated),
		cmocka_unit_test(many_problems), cmocka_unit_test(long_problems), cmocka_unit_test(facts),
		cmocka_unit_test(member_bytes),  cmocka_unit_test(last_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
