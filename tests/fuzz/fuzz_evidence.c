/*
 * fuzz_evidence.c - the input as what a parser's child writes to its parent: a byte that tells the kind of job, then records. What is
 * believed of a file system is in path order, within the tree, and never below what is no directory.
 */
/* rooms: evidence policy tree crypto sys base */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "evidence/claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* Of a file system: behind the last, below the last entry or beside it. */
static void check(const struct evidence_job *job, const struct claim *claim, struct buf *last, bool *file)
{
	struct bytes path = claim->entry.path, before = { last->data, last->len };

	must(path_valid(path) && path_covers(job->at, path));
	if (job->kind != EVIDENCE_EXTFS)
		return;
	must(claim->tag == TAG_ENTRY);
	must(!path_covers(job->shadows[0], path));
	must(last->len == 0 || path_compare(before, path) < 0);
	must(last->len == 0 || !*file || !path_covers(before, path));
	*file = claim->entry.type != TYPE_DIR;
	buf_clear(last);
	must(buf_add(last, path.data, path.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct disk_source source = { .scratch = -1 };
	const struct bytes shadow = bytes_of("/home");
	struct evidence_job job = { .source = &source, .at = bytes_of("/"), .shadows = &shadow, .shadow_count = 1 };
	struct evidence_result result = { .whole = false };
	struct cursor cursor = { data, size };
	CLEANUP(buf_done) struct buf last = BUF_INIT;
	struct claims claims;
	struct claim claim;
	struct err err = ERR_INIT;
	bool file = false;
	uint8_t kind = 0;
	uint32_t len;
	int r = 0;

	(void)cursor_u8(&cursor, &kind);
	job.kind = (enum evidence_kind)(kind % 4);
	claims_init(&claims, &job, &result);
	while (r >= 0 && !claims.ended && cursor_u32(&cursor, &len)) {
		const unsigned char *record;

		if (!cursor_bytes(&cursor, len, &record))
			break;
		r = claims_take(&claims, record, len, &claim, &err);
		if (r > 0)
			check(&job, &claim, &last, &file);
	}
	must(r >= 0 || (r == ERR_DATA && wire_is_line(bytes_of(err.message))));
	must(wire_is_line(bytes_of(result.ended)));
	must(!result.whole || claims.ended);
	for (uint64_t i = 0; i < result.problems; i++) {
		struct bytes path;
		const char *line;

		must(i >= CLAIMS_PROBLEMS_MAX || (claims_get_problem(&claims, i, &path, &line) && path_valid(path) &&
						  wire_is_line(bytes_of(line))));
	}
	claims_done(&claims);
	return 0;
}
