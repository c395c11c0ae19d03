/* What the kernel grants: machine.inotify, machine.processes. */
#ifndef ATVM_CORE_DOCTOR_LIMITS_H
#define ATVM_CORE_DOCTOR_LIMITS_H

#include "doctor-look.h"

struct inotify_seen {
    int64_t max_instances, max_watches; /* of fs.inotify; -1: not known */
    int instance_error, watch_error;    /* -errno of trying one; 0: it worked */
};

/* The process table that the collector proc reads. */
struct processes_seen {
    const char *root;        /* "/proc" */
    bool is_procfs;          /* false: something made up, for tests; its process 1 proves nothing */
    int error;               /* -errno of reading the command line of process 1; 0: it is visible */
    const char *config_file; /* that may have named it; NULL: none */
};

/* Pure. */
void doctor_judge_inotify(struct doctor_report *report, const struct inotify_seen *seen);
void doctor_judge_processes(struct doctor_report *report, const struct processes_seen *seen);
void doctor_look_limits(const struct config *config, struct doctor_report *report);

#endif
