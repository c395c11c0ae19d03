/* What `explain` and `replay --explain` share: their filters, and printing. */
#ifndef ATVM_CORE_CMD_EXPLAIN_OUTPUT_H
#define ATVM_CORE_CMD_EXPLAIN_OUTPUT_H

#include "command.h"
#include "explain.h"

/* Takes the word of --question. COMMAND_OK, or COMMAND_USAGE (reported). */
int explain_take_question(const struct command *command, const char *word, enum question *ret);

/* Prints the explanation. COMMAND_OK, or COMMAND_USAGE where explain->host is no host of the run
 * (reported). */
int explain_print(const struct command *command, const struct explain *explain, bool as_json);

#endif
