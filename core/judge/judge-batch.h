/* Which batches of a categorized run's log are parts of one sub-run. Private to judge*.c. */
#ifndef ATVM_CORE_JUDGE_BATCH_H
#define ATVM_CORE_JUDGE_BATCH_H

#include "judge-case.h"

/*
 * Gives the records of a batch that goes on with an earlier one the number of that one: the log was
 * rotated in the middle of it, or the wrapper began it anew before it had ended. A batch goes on
 * with the one of the same name (announced, else of the hosts' family) that has not ended; one that
 * names neither itself nor a host with the one before it. After its end a sub-run does not go on.
 */
void judge_join_batches(struct judge_case *judged);

#endif
