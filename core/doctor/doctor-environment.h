/* What the service is given besides its configuration: settings and secrets in the file of its
 * environment, and secrets in the credential store. */
#ifndef ATVM_CORE_DOCTOR_ENVIRONMENT_H
#define ATVM_CORE_DOCTOR_ENVIRONMENT_H

#include "module-folder.h"

/* Where a unit with LoadCredential=NAME finds it first (systemd.exec(5)). */
#define DOCTOR_CREDENTIAL_STORE "/etc/credstore"

struct doctor_environment {
    int error;                 /* -errno of reading the file; 0 */
    int secrets;               /* all of it as "NAME=value" lines in an anonymous file; -1: none */
    struct name_list settings; /* names that were put into the environment */
};

/*
 * Reads the file, and puts its settings (ATVM_WATCHER_…, the channel) into the environment where
 * that does not say otherwise, as `start` does. Everything else may be secret and goes nowhere but
 * into `secrets`. Lets deliver workers find the credential store, unless the environment names
 * another.
 */
struct doctor_environment doctor_environment_take(const char *path);
/* Closes and frees what it holds. */
void doctor_environment_release(struct doctor_environment *environment);

#endif
