/*
 * What mocha's spec reporter prints while one spec runs, fed line by line. Pure.
 *
 * Source: mocha 7.0.1 (the copy inside Cypress 12) and 10.8.2, lib/reporters/spec.js, base.js:
 *
 *       SUITE
 *         ✓ TITLE (1234ms)
 *         1) TITLE                         failed; numbered in order of failure
 *         - TITLE                          pending
 *
 *       7 passing (4m)
 *       1 failing
 *
 *       1) SUITE
 *            TITLE:                        7 spaces; 2 more for each nested suite above
 *          Error: any text, of any size
 *           at …
 */
#ifndef ATVM_PLUGINS_RUNLOG_SPEC_TEXT_H
#define ATVM_PLUGINS_RUNLOG_SPEC_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "line-text.h"

/* Limits on what is kept of one spec. */
#define SPEC_TEXT_STEPS_MAX   (64 * 1024) /* bytes of all titles together */
#define SPEC_TEXT_STEP_MAX    4096        /* bytes of one title */
#define SPEC_TEXT_HEAD_MAX    (11 * 1024) /* bytes of the error text's beginning */
#define SPEC_TEXT_TAIL_MAX    (4 * 1024)  /* and of its end, where it is longer */
#define SPEC_TEXT_MESSAGE_MAX 500         /* bytes of the short error */

enum spec_text_place {
    SPEC_TEXT_TESTS,   /* titles come */
    SPEC_TEXT_SUMMARY, /* "N passing" was seen */
    SPEC_TEXT_FAILURES /* "N failing" was seen: error texts, which may hold anything */
};

/* Where in one entry of the failure list a line stands. */
enum spec_text_entry { SPEC_TEXT_NO_ENTRY, SPEC_TEXT_PATH, SPEC_TEXT_ERROR, SPEC_TEXT_STACK };

struct spec_text {
    enum spec_text_place place;
    int64_t numbered;         /* titles with a failure number so far */
    struct byte_string step;  /* title of the first of them; empty: none */
    bool hook;                /* that title is a hook's */
    struct byte_string steps; /* titles of all tests, separated by newlines */

    int64_t failing; /* what "N failing" says */
    int64_t entry;   /* number of the failure whose text is being read */
    enum spec_text_entry part;
    size_t path_indent;         /* indent of the next line of the entry's path */
    struct byte_string heading; /* last line of that path, without its ':' */
    bool heading_is_title;      /* it had one */
    bool after_blank;           /* the line before was blank */
    struct byte_string head;    /* of the first failure's error text */
    struct byte_string tail;    /* what came after the head filled up; see cut */
    size_t cut;                 /* bytes left out between head and tail */
};

/* Begins the text of a spec; the memory of an earlier one is used again. */
void spec_text_begin(struct spec_text *spec);
void spec_text_free(struct spec_text *spec);
/* One line, clean, with its indent. */
void spec_text_line(struct spec_text *spec, struct text line);

/* The error in at most SPEC_TEXT_MESSAGE_MAX bytes: the first line of its text, and below it the
 * next two where the first ends in a colon. Replaces *message; empty: there is none. */
void spec_text_message(const struct spec_text *spec, struct byte_string *message);
/* The error text without its stack: whole, or head and tail. Replaces *excerpt. */
void spec_text_excerpt(const struct spec_text *spec, struct byte_string *excerpt);

#endif
