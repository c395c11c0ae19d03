/* The lock that makes one process the only writer of a build's state. */
#ifndef ATVM_CORE_STATE_LOCK_H
#define ATVM_CORE_STATE_LOCK_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Takes the lock file `path` (flock(2), close-on-exec) and writes pid, start time and date into it.
 * Closing *ret_descriptor gives it back; the file stays. -EBUSY: another process has it;
 * *ret_error (free it) names it.
 */
int state_lock_take(const char *path, int64_t now_ns, int *ret_descriptor, char **ret_error);

/* The process that wrote the lock file, if that very process still lives (pid and start time
 * agree); else 0. Takes no lock, so it disturbs nobody. */
pid_t state_lock_holder(const char *path);

#endif
