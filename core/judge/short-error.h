/* The one line that says what went wrong, out of the text of a failure. */
#ifndef ATVM_SHORT_ERROR_H
#define ATVM_SHORT_ERROR_H

#include <obstack.h>
#include <stddef.h>

/*
 * Pure. The first line of `text` (`length` bytes, several lines, need not be NUL-terminated) that
 * says anything; where that only announces what follows, with what it announces. The forms are
 * those of Cypress (packages/driver/src/cypress/error_messages.ts): a line that ends in a colon,
 * and the original error quoted with "> " below it. A command that failed in a task (Node's
 * child_process: "Command failed: COMMAND", its standard error below) is left out where something
 * stands below it:
 *
 *   CypressError: `cy.task('ssh')` failed with the following error:       its first line
 *                                                                         and the last one here
 *   > Command failed: govc vm.power -on w2k25-dest
 *   govc: vm not found
 *
 * Stack frames, links to Cypress's manual and the legend of a diff say nothing. In `memory`,
 * without a newline; "" where nothing is said.
 */
const char *short_error(struct obstack *memory, const char *text, size_t length);

#endif
