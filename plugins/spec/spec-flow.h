/*
 * The test flow of a generated spec: the numbered it("N. …") that register when Cypress loads the
 * file with the settings of this run, in their order. Pure.
 *
 * The file is walked as it would be executed: constants are evaluated, branches of `if` that are
 * closed are passed over, functions are entered where they are called. Where it cannot be told
 * whether or how often a test registers, there is no flow at all: a flow with a step too few would
 * let a log prove a pass that it does not hold.
 */
#ifndef ATVM_PLUGINS_SPEC_SPEC_FLOW_H
#define ATVM_PLUGINS_SPEC_SPEC_FLOW_H

#include "script-token.h"
#include "script-value.h"

struct flow_step {
    char *title;
    uint32_t line; /* of its it(), from 1 */
};

struct spec_flow {
    struct flow_step *steps;
    size_t count, capacity;
    uint32_t bad_line;  /* where and why there is no flow; 0 and NULL: there is one */
    const char *reason; /* static */
};

/* What decides the gates. */
struct flow_settings {
    const struct script_names *environment; /* Cypress.env */
    bool environment_is_whole; /* what is not in there is undefined; else it is unknown */
    const char *plugin;        /* "fc", "iscsi", "both"; NULL: not known */
};

/* Fills *flow, to be freed either way. false: there is no flow, and bad_line and reason say why. */
bool spec_flow_read(struct text source, const struct flow_settings *settings,
                    struct spec_flow *flow);
void spec_flow_free(struct spec_flow *flow);

#endif
