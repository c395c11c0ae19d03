/*
 * Whether what the template command generated is what was asked for, by what the collector "spec"
 * testifies of the Cypress configuration and the specs. Pure.
 */
#ifndef ATVM_CORE_LAUNCH_VERIFY_H
#define ATVM_CORE_LAUNCH_VERIFY_H

#include <stdint.h>

#include "launch-plan.h"
#include "ledger.h"

struct launch_expectation {
    const struct launch_plan *plan;
    int64_t since_ns; /* when the template command began, since 1970 */
};

/*
 * Names, one a line, everything in which the two differ: a machine that was asked for and has no
 * spec or does not stand in the specPattern, one that stands there and was not asked for or is
 * excluded, a file that is older than the command, or that could not be looked at. NULL: they
 * agree, and *ret_hosts has the machines in the order of the specPattern. Strings are in memory.
 */
const char *launch_verify(const struct launch_expectation *expectation, const struct ledger *ledger,
                          struct obstack *memory, struct launch_words *ret_hosts);

#endif
