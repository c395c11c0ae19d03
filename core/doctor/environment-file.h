/*
 * The file that a unit takes its environment from (systemd.exec(5), EnvironmentFile=): lines
 * NAME=VALUE, the value possibly in quotes, comments begin with '#' or ';'.
 */
#ifndef ATVM_CORE_ENVIRONMENT_FILE_H
#define ATVM_CORE_ENVIRONMENT_FILE_H

#include "module-folder.h"

struct environment_file {
    int error;                 /* -errno of reading it; 0 */
    int secrets;               /* all of it as "NAME=value" lines in an anonymous file; -1: none */
    struct name_list settings; /* names that were put into the environment */
};

/* Reads it, and puts its ATVM_WATCHER_ settings and the channel into the environment where that
 * does not say otherwise. Everything else may be secret and goes nowhere but into `secrets`. */
struct environment_file environment_file_take(const char *path);
/* Closes and frees what it holds. */
void environment_file_release(struct environment_file *file);

#endif
