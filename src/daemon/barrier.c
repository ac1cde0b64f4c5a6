/*
 * barrier.c - nothing that was changed before the question is undecided when it is answered.
 *
 *	BARRIER_MARK   a file was made that both event queues tell of; until it has come through, older events may wait in them
 *	BARRIER_LOOKS  what must be looked at has been: after gaps, at the start, once around the polling ring; renames are whole
 *	BARRIER_NAMES  every name that was dirty then has been judged, and what that led to
 *
 * Who asks while one is running waits for the next: it began before the question.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"

enum { ATTEMPTS_MAX = 5 };
#define RETRY_NS   (UINT64_C(3) * 1000 * 1000 * 1000)
#define SETTLE_NS  (UINT64_C(3) * 1000 * 1000 * 1000)
#define GIVE_UP_NS (UINT64_C(60) * 1000 * 1000 * 1000)

static void waiter_free(struct waiter *waiter)
{
	json_decref(waiter->request);
	free(waiter);
}

int barrier_ask(struct engine *engine, struct control_client *client, json_t *request, struct err *err)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter) {
		json_decref(request);
		return err_nomem(err);
	}
	*waiter = (struct waiter){ .next = engine->barrier.next, .client = client, .request = request };
	engine->barrier.next = waiter;
	return 0;
}

static void forget(struct waiter **list, const struct control_client *client)
{
	while (*list) {
		struct waiter *waiter = *list;

		if (client && waiter->client != client) {
			list = &waiter->next;
			continue;
		}
		*list = waiter->next;
		waiter_free(waiter);
	}
}

void barrier_forget(struct engine *engine, const struct control_client *client)
{
	forget(&engine->barrier.waiting, client);
	forget(&engine->barrier.next, client);
}

void barrier_done(struct engine *engine)
{
	barrier_forget(engine, NULL);
}

void barrier_marked(struct engine *engine, uint64_t number)
{
	if (number > engine->barrier.marked)
		engine->barrier.marked = number;
}

/* ---- stages ---- */

static int mark(struct engine *engine, uint64_t now_ns, struct err *err)
{
	struct barrier *barrier = &engine->barrier;

	barrier->attempts++;
	barrier->retry_ns = now_ns + RETRY_NS;
	return watch_mark(engine->watch, ++barrier->mark, err);
}

/* A generation that was signed before the question is judged by: it is taken up now. */
static int begin_round(struct engine *engine, struct err *err)
{
	struct barrier *barrier = &engine->barrier;
	unsigned touched = 0;
	int r;

	barrier->waiting = STEAL(barrier->next);
	barrier->stage = BARRIER_MARK;
	barrier->attempts = 0;
	barrier->doubted = false;
	barrier->retry_ns = 0;
	barrier->gap[0] = '\0';
	barrier->unjudged = false;
	barrier->looked_twice = false;
	r = house_read(engine->house, &touched, err);
	engine->touched |= touched;
	renew_journal_checked(engine, time_monotonic_ns());
	return r < 0 || !engine->touched ? r : renew_house(engine, err);
}

static int begin_looks(struct engine *engine, uint64_t now_ns, struct err *err)
{
	struct barrier *barrier = &engine->barrier;
	struct watch_coverage coverage;

	barrier->stage = BARRIER_LOOKS;
	barrier->settle_ns = now_ns + SETTLE_NS;
	barrier->give_up_ns = now_ns + GIVE_UP_NS;
	barrier->ring = 0;
	watch_coverage(engine->watch, &coverage);
	return coverage.polled && engine->rows ? sweep_poll_now(engine->sweep, engine->view, &barrier->ring, err) : 0;
}

/* The mark's event, or an overflow took it: then another one. */
static int step_mark(struct engine *engine, uint64_t now_ns, struct err *err)
{
	struct barrier *barrier = &engine->barrier;

	if (barrier->attempts && barrier->marked >= barrier->mark)
		return begin_looks(engine, now_ns, err);
	if (now_ns < barrier->retry_ns)
		return 0;
	if (barrier->attempts == ATTEMPTS_MAX) {
		(void)snprintf(barrier->gap, sizeof(barrier->gap), "the event queues did not come to an end in %d s",
			       ATTEMPTS_MAX * (int)(RETRY_NS / 1000000000));
		return begin_looks(engine, now_ns, err);
	}
	return mark(engine, now_ns, err);
}

static bool looks_are_over(struct engine *engine, uint64_t now_ns)
{
	struct looker_state state;

	if (engine->look_names.count || engine->look_below.count || engine->look_below.everything)
		return false;
	looker_state(engine->looker, &state);
	if (state.waiting_urgent || engine->looks_open || engine->loading)
		return false;
	if (engine->barrier.ring && sweep_polled(engine->sweep) < engine->barrier.ring)
		return false;
	/* what looks found is put there before they count as over */
	if (!mailbox_is_empty(&engine->mail))
		return false;
	if (!watch_whole(engine->watch)) {
		if (now_ns < engine->barrier.give_up_ns)
			return false;
		(void)snprintf(engine->barrier.gap, sizeof(engine->barrier.gap),
			       "events are being lost all the time: see the last gap");
	}
	return watch_settled(engine->watch) || now_ns >= engine->barrier.settle_ns;
}

static bool names_are_judged(struct engine *engine)
{
	uint64_t force = engine->barrier.force;

	for (size_t i = 0; i < 2; i++) {
		if (engine->lanes[i].batch && engine->lanes[i].oldest <= force)
			return false;
	}
	return !spread_is_open(engine, force) && dirty_oldest(engine->dirty) > force;
}

/* What was judged must be on the disk: lines that are held for want of room would be lost with us. */
static void write_down(struct engine *engine)
{
	struct barrier *barrier = &engine->barrier;
	struct err failure = ERR_INIT;
	struct journal_state state;
	int r = events_flush(&engine->events, &failure);

	if (r >= 0)
		r = journal_sync(engine->setup->journal, &failure);
	journal_state(engine->setup->journal, &state);
	if ((r < 0 || state.problem[0]) && !barrier->gap[0])
		(void)snprintf(barrier->gap, sizeof(barrier->gap), "the journal can't be written: %.200s",
			       r < 0 ? failure.message : state.problem);
}

static int finish(struct engine *engine)
{
	struct barrier *barrier = &engine->barrier;

	write_down(engine);
	barrier->stage = BARRIER_IDLE;
	barrier->force = 0;
	while (barrier->waiting) {
		struct waiter *waiter = barrier->waiting;

		barrier->waiting = waiter->next;
		requests_answer(engine, waiter->client, waiter->request, barrier->gap);
		waiter_free(waiter);
	}
	return 0;
}

/* A damaged baseline may never be mended: whoever waits is told. */
void barrier_unjudged(struct engine *engine)
{
	struct barrier *barrier = &engine->barrier;

	if (barrier->stage == BARRIER_IDLE)
		return;
	barrier->unjudged = true;
	if (!barrier->gap[0])
		(void)snprintf(barrier->gap, sizeof(barrier->gap), "%s", engine->trouble);
}

/* The drift was lost meanwhile: what it held is waited for, if it is being looked for now. */
static bool is_drift_whole(struct engine *engine)
{
	struct barrier *barrier = &engine->barrier;

	if (!engine->rows || engine->start_looked)
		return true;
	if (!engine->again_ns && !barrier->looked_twice) {
		barrier->looked_twice = true;
		return false;
	}
	if (!barrier->gap[0])
		(void)snprintf(barrier->gap, sizeof(barrier->gap), "not all that differs is known: %.200s",
			       engine->trouble[0] ? engine->trouble : "not everything has been looked at yet");
	return true;
}

int barrier_step(struct engine *engine, uint64_t now_ns, struct err *err)
{
	struct barrier *barrier = &engine->barrier;
	int r = 0;

	if (barrier->stage == BARRIER_IDLE && barrier->next)
		r = begin_round(engine, err);
	if (barrier->stage != BARRIER_IDLE && !barrier->waiting) {
		/* everybody who asked has gone */
		barrier->stage = BARRIER_IDLE;
		barrier->force = 0;
	}
	if (r >= 0 && barrier->stage == BARRIER_MARK)
		r = step_mark(engine, now_ns, err);
	if (r >= 0 && barrier->stage == BARRIER_LOOKS && (barrier->unjudged || looks_are_over(engine, now_ns))) {
		barrier->stage = BARRIER_NAMES;
		barrier->force = dirty_number(engine->dirty);
		r = verdicts_ask(engine, err);
	}
	if (r >= 0 && barrier->stage == BARRIER_NAMES && barrier->unjudged)
		return finish(engine);
	if (r < 0 || barrier->stage != BARRIER_NAMES || !names_are_judged(engine))
		return r;
	if (!is_drift_whole(engine)) {
		barrier->stage = BARRIER_LOOKS;
		return 0;
	}
	/* names came and went unseen: what may have changed through them is looked for, once */
	if (!engine->doubt_ns || barrier->doubted)
		return finish(engine);
	barrier->doubted = true;
	barrier->stage = BARRIER_LOOKS;
	return looks_doubt(engine, err);
}

uint64_t barrier_due_ns(const struct engine *engine)
{
	const struct barrier *barrier = &engine->barrier;

	switch (barrier->stage) {
	case BARRIER_MARK:
		return barrier->retry_ns;
	case BARRIER_LOOKS: /* the looker's mail wakes us; a held rename does not */
	case BARRIER_NAMES:
		return time_monotonic_ns() + 20 * 1000 * 1000;
	case BARRIER_IDLE:
	default:
		return barrier->next ? 0 : UINT64_MAX;
	}
}
