/*
 * The watcher's side of the collect worker: starts it, asks for passes, feeds what it says into the
 * ledger, and survives its death and its silence.
 *
 * When the worker dies or does not finish a pass in time, the file it was busy with (its last
 * breadcrumb) is set aside as a damaged source of that collector, a gap is recorded, and a new
 * worker is started; the pass is asked for again. A worker that dies without a breadcrumb is
 * restarted with a growing delay.
 */
#ifndef ATVM_CORE_COLLECT_H
#define ATVM_CORE_COLLECT_H

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "config.h"
#include "ledger.h"

/* What the collectors are told about the run; see struct atvm_run. Strings are copied. */
struct collect_run {
    const char *build;
    bool categorized;
    const char *automation_root, *run_log, *launch_log, *cypress_config; /* absolute */
    const char *template_name, *plugin;                                  /* NULL: not given */
    const char *const *cypress_env; /* NULL-terminated, or NULL */
    int64_t since_ns;
};

struct collect_events {
    /* A pass is over; the ledger holds all of it. again: some collector wants another pass soon. */
    void (*pass_done)(void *user, bool again);
    /* The worker could not start up (a wrong option, a module that does not load): not restarted.
     */
    void (*failed)(void *user, const char *reason);
    /* A path whose changes should lead to a pass. May come repeatedly. */
    void (*watch)(void *user, const char *path);
};

struct collect;

/* Starts the worker. `config` (checked) and `ledger` must outlive it. fixed_now_ns: -1 for the real
 * clock. NULL and *ret_error (free it) on failure. collect_free ends the worker; accepts NULL. */
struct collect *collect_new(sd_event *event, const struct config *config,
                            const struct collect_run *run, int64_t fixed_now_ns,
                            struct ledger *ledger, const struct collect_events *events, void *user,
                            char **ret_error);
void collect_free(struct collect *collect);

/* Asks for one pass of every collector. While one is under way, one more follows it (not two). */
void collect_request_pass(struct collect *collect);

/* How often the worker had to be started anew; for status and tests. */
unsigned collect_restarts(const struct collect *collect);
/* The worker's process id; -1 while there is none. */
pid_t collect_worker_pid(const struct collect *collect);

/* The worker itself: reads the job from standard input, writes evidence lines to standard output.
 * Returns an exit status. */
int collect_worker_main(void);

#endif
