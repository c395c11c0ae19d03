/*
 * The judge's working view: what of a ledger counts, in an order that does not depend on how it was
 * found. Private to judge*.c; everything lives in one obstack and dies with the verdict.
 */
#ifndef ATVM_CORE_JUDGE_CASE_H
#define ATVM_CORE_JUDGE_CASE_H

#include "judge.h"
#include "name-index.h"

/* Kinds of artifact that a host leaves behind (spec R5.2). */
enum artifact_kind {
    ARTIFACT_JUNIT,
    ARTIFACT_MOCHAWESOME,
    ARTIFACT_REPORTER_JSON,
    ARTIFACT_REPORTER_TXT,
    ARTIFACT_KIND_COUNT,
    ARTIFACT_NONE = ARTIFACT_KIND_COUNT /* log, config, spec, process */
};

/* Whose a damaged artifact may be (R5.8). */
enum damage_reach {
    DAMAGE_OF_NOBODY,   /* it is whole, does not count, or is another run's */
    DAMAGE_OF_ITS_HOST, /* content or file name say whose */
    DAMAGE_OF_ITS_STEM, /* everybody's whose name begins with the file's */
    DAMAGE_OF_EVERY_HOST
};

/* One source, and whether it counts. */
struct judge_source {
    const struct ledger_source *source;
    size_t listed; /* place in the ledger: of one path, older parts come first */
    enum artifact_kind artifact;
    bool is_log; /* a run log */
    enum damage_reach reach;
    int32_t last_batch;         /* highest number in it; 0: none */
    int32_t batches_before;     /* batches in the older parts of a log that was rotated */
    struct judge_table *tables; /* of a log: by batch, up to the last; else NULL */
    bool stale;                 /* outside of the run's window by any of its times (R4.9) */
    bool damaged;               /* not whole, or still growing */
    bool refused;               /* damaged, since it is no file: nobody knows what it would say */
    /* Id of the rule that says which time is outside; NULL: it is not stale. */
    const char *stale_rule;
    int64_t outside_ns; /* that time; -1 */
};

/* One record of a source that counts. */
struct judge_item {
    const struct judge_source *from;
    const struct atvm_evidence *record;
    size_t order;    /* place in the canonical order */
    int32_t attempt; /* number of the batch, counted over all parts of the log; 0: none */
    int32_t batch;   /* the same; but of a sub-run with several batches the first one's number */
};

struct judge_case {
    const struct ledger *ledger;
    const struct policy *policy;
    int64_t now_ns;
    struct obstack *memory;
    struct judge_source *sources; /* canonical order */
    size_t source_count;
    struct judge_item *items; /* of the sources that are not stale, canonical order */
    size_t item_count;
    const struct judge_item **by_host; /* those with a host: by name, then canonical order */
    size_t by_host_count;
    const struct judge_source *log; /* the run log that is in the window; NULL: none */
    bool log_unread;                /* its collector has not got to its end yet */
    bool trace_seen;   /* a log or host artifact in the window: a runner was there (R1.5) */
    bool log_readable; /* UTF-8 and with an "Extracted specPattern:" line */
    struct runner_verdict runner;
    int64_t last_artifact_ns; /* newest host artifact of this run; -1 */
    int64_t last_progress_ns; /* newest change of the log or a host artifact; -1 */
    const char **hosts;       /* all hosts of this run, expected ones first */
    struct name_index host_index;
    size_t host_count;
    size_t expected_count;               /* of hosts: named beforehand */
    bool kind_left[ARTIFACT_KIND_COUNT]; /* some host of this run left this kind */
    const struct judge_source **damaged; /* those that may be some host's of this run */
    size_t damaged_count;
};

/* Fills in everything. Strings of the ledger are referred to, not copied. */
void judge_case_init(struct judge_case *judged, const struct ledger *ledger,
                     const struct policy *policy, int64_t now_ns, struct obstack *memory);

/* The items of one host: *ret_count consecutive elements of by_host. */
const struct judge_item *const *judge_case_items_of(const struct judge_case *judged,
                                                    const char *host, size_t *ret_count);
bool judge_case_has_host(const struct judge_case *judged, const char *host);

/* Whether a damaged source counts for this host (R5.8): named by its content or its stem, else by
 * the beginning of its name, else, where it fits nobody, for all. */
bool judge_case_damage_concerns(const struct judge_source *source, const char *host);

/* Whether the record was read from a run log (not an artifact), in this batch (0: any). */
bool judge_item_is_log(const struct judge_item *item, int32_t batch);
/* The highest number of a batch in the log; 0: it holds none. */
int32_t judge_last_batch(const struct judge_case *judged);
bool judge_text_is(const char *text, const char *wanted);
/* "junit" ...: the kind of source that leaves such an artifact. */
const char *judge_artifact_name(enum artifact_kind kind);

#endif
