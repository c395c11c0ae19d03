#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <atvm/plugin.h>

#include "cleanup.h"
#include "fake-host.h"
#include "junit-evidence.h"
#include "junit-report.h"
#include "memory.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS           INT64_C(1000000000)
/* Long after every file was written, so that a damaged one is not taken for a growing one. */
#define LATER (INT64_C(4102444800) * NS)

extern const struct atvm_collector atvm_collector;

struct test {
    char root[32];
    struct fake_host *fake;
    void *collector;
};

/* ---------------------------------------------------------------- running the module */

static void open_collector(struct test *test, const char *root, const char *folder)
{
    test->fake = fake_host_new(atvm_collector.options, atvm_collector.option_count);
    fake_host_run(test->fake)->automation_root = root;
    if (folder)
        fake_host_option(test->fake, "folder", folder);
    fake_host_set_now(test->fake, LATER);
    test->collector = atvm_collector.create(fake_host_table(test->fake));
    assert_non_null(test->collector);
    assert_int_equal(atvm_collector.configure(test->collector), ATVM_OK);
}

static void close_collector(struct test *test)
{
    atvm_collector.destroy(test->collector);
    fake_host_free(test->fake);
    test->collector = NULL;
    test->fake = NULL;
}

static int set_up(void **state)
{
    struct test *test = memory_zeroed(1, sizeof(*test));

    strcpy(test->root, "/tmp/junit-XXXXXX");
    if (!mkdtemp(test->root))
        return -1;
    open_collector(test, test->root, ".");
    *state = test;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct test *test = *state;

    close_collector(test);
    nftw(test->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(test);
    return 0;
}

static const char *text_of(struct json_object *object, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(object, key));

    return text ? text : "";
}

static int64_t number_of(struct json_object *object, const char *key)
{
    struct json_object *number;

    return json_object_object_get_ex(object, key, &number) ? json_object_get_int64(number) : -1;
}

/* Writes one file, runs a pass, returns its unit. */
static struct json_object *unit_of(struct test *test, const char *name, const char *xml)
{
    CLEANUP_FREE char *path = memory_format("%s/./%s", test->root, name);
    CLEANUP_FILE FILE *file = fopen(path, "w");
    struct json_object *unit;

    assert_non_null(file);
    assert_int_equal(fwrite(xml, 1, strlen(xml), file), strlen(xml));
    assert_int_equal(fflush(file), 0);
    fake_host_clear(test->fake);
    assert_int_equal(atvm_collector.collect(test->collector), ATVM_COLLECT_COMPLETE);
    unit = fake_host_unit(test->fake, path);
    assert_non_null(unit);
    return unit;
}

/* The only claim of a unit; NULL: it has none. */
static struct json_object *claim_of(struct json_object *unit)
{
    struct json_object *evidence = json_object_object_get(unit, "evidence");

    assert_true(json_object_array_length(evidence) <= 1);
    return json_object_array_get_idx(evidence, 0);
}

/* ---------------------------------------------------------------- recorded files */

#define XML_FOLDER "cypress/cmcReporter/xml"

struct recorded {
    const char *scenario, *file;
    const char *host, *outcome;
    int64_t tests, passed, failed, pending, skipped;
    const char *step, *message;
};

static const struct recorded recorded[] = {
    {"01-pass-all-sources-agree", "test-result-atvm121-ubuntu24.04.xml", "atvm121-ubuntu24.04",
     "pass", 22, 22, 0, 0, 0, "", ""},
    {"02-fail-all-sources-agree", "test-result-atvm71-redhat9.1.xml", "atvm71-redhat9.1", "fail",
     22, 8, 1, 13, 0, "9. Trigger cmotion and do I/O test before actual cutover",
     "CypressError: `cy.task('waitForCmotion')` timed out after waiting `1800000ms`.\n\n"
     "https://on.cypress.io/api/task"},
    {"07-hash-named-xml", "test-result-c6a24f9190fd6dfc4d736616d7ea6b4e.xml", "atvm71-redhat9.1",
     "fail", 22, 5, 1, 16, 0, "6. Install CMC", "CypressError: `cy.task('sshCommand')` failed"},
    {"07-hash-named-xml", "test-result-fc26a07ebb80ea9ca5a6bd1bd55d3709.xml", "atvm121-ubuntu24.04",
     "pass", 22, 22, 0, 0, 0, "", ""},
    {"20-flow-both", "test-result-7f26426d20c12d9ab323a0c036b02d17.xml", "atvm88-redhat8.10",
     "pass", 39, 39, 0, 0, 0, "", ""},
    {"29-before-each-hook-failure", "test-result-atvm71-redhat9.1.xml", "atvm71-redhat9.1", "fail",
     16, 2, 1, 0, 13, "\"before each\" hook for \"3. Uninstall CMC if still exists\"",
     "Error: Session cookie expired\n\nBecause this error occurred during a `before each` hook"},
    {"31-check-row-in-table", "test-result-d59ba50d56e315058d4b578213d67981.xml",
     "atvm98-oracle9.4", "fail", 22, 21, 1, 0, 0, "16. Delete migration session",
     "AssertionError: Timed out retrying after 60000ms: Expected to find element: "
     "`[data-test=session-deleted]`, but never found it."},
    {"33-huge-error-and-ansi", "test-result-ba08127c4edf8cd1d11a15f799013470.xml",
     "atvm71-redhat9.1", "fail", 22, 21, 1, 0, 0, "13. Trigger cmotion again",
     "CypressError: `cy.task('sshCommand')` failed with the following error:"},
    {"51-prefix-build-names", "test-result-ec56a5ab32a93ff64322b0025d201f91.xml", "atvm160-w2k25",
     "fail", 22, 1, 1, 20, 0, "2. Power on and obtain ip address and host name",
     "Error: Host is locked by another run"},
};

static void check_recorded(const struct recorded *row, struct json_object *unit)
{
    struct json_object *claim = claim_of(unit);

    assert_string_equal(text_of(unit, "quality"), "whole");
    assert_string_equal(text_of(claim, "claim"), "host-result");
    assert_string_equal(text_of(claim, "basis"), "direct");
    assert_string_equal(text_of(claim, "form"), "testcases");
    assert_string_equal(text_of(claim, "host"), row->host);
    assert_string_equal(text_of(claim, "outcome"), row->outcome);
    assert_int_equal(number_of(claim, "tests"), row->tests);
    assert_int_equal(number_of(claim, "passed"), row->passed);
    assert_int_equal(number_of(claim, "failed"), row->failed);
    assert_int_equal(number_of(claim, "pending"), row->pending);
    assert_int_equal(number_of(claim, "skipped"), row->skipped);
    assert_string_equal(text_of(claim, "step"), row->step);
    if (strncmp(text_of(claim, "message"), row->message, strlen(row->message)) != 0)
        fail_msg("%s: the message is: %s", row->file, text_of(claim, "message"));
    assert_null(strstr(text_of(claim, "excerpt"), "\n    at "));
}

static void recorded_files_give_their_host_counts_and_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(recorded); i++) {
        CLEANUP_FREE char *root =
            memory_format("%s/tests/fixtures/%s/root", getenv("top_srcdir"), recorded[i].scenario);
        CLEANUP_FREE char *path = memory_format("%s/" XML_FOLDER "/%s", root, recorded[i].file);
        struct test test;

        open_collector(&test, root, NULL);
        assert_int_equal(atvm_collector.collect(test.collector), ATVM_COLLECT_COMPLETE);
        check_recorded(&recorded[i], fake_host_unit(test.fake, path));
        close_collector(&test);
    }
}

static void recorded_times_are_those_of_the_run(void **state)
{
    CLEANUP_FREE char *root =
        memory_format("%s/tests/fixtures/29-before-each-hook-failure/root", getenv("top_srcdir"));
    struct json_object *claim;
    struct test test;

    (void)state;
    open_collector(&test, root, NULL);
    atvm_collector.collect(test.collector);
    claim = fake_host_find(test.fake, "host-result", "atvm71-redhat9.1");
    /* 2026-04-04T19:00:00Z, 165.6910 s */
    assert_int_equal(number_of(claim, "started"), INT64_C(1775329200) * NS);
    assert_int_equal(number_of(claim, "duration"), INT64_C(165691000000));
    assert_int_equal(number_of(claim, "ended"), INT64_C(1775329365691000000));
    assert_int_equal(number_of(claim, "flags"), ATVM_EVIDENCE_HOOK);
    assert_int_equal(number_of(claim, "line"), 10);
    assert_int_equal(number_of(claim, "declared_tests"), 16);
    assert_int_equal(number_of(claim, "declared_failed"), 1);
    assert_string_equal(text_of(claim, "steps"),
                        "1. Verifying set up\n"
                        "2. Power on and obtain ip address and host name\n"
                        "\"before each\" hook for \"3. Uninstall CMC if still exists\"");
    close_collector(&test);
}

static void bookkeeping_files_end_a_scope_and_nothing_else(void **state)
{
    static const struct {
        const char *scenario, *file, *scope;
    } rows[] = {
        {"02-fail-all-sources-agree", "test-result-e2e-redhat9.1-fc.xml", "e2e-redhat9.1-fc"},
        {"03-check-xml-only-false-pass", "test-result-migrateops-ubuntu24.04-ubuntu.xml",
         "migrateops-ubuntu24.04-ubuntu"},
        {"07-hash-named-xml", "test-result-35766949a1f3253b2d826c088d29eaba.xml", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_FREE char *root =
            memory_format("%s/tests/fixtures/%s/root", getenv("top_srcdir"), rows[i].scenario);
        CLEANUP_FREE char *path = memory_format("%s/" XML_FOLDER "/%s", root, rows[i].file);
        struct json_object *claim;
        struct test test;

        open_collector(&test, root, NULL);
        atvm_collector.collect(test.collector);
        claim = claim_of(fake_host_unit(test.fake, path));
        assert_string_equal(text_of(fake_host_unit(test.fake, path), "quality"), "whole");
        assert_string_equal(text_of(claim, "claim"), "scope-ended");
        assert_string_equal(text_of(claim, "basis"), "bookkeeping");
        assert_string_equal(text_of(claim, "form"), "bookkeeping-xml");
        assert_string_equal(text_of(claim, "scope"), rows[i].scope);
        assert_string_equal(text_of(claim, "host"), "");
        assert_string_equal(text_of(claim, "outcome"), "");
        assert_true(number_of(claim, "ended") > number_of(claim, "started"));
        close_collector(&test);
    }
}

static void files_of_every_reporter_version_add_up_alike(void **state)
{
    static const char *const files[] = {"junit-1.23.3-mocha-7.0.1.xml",
                                        "junit-2.0.2-mocha-7.0.1.xml",
                                        "junit-2.2.1-mocha-10.8.2.xml"};

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        CLEANUP_FREE char *path =
            memory_format("%s/tests/fixtures-raw/%s", getenv("top_srcdir"), files[i]);
        CLEANUP_FILE FILE *file = fopen(path, "r");
        struct junit_file name = {.stem = "", .mtime_ns = 0};
        struct junit_report report;
        struct junit_evidence evidence;
        char reason[400] = "";

        assert_non_null(file);
        junit_report_read(fileno(file), &report);
        assert_string_equal(report.problem, "");
        assert_int_equal(junit_evidence_of(&report, &name, &evidence, reason, sizeof(reason)),
                         ATVM_QUALITY_WHOLE);
        assert_string_equal(evidence.claim.host, "atvm121-ubuntu24.04");
        assert_int_equal(evidence.claim.outcome, ATVM_OUTCOME_FAIL);
        assert_int_equal(evidence.claim.tests, 26);
        assert_int_equal(evidence.claim.passed, 7);
        assert_int_equal(evidence.claim.failed, 16);
        assert_int_equal(evidence.claim.pending, 3);
        assert_int_equal(evidence.claim.skipped, 0);
        assert_string_equal(evidence.claim.step, "3. assertion error with diff");
        assert_string_equal(
            evidence.claim.message,
            "AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:\n"
            "+ actual - expected\n\n+ 'abc\\ndef'\n- 'abc\\ndeg'\n          ^");
        assert_non_null(
            strstr(evidence.claim.steps, "\n8. unicode \u2603 \u6f22\u5b57 \U0001f600"));
        junit_evidence_free(&evidence);
        junit_report_free(&report);
    }
}

/* ---------------------------------------------------------------- made-up files */

#define SUITE "<testsuite name=\"e2e atvm71-redhat9.1\" file=\"cypress/e2e/atvm71-redhat9.1.ts\">"
#define CASE(title, content)                                                                       \
    "<testcase name=\"e2e atvm71-redhat9.1 " title "\" classname=\"" title "\">" content           \
    "</testcase>"
#define FAILURE                                                                                    \
    "<failure message=\"boom\" type=\"Error\">Error: boom\n    at f (a.ts:1:2)</failure>"
#define FILE_OF(attributes, cases)                                                                 \
    "<testsuites " attributes ">" SUITE cases "</testsuite></testsuites>"

static void counts_follow_from_elements_and_attributes(void **state)
{
    static const struct {
        const char *xml;
        const char *quality, *outcome;
        int64_t tests, passed, failed, pending, skipped;
    } rows[] = {
        {FILE_OF("tests='2' failures='0'", CASE("1. a", "") CASE("2. b", "")), "whole", "pass", 2,
         2, 0, 0, 0},
        /* pending, with and without includePending */
        {FILE_OF("tests='3' failures='0' skipped='1'",
                 CASE("1. a", "") CASE("2. b", "") CASE("3. c", "<skipped/>")),
         "whole", "pass", 3, 2, 0, 1, 0},
        {FILE_OF("tests='3' failures='0' skipped='1'", CASE("1. a", "") CASE("2. b", "")), "whole",
         "pass", 3, 2, 0, 1, 0},
        {FILE_OF("tests='2' failures='0' skipped='2'",
                 CASE("1. a", "<skipped/>") CASE("2. b", "<skipped/>")),
         "whole", "pass", 2, 0, 0, 2, 0},
        {FILE_OF("tests='2' failures='0' skipped='2'", ""), "whole", "pass", 2, 0, 0, 2, 0},
        /* an <error> is a failure, whoever counts it */
        {FILE_OF("tests='2' failures='0' errors='1'", CASE("1. a", "") CASE("2. b", "<error/>")),
         "whole", "fail", 2, 1, 1, 0, 0},
        {FILE_OF("tests='2' failures='1' errors='1'", CASE("1. a", "") CASE("2. b", "<error/>")),
         "whole", "fail", 2, 1, 1, 0, 0},
        /* a test case that failed twice failed once */
        {FILE_OF("tests='1' failures='1'", CASE("1. a", "<failure/><failure/>")), "whole", "fail",
         1, 0, 1, 0, 0},
        /* hooks */
        {FILE_OF("tests='5' failures='1'",
                 CASE("1. a", "")
                     CASE("&quot;before each&quot; hook for &quot;2. b&quot;", FAILURE)),
         "whole", "fail", 5, 1, 1, 0, 3},
        {FILE_OF("tests='3' failures='1'", CASE("&quot;before all&quot; hook", FAILURE)), "whole",
         "fail", 3, 0, 1, 0, 2},
        {FILE_OF("tests='1' failures='1'",
                 CASE("1. a", "") CASE("&quot;after all&quot; hook", FAILURE)),
         "whole", "fail", 1, 1, 1, 0, 0},
        /* a run that stopped at its first failure */
        {FILE_OF("tests='9' failures='1'", CASE("1. a", "") CASE("2. b", FAILURE)), "whole", "fail",
         9, 1, 1, 0, 7},
        /* no attributes at all: the elements speak for themselves */
        {FILE_OF("", CASE("1. a", "") CASE("2. b", "<skipped/>")), "whole", "pass", 2, 1, 0, 1, 0},
        /* attributes of the suites only; nested suites are in their outer ones */
        {"<testsuites><testsuite tests='2' failures='1' file='atvm71-redhat9.1.ts'>" CASE(
             "1. a",
             "") "<testsuite tests='1' failures='1'>" CASE("2. b",
                                                           FAILURE) "</testsuite></testsuite></"
                                                                    "testsuites>",
         "whole", "fail", 2, 1, 1, 0, 0},
        {"<testsuite tests='1' failures='0' file='atvm71-redhat9.1.ts'>" CASE("1. a",
                                                                              "") "</testsuite>",
         "whole", "pass", 1, 1, 0, 0, 0},
        /* attributes that contradict the elements: no pass */
        {FILE_OF("tests='2' failures='1'", CASE("1. a", "") CASE("2. b", "")), "damaged", "fail",
         -1, -1, -1, -1, -1},
        {FILE_OF("tests='2' failures='0'", CASE("1. a", "") CASE("2. b", FAILURE)), "damaged",
         "fail", -1, -1, -1, -1, -1},
        {FILE_OF("tests='5' failures='0'", CASE("1. a", "") CASE("2. b", "")), "damaged", "", -1,
         -1, -1, -1, -1},
        {FILE_OF("tests='5' failures='0' skipped='2'", CASE("1. a", "") CASE("2. b", "")),
         "damaged", "", -1, -1, -1, -1, -1},
        {FILE_OF("tests='1' failures='0'", CASE("1. a", "") CASE("2. b", "")), "damaged", "", -1,
         -1, -1, -1, -1},
        {FILE_OF("tests='2' failures='0' skipped='2'", CASE("1. a", "") CASE("2. b", "<skipped/>")),
         "damaged", "", -1, -1, -1, -1, -1},
    };
    struct test *test = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_object *unit = unit_of(test, "test-result-atvm71-redhat9.1.xml", rows[i].xml);
        struct json_object *claim = claim_of(unit);

        if (strcmp(text_of(unit, "quality"), rows[i].quality) != 0 ||
            strcmp(text_of(claim, "outcome"), rows[i].outcome) != 0 ||
            number_of(claim, "tests") != rows[i].tests ||
            number_of(claim, "passed") != rows[i].passed ||
            number_of(claim, "failed") != rows[i].failed ||
            number_of(claim, "pending") != rows[i].pending ||
            number_of(claim, "skipped") != rows[i].skipped)
            fail_msg("row %zu: %s", i, json_object_to_json_string(unit));
    }
}

static void files_that_prove_nothing_are_damaged_with_the_reason(void **state)
{
    static const struct {
        const char *name, *xml, *reason;
    } rows[] = {
        {"test-result-x.xml", "", "empty"},
        {"test-result-x.xml", "not XML", "does not begin like XML"},
        {"test-result-x.xml", "\xff\xfe<\x01", "does not begin like XML"},
        {"test-result-x.xml", "<html><body/></html>", "not a JUnit file"},
        {"test-result-x.xml", "<testsuites/>", "no test case"},
        {"test-result-x.xml", FILE_OF("tests='0' failures='0'", ""), "no test case"},
        {"test-result-x.xml", FILE_OF("tests='2' skipped='2'", ""), "no test case"},
        {"test-result-x.xml", FILE_OF("tests='3' failures='0' skipped='2'", ""), "no test case"},
        {"test-result-x.xml",
         "<testsuites tests='2' failures='0' skipped='2'><testsuite name='s'></testsuite>"
         "</testsuites>",
         "no test case"},
        {"test-result-x.xml", FILE_OF("tests='1'", CASE("1. a", "")) "<x/>", "line 1: "},
        {"test-result-x.xml", "<testsuites><testsuite></testsuites>", "line 1: "},
        {"test-result-x.xml", FILE_OF("", CASE("1. \xff\xfe", "")), "line 1: "},
        {"test-result-x.xml",
         "<testsuites><testsuite><testcase name='1. a'/></testsuite></testsuites>", "names a host"},
        {"test-result-atvm9-suse15.xml", FILE_OF("tests='1'", CASE("1. a", "")),
         "its name says atvm9-suse15, its content atvm71-redhat9.1"},
        {"test-result-x.xml",
         "<testsuites>" SUITE CASE("1. a", "") "</testsuite><testsuite file='atvm9-suse15.ts'>"
                                               "<testcase name='2. b'/></testsuite></testsuites>",
         "two hosts, atvm71-redhat9.1 and atvm9-suse15"},
        {"test-result-x.xml",
         "<testsuites>" SUITE CASE("1. a", "") "</testsuite>"
                                               "<testsuite file='check-xml-files.ts'><testcase "
                                               "name='b'/></testsuite></testsuites>",
         "bookkeeping and a host's tests"},
        {"test-result-x.xml",
         "<testsuites tests='3' failures='0'><testsuite file='check-xml-files.ts'>"
         "<testcase name='b'/></testsuite></testsuites>",
         "says 3 tests"},
        /* entities: neither blown up nor fetched */
        {"test-result-x.xml",
         "<!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
         "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>" FILE_OF("", CASE("1. &c;&c;", "")),
         "declares an entity"},
        {"test-result-x.xml",
         "<!DOCTYPE t [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" FILE_OF("",
                                                                            CASE("1. a", "&x;")),
         "declares an entity"},
        {"test-result-x.xml",
         "<!DOCTYPE t [<!ENTITY % x SYSTEM \"http://127.0.0.1:9/x\"> %x;]>" FILE_OF(
             "", CASE("1. a", "")),
         "declares an entity"},
    };
    struct test *test = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_object *unit = unit_of(test, rows[i].name, rows[i].xml);

        if (strcmp(text_of(unit, "quality"), "damaged") != 0 || claim_of(unit) ||
            !strstr(text_of(unit, "reason"), rows[i].reason))
            fail_msg("row %zu: %s", i, json_object_to_json_string(unit));
    }
}

static void a_failure_in_a_broken_file_is_believed(void **state)
{
    static const struct {
        const char *name, *xml;
    } rows[] = {
        /* cut off after the failure, inside of it, and before anything but the totals */
        {"test-result-x.xml", "<testsuites>" SUITE CASE("1. a", FAILURE)},
        {"test-result-x.xml",
         "<testsuites>" SUITE "<testcase name=\"1. a\"><failure message=\"b\">Er"},
        {"test-result-atvm71-redhat9.1.xml", "<testsuites tests='3' failures='1'>"},
        {"test-result-atvm71-redhat9.1.xml", "<testsuites tests='3' failures='1'/>"},
        {"test-result-x.xml", FILE_OF("tests='1'", CASE("1. a", FAILURE)) "trailing"},
    };
    struct test *test = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_object *unit = unit_of(test, rows[i].name, rows[i].xml);
        struct json_object *claim = claim_of(unit);

        assert_string_equal(text_of(unit, "quality"), "damaged");
        if (!claim)
            fail_msg("row %zu: %s", i, json_object_to_json_string(unit));
        assert_string_equal(text_of(claim, "outcome"), "fail");
        assert_string_equal(text_of(claim, "host"), "atvm71-redhat9.1");
        assert_int_equal(number_of(claim, "tests"), -1);
    }
}

static void the_own_title_of_a_test_is_the_step(void **state)
{
    static const struct {
        const char *testcase, *step;
    } rows[] = {
        {"name='s t 1. a' classname='1. a'", "1. a"},
        {"name='1. a' classname='s t 1. a'", "1. a"},
        {"name='1. a' classname='s t'", "1. a"},
        {"name='s t 1. a'", "1. a"},
        {"name='s t 1. a' classname='other'", "1. a"},
        {"name='s t inner 1. a' classname='1. a'", "1. a"},
        {"classname='1. a'", "1. a"},
        {"name='1. &lt;b&gt; &amp; &quot;c&quot;' classname='1. &lt;b&gt; &amp; &quot;c&quot;'",
         "1. <b> & \"c\""},
        {"name='s t &quot;after each&quot; hook: tidy for &quot;1. a&quot;'"
         " classname='&quot;after each&quot; hook: tidy for &quot;1. a&quot;'",
         "\"after each\" hook: tidy for \"1. a\""},
    };
    struct test *test = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_FREE char *xml = memory_format(
            "<testsuites><testsuite name='s t'><testcase %s><failure/></testcase></testsuite>"
            "</testsuites>",
            rows[i].testcase);
        struct json_object *unit = unit_of(test, "test-result-atvm71-redhat9.1.xml", xml);

        assert_string_equal(text_of(claim_of(unit), "step"), rows[i].step);
    }
}

static void the_host_is_named_by_file_then_content(void **state)
{
    static const struct {
        const char *name, *suite, *testcase, *host;
    } rows[] = {
        {"test-result-atvm71-redhat9.1.xml", "name='s'", "name='1. a'", "atvm71-redhat9.1"},
        {"test-result-atvm71-redhat9.1_2026-04-16T17-00-00.xml", "name='s'", "name='1. a'",
         "atvm71-redhat9.1"},
        {"test-result-35766949a1f3253b2d826c088d29eaba.xml", "file='e2e/atvm5-ubuntu22.04.cy.ts'",
         "name='1. a'", "atvm5-ubuntu22.04"},
        {"test-result-e2e-redhat-fc.xml", "name='cmc atvm5-ubuntu22.04'", "name='1. a'",
         "atvm5-ubuntu22.04"},
        {"test-result-x.xml", "name='s'", "name='cmc atvm5-ubuntu22.04 1. a' classname='1. a'",
         "atvm5-ubuntu22.04"},
        /* a title may speak of another machine */
        {"test-result-x.xml", "name='s atvm5-ubuntu22.04'",
         "name='s atvm5-ubuntu22.04 1. move to atvm6-suse15' classname='1. move to atvm6-suse15'",
         "atvm5-ubuntu22.04"},
        {"test-result-x.xml", "file='cypress/e2e/web-server.ts' name='s'", "name='1. a'",
         "web-server"},
    };
    struct test *test = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_FREE char *xml =
            memory_format("<testsuites><testsuite %s><testcase %s/></testsuite></testsuites>",
                          rows[i].suite, rows[i].testcase);
        struct json_object *unit = unit_of(test, rows[i].name, xml);

        if (strcmp(text_of(claim_of(unit), "host"), rows[i].host) != 0)
            fail_msg("row %zu: %s", i, json_object_to_json_string(unit));
    }
}

static void bookkeeping_is_known_by_spec_or_by_title(void **state)
{
    static const char *const suites[] = {"file='cypress/e2e/check-xml-files.ts' name='Root Suite'",
                                         "name='Check XML files'", "name='check-xml-files'"};
    struct test *test = *state;

    for (size_t i = 0; i < COUNT(suites); i++) {
        CLEANUP_FREE char *xml = memory_format(
            "<testsuites><testsuite %s><testcase name='b'><failure/></testcase></testsuite>"
            "</testsuites>",
            suites[i]);
        struct json_object *unit = unit_of(test, "test-result-a-build-redhat.xml", xml);

        assert_string_equal(text_of(unit, "quality"), "whole");
        assert_string_equal(text_of(claim_of(unit), "claim"), "scope-ended");
        assert_string_equal(text_of(claim_of(unit), "scope"), "a-build-redhat");
        assert_string_equal(text_of(claim_of(unit), "outcome"), "");
        /* Without a time of its own it ended when the file was written. */
        assert_int_equal(number_of(claim_of(unit), "ended"),
                         number_of(json_object_object_get(unit, "begin"), "mtime"));
    }
}

/* It must not seem to be another build's, whose end is not this one's. */
static void bookkeeping_named_after_its_own_spec_names_no_scope(void **state)
{
    static const char *const names[] = {"test-result-check-xml-files.xml",
                                        "test-result-check-xml-files.ts.xml",
                                        "test-result-check-xml-files_2026-04-16T17-00-00.xml"};
    struct test *test = *state;

    for (size_t i = 0; i < COUNT(names); i++) {
        struct json_object *unit =
            unit_of(test, names[i],
                    "<testsuites><testsuite name='check-xml-files'><testcase name='b'/>"
                    "</testsuite></testsuites>");

        assert_string_equal(text_of(claim_of(unit), "claim"), "scope-ended");
        assert_null(json_object_object_get(claim_of(unit), "scope"));
    }
}

/* ---------------------------------------------------------------- options */

static void a_relative_folder_needs_an_automation_root(void **state)
{
    struct fake_host *fake = fake_host_new(atvm_collector.options, atvm_collector.option_count);
    void *collector = atvm_collector.create(fake_host_table(fake));

    (void)state;
    assert_int_equal(atvm_collector.configure(collector), ATVM_FAILED);
    assert_non_null(strstr(fake_host_failure(fake), "automation_root"));
    fake_host_option(fake, "folder", "/nowhere/at/all");
    assert_int_equal(atvm_collector.configure(collector), ATVM_OK);
    assert_int_equal(atvm_collector.collect(collector), ATVM_COLLECT_COMPLETE);
    assert_int_equal(fake_host_watches(fake, "/nowhere/at/all"), 1);
    atvm_collector.destroy(collector);
    atvm_collector.destroy(NULL);
    fake_host_free(fake);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_files_give_their_host_counts_and_failure),
        cmocka_unit_test(recorded_times_are_those_of_the_run),
        cmocka_unit_test(bookkeeping_files_end_a_scope_and_nothing_else),
        cmocka_unit_test(files_of_every_reporter_version_add_up_alike),
        TEST(counts_follow_from_elements_and_attributes),
        TEST(files_that_prove_nothing_are_damaged_with_the_reason),
        TEST(a_failure_in_a_broken_file_is_believed),
        TEST(the_own_title_of_a_test_is_the_step),
        TEST(the_host_is_named_by_file_then_content),
        TEST(bookkeeping_is_known_by_spec_or_by_title),
        TEST(bookkeeping_named_after_its_own_spec_names_no_scope),
        cmocka_unit_test(a_relative_folder_needs_an_automation_root),
    };

    return cmocka_run_group_tests_name("junit", tests, NULL, NULL);
}
