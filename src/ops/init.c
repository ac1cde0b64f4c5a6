/* init.c - tally init: a first generation of this system, of a folder, of a disk image or of an archive. */
#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/first.h"
#include "ops/golden.h"

static int record(void *context, const struct policy *policy, struct baseline_writer *writer,
		  struct first_figures *figures, struct err *err)
{
	struct side *side = context;
	const struct scan_options options = {
		.root = side->root ? side->root : "/",
		.policy = policy,
		.mounts = side->subject.kind == SUBJECT_LIVE ? &side->system : NULL,
		.interrupted = side->talk ? side->talk->interrupted : NULL,
	};

	if (side_is_scanned(side))
		return first_scan(&options, side->talk, writer, figures, err);
	return golden_record(side, policy, writer, figures, err);
}

/* A baseline is no tree to make one of, and would want to be proved first. */
static int refuse_baseline(const char *from, struct err *err)
{
	CLEANUP(subject_done) struct subject subject = { .file = NULL };
	int r = subject_parse(from, &subject, err);

	if (r < 0 || subject.kind != SUBJECT_BASELINE)
		return r;
	return err_set(err, ERR_USAGE, "'%s' is a baseline already: --baseline uses it where it is", QUOTE(from));
}

int op_init(const struct place *place, const char *from, const struct talk *talk, struct init_result *ret_result,
	    struct err *err)
{
	static const struct compare_request plainly = { .a = NULL };
	const char *name = from ? from : "live:/";
	CLEANUP(texts_freep) struct texts *texts = NULL;
	CLEANUP(side_done) struct side side = { .source = DISK_SOURCE_INIT, .reference = REFERENCE_INIT };
	struct first_source source = { .name = name, .record = record, .context = &side };
	int r = refuse_baseline(name, err);

	if (r >= 0)
		r = texts_new(&texts, err);
	if (r < 0)
		return r;
	side.place = place;
	side.request = &plainly;
	side.talk = talk;
	side.texts = texts;
	side.at = bytes_of("/");
	r = side_open(&side, name, err);
	if (r < 0)
		return r;
	if (side.subject.kind == SUBJECT_LIVE)
		source.system = &side.system;
	return first_make(place, &source, talk, ret_result, err);
}
