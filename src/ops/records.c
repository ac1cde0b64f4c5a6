/* records.c - show and history: what a baseline holds; see records.h and tally/ops.h. */
#include "ops/records.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/survey.h"

int records_read(struct tree *tree, const atomic_bool *interrupted, struct err *err)
{
	const struct entry *entry;
	int r;

	while ((r = tree_next(tree, &entry, err)) > 0) {
		if (interrupted && atomic_load(interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	return r;
}

int records_prove(struct reference *reference, struct err *err)
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	int r = reference_tree(reference, &tree, err);

	return r < 0 ? r : records_read(tree, reference->interrupted, err);
}

int records_prove_all(struct reference *reference, struct err *err)
{
	int r = 0;

	for (uint64_t sequence = reference->oldest; r >= 0 && sequence <= reference->newest; sequence++) {
		CLEANUP(tree_freep) struct tree *tree = NULL;

		if (sequence == reference->sequence) {
			r = records_prove(reference, err);
			continue;
		}
		r = baseline_tree(reference->baseline, sequence, NULL, NULL, &tree, err);
		if (r >= 0)
			r = records_read(tree, reference->interrupted, err);
		if (r < 0)
			return err_wrap(err, r, "generation %llu", (unsigned long long)sequence);
	}
	return r;
}

int records_view(struct reference *reference, uint64_t sequence, struct texts *texts, struct generation_view *ret_view,
		 struct err *err)
{
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	struct signer_list list = { .signers = NULL };
	const struct signature_text *signatures;
	size_t count;
	int r;

	count = baseline_signatures(reference->baseline, sequence, &signatures);
	if (count) {
		r = baseline_verify(reference->baseline, &reference->trust, sequence, &verdict, err);
		if (r < 0 && r != ERR_UNTRUSTED)
			return r;
		if (r >= 0 && (r = signer_list_make(&verdict, texts, &list, err)) < 0)
			return r;
	}
	*ret_view = (struct generation_view){
		.statement = baseline_statement(reference->baseline, sequence),
		.reason = baseline_reason(reference->baseline, sequence),
		.signers = list.signers,
		.signer_count = list.signer_count,
		.unknown_signers = list.unknown,
		.unknown_signer_count = list.unknown_count,
		.vouched = sequence <= reference->sequence || list.signer_count > 0,
	};
	return 0;
}

static bool is_listed(const struct path_list *list, struct bytes path)
{
	for (size_t i = 0; i < list->count; i++) {
		if (bytes_equal(list->paths[i], path))
			return true;
	}
	return false;
}

int op_show(const struct place *place, const char *const *paths, size_t path_count, entry_fn entry, void *context,
	    struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	CLEANUP(path_list_done) struct path_list list = PATH_LIST_INIT;
	CLEANUP(tree_freep) struct tree *all = NULL;
	CLEANUP(tree_freep) struct tree *rows = NULL;
	const struct entry *row;
	uint64_t shown = 0;
	int r;

	r = path_list_make(paths, path_count, false, &list, err);
	if (r >= 0)
		r = reference_open(place, &reference, err);
	if (r >= 0)
		r = records_prove(&reference, err);
	if (r >= 0)
		r = reference_tree(&reference, &all, err);
	if (r >= 0)
		r = survey_filter(all, &list, &rows, err);
	if (r < 0)
		return r;
	all = NULL; /* the filter's now */
	while ((r = tree_next(rows, &row, err)) > 0) {
		shown++;
		r = entry(context, row, is_listed(&list, row->path), err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	reference_remember(&reference, 0, false, NULL);
	if (shown == 0)
		return err_set(err, ERR_NOINPUT, "generation %llu records nothing there",
			       (unsigned long long)reference.sequence);
	return 0;
}

static int open_proven(const struct place *place, struct reference *reference, struct err *err)
{
	int r;

	if (place->generation)
		return err_set(err, ERR_USAGE, "history tells of all generations: --generation does not fit");
	r = reference_open(place, reference, err);
	return r < 0 ? r : records_prove_all(reference, err);
}

int op_history(const struct place *place, generation_fn generation, void *context, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	CLEANUP(texts_freep) struct texts *texts = NULL;
	int r;

	r = open_proven(place, &reference, err);
	if (r >= 0)
		r = texts_new(&texts, err);
	for (uint64_t sequence = reference.oldest; r >= 0 && sequence <= reference.newest; sequence++) {
		struct generation_view view;

		r = records_view(&reference, sequence, texts, &view, err);
		if (r >= 0)
			r = generation(context, &view, err);
	}
	return r < 0 ? r : 0;
}

struct versions {
	struct reference *reference;
	struct texts *texts;
	version_fn version;
	void *context;
	uint64_t count;
};

static int on_version(void *context, const struct entry *entry, uint64_t until, struct err *err)
{
	struct versions *versions = context;
	struct generation_view view;
	int r = 0;

	versions->count++;
	if (entry->since < versions->reference->oldest)
		view = (struct generation_view){ .reason = "", .vouched = true };
	else
		r = records_view(versions->reference, entry->since, versions->texts, &view, err);
	return r < 0 ? r : versions->version(versions->context, entry, &view, until, err);
}

int op_history_path(const struct place *place, const char *path, version_fn version, void *context, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	CLEANUP(texts_freep) struct texts *texts = NULL;
	CLEANUP(freep) char *resolved = NULL;
	struct versions versions = { .reference = &reference, .version = version, .context = context };
	int r;

	r = path_resolve(path, &resolved, err);
	if (r >= 0)
		r = open_proven(place, &reference, err);
	if (r >= 0)
		r = texts_new(&texts, err);
	if (r < 0)
		return r;
	versions.texts = texts;
	r = baseline_versions(reference.baseline, bytes_of(resolved), on_version, &versions, err);
	if (r >= 0 && versions.count == 0)
		return err_set(err, ERR_NOINPUT, "no generation records '%s'", QUOTE(resolved));
	return r < 0 ? r : 0;
}
