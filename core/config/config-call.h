/*
 * How an operator calls this program by hand so that it does what this process does: messages name
 * whole commands, which can be pasted into a shell anywhere.
 */
#ifndef ATVM_CORE_CONFIG_CALL_H
#define ATVM_CORE_CONFIG_CALL_H

#include "config.h"

/* For the configuration that config_load reads when it is given `path`; *ret is to be cleared. */
void config_call_of(const char *path, struct config_call *ret);
void config_call_clear(struct config_call *call);

/* "atvm-watcher <subcommand and arguments> -c FILE", the last part only where a bare call would
 * read another configuration. The arguments are words for the shell already. A call of zeros is
 * that of the default configuration. free() it. */
char *config_call_command(const struct config_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for a configuration that was loaded. */
char *config_command(const struct config *config, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
