/* pattern_compile.c - reading a pattern; see pattern.h. */
#include "policy/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"

/* One pattern being read. */
struct reader {
	const char *text;
	size_t len, at;
	struct buf literal, tokens, sets; /* bytes, struct token, struct byte_set */
	struct err *err;
};

static void reader_done(struct reader *reader)
{
	buf_done(&reader->literal);
	buf_done(&reader->tokens);
	buf_done(&reader->sets);
}

static int refuse(struct reader *reader, const char *what)
{
	return err_set(reader->err, ERR_POLICY, "%s in path '%s'", what, QUOTE_N(reader->text, reader->len));
}

static int add_token(struct reader *reader, struct token token)
{
	return buf_add(&reader->tokens, &token, sizeof(token)) < 0 ? err_nomem(reader->err) : 0;
}

static int add_byte(struct reader *reader, unsigned char byte)
{
	if (reader->tokens.len)
		return add_token(reader, (struct token){ .kind = TOKEN_BYTE, .byte = byte });
	return buf_add_byte(&reader->literal, byte) < 0 ? err_nomem(reader->err) : 0;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* Reads what follows a backslash. */
static int read_escape(struct reader *reader, unsigned char *ret_byte)
{
	const char *rest = reader->text + reader->at + 1;
	size_t left = reader->len - reader->at - 1;

	if (left >= 3 && rest[0] == 'x' && hex_value(rest[1]) >= 0 && hex_value(rest[2]) >= 0) {
		int value = hex_value(rest[1]) * 16 + hex_value(rest[2]);

		if (value == 0 || value == '/')
			return refuse(reader, "'\\x00' or '\\x2f', which no name can hold,");
		*ret_byte = (unsigned char)value;
		reader->at += 4;
		return 0;
	}
	if (left == 0 || rest[0] == '\0' || !strchr("*?[]!^-\\", rest[0]))
		return refuse(reader, "unknown escape, expected \\xNN, or \\ before one of * ? [ ] ! ^ - \\,");
	*ret_byte = (unsigned char)rest[0];
	reader->at += 2;
	return 0;
}

/* One end of a range in a set. */
static int read_set_byte(struct reader *reader, unsigned char *ret_byte)
{
	unsigned char byte = (unsigned char)reader->text[reader->at];

	if (byte == '\\')
		return read_escape(reader, ret_byte);
	if (byte == '/')
		return refuse(reader, "'/' in [...], expected ']' before it,");
	if (byte >= 0x80)
		return refuse(reader, "a character outside ASCII in [...], expected single bytes,");
	if (byte == '[' && reader->at + 1 < reader->len && strchr(":.=", reader->text[reader->at + 1]))
		return refuse(reader, "a named class in [...], expected characters and ranges,");
	*ret_byte = byte;
	reader->at++;
	return 0;
}

static bool at_char(const struct reader *reader, size_t ahead, char c)
{
	return reader->at + ahead < reader->len && reader->text[reader->at + ahead] == c;
}

/* The members of a set up to its ']'. */
static int read_set_members(struct reader *reader, struct byte_set *set)
{
	while (reader->at < reader->len && reader->text[reader->at] != ']') {
		unsigned char first, last;
		int r;

		r = read_set_byte(reader, &first);
		if (r < 0)
			return r;
		last = first;
		if (at_char(reader, 0, '-') && reader->at + 1 < reader->len && !at_char(reader, 1, ']')) {
			reader->at++;
			r = read_set_byte(reader, &last);
			if (r < 0)
				return r;
		}
		if (last < first)
			return refuse(reader, "a range that runs backwards in [...]");
		for (unsigned byte = first; byte <= last; byte++)
			set->words[byte / 64] |= UINT64_C(1) << (byte % 64);
	}
	return 0;
}

static int read_set(struct reader *reader)
{
	struct byte_set set = { { 0 } };
	bool negated;
	size_t start;
	int r;

	reader->at++;
	negated = at_char(reader, 0, '!');
	if (at_char(reader, 0, '^'))
		return refuse(reader, "[^...], expected [!...],");
	reader->at += negated;
	start = reader->at;
	r = read_set_members(reader, &set);
	if (r < 0)
		return r;
	if (reader->at >= reader->len)
		return refuse(reader, "'[' without ']' (write \\[ for the character itself)");
	if (reader->at == start)
		return refuse(reader, "empty [] (write \\] for the character itself)");
	reader->at++;
	if (negated)
		for (size_t i = 0; i < 4; i++)
			set.words[i] = ~set.words[i];
	set.words['/' / 64] &= ~(UINT64_C(1) << ('/' % 64));
	if (buf_add(&reader->sets, &set, sizeof(set)) < 0)
		return err_nomem(reader->err);
	return add_token(reader,
			 (struct token){ .kind = TOKEN_SET, .set = (uint16_t)(reader->sets.len / sizeof(set) - 1) });
}

static int read_stars(struct reader *reader)
{
	size_t start = reader->at;

	while (at_char(reader, 0, '*'))
		reader->at++;
	if (reader->at - start == 1)
		return add_token(reader, (struct token){ .kind = TOKEN_STAR });
	if (reader->at - start > 2)
		return refuse(reader, "more than two stars in a row, expected * or **,");
	if (reader->text[start - 1] != '/' || !at_char(reader, 0, '/'))
		return add_token(reader, (struct token){ .kind = TOKEN_DEEP });
	reader->at++;
	return add_token(reader, (struct token){ .kind = TOKEN_DIRS });
}

static int read_all(struct reader *reader)
{
	int r = 0;

	while (r == 0 && reader->at < reader->len) {
		unsigned char byte = (unsigned char)reader->text[reader->at];

		switch (byte) {
		case '*':
			r = read_stars(reader);
			break;
		case '?':
			reader->at++;
			r = add_token(reader, (struct token){ .kind = TOKEN_ANY });
			break;
		case '[':
			r = read_set(reader);
			break;
		case '\\':
			r = read_escape(reader, &byte);
			if (r == 0)
				r = add_byte(reader, byte);
			break;
		default:
			reader->at++;
			r = add_byte(reader, byte);
		}
	}
	return r;
}

/* Names that no recorded path has. */
static int check_names(struct reader *reader)
{
	size_t start = 1;

	if (reader->len == 0)
		return err_set(reader->err, ERR_POLICY, "empty path, expected one that begins with '/'");
	if (reader->len > PATTERN_MAX_BYTES)
		return err_set(reader->err, ERR_POLICY, "path of %zu bytes, expected at most %d", reader->len,
			       PATTERN_MAX_BYTES);
	if (memchr(reader->text, '\0', reader->len))
		return refuse(reader, "NUL byte");
	if (reader->text[0] != '/')
		return refuse(reader, "no '/' at the beginning, expected an absolute path,");
	for (size_t i = 1; i <= reader->len && reader->len > 1; i++) {
		size_t name_len = i - start;

		if (i < reader->len && reader->text[i] != '/')
			continue;
		if (name_len == 0 && i < reader->len)
			return refuse(reader, "empty name ('//')");
		if (name_len > 0 && name_len <= 2 && memcmp(reader->text + start, "..", name_len) == 0)
			return refuse(reader, "'.' or '..', expected plain names,");
		start = i + 1;
	}
	return 0;
}

/* The whole names of the literal: up to its last slash when a wildcard follows. */
static size_t base_of(const struct reader *reader)
{
	size_t len = reader->literal.len;

	if (reader->tokens.len == 0)
		return len;
	while (len > 0 && reader->literal.data[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

int pattern_compile(const char *text, size_t len, struct pattern *ret_pattern, size_t *ret_len, struct err *err)
{
	CLEANUP(reader_done) struct reader reader = { .text = text, .len = len, .err = err };
	size_t pattern_len;
	int r;

	r = check_names(&reader);
	if (r < 0)
		return r;
	if (reader.len > 1 && text[len - 1] == '/')
		reader.len--;
	pattern_len = reader.len;
	/* "/" is the empty text */
	reader.at = reader.len == 1 ? 1 : 0;
	r = read_all(&reader);
	if (r < 0)
		return r;
	*ret_pattern = (struct pattern){ .base_len = base_of(&reader) };
	*ret_len = pattern_len;
	ret_pattern->literal_len = reader.literal.len;
	ret_pattern->literal = STEAL(reader.literal.data);
	ret_pattern->token_count = reader.tokens.len / sizeof(struct token);
	ret_pattern->words = ret_pattern->token_count / 64 + 1;
	ret_pattern->tokens = (struct token *)(void *)STEAL(reader.tokens.data);
	ret_pattern->set_count = reader.sets.len / sizeof(struct byte_set);
	ret_pattern->sets = (struct byte_set *)(void *)STEAL(reader.sets.data);
	return 0;
}
