/*
 * What the active Cypress configuration file says of the run: its specPattern and its `env` block.
 * Pure.
 */
#ifndef ATVM_PLUGINS_SPEC_CYPRESS_CONFIG_H
#define ATVM_PLUGINS_SPEC_CYPRESS_CONFIG_H

#include "script-token.h"
#include "script-value.h"

/* One spec of the pattern, as it is written. */
struct config_spec {
    char *path;
    uint32_t line; /* from 1 */
};

struct cypress_config {
    struct byte_string pattern; /* the value of specPattern as it stands in the file; empty: none */
    uint32_t pattern_line;      /* from 1 */
    struct config_spec *specs;
    size_t spec_count, spec_capacity;
    struct script_names environment; /* literals only */
};

/*
 * Reads the object that is handed to defineConfig, exported as default or assigned to
 * module.exports; what stands in its `e2e` object counts more than what stands beside it. Comments
 * count nowhere. false: the file does not balance; *ret_line and *ret_reason (static) say where and
 * why, and nothing was read. The config is to be freed either way.
 */
bool cypress_config_read(struct text source, struct cypress_config *config, uint32_t *ret_line,
                         const char **ret_reason);
void cypress_config_free(struct cypress_config *config);

#endif
