/*
 * A run that nobody watched: since when it may have gone on, and whether it is categorized, from
 * what it left. A start that is too late only makes artifacts stale, which shows as hosts without a
 * result; one that is too early would let an earlier run's artifacts speak, which must not be.
 */
#ifndef ATVM_CORE_STATUS_WINDOW_H
#define ATVM_CORE_STATUS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "ledger.h"

/* What points to the start of a run. ns since 1970 UTC; -1: not known. */
struct window_hints {
    int64_t runner_ns;         /* the earliest start of a live runner */
    int64_t log_created_ns;    /* the run log: birth of the file */
    int64_t log_written_ns;    /* and its last change */
    int64_t launch_written_ns; /* last change of the launch log, which is complete before a run */
};

struct status_window {
    int64_t since_ns; /* -1: nothing points to it */
    const char *from; /* "the start of its runner" ... */
};

/* The latest point that still lies before the run. Pure. */
struct status_window status_window_of(const struct window_hints *hints);

/* Takes the runner from the ledger and looks at the log files of `config`. */
void window_hints_find(const struct config *config, const struct ledger *ledger,
                       struct window_hints *ret);

/* Whether the log announces categories, or names a sub-run of the build ("BUILD-redhat"). Pure. */
bool status_shows_sub_runs(const struct ledger *ledger, const char *build);

#endif
