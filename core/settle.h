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
};

void settle_clear(struct settle *settle);

/* Takes note of a verdict. */
void settle_look(struct settle *settle, const struct verdict *verdict, int64_t monotonic_ns);

/*
 * Whether the scope may be closed: its state is final, two looks agree, and it has been so for
 * settle_ns, or for ten times that where nothing would be posted: then nobody waits for an
 * answer, and a late artifact may still turn it into one.
 */
bool settle_is_over(const struct settle *settle, const struct scope_verdict *scope,
                    int64_t settle_ns, int64_t monotonic_ns);

#endif
