/*
 * Why a verdict is what it is: for every host and question the candidates with their place in the
 * evidence, the winner and the rules; for every scope what shows its end; which sources do not
 * count and why. Pure: the same verdict and ledger give the same bytes.
 */
#ifndef ATVM_CORE_EXPLAIN_H
#define ATVM_CORE_EXPLAIN_H

#include "ledger.h"
#include "verdict.h"

/* How a scope was closed, as the state folder has it. */
struct explain_closed {
    const char *scope;
    enum run_state state;
    const char *reason; /* NULL: not known */
    int64_t closed_ns;
};

#define EXPLAIN_ALL_QUESTIONS QUESTION_COUNT

/* What is to be explained; everything is the caller's. */
struct explain {
    const struct verdict *verdict;
    const struct ledger *ledger; /* as it was when it was judged */
    int64_t since_ns, now_ns;    /* the window by which it was judged; 0: without a beginning */
    const char *now_is;        /* what its end is: "when it was closed"; NULL: nothing to be said */
    bool hosts_were_asked_for; /* the operator's list decided who is expected */
    const char *automation_root;         /* shortened in paths, for people; NULL: not known */
    const char *time_zone;               /* see render_local_time; NULL: the system's */
    const char *host;                    /* explain this one only; NULL: all */
    enum question question;              /* explain this one only, or EXPLAIN_ALL_QUESTIONS */
    const struct explain_closed *closed; /* scopes that are closed; the build's name: the run */
    size_t closed_count;
};

/* For people, and as the object atvm.explain/1 (doc/explain.md); both end with a newline; free().
 */
char *explain_text(const struct explain *explain);
char *explain_json(const struct explain *explain);

/* The question of that name; false: there is none. */
bool explain_question_from_name(const char *name, enum question *ret);
/* What is wrong with explain->host: NULL where it is NULL or in a scope of the verdict, else a
 * message with the nearest name; free it. */
char *explain_host_problem(const struct explain *explain);

/* ---- shared by the two forms */

/* "counts", "stale", "damaged", "strange". */
const char *explain_standing_name(enum source_standing standing);
/* How the scope (or the run, by the build's name) was closed; NULL: it is open. */
const struct explain_closed *explain_closed_as(const struct explain *explain, const char *scope);

/* Whether the filters let a part through. */
bool explain_shows_scope(const struct explain *explain, const struct scope_verdict *scope);
bool explain_shows_host(const struct explain *explain, const struct host_verdict *host);
bool explain_shows_question(const struct explain *explain, enum question question);
/* Sources, ends and gaps: not where one question is asked for. */
bool explain_shows_surroundings(const struct explain *explain);
/* Of a single host only the sources that speak of it, or may. */
bool explain_shows_source(const struct explain *explain, const struct source_verdict *source);

/* The short text of a failure that a record has: one line, of `source` text; NULL: none. In
 * `memory`, at most 500 characters. */
const char *explain_failure_text(struct obstack *memory, const struct atvm_evidence *record);
/* How many steps of the host's flow the candidate's source gives. */
size_t explain_step_count(const struct candidate *candidate, const char *host);

#endif
