/*
 * verify_medium.h - a medium proved in all that lies on it: what verifying and signing one have in common.
 */
#ifndef OPS_VERIFY_MEDIUM_H
#define OPS_VERIFY_MEDIUM_H

#include "ops/reference.h"

/* Opens the medium WHAT (NULL: place->baseline) and proves it as op_verify_medium() says; its rows have proved themselves. Errors as there. */
int verify_medium_open(const struct place *place, const char *what, struct reference *ret_reference, struct err *err);

#endif
