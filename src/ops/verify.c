/*
 * verify.c - is a baseline authentic and whole: signatures, chain, sequence, and every generation's root hash.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "medium/layout.h"
#include "ops/media.h"
#include "ops/records.h"
#include "ops/texts.h"
#include "tally/verify.h"

/* Of a folder, which may be a journal's: does it hold what only a medium does? */
static bool holds_a_medium(const char *folder)
{
	static const char *const names[] = { MEDIUM_SUMS, MEDIUM_SUMS_MINISIG, MEDIUM_STATEMENT, MEDIUM_SHA256 };
	CLEANUP(fd_closep) int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(names); i++)
		if (fstatat(fd, names[i], &status, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

enum verify_kind op_verify_kind(const struct place *place, const char *what)
{
	const char *named = what ? what : place->baseline;
	struct stat status;

	if (!named || !media_is(named))
		return VERIFY_BASELINE;
	if (what && medium_path(what) == what && place->trust_count == 0 && stat(what, &status) == 0 &&
	    S_ISDIR(status.st_mode) && !holds_a_medium(what))
		return VERIFY_JOURNAL;
	return VERIFY_MEDIUM;
}

/* WHAT may be the installed baseline by its name: then the keys of this host's configuration hold for it. */
static bool is_installed(const struct place *place, const char *what)
{
	CLEANUP(buf_done) struct buf installed = BUF_INIT;
	struct stat a, b;

	(void)buf_printf(&installed, "%s/" BASELINE_FILE, place->state);
	return buf_str(&installed) && stat((char *)installed.data, &a) == 0 && stat(what, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The first generation after the last one that anybody trusted signed; --generation may ask for an earlier one. */
static int first_unvouched(struct reference *reference, struct texts *texts, uint64_t *ret_sequence, struct err *err)
{
	uint64_t sequence = reference->newest;

	for (; sequence > reference->sequence; sequence--) {
		struct generation_view view;
		int r = records_view(reference, sequence, texts, &view, err);

		if (r < 0)
			return r;
		if (view.vouched)
			break;
	}
	*ret_sequence = sequence + 1;
	return 0;
}

static int tell(struct reference *reference, generation_fn generation, void *context, struct err *err)
{
	CLEANUP(texts_freep) struct texts *texts = NULL;
	struct generation_view view;
	uint64_t sequence = 0;
	int r;

	r = texts_new(&texts, err);
	if (r >= 0)
		r = first_unvouched(reference, texts, &sequence, err);
	for (; r >= 0 && sequence <= reference->newest; sequence++) {
		r = records_view(reference, sequence, texts, &view, err);
		if (r >= 0)
			r = generation(context, &view, err);
	}
	if (r >= 0)
		r = records_view(reference, reference->sequence, texts, &view, err);
	return r < 0 ? r : generation(context, &view, err);
}

int op_verify(const struct place *place, const char *what, generation_fn generation, void *context, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	struct place there = *place;
	int r;

	if (what && place->baseline)
		return err_set(err, ERR_USAGE, "name the baseline once: as an argument or with --baseline");
	what = what ? baseline_file(what) : NULL;
	if (what && !is_installed(place, what))
		there.baseline = what;
	if (there.baseline && there.trust_count == 0)
		return err_set(err, ERR_USAGE,
			       "name the keys to trust: --trust FILE.pub; what a file says of itself proves nothing");
	r = reference_open(&there, &reference, err);
	if (r >= 0)
		r = records_prove_all(&reference, err);
	if (r >= 0)
		r = tell(&reference, generation, context, err);
	if (r >= 0)
		reference_remember(&reference, 0, false, NULL);
	return r < 0 ? r : 0;
}
