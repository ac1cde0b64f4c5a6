/*
 * A tree is changed at random while it is watched: directories made, removed, moved within, in, out and exchanged, files made and
 * removed. Afterwards whoever looked again at what was told must believe the truth, and every directory be watched.
 *
 * TALLY_SEED runs one seed more.
 */
#include "watch_believer.h"

static uint64_t state_of_chance;

static uint32_t chance(uint32_t below)
{
	/* splitmix64 (Steele, Lea, Flood) */
	uint64_t z = state_of_chance += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 33) % below;
}

/* Few names, so that they are met again. */
static void some_path(const struct fixture *fixture, char *path, size_t size)
{
	int depth = 1 + (int)chance(4);
	size_t len = (size_t)snprintf(path, size, "%s/%s", fixture->dir, chance(6) == 0 ? "out" : "tree");

	while (depth-- > 0)
		len += (size_t)snprintf(path + len, size - len, "/%c", 'a' + (int)chance(4));
}

static void remove_all(const char *path)
{
	DIR *dir;
	struct dirent *entry;

	if (unlink(path) == 0 || rmdir(path) == 0)
		return;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char child[8192];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		remove_all(child);
	}
	if (dir)
		(void)closedir(dir);
	(void)rmdir(path);
}

static void change(const struct fixture *fixture)
{
	char a[512], b[512];
	int fd;

	some_path(fixture, a, sizeof(a));
	some_path(fixture, b, sizeof(b));
	switch (chance(13)) {
	case 0:
	case 1:
	case 2:
	case 3:
		(void)mkdir(a, 0755);
		break;
	case 4:
	case 5:
		fd = open(a, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (fd >= 0) {
			(void)!write(fd, "x", 1);
			(void)close(fd);
		}
		break;
	case 6:
	case 7:
	case 8:
		(void)rename(a, b);
		break;
	case 9:
		(void)renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
		break;
	case 10:
		remove_all(a);
		break;
	case 11:
		(void)chmod(a, chance(2) ? 0755 : 0777);
		break;
	default:
		(void)symlink("nowhere", a);
		break;
	}
}

static void one(struct fixture *fixture, uint64_t seed, int rounds, int changes)
{
	struct believer believer = { .rows = NULL };
	char out[128];

	state_of_chance = seed;
	(void)snprintf(out, sizeof(out), "%s/out", fixture->dir);
	remove_all(fixture->tree);
	remove_all(out);
	assert_int_equal(mkdir(fixture->tree, 0755), 0);
	assert_int_equal(mkdir(out, 0755), 0);
	for (int i = 0; i < 50; i++)
		change(fixture);
	start(fixture);
	believer_scan(&believer, fixture->tree, true);
	for (int round = 0; round < rounds; round++) {
		uint64_t next = state_of_chance + (uint64_t)round + 1;
		pid_t pid = fork();
		int status = 0;

		if (pid == 0) {
			for (int i = 0; i < changes; i++)
				change(fixture);
			_exit(0);
		}
		while (waitpid(pid, &status, WNOHANG) == 0)
			(void)turn(fixture);
		assert_int_equal(status, 0);
		state_of_chance = next * 31;
		settle(fixture);
		believer_judge(&believer, fixture);
		believer_check(&believer, fixture, seed);
		settle(fixture); /* the kernel's word that watches are gone */
		believer_judge(&believer, fixture);
		check_watches(fixture, seed);
	}
	believer_done(&believer);
	watch_freep(&fixture->watch);
	forget(fixture);
}

static void fixed_seeds(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		one(*state, seed, 6, 300);
}

static void fresh_seed(void **state)
{
	const char *given = getenv("TALLY_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : time_monotonic_ns();

	print_message("seed %" PRIu64 "\n", seed);
	one(*state, seed, 10, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fixed_seeds, setup, teardown),
		cmocka_unit_test_setup_teardown(fresh_seed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
