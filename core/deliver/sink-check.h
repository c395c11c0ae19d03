/* Whether the sinks can work as they are configured, asked before a run rather than after it. */
#ifndef ATVM_CORE_SINK_CHECK_H
#define ATVM_CORE_SINK_CHECK_H

#include "config.h"

/* Problems as config_check_modules words them, one a line; free() them. NULL: none. */
struct sink_findings {
    char *misconfigured; /* what is wrong with the configuration of sinks */
    char *unready;       /* what else keeps sinks from working now */
    char *warnings;      /* both, of sinks with critical = false */
};

/*
 * Asks each sink that config_check_modules described in a deliver worker of its own; nothing is
 * delivered. terminal, secrets: as in struct deliver_settings. Takes at most about deliver_timeout
 * for each.
 */
struct sink_findings sink_check(const struct config *config, int terminal, int secrets);

/*
 * The same for what their `probe` finds (as `unready`), of sinks that deliver on this machine: no
 * connection is tried. Those that cannot work at all are passed over.
 */
struct sink_findings sink_probe_here(const struct config *config, int terminal, int secrets);

/* Frees the problems. */
void sink_findings_clear(struct sink_findings *findings);

#endif
