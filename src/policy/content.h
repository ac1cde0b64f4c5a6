/*
 * content.h - what of a file's content the policy asks for: one answer for live systems, images and archives. Pure.
 */
#ifndef POLICY_CONTENT_H
#define POLICY_CONTENT_H

#include "policy/policy.h"

enum content_want {
	WANT_NOTHING,
	WANT_WHOLE,
	WANT_GROWING, /* as much as the reference has, else all */
	WANT_PROGRAM /* all of it if it is a program, else nothing */
};

/* Of a regular file. PROGRAM: its metadata make it one (entry_is_program()). */
enum content_want content_wanted(const struct decision *decision, bool program);

/* The problem of a file of which more than policy_max_content() would have to be read, in one line of at most 63 bytes. */
void content_too_large(const struct policy *policy, char *ret_line, size_t size);

#endif
