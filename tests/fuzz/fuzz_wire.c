/*
 * fuzz_wire.c - the input as the daemon's answer to a drift question, or as its status: refused, or rendered in both forms. And the base64 of
 * the input as a change.
 */
/* rooms: ops report */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ops/drift_answer.h"
#include "report/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere;

static void must(bool good)
{
	if (!good)
		abort();
}

static void render(struct comparison *comparison)
{
	for (unsigned json = 0; json < 2; json++) {
		struct report_out out = { .file = nowhere, .json = json };
		struct err err = ERR_INIT;

		must(report_comparison(&out, comparison->changes, &comparison->summary, &err) == 0);
	}
}

/* NULL: not an object. */
static json_t *line_of(const uint8_t *data, size_t size)
{
	json_t *line = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(line))
		return line;
	json_decref(line);
	return NULL;
}

static void answer(const uint8_t *data, size_t size)
{
	CLEANUP(drift_answer_done) struct drift_answer answer;
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct err err = ERR_INIT;
	int r = drift_answer_init(&answer, NULL, &err);

	while (size && r >= 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t len = newline ? (size_t)(newline - data) : size;
		json_t *line = line_of(data, len);

		r = line ? drift_answer_take(&answer, line, &err) : ERR_DATA;
		json_decref(line);
		data += len + (newline != NULL);
		size -= len + (newline != NULL);
	}
	if (r >= 0)
		r = drift_answer_finish(&answer, false, &comparison, &err);
	if (r >= 0)
		render(comparison);
}

static void status(const uint8_t *data, size_t size)
{
	json_t *object = line_of(data, size);

	for (unsigned json = 0; object && json < 2; json++) {
		struct report_out out = { .file = nowhere, .json = json };
		struct err err = ERR_INIT;

		must(report_status(&out, object, &err) == 0);
	}
	json_decref(object);
}

/* A change that is taken is written again as it came. */
static void change(const uint8_t *data, size_t size)
{
	CLEANUP(change_wire_done) struct change_wire wire = { .bytes = BUF_INIT };
	CLEANUP(buf_done) struct buf text = BUF_INIT, again = BUF_INIT;
	struct change change;
	struct err err = ERR_INIT;
	json_t *line;

	must(base64_add(&text, (struct bytes){ data, size }) == 0);
	line = json_pack("{ss#}", "change_b64", text.data ? (const char *)text.data : "", (int)text.len);
	must(line != NULL);
	if (change_wire_read(line, &wire, &change, &err) == 0) {
		must(change_encode(&change, &again) == 0);
		must(again.len == size && memcmp(again.data, data, size) == 0);
	}
	json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!nowhere) {
		nowhere = fopen("/dev/null", "w");
		json_object_seed(1);
	}
	must(nowhere != NULL);
	answer(data, size);
	status(data, size);
	change(data, size);
	return 0;
}
