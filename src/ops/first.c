/*
 * first.c - see first.h: host key, default policy, entries, signature.
 *
 * Nothing that exists is overwritten; an interrupted run leaves at most a host key and a policy behind, which the
 * next run uses.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/config.h"
#include "ops/first.h"
#include "ops/generation.h"
#include "ops/reference.h"
#include "ops/survey.h"

struct init {
	const struct place *place;
	const struct talk *talk;
	const struct first_source *source;
	int config, state, lock;
	struct policy_set files;
	struct policy *policy;
	struct mount *mounts; /* of this system; a tree from elsewhere has none, and is nobody's own file system */
	size_t mount_count;
	struct secret_key *key;
};

static void init_freep(struct init **init)
{
	if (!*init)
		return;
	fd_closep(&(*init)->config);
	fd_closep(&(*init)->state);
	fd_closep(&(*init)->lock);
	policy_set_done(&(*init)->files);
	policy_freep(&(*init)->policy);
	free((*init)->mounts);
	secret_key_freep(&(*init)->key);
	free(*init);
	*init = NULL;
}

static int refuse_existing(const struct init *init, struct err *err)
{
	struct stat status;

	if (fstatat(init->state, BASELINE_FILE, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, ERR_CANTCREATE,
			       "there is a baseline in '%s' already: `tally accept` makes new generations",
			       QUOTE(init->place->state));
	if (fstatat(init->state, "seen", &status, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, ERR_CANTCREATE,
			       "a baseline was seen in '%s' before: to begin anew on purpose, remove its file 'seen'",
			       QUOTE(init->place->state));
	return 0;
}

static int write_default_policy(const struct init *init, struct err *err)
{
	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
	int r;

	r = outfile_open(&out, init->config, "policy.yaml", 0644, err);
	if (r >= 0)
		r = fd_write_all(out.fd, policy_default.text, policy_default.len, "policy.yaml", err);
	return r < 0 ? r : outfile_commit_new(&out, err);
}

static int prepare_policy(struct init *init, bool *ret_made, struct err *err)
{
	int r;

	r = policy_set_load(init->config, &init->files, err);
	if (r >= 0 && init->files.count == 0) {
		r = write_default_policy(init, err);
		if (r >= 0)
			r = policy_set_load(init->config, &init->files, err);
		*ret_made = true;
	}
	if (r >= 0)
		r = policy_set_parse(&init->files, &init->policy, err);
	if (r >= 0 && init->source->system)
		r = policy_warn(init->policy, init->talk, err);
	return r < 0 ? r : generation_exclude_state(init->state, &init->files, &init->policy, err);
}

static int prepare_key(struct init *init, bool *ret_made, struct err *err)
{
	int r;

	r = config_secret_key(init->config, "host.key", init->talk, &init->key, err);
	if (r >= 0)
		return config_public_half(init->config, "host", init->key, err);
	if (err->os_errno != ENOENT)
		return r;
	r = secret_key_generate(&init->key, err);
	if (r < 0)
		return r;
	*ret_made = true;
	return config_key_write(init->config, "host", init->key, NULL, err);
}

static int prepare(struct init *init, struct init_result *result, struct err *err)
{
	int r;

	r = config_dir_make(init->place->state, 0755, &init->state, err);
	if (r >= 0)
		r = state_lock(init->state, &init->lock, err);
	if (r >= 0)
		r = refuse_existing(init, err);
	if (r >= 0)
		r = config_dir_make(init->place->config, 0755, &init->config, err);
	if (r >= 0)
		r = prepare_policy(init, &result->policy_made, err);
	if (r >= 0)
		r = prepare_key(init, &result->key_made, err);
	if (r >= 0 && init->source->system)
		r = survey_mounts(init->source->system, init->policy, &init->mounts, &init->mount_count, err);
	return r;
}

int first_scan(const struct scan_options *options, const struct talk *talk, struct baseline_writer *writer,
	       struct first_figures *figures, struct err *err)
{
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	const struct scan_stats *stats;
	struct pair pair;
	int r;

	r = scan_new(options, &scan, err);
	if (r < 0)
		return r;
	survey_begin(talk, "recording", scan, survey_forecast(options->root, options->policy));
	while ((r = pairs_next(scan, &pair, err)) > 0) {
		figures->entries++;
		r = baseline_writer_add(writer, pair.b, err);
		if (r < 0)
			break;
	}
	survey_end(talk);
	stats = scan_stats(scan);
	figures->bytes_read = stats->bytes_read;
	figures->excluded = stats->excluded;
	figures->mounts_skipped = stats->mounts_skipped;
	return r;
}

static int fill(const struct init *init, struct baseline_writer *writer, struct init_result *result, struct err *err)
{
	struct first_figures figures = { 0 };
	int r = init->source->record(init->source->context, init->policy, writer, &figures, err);

	if (r < 0)
		return r;
	if (figures.entries == 0)
		return err_set(err, ERR_NOINPUT, "nothing to record: no path of the policy exists in '%s'",
			       QUOTE(init->source->name));
	result->bytes_read = figures.bytes_read;
	result->excluded = figures.excluded;
	result->mounts_skipped = figures.mounts_skipped;
	return 0;
}

static int sign_first(struct init *init, struct baseline_writer *writer, struct statement *ret_statement,
		      struct err *err)
{
	struct generation_parts parts = {
		.policy_files = init->files.files,
		.policy_file_count = init->files.count,
		.policy = init->policy,
		.mounts = init->mounts,
		.mount_count = init->mount_count,
		.reason = "",
	};
	unsigned char random[16];
	struct utsname names;
	char host_id[33];

	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(host_id, sizeof(host_id), random, sizeof(random));
	if (uname(&names) < 0)
		return err_errno(err, errno, "cannot tell the host's name");
	parts.host = names.nodename;
	parts.host_id = host_id;
	return generation_commit(writer, &parts, init->key, ret_statement, err);
}

static int remember(const struct init *init, const struct statement *statement, struct err *err)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	struct seen seen = { .sequence = statement->sequence, .full_check = statement->created.sec };
	const char *text;
	int r;

	r = baseline_open(init->state, BASELINE_FILE, &baseline, err);
	if (r < 0)
		return r;
	memcpy(seen.host_id, statement->host_id, sizeof(seen.host_id));
	text = baseline_statement_text(baseline, statement->sequence);
	statement_hash(text, strlen(text), seen.statement);
	return seen_store(init->state, "seen", &seen, err);
}

int first_make(const struct place *place, const struct first_source *source, const struct talk *talk,
	       struct init_result *ret_result, struct err *err)
{
	CLEANUP(init_freep) struct init *init = calloc(1, sizeof(*init));
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	struct init_result result = { .key_made = false };
	uint64_t started = time_monotonic_ns();
	int r;

	if (!init)
		return err_nomem(err);
	*init = (struct init){ .place = place, .talk = talk, .source = source, .config = -1, .state = -1, .lock = -1 };
	r = prepare(init, &result, err);
	if (r >= 0)
		r = baseline_writer_new(init->state, BASELINE_FILE, &writer, err);
	if (r >= 0)
		r = fill(init, writer, &result, err);
	if (r >= 0)
		r = sign_first(init, writer, &result.statement, err);
	if (r >= 0)
		r = remember(init, &result.statement, err);
	if (r < 0)
		return r;
	public_key_fingerprint(secret_key_public(init->key), result.fingerprint);
	result.seconds = (double)(time_monotonic_ns() - started) / 1e9;
	*ret_result = result;
	return 0;
}
