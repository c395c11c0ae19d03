/*
 * What the status message says of a run that no collector sees: coverage, kernels, hosts that were
 * left out. From the run's settings, the configuration and the VM inventory.
 */
#ifndef ATVM_CORE_RUN_FACTS_H
#define ATVM_CORE_RUN_FACTS_H

#include "config.h"
#include "report.h"
#include "run-settings.h"

/*
 * Reads the inventory and gathers the rest; never NULL, and independent of its arguments
 * afterwards. An inventory that cannot be used is left out, and the log says why; one that is
 * missing where it is looked for by default is not worth a word.
 *
 * `skipped` holds the hosts of the blacklist that concern this run: those that the operator's list
 * or --specify_vms names, and those that --exclude_partial_match took out of what --containsVm
 * chose.
 */
struct run_facts *run_facts_new(const struct run_settings *settings, const struct config *config);
/* Accepts NULL. Only for what run_facts_new returned. */
void run_facts_free(struct run_facts *facts);

#endif
