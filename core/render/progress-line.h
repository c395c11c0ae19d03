/* How a scope stands, for people who watch: terminal, systemd STATUS=, log. Pure. */
#ifndef ATVM_CORE_PROGRESS_LINE_H
#define ATVM_CORE_PROGRESS_LINE_H

#include "report.h"

/*
 * "1/3 hosts, 0 failed, running atvm71-redhat9.1, 17m elapsed, ETA 14:20 EDT for the whole run";
 * of a scope that is over: "FAILED: 3/3 hosts, 1 failed, 1h 2m"; of a sub-run with its name in
 * front
 * ("ubuntu: 0/1 hosts ... ETA 14:20 EDT for the whole sub-run"). `scope` is one of the verdict's.
 * One line, no line end; free() it. time_zone as in struct run_facts.
 */
char *progress_line(const struct verdict *verdict, const struct scope_verdict *scope,
                    int64_t now_ns, const char *time_zone);

/*
 * Calls `line` for each host that began or got another result since `previous` (NULL: everything
 * is new), in the scope's order: "atvm71-redhat9.1 started", "atvm71-redhat9.1 PASS (22 tests, 17m
 * 12s)", "atvm71-redhat9.1 FAIL (was PASS) - 9. Trigger ... - timed out (22 tests, 1 failed)".
 * The strings live only during the call.
 */
void progress_events(const struct scope_verdict *previous, const struct scope_verdict *current,
                     void (*line)(void *user, const char *text), void *user);

#endif
