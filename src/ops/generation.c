/* generation.c - see generation.h. */
#include "ops/generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

bool generation_in_scope(void *policy, struct bytes path)
{
	struct decision decision;

	policy_decide(policy, path, true, &decision);
	return decision.in_scope;
}

int generation_commit(struct baseline_writer *writer, const struct generation_parts *parts,
		      const struct secret_key *key, struct statement *ret_statement, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char resolved_name[] = "resolved";
	struct generation_info info = {
		.host = parts->host,
		.host_id = parts->host_id,
		.tool = TALLY_VERSION_TEXT,
		.reason = parts->reason,
		.created = { .sec = time_now().sec },
		.policy_files = parts->policy_files,
		.policy_file_count = parts->policy_file_count,
		.mounts = parts->mounts,
		.mount_count = parts->mount_count,
	};
	char previous[HASH_TEXT];
	int r;

	if (parts->previous) {
		statement_hash(parts->previous, strlen(parts->previous), previous);
		info.previous = previous;
	}
	if (parts->scope) {
		info.in_scope = generation_in_scope;
		info.context = (void *)(uintptr_t)parts->scope;
	}
	if (parts->policy) {
		r = policy_resolved(parts->policy, &text, err);
		if (r < 0)
			return r;
		info.resolved = (struct policy_file){ .name = resolved_name, .text = text.data, .len = text.len };
	} else {
		info.resolved = *parts->resolved;
	}
	return baseline_writer_commit(writer, &info, key, ret_statement, err);
}

/* The folder as a rule, quoted for YAML and with the pattern characters escaped. */
static int exclude_rule(const char *folder, struct buf *text)
{
	(void)buf_add_str(text, "version: 1\nrules:\n  - path: \"");
	for (const char *at = folder; *at; at++) {
		if (strchr("*?[]\\", *at))
			(void)buf_add_str(text, "\\\\");
		if (*at == '"' || *at == '\\')
			(void)buf_add_byte(text, '\\');
		(void)buf_add_byte(text, (unsigned char)*at);
	}
	(void)buf_add_str(text, "\"\n    exclude: true\n");
	return buf_failed(text) ? -1 : 0;
}

int generation_exclude_state(int state_dirfd, const struct policy_set *files, struct policy **policy, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(freep) struct policy_source *sources = NULL;
	struct policy *extended;
	struct decision decision;
	char link[64], folder[4096];
	ssize_t len;
	int r;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", state_dirfd);
	len = readlink(link, folder, sizeof(folder) - 1);
	if (len < 0)
		return err_errno(err, errno, "cannot tell the path of the state folder");
	folder[len] = '\0';
	policy_decide(*policy, bytes_of(folder), true, &decision);
	if (!decision.in_scope)
		return 0;
	sources = calloc(files->count + 1, sizeof(*sources));
	if (!sources || exclude_rule(folder, &text) < 0)
		return err_nomem(err);
	for (size_t i = 0; i < files->count; i++)
		sources[i] = (struct policy_source){ files->files[i].name, files->files[i].text, files->files[i].len };
	sources[files->count] = (struct policy_source){ "built-in", text.data, text.len };
	r = policy_parse(sources, files->count + 1, &extended, err);
	if (r < 0)
		return err_wrap(err, r, "excluding the state folder");
	policy_freep(policy);
	*policy = extended;
	return 0;
}
