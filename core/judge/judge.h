/*
 * judge(): evidence, policy, now -> verdict. transition(): previous state, verdict -> state.
 * Both are pure: no I/O, no clock, no locale, no dependence on the order in which sources were
 * found. The same input gives the same verdict, byte for byte.
 */
#ifndef ATVM_CORE_JUDGE_H
#define ATVM_CORE_JUDGE_H

#include "ledger.h"
#include "verdict.h"

enum on_conflict { ON_CONFLICT_WORST, ON_CONFLICT_PRECEDENCE, ON_CONFLICT_UNKNOWN };

/* What the operator wants; all pointers are the caller's and live during the call. */
struct policy {
    const char *build;
    bool categorized;
    const char *const *hosts; /* the operator's list; NULL or empty: the specPattern decides */
    size_t host_count;
    int64_t since_ns; /* start of the run's window; its end is `now` */
    int64_t until_ns; /* or this, where it is later: the clock may have been set back; 0: not */
    int64_t watched_ns; /* first watched then, which may be long after since_ns; 0: as since_ns */
    int64_t start_grace_ns, hang_after_ns, stuck_after_ns;
    enum on_conflict on_conflict;
    /* Names of collector instances, most believed first, for each question. A collector that is
       not named ranks after those that are, by name. */
    const char *const *precedence[QUESTION_COUNT];
    size_t precedence_count[QUESTION_COUNT];
    /* The steps of the run's template, shown where no spec gives a flow; they prove nothing. NULL:
       not known. */
    const char *const *flow;
    size_t flow_count;
    bool cancelled;   /* the operator's marker is there */
    bool runner_seen; /* an earlier look saw a runner or its traces (from the state) */
};

/* The caller frees the verdict. Its candidates refer to the ledger. Never NULL. */
struct verdict *judge(const struct ledger *ledger, const struct policy *policy, int64_t now_ns);

/* What a scope's state becomes: a closed state stays what it is. `previous` 0: there is none. */
enum run_state transition(enum run_state previous, bool closed, enum run_state judged);

#endif
