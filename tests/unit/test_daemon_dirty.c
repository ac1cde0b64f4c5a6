/* The set of dirty names: when a name is due, in which lane, and what forces it. The clock is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "daemon/dirty.h"
#include "daemon/partial.h"
#include "daemon/pathset.h"
#include "daemon/renames.h"

static struct err err;

static int touch_as(struct dirty *dirty, const char *path, struct dirty_touch touch, uint64_t now)
{
	struct dirty_item *item = NULL;
	int r;

	touch.path = bytes_of(path);
	r = dirty_touch(dirty, &touch, now, &item, &err);
	assert_true(r >= 0 && item);
	return r;
}

static int touch(struct dirty *dirty, const char *path, uint64_t now)
{
	return touch_as(dirty, path, (struct dirty_touch){ .mask = IN_MODIFY }, now);
}

/* The path that is due now, or "". */
static const char *take(struct dirty *dirty, bool large, uint64_t force, uint64_t now)
{
	static char text[256];
	struct dirty_item *item = dirty_take(dirty, large, force, now);

	(void)snprintf(text, sizeof(text), "%s", item ? (char *)item->text : "");
	free(item);
	return text;
}

#define S (UINT64_C(1000) * 1000 * 1000)

static void quiet_then_due(void **state)
{
	struct dirty *dirty = NULL;

	(void)state;
	assert_int_equal(dirty_new(&dirty, &err), 0);
	assert_int_equal(dirty_due_ns(dirty, 0), UINT64_MAX);
	assert_int_equal(touch(dirty, "/a", 10 * S), 1);
	assert_int_equal(touch(dirty, "/b", 10 * S + 1), 1);
	assert_int_equal(touch(dirty, "/a", 10 * S + S / 2), 0);
	assert_int_equal(dirty_count(dirty), 2);
	assert_string_equal(take(dirty, false, 0, 10 * S + S / 2), "");
	assert_int_equal(dirty_due_ns(dirty, 0), 11 * S + 1);
	assert_string_equal(take(dirty, false, 0, 11 * S + 1), "/b");
	assert_string_equal(take(dirty, false, 0, 11 * S + 1), "");
	assert_string_equal(take(dirty, false, 0, 11 * S + S / 2), "/a");
	assert_int_equal(dirty_count(dirty), 0);
	/* clean again: the next touch is a first one */
	assert_int_equal(touch(dirty, "/a", 20 * S), 1);
	dirty_freep(&dirty);
}

static void written_for_ever(void **state)
{
	struct dirty *dirty = NULL;
	uint64_t now = 100 * S, taken = 0;

	(void)state;
	assert_int_equal(dirty_new(&dirty, &err), 0);
	for (unsigned i = 0; i < 300; i++, now += S / 10) {
		(void)touch(dirty, "/log", now);
		taken += strcmp(take(dirty, false, 0, now), "/log") == 0;
	}
	/* 30 seconds without a pause: once in DIRTY_MAX_NS */
	assert_true(taken >= 5 && taken <= 6);
	dirty_freep(&dirty);
}

static void masks_and_flags_gather(void **state)
{
	struct dirty *dirty = NULL;
	struct dirty_item *item;

	(void)state;
	assert_int_equal(dirty_new(&dirty, &err), 0);
	(void)touch_as(dirty, "/d",
		       (struct dirty_touch){ .mask = IN_CREATE, .flags = DIRTY_IS_DIR, .found = FOUND_LOSS }, S);
	(void)touch_as(dirty, "/d", (struct dirty_touch){ .mask = IN_ATTRIB, .flags = DIRTY_CHILDREN }, S);
	item = dirty_take(dirty, false, 0, 10 * S);
	assert_non_null(item);
	assert_int_equal(item->mask, IN_CREATE | IN_ATTRIB);
	assert_int_equal(item->flags, DIRTY_IS_DIR | DIRTY_CHILDREN);
	assert_int_equal(item->found, FOUND_LOSS);
	free(item);
	dirty_freep(&dirty);
}

static void a_barrier_forces_the_old(void **state)
{
	struct dirty *dirty = NULL;
	uint64_t number;

	(void)state;
	assert_int_equal(dirty_new(&dirty, &err), 0);
	(void)touch(dirty, "/old", S);
	number = dirty_number(dirty);
	(void)touch(dirty, "/new", S);
	assert_int_equal(dirty_oldest(dirty), number);
	assert_string_equal(take(dirty, false, number, S), "/old");
	assert_string_equal(take(dirty, false, number, S), "");
	assert_true(dirty_oldest(dirty) > number);
	/* what the old one led to counts as old */
	(void)touch_as(dirty, "/link", (struct dirty_touch){ .number = number }, S);
	assert_int_equal(dirty_oldest(dirty), number);
	assert_string_equal(take(dirty, false, number, S), "/link");
	dirty_freep(&dirty);
}

static void costly_names_wait(void **state)
{
	struct dirty *dirty = NULL;

	(void)state;
	assert_int_equal(dirty_new(&dirty, &err), 0);
	dirty_costly(dirty, bytes_of("/cheap"), DIRTY_COSTLY_NS - 1, 100 * S);
	dirty_costly(dirty, bytes_of("/image"), 2 * S, 100 * S);
	(void)touch(dirty, "/image", 100 * S);
	(void)touch(dirty, "/cheap", 100 * S);
	(void)touch(dirty, "/other", 100 * S);
	assert_string_equal(take(dirty, false, 0, 110 * S), "/cheap");
	assert_string_equal(take(dirty, false, 0, 110 * S), "/other");
	assert_string_equal(take(dirty, false, 0, 139 * S), "");
	assert_int_equal(dirty_due_ns(dirty, 0), 140 * S);
	/* a barrier does not wait */
	assert_string_equal(take(dirty, false, UINT64_MAX, 110 * S), "/image");
	dirty_freep(&dirty);
}

static void lanes_are_apart(void **state)
{
	struct dirty *dirty = NULL;

	(void)state;
	assert_int_equal(dirty_new(&dirty, &err), 0);
	(void)touch_as(dirty, "/large", (struct dirty_touch){ .flags = DIRTY_LARGE }, S);
	(void)touch(dirty, "/small", S);
	assert_string_equal(take(dirty, false, 0, 9 * S), "/small");
	assert_string_equal(take(dirty, false, 0, 9 * S), "");
	assert_string_equal(take(dirty, true, 0, 9 * S), "/large");
	dirty_freep(&dirty);
}

/* Nothing is lost and nothing comes twice, whatever the order. */
static void seeded(void **state)
{
	struct dirty *dirty = NULL;
	bool in[200] = { false };
	unsigned seed = 7;
	uint64_t now = S;

	(void)state;
	assert_int_equal(dirty_new(&dirty, &err), 0);
	for (unsigned i = 0; i < 20000; i++, now += S / 50) {
		unsigned n = (unsigned)rand_r(&seed) % 200;
		char path[32];

		(void)snprintf(path, sizeof(path), "/n%u", n);
		if (rand_r(&seed) % 3) {
			assert_int_equal(touch(dirty, path, now), !in[n]);
			in[n] = true;
		} else {
			const char *taken = take(dirty, false, rand_r(&seed) % 9 ? 0 : dirty_number(dirty), now);
			unsigned which = taken[0] ? (unsigned)strtoul(taken + 2, NULL, 10) : 0;

			assert_true(!taken[0] || in[which]);
			if (taken[0])
				in[which] = false;
		}
	}
	for (unsigned n = 0; n < 200; n++)
		now += in[n];
	while (take(dirty, false, UINT64_MAX, now)[0])
		;
	assert_int_equal(dirty_count(dirty), 0);
	dirty_freep(&dirty);
}

static void renamed_trees(void **state)
{
	struct renames *renames = NULL;
	struct buf from = BUF_INIT;

	(void)state;
	assert_int_equal(renames_new(&renames, &err), 0);
	assert_int_equal(renames_add(renames, bytes_of("/a/old"), bytes_of("/b/new"), true, 5 * S, &err), 0);
	assert_int_equal(renames_add(renames, bytes_of("/f"), bytes_of("/g"), false, 6 * S, &err), 0);
	assert_int_equal(renames_origin(renames, bytes_of("/b/new/x/y"), 7 * S, &from, &err), 1);
	assert_string_equal(buf_str(&from), "/a/old/x/y");
	assert_int_equal(renames_origin(renames, bytes_of("/b/newer"), 7 * S, &from, &err), 0);
	assert_int_equal(renames_origin(renames, bytes_of("/g"), 7 * S, &from, &err), 1);
	assert_string_equal(buf_str(&from), "/f");
	assert_int_equal(renames_origin(renames, bytes_of("/g/below"), 7 * S, &from, &err), 0);
	assert_true(renames_left(renames, bytes_of("/a/old/z"), 7 * S));
	assert_false(renames_left(renames, bytes_of("/a"), 7 * S));
	assert_int_equal(renames_tell(renames, bytes_of("/f"), 7 * S, &err), 0);
	assert_true(renames_told(renames, bytes_of("/f")));
	assert_false(renames_told(renames, bytes_of("/f")));
	/* long ago */
	assert_int_equal(renames_origin(renames, bytes_of("/g"), 7 * S + RENAMES_KEEP_NS, &from, &err), 0);
	/* more than are kept */
	for (unsigned i = 0; i < RENAMES_MAX; i++)
		assert_int_equal(renames_add(renames, bytes_of("/x"), bytes_of("/y"), false, 8 * S, &err), 0);
	assert_int_equal(renames_origin(renames, bytes_of("/b/new/x"), 8 * S, &from, &err), 0);
	buf_done(&from);
	renames_freep(&renames);
}

static struct bytes copy_of(const char *text)
{
	return bytes_of(strdup(text));
}

static void reduced_paths(void **state)
{
	static const char *const given[] = { "/a/x", "/b", "/a", "/a-b", "/b", "/a/x/y", "/a-b/c", "/c/d" };
	struct bytes *paths = calloc(8, sizeof(*paths));

	(void)state;
	for (size_t i = 0; i < 8; i++)
		paths[i] = copy_of(given[i]);
	assert_int_equal(pathset_reduce(paths, 8, false), 7);
	/* "/a-b" stands between "/a" and "/a/x" */
	assert_int_equal(pathset_reduce(paths, 7, true), 4);
	assert_true(bytes_equal(paths[0], bytes_of("/a")) && bytes_equal(paths[1], bytes_of("/a-b")) &&
		    bytes_equal(paths[2], bytes_of("/b")) && bytes_equal(paths[3], bytes_of("/c/d")));
	pathset_free(paths, 4);
}

static int count_path(void *context, struct bytes path, struct err *error)
{
	(void)error;
	*(size_t *)context += path.len;
	return 0;
}

static void partial_names(void **state)
{
	struct partial *partial = NULL;
	size_t bytes = 0;

	(void)state;
	assert_int_equal(partial_new(&partial, &err), 0);
	assert_int_equal(partial_set(partial, bytes_of("/one"), true, &err), 0);
	assert_int_equal(partial_set(partial, bytes_of("/one"), true, &err), 0);
	assert_int_equal(partial_set(partial, bytes_of("/three"), true, &err), 0);
	assert_int_equal(partial_set(partial, bytes_of("/three"), false, &err), 0);
	assert_int_equal(partial_each(partial, count_path, &bytes, &err), 0);
	assert_int_equal(bytes, 4);
	partial_freep(&partial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_then_due),
		cmocka_unit_test(written_for_ever),
		cmocka_unit_test(masks_and_flags_gather),
		cmocka_unit_test(a_barrier_forces_the_old),
		cmocka_unit_test(costly_names_wait),
		cmocka_unit_test(lanes_are_apart),
		cmocka_unit_test(seeded),
		cmocka_unit_test(renamed_trees),
		cmocka_unit_test(reduced_paths),
		cmocka_unit_test(partial_names),
	};

	if (crypto_self_test(&err) < 0)
		return 1;
	return cmocka_run_group_tests_name("daemon_dirty", tests, NULL, NULL);
}
