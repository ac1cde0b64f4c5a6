/*
 * outlet.h - the sink of a parser in its child: what the policy wants of each entry, hashed and put into records in the parser's order.
 */
#ifndef EVIDENCE_OUTLET_H
#define EVIDENCE_OUTLET_H

#include "evidence/child.h"
#include "tree/sink.h"

struct outlet;
/* For CHILD's job; sets child->sink. Before the confinement. It lives as long as the process. */
int outlet_new(struct child *child, struct outlet **ret_outlet, struct err *err);
/* Starts the threads that hash, where the job needs some. */
int outlet_start(struct outlet *outlet, struct err *err);
/* Everything that waits in line becomes records. */
int outlet_finish(struct outlet *outlet, struct err *err);

#endif
