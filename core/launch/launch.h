/*
 * The whole sequence of a launch, in the one right order (doc/launch.md): the plan shown and
 * approved, the template command, the check of what it generated, the watcher, the runner.
 */
#ifndef ATVM_CORE_LAUNCH_H
#define ATVM_CORE_LAUNCH_H

#include "launch-plan.h"

/* Exit statuses of `launch`; those of enum command_status, and these. */
enum launch_status {
    LAUNCH_OK = 0,
    LAUNCH_FAILED = 1,   /* the service manager did not start the watcher or the runner */
    LAUNCH_USAGE = 2,    /* command line or configuration; a file that is named is missing */
    LAUNCH_BUSY = 3,     /* a runner, a watcher or an unsettled post of that build is there */
    LAUNCH_STATE = 4,    /* what is there of the build could not be looked at */
    LAUNCH_REFUSED = 6,  /* not approved, or a guard forbids it */
    LAUNCH_TEMPLATE = 7, /* the template command failed */
    LAUNCH_MISMATCH = 8, /* what it generated is not what was asked for */
    LAUNCH_INTERRUPTED = 130
};

struct launch_settings {
    struct launch_request request;
    bool yes;             /* approved beforehand, whatever the plan is */
    const char *approved; /* digest of the plan that was approved; NULL: none was */
    bool confirmed;       /* also what is asked about twice */
    bool dry_run, json;   /* only show the plan; as JSON */
};

/* Returns an exit status. Says on standard output what is planned and what was started, on standard
 * error what is asked and what went wrong; answers come from standard input. */
enum launch_status launch(const struct launch_settings *settings);

#endif
