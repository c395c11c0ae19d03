/*
 * What the judge says: plain data, in one allocation domain, ready to be reported and explained.
 */
#ifndef ATVM_CORE_VERDICT_H
#define ATVM_CORE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

struct atvm_evidence;
struct ledger_source;

/* States of a scope and of a run (spec R1.1). */
enum run_state {
    STATE_RUNNING = 1,
    STATE_COMPLETED,
    STATE_FAILED,
    STATE_CANCELLED,
    STATE_TERMINATED,
    STATE_HUNG,
    STATE_UNKNOWN
};

/* "RUNNING" ...; and back: 0 where the name is none of them. */
const char *run_state_name(enum run_state state);
enum run_state run_state_from_name(const char *name);
/* COMPLETED and FAILED: the only ones that are posted. */
bool run_state_is_posted(enum run_state state);
/* Every state but RUNNING and HUNG (a hung run may come back). */
bool run_state_is_final(enum run_state state);

enum host_status {
    HOST_PASS = 1,
    HOST_FAIL,
    HOST_UNKNOWN,
    HOST_RUNNING,
    HOST_NOT_STARTED,
    HOST_SKIPPED, /* never the judge's: no source shows a purpose (doc/judging.md) */
    HOST_MISSING
};

/* "PASS", "NOT STARTED" ... */
const char *host_status_name(enum host_status status);
/* PASS, FAIL and SKIPPED. */
bool host_status_is_final(enum host_status status);

/* The questions that are answered for every host, each with its own precedence. */
enum question {
    QUESTION_STATUS,
    QUESTION_COUNTS,
    QUESTION_STEP,
    QUESTION_EXCERPT,
    QUESTION_TIMING,
    QUESTION_FLOW,
    QUESTION_COUNT
};

/* "status", "counts" ... as in the configuration. */
const char *question_name(enum question question);

/* One record that could have answered a question, and what became of it. The only part of a verdict
 * that refers to the ledger: not to be looked at once that has changed. */
struct candidate {
    const struct ledger_source *source;
    const struct atvm_evidence *record;
    int32_t outcome; /* enum atvm_outcome, as the record's own numbers bear it out */
    bool won;
    const char *rule; /* id of the rule that took or dropped it: "bookkeeping-only-xml" ... */
};

struct decision {
    struct candidate *candidates; /* best first */
    size_t candidate_count;
    const char *rule; /* id of the rule that settled it */
};

struct host_verdict {
    const char *name;
    enum host_status status;
    const char *rule;                                /* id of the rule that gave the status */
    int64_t tests, passed, failed, pending, skipped; /* -1: unknown */
    int64_t started_ns, ended_ns, duration_ns;       /* -1: unknown */
    const char *step;                                /* failing step, verbatim; NULL */
    const char *error;                               /* short, one line; NULL */
    const char *excerpt;                             /* longer; NULL */
    const char **sources; /* names of the collectors whose evidence was used, best first */
    size_t source_count;
    const char *
        *lacking; /* kinds of artifact that other hosts left and this one has none whole of */
    size_t lacking_count;
    struct decision decisions[QUESTION_COUNT];
};

/* Two sources that disagreed, and how it was settled. */
struct conflict {
    const char *host;
    enum question question;
    const char *kept;    /* "runlog: PASS" */
    const char *dropped; /* "reporter-json: FAIL" */
    const char *rule;
};

enum flow_source { FLOW_NONE, FLOW_SPEC, FLOW_CONFIG };

/* "none", "spec", "config". */
const char *flow_source_name(enum flow_source source);

/* What the start of a scope rests on. */
enum start_basis {
    START_UNKNOWN,
    START_RECORDED, /* a source recorded when its first host was taken */
    START_ABOUT,    /* the window's beginning, which fits the durations of the hosts */
    START_EARLIEST, /* the window's beginning; the scope began then or later */
    START_LATEST    /* its end less the durations of the hosts; it began then or earlier */
};

struct scope_verdict {
    const char *name;
    enum run_state state;
    const char *reason; /* one sentence */
    const char *rule;
    struct decision end; /* what shows that it ended, was interrupted or cancelled */
    bool post;           /* state is posted and this scope is one that gets a post */
    const char *run_url;
    int64_t started_ns, ended_ns, duration_ns; /* -1: unknown */
    enum start_basis start_basis;
    struct host_verdict *hosts; /* in the order in which the run took them, then the untaken ones */
    size_t host_count;
    const char **flow;
    size_t flow_count;
    enum flow_source flow_source;
    struct conflict *conflicts;
    size_t conflict_count;
    const char **notes; /* for people: anomalies only */
    size_t note_count;
};

/* Whether a source may be believed. */
enum source_standing {
    SOURCE_COUNTS = 1,
    SOURCE_STALE,   /* outside of the run's window: as if it were not there */
    SOURCE_DAMAGED, /* a failure in it counts, a pass does not */
    SOURCE_STRANGE  /* another run's */
};

/* One source of the ledger; refers to that as a candidate does. */
struct source_verdict {
    const struct ledger_source *source;
    enum source_standing standing;
    const char *rule;
    int64_t outside_ns; /* the time that lies outside of the window; -1: none */
    /* Of an artifact: hosts of this run that it speaks of, or where it is damaged may belong to. */
    const char **hosts;
    size_t host_count;
};

/* What the process table says about the run's runner. */
struct runner_verdict {
    bool looked; /* false: could not look, which is never "no runner" */
    bool alive;
    int64_t pid;           /* of a live runner; -1: none */
    int64_t defunct_child; /* pid; -1: none */
    size_t orphans;        /* processes of this build while no runner is alive */
};

struct verdict {
    const char *build;
    bool categorized;
    enum run_state state;
    const char *reason;
    const char *rule;
    const char *run_url;
    struct scope_verdict *scopes;
    size_t scope_count;
    /* Categorized: the run is not over, whatever its state: the runner may begin another batch or
       bring a late result. */
    bool more_may_come;
    bool runner_seen; /* ever, in this run: to be remembered in the state */
    struct runner_verdict runner;
    struct source_verdict *sources; /* all of the ledger's, by collector, path and time */
    size_t source_count;
    const char **expected; /* hosts that were asked for, or that the specPattern names */
    size_t expected_count;
    int64_t last_progress_ns; /* newest change of a log or host artifact of the window; -1: none */
    struct obstack memory;    /* everything above lives in here */
};

/* Adds a note to a scope of the verdict; `text` is copied. Returns the note's place, in which
 * another text that lives as long as the verdict may be put. */
const char **verdict_add_note(struct verdict *verdict, struct scope_verdict *scope,
                              const char *text);

/* Accepts NULL. */
void verdict_free(struct verdict *verdict);

#endif
