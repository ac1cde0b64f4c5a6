/*
 * child.h - a confined process that parses, and what it has to do it with. Private to evidence/, and to its tests, which bring parsers of their own.
 */
#ifndef EVIDENCE_CHILD_H
#define EVIDENCE_CHILD_H

#include "evidence/wire.h"

struct child {
	const struct evidence_job *job;
	int fd; /* the pipe */
	struct buf out; /* records not yet written */
	struct evidence_result stats; /* excluded, not_in_scope, bytes_read */
	struct sink *sink; /* of jobs that make trees: the outlet's */
	atomic_bool interrupted; /* never set: who wants it to stop kills it */
};

/* Parses, in the child, and sends what it finds. 0, or an error whose message ends the job. */
typedef int child_parse(struct child *child, struct err *err);

/* How much of the machine it may have. */
struct child_limits {
	uint64_t memory_bytes, cpu_seconds;
};
struct child_limits child_limits(const struct evidence_job *job);

/* Forks, in the parent. *ret_fd reads what the child writes, without blocking. */
int child_start(const struct evidence_job *job, const struct child_limits *limits, child_parse *parse, pid_t *ret_pid,
		int *ret_fd, struct err *err);

/* Writes the records that are complete; with FORCE however few they are. ERR_IO when nobody reads any more. */
int child_flush(struct child *child, bool force, struct err *err);

/* What the sink still holds, hashed and written. For parsers, when they are through and before what they gave is freed. */
int child_finish(struct child *child, struct err *err);

/* evidence_start() with another parser, and with other bounds when LIMITS is not NULL. */
int evidence_start_as(const struct evidence_job *job, const struct child_limits *limits, child_parse *parse,
		      struct evidence **ret_evidence, struct err *err);

#endif
