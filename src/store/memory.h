/*
 * memory.h - tells SQLITE_NOMEM for want of memory from SQLITE_NOMEM for want of sense.
 *
 * SQLite also answers "out of memory" when a damaged file makes it ask itself for an absurd amount. To tell the
 * two apart, its allocator is watched: it is memory that is short only if malloc() said so.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include <stdbool.h>

/* Before anything else of SQLite in this process; later calls do nothing. Thread-safe. */
void memory_watch(void);

/* Was an allocation of SQLite's refused in this thread since the last call? True when it can't be told. */
bool memory_was_short(void);

#endif
