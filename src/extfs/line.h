/*
 * line.h - why something of a path could not be had: one line, kept while its entry is made.
 */
#ifndef EXTFS_LINE_H
#define EXTFS_LINE_H

struct line {
	char text[720]; /* "" while nothing is wrong */
};

/* The first thing that is wrong stays: what follows is mostly its consequence. */
void line_set(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
