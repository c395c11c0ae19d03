/* What the collector junit makes of hostile files: cut off anywhere, without end, nested, stacks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "cleanup.h"
#include "failure-text.h"
#include "junit-evidence.h"
#include "junit-report.h"
#include "memory.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define XML_FOLDER   "cypress/cmcReporter/xml"
#define SUITE        "<testsuite name=\"e2e atvm71-redhat9.1\" file=\"cypress/e2e/atvm71-redhat9.1.ts\">"
#define CASE(title, content)                                                                       \
    "<testcase name=\"e2e atvm71-redhat9.1 " title "\" classname=\"" title "\">" content           \
    "</testcase>"

static const struct junit_file host_file = {.stem = "atvm71-redhat9.1", .mtime_ns = 0};

static int memory_file(const char *text, size_t length)
{
    int descriptor = memfd_create("junit", MFD_CLOEXEC);

    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, length), length);
    assert_int_equal(lseek(descriptor, 0, SEEK_SET), 0);
    return descriptor;
}

static char *read_fixture(const char *name, size_t *ret_length)
{
    CLEANUP_FREE char *path = memory_format("%s/tests/fixtures/%s", getenv("top_srcdir"), name);
    CLEANUP_FILE FILE *file = fopen(path, "r");
    char *text = memory_zeroed(1, 1 << 20);

    assert_non_null(file);
    *ret_length = fread(text, 1, (1 << 20) - 1, file);
    assert_true(*ret_length > 0);
    return text;
}

/* What is claimed of the first `length` bytes of a file. */
static int32_t outcome_of(const char *text, size_t length, int32_t *ret_quality)
{
    CLEANUP_CLOSE int descriptor = memory_file(text, length);
    struct junit_report report;
    struct junit_evidence evidence;
    char reason[400] = "";
    int32_t outcome;

    junit_report_read(descriptor, &report);
    *ret_quality = junit_evidence_of(&report, &host_file, &evidence, reason, sizeof(reason));
    outcome = evidence.claim.claim ? evidence.claim.outcome : ATVM_OUTCOME_NONE;
    junit_evidence_free(&evidence);
    junit_report_free(&report);
    return outcome;
}

static void a_pass_cut_off_anywhere_is_no_pass(void **state)
{
    size_t length;
    CLEANUP_FREE char *text = read_fixture("38-cancelled-in-cloud/root/" XML_FOLDER
                                           "/test-result-52964928fc244302db90ccbf37fc2255.xml",
                                           &length);
    int32_t quality;

    (void)state;
    assert_int_equal(outcome_of(text, length, &quality), ATVM_OUTCOME_PASS);
    assert_int_equal(quality, ATVM_QUALITY_WHOLE);
    for (size_t cut = 0; cut < length; cut++) {
        assert_int_equal(outcome_of(text, cut, &quality), ATVM_OUTCOME_NONE);
        assert_int_equal(quality, ATVM_QUALITY_DAMAGED);
    }
}

static void a_failure_cut_off_anywhere_stays_one_once_it_was_seen(void **state)
{
    size_t length;
    CLEANUP_FREE char *text = read_fixture("29-before-each-hook-failure/root/" XML_FOLDER
                                           "/test-result-atvm71-redhat9.1.xml",
                                           &length);
    size_t totals = (size_t)(strstr(text, "failures=\"1\">") - text) + strlen("failures=\"1\">");
    int32_t quality;

    (void)state;
    for (size_t cut = 0; cut < length; cut++) {
        assert_int_equal(outcome_of(text, cut, &quality),
                         cut < totals ? ATVM_OUTCOME_NONE : ATVM_OUTCOME_FAIL);
        assert_int_equal(quality, ATVM_QUALITY_DAMAGED);
    }
}

/* A file that repeats `middle` until it has `size` bytes. */
static char *repeated(const char *start, const char *middle, size_t size, const char *end)
{
    size_t count = size / strlen(middle);
    char *text = memory_zeroed(1, strlen(start) + count * strlen(middle) + strlen(end) + 1);
    char *at = stpcpy(text, start);

    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, middle);
    stpcpy(at, end);
    return text;
}

static void deep_nesting_is_damaged(void **state)
{
    CLEANUP_FREE char *text = repeated("<testsuites>", "<testsuite>", 1 << 20, "");
    int32_t quality;

    (void)state;
    assert_int_equal(outcome_of(text, strlen(text), &quality), ATVM_OUTCOME_NONE);
    assert_int_equal(quality, ATVM_QUALITY_DAMAGED);
}

static void a_huge_failure_keeps_beginning_and_end(void **state)
{
    CLEANUP_FREE char *body =
        repeated("<![CDATA[Error: first words\n", "line of output \xe2\x98\x83\n", 500000,
                 "last words\n    at f (a.ts:1:2)]]>");
    CLEANUP_FREE char *xml = memory_format(
        "<testsuites tests='1' failures='1'>" SUITE "<testcase name='1. a'><failure type='Error' "
        "message='first words'>%s</failure></testcase></testsuite></testsuites>",
        body);
    CLEANUP_CLOSE int descriptor = memory_file(xml, strlen(xml));
    struct junit_report report;
    struct junit_evidence evidence;
    char reason[400] = "";
    const char *excerpt;

    (void)state;
    junit_report_read(descriptor, &report);
    assert_int_equal(junit_evidence_of(&report, &host_file, &evidence, reason, sizeof(reason)),
                     ATVM_QUALITY_WHOLE);
    excerpt = evidence.excerpt;
    assert_true(strlen(evidence.message) <= FAILURE_MESSAGE_LIMIT);
    assert_true(strlen(excerpt) <= FAILURE_EXCERPT_LIMIT + 100);
    assert_ptr_equal(strstr(excerpt, "Error: first words"), excerpt);
    assert_non_null(strstr(excerpt, "bytes left out"));
    assert_string_equal(excerpt + strlen(excerpt) - strlen("last words"), "last words");
    junit_evidence_free(&evidence);
    junit_report_free(&report);
}

static void texts_and_titles_without_end_take_bounded_memory(void **state)
{
    CLEANUP_FREE char *cases =
        repeated("<testsuites>" SUITE, CASE("1. a title that is repeated again and again", ""),
                 4 << 20, "</testsuite></testsuites>");
    CLEANUP_FREE char *body =
        repeated("<testsuites>" SUITE "<testcase name='1. a'><failure>", "text without any end ",
                 8 << 20, "</failure></testcase></testsuite></testsuites>");
    const char *texts[] = {cases, body};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        CLEANUP_CLOSE int descriptor = memory_file(texts[i], strlen(texts[i]));
        struct junit_report report;

        junit_report_read(descriptor, &report);
        assert_string_equal(report.problem, "");
        assert_true(report.titles.string.length <= report.titles.limit);
        assert_true(report.failure_body.string.length <= report.failure_body.limit);
        assert_true(i == 0 ? report.titles.cut : report.failure_body.cut);
        junit_report_free(&report);
    }
}

static void an_attribute_without_end_is_damaged(void **state)
{
    CLEANUP_FREE char *text =
        repeated("<testsuites><testsuite name=\"", "abcdefgh", 12 << 20, "\"/></testsuites>");
    int32_t quality;

    (void)state;
    assert_int_equal(outcome_of(text, strlen(text), &quality), ATVM_OUTCOME_NONE);
    assert_int_equal(quality, ATVM_QUALITY_DAMAGED);
}

/* ---------------------------------------------------------------- failure texts */

static void failure_texts_lose_their_stack_and_colours(void **state)
{
    static const struct {
        const char *type, *message, *body;
        const char *want_message, *want_excerpt; /* NULL: none */
    } rows[] = {
        /* the body is preferred: it has the newlines that an attribute loses */
        {"Error", "a b", "Error: a\nb\n    at f (x.ts:1:2)\n    at g (y.ts:3:4)", "Error: a\nb",
         "Error: a\nb"},
        {"AssertionError", "a", "AssertionError [ERR_ASSERTION]: a\n    at <unknown> (x:1:2)",
         "AssertionError [ERR_ASSERTION]: a", "AssertionError [ERR_ASSERTION]: a"},
        {"CypressError", "a", "", "CypressError: a", "CypressError: a"},
        {"Error", "a", "    at f (x.ts:1:2)", "Error: a", "Error: a"},
        {"", "a", "", "a", "a"},
        {"", "", "a", "a", "a"},
        /* they differ: both are told */
        {"Error", "short", "Error: other words", "Error: short",
         "Error: short\n\nError: other words"},
        /* an empty message is no evidence */
        {"Error", "", "Error\n    at f (x.ts:1:2)", NULL, NULL},
        {"Error", "", "", NULL, NULL},
        {"", "", "", NULL, NULL},
        {"TimeoutError", "", "TimeoutError\n    at f (x.ts:1:2)", "TimeoutError", NULL},
        /* colour codes, with their ESC and without */
        {"Error", "[31mred[39m failure", "Error: [31mred[39m failure\n    at f (x.ts:1:2)",
         "Error: red failure", "Error: red failure"},
        {"", "\x1b[1;31mred\x1b[m", "", "red", "red"},
        {"", "a[m] b[31] [x]", "", "a[m] b[31] [x]", "a[m] b[31] [x]"},
        /* what only looks like a stack line */
        {"", "", "we met\n    at noon\n  at home, late", "we met\n    at noon\n  at home, late",
         "we met\n    at noon\n  at home, late"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_FREE char *message = NULL;
        CLEANUP_FREE char *excerpt = NULL;

        failure_text(rows[i].type, rows[i].message, rows[i].body, &message, &excerpt);
        if (!message != !rows[i].want_message || !excerpt != !rows[i].want_excerpt ||
            (message && strcmp(message, rows[i].want_message) != 0) ||
            (excerpt && strcmp(excerpt, rows[i].want_excerpt) != 0))
            fail_msg("row %zu: \"%s\", \"%s\"", i, message ? message : "(none)",
                     excerpt ? excerpt : "(none)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pass_cut_off_anywhere_is_no_pass),
        cmocka_unit_test(a_failure_cut_off_anywhere_stays_one_once_it_was_seen),
        cmocka_unit_test(deep_nesting_is_damaged),
        cmocka_unit_test(a_huge_failure_keeps_beginning_and_end),
        cmocka_unit_test(texts_and_titles_without_end_take_bounded_memory),
        cmocka_unit_test(an_attribute_without_end_is_damaged),
        cmocka_unit_test(failure_texts_lose_their_stack_and_colours),
    };

    return cmocka_run_group_tests_name("junit-hostile", tests, NULL, NULL);
}
