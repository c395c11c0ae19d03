/* The lock that makes one process the only writer of a build's state. */
#ifndef ATVM_CORE_STATE_LOCK_H
#define ATVM_CORE_STATE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What the lock is taken for. */
enum state_lock_use {
    STATE_LOCK_WATCH,  /* as long as a run is watched */
    STATE_LOCK_COMMAND /* as long as a command takes */
};

/*
 * Takes the lock file `path` (flock(2), close-on-exec) and writes pid, start time, date and what it
 * is taken for into it. Closing *ret_descriptor gives it back; the file stays. -EBUSY: another
 * process has it; *ret_error (free it) names it.
 */
int state_lock_take(const char *path, enum state_lock_use use, int64_t now_ns, int *ret_descriptor,
                    char **ret_error);

/* Whether whoever has the lock may give it back soon: a command, or a process that has just taken
 * it and did not say yet what for. */
bool state_lock_may_be_brief(const char *path);

/* The process that wrote the lock file, if that very process still lives (pid and start time
 * agree); else 0. Takes no lock, so it disturbs nobody. */
pid_t state_lock_holder(const char *path);

#endif
