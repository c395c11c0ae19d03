/* Which processes belong to a build: pure decisions on a process table. */
#ifndef ATVM_PLUGINS_PROC_BUILD_PROCESS_H
#define ATVM_PLUGINS_PROC_BUILD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "process-table.h"

/* The build looked for. */
struct build_search {
    const char *build;          /* compared as a whole argument, never as a prefix */
    bool categorized;           /* sub-runs are called <build>-<letters> */
    const char *const *scripts; /* base names of the runner's script */
    size_t script_count;
};

enum build_process_form {
    BUILD_PROCESS_NONE = 0, /* not of this build */
    BUILD_PROCESS_RUNNER,   /* the runner's script with the build as an argument */
    BUILD_PROCESS_CHILD,    /* a descendant of the runner, or Cypress started for this build */
    BUILD_PROCESS_DEFUNCT   /* one of those that has ended and was not waited for */
};

/* "runner", "child", "defunct": the forms of atvm/plugin.h. */
const char *build_process_form_name(enum build_process_form form);

/*
 * What the process is to the build. A runner under another one (a wrapper such as sudo with the
 * same arguments, or a fork of the runner) is its child, so that a run counts one runner. The
 * watcher's own processes never count, nor does what a runner of another build has started.
 */
enum build_process_form build_process_form_of(const struct build_search *search,
                                              const struct process_table *table,
                                              const struct process *process);

/*
 * Writes what may be shown of its command line: the program, and what it was recognised by; no
 * other argument, since those hold keys and passwords. Printable ASCII, at most size - 1 bytes.
 */
void build_process_describe(const struct build_search *search, const struct process *process,
                            char *text, size_t size);

#endif
