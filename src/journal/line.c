/* line.c - see line.h. */
#include "journal/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char domain[] = "tallystick-journal-line";
static const char head[] = "{\"record\":\"event\",\"seq\":";
static const char time_key[] = ",\"time\":\"";
static const char uptime_key[] = "\",\"uptime\":";
static const char chain_key[] = ",\"chain\":\"";
static const char chain_end[] = "\"}";
_Static_assert(LINE_TAIL == sizeof(chain_key) - 1 + HASH_TEXT - 1 + sizeof(chain_end) - 1, "LINE_TAIL");

static void hash_line(const unsigned char before[HASH_BYTES], const void *body, size_t len,
		      unsigned char ret_hash[HASH_BYTES])
{
	struct hash_state state;

	hash_init(&state, domain);
	hash_update(&state, before, HASH_BYTES);
	hash_update(&state, body, len);
	hash_final(&state, ret_hash);
}

struct scanner {
	const char *at, *end;
};

static bool take(struct scanner *scanner, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(scanner->end - scanner->at) < len || memcmp(scanner->at, text, len) != 0)
		return false;
	scanner->at += len;
	return true;
}

/* At most 15 digits, no leading zero. */
static bool take_number(struct scanner *scanner, uint64_t *ret_number)
{
	const char *begin = scanner->at;
	uint64_t number = 0;

	while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9') {
		number = number * 10 + (uint64_t)(*scanner->at++ - '0');
		if (number > LINE_SEQ_MAX)
			return false;
	}
	*ret_number = number;
	return scanner->at > begin && (*begin != '0' || scanner->at == begin + 1);
}

static bool take_time(struct scanner *scanner, struct timestamp *ret_time)
{
	struct err err = ERR_INIT;
	char text[48];
	size_t len = 0;

	while (scanner->at + len < scanner->end && scanner->at[len] != '"') {
		if (len + 1 >= sizeof(text) || scanner->at[len] == '\0')
			return false;
		text[len] = scanner->at[len];
		len++;
	}
	text[len] = '\0';
	scanner->at += len;
	return time_parse_utc(text, ret_time, &err) >= 0;
}

static bool take_head(struct scanner *scanner, uint64_t *ret_seq, struct timestamp *ret_time)
{
	return take(scanner, head) && take_number(scanner, ret_seq) && *ret_seq > 0 && take(scanner, time_key) &&
	       take_time(scanner, ret_time) && take(scanner, uptime_key);
}

static bool take_uptime(struct scanner *scanner)
{
	uint64_t seconds;

	if (!take_number(scanner, &seconds) || !take(scanner, "."))
		return false;
	for (int i = 0; i < 3; i++, scanner->at++) {
		if (scanner->at >= scanner->end || *scanner->at < '0' || *scanner->at > '9')
			return false;
	}
	return take(scanner, ",\"");
}

bool line_parse_head(const char *text, size_t len, uint64_t *ret_seq, struct timestamp *ret_time)
{
	struct scanner scanner = { text, text + len };

	return take_head(&scanner, ret_seq, ret_time);
}

bool line_parse_tail(const char *text, size_t len, unsigned char ret_chain[HASH_BYTES])
{
	struct scanner scanner = { text + len - LINE_TAIL, text + len };
	char hash[HASH_TEXT];

	if (len < LINE_TAIL || !take(&scanner, chain_key))
		return false;
	memcpy(hash, scanner.at, HASH_TEXT - 1);
	hash[HASH_TEXT - 1] = '\0';
	scanner.at += HASH_TEXT - 1;
	return take(&scanner, chain_end) && hash_parse(hash, ret_chain);
}

static bool printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return true;
}

bool line_parse(const char *text, size_t len, struct line *ret_line)
{
	struct scanner scanner = { text, text };
	struct line line;

	if (len < LINE_TAIL || !printable(text, len) || !line_parse_tail(text, len, line.chain))
		return false;
	line.body_len = len - LINE_TAIL;
	scanner.end = text + line.body_len;
	if (!take_head(&scanner, &line.seq, &line.time) || !take_uptime(&scanner))
		return false;
	*ret_line = line;
	return true;
}

/* The line SEQ, with the time and uptime that STAMP is the text of. */
static int put_line(struct buf *out, uint64_t seq, struct bytes stamp, struct bytes members,
		    const unsigned char before[HASH_BYTES], unsigned char ret_chain[HASH_BYTES])
{
	size_t start = out->len;
	char text[HASH_TEXT];

	if (buf_reserve(out, members.len + stamp.len + 256) < 0) {
		out->failed = false;
		return -1;
	}
	(void)buf_printf(out, "%s%" PRIu64, head, seq);
	(void)buf_add(out, stamp.data, stamp.len);
	(void)buf_add(out, members.data, members.len);
	hash_line(before, out->data + start, out->len - start, ret_chain);
	hash_text(ret_chain, text);
	(void)buf_printf(out, "%s%s%s\n", chain_key, text, chain_end);
	if (!buf_failed(out))
		return 0;
	out->len = start;
	out->failed = false;
	return -1;
}

int line_add(struct buf *out, uint64_t seq, const char *members, size_t len, const unsigned char before[HASH_BYTES],
	     unsigned char ret_chain[HASH_BYTES])
{
	struct timespec uptime;
	char stamp[128];

	(void)clock_gettime(CLOCK_BOOTTIME, &uptime);
	(void)snprintf(stamp, sizeof(stamp), "%s%s%s%lld.%03ld,", time_key, time_utc(time_now()).text, uptime_key,
		       (long long)uptime.tv_sec, uptime.tv_nsec / 1000000);
	return put_line(out, seq, bytes_of(stamp), (struct bytes){ (const unsigned char *)members, len }, before,
			ret_chain);
}

int line_again(struct buf *out, uint64_t seq, struct bytes line, struct bytes members,
	       const unsigned char before[HASH_BYTES], unsigned char ret_chain[HASH_BYTES])
{
	const char *text = (const char *)line.data, *stamp;
	struct scanner scanner = { text, text + line.len - LINE_TAIL };
	struct timestamp time;
	uint64_t old;

	if (line.len < LINE_TAIL || !take(&scanner, head) || !take_number(&scanner, &old))
		return -1;
	stamp = scanner.at;
	if (!take(&scanner, time_key) || !take_time(&scanner, &time) || !take(&scanner, uptime_key) ||
	    !take_uptime(&scanner))
		return -1;
	scanner.at--; /* the quote that the first member begins with */
	if (!members.data)
		members = (struct bytes){ (const unsigned char *)scanner.at, (size_t)(scanner.end - scanner.at) };
	return put_line(out, seq, (struct bytes){ (const unsigned char *)stamp, (size_t)(scanner.at - stamp) }, members,
			before, ret_chain);
}

enum chain_result chain_step(struct chain *chain, const char *text, size_t len, struct line *ret_line,
			     char ret_reason[LINE_REASON])
{
	enum chain_result result = CHAIN_GOOD;
	unsigned char hash[HASH_BYTES];
	struct line line;

	if (!line_parse(text, len, &line)) {
		(void)snprintf(ret_reason, LINE_REASON, "it is no journal line");
		chain->loose = true;
		return CHAIN_MALFORMED;
	}
	hash_line(chain->hash, text, line.body_len, hash);
	if (line.seq != chain->next && !chain->loose) {
		result = CHAIN_BROKEN;
		(void)snprintf(ret_reason, LINE_REASON, "its number is %" PRIu64 " where %" PRIu64 " is due", line.seq,
			       chain->next);
	} else if (chain->known && memcmp(hash, line.chain, HASH_BYTES) != 0) {
		result = CHAIN_BROKEN;
		(void)snprintf(ret_reason, LINE_REASON, "it does not chain to the line before, or was altered");
	}
	memcpy(chain->hash, line.chain, HASH_BYTES);
	chain->known = true;
	chain->loose = false;
	/* never back: names of segments sort by the numbers in them */
	if (line.seq >= chain->next)
		chain->next = line.seq + 1;
	*ret_line = line;
	return result;
}
