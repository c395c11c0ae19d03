/* Whether two sources that each name a failing step speak of one and the same failure. */
#ifndef ATVM_FAILING_STEP_H
#define ATVM_FAILING_STEP_H

#include <stdbool.h>

/*
 * Pure. True for equal titles; for a hook and the test it ran for, as mocha's text and JUnit name
 * the one and, under Cypress, mochawesome the other:
 *
 *   "before each" hook for "3. Title"        3. Title
 *
 * and for the two forms in which mocha and cypress-terminal-report name a hook around all tests:
 *
 *   "before all" hook for "1. First"         [[ before all #1 ]]
 */
bool failing_step_is_same(const char *step, const char *other);

#endif
