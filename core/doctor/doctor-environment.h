/* What the service would be given: the file that its unit takes environment and secrets from. */
#ifndef ATVM_CORE_DOCTOR_ENVIRONMENT_H
#define ATVM_CORE_DOCTOR_ENVIRONMENT_H

#include "module-folder.h"

struct doctor_environment {
    int error;                 /* -errno of reading it; 0 */
    int secrets;               /* all of it as "NAME=value" lines in an anonymous file; -1: none */
    struct name_list settings; /* names that were put into the environment */
};

/* Reads it, and puts its ATVM_WATCHER_ settings and the channel into the environment where that
 * does not say otherwise. Everything else may be secret and goes nowhere but into `secrets`. */
struct doctor_environment doctor_environment_take(const char *path);
/* Closes and frees what it holds. */
void doctor_environment_release(struct doctor_environment *file);

#endif
