/* The configuration and the modules it names: config.file, config.environment, config.variables,
 * modules.load. */
#ifndef ATVM_CORE_DOCTOR_CONFIG_H
#define ATVM_CORE_DOCTOR_CONFIG_H

#include "doctor-look.h"
#include "service-environment.h"

/* What reading and checking said; problems as config_load and config_check_modules word them, one a
 * line. */
struct config_seen {
    const char *file;            /* of the configuration that was asked for; NULL: the usual one */
    const struct config *config; /* checked; NULL: it could not be read */
    const char *problems;        /* of reading it; NULL: none */
    const char *module_errors, *module_warnings;
    const char *unknown_variables;
    const char *environment_file;
    const struct service_environment *environment;
};

/* Pure. */
void doctor_judge_config(struct doctor_report *report, const struct config_seen *seen);

/*
 * Takes the settings of the environment file over, as the unit would, and reads and checks the
 * configuration with them. The caller owns the result; NULL: it could not be read. *ret_secrets:
 * what deliver workers find secrets in, asked->secrets or (to be closed) those of the environment
 * file; -1: none.
 */
struct config *doctor_look_config(const struct doctor_asked *asked, struct doctor_report *report,
                                  int *ret_secrets);

#endif
