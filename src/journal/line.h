/*
 * line.h - one line of the journal: its fixed members, its chain, and whether it follows from the line before. Private
 * to journal/. docs/FORMATS.md "Journal". Pure functions, thread-safe.
 */
#ifndef JOURNAL_LINE_H
#define JOURNAL_LINE_H

#include "base/buf.h"
#include "base/path.h"
#include "base/timefmt.h"
#include "crypto/hash.h"

/* Numbers stay within 15 digits: every JSON reader can hold them, and names of segments sort. */
#define LINE_SEQ_MAX UINT64_C(999999999999999)

/* What stands behind the body: `,"chain":"blake2b256:HEX"}` */
enum { LINE_TAIL = 10 + (HASH_TEXT - 1) + 2, LINE_REASON = 128 };

struct line {
	uint64_t seq;
	struct timestamp time;
	size_t body_len; /* bytes before the tail */
	unsigned char chain[HASH_BYTES];
};

/* TEXT is a line without its newline. False when its first members or its last are not of the fixed form, or when it
 * holds a control character. That it is JSON in between is not looked at. */
bool line_parse(const char *text, size_t len, struct line *ret_line);
/* The chain alone, from the end of a line. */
bool line_parse_tail(const char *text, size_t len, unsigned char ret_chain[HASH_BYTES]);
/* The seq and time alone, from a line of which perhaps only the beginning is there. */
bool line_parse_head(const char *text, size_t len, uint64_t *ret_seq, struct timestamp *ret_time);

/* Appends a whole line with its newline; *ret_chain: its chain. 0 or -1 when memory is short; then OUT is as it was. */
int line_add(struct buf *out, uint64_t seq, const char *members, size_t len, const unsigned char before[HASH_BYTES],
	     unsigned char ret_chain[HASH_BYTES]);
/* Appends LINE (without its newline, made by line_add()) under another number and behind another line, with its own time and uptime,
 * and with MEMBERS in the place of its own, where .data is not NULL. 0 or -1 as line_add(). */
int line_again(struct buf *out, uint64_t seq, struct bytes line, struct bytes members,
	       const unsigned char before[HASH_BYTES], unsigned char ret_chain[HASH_BYTES]);

/* Where a chain of lines has come to. */
struct chain {
	unsigned char hash[HASH_BYTES]; /* of the line before */
	bool known; /* false: the line before is not to be had, the next one is taken at its word */
	uint64_t next; /* number of the next line */
	bool loose; /* a line could not be read: the next number may be another one */
};
#define CHAIN_START ((struct chain){ .known = true, .next = 1 })

enum chain_result { CHAIN_GOOD, CHAIN_BROKEN, CHAIN_MALFORMED };
/*
 * Takes the next line in. BROKEN: it does not follow; from now on its own word counts. MALFORMED: it is no line, and is
 * passed over. REASON says why in both cases.
 */
enum chain_result chain_step(struct chain *chain, const char *text, size_t len, struct line *ret_line,
			     char ret_reason[LINE_REASON]);

#endif
