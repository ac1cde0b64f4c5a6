/*
 * sign.h - what signing a baseline and signing a medium have in common.
 */
#ifndef OPS_SIGN_H
#define OPS_SIGN_H

#include "tally/ops.h"

/* The operator's key does not belong on a monitored host: ERR_DENIED where a host key lies, unless forced. */
int sign_refuse_on_host(const struct place *place, const struct sign_request *request, struct err *err);

/* ERR_INTERRUPTED once place->interrupted is set: asked before a signature is written. */
int sign_not_interrupted(const struct place *place, struct err *err);

#endif
