/*
 * mutate.c - seeded random operations on a folder, by several processes at once: what tallyd is to see.
 *
 *	mutate [-s SEED] [-n OPERATIONS] [-t SECONDS] [-w WORKERS] [-p PAUSE_US] [-o OP,OP|-OP,OP] [-T TRACEDIR] IN OUT
 *	mutate -g IN OUT	makes the tree that the rounds begin with
 *	mutate -l		lists the operations
 *	mutate -C COUNT DIR	makes and removes so many files, one after the other
 *	mutate -F [-t SECONDS] DIR	floods: writes to two files in turn, and makes and removes a third, as fast as it can
 *
 * IN is in the scope of the policy, OUT is not; both on one file system. What a worker tries is decided by its seed and its number alone,
 * never by what it finds; whether it succeeds depends on the others. A round ends after so many operations a worker, or so many
 * seconds, whatever comes first.
 *
 * What inotify is known not to tell is left out (chattr; chown to nobody and no group; stores through a mapping that stays; links made and written through outside the
 * scope): hard links are made below IN/l only, and nothing is renamed from there to somewhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mutate.h"

enum { WORKERS_MAX = 64 };

static FILE *trace;

struct plan {
	uint64_t seed;
	unsigned operations, seconds, workers, pause_us;
	const char *trace_dir;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put_path(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < 0x21 || (unsigned char)*path > 0x7e || *path == '\\')
			fprintf(trace, "\\x%02x", (unsigned char)*path);
		else
			putc(*path, trace);
}

static void step(unsigned number, unsigned total_weight)
{
	static char a[PATH_BYTES + 300], b[PATH_BYTES + 300];
	unsigned at = draw(total_weight), i;
	int r;

	for (i = 0; i < op_count; i++) {
		if (ops[i].off)
			continue;
		if (at < ops[i].weight)
			break;
		at -= ops[i].weight;
	}
	a[0] = b[0] = '\0';
	errno = 0;
	r = ops[i].run(a, b);
	if (trace) {
		fprintf(trace, "%llu %u %s ", (unsigned long long)now_ns(CLOCK_REALTIME), number, ops[i].name);
		put_path(a);
		putc(' ', trace);
		put_path(b);
		fprintf(trace, " %s\n", r < 0 ? strerrorname_np(errno) : "ok");
	}
}

static int work(const struct plan *plan, unsigned worker)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)plan->seconds * 1000000000u;
	unsigned i, total = 0;
	char name[PATH_BYTES];

	for (i = 0; i < op_count; i++)
		total += ops[i].off ? 0 : ops[i].weight;
	if (plan->trace_dir) {
		snprintf(name, sizeof(name), "%s/trace.%u", plan->trace_dir, worker);
		trace = fopen(name, "we");
		if (!trace)
			return 1;
	}
	for (i = 0; i < plan->operations && now_ns(CLOCK_MONOTONIC) < end; i++) {
		/* anew for each step: an operation that fails early must not shift those after it */
		mutate_place.state =
			(plan->seed * 0x100000001b3u + worker) * 0x9e3779b97f4a7c15u + i * 0xd1342543de82ef95u;
		step(i, total);
		if (plan->pause_us > 0)
			usleep(plan->pause_us);
	}
	if (trace)
		fclose(trace);
	return 0;
}

static int run(const struct plan *plan)
{
	int status, worst = 0;
	unsigned i;

	for (i = 0; i < plan->workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			_exit(work(plan, i));
	}
	while (wait(&status) > 0)
		if (status != 0)
			worst = 1;
	return worst;
}

/* ---- the tree at the beginning ---- */

static int put(const char *path, unsigned bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), r;

	if (fd < 0)
		return -1;
	r = fill(fd, bytes);
	close(fd);
	return r;
}

static int make_links(char *path)
{
	char other[PATH_BYTES];
	unsigned s, k;

	for (s = 0; s < 3; s++) {
		snprintf(path, PATH_BYTES, "%s/l/s%u", mutate_place.in, s);
		if (mkdir(path, 0755) < 0)
			return -1;
		for (k = 0; k < LINK_NAMES / 2; k++) {
			snprintf(path, PATH_BYTES, "%s/l/s%u/k%02u", mutate_place.in, s, k);
			if (put(path, 300) < 0)
				return -1;
			snprintf(other, sizeof(other), "%s/l/s%u/k%02u", mutate_place.in, s, k + LINK_NAMES / 2);
			if (k % 4 == 0 && link(path, other) < 0)
				return -1;
		}
	}
	return 0;
}

static int make_tree(void)
{
	static const char *const zones[] = { "", "/t", "/l", "/m", "/v", "/m/m0", "/m/m1", "/m/m2", "/m/m3" };
	char path[PATH_BYTES];
	unsigned i, mid, file;

	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", mutate_place.in, zones[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -1;
	}
	if (mkdir(mutate_place.out, 0755) < 0 && errno != EEXIST)
		return -1;
	for (i = 0; i < GRID_TOP * GRID_MID; i++) {
		snprintf(path, sizeof(path), "%s/t/d%02u", mutate_place.in, i / GRID_MID);
		(void)mkdir(path, 0755);
		mid = i % GRID_MID;
		snprintf(path, sizeof(path), "%s/t/d%02u/d%02u", mutate_place.in, i / GRID_MID, mid);
		if (mkdir(path, 0755) < 0)
			return -1;
		for (file = 0; file < GRID_FILES; file++) {
			snprintf(path, sizeof(path), "%s/t/d%02u/d%02u/g%02u", mutate_place.in, i / GRID_MID, mid,
				 file);
			if (put(path, 400) < 0)
				return -1;
		}
	}
	return make_links(path);
}

static volatile sig_atomic_t stopped;

static void on_term(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

/* Two files in turn, so that the kernel can't merge the events; prints how many there were. SIGTERM ends it. */
static int flood(const char *dir, unsigned seconds)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)seconds * 1000000000u;
	char path[PATH_BYTES];
	unsigned long events = 0;
	int fds[2];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/flood%d", dir, i);
		fds[i] = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fds[i] < 0)
			return 1;
	}
	snprintf(path, sizeof(path), "%s/flash", dir);
	signal(SIGTERM, on_term);
	while (!stopped && now_ns(CLOCK_MONOTONIC) < end) {
		for (int i = 0; i < 200; i++)
			events += pwrite(fds[i % 2], "x", 1, 0) == 1;
		events += 3u * (put(path, 0) == 0 && unlink(path) == 0);
	}
	printf("%lu\n", events);
	return 0;
}

/* So many names that come and go at once. */
static int churn(const char *dir, unsigned count)
{
	char path[PATH_BYTES];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/churn-%u", dir, i);
		if (put(path, 0) < 0 || unlink(path) < 0)
			return 1;
	}
	return 0;
}

/* LIST: "a,b" only these; "-a,-b" all but these; "+a" also this */
static int choose(char *list)
{
	char *word, *rest = list;
	unsigned i;

	if (*list != '-' && *list != '+')
		for (i = 0; i < op_count; i++)
			ops[i].off = true;
	while ((word = strsep(&rest, ","))) {
		bool off = *word == '-';

		if (*word == '-' || *word == '+')
			word++;
		for (i = 0; i < op_count && strcmp(ops[i].name, word) != 0; i++)
			;
		if (i == op_count) {
			fprintf(stderr, "mutate: no operation '%s'\n", word);
			return -1;
		}
		ops[i].off = off;
	}
	return 0;
}

static int usage(void)
{
	fputs("usage: mutate [-s SEED] [-n OPERATIONS] [-t SECONDS] [-w WORKERS] [-p PAUSE_US] [-o OPS] [-T DIR] IN "
	      "OUT\n"
	      "       mutate -g IN OUT | -F [-t SECONDS] DIR | -C COUNT DIR | -l\n",
	      stderr);
	return 64;
}

int main(int argc, char **argv)
{
	struct plan plan = { .seed = 1, .operations = 2000, .seconds = 60, .workers = 4 };
	bool make = false, flooding = false;
	unsigned churned = 0;
	int option;

	while ((option = getopt(argc, argv, "s:n:t:w:p:o:T:C:gFl")) != -1) {
		if (option == 's')
			plan.seed = strtoull(optarg, NULL, 0);
		else if (option == 'n')
			plan.operations = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 't')
			plan.seconds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'w')
			plan.workers = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'p')
			plan.pause_us = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'T')
			plan.trace_dir = optarg;
		else if (option == 'g')
			make = true;
		else if (option == 'C')
			churned = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'F')
			flooding = true;
		else if (option == 'o' && choose(optarg) == 0)
			continue;
		else if (option != 'l')
			return usage();
		else
			for (unsigned i = 0; i < op_count; i++)
				printf("%s\n", ops[i].name);
		if (option == 'l')
			return 0;
	}
	if (flooding && argc - optind == 1)
		return flood(argv[optind], plan.seconds);
	if (churned > 0 && argc - optind == 1)
		return churn(argv[optind], churned);
	if (argc - optind != 2 || plan.workers == 0 || plan.workers > WORKERS_MAX)
		return usage();
	mutate_place.in = argv[optind];
	mutate_place.out = argv[optind + 1];
	mutate_place.state = plan.seed;
	umask(022);
	ops_init();
	if (!make)
		return run(&plan);
	if (make_tree() == 0)
		return 0;
	fprintf(stderr, "mutate: %s\n", strerror(errno));
	return 1;
}
