/*
 * Starting helper processes from the watcher's own binary.
 *
 * A worker begins with nothing but what it is given: the descriptors named here, a small
 * environment without secrets, an empty signal mask, default signal dispositions and a session of
 * its own (Ctrl-C on the watcher's terminal is for the watcher to answer).
 */
#ifndef ATVM_CORE_WORKER_PROCESS_H
#define ATVM_CORE_WORKER_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* In place of a descriptor: make a pipe and give its other end to the caller. */
#define WORKER_PROCESS_PIPE (-1)

struct worker_process_settings {
    const char *executable;         /* path; NULL: the running binary (/proc/self/exe) */
    const char *const *arguments;   /* argv, NULL-terminated: { "atvm-watcher", "worker", ... } */
    const char *const *environment; /* more "NAME=value" strings, NULL-terminated; NULL: none */
    /* Standard input, output and error: WORKER_PROCESS_PIPE, or a descriptor of the caller's, which
       stays the caller's. */
    int input, output, errors;
    const int *descriptors;  /* further ones; in the worker they are 3, 4, ... in this order */
    size_t descriptor_count; /* at most WORKER_PROCESS_DESCRIPTORS_MAX */
    bool dies_with_parent;   /* SIGKILL when the thread that spawned it ends */
};

#define WORKER_PROCESS_DESCRIPTORS_MAX 8

/* A running worker; all descriptors are close-on-exec. */
struct worker_process {
    pid_t pid;                 /* -1: none */
    int pidfd;                 /* readable once the worker has ended */
    int input, output, errors; /* the caller's ends of pipes; -1 where none was asked for */
};

#define WORKER_PROCESS_NONE                                                                        \
    (struct worker_process)                                                                        \
    {                                                                                              \
        -1, -1, -1, -1, -1                                                                         \
    }

/*
 * Starts a worker. The environment: LC_ALL=C.UTF-8, `environment`, and of the caller's own TZ,
 * ATVM_WATCHER_MODULE_PATH, the sanitizers' options and (unless the caller runs with raised
 * privileges) LD_LIBRARY_PATH. Returns 0 once the new program runs, or -errno (also that of execve)
 * with nothing left behind. The caller reaps it with worker_process_reap.
 */
int worker_process_spawn(const struct worker_process_settings *settings,
                         struct worker_process *ret);

/* Sends a signal; one that has ended and is not reaped takes it without effect. 0 or -errno. */
int worker_process_signal(const struct worker_process *worker, int signal_number);

/* Waits until the worker has ended and reaps it; *ret_status as waitid(2) fills it. 0 or -errno.
 * Afterwards pid and pidfd are -1. The pipes stay open: what the worker wrote can still be read. */
int worker_process_reap(struct worker_process *worker, siginfo_t *ret_status);

/* Closes the caller's pipe ends and the pidfd. Does not end or reap the worker. */
void worker_process_close(struct worker_process *worker);

/* "ended with status 2", "was killed by signal 9 (Killed)"; free() it. */
char *worker_process_status_text(const siginfo_t *status);

#endif
