/* Texts of errors as Cypress, mocha and cypress-terminal-report leave them. */
#ifndef ATVM_PLUGINS_ERROR_TEXT_H
#define ATVM_PLUGINS_ERROR_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define ERROR_MESSAGE_LIMIT 4096        /* bytes of a message */
#define ERROR_EXCERPT_LIMIT (64 * 1024) /* bytes of an excerpt */

/*
 * Whether text begins as a thrown error does: an error's name and a colon ("Error:",
 * "AssertionError:", "CypressError:" ...), or Cypress's and mocha's words for a timeout ("Timed out
 * retrying", "Timeout of"). The bare word "error" is none.
 */
bool error_text_begins(const char *text, size_t length);

/* Whether a line (with or without its newline) belongs to a stack: "    at Context.eval
 * (webpack:…)", or the line that Cypress puts over such lines. */
bool error_text_is_stack_line(const char *line, size_t length);

/*
 * The text without terminal sequences, carriage returns, stack frames ("    at ...") and blank
 * ends, cut at a character to `limit` bytes. NULL: nothing is left. free() it.
 */
char *error_text_clean(const char *text, size_t length, size_t limit);

/*
 * What a failed command's event says in short. The first line is "COMMAND<TAB>ARGUMENTS"; where an
 * error's text stands in the arguments or below them that is the message, else the command is
 * ("failed command: get #x"); an assertion's words stand alone. NULL: nothing is said. free() it.
 */
char *error_text_of_command(const char *text, size_t length);

#endif
