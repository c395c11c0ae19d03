/* What an earlier watcher kept of its evidence. */
#ifndef ATVM_CORE_EVIDENCE_RECALL_H
#define ATVM_CORE_EVIDENCE_RECALL_H

#include <stdbool.h>

#include "ledger.h"

/*
 * Reads evidence.jsonl of the build's folder into the ledger: what an earlier watcher read may be
 * gone by now, and deletion retracts nothing. One that cannot be read to its end is set aside, and
 * the log says so. keep_passes: nothing is looked at again, so what was seen last stays. For
 * whoever holds the build's lock.
 */
void evidence_recall(struct ledger *ledger, const char *folder, bool keep_passes);

#endif
