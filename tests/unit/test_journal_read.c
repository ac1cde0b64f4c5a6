/* test_journal_read.c - the journal is read: followed, from a time on, altered in every byte, from a hostile folder. */
#include "journal_fixture.h"

static void growth_is_followed(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(folder->fd, NULL);
	CLEANUP(journal_freep) struct journal *journal = NULL;
	struct journal_line line;
	struct err err = ERR_INIT;

	assert_int_equal(journal_reader_next(reader, &line, &err), 0);
	journal = must_open(folder->fd, NULL);
	assert_int_equal(journal_reader_next(reader, &line, &err), 0);
	for (uint64_t seq = 1; seq <= 60; seq++) {
		must_fill(journal, 1);
		/* into a new segment now and then */
		if (seq % 20 == 0)
			assert_int_equal(journal_reopen(journal, folder->fd, &err), 0);
		assert_int_equal(journal_reader_next(reader, &line, &err), 1);
		assert_int_equal(line.seq, seq);
		assert_int_equal(journal_reader_next(reader, &line, &err), 0);
	}
	assert_int_equal(read_all(reader, NULL).breaks, 0);
}

/* A line that has no end yet is waited for, and may still become another one. */
static void a_line_is_read_when_it_is_whole(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(folder->fd, NULL);
	struct journal_line line;
	struct err err = ERR_INIT;

	must_fill(journal, 1);
	journal_freep(&journal);
	assert_int_equal(journal_reader_next(reader, &line, &err), 1);
	spit(folder->fd, FIRST_SEGMENT, "{\"record\"", 9, O_APPEND);
	assert_int_equal(journal_reader_next(reader, &line, &err), 0);
	assert_true(read_all(reader, NULL).torn);
	journal = must_open(folder->fd, NULL);
	must_fill(journal, 1);
	assert_int_equal(journal_reader_next(reader, &line, &err), 1);
	assert_int_equal(line.seq, 2);
	assert_int_equal(journal_reader_next(reader, &line, &err), 0);
	assert_false(read_all(reader, NULL).torn);
}

static void every_flipped_bit_is_found(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	CLEANUP(buf_done) struct buf data = BUF_INIT;

	must_fill(journal, 3);
	journal_freep(&journal);
	slurp(folder->fd, FIRST_SEGMENT, &data);
	for (size_t i = 0; i < data.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct journal_count count;

			data.data[i] ^= (unsigned char)(1u << bit);
			spit(folder->fd, FIRST_SEGMENT, data.data, data.len, O_TRUNC);
			count = read_folder(folder->fd, NULL);
			/* of the last line, which nothing follows, the end can be lost only as a torn line */
			if (count.breaks == 0 && !(count.torn && i == data.len - 1))
				fail_msg("bit %u of byte %zu", bit, i);
			data.data[i] ^= (unsigned char)(1u << bit);
		}
	}
	/* each line taken out, but for the last */
	for (size_t start = 0, end; start < data.len; start = end) {
		CLEANUP(buf_done) struct buf cut = BUF_INIT;

		for (end = start + 1; data.data[end - 1] != '\n';)
			end++;
		assert_int_equal(buf_add(&cut, data.data, start), 0);
		assert_int_equal(buf_add(&cut, data.data + end, data.len - end), 0);
		spit(folder->fd, FIRST_SEGMENT, cut.data, cut.len, O_TRUNC);
		assert_int_equal(read_folder(folder->fd, NULL).breaks, end < data.len);
	}
}

/* The line that does not chain is told of first and then given; what follows it is no break. */
static void reading_goes_on_behind_a_break(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(folder->fd, NULL);
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct journal_line line;
	struct err err = ERR_INIT;

	must_fill(journal, 4);
	slurp(folder->fd, FIRST_SEGMENT, &data);
	*strstr(buf_str(&data), "\"n\":2") = 'x';
	spit(folder->fd, FIRST_SEGMENT, data.data, data.len, O_TRUNC);
	assert_int_equal(journal_reader_next(reader, &line, &err), 1);
	assert_int_equal(journal_reader_next(reader, &line, &err), ERR_UNTRUSTED);
	assert_string_equal(err.message, "journal segment '" FIRST_SEGMENT "', line 2: it does not chain to the line "
					 "before, or was altered");
	assert_int_equal(journal_reader_next(reader, &line, &err), 1);
	assert_int_equal(line.seq, 2);
	assert_int_equal(journal_reader_next(reader, &line, &err), 1);
	assert_int_equal(line.seq, 3);
	assert_int_equal(journal_reader_next(reader, &line, &err), 1);
	assert_int_equal(journal_reader_next(reader, &line, &err), 0);
}

/* Four segments of two lines; each is taken away, or another thing put in its place. */
static void missing_segments_are_named(void **state)
{
	const struct folder *folder = *state;
	static const char *const names[] = { FIRST_SEGMENT, "events-0000000000000003.ndjson",
					     "events-0000000000000005.ndjson" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (int way = 0; way < 4; way++) {
			CLEANUP(journal_freep) struct journal *journal = NULL;
			struct err err = ERR_INIT, last = ERR_INIT;
			struct journal_count count;

			folder_empty(folder->path);
			journal = must_open(folder->fd, NULL);
			for (int round = 0; round < 4; round++) {
				must_fill(journal, 2);
				assert_int_equal(journal_reopen(journal, folder->fd, &err), 0);
			}
			must_be_whole(folder->fd, 8);
			assert_int_equal(unlinkat(folder->fd, names[i], 0), 0);
			if (way == 1)
				assert_int_equal(mkfifoat(folder->fd, names[i], 0600), 0);
			if (way == 2)
				assert_int_equal(symlinkat("/etc/passwd", folder->fd, names[i]), 0);
			if (way == 3)
				assert_int_equal(mkdirat(folder->fd, names[i], 0700), 0);
			count = read_folder(folder->fd, &last);
			if (count.breaks != 1 || count.lines != 6 || count.last_seq != 8)
				fail_msg("%s, way %d: %" PRIu64 " breaks, %" PRIu64 " lines: %s", names[i], way,
					 count.breaks, count.lines, last.message);
			assert_non_null(strstr(last.message, way ? "not a regular file" : "missing"));
		}
	}
}

static void since_begins_late(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	struct timestamp times[3];
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		times[i] = time_now();
		must_fill(journal, 4);
		assert_int_equal(journal_reopen(journal, folder->fd, &err), 0);
	}
	for (int i = 0; i < 3; i++) {
		CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(folder->fd, &times[i]);
		struct journal_line line;

		for (uint64_t seq = 4 * (uint64_t)i + 1; seq <= 12; seq++) {
			assert_int_equal(journal_reader_next(reader, &line, &err), 1);
			assert_int_equal(line.seq, seq);
		}
		assert_int_equal(journal_reader_next(reader, &line, &err), 0);
		assert_int_equal(read_all(reader, NULL).breaks, 0);
	}
	/* the first line of a segment is held against the end of the one before */
	{
		CLEANUP(journal_reader_freep) struct journal_reader *reader = NULL;
		CLEANUP(buf_done) struct buf data = BUF_INIT;
		struct timestamp later = times[2];

		slurp(folder->fd, "events-0000000000000005.ndjson", &data);
		data.data[data.len - 10] = data.data[data.len - 10] == '0' ? '1' : '0';
		spit(folder->fd, "events-0000000000000005.ndjson", data.data, data.len, O_TRUNC);
		must_fill(journal, 1);
		later = time_now();
		reader = must_read(folder->fd, &later);
		assert_int_equal(read_all(reader, NULL).breaks, 0);
		journal_reader_freep(&reader);
		(void)unlinkat(folder->fd, "events-0000000000000013.ndjson", 0);
		reader = must_read(folder->fd, &later);
		assert_int_equal(read_all(reader, NULL).breaks, 1);
	}
}

static void hostile_lines_are_no_lines(void **state)
{
	const struct folder *folder = *state;
	static const struct row {
		const char *data;
		size_t len;
#define ROW(text)                                                                                                      \
	{                                                                                                              \
		text, sizeof(text) - 1                                                                                 \
	}
	} rows[] = {
		ROW("\n"),
		ROW("{}\n"),
		ROW("\0\0\0\0\n"),
		ROW("{\"record\":\"event\",\"seq\":99999999999999999999,\"time\":\"x\",\"uptime\":1.000}\n"),
		ROW("{\"record\":\"event\",\"seq\":1,\"time\":\"\0\",\"uptime\":1.000,\"chain\":\"blake2b256:"
		    "0000000000000000000000000000000000000000000000000000000000000000\"}\n"),
		ROW(",\"chain\":\"blake2b256:"
		    "0000000000000000000000000000000000000000000000000000000000000000\"}\n"),
	};
#undef ROW

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct journal_count count;

		spit(folder->fd, FIRST_SEGMENT, rows[i].data, rows[i].len, O_TRUNC);
		count = read_folder(folder->fd, NULL);
		assert_int_equal(count.breaks, 1);
	}
}

static void a_giant_line_is_passed_over(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	CLEANUP(buf_done) struct buf data = BUF_INIT, copy = BUF_INIT;
	struct journal_count count;
	const unsigned char *second;

	must_fill(journal, 2);
	slurp(folder->fd, FIRST_SEGMENT, &data);
	second = memchr(data.data, '\n', data.len);
	assert_int_equal(buf_reserve(&copy, 40 << 20), 0);
	memset(copy.data, 'x', 40 << 20);
	copy.data[(40 << 20) - 1] = '\n';
	copy.len = 40 << 20;
	spit(folder->fd, FIRST_SEGMENT, data.data, (size_t)(second - data.data) + 1, O_TRUNC);
	spit(folder->fd, FIRST_SEGMENT, copy.data, copy.len, O_APPEND);
	spit(folder->fd, FIRST_SEGMENT, second + 1, data.len - (size_t)(second - data.data) - 1, O_APPEND);
	count = read_folder(folder->fd, NULL);
	assert_true(count.breaks == 1 && count.lines == 3 && count.last_seq == 2);
	/* without an end */
	spit(folder->fd, FIRST_SEGMENT, copy.data, copy.len - 1, O_TRUNC);
	count = read_folder(folder->fd, NULL);
	assert_true(count.breaks == 1 && count.torn);
}

static void a_shorter_segment_is_a_break(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(folder->fd, NULL);

	must_fill(journal, 3);
	assert_int_equal(read_all(reader, NULL).breaks, 0);
	spit(folder->fd, FIRST_SEGMENT, "", 0, O_TRUNC);
	assert_int_equal(read_all(reader, NULL).breaks, 1);
	assert_int_equal(read_all(reader, NULL).breaks, 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(growth_is_followed),           IN_FOLDER(a_line_is_read_when_it_is_whole),
		IN_FOLDER(every_flipped_bit_is_found),   IN_FOLDER(reading_goes_on_behind_a_break),
		IN_FOLDER(missing_segments_are_named),   IN_FOLDER(since_begins_late),
		IN_FOLDER(hostile_lines_are_no_lines),   IN_FOLDER(a_giant_line_is_passed_over),
		IN_FOLDER(a_shorter_segment_is_a_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
