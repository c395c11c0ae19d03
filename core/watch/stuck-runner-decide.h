/*
 * Whether a runner that did not exit is ended, and which processes that means (spec R1.6). Pure:
 * nothing here looks at a process or touches one.
 */
#ifndef ATVM_CORE_STUCK_RUNNER_DECIDE_H
#define ATVM_CORE_STUCK_RUNNER_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "verdict.h"

/* What is known when the question comes up. */
struct stuck_runner_case {
    bool terminate; /* on_stuck_runner = "terminate" */
    bool closed;    /* the run's closed state is on disk */
    bool cancelled; /* by the operator, or nobody knows: then what goes on is the operator's */
    const struct verdict *verdict;
    int64_t now_ns, stuck_after_ns;
};

/*
 * Whether the runner is to be ended: it was asked for, the run is closed as COMPLETED or FAILED
 * with nothing more to come, the process table was looked at and shows the runner, and nothing of
 * the run has changed for stuck_after.
 */
bool stuck_runner_is_to_end(const struct stuck_runner_case *stuck);

/* When the run last showed anything: its newest artifact or the end of a scope; -1: never. */
int64_t stuck_runner_last_sign(const struct verdict *verdict);

/* One process of the run, as the evidence tells of it. */
struct stuck_process {
    int64_t pid, parent_pid;
    int64_t start_ticks; /* field 22 of /proc/PID/stat, see proc(5) */
    bool is_runner;      /* its own command line names the build; else it descends from one that
                            does */
};

/*
 * Those of a process table's records that would be ended: runners that were there before
 * `before_ns` (one that began later belongs to a run that was started anew), and what descends from
 * them by the records alone; runners first. Defunct ones are left to their parent. `ret` has room
 * for source->record_count; returns how many.
 */
size_t stuck_runner_processes(const struct ledger_source *source, int64_t before_ns,
                              struct stuck_process *ret);

/* What /proc/PID/stat says of a process that could be signalled. */
struct stuck_process_now {
    int64_t parent_pid, start_ticks;
    char state; /* 'R', 'S', … 'Z' */
};

/* Reads such a line (proc(5)); false: it cannot be made out. */
bool stuck_process_parse(const char *stat, struct stuck_process_now *ret);

/* The number still stands for the process that the evidence is about, and that still has the parent
 * it had: an orphan's ancestry proves nothing any more. */
bool stuck_process_is_same(const struct stuck_process *process,
                           const struct stuck_process_now *now);

#endif
