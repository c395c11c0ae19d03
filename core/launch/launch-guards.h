/*
 * The guards of a launch: what an operator must not start by mistake. Pure; they read the finished
 * words of the template command, wherever those came from.
 */
#ifndef ATVM_CORE_LAUNCH_GUARDS_H
#define ATVM_CORE_LAUNCH_GUARDS_H

#include "launch-plan.h"

/*
 * Holds the plan's template command against the request, the template and the blacklist. Fills in
 * the plan's plugin, hosts, contains, exclude, broad, excluded and confirmations, and adds the
 * blacklist to what a broad choice of machines excludes. As launch_plan_make.
 */
int launch_guards_apply(const struct launch_request *request, const struct config *config,
                        struct obstack *memory, struct launch_plan *plan, const char **ret_error);

#endif
