#include "evidence-recall.h"

#include <errno.h>

#include "cleanup.h"
#include "clock.h"
#include "durable-file.h"
#include "ledger-file.h"
#include "log.h"
#include "memory.h"

/* A snapshot that cannot be read to its end is kept for whoever wants to know why: the next one
 * would take its place. */
static void set_snapshot_aside(const char *path, const char *damage)
{
    CLEANUP_FREE char *aside = NULL, *error = NULL;

    if (durable_set_aside(path, DURABLE_MOVE, clock_ns(CLOCK_REALTIME), &aside, &error) < 0)
        log_error("%s; it could not be kept: %s", damage, error);
    else
        log_warning("%s; what stands before that is used, everything is read anew, and the file "
                    "was kept as %s",
                    damage, aside);
}

void evidence_recall(struct ledger *ledger, const char *folder, bool keep_passes)
{
    CLEANUP_FREE char *path = memory_format("%s/evidence.jsonl", folder);
    CLEANUP_FREE char *error = NULL;
    int status = ledger_read_file(ledger, path, &error);

    if (!keep_passes)
        ledger_forget_passes(ledger);
    if (status == -EBADMSG)
        set_snapshot_aside(path, error);
    else if (status < 0 && status != -ENOENT)
        log_warning("%s; what stands before that is used, and everything is read anew", error);
}
