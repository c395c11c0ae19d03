/* Running the template command: its output to a file, its progress on a stream, no shell. */
#ifndef ATVM_CORE_LAUNCH_COMMAND_H
#define ATVM_CORE_LAUNCH_COMMAND_H

#include <stdint.h>
#include <stdio.h>

#include "launch-interrupt.h"
#include "launch-words.h"

struct launch_command {
    const struct launch_words *words;
    const char *folder; /* it runs there */
    const char *log;    /* absolute; an earlier one is kept beside it as LOG.previous */
    int64_t timeout_ns;
    FILE *progress; /* the caller's; a line that moves where it is a terminal */
};

/*
 * Runs the command to its end, in a process group of its own: an interrupt, or the end of its time,
 * is passed on to all of it, first as SIGTERM. 0: it ended with status 0. -EINTR: interrupted.
 * -ETIMEDOUT: it took too long. -EIO: it failed. Others: it could not be run. *ret_error (free it)
 * says what happened, with its last lines and where all of them are.
 */
int launch_command_run(const struct launch_command *command, struct launch_interrupt *interrupt,
                       char **ret_error);

/* Runs a command with the caller's own input and outputs until it has ended; not interruptible.
 * Its exit status (128 + number of a signal), or -errno where it could not be run. */
int launch_command_call(const char *const *words);

#endif
