/*
 * test_daemon_links.c - which names share an inode: added, removed, in great numbers, and as the records have it.
 */
#include "daemon_fixture.h"

#include "base/fd.h"
#include "daemon/links.h"

struct names {
	char text[1024]; /* the names, sorted, a blank behind each */
	const char *below;
};

static int add_name(void *context, struct bytes path, struct err *err)
{
	struct names *names = context;
	char name[256], rest[sizeof(names->text)];
	char *at = names->text;

	(void)err;
	(void)snprintf(name, sizeof(name), "%.*s ", (int)path.len, (const char *)path.data);
	if (names->below && strstr(name, names->below) == name)
		memmove(name, name + strlen(names->below), strlen(name + strlen(names->below)) + 1);
	while (*at && memcmp(at, name, strlen(name)) < 0)
		at = strchr(at, ' ') + 1;
	(void)snprintf(rest, sizeof(rest), "%s", at);
	(void)snprintf(at, sizeof(names->text) - (size_t)(at - names->text), "%s%s", name, rest);
	return 0;
}

static void expect(const struct links *links, uint64_t inode, const char *below, const char *want)
{
	struct names names = { .below = below };
	struct err err = ERR_INIT;

	must(links_each(links, inode, add_name, &names, &err), &err);
	assert_string_equal(names.text, want);
}

static void add(struct links *links, const char *path, uint64_t inode)
{
	struct err err = ERR_INIT;

	must(links_add(links, bytes_of(path), inode, &err), &err);
}

static void by_hand(void **state)
{
	CLEANUP(links_freep) struct links *links = NULL;
	struct err err = ERR_INIT;

	(void)state;
	must(links_new(&links, &err), &err);
	expect(links, 1, NULL, "");
	links_remove(links, bytes_of("/a"), 1);
	add(links, "/a", 1);
	add(links, "/b", 1);
	add(links, "/b", 1);
	add(links, "/a", 2); /* an inode's number that is out of date costs a look, no more */
	add(links, "/c", 1);
	expect(links, 1, NULL, "/a /b /c ");
	expect(links, 2, NULL, "/a ");
	links_remove(links, bytes_of("/b"), 1);
	links_remove(links, bytes_of("/b"), 1);
	links_remove(links, bytes_of("/b"), 2);
	links_remove(links, bytes_of("/c"), 1);
	expect(links, 1, NULL, "/a ");
	links_remove(links, bytes_of("/a"), 1);
	expect(links, 1, NULL, "");
	add(links, "/a", 1);
	expect(links, 1, NULL, "/a ");
	assert_true(links_complete(links));
}

static int refuse(void *context, struct bytes path, struct err *err)
{
	(void)path;
	++*(int *)context;
	return err_set(err, ERR_IO, "no more");
}

static int count(void *context, struct bytes path, struct err *err)
{
	(void)path;
	(void)err;
	++*(int *)context;
	return 0;
}

/* As many names of one inode as ext4 allows, taken away in the order in which they came. */
static void many_of_one(void **state)
{
	CLEANUP(links_freep) struct links *links = NULL;
	enum { NAMES = 65000 };
	struct err err = ERR_INIT;
	char path[32];
	int seen = 0;

	(void)state;
	must(links_new(&links, &err), &err);
	for (int i = 0; i < NAMES; i++) {
		(void)snprintf(path, sizeof(path), "/home/x/%d", i);
		add(links, path, 7);
	}
	must(links_each(links, 7, count, &seen, &err), &err);
	assert_int_equal(seen, NAMES);
	seen = 0;
	assert_int_equal(links_each(links, 7, refuse, &seen, &err), ERR_IO);
	assert_int_equal(seen, 1);
	for (int i = 0; i < NAMES - 1; i++) {
		(void)snprintf(path, sizeof(path), "/home/x/%d", i);
		links_remove(links, bytes_of(path), 7);
	}
	expect(links, 7, NULL, "/home/x/64999 ");
}

static uint64_t inode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_ino;
}

static void put(struct drift *drift, const char *path, uint64_t inode, uint64_t links, enum file_type type)
{
	const uint32_t value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_INODE);
	const struct entry entry = { .path = bytes_of(path),
				     .value = value,
				     .none = ATTR_ALL & ~value,
				     .type = type,
				     .mode = 0644,
				     .links = links,
				     .inode = inode };
	struct err err = ERR_INIT;

	must(drift_put(drift, &entry, &err), &err);
}

static void from_records(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(fd_closep) int dirfd = open(fixture->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(drift_freep) struct drift *drift = NULL;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(links_freep) struct links *links = NULL, *without = NULL;
	struct err err = ERR_INIT, why = ERR_INIT;
	uint64_t a = inode_of(under(fixture->tree, "a")), b = inode_of(under(fixture->tree, "b"));
	bool rebuilt;

	assert_int_equal(link(under(fixture->tree, "a"), under(fixture->tree, "sub/a2")), 0);
	fixture_accept(fixture);
	must(drift_open(dirfd, &drift, &rebuilt, &why, &err), &err);
	put(drift, under(fixture->tree, "a3"), a, 3, TYPE_FILE);
	put(drift, under(fixture->tree, "only"), b, 1, TYPE_FILE);
	put(drift, under(fixture->tree, "folder"), b, 5, TYPE_DIR);
	must(drift_put_absent(drift, bytes_of(under(fixture->tree, "none")), &err), &err);
	must(stand_connect(fixture_stand(fixture), &baseline, &err), &err);

	must(links_new(&links, &err), &err);
	must(links_load(links, baseline, drift, &err), &err);
	expect(links, a, fixture->tree, "/a /a3 /sub/a2 ");
	expect(links, b, fixture->tree, "");
	must(links_new(&without, &err), &err);
	must(links_load(without, NULL, drift, &err), &err);
	expect(without, a, fixture->tree, "/a3 ");
}

/* Beyond the bound nothing more is kept, and it is said. */
static void too_many(void **state)
{
	CLEANUP(links_freep) struct links *links = NULL;
	struct err err = ERR_INIT;
	char path[32];

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* a million names take minutes there, and many_of_one has been seen */
#endif
	must(links_new(&links, &err), &err);
	for (int i = 0; i <= LINKS_MAX; i++) {
		assert_true(links_complete(links));
		(void)snprintf(path, sizeof(path), "/%d", i);
		add(links, path, (uint64_t)i / 2);
	}
	assert_false(links_complete(links));
	expect(links, LINKS_MAX / 2, NULL, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(many_of_one),
		cmocka_unit_test_setup_teardown(from_records, fixture_setup, fixture_teardown),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
