/* What a message told: enough of a verdict to see whether a later one says something else. */
#ifndef ATVM_CORE_VERDICT_SUMMARY_H
#define ATVM_CORE_VERDICT_SUMMARY_H

#include "verdict.h"

/*
 * The state on a line, then for each host, by name, "name<TAB>status", and where it failed
 * "<TAB>step". Order, counts and times are no part of it. Pure; free() it.
 */
char *verdict_summary(const struct scope_verdict *scope);

/* The state in a summary; 0 where it is none. */
enum run_state verdict_summary_state(const char *summary);

/* What differs between two summaries, for people: "FAILED instead of COMPLETED; atvm1: FAIL instead
 * of PASS". `before` NULL: not known. free() it. */
char *verdict_summary_difference(const char *before, const char *now);

#endif
