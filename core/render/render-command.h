/* The template command as an operator typed it: without the way it reached the controller, and
 * taken apart into options. Pure; results live in `memory`. */
#ifndef ATVM_CORE_RENDER_COMMAND_H
#define ATVM_CORE_RENDER_COMMAND_H

#include <stddef.h>

#include "memory.h"

/*
 * The command without an outer "SSHPASS=... sshpass ... ssh ... host": what the remote shell gets,
 * verbatim.
 * A single quoted argument loses its quotes. A text that is no such command, or in which a quote
 * is left open, is returned as it is.
 */
char *command_unwrap(struct obstack *memory, const char *command);

/* "--name value", "--name=value", "--name"; value NULL where there is none. */
struct command_option {
    const char *name; /* with its dashes */
    const char *value;
};
/* All long options in order; *ret is an array in `memory`. Returns how many. */
size_t command_options(struct obstack *memory, const char *command, struct command_option **ret);

#endif
