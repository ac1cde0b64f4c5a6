/*
 * verify_medium.c - is a medium authentic and whole, and is all that lies on it what its baseline says?
 */
#include "base/cleanup.h"
#include "base/quote.h"
#include "medium/lists.h"
#include "ops/records.h"
#include "ops/verify_medium.h"
#include "tally/verify.h"

/* The lists made again; one pass over the entries feeds all. */
struct remake {
	struct lists *lists;
	struct digest_state digests[LIST_COUNT];
	struct buf text; /* what was added last */
	const atomic_bool *interrupted;
};

static void remake_done(struct remake *remake)
{
	lists_freep(&remake->lists);
	buf_done(&remake->text);
}

/* The parts of a list: what stands before the entries (no ENTRY, not LAST), an ENTRY's, what stands behind them. */
static int add(struct remake *remake, const struct entry *entry, bool last, struct err *err)
{
	for (enum list list = 0; list < LIST_COUNT; list++) {
		int r;

		buf_clear(&remake->text);
		if (entry)
			r = list_entry(remake->lists, list, entry, &remake->text);
		else if (last)
			r = list_end(remake->lists, list, &remake->text);
		else
			r = list_begin(remake->lists, list, &remake->text);
		if (r < 0)
			return err_nomem(err);
		digest_update(&remake->digests[list], remake->text.data, remake->text.len);
	}
	return 0;
}

/* Proves the rows on the way: their root is right when this succeeds. */
static int remake_all(struct reference *reference, struct remake *remake, struct err *err)
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct entry *entry;
	int r;

	for (enum list list = 0; list < LIST_COUNT; list++)
		digest_init(&remake->digests[list]);
	r = lists_new(reference->policy, reference->mounts, reference->mount_count, &remake->lists, err);
	if (r >= 0)
		r = reference_tree(reference, &tree, err);
	if (r >= 0)
		r = add(remake, NULL, false, err);
	if (r < 0)
		return r;
	while ((r = tree_next(tree, &entry, err)) > 0) {
		if (remake->interrupted && atomic_load(remake->interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		r = add(remake, entry, false, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : add(remake, NULL, true, err);
}

static int prove_lists(struct reference *reference, const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(remake_done) struct remake remake = { .lists = NULL, .interrupted = interrupted };
	int r = remake_all(reference, &remake, err);

	for (enum list list = 0; r >= 0 && list < LIST_COUNT; list++) {
		const struct manifest_file *listed = manifest_find(medium_manifest(reference->medium), list_name(list));
		unsigned char digest[DIGEST_BYTES];

		digest_final(&remake.digests[list], digest);
		if (!listed)
			return err_set(err, ERR_UNTRUSTED, "it has no '%s'", list_name(list));
		if (!digest_equal(digest, listed->digest))
			return err_set(err, ERR_UNTRUSTED, "'%s' is not what " MEDIUM_BASELINE " gives",
				       list_name(list));
	}
	if (r >= 0 && !manifest_find(medium_manifest(reference->medium), MEDIUM_README))
		return err_set(err, ERR_UNTRUSTED, "it has no '" MEDIUM_README "'");
	return r;
}

static int tell(struct reference *reference, const char *path, medium_fn medium, void *context, struct err *err)
{
	CLEANUP(texts_freep) struct texts *texts = NULL;
	struct medium_view view = { .path = path, .image = medium_is_image(reference->medium) };
	struct signer_list list;
	int r;

	r = texts_new(&texts, err);
	if (r >= 0)
		r = records_view(reference, reference->sequence, texts, &view.generation, err);
	if (r >= 0)
		r = signer_list_make(medium_verdict(reference->medium), texts, &list, err);
	if (r < 0)
		return r;
	view.signers = list.signers;
	view.signer_count = list.signer_count;
	view.unknown_signers = list.unknown;
	view.unknown_signer_count = list.unknown_count;
	medium_size(reference->medium, &view.files, &view.bytes);
	return medium(context, &view, err);
}

int verify_medium_open(const struct place *place, const char *what, struct reference *ret_reference, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	struct place there = *place;
	int r;

	if (what && place->baseline)
		return err_set(err, ERR_USAGE, "name the medium once: as an argument or with --baseline");
	if (what)
		there.baseline = what;
	if (there.trust_count == 0)
		return err_set(err, ERR_USAGE,
			       "name the keys to trust: --trust FILE.pub; what a medium says of itself proves nothing");
	r = reference_open(&there, &reference, err);
	if (r < 0)
		return r;
	if (!reference.medium)
		return err_set(err, ERR_UNTRUSTED, "'%s' is no medium any more", QUOTE(there.baseline));
	r = prove_lists(&reference, there.interrupted, err);
	if (r == ERR_DATA)
		r = err->code = ERR_UNTRUSTED;
	if (r < 0)
		return err_wrap(err, r, "medium '%s'", QUOTE(medium_path(there.baseline)));
	*ret_reference = reference;
	reference = REFERENCE_INIT;
	return 0;
}

int op_verify_medium(const struct place *place, const char *what, medium_fn medium, void *context, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	int r = verify_medium_open(place, what, &reference, err);

	return r < 0 ? r : tell(&reference, medium_path(what ? what : place->baseline), medium, context, err);
}
