/*
 * The watch loop: asks the collect worker for passes when something changes, judges what they
 * brought, and closes each scope once its verdict has settled: durable state, posts, report files.
 */
#ifndef ATVM_CORE_WATCH_H
#define ATVM_CORE_WATCH_H

#include <stdio.h>

#include "config.h"
#include "run-settings.h"
#include "state.h"

/* Exit statuses of `run` (design section 8). */
enum watch_status {
    WATCH_CLOSED = 0,
    WATCH_USAGE = 2,
    WATCH_BUSY = 3,   /* another watcher has the build */
    WATCH_STATE = 4,  /* the state folder cannot be used */
    WATCH_HELD = 5,   /* closed, but a delivery is held or quarantined */
    WATCH_STOPPED = 6 /* by a signal, before all that; the next start goes on */
};

/*
 * Watches until the run is closed and its posts are settled, or until SIGTERM or SIGINT. Everything
 * is the caller's; `config` is checked and `state` owned. `terminal` is what the stdout sink writes
 * to, `secrets` what deliver workers find secrets in (secret_environment_take); -1: none.
 * `progress` gets the progress lines; NULL: none. Returns enum watch_status.
 */
int watch_run(const struct config *config, const struct run_settings *settings,
              const struct run_facts *facts, struct state *state, int terminal, int secrets,
              FILE *progress);

#endif
