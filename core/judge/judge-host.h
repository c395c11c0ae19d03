/*
 * One host: what testifies about it, its status (the table of spec R5.2), and who answers the other
 * questions (R5.1). Private to judge*.c.
 */
#ifndef ATVM_CORE_JUDGE_HOST_H
#define ATVM_CORE_JUDGE_HOST_H

#include "judge-case.h"
#include "judge-scope.h"

/* One HOST_RESULT about the host. */
struct testimony {
    const struct judge_item *item;
    int32_t outcome;     /* enum atvm_outcome, as its own numbers bear it out */
    const char *dropped; /* id of the rule that took it out; NULL: it counts */
};

struct host_case {
    const struct judge_case *judged;
    const struct judge_scope *scope;
    const char *name;
    struct testimony *testimonies;
    size_t count;
    bool begun;          /* the log or an artifact shows that it was taken */
    bool named_in_log;   /* after the specPattern */
    bool left_something; /* an artifact of the window is, or may be, its own */
    bool may_go_on;      /* no end proof, and a runner that lives, may live or may still come */
    /* What stands, best first by precedence; NULL: none. */
    const struct testimony *direct_fail, *direct_pass, *row_pass, *marker, *proof;
    bool nothing_executed; /* a direct source says that no test of it was */
    bool damaged;          /* some damaged source may be its own */
    bool log_missing;  /* a JSON or text log of it is damaged, or missing where others left one */
    bool kind_missing; /* the same for every kind of artifact */
    bool lacks[ARTIFACT_KIND_COUNT]; /* which */
};

/* Why a log that shows no failure does not prove a pass (R5.2), as the id of a rule; NULL: it
 * does. */
const char *testimony_flaw_of_proof(const struct host_case *host,
                                    const struct testimony *testimony);

/* Gathers the testimonies and drops those that a rule forbids to believe. */
void host_case_init(struct host_case *host, const struct judge_case *judged,
                    const struct judge_scope *scope, const char *name, bool may_go_on);

/* Whether the first comes before the second when `question` is decided; as for qsort. Stands that
 * were dropped come last; for the status, the basis ranks before precedence. */
int testimony_compare(const struct judge_case *judged, enum question question,
                      const struct testimony *one, const struct testimony *other);

/* The collector whose steps are the flow of a host: the first in the configured order that gives
 * some from a source that is whole. Borrowed; NULL: none gives any. */
const char *judge_flow_collector(const struct judge_case *judged, const char *host);

/* The test flow of a host as that collector gives it: titles in order, in the case's memory; NULL
 * and 0 where none is known. */
const char **judge_flow_of(const struct judge_case *judged, const char *host, size_t *ret_count);

/* Fills in everything of *ret; conflicts are appended to the obstack array being grown by
 * judge_conflict_add. */
struct conflict_list {
    struct conflict *conflicts;
    size_t count, capacity; /* heap; copied into the verdict by the caller */
};
void judge_host(const struct host_case *host, struct host_verdict *ret,
                struct conflict_list *conflicts);

#endif
