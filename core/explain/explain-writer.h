/* What writes the explanation for people: the text so far, and how its words are made. Private to
 * explain-*.c. */
#ifndef ATVM_CORE_EXPLAIN_WRITER_H
#define ATVM_CORE_EXPLAIN_WRITER_H

#include "explain-columns.h"
#include "explain.h"

#define WRITER_DAY_LENGTH 10 /* "2026-04-16" */

struct writer {
    const struct explain *explain;
    struct obstack memory; /* texts of cells */
    struct obstack out;
    struct columns columns;
    bool *cited;                     /* for each of rules_all(): it appears in a table */
    char day[WRITER_DAY_LENGTH + 1]; /* on which it was judged: times of that day go without it */
};

/* Texts live in writer->memory. */

/* Foreign text on one line, harmless and without secrets; NULL is "". */
const char *writer_clean(struct writer *writer, const char *text);
/* The id itself ("" for NULL), which is explained below the tables then. */
const char *writer_cite(struct writer *writer, const char *id);
/* "2026-04-16 13:00:00". */
const char *writer_full_time(struct writer *writer, int64_t time_ns);
/* The same, without the day where that is the one of the judgement; "" for -1. */
const char *writer_short_time(struct writer *writer, int64_t time_ns);
/* The path with the automation root as "…". */
const char *writer_short_path(struct writer *writer, const char *path);
/* The path with the line ("run.log:12") or offset ("a.json@120"), where there is one. */
const char *writer_place(struct writer *writer, const struct ledger_source *source,
                         const struct atvm_evidence *record);

/* The sections after the hosts. */
void writer_write_sources(struct writer *writer);
void writer_write_gaps(struct writer *writer);
void writer_write_rules(struct writer *writer);

#endif
