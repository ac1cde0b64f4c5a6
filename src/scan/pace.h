/*
 * pace.h - no more than so many bytes read a second, by all workers of a scan together.
 *
 * Each read books its time behind those before it; whoever is early sleeps. What was not used is lost but for a
 * tenth of a second.
 */
#ifndef SCAN_PACE_H
#define SCAN_PACE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	uint64_t rate; /* bytes a second; 0: no bound */
	atomic_uint_fast64_t due_ns; /* CLOCK_MONOTONIC: when what was read so far may have been read */
};

/* How much to read at once: at most WANT, and not so much that the sleep behind it is long. */
size_t pace_piece(const struct pace *pace, size_t want);

/* N bytes were read: sleeps, in small steps that count as progress, until they may have been, or until the worker must
 * stop. */
struct worker;
void pace_wait(struct worker *worker, size_t n);

#endif
