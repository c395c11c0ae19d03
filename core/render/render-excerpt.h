/* A failure's text made short enough to be read. Pure; results live in `memory`. */
#ifndef ATVM_CORE_RENDER_EXCERPT_H
#define ATVM_CORE_RENDER_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

/*
 * The text cleaned (escape_block), with secrets masked, without stack frames (lines "at ...:12:34"
 * as V8 and Java print them) and links to Cypress's manual, each run of the same line said once
 * with how often it came. A command that cypress-terminal-report names with a TAB ("get<TAB>#x") is
 * "get: #x", and goes in front of an error ("then<TAB>Error: x" is "Error: x").
 */
char *excerpt_trim(struct obstack *memory, const char *text);

/*
 * At most `characters` code points of `text`: beginning and end, because either may hold the cause,
 * and between them a line that says how much is missing. *ret_cut becomes true where that happened
 * and is left alone otherwise.
 */
char *excerpt_shorten(struct obstack *memory, const char *text, size_t characters, bool *ret_cut);

#endif
