/*
 * engine.h - tallyd once it has been set up: watches, judges, journals and answers until it is told to stop.
 */
#ifndef DAEMON_ENGINE_H
#define DAEMON_ENGINE_H

#include "daemon/setup.h"

/* Runs until SIGTERM or SIGINT: 0. Negative when it cannot begin, or cannot go on (out of memory). SIGHUP makes it look at
 * baseline, policy and mounts again. Blocks these signals in the calling thread first. SETUP stays the caller's. */
int engine_run(struct daemon_setup *setup, struct err *err);

#endif
