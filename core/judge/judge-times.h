/* When a scope began and ended, as far as anything tells. Pure. */
#ifndef ATVM_CORE_JUDGE_TIMES_H
#define ATVM_CORE_JUDGE_TIMES_H

#include "judge-case.h"
#include "judge-scope.h"
#include "verdict.h"

/*
 * Start and how sure it is. Each time ns since 1970 UTC, -1: not known.
 *
 *   first     the earliest start of a host that a source recorded; it decides
 *   window    the beginning of the run's window, where that may be the run's start
 *   end       of the scope, or the present time while it goes on
 *   together  what the durations of the hosts that ended add up to: the runner takes one at a time,
 *             so the scope began no later than that before its end
 */
struct scope_times {
    int64_t first, window, end, together;
    bool goes_on;
};

enum start_basis judge_start(const struct scope_times *times, int64_t *ret_started_ns);

/* Fills in started_ns, start_basis, ended_ns and duration_ns of the scope, whose hosts and state
 * are judged already. */
void judge_times(const struct judge_case *judged, const struct judge_scope *scope,
                 struct scope_verdict *ret);

#endif
