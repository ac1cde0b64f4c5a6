/*
 * statement.c - the signed text that names a generation: docs/FORMATS.md "Statement".
 *
 * Invariant: a text that parses is byte for byte what statement_format() writes for what was parsed.
 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "store/baseline.h"

enum { STATEMENT_MAX_BYTES = 4096, HOST_ID_HEX = 32 };

int statement_format(const struct statement *statement, struct buf *out)
{
	struct timetext created = time_utc_seconds(statement->created.sec);

	return buf_printf(out,
			  "tallystick-baseline: 1\n"
			  "host: %s\n"
			  "host-id: %s\n"
			  "sequence: %" PRIu64 "\n"
			  "previous: %s\n"
			  "created: %s\n"
			  "tool: %s\n"
			  "entries: %" PRIu64 "\n"
			  "unexamined: %" PRIu64 "\n"
			  "policy: %s\n"
			  "mounts: %s\n"
			  "packages: %s\n"
			  "root: %s\n",
			  statement->host, statement->host_id, statement->sequence, statement->previous, created.text,
			  statement->tool, statement->entries, statement->unexamined, statement->policy,
			  statement->mounts, statement->packages, statement->root);
}

/* Takes "NAME: value\n" off the front; the value's bytes, or false. */
static bool take_line(struct cursor *cursor, const char *name, struct bytes *ret_value)
{
	size_t name_len = strlen(name);
	const unsigned char *start, *end;

	if (cursor->len < name_len + 2 || memcmp(cursor->data, name, name_len) != 0 ||
	    memcmp(cursor->data + name_len, ": ", 2) != 0)
		return false;
	start = cursor->data + name_len + 2;
	end = memchr(start, '\n', cursor->len - name_len - 2);
	if (!end)
		return false;
	*ret_value = (struct bytes){ start, (size_t)(end - start) };
	cursor->len -= (size_t)(end + 1 - cursor->data);
	cursor->data = end + 1;
	return true;
}

static bool copy_value(struct bytes value, char *ret_text, size_t size)
{
	if (value.len == 0 || value.len >= size || memchr(value.data, '\0', value.len))
		return false;
	memcpy(ret_text, value.data, value.len);
	ret_text[value.len] = '\0';
	return true;
}

/* Text as quote_add() leaves it: nothing in it but backslashes that would be escaped again. */
static bool take_quoted(struct bytes value, char *ret_text, size_t size)
{
	size_t start = 0;

	if (!copy_value(value, ret_text, size))
		return false;
	for (size_t i = 0; i <= value.len; i++) {
		struct quoted quoted;
		size_t len = i - start;

		/* quote_short() leaves up to 112 bytes whole: look at no more at a time, but at whole characters */
		if (i < value.len && value.data[i] != '\\' && (len < 64 || (value.data[i] & 0xc0) == 0x80))
			continue;
		if (len > 112)
			return false;
		quoted = quote_short(value.data + start, len);
		if (strlen(quoted.text) != len)
			return false;
		start = i < value.len && value.data[i] == '\\' ? i + 1 : i;
	}
	return true;
}

static bool take_number(struct bytes value, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (value.len == 0 || value.len > 20)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		unsigned digit = value.data[i] - (unsigned)'0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}

static bool take_hash(struct bytes value, bool none, char ret_text[HASH_TEXT])
{
	unsigned char hash[HASH_BYTES];

	if (!copy_value(value, ret_text, HASH_TEXT))
		return false;
	return (none && strcmp(ret_text, "none") == 0) || hash_parse(ret_text, hash);
}

static bool take_host_id(struct bytes value, char ret_text[HOST_ID_HEX + 1])
{
	if (value.len != HOST_ID_HEX || !copy_value(value, ret_text, HOST_ID_HEX + 1))
		return false;
	return strspn(ret_text, "0123456789abcdef") == HOST_ID_HEX;
}

static bool take_time(struct bytes value, struct timestamp *ret_time)
{
	struct err ignored = ERR_INIT;
	char text[64];

	return copy_value(value, text, sizeof(text)) && time_parse_utc(text, ret_time, &ignored) == 0 &&
	       ret_time->nsec == 0;
}

static bool take_version(struct bytes value)
{
	return value.len == 1 && value.data[0] == '1';
}

/* NULL, or the name of the first line that is not as it should be. */
static const char *parse(struct cursor *cursor, struct statement *s)
{
	struct bytes value;

#define LINE(name, parsed)                                                                                             \
	if (!take_line(cursor, name, &value) || !(parsed))                                                             \
	return name
	LINE("tallystick-baseline", take_version(value));
	LINE("host", take_quoted(value, s->host, sizeof(s->host)));
	LINE("host-id", take_host_id(value, s->host_id));
	LINE("sequence", take_number(value, &s->sequence) && s->sequence > 0 && s->sequence <= UINT32_MAX);
	LINE("previous", take_hash(value, s->sequence == 1, s->previous));
	LINE("created", take_time(value, &s->created));
	LINE("tool", take_quoted(value, s->tool, sizeof(s->tool)));
	LINE("entries", take_number(value, &s->entries));
	LINE("unexamined", take_number(value, &s->unexamined) && s->unexamined <= s->entries);
	LINE("policy", take_hash(value, false, s->policy));
	LINE("mounts", take_hash(value, false, s->mounts));
	LINE("packages", take_hash(value, false, s->packages));
	LINE("root", take_hash(value, false, s->root));
#undef LINE
	return cursor->len ? "end" : NULL;
}

int statement_parse(const char *text, size_t len, struct statement *ret_statement, struct err *err)
{
	CLEANUP(buf_done) struct buf again = BUF_INIT;
	struct cursor cursor = { (const unsigned char *)text, len };
	struct statement statement = { .sequence = 0 };
	const char *wrong;

	if (len > STATEMENT_MAX_BYTES)
		return err_set(err, ERR_DATA, "malformed statement: longer than %d bytes", STATEMENT_MAX_BYTES);
	wrong = parse(&cursor, &statement);
	if (wrong)
		return err_set(err, ERR_DATA, "malformed statement: bad or missing '%s'", wrong);
	if ((statement.sequence == 1) != (strcmp(statement.previous, "none") == 0))
		return err_set(err, ERR_DATA, "malformed statement: bad or missing 'previous'");
	/* leading zeros, other spellings of a time */
	if (statement_format(&statement, &again) < 0)
		return err_nomem(err);
	if (!bytes_equal((struct bytes){ again.data, again.len }, (struct bytes){ (const unsigned char *)text, len }))
		return err_set(err, ERR_DATA, "malformed statement: not in its canonical form");
	*ret_statement = statement;
	return 0;
}

void statement_hash(const char *text, size_t len, char ret_text[HASH_TEXT])
{
	unsigned char hash[HASH_BYTES];
	struct hash_state state;

	hash_init(&state, "tallystick-statement-1");
	hash_update_sized(&state, text, len);
	hash_final(&state, hash);
	hash_text(hash, ret_text);
}
