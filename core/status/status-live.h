/*
 * One build judged on the spot, whether or not somebody watches it: with what its watcher was told,
 * where there is or was one, else with what the run itself shows. Posts nothing, writes nothing.
 */
#ifndef ATVM_CORE_STATUS_LIVE_H
#define ATVM_CORE_STATUS_LIVE_H

#include "config.h"
#include "report.h"
#include "run-settings.h"
#include "state.h"
#include "status-window.h"

struct status_live;

/*
 * Both are the caller's, outlive it and are completed: `config` (with the build's name, not checked
 * yet) loses its sinks, which a look must not need, and has its modules checked; `settings` (what
 * the command line says of the run; since_ns -1: nothing) get what `state` knows. state NULL:
 * nobody has watched it. NULL and *ret_error (free it) where the configuration or a collector is
 * wrong. status_live_free accepts NULL.
 */
struct status_live *status_live_new(struct config *config, struct run_settings *settings,
                                    const struct state *state, char **ret_error);
void status_live_free(struct status_live *live);

/*
 * Looks, and judges with what `state` (as read just now; NULL: none) remembers. 0, or -errno with
 * *ret_error (free it); -ENODATA: nobody has watched the run and nothing shows when it began.
 */
int status_live_look(struct status_live *live, struct state *state, char **ret_error);

/* The last look; until the next one. */
const struct report *status_live_report(const struct status_live *live);
/* The verdict of the look before; NULL: there was none. */
const struct verdict *status_live_previous(const struct status_live *live);
/* Where the start of the window is from; `from` NULL: from the watcher. */
struct status_window status_live_window(const struct status_live *live);

/* Waits for a change, at most for the poll interval. 0 or -errno. */
int status_live_wait(struct status_live *live);

#endif
