#include "junit-evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure-text.h"

static bool names_a_host(const char *stem)
{
    char name[HOST_NAME_MAX_BYTES + 1];

    return host_name_find(stem, strlen(stem), name) && strcmp(name, stem) == 0;
}

/* The file's own name, else what the content names first, else the spec it was written for; NULL.
 */
static const char *host_of(const struct junit_report *report, const struct junit_file *file)
{
    if (names_a_host(file->stem))
        return file->stem;
    if (report->host[0])
        return report->host;
    return report->spec_name[0] ? report->spec_name : NULL;
}

/* Two machine names that differ: it is not certain whose results these are. */
static bool find_contradiction(const struct junit_report *report, const struct junit_file *file,
                               char *reason, size_t reason_size)
{
    if (report->other_host[0]) {
        snprintf(reason, reason_size, "it names two hosts, %s and %s", report->host,
                 report->other_host);
        return true;
    }
    if (names_a_host(file->stem) && report->host[0] && strcmp(file->stem, report->host) != 0) {
        snprintf(reason, reason_size, "its name says %s, its content %s", file->stem, report->host);
        return true;
    }
    return false;
}

static int64_t known(int64_t number)
{
    return number < 0 ? 0 : number;
}

static int64_t declared_failures(const struct junit_totals *totals)
{
    return totals->failures < 0 && totals->errors < 0
               ? -1
               : known(totals->failures) + known(totals->errors);
}

/* Pending tests have a <skipped/> each, or (without includePending) only the attribute. */
static int64_t pending_tests(const struct junit_tally *tally, const struct junit_totals *totals)
{
    return totals->skipped > tally->skipped ? totals->skipped : tally->skipped;
}

static int64_t passed_tests(const struct junit_tally *tally)
{
    return tally->testcases - tally->failed - tally->skipped;
}

static bool failures_fit(const struct junit_totals *totals, int64_t failed)
{
    if (totals->failures < 0 && totals->errors < 0)
        return true;
    /* Some reporters count errors among the failures. */
    return failed == declared_failures(totals) || failed == totals->failures;
}

/*
 * Whether the attributes fit the elements. A failed hook has a test case of its own; the tests that
 * it skipped have none, so only then (or after another failure, where a run stops early) may test
 * cases be missing.
 */
static bool totals_fit(const struct junit_report *report, const struct junit_tally *tally,
                       char *reason, size_t reason_size)
{
    struct junit_totals totals = junit_report_totals(report);
    int64_t pending = pending_tests(tally, &totals);
    int64_t own = tally->testcases - tally->hooks_failed - tally->skipped;

    if (!failures_fit(&totals, tally->failed))
        snprintf(reason, reason_size,
                 "it says %" PRId64 " failures and holds %" PRId64 " failed test cases",
                 declared_failures(&totals), tally->failed);
    else if (tally->skipped > 0 && totals.skipped >= 0 && totals.skipped != tally->skipped)
        snprintf(reason, reason_size, "it says %" PRId64 " skipped tests and holds %" PRId64,
                 totals.skipped, tally->skipped);
    else if (totals.tests >= 0 && own + pending > totals.tests)
        snprintf(reason, reason_size, "it says %" PRId64 " tests and holds %" PRId64, totals.tests,
                 own + pending);
    else if (tally->failed == 0 && own + pending < totals.tests)
        snprintf(reason, reason_size,
                 "it says %" PRId64 " tests and holds %" PRId64
                 ", without a failure that would explain it",
                 totals.tests, own + pending);
    else
        return true;
    return false;
}

static bool shows_failure(const struct junit_report *report)
{
    struct junit_totals totals = junit_report_totals(report);

    return report->tests.failed > 0 || totals.failures > 0 || totals.errors > 0;
}

/* ---------------------------------------------------------------- claims */

static void set_times(struct atvm_evidence *claim, const struct junit_report *report)
{
    claim->started_ns = report->started_ns;
    claim->duration_ns =
        report->duration_ns >= 0 ? report->duration_ns : report->suites_duration_ns;
    if (claim->started_ns >= 0 && claim->duration_ns >= 0)
        claim->ended_ns = claim->started_ns + claim->duration_ns;
}

/* What was added up counts only where it fits; a torn file has not shown all of it. */
static void set_counts(struct atvm_evidence *claim, const struct junit_report *report, bool fits)
{
    struct junit_totals totals = junit_report_totals(report);
    int64_t elements = report->tests.testcases;

    claim->declared_tests = totals.tests;
    claim->declared_failed = declared_failures(&totals);
    claim->declared_pending = totals.skipped;
    if (!fits)
        return;
    claim->passed = passed_tests(&report->tests);
    claim->failed = report->tests.failed;
    claim->pending = pending_tests(&report->tests, &totals);
    claim->tests =
        totals.tests >= 0 ? totals.tests : elements + claim->pending - report->tests.skipped;
    claim->skipped = claim->tests - claim->passed - claim->failed - claim->pending;
    /* A failed "after all" hook comes on top of tests that were all executed. */
    if (claim->skipped < 0)
        claim->skipped = 0;
}

static void set_failure(struct junit_evidence *evidence, const struct junit_report *report)
{
    struct atvm_evidence *claim = &evidence->claim;

    if (report->tests.failed == 0)
        return;
    failure_text(
        bounded_text_string(&report->failure_type), bounded_text_string(&report->failure_message),
        bounded_text_string(&report->failure_body), &evidence->message, &evidence->excerpt);
    claim->step = report->step.string.length > 0 ? bounded_text_string(&report->step) : NULL;
    claim->flags = report->step_is_hook ? ATVM_EVIDENCE_HOOK : 0;
    claim->message = evidence->message;
    claim->excerpt = evidence->excerpt;
    claim->excerpt_length = evidence->excerpt ? strlen(evidence->excerpt) : 0;
    claim->locator = report->failed_line;
    claim->locator_unit = ATVM_LOCATOR_LINE;
}

static void claim_result(struct junit_evidence *evidence, const struct junit_report *report,
                         const char *host, bool fits)
{
    struct atvm_evidence *claim = &evidence->claim;

    *claim = (struct atvm_evidence)ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT);
    claim->basis = ATVM_BASIS_DIRECT;
    claim->form = "testcases";
    claim->host = host;
    if (shows_failure(report))
        claim->outcome = ATVM_OUTCOME_FAIL;
    else
        claim->outcome = fits ? ATVM_OUTCOME_PASS : ATVM_OUTCOME_NONE;
    claim->steps = report->titles.string.length > 0 ? bounded_text_string(&report->titles) : NULL;
    set_times(claim, report);
    set_counts(claim, report, fits);
    set_failure(evidence, report);
}

/* A file that is named after a host, or after the bookkeeping spec itself, names no scope. */
static bool names_a_scope(const char *stem)
{
    return stem[0] && !names_a_host(stem) && !host_name_is_bookkeeping(stem);
}

static void claim_end(struct junit_evidence *evidence, const struct junit_report *report,
                      const struct junit_file *file)
{
    struct atvm_evidence *claim = &evidence->claim;

    *claim = (struct atvm_evidence)ATVM_EVIDENCE_INIT(ATVM_CLAIM_SCOPE_ENDED);
    claim->basis = ATVM_BASIS_BOOKKEEPING;
    claim->form = "bookkeeping-xml";
    if (names_a_scope(file->stem))
        claim->scope = file->stem;
    set_times(claim, report);
    if (claim->ended_ns < 0)
        claim->ended_ns = file->mtime_ns;
}

/* ---------------------------------------------------------------- decisions */

static int32_t read_in_part(const struct junit_report *report, const struct junit_file *file,
                            struct junit_evidence *ret)
{
    const char *host = host_of(report, file);
    char unused[HOST_NAME_MAX_BYTES * 3];

    if (host && shows_failure(report) && report->bookkeeping.testcases == 0 &&
        !find_contradiction(report, file, unused, sizeof(unused)))
        claim_result(ret, report, host, false);
    return ATVM_QUALITY_DAMAGED;
}

static int32_t read_bookkeeping(const struct junit_report *report, const struct junit_file *file,
                                struct junit_evidence *ret, char *reason, size_t reason_size)
{
    if (!totals_fit(report, &report->bookkeeping, reason, reason_size))
        return ATVM_QUALITY_DAMAGED;
    claim_end(ret, report, file);
    return ATVM_QUALITY_WHOLE;
}

static int32_t read_tests(const struct junit_report *report, const struct junit_file *file,
                          struct junit_evidence *ret, char *reason, size_t reason_size)
{
    const char *host = host_of(report, file);
    bool fits;

    if (find_contradiction(report, file, reason, reason_size))
        return ATVM_QUALITY_DAMAGED;
    if (!host) {
        snprintf(reason, reason_size, "neither its name nor its content names a host");
        return ATVM_QUALITY_DAMAGED;
    }
    fits = totals_fit(report, &report->tests, reason, reason_size);
    claim_result(ret, report, host, fits);
    return fits ? ATVM_QUALITY_WHOLE : ATVM_QUALITY_DAMAGED;
}

/* Without includePending, mocha-junit-reporter writes pending tests only into the totals. */
static bool is_all_pending(const struct junit_report *report, const struct junit_file *file)
{
    struct junit_totals totals = junit_report_totals(report);

    return totals.tests > 0 && totals.tests == totals.skipped && declared_failures(&totals) == 0 &&
           (names_a_host(file->stem) || report->host[0]);
}

int32_t junit_evidence_of(const struct junit_report *report, const struct junit_file *file,
                          struct junit_evidence *ret, char *reason, size_t reason_size)
{
    *ret = (struct junit_evidence){0};
    if (report->problem[0]) {
        snprintf(reason, reason_size, "%s", report->problem);
        return read_in_part(report, file, ret);
    }
    if (report->tests.testcases == 0 && report->bookkeeping.testcases == 0) {
        if (is_all_pending(report, file))
            return read_tests(report, file, ret, reason, reason_size);
        snprintf(reason, reason_size, "it holds no test case");
        return read_in_part(report, file, ret);
    }
    if (report->tests.testcases == 0)
        return read_bookkeeping(report, file, ret, reason, reason_size);
    if (report->bookkeeping.testcases > 0) {
        snprintf(reason, reason_size, "it holds bookkeeping and a host's tests at once");
        return ATVM_QUALITY_DAMAGED;
    }
    return read_tests(report, file, ret, reason, reason_size);
}

void junit_evidence_free(struct junit_evidence *evidence)
{
    free(evidence->message);
    free(evidence->excerpt);
    *evidence = (struct junit_evidence){0};
}
