/* evidence_fixture.h - jobs without an image, and entries made of a line each. */
#ifndef EVIDENCE_FIXTURE_H
#define EVIDENCE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "evidence/evidence_inner.h"

/* CALL gives &try_err. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		struct err try_err = ERR_INIT;                                                                         \
		if ((call) < 0)                                                                                        \
			fail_msg("%s: %s", #call, try_err.message);                                                    \
	} while (0)

static const struct disk_source no_source = { .scratch = -1 };

static inline struct evidence_job job_of(enum evidence_kind kind)
{
	struct evidence_job job = { .kind = kind, .source = &no_source, .at = bytes_of("/"), .threads = 2 };

	return job;
}

/* A directory when PATH ends in '/', else a regular file of SIZE bytes without content. */
static inline struct entry entry_of_line(const char *path, uint64_t size)
{
	size_t len = strlen(path);
	bool dir = len > 0 && path[len - 1] == '/';
	struct entry entry = {
		.path = { (const unsigned char *)path, len > 1 && dir ? len - 1 : len },
		.value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_SIZE),
		.type = dir ? TYPE_DIR : TYPE_FILE,
		.mode = dir ? 0755 : 0644,
		.size = size,
	};

	if (dir)
		entry.none = ATTR_BIT(ATTR_CONTENT);
	return entry;
}

/* What a policy written in a line or two says. */
static inline struct policy *policy_of(const char *text)
{
	const struct policy_source source = { "policy.yaml", (const unsigned char *)text, strlen(text) };
	struct policy *policy = NULL;

	TRY(policy_parse(&source, 1, &policy, &try_err));
	return policy;
}

#endif
