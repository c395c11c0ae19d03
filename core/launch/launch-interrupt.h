/*
 * Ctrl-C and its like while a launch is under way: taken at points where it can be said what was
 * started and what was not, never in between.
 */
#ifndef ATVM_CORE_LAUNCH_INTERRUPT_H
#define ATVM_CORE_LAUNCH_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

struct launch_interrupt {
    int descriptor;       /* readable when a signal waits; -1: not open */
    bool outlives_hangup; /* the launch was approved: a lost terminal does not end it */
    int signal;           /* the one that ended it; 0: none */
};

/* From here on SIGINT, SIGTERM and SIGHUP wait to be taken. 0 or -errno. */
int launch_interrupt_open(struct launch_interrupt *interrupt);
void launch_interrupt_close(struct launch_interrupt *interrupt);

/* A lost terminal no longer ends the launch, neither by SIGHUP nor by what is printed. */
void launch_interrupt_outlive_hangup(struct launch_interrupt *interrupt);

/* Takes what waits. Whether one has come, now or earlier. */
bool launch_interrupt_came(struct launch_interrupt *interrupt);
/* Whether another one has come since; for those who press Ctrl-C twice. */
bool launch_interrupt_came_again(struct launch_interrupt *interrupt);

/* Waits until `descriptor` is readable or was closed on the other side, a signal waits, or
 * timeout_ns (-1: no limit) is over. 1: the descriptor is; 0: it is not; or -errno. */
int launch_interrupt_wait(const struct launch_interrupt *interrupt, int descriptor,
                          int64_t timeout_ns);

#endif
