/*
 * The ledger: all evidence of a build, by source.
 *
 * It is fed with evidence lines (doc/evidence.md): the ones a collect worker writes, or the ones
 * of a ledger file. Only whole units count; a torn one is dropped. The ledger decides nothing.
 */
#ifndef ATVM_CORE_LEDGER_H
#define ATVM_CORE_LEDGER_H

#include <atvm/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "memory.h"

/* Limits on what one source may say; beyond them its unit is dropped and it counts as damaged. */
#define LEDGER_RECORDS_MAX 200000
#define LEDGER_BATCH_MAX   10000         /* number of a batch; the judge keeps room for each */
#define LEDGER_LINE_MAX    (1024 * 1024) /* bytes of one evidence line */

/* One source and all it says now. */
struct ledger_source {
    const char *collector;   /* name of the collector instance */
    const char *version;     /* of its module */
    struct atvm_source file; /* as the collector described it; strings in `strings` */
    int32_t quality;         /* enum atvm_source_quality */
    const char *reason;      /* why it is not whole; NULL */
    int64_t read_ns;         /* when the last unit was completed */
    size_t place;            /* in the ledger's sources */
    bool retired;            /* a log that was truncated or replaced: what it said still counts */
    struct atvm_evidence *records;
    size_t record_count, record_capacity;
    struct obstack strings;
};

/* A time when something could not be looked at. */
struct ledger_gap {
    char *collector;
    char *path; /* the source the worker was busy with; NULL: none */
    char *reason;
    int64_t time_ns;
};

/* The last pass of one collector. */
struct ledger_pass {
    char *collector;
    int32_t result; /* enum atvm_collect_result */
    char *reason;   /* NULL */
    int64_t time_ns;
};

struct ledger {
    struct ledger_source **sources; /* in the order in which they first appeared */
    size_t source_count, source_capacity;
    void *by_path; /* those that are not retired, by collector and path: a tree of tsearch(3) */
    struct ledger_gap *gaps;
    size_t gap_count, gap_capacity;
    struct ledger_pass *passes; /* one a collector */
    size_t pass_count, pass_capacity;
    uint64_t changes; /* grows with every unit, gap or changed pass result that went in */
};

struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);

/* What an evidence line turned out to be. */
enum ledger_line {
    LEDGER_LINE_EVIDENCE, /* begin, evidence, end, gap, pass: taken */
    LEDGER_LINE_OTHER,    /* well-formed, but not for the ledger (hello, watch, log, at ...) */
    LEDGER_LINE_BAD       /* not an evidence line; *ret_error says why (free it) */
};

/* Feeds lines of one worker or one file into a ledger; holds the unit that is open. */
struct ledger_reader;
struct ledger_reader *ledger_reader_new(struct ledger *ledger);
/* Drops an open unit. Accepts NULL. */
void ledger_reader_free(struct ledger_reader *reader);
enum ledger_line ledger_reader_line(struct ledger_reader *reader, const char *line, size_t length,
                                    char **ret_error);

/* Notes that `collector` could not look at `path` (NULL: at anything). */
void ledger_add_gap(struct ledger *ledger, const char *collector, const char *path,
                    const char *reason, int64_t time_ns);
/* NULL: it has not looked yet. */
const struct ledger_pass *ledger_pass_of(const struct ledger *ledger, const char *collector);

/* Forgets which looks there were: those of an earlier watcher tell nothing about now. */
void ledger_forget_passes(struct ledger *ledger);

/* Writes the whole ledger as evidence lines. 0, or -errno of the stream. */
int ledger_write(const struct ledger *ledger, FILE *stream);

#endif
