/* config_check_modules with workers of one's own choice, for tests. */
#ifndef ATVM_CORE_CONFIG_MODULES_H
#define ATVM_CORE_CONFIG_MODULES_H

#include "config.h"
#include "module-inspect.h"

/* As config_check_modules; inspector NULL: this program, the usual time limit. */
bool config_check_modules_with(const struct module_inspector *inspector, struct config *config,
                               char **ret_error, char **ret_warnings);

#endif
