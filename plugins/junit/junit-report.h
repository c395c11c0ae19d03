/*
 * A JUnit XML file read once from beginning to end: what its elements add up to, what it says about
 * itself, and the texts of its first failure. Written by mocha-junit-reporter (1.23.3, 2.0.2 and
 * 2.2.1 were looked at), but nested suites, <error> and a <testsuite> as root are understood too.
 */
#ifndef ATVM_PLUGINS_JUNIT_REPORT_H
#define ATVM_PLUGINS_JUNIT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "bounded-text.h"
#include "host-name.h"

/* Attributes of <testsuites>, or their sums over <testsuite>; -1: said nowhere. */
struct junit_totals {
    int64_t tests, failures, errors, skipped;
};

/* <testcase> elements of one kind of suite. */
struct junit_tally {
    int64_t testcases;
    int64_t failed;       /* with <failure> or <error>; failed hooks among them */
    int64_t hooks_failed; /* failed, and titled as a hook */
    int64_t skipped;      /* with <skipped/>, which pending tests have */
};

struct junit_report {
    char problem[400];              /* why it could not be read to its end; "": it could */
    struct junit_totals root;       /* what <testsuites> says */
    struct junit_totals suites;     /* sums over the <testsuite> elements that lie in no other */
    struct junit_tally tests;       /* of the host's own suites */
    struct junit_tally bookkeeping; /* of the suites of the bookkeeping spec */

    /* The first machine name in a suite's file=, name= or a test case's full title, and one that
       differs from it; "" for none. */
    char host[HOST_NAME_MAX_BYTES + 1];
    char other_host[HOST_NAME_MAX_BYTES + 1];
    char spec_name[HOST_NAME_MAX_BYTES + 1]; /* the first file= as a spec's name; "": none */

    int64_t started_ns;         /* earliest timestamp= of a suite; -1 */
    int64_t duration_ns;        /* time= of <testsuites>; -1 */
    int64_t suites_duration_ns; /* time= of the outer suites, added up; -1 */

    struct bounded_text titles; /* of all test cases, separated by '\n' */
    struct bounded_text step;   /* title of the first failed one, without its suites */
    bool step_is_hook;
    int64_t failed_line; /* where its <testcase> stands, from 1; -1 */
    struct bounded_text failure_type, failure_message, failure_body;
};

/* Reads `descriptor` from its current position to its end, in pieces; memory is bounded whatever
 * the file holds. Always fills *ret, which is to be freed. */
void junit_report_read(int descriptor, struct junit_report *ret);
void junit_report_free(struct junit_report *report);

/* What <testsuites> says, else what the suites add up to. */
struct junit_totals junit_report_totals(const struct junit_report *report);

#endif
