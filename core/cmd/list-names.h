/* Names that are known, for completion. */
#ifndef ATVM_CORE_CMD_LIST_NAMES_H
#define ATVM_CORE_CMD_LIST_NAMES_H

#include "config.h"

/* What names can be asked for, besides those of builds; NULL past the last one. */
const char *list_names_kind(size_t index);

/* Prints the names of a kind, one a line: what is configured, or known of `build` (NULL: of all
 * builds). What cannot be read has none. */
void list_names_print(const struct config *config, const char *kind, const char *build);

#endif
