/*
 * tool.h - finds the static program that is put on a medium.
 */
#ifndef OPS_TOOL_H
#define OPS_TOOL_H

#include "tally/err.h"

enum { TOOL_NAME_MAX = 64 };

/*
 * Opens the static program for this machine: this very program when it is static, else tally-ARCH in its folder, else
 * ../lib/tallystick/tally-ARCH from there, where `cmake --install` of a static build puts it. *ret_fd is the caller's, a
 * regular file at its beginning; RET_NAME becomes "tally-ARCH", ARCH as uname(1) says it. ERR_NOINPUT when there is none: the
 * message says where it was looked for and how it is built; what is found and is not such a program is ERR_DATA. Thread-safe.
 */
int tool_open(int *ret_fd, char ret_name[TOOL_NAME_MAX], struct err *err);

/* The same, beside PROGRAM, which stands for this one. For tests. */
int tool_open_beside(const char *program, int *ret_fd, char ret_name[TOOL_NAME_MAX], struct err *err);

#endif
