/*
 * tampers.c - what of the house's own files is not as it should be: told once, and kept for the status until it is mended.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"

static void forget_tampers(struct tamper *tampers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(tampers[i].path);
		free(tampers[i].what);
	}
	free(tampers);
}

void tampers_done(struct engine *engine)
{
	forget_tampers(engine->tampers, engine->tamper_count);
	engine->tampers = NULL;
	engine->tamper_count = 0;
}

static bool has_tamper(const struct tamper *tampers, size_t count, const struct tamper *tamper)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(tampers[i].path, tamper->path) == 0 && strcmp(tampers[i].what, tamper->what) == 0)
			return true;
	}
	return false;
}

static int add_tamper(void *context, const char *path, const char *what, struct err *err)
{
	struct engine *engine = context;
	struct tamper *grown = realloc(engine->tampers, (engine->tamper_count + 1) * sizeof(*grown));
	struct tamper tamper = { strdup(path), strdup(what) };

	if (grown)
		engine->tampers = grown;
	if (!grown || !tamper.path || !tamper.what) {
		free(tamper.path);
		free(tamper.what);
		return err_nomem(err);
	}
	engine->tampers[engine->tamper_count++] = tamper;
	return 0;
}

static int add_baseline(struct engine *engine, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	if (!engine->baseline_trouble[0])
		return 0;
	(void)buf_printf(&path, "%s/" BASELINE_FILE, engine->setup->place.state);
	if (!buf_str(&path))
		return err_nomem(err);
	return add_tamper(engine, (char *)path.data, engine->baseline_trouble, err);
}

/* Holds the house against what was believed of it; what was not told yet becomes an event. */
int tampers_find(struct engine *engine, struct err *err)
{
	struct tamper *before = engine->tampers;
	size_t before_count = engine->tamper_count;
	int r;

	engine->tampers = NULL;
	engine->tamper_count = 0;
	r = house_compare(engine->house, engine->view, add_tamper, engine, err);
	if (r >= 0)
		r = add_baseline(engine, err);
	for (size_t i = 0; r >= 0 && i < engine->tamper_count; i++) {
		const struct tamper *tamper = &engine->tampers[i];

		if (!has_tamper(before, before_count, tamper))
			r = events_tamper(&engine->events, tamper->path, tamper->what, err);
	}
	forget_tampers(before, before_count);
	return r;
}
