/* pace.c - see pace.h. */
#include "scan/pace.h"

#include <time.h>

#include "scan/worker.h"

enum { NAP_NS = 20 * 1000 * 1000, SPARE_NS = 100 * 1000 * 1000, PIECES_A_SECOND = 16, PIECE_MIN = 4096 };

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

size_t pace_piece(const struct pace *pace, size_t want)
{
	uint64_t piece = pace->rate / PIECES_A_SECOND;

	if (pace->rate == 0 || want <= PIECE_MIN || piece >= want)
		return want;
	return piece < PIECE_MIN ? PIECE_MIN : (size_t)piece;
}

static uint64_t book(struct pace *pace, size_t n)
{
	uint64_t cost = (uint64_t)((double)n * 1e9 / (double)pace->rate);
	uint64_t due = atomic_load(&pace->due_ns), now = now_ns(), next;

	do {
		next = due;
		if (next + SPARE_NS < now)
			next = now - SPARE_NS;
		next += cost;
	} while (!atomic_compare_exchange_weak(&pace->due_ns, &due, next));
	return next;
}

void pace_wait(struct worker *worker, size_t n)
{
	struct pace *pace = &worker->pool->pace;
	uint64_t due, now;

	if (pace->rate == 0)
		return;
	due = book(pace, n);
	while ((now = now_ns()) < due && !worker_must_stop(worker)) {
		uint64_t left = due - now;
		struct timespec nap = { .tv_nsec = (long)(left < NAP_NS ? left : NAP_NS) };

		(void)nanosleep(&nap, NULL);
		worker_progress(worker);
	}
}
