/* The state of a scope and of a whole run (spec R1). Private to judge*.c. */
#ifndef ATVM_CORE_JUDGE_STATE_H
#define ATVM_CORE_JUDGE_STATE_H

#include "judge-case.h"
#include "judge-scope.h"

/* Whether a scope without end proof may still go on: the runner lives or could not be looked for,
 * or was never seen and start_grace is not over. */
bool judge_may_go_on(const struct judge_case *judged, const struct judge_scope *scope);

/* Sets state, reason, rule and post of a scope whose hosts are judged; adds a note where the runner
 * did not exit. */
void judge_scope_state(const struct judge_case *judged, const struct judge_scope *scope,
                       struct scope_verdict *ret, const char **ret_note);

/* Sets state and reason of the run from its scopes. */
void judge_run_state(const struct judge_case *judged, struct verdict *verdict);

/* A runner, its log or an artifact of this run was seen. */
bool judge_runner_was_seen(const struct judge_case *judged);

#endif
