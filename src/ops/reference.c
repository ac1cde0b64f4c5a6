/* reference.c - see reference.h. */
#include "ops/reference.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/generation.h"
#include "ops/media.h"

enum { LOCK_ATTEMPTS = 40 };

/* NAME.tmp- and 16 hex digits, as base/fd.h makes them. */
static bool is_temporary(const char *name)
{
	static const char *const stems[] = { BASELINE_FILE ".tmp-", "seen.tmp-" };

	for (size_t i = 0; i < ARRAY_SIZE(stems); i++) {
		size_t len = strlen(stems[i]);

		if (strlen(name) == len + 16 && memcmp(name, stems[i], len) == 0 &&
		    strspn(name + len, "0123456789abcdef") == 16)
			return true;
	}
	return false;
}

/* What killed runs left behind; whoever has the lock is the only one who writes here. */
static void sweep(int state_dirfd)
{
	int fd = openat(state_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;

	if (!dir) {
		fd_closep(&fd);
		return;
	}
	while ((item = readdir(dir))) {
		if (is_temporary(item->d_name))
			(void)unlinkat(state_dirfd, item->d_name, 0);
	}
	(void)closedir(dir);
}

int state_lock(int state_dirfd, int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int fd = openat(state_dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };

	if (fd < 0)
		return err_errno(err, errno, "cannot open the lock file of the state folder");
	/* a check holds it for moments only, to remember what it has seen */
	for (unsigned attempt = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; attempt++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, errno, "cannot lock the state folder");
		if (attempt == LOCK_ATTEMPTS)
			return err_set(err, ERR_LOCKED, "another tally is writing to this state folder: try again");
		(void)nanosleep(&pause, NULL);
	}
	sweep(state_dirfd);
	*ret_fd = STEAL_FD(fd);
	return 0;
}

const char *baseline_file(const char *named)
{
	static const char prefix[] = "baseline:";
	const size_t len = sizeof(prefix) - 1;

	return strlen(named) > len && memcmp(named, prefix, len) == 0 ? named + len : medium_path(named);
}

void reference_done(struct reference *reference)
{
	trust_verdict_done(&reference->verdict);
	medium_freep(&reference->medium);
	trust_done(&reference->trust);
	policy_freep(&reference->policy);
	baseline_freep(&reference->baseline);
	fd_closep(&reference->state_dirfd);
	fd_closep(&reference->config_dirfd);
	*reference = REFERENCE_INIT;
}

/* A baseline that was here once and is not any more is no missing input: somebody took it away. */
static int open_installed(const struct place *place, struct reference *reference, struct err *err)
{
	struct err seen_err;
	int seen, r;

	r = config_dir_open(place->state, &reference->state_dirfd, err);
	if (r < 0)
		return r == ERR_NOINPUT ? err_set(err, r, "there is no baseline in '%s': make one with `tally init`",
						  QUOTE(place->state))
					: r;
	seen = seen_load(reference->state_dirfd, "seen", &reference->seen, &seen_err);
	r = baseline_open(reference->state_dirfd, BASELINE_FILE, &reference->baseline, err);
	if (r == ERR_NOINPUT && seen == 0)
		return err_set(err, ERR_UNTRUSTED,
			       "the baseline in '%s' is gone: sequence %llu of it was seen here (see tally(1), RESET)",
			       QUOTE(place->state), (unsigned long long)reference->seen.sequence);
	if (r == ERR_NOINPUT)
		return err_set(err, r, "there is no baseline in '%s': make one with `tally init`", QUOTE(place->state));
	if (r < 0)
		return r;
	if (seen < 0) {
		*err = seen_err;
		return err_wrap(err, seen, "'%s/seen'", QUOTE(place->state));
	}
	r = config_dir_open(place->config, &reference->config_dirfd, err);
	return r == ERR_NOINPUT ? 0 : r;
}

/* A baseline from elsewhere: a file, or on a medium, which is proved by the same keys before anything of it is looked at. */
static int open_named(const struct place *place, struct reference *reference, struct err *err)
{
	int r;

	if (!media_is(place->baseline))
		return baseline_open(AT_FDCWD, baseline_file(place->baseline), &reference->baseline, err);
	r = config_trust(place, &reference->trust, err);
	return r < 0 ? r
		     : media_open(place->baseline, &reference->trust, place->interrupted, &reference->medium,
				  &reference->baseline, err);
}

/* Of the statement of the sequence that was seen: of the file's own, or as its first one names the one before it. */
static void seen_hash(const struct reference *reference, char ret_hash[HASH_TEXT])
{
	const char *text = baseline_statement_text(reference->baseline, reference->seen.sequence);

	if (text)
		statement_hash(text, strlen(text), ret_hash);
	else
		(void)memcpy(ret_hash, baseline_statement(reference->baseline, reference->oldest)->previous, HASH_TEXT);
}

/* An older baseline put back, or another one with the same numbers. */
static int seen_judge(const struct reference *reference, struct err *err)
{
	const struct seen *seen = &reference->seen;
	const struct statement *newest = baseline_statement(reference->baseline, reference->newest);
	char hash[HASH_TEXT];

	if (seen->sequence == 0)
		return 0;
	if (strcmp(seen->host_id, newest->host_id) != 0)
		return err_set(err, ERR_UNTRUSTED,
			       "the baseline is of host-id %s, but %s was seen here (see tally(1), RESET)",
			       newest->host_id, seen->host_id);
	if (reference->newest < seen->sequence)
		return err_set(err, ERR_UNTRUSTED,
			       "the baseline was rolled back: it ends with sequence %llu, but %llu was seen here",
			       (unsigned long long)reference->newest, (unsigned long long)seen->sequence);
	if (seen->sequence < reference->oldest - 1)
		return err_set(
			err, ERR_UNTRUSTED,
			"the baseline begins with sequence %llu: nothing shows that it follows the %llu seen here "
			"(see tally(1), RESET)",
			(unsigned long long)reference->oldest, (unsigned long long)seen->sequence);
	seen_hash(reference, hash);
	if (strcmp(hash, seen->statement) != 0)
		return err_set(err, ERR_UNTRUSTED,
			       "the baseline was replaced: its statement of sequence %llu is not the one seen here",
			       (unsigned long long)seen->sequence);
	return 0;
}

static int use(struct reference *reference, uint64_t sequence, struct err *err)
{
	trust_verdict_done(&reference->verdict);
	reference->sequence = sequence;
	return baseline_verify(reference->baseline, &reference->trust, sequence, &reference->verdict, err);
}

/* On the host the newest; off the host the newest that a trusted key signed: later ones rest on the host's word alone. */
static int use_newest(struct reference *reference, struct err *err)
{
	struct err first;
	int r;

	r = use(reference, reference->newest, err);
	if (r != ERR_UNTRUSTED || reference->installed)
		return r;
	first = *err;
	for (uint64_t sequence = reference->newest - 1; r == ERR_UNTRUSTED && sequence >= reference->oldest; sequence--)
		r = use(reference, sequence, err);
	if (r == ERR_UNTRUSTED)
		*err = first;
	return r;
}

/* What trusted keys vouch for must reach up to --min-sequence; what others put behind it counts for nothing. */
static int choose(struct reference *reference, const struct place *place, struct err *err)
{
	int r = 0;

	if (place->generation && (place->generation < reference->oldest || place->generation > reference->newest))
		return err_set(err, ERR_NOINPUT, "there is no generation %llu: the file holds generations %llu to %llu",
			       (unsigned long long)place->generation, (unsigned long long)reference->oldest,
			       (unsigned long long)reference->newest);
	if (!place->generation || place->min_sequence)
		r = use_newest(reference, err);
	if (r >= 0 && place->min_sequence > reference->sequence)
		return err_set(err, ERR_UNTRUSTED,
			       "the newest generation that a trusted key signed is %llu, but at least %llu is required",
			       (unsigned long long)reference->sequence, (unsigned long long)place->min_sequence);
	if (r >= 0 && place->generation)
		r = use(reference, place->generation, err);
	return r;
}

static int load_policy(struct reference *reference, struct err *err)
{
	struct policy_source source;
	int r;

	r = baseline_policy(reference->baseline, reference->sequence, &reference->policy_files,
			    &reference->policy_file_count, &reference->resolved, err);
	if (r < 0)
		return r;
	source = (struct policy_source){ "signed policy", reference->resolved->text, reference->resolved->len };
	r = policy_parse(&source, 1, &reference->policy, err);
	return r < 0 ? err_wrap(err, r, "generation %llu", (unsigned long long)reference->sequence) : 0;
}

static int open_reference(const struct place *place, bool finished, struct reference *ret_reference, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	int r;

	reference.installed = !place->baseline;
	reference.interrupted = place->interrupted;
	if (place->baseline && place->trust_count == 0)
		return err_set(err, ERR_USAGE,
			       "the keys to trust must be named for a baseline from elsewhere: --trust FILE.pub");
	r = reference.installed ? open_installed(place, &reference, err) : open_named(place, &reference, err);
	if (r >= 0 && !reference.medium)
		r = config_trust(place, &reference.trust, err);
	if (r >= 0 && !reference.installed && !reference.medium)
		r = media_refuse_beside(baseline_file(place->baseline), &reference.trust, err);
	if (r < 0)
		return r;
	for (size_t i = 0; !finished && i < reference.trust.count; i++)
		reference.trust.keys[i].required = false;
	reference.oldest = baseline_oldest(reference.baseline);
	reference.newest = baseline_newest(reference.baseline);
	reference.memorable = reference.installed && place->trust_count == 0 && place->generation == 0;
	r = choose(&reference, place, err);
	if (r >= 0)
		r = seen_judge(&reference, err);
	if (r >= 0)
		r = load_policy(&reference, err);
	if (r >= 0)
		r = baseline_mounts(reference.baseline, reference.sequence, &reference.mounts, &reference.mount_count,
				    err);
	if (r < 0)
		return r;
	reference.statement = baseline_statement(reference.baseline, reference.sequence);
	*ret_reference = reference;
	reference = REFERENCE_INIT;
	return 0;
}

int reference_open(const struct place *place, struct reference *ret_reference, struct err *err)
{
	return open_reference(place, true, ret_reference, err);
}

int reference_open_unfinished(const struct place *place, struct reference *ret_reference, struct err *err)
{
	return open_reference(place, false, ret_reference, err);
}

int reference_tree(struct reference *reference, struct tree **ret_tree, struct err *err)
{
	return baseline_tree(reference->baseline, reference->sequence, generation_in_scope, reference->policy, ret_tree,
			     err);
}

/* Another tally may have made and seen a newer generation while this one was reading: never go back behind it. */
static int remember(const struct reference *reference, int64_t full, struct err *err)
{
	struct seen seen;
	const char *text;
	int r;

	r = seen_load(reference->state_dirfd, "seen", &seen, err);
	if (r < 0)
		return r;
	if (seen.sequence <= reference->newest) {
		(void)memcpy(seen.host_id, reference->statement->host_id, sizeof(seen.host_id));
		seen.sequence = reference->newest;
		text = baseline_statement_text(reference->baseline, reference->newest);
		statement_hash(text, strlen(text), seen.statement);
	}
	if (full > seen.full_check)
		seen.full_check = full;
	return seen_store(reference->state_dirfd, "seen", &seen, err);
}

void reference_remember(const struct reference *reference, int64_t full, bool have_lock, const struct talk *talk)
{
	CLEANUP(fd_closep) int lock = -1;
	struct err err;
	int r = 0;

	if (!reference->memorable || (reference->seen.sequence == reference->newest && full == 0))
		return;
	if (!have_lock)
		r = state_lock(reference->state_dirfd, &lock, &err);
	if (r >= 0)
		r = remember(reference, full, &err);
	if (r < 0 && talk && talk->warn) {
		(void)err_wrap(&err, r, "the verdict stands, but what was seen is not remembered");
		talk->warn(talk->context, err.message);
	}
}

int signer_list_make(const struct trust_verdict *verdict, struct texts *texts, struct signer_list *ret_list,
		     struct err *err)
{
	struct report_signer *signers = texts_alloc(texts, verdict->count * sizeof(*signers) + 1);
	const char **unknown = texts_alloc(texts, verdict->count * sizeof(*unknown) + 1);
	struct signer_list list = { .signers = signers, .unknown = unknown };

	if (!signers || !unknown)
		return err_nomem(err);
	for (size_t i = 0; i < verdict->count; i++) {
		const struct verdict_signature *signature = &verdict->signatures[i];
		char id[KEY_ID_HEX], fingerprint[KEY_FINGERPRINT_TEXT];
		struct report_signer *signer;

		if (!signature->signer) {
			key_id_hex(signature->parsed.key_id, id);
			unknown[list.unknown_count] = texts_add(texts, id);
			if (!unknown[list.unknown_count++])
				return err_nomem(err);
			continue;
		}
		key_id_hex(signature->signer->key.id, id);
		public_key_fingerprint(&signature->signer->key, fingerprint);
		signer = &signers[list.signer_count++];
		signer->name = texts_add(texts, signature->signer->name);
		signer->fingerprint = texts_add(texts, fingerprint);
		signer->key_id = texts_add(texts, id);
		signer->host = signature->signer->host;
		if (!signer->name || !signer->fingerprint || !signer->key_id)
			return err_nomem(err);
	}
	*ret_list = list;
	return 0;
}

int reference_summary(const struct reference *reference, const struct place *place, struct texts *texts,
		      struct report_summary *summary, struct err *err)
{
	struct signer_list list;
	int r;

	r = signer_list_make(&reference->verdict, texts, &list, err);
	if (r < 0)
		return r;
	summary->signers = list.signers;
	summary->signer_count = list.signer_count;
	summary->unknown_signers = list.unknown;
	summary->unknown_signer_count = list.unknown_count;
	summary->authentic = true;
	summary->sequence = reference->sequence;
	summary->created = reference->statement->created;
	summary->root = texts_add(texts, reference->statement->root);
	summary->host = texts_add(texts, reference->statement->host);
	summary->host_id = texts_add(texts, reference->statement->host_id);
	summary->a.kind = reference->medium ? "medium" : "baseline";
	summary->a.name = reference->installed ? texts_printf(texts, "%s/" BASELINE_FILE, place->state)
					       : texts_add(texts, baseline_file(place->baseline));
	summary->last_full = reference->seen.full_check;
	if (summary->last_full < reference->statement->created.sec)
		summary->last_full = reference->statement->created.sec;
	if (!summary->root || !summary->host || !summary->host_id || !summary->a.name)
		return err_nomem(err);
	return 0;
}
