/* coverage.c - what is not watched, as a line of the journal whenever it changes. */
#include "base/cleanup.h"
#include "daemon/engine_inner.h"

static bool is_told(const struct engine *engine, const struct watch_coverage *coverage, size_t blind)
{
	const struct coverage_told *told = &engine->coverage_told;

	return told->any && told->polled == coverage->polled && told->failed == coverage->failed &&
	       told->blind == blind;
}

int status_coverage(struct engine *engine, struct err *err)
{
	CLEANUP(record_done) struct record record = { .object = NULL };
	struct watch_coverage coverage;
	size_t blind;

	(void)view_blind(engine->view, &blind);
	watch_coverage(engine->watch, &coverage);
	/* folders come and go all the time; what matters is what is not watched */
	if (is_told(engine, &coverage, blind))
		return 0;
	engine->coverage_told = (struct coverage_told){ true, coverage.polled, coverage.failed, blind };
	record = events_record("coverage");
	record_count(&record, "directories", coverage.directories);
	record_count(&record, "watched", coverage.watched[WATCH_ROOT] + coverage.watched[WATCH_OTHERS]);
	record_count(&record, "polled", coverage.polled);
	record_count(&record, "polled_severe", coverage.polled_severe);
	record_count(&record, "failed", coverage.failed);
	status_lists(&record, engine);
	(void)json_object_del(record.object, "tamper");
	return events_put(&engine->events, &record, err);
}
