/*
 * The scopes of a run: the whole of a plain run, or the sub-runs of a categorized one, and what
 * shows that each has begun, ended, was interrupted or cancelled. Private to judge*.c.
 */
#ifndef ATVM_CORE_JUDGE_SCOPE_H
#define ATVM_CORE_JUDGE_SCOPE_H

#include "judge-case.h"

struct judge_scope {
    const char *name;
    int32_t batch; /* of the log; 0: a plain run, or a sub-run the log does not show */
    bool is_subrun;
    const char **hosts; /* in the order in which the run took them, then the untaken ones */
    size_t host_count;
    bool lists_hosts;        /* the log has a specPattern of the batch's own */
    bool has_totals;         /* the log has the totals row of its table */
    bool log_ended;          /* the log proves the end */
    bool xml_ended;          /* a bookkeeping XML does */
    bool interrupted;        /* the log ends in an interrupt or a kill */
    const char *cancelled;   /* the log's own reason; NULL: not cancelled */
    int32_t cancelled_batch; /* of the log, where it says so */
    const char *run_url;
    int64_t end_ns; /* when the end proof was there; -1 */
};

/* End proof (R1.5). */
bool judge_scope_has_end_proof(const struct judge_scope *scope);

/* Every record that speaks of the scope's end, interrupt or cancellation, and what became of it. */
struct decision judge_scope_end(const struct judge_case *judged, const struct judge_scope *scope);

/* Whether the record is that of a bookkeeping test, and if so, why it is no end proof of the scope:
 * id of a rule; NULL: it is one. */
bool judge_is_bookkeeping_end(const struct judge_item *item);
const char *judge_flaw_of_bookkeeping(const struct judge_case *judged,
                                      const struct judge_scope *scope,
                                      const struct judge_item *item);

/* Takes the next line of the scope's log into account. */
void judge_scope_read_line(const struct judge_case *judged, struct judge_scope *scope,
                           const struct atvm_evidence *record);

/* The scopes in the order in which the run took them; a sub-run appears when it has begun. */
struct judge_scope *judge_scopes(const struct judge_case *judged, size_t *ret_count);

/* "redhat" for "atvm71-redhat9.1", "windows" for "atvm160-w2k25": the letters of the distribution,
 * after which the runner names its groups; "" where the host's name has no such part. */
const char *judge_host_family(const char *host, struct obstack *memory);
/* "<build>-<family>": what the sub-run of a family is called. */
const char *judge_family_scope(const struct judge_case *judged, const char *family);

/* Whether a record of the log shows its host to be one of its batch. */
bool judge_batch_claims(const struct judge_item *item);

#endif
