/* parse.c - see parse.h. */
#include "json/parse.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/timefmt.h"

/*
 * While it parses, jansson 2.14 does not bear it that memory runs short: it crashes, drops a byte of a string, or calls good syntax bad. So
 * a reserve keeps it going to its end, and what it made then is thrown away.
 */
enum { RESERVE_BYTES = 1 << 18 };
static unsigned char *reserve;
static atomic_flag reserve_taken = ATOMIC_FLAG_INIT;
static _Thread_local bool parsing, short_of_memory;
static _Thread_local size_t reserve_used; /* this thread has the reserve */

static void *take_memory(size_t size)
{
	void *memory = malloc(size);
	size_t room = (size + 15) & ~(size_t)15;

	if (memory || !parsing)
		return memory;
	if (!short_of_memory && atomic_flag_test_and_set(&reserve_taken))
		return NULL;
	short_of_memory = true;
	if (!reserve || room > RESERVE_BYTES - reserve_used)
		return NULL;
	reserve_used += room;
	return reserve + reserve_used - room;
}

static void give_memory(void *memory)
{
	uintptr_t at = (uintptr_t)memory, from = (uintptr_t)reserve;

	if (at < from || at >= from + RESERVE_BYTES || !reserve)
		free(memory);
}

/* The key of jansson's hash tables, for names are the intruder's choice. Left alone jansson would open /dev/urandom. */
static void prepare(void)
{
	size_t seed;

	if (getentropy(&seed, sizeof(seed)) < 0)
		seed = (size_t)time_monotonic_ns();
	reserve = malloc(RESERVE_BYTES);
	json_set_alloc_funcs(take_memory, give_memory);
	json_object_seed(seed | 1);
}

void json_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, prepare);
}

/* For the next one that runs short. */
static void give_back_reserve(void)
{
	short_of_memory = false;
	reserve_used = 0;
	atomic_flag_clear(&reserve_taken);
}

int json_parse(const char *text, size_t len, json_t **ret_value, struct err *err)
{
	json_error_t problem;
	json_t *value;

	json_prepare();
	parsing = true;
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
	parsing = false;
	if (short_of_memory) {
		json_decref(value);
		give_back_reserve();
		return err_nomem(err);
	}
	if (!value)
		return err_set(err, ERR_DATA, "%s", QUOTE(problem.text));
	*ret_value = value;
	return 0;
}
