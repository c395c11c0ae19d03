/* Notices at once that the runner has exited, so that its end need not wait for a poll. */
#ifndef ATVM_CORE_RUNNER_EXIT_H
#define ATVM_CORE_RUNNER_EXIT_H

#include <stdint.h>
#include <systemd/sd-event.h>

struct runner_exit;

/* `exited` is called from the event loop, once for each process that was followed. Never NULL. */
struct runner_exit *runner_exit_new(sd_event *event, void (*exited)(void *user), void *user);
/* Accepts NULL. */
void runner_exit_free(struct runner_exit *runner);

/*
 * Follows the process `pid` instead of the one before; -1: none. One that cannot be followed (no
 * such process, no descriptors) is left to the poll. A number that stands for another process by
 * now only leads to a look that finds nothing.
 */
void runner_exit_follow(struct runner_exit *runner, int64_t pid);

#endif
