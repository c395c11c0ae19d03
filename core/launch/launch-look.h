/* A look at what the template command generated: a collect worker of its own, with the collector
 * "spec" alone. */
#ifndef ATVM_CORE_LAUNCH_LOOK_H
#define ATVM_CORE_LAUNCH_LOOK_H

#include "launch-verify.h"

/*
 * Looks, and compares with what was asked for. 0: that is what was generated, and *ret_hosts has
 * the machines. -EBADMSG: it is not. Others: it could not be looked at. *ret_error (in memory) says
 * in what way, one line each. config_path as for config_load.
 */
int launch_look(const struct launch_expectation *expectation, const char *config_path,
                struct obstack *memory, struct launch_words *ret_hosts, const char **ret_error);

#endif
