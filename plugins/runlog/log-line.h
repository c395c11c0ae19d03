/*
 * What one clean line of a run log is, seen by itself. Pure. Where a line may be believed is for
 * the parser to say: a test may print any of them.
 *
 * Sources: cypress-cloud 1.5.4 to 1.13.1 (lib/run.ts, lib/log.ts), Cypress 12
 * (packages/server/lib/util/print-run.ts), and the wrapper run-sorry-cypress.py.
 */
#ifndef ATVM_PLUGINS_RUNLOG_LOG_LINE_H
#define ATVM_PLUGINS_RUNLOG_LOG_LINE_H

#include "line-text.h"

enum log_line_kind {
    LOG_LINE_OTHER,
    LOG_LINE_BLANK,
    LOG_LINE_RULE,          /* ====… or ────… */
    LOG_LINE_DRAWN,         /* begins with a box-drawing character; argument: from there on */
    LOG_LINE_CATEGORY,      /* Category batch 1 of 3: redhat; argument: redhat */
    LOG_LINE_SPEC_PATTERN,  /* Extracted specPattern: [...]; argument: the list */
    LOG_LINE_COMMAND,       /* Running command: …; argument: after --ci-build-id; may be empty */
    LOG_LINE_DISCOVERED,    /* Discovered N spec files */
    LOG_LINE_RUN_URL,       /* 🎥 Run URL: URL; argument: URL */
    LOG_LINE_CLAIMED,       /* Running: SPEC[, SPEC…] (1/3); argument: the specs */
    LOG_LINE_RUNNING,       /*   Running:  SPEC   (1 of 3); argument: the spec, maybe cut */
    LOG_LINE_RESULTS_TITLE, /*   (Results) */
    LOG_LINE_RUN_FINISHED_TITLE, /*   (Run Finished) */
    LOG_LINE_CLOUD_TITLE,        /*   Cloud Run Finished */
    LOG_LINE_RECORDED_RUN,       /* 🏁 Recorded Run: URL; argument: URL */
    LOG_LINE_UPLOAD_CONFIRMED,   /* Detected 'Recorded Run' after 'Cloud Run Finished' - … */
    LOG_LINE_CANCELLED, /*  WARNING  Run cancelled: REASON. Waiting …; argument: REASON */
    LOG_LINE_CRASHED,   /*  WARNING  Cypress runner crashed: …; argument: from "Cypress" on */
    LOG_LINE_INTERRUPT  /* KeyboardInterrupt, ^C, Terminated …; argument: the line */
};

struct log_line {
    enum log_line_kind kind;
    struct text argument; /* a part of the line */
    size_t indent;        /* leading spaces of the line */
    bool labelled;        /* a time, a logger's name or a label stood in front */
};

struct log_line log_line_classify(struct text line);

#endif
