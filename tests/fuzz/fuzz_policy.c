/*
 * fuzz_policy.c - any bytes as a policy: refused with one line, or read; then its resolved text reads back to
 * itself, and walking decides as asking does.
 */
/* rooms: policy base */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/policy.h"

static const char *const paths[] = {
	"/", "/a", "/a/b", "/a/b/c", "/etc", "/etc/passwd", "/usr/bin/x", "/home/u/.ssh/key", "/var/log/x.1", "/-/!/^",
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_resolved(const struct policy *policy)
{
	CLEANUP(buf_done) struct buf first = BUF_INIT;
	CLEANUP(buf_done) struct buf second = BUF_INIT;
	CLEANUP(policy_freep) struct policy *back = NULL;
	struct err err = ERR_INIT;
	int r = policy_resolved(policy, &first, &err);

	if (r < 0) {
		require(r == ERR_POLICY); /* too large */
		return;
	}
	struct policy_source source = { "resolved", first.data, first.len };
	require(policy_parse(&source, 1, &back, &err) == 0);
	require(policy_resolved(back, &second, &err) == 0);
	require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
}

static void check_walk(const struct policy *policy)
{
	CLEANUP(policy_walk_freep) struct policy_walk *walk = NULL;
	struct err err = ERR_INIT;

	require(policy_walk_new(policy, &walk, &err) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (int is_dir = 0; is_dir < 2; is_dir++) {
			struct decision asked, walked;

			policy_decide(policy, bytes_of(paths[i]), is_dir, &asked);
			require(policy_walk_decide(walk, bytes_of(paths[i]), is_dir, &walked, &err) == 0);
			require(asked.in_scope == walked.in_scope && asked.profile == walked.profile &&
				asked.severity == walked.severity && asked.rule == walked.rule);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(policy_freep) struct policy *policy = NULL;
	struct policy_source source = { "policy.yaml", data, size };
	struct err err = ERR_INIT;
	int r = policy_parse(&source, 1, &policy, &err);

	require(r == 0 || r == ERR_POLICY);
	if (r < 0) {
		require(err.message[0] && !strchr(err.message, '\n') && !policy);
		return 0;
	}
	check_resolved(policy);
	check_walk(policy);
	return 0;
}
