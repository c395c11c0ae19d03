/*
 * Ending a runner that did not exit although its run is over and recorded (spec R1.6): SIGTERM to
 * it and to what it started, and SIGKILL after a grace to what is still there.
 *
 * A process is signalled through a pidfd, and only after the process behind that was seen to be the
 * one the evidence is about: the same start time, and the command line of this build's runner or
 * the parent it had. A number that stands for another process by now gets no signal.
 */
#ifndef ATVM_CORE_STUCK_RUNNER_H
#define ATVM_CORE_STUCK_RUNNER_H

#include <systemd/sd-event.h>

#include "config.h"
#include "ledger.h"

struct stuck_runner_settings {
    const struct config *config; /* the runner's scripts, and stuck_grace */
    const char *build;
    const struct ledger *ledger; /* with a process table that was read just now */
    int64_t before_ns;           /* what began later is left alone: see stuck_runner_processes */
};

struct stuck_runner;

/* All have ended, or nothing more can be done. `outcome` (one line) says what was done to which
 * process. The callback may call stuck_runner_free. */
typedef void (*stuck_runner_ended)(void *user, const char *outcome);

/*
 * Checks the processes and sends SIGTERM at once; `ended` is called later, from the event loop.
 * Nothing of the settings is needed afterwards. NULL with *ret_error (free it): nothing was sent.
 */
struct stuck_runner *stuck_runner_new(sd_event *event, const struct stuck_runner_settings *settings,
                                      stuck_runner_ended ended, void *user, char **ret_error);
/* Forgets the processes, whatever became of them. Accepts NULL. */
void stuck_runner_free(struct stuck_runner *stuck);

#endif
