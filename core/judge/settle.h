/*
 * When a verdict has settled: what is final now may only be what could be seen first. A scope is
 * closed when two looks or more gave the same for a while. Pure; times are of a clock that never
 * jumps.
 */
#ifndef ATVM_CORE_SETTLE_H
#define ATVM_CORE_SETTLE_H

#include "verdict.h"

/* What was last judged of one scope, and since when it has been so. */
struct settle_scope {
    char *name;
    char *signature;
    int64_t since_ns;
    unsigned looks; /* how often it was judged to be so, in a row */
};

struct settle {
    struct settle_scope *scopes;
    size_t count, capacity;
    bool cut_short; /* the last look left something unread */
};

void settle_clear(struct settle *settle);

/* Takes note of a verdict. cut_short: some collector has more to read (ATVM_COLLECT_AGAIN). */
void settle_look(struct settle *settle, const struct verdict *verdict, bool cut_short,
                 int64_t monotonic_ns);

/*
 * Whether the scope of the verdict may be closed: its state is final, two looks agree, and it has
 * been so for settle_ns. Ten times that where nothing would be posted, for nobody waits for such an
 * answer and a late artifact may still turn it into one; and where the last look left something
 * unread. While more may come of a categorized run it is not closed, nor is a sub-run without all
 * its results: the table of a batch may come long after its XML.
 */
bool settle_is_over(const struct settle *settle, const struct verdict *verdict,
                    const struct scope_verdict *scope, int64_t settle_ns, int64_t monotonic_ns);

/* The same for the run as a whole, which is settled like a scope, in a struct settle of its own:
 * takes note of the verdict, and says whether the run may be closed. */
bool settle_run_is_over(struct settle *settle, const struct verdict *verdict, bool cut_short,
                        int64_t settle_ns, int64_t monotonic_ns);

#endif
