/*
 * The environment of an instance of the unit. It has none of the shell that `start` was called in,
 * so what is set there, or in /etc/atvm-run-watcher.env, is written into run.env. Secrets are not:
 * they reach the instance as credentials.
 */
#ifndef ATVM_CORE_START_ENVIRONMENT_H
#define ATVM_CORE_START_ENVIRONMENT_H

#include <stdbool.h>

#include "run-settings.h"

#define START_ENVIRONMENT_FILE "/etc/atvm-run-watcher.env"

/* Whether a variable of that name is a plain setting (ATVM_WATCHER_..., MATTERMOST_ATVM_CHANNEL);
 * all others may be secrets. */
bool start_environment_is_setting(const char *name);

/* Sets the plain settings that stand in `path` and are not set yet. What else stands there is
 * overwritten in memory. 0, also where there is no such file, or -errno with *ret_error (free it).
 */
int start_environment_load(const char *path, char **ret_error);

/*
 * What run.env is to hold, from the settings and the program's own environment; config_path
 * (absolute): the configuration to use, NULL: the default one. free() it. NULL and *ret_error
 * (free it) where a value cannot stand in such a file. The template command's secrets are masked.
 */
char *start_environment_text(const struct run_settings *settings, const char *config_path,
                             char **ret_error);

#endif
