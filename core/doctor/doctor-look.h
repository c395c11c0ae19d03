/* All that `doctor` looks at, one after the other. */
#ifndef ATVM_CORE_DOCTOR_LOOK_H
#define ATVM_CORE_DOCTOR_LOOK_H

#include "config.h"
#include "doctor.h"

#define DOCTOR_ENVIRONMENT_FILE "/etc/atvm-run-watcher.env"

/* What was asked. The pointers outlive the looking. */
struct doctor_asked {
    const char *config_path;      /* as for config_load */
    const char *environment_file; /* what the unit takes settings and secrets from */
    const char *build;            /* narrows builds, posts, service and journal to one; NULL: all */
    bool offline;                 /* no sink is probed */
    int secrets;                  /* from secret_environment_take; -1: none */
    int64_t now_ns;
};

/* Adds the rows of every check. Changes nothing, posts nothing; takes a few seconds, and at most
 * about fifteen for each sink that does not answer. */
void doctor_look(const struct doctor_asked *asked, struct doctor_report *report);

#endif
