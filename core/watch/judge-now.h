/*
 * Judging on the spot: a collect worker of its own looks, once or again and again, and what it
 * brought can be judged. Posts nothing and writes nothing; for `replay` and `status`.
 */
#ifndef ATVM_CORE_JUDGE_NOW_H
#define ATVM_CORE_JUDGE_NOW_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "judge.h"
#include "ledger.h"
#include "run-settings.h"
#include "state.h"

struct judge_now_settings {
    const struct config *config; /* checked */
    const struct run_settings *run;
    int64_t now_ns; /* a clock that stands still; -1: the real one */
    /* Files may be growing: they get a few seconds to settle, and their changes can be waited for.
     * Those of a recording never settle. */
    bool live;
};

struct judge_now;

/* Starts the worker. Everything given is the caller's and outlives it. NULL and *ret_error (free
 * it) on failure. judge_now_free ends the worker; accepts NULL. */
struct judge_now *judge_now_new(const struct judge_now_settings *settings, char **ret_error);
void judge_now_free(struct judge_now *now);

/*
 * Begins with what an earlier watcher kept in the ledger file at `path`: what it read may be gone
 * by now. Before the first look, which follows at once. As judge_now_look; a file that is not there
 * is fine.
 */
int judge_now_recall(struct judge_now *now, const char *path, char **ret_error);

/*
 * One look: the ledger then holds all that the collectors found. 0; -EINVAL with *ret_error (free
 * it) where the worker could not start up (a wrong option, a module that does not load); else the
 * event loop's -errno with *ret_error.
 */
int judge_now_look(struct judge_now *now, char **ret_error);

/* Adds a file to those whose changes can be waited for; to be repeated after each wait, because it
 * may be replaced. Only where `live`. */
void judge_now_watch(struct judge_now *now, const char *path);

/* Waits until something that a collector watches, or what was added, has changed, at most
 * timeout_ns. Only where `live`. 0, or -errno of the event loop. */
int judge_now_wait(struct judge_now *now, int64_t timeout_ns);

/* What was found; lives as long as `now` and changes with each look. */
const struct ledger *judge_now_ledger(const struct judge_now *now);

/* Judges it as the settings have it. `state`: what an earlier watcher knows of the run; NULL: none.
 * The time that was judged by goes to *ret_now_ns. Free the verdict before `now`. */
struct verdict *judge_now_verdict(const struct judge_now *now, struct state *state,
                                  int64_t *ret_now_ns);

/* Adds to the policy what the state knows: the cancellation marker (-errno where it could not be
 * looked for: nothing may be closed then, in neither way), the runner that was seen, when it was
 * seen last, the hosts that were expected when watching started. It refers to the state's strings.
 */
int policy_add_state(struct policy *policy, const struct state *state);
/*
 * Judges a ledger as settings, configuration and state have it, as of now_ns; until_ns: the window
 * ends there where that is later. *ret_error: -errno where the cancellation marker could not be
 * looked for (see policy_add_state), else 0. The caller frees the verdict, before the ledger.
 */
struct verdict *judge_with_state(const struct ledger *ledger, const struct run_settings *settings,
                                 const struct config *config, struct state *state, int64_t until_ns,
                                 int64_t now_ns, int *ret_error);
/* Adds the URLs that the state knows: one survives the loss of the log it stood in (R3.5). */
void verdict_add_state(struct verdict *verdict, struct state *state);

#endif
