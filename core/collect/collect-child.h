/*
 * One collect worker process as the watcher sees it: its pipes and its end, in an event loop. What
 * its lines mean is not known here.
 */
#ifndef ATVM_CORE_COLLECT_CHILD_H
#define ATVM_CORE_COLLECT_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct collect_child_events {
    /* A line of its standard output, of its standard error. The child must not be freed here. */
    void (*line)(void *user, const char *line, size_t length);
    void (*error_line)(void *user, const char *line, size_t length);
    /* All lines that were there have been handed on. The child may be freed here and below. */
    void (*settled)(void *user);
    /* A line is too long, or a pipe cannot be read: it is of no further use. */
    void (*unusable)(void *user, const char *reason);
    /* It has ended and is reaped; all it ever wrote has been handed on. */
    void (*ended)(void *user, const siginfo_t *status);
};

struct collect_child;

/* Starts a worker from the running binary. NULL and *ret_error (-errno) on failure. `events` must
 * outlive it. */
struct collect_child *collect_child_new(sd_event *event, const struct collect_child_events *events,
                                        void *user, int *ret_error);

/* Ends it (politely: by the end of its input, with a second to obey; then or else by SIGKILL) and
 * frees everything, after its last words were handed to `error_line`. One that even SIGKILL does
 * not end at once, in an uninterruptible wait, is reaped by the event loop later. Accepts NULL. */
void collect_child_free(struct collect_child *child, bool politely);

/* Queues text for its standard input; never blocks. */
void collect_child_send(struct collect_child *child, const char *text, size_t length);

/* Hands on all that it has written by now, without `settled`. */
void collect_child_drain(struct collect_child *child);

/* Whether it was stopped (SIGSTOP) and not continued since. */
bool collect_child_is_stopped(const struct collect_child *child);

pid_t collect_child_pid(const struct collect_child *child);

#endif
