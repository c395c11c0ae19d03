/* What a unit said in the journal. */
#ifndef ATVM_CORE_UNIT_JOURNAL_H
#define ATVM_CORE_UNIT_JOURNAL_H

#include <stdint.h>

/*
 * The last errors since `since_ns` (wall clock) that the unit itself logged, or where there are
 * none the service manager about it: a few, oldest first, a line each and as many more as the
 * message has; secrets are masked. Waits a moment for the journal to have them. free() it; NULL:
 * there are none, or this user may not read the journal.
 */
char *unit_journal_errors(const char *unit, int64_t since_ns);

#endif
