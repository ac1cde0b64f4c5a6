/*
 * mutate_names.c - names for mutate, drawn by chance: from the grid of files that the baseline knows, or made up of few words, so that
 * workers meet.
 */
#include <stdio.h>
#include <string.h>

#include "mutate.h"

struct mutate_place mutate_place;

unsigned draw(unsigned bound) /* splitmix64 */
{
	uint64_t z = (mutate_place.state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ (z >> 31)) % bound);
}

static const char *const names[] = { "n0",       "n1",      "n2",          "n3",          "n4",           "n5",
				     "f6",       "f7",      "f8",          "f9",          "new\nline",    "\xff\xfe",
				     "-rf",      "sp ace ", "back\\slash", "\033[31mred", "\xc3\xbc",     "%s%n",
				     "'\"$(x)`", ".hidden", "...",         "tab\there",   "\xe2\x80\xae", "#1" };

static void add(char *path, const char *name)
{
	size_t len = strlen(path);

	snprintf(path + len, PATH_BYTES - len, "/%s", name);
}

void draw_name(char *path)
{
	unsigned pick = draw(10);

	if (pick == 9 && draw(8) == 0) {
		char longest[256];

		memset(longest, 'L', 255);
		longest[255] = '\0';
		add(path, longest);
	} else {
		add(path, names[pick < 8 ? draw(10) : draw(sizeof(names) / sizeof(names[0]))]);
	}
}

/* A name in the grid that was there when the baseline was made, or one made up. DIRECTORY: of a folder of the grid. */
void draw_grid(char *path, bool directory)
{
	unsigned top = draw(GRID_TOP), mid = draw(GRID_MID), file = draw(GRID_FILES), cut = draw(6);
	size_t len = strlen(path);

	if (directory && cut == 0)
		snprintf(path + len, PATH_BYTES - len, "/d%02u", top);
	else if (directory)
		snprintf(path + len, PATH_BYTES - len, "/d%02u/d%02u", top, mid);
	else
		snprintf(path + len, PATH_BYTES - len, "/d%02u/d%02u/g%02u", top, mid, file);
}

static void made_up(char *path)
{
	unsigned depth = 1 + draw(3);

	if (draw(2))
		draw_grid(path, true);
	while (depth-- > 0)
		draw_name(path);
}

/* A path to work on, most often below IN/t. */
void draw_path(char *path, bool directory)
{
	unsigned zone = draw(20);
	bool from_grid = draw(2);
	char name[8];

	snprintf(path, PATH_BYTES, "%s", mutate_place.in);
	if (zone == 0) {
		add(path, "v");
		made_up(path);
	} else if (zone == 1) {
		add(path, "m");
		snprintf(name, sizeof(name), "m%u", draw(MOUNTS));
		add(path, name);
		draw_name(path);
	} else if (from_grid) {
		add(path, "t");
		draw_grid(path, directory);
	} else {
		add(path, "t");
		made_up(path);
	}
}

void draw_link(char *path)
{
	char name[8];
	unsigned sub = draw(4);

	snprintf(path, PATH_BYTES, "%s/l", mutate_place.in);
	if (sub < 3) {
		snprintf(name, sizeof(name), "s%u", sub);
		add(path, name);
	}
	snprintf(name, sizeof(name), "k%02u", draw(LINK_NAMES));
	add(path, name);
}

void draw_file(char *path)
{
	if (draw(6) == 0)
		draw_link(path);
	else
		draw_path(path, false);
}

void draw_mountpoint(char *path)
{
	char name[8];

	snprintf(path, PATH_BYTES, "%s/m", mutate_place.in);
	snprintf(name, sizeof(name), "m%u", draw(MOUNTS));
	add(path, name);
}

void draw_out(char *path)
{
	char name[8];

	snprintf(path, PATH_BYTES, "%s", mutate_place.out);
	snprintf(name, sizeof(name), "o%02u", draw(24));
	add(path, name);
}
