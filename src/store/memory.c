/* memory.c - see memory.h. */
#include "store/memory.h"

#include <pthread.h>
#include <sqlite3.h>

static sqlite3_mem_methods real;
static bool watching; /* written once, before any use */
static _Thread_local bool refused;

static void *watched_malloc(int size)
{
	void *block = real.xMalloc(size);

	refused |= !block;
	return block;
}

static void *watched_realloc(void *block, int size)
{
	void *grown = real.xRealloc(block, size);

	refused |= !grown;
	return grown;
}

static void watch(void)
{
	sqlite3_mem_methods watched;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK)
		return; /* somebody else started SQLite before us */
	watched = real;
	watched.xMalloc = watched_malloc;
	watched.xRealloc = watched_realloc;
	watching = sqlite3_config(SQLITE_CONFIG_MALLOC, &watched) == SQLITE_OK;
}

void memory_watch(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, watch);
}

bool memory_was_short(void)
{
	bool was = refused || !watching;

	refused = false;
	return was;
}
