/* The option table of a module, read element by element with the module's own stride. */
#ifndef ATVM_CORE_MODULE_OPTIONS_H
#define ATVM_CORE_MODULE_OPTIONS_H

#include <atvm/plugin.h>

/* The table as it stands in struct atvm_collector and struct atvm_sink. */
struct module_options {
    const struct atvm_option *table;
    uint32_t count, stride;
};

/* Entry `index` (below count) as this core knows it: copied from the module's possibly shorter or
 * longer one. The strings are the module's. */
struct atvm_option module_option(const struct module_options *options, size_t index);

/* What is wrong with the table, as "option table: expected …, got …"; free it. NULL: nothing. */
char *module_options_fault(const struct module_options *options);

#endif
