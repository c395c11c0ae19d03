/* Which builds of program and modules are here, are installed and run: versions.this,
 * versions.installed, versions.running. */
#ifndef ATVM_CORE_DOCTOR_VERSIONS_H
#define ATVM_CORE_DOCTOR_VERSIONS_H

#include <sys/types.h>

#include "doctor-look.h"
#include "watcher-identity.h"

/* A file and its build id. */
struct build_of_file {
    const char *path;
    int error;            /* -errno of build_id_of_file; 0 */
    const char *build_id; /* NULL: not known */
};

struct programs_seen {
    struct build_of_file this_program; /* who looks */
    struct build_of_file installed;    /* what units start */
};

/* A build's watcher that runs, against what is on disk now. */
struct running_seen {
    const char *build;
    pid_t pid;
    const char *unit; /* that it belongs to; NULL: none, or not known */
    int error;        /* -errno of reading who it is; 0. -ENOENT: it did not say */
    const struct watcher_identity *identity;
    const struct build_of_file *program;
    const struct build_of_file *modules; /* as many as identity->modules, in that order */
};

/* Pure. */
void doctor_judge_programs(struct doctor_report *report, const struct programs_seen *seen);
void doctor_judge_running(struct doctor_report *report, const struct running_seen *seen);

void doctor_look_programs(struct doctor_report *report);
/* The watcher of one build: process `pid`. folder: the build's. */
void doctor_look_running(const char *build, const char *folder, pid_t pid,
                         struct doctor_report *report);

#endif
