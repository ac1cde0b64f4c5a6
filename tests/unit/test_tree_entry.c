/* test_tree_entry.c - canonical bytes, copies and differences of entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tree_fixture.h"

/* Byte fields by content, everything else as numbers; only what the states say is there. */
static void assert_same(const struct entry *a, const struct entry *b)
{
	assert_int_equal(a->value, b->value);
	assert_int_equal(a->none, b->none);
	assert_int_equal(a->failed, b->failed);
	assert_int_equal(entry_differs(a, b), 0);
	assert_int_equal(entry_incomparable(a, b), 0);
	assert_true(bytes_equal(a->user, b->user) && bytes_equal(a->group, b->group));
	assert_true(bytes_equal(a->problem, b->problem));
	assert_int_equal(a->dev_major, b->dev_major);
	assert_int_equal(a->dev_minor, b->dev_minor);
	assert_int_equal(a->blocks, b->blocks);
	assert_int_equal(a->since, b->since);
	assert_int_equal(a->head, b->head);
	assert_int_equal(a->racy, b->racy);
	assert_int_equal(a->xattr_count, b->xattr_count);
	for (size_t i = 0; i < a->xattr_count; i++) {
		assert_true(bytes_equal(a->xattrs[i].name, b->xattrs[i].name));
		assert_true(bytes_equal(a->xattrs[i].value, b->xattrs[i].value));
	}
}

static void random_entries_survive(void **state)
{
	CLEANUP(buf_done) struct buf bytes = BUF_INIT, again = BUF_INIT, space = BUF_INIT;
	struct random random = { 1 };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		CLEANUP(entry_copy_freep) struct entry_copy *copy = NULL;
		struct fixture_entry fixture;
		struct entry decoded = { .value = 0 };
		struct err err = ERR_INIT;

		fixture_random(&random, &fixture);
		fixture.entry.path = bytes_of("/some/path");
		assert_int_equal(entry_check(&fixture.entry, &err), 0);
		buf_clear(&bytes);
		assert_int_equal(entry_encode(&fixture.entry, &bytes), 0);
		assert_int_equal(entry_decode(bytes.data, bytes.len, &space, &decoded, &err), 0);
		assert_same(&fixture.entry, &decoded);
		buf_clear(&again);
		assert_int_equal(entry_encode(&decoded, &again), 0);
		assert_true(again.len == bytes.len && memcmp(again.data, bytes.data, bytes.len) == 0);
		assert_int_equal(entry_copy(&fixture.entry, &copy, &err), 0);
		assert_same(&fixture.entry, &copy->entry);
		assert_true(bytes_equal(copy->entry.path, fixture.entry.path));
		assert_ptr_not_equal(copy->entry.path.data, fixture.entry.path.data);
	}
}

/* Whatever decodes is what entry_encode() writes for it: one entry has one encoding. */
static void damaged_bytes(void **state)
{
	CLEANUP(buf_done) struct buf bytes = BUF_INIT, again = BUF_INIT, space = BUF_INIT;
	struct random random = { 2 };
	unsigned refused = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct fixture_entry fixture;

		fixture_random(&random, &fixture);
		buf_clear(&bytes);
		assert_int_equal(entry_encode(&fixture.entry, &bytes), 0);
		for (int j = 0; j < 200; j++) {
			struct entry decoded = { .value = 0 };
			struct err err = ERR_INIT;
			size_t at = random_below(&random, bytes.len < 600 ? bytes.len : 600);
			unsigned char old = bytes.data[at];
			size_t len = random_below(&random, 8) ? bytes.len : random_below(&random, bytes.len);
			int r;

			bytes.data[at] = (unsigned char)random_next(&random);
			r = entry_decode(bytes.data, len, &space, &decoded, &err);
			buf_clear(&again);
			if (r == 0) {
				assert_int_equal(entry_encode(&decoded, &again), 0);
				assert_true(again.len == len && memcmp(again.data, bytes.data, len) == 0);
			} else {
				assert_int_equal(r, ERR_DATA);
				refused++;
			}
			bytes.data[at] = old;
		}
	}
	assert_true(refused > 1000);
}

static void truncated_bytes(void **state)
{
	CLEANUP(buf_done) struct buf bytes = BUF_INIT, space = BUF_INIT;
	struct entry entry = { .value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE), .type = TYPE_DIR, .mode = 0755 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(entry_encode(&entry, &bytes), 0);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(entry_decode(bytes.data, len, &space, &entry, &err), ERR_DATA);
	assert_int_equal(buf_add_byte(&bytes, 0), 0);
	assert_int_equal(entry_decode(bytes.data, bytes.len, &space, &entry, &err), ERR_DATA);
}

/* Known bytes: what docs/FORMATS.md says. */
static void known_bytes(void **state)
{
	static const unsigned char expected[] = {
		1, /* version */
		1,  12, 0, 0, 0, 0x0d, 0, 0, 0, 0x20, 0,   0,   0,   0, 0, 0, 0, /* states */
		2,  1,  0, 0, 0, 1, /* type file */
		4,  8,  0, 0, 0, 0xe8, 3, 0, 0, 'r',  'o', 'o', 't', /* owner */
		5,  4,  0, 0, 0, 5,    0, 0, 0, /* group, no name */
		17, 8,  0, 0, 0, 8,    0, 0, 0, 1,    0,   0,   0, /* device */
		18, 8,  0, 0, 0, 16,   0, 0, 0, 0,    0,   0,   0, /* blocks */
		19, 6,  0, 0, 0, 7,    0, 0, 0, 2,    1, /* recorded */
	};
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	struct entry entry = {
		.value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP),
		.none = ATTR_BIT(ATTR_CONTENT),
		.type = TYPE_FILE,
		.uid = 1000,
		.user = bytes_of("root"),
		.gid = 5,
		.dev_major = 8,
		.dev_minor = 1,
		.blocks = 16,
		.since = 7,
		.head = HEAD_ELF,
		.racy = true,
	};

	(void)state;
	assert_int_equal(entry_encode(&entry, &bytes), 0);
	assert_int_equal(bytes.len, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
}

static void malformed_entries(void **state)
{
	static const struct xattr out_of_order[] = { { { (const unsigned char *)"user.b", 6 }, { NULL, 0 } },
						     { { (const unsigned char *)"user.a", 6 }, { NULL, 0 } } };
	static const struct xattr nameless[] = { { { NULL, 0 }, { NULL, 0 } } };
	const struct entry rows[] = {
		{ .value = 1u << ATTR_COUNT },
		{ .value = ATTR_BIT(ATTR_SIZE), .none = ATTR_BIT(ATTR_SIZE) },
		{ .none = ATTR_BIT(ATTR_SIZE), .failed = ATTR_BIT(ATTR_SIZE) },
		{ .value = ATTR_BIT(ATTR_TYPE) },
		{ .value = ATTR_BIT(ATTR_TYPE), .type = (enum file_type)8 },
		{ .value = ATTR_BIT(ATTR_MODE), .mode = 010000 },
		{ .value = ATTR_BIT(ATTR_MTIME), .mtime = { 0, 1000000000 } },
		{ .value = ATTR_BIT(ATTR_FLAGS), .flags = 64 },
		{ .head = 3 },
		{ .problem = bytes_of("nothing failed") },
		{ .failed = 1, .problem = bytes_of("two\nlines") },
		{ .value = ATTR_BIT(ATTR_ACL) },
		{ .value = ATTR_BIT(ATTR_XATTRS), .xattrs = out_of_order, .xattr_count = 2 },
		{ .value = ATTR_BIT(ATTR_XATTRS), .xattrs = nameless, .xattr_count = 1 },
		{ .none = ATTR_BIT(ATTR_XATTRS), .xattrs = out_of_order, .xattr_count = 1 },
		{ .target = { (const unsigned char *)"", ENTRY_MAX_BYTES } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(entry_check(&rows[i], &err), ERR_DATA);
	}
}

/* --- differences --- */

enum state { STATE_VALUE, STATE_OTHER_VALUE, STATE_NONE, STATE_FAILED, STATE_UNRECORDED, STATE_COUNT };

/* An entry with one attribute in one state; SPACE holds its xattr. */
static struct entry with_state(enum attr attr, enum state state, struct xattr *space)
{
	static const char *const xattr_names[ATTR_COUNT] = {
		[ATTR_XATTRS] = "user.x",
		[ATTR_ACL] = "system.posix_acl_default",
		[ATTR_CAPS] = "security.capability",
		[ATTR_SELINUX] = "security.selinux",
	};
	struct entry entry = { .value = 0 };
	bool other = state == STATE_OTHER_VALUE;

	if (state == STATE_NONE)
		entry.none = ATTR_BIT(attr);
	if (state == STATE_FAILED)
		entry.failed = ATTR_BIT(attr);
	if (state > STATE_OTHER_VALUE)
		return entry;
	entry.value = ATTR_BIT(attr);
	entry.type = other ? TYPE_DIR : TYPE_FILE;
	entry.mode = other ? 04755 : 0755;
	entry.uid = entry.gid = other;
	entry.size = entry.inode = entry.links = other;
	entry.digest[DIGEST_BYTES - 1] = other;
	entry.mtime.nsec = entry.ctime.nsec = other;
	entry.btime.sec = other;
	entry.target = bytes_of(other ? "a" : "");
	entry.rdev_minor = other;
	entry.flags = other ? FLAG_IMMUTABLE : 0;
	if (xattr_names[attr]) {
		*space = (struct xattr){ bytes_of(xattr_names[attr]), bytes_of(other ? "1" : "") };
		entry.xattrs = space;
		entry.xattr_count = 1;
	}
	return entry;
}

/* For every attribute and every pair of states. */
static void states_against_states(void **state)
{
	(void)state;
	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		for (unsigned i = 0; i < STATE_COUNT * STATE_COUNT; i++) {
			enum state left = i / STATE_COUNT, right = i % STATE_COUNT;
			struct xattr a_space, b_space;
			struct entry a = with_state((enum attr)attr, left, &a_space);
			struct entry b = with_state((enum attr)attr, right, &b_space);
			bool known = left <= STATE_NONE && right <= STATE_NONE;
			bool one = (left <= STATE_NONE) != (right <= STATE_NONE);

			assert_int_equal(entry_differs(&a, &b), known && left != right ? ATTR_BIT(attr) : 0);
			assert_int_equal(entry_incomparable(&a, &b), one ? ATTR_BIT(attr) : 0);
		}
	}
}

/* Times of an archive without fractions, and a label with and without the NUL that the kernel puts behind it. */
static void as_well_as_told(void **state)
{
	const uint32_t times = ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME);
	struct xattr with = { bytes_of("security.selinux"), { (const unsigned char *)"a:b:c:d", 8 } };
	struct xattr without = { bytes_of("security.selinux"), bytes_of("a:b:c:d") };
	struct entry a = { .value = times, .mtime = { 7, 1 }, .ctime = { 7, 1 } };
	struct entry b = { .value = times, .mtime = { 7, 0 }, .ctime = { 8, 0 } };

	(void)state;
	assert_int_equal(entry_differs(&a, &b), times);
	b.whole_seconds = true;
	assert_int_equal(entry_differs(&a, &b), ATTR_BIT(ATTR_CTIME));
	assert_int_equal(entry_differs(&b, &a), ATTR_BIT(ATTR_CTIME));
	a = b = (struct entry){ .value = ATTR_BIT(ATTR_SELINUX), .xattrs = &with, .xattr_count = 1 };
	b.xattrs = &without;
	assert_int_equal(entry_differs(&a, &b), 0);
	without.value.len--;
	assert_int_equal(entry_differs(&a, &b), ATTR_BIT(ATTR_SELINUX));
}

static void finer_differences(void **state)
{
	struct entry a = { .value = ATTR_BIT(ATTR_CONTENT), .digest_bytes = 10 };
	struct entry b = a;
	struct xattr two[] = { { bytes_of("user.a"), bytes_of("") }, { bytes_of("user.b"), bytes_of("") } };

	(void)state;
	b.digest_bytes = 11;
	assert_int_equal(entry_differs(&a, &b), ATTR_BIT(ATTR_CONTENT));
	a = b = (struct entry){ .value = ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_RDEV) | ATTR_BIT(ATTR_OWNER) };
	b.mtime.sec = 1;
	b.rdev_major = 1;
	b.user = bytes_of("renamed");
	assert_int_equal(entry_differs(&a, &b), ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_RDEV));
	/* an empty value is a value: its name alone makes a difference */
	a = b = (struct entry){ .value = ATTR_BIT(ATTR_XATTRS), .xattrs = two, .xattr_count = 2 };
	b.xattr_count = 1;
	assert_int_equal(entry_differs(&a, &b), ATTR_BIT(ATTR_XATTRS));
	assert_int_equal(entry_differs(&b, &a), ATTR_BIT(ATTR_XATTRS));
	b.xattrs = two + 1;
	assert_int_equal(entry_differs(&a, &b), ATTR_BIT(ATTR_XATTRS));
}

static void programs(void **state)
{
	static const struct {
		struct entry entry;
		bool program;
	} rows[] = {
		{ { .value = 3, .type = TYPE_FILE, .mode = 0644 }, false },
		{ { .value = 3, .type = TYPE_FILE, .mode = 0645 }, true },
		{ { .value = 3, .type = TYPE_FILE, .mode = 02644 }, true },
		{ { .value = 3, .type = TYPE_FILE, .mode = 01644 }, false },
		{ { .value = 3, .type = TYPE_FILE, .mode = 0644, .head = HEAD_ELF }, true },
		{ { .value = 3, .type = TYPE_FILE, .mode = 0644, .head = HEAD_PLAIN }, false },
		{ { .value = 3, .type = TYPE_DIR, .mode = 0755 }, false },
		{ { .value = 0, .type = TYPE_FILE, .mode = 0755 }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(entry_is_program(&rows[i].entry), rows[i].program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_entries_survive),
		cmocka_unit_test(damaged_bytes),
		cmocka_unit_test(truncated_bytes),
		cmocka_unit_test(known_bytes),
		cmocka_unit_test(malformed_entries),
		cmocka_unit_test(states_against_states),
		cmocka_unit_test(as_well_as_told),
		cmocka_unit_test(finer_differences),
		cmocka_unit_test(programs),
	};

	return cmocka_run_group_tests_name("tree_entry", tests, NULL, NULL);
}
