/*
 * A run as its state folder tells of it: for commands that change it while no watcher has it. What
 * the watcher was told comes from state.json, what it saw from evidence.jsonl.
 */
#ifndef ATVM_CORE_KEPT_RUN_H
#define ATVM_CORE_KEPT_RUN_H

#include <systemd/sd-event.h>

#include "operator.h"
#include "post.h"

struct kept_run;

struct kept_run_settings {
    struct config *config;
    struct state *state; /* owned */
    bool look;           /* judge by log and artifacts as they lie there now, too */
};

/* 0, or -errno with *ret_error (free it). Everything given is the caller's and outlives it.
 * kept_run_free accepts NULL. */
int kept_run_open(const struct kept_run_settings *settings, struct kept_run **ret,
                  char **ret_error);
void kept_run_free(struct kept_run *run);

/* Carries a request out; nothing is sent. See operator_carry_out. */
void kept_run_carry_out(struct kept_run *run, const struct request *request,
                        struct request_answer *ret);

/*
 * Sends what waits in the outbox of the build, until nothing is under way: delivered, held, or put
 * off. terminal, secrets: see struct deliver_settings. 0, or -errno with *ret_error (free it).
 */
int kept_run_deliver(const struct config *config, struct state *state, int terminal, int secrets,
                     struct post_summary *ret, char **ret_error);

#endif
