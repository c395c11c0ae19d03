/*
 * Which builds have a live runner, by the command lines in the process table: for `status`, which
 * also shows runs that nobody watches. It names candidates only; whether a runner lives is for the
 * collector "proc" to say.
 */
#ifndef ATVM_CORE_STATUS_RUNNER_H
#define ATVM_CORE_STATUS_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config.h"

struct status_runner {
    pid_t pid;
    char *build;
    bool categorized; /* it was started with --categorize */
};

struct status_runners {
    struct status_runner *items; /* by pid */
    size_t count, capacity;
};

/*
 * What a command line tells (as in /proc/PID/cmdline: arguments, each with its NUL): a runner is
 * called by one of `scripts` (file names) and names its build as --build_name NAME or
 * --build_name=NAME (also with '-'). false: it is none, its build's name is not valid, or the
 * program only holds a command for another machine or terminal. Sets all of *ret but the pid; free
 * the build's name.
 */
bool status_runner_parse(const char *arguments, size_t length, const char *const *scripts,
                         size_t script_count, struct status_runner *ret);

/* File names of the scripts that the collector "proc" is configured to match. free() the array; its
 * strings are the configuration's. */
const char **status_runner_scripts(const struct config *config, size_t *ret_count);

/* Looks through the process table that the collector "proc" is configured to read, for the scripts
 * it is configured to match. What cannot be read is passed over. */
void status_runners_find(const struct config *config, struct status_runners *ret);
void status_runners_free(struct status_runners *runners);

/* The runner of that build; NULL: none. */
const struct status_runner *status_runners_of(const struct status_runners *runners,
                                              const char *build);

#endif
