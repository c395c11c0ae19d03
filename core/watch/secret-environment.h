/*
 * Secrets that came by the environment, when the watcher is run by hand. (As a unit it gets them as
 * credentials, which only the deliver worker opens.)
 */
#ifndef ATVM_CORE_SECRET_ENVIRONMENT_H
#define ATVM_CORE_SECRET_ENVIRONMENT_H

/*
 * Moves the known secrets out of the environment: their values are written as "NAME=value" lines
 * into an anonymous file, whose descriptor (close-on-exec) is what deliver workers inherit; the
 * strings are overwritten, so that /proc/PID/environ no longer shows them, and taken out of
 * environ. To be called before anything else is started. *ret_descriptor: -1 where there is none.
 * 0, or -errno; then the strings are gone from the environment all the same.
 */
int secret_environment_take(int *ret_descriptor);

#endif
