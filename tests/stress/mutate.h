/*
 * mutate.h - the parts of mutate: names drawn by chance (mutate_names.c), what is done with them (mutate_ops.c).
 */
#ifndef STRESS_MUTATE_H
#define STRESS_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PATH_BYTES = 4000,
	GRID_TOP = 20,
	GRID_MID = 10,
	GRID_FILES = 12, /* in each folder of the grid */
	LINK_NAMES = 40, /* in each folder below IN/l */
	MOUNTS = 4 /* mount points below IN/m */
};

struct mutate_place {
	const char *in, *out;
	uint64_t state; /* of the generator */
};
extern struct mutate_place mutate_place;

unsigned draw(unsigned bound); /* 0 to BOUND - 1 */
/* Paths of PATH_BYTES: anywhere in scope (DIRECTORY: of the grid's folders, or made up), a name in IN/l, either, a mount point, a
 * name outside the scope. */
void draw_path(char *path, bool directory);
void draw_link(char *path);
void draw_file(char *path);
void draw_mountpoint(char *path);
void draw_grid(char *path, bool directory);
void draw_out(char *path);
void draw_name(char *path); /* appends one */

struct op {
	const char *name;
	int (*run)(char *a,
		   char *b); /* 0, or -1 and errno; a and b: the paths that it worked on, room for PATH_BYTES + 300 */
	unsigned weight;
	bool off; /* unless asked for by name */
};
extern struct op ops[];
extern const unsigned op_count;

int fill(int fd, size_t most); /* up to MOST random bytes */
void ops_init(void); /* signals */

#endif
