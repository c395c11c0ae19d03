/*
 * Secrets that came by the environment, when the watcher is run by hand. (As a unit it gets them as
 * credentials, which only the deliver worker opens.)
 */
#ifndef ATVM_CORE_SECRET_ENVIRONMENT_H
#define ATVM_CORE_SECRET_ENVIRONMENT_H

#include "config.h"

/*
 * Moves secrets out of the environment: their values are written as "NAME=value" lines into an
 * anonymous file, whose descriptor (close-on-exec) is what deliver workers inherit; the strings are
 * overwritten, so that /proc/PID/environ no longer shows them, and taken out of environ.
 * *descriptor is that file; -1 where nothing was taken yet, and then made with the first secret.
 * The caller closes it. 0, or -errno; then the strings are gone from the environment all the same.
 *
 * _known: those that the sinks of this project ask for. To be called before anything else.
 * The other: those that a configured sink asks for by an ATVM_OPTION_SECRET, whoever wrote it.
 * After config_check_modules, which tells their names; what runs until then gets a fixed list of
 * variables only.
 */
int secret_environment_take_known(int *descriptor);
int secret_environment_take(const struct config *config, int *descriptor);

#endif
