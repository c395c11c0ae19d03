/*
 * Cypress's "(Results)" box, fed line by line. Pure.
 *
 * Source: Cypress 12, packages/server/lib/util/print-run.ts. On a narrow terminal labels are cut
 * with an ellipsis ("Passi…") and a long spec name goes on in the next line.
 */
#ifndef ATVM_PLUGINS_RUNLOG_RESULTS_BOX_H
#define ATVM_PLUGINS_RUNLOG_RESULTS_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "line-text.h"

enum results_count {
    RESULTS_TESTS,
    RESULTS_PASSING,
    RESULTS_FAILING,
    RESULTS_PENDING,
    RESULTS_SKIPPED,
    RESULTS_COUNT_COUNT
};

struct results_box {
    int64_t counts[RESULTS_COUNT_COUNT]; /* -1: not there, or no number */
    int64_t duration_ns;                 /* -1: not there, or not readable */
    struct byte_string spec;             /* the spec that ran; empty: not there */
    bool in_spec;                        /* the line before belonged to "Spec Ran:" */
};

/* Begins an empty box; the memory of an earlier one is used again. */
void results_box_begin(struct results_box *box);
void results_box_free(struct results_box *box);
/* One line between the borders, from its '│' on. false: it has not both bars; it was not used. */
bool results_box_line(struct results_box *box, struct text line);

#endif
