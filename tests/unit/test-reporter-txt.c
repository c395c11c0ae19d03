/* The collector reporter-txt: what it reads out of the reporter's text logs, and what it refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "collector-run.h"
#include "json-document.h"
#include "memory.h"
#include "recorded-artifacts.h"
#include "reporter-txt/line.h"
#include "reporter-txt/parse.h"

#define NS_PER_SECOND INT64_C(1000000000)

extern const struct atvm_collector atvm_collector; /* the module's head */

static struct host_result parse(const char *text)
{
    return reporter_txt_parse(text, strlen(text));
}

static bool is_whole(const struct host_result *result)
{
    return result->damage[0] == '\0' && !result->withheld;
}

static bool proves(const struct host_result *result)
{
    return is_whole(result) && result->evidence.outcome == ATVM_OUTCOME_PASS &&
           !(result->evidence.flags & ATVM_EVIDENCE_PROVES_NOTHING);
}

/* ---------------------------------------------------------------- recorded runs */

/* The log tells less than the truth: an error that was thrown outside of any command leaves no
 * event (17, 24, 29), or the run goes on or was stopped (51, 52). */
static bool log_cannot_tell(const struct recorded_artifact *artifact)
{
    static const char *const scenarios[] = {"17-", "29-", "51-", "52-"};

    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (strncmp(artifact->scenario, scenarios[i], 3) == 0)
            return true;
    return artifact->is_stale || !artifact->truth;
}

static void expect_truth(void *user, const struct recorded_artifact *artifact)
{
    struct host_result result = reporter_txt_parse(artifact->bytes, artifact->length);
    struct json_object *detail = json_member(artifact->truth, "detail", json_type_object);
    const char *status = json_member_text(artifact->truth, "status");
    unsigned *compared = user;

    assert_string_equal(result.damage, "");
    assert_string_equal(result.evidence.host, artifact->host);
    assert_int_equal(result.evidence.basis, ATVM_BASIS_HINT);
    assert_false(result.evidence.flags & ATVM_EVIDENCE_PROVES_NOTHING);
    if (!log_cannot_tell(artifact)) {
        ++*compared;
        assert_int_equal(result.evidence.outcome,
                         strcmp(status, "FAIL") == 0 ? ATVM_OUTCOME_FAIL : ATVM_OUTCOME_PASS);
        if (detail)
            assert_string_equal(result.evidence.step, json_member_text(detail, "step"));
    }
    host_result_free(&result);
}

static void recorded_logs_agree_with_the_truth(void **state)
{
    unsigned compared = 0;

    (void)state;
    assert_int_equal(recorded_artifacts_each("logs/*/*.txt", expect_truth, &compared), 32);
    assert_int_equal(compared, 23);
}

static struct host_result parse_recorded(const char *scenario, const char *host, const char *time)
{
    CLEANUP_FREE char *name = memory_format(
        "tests/fixtures/%s/root/cypress/cmcReporter/logs/%s/%s_%s.txt", scenario, host, host, time);
    size_t length;
    CLEANUP_FREE char *bytes = recorded_file(name, &length);

    return reporter_txt_parse(bytes, length);
}

static void custom_log_gives_step_text_line_and_counts(void **state)
{
    struct host_result result =
        parse_recorded("56-text-log-custom-or-built-in", "atvm160-w2k25", "2026-04-12T17-57-14");
    const struct atvm_evidence *evidence = &result.evidence;

    (void)state;
    assert_string_equal(evidence->form, "text-custom");
    assert_int_equal(evidence->outcome, ATVM_OUTCOME_FAIL);
    assert_string_equal(evidence->step, "38. Verify diskname2Reboot file is the same as "
                                        "diskname2Reboots source (Reboot test)");
    assert_non_null(strstr(evidence->message, "md5sum: /root/tmp/fcDisk/diskname2Reboot.md5: No "
                                              "such file or directory"));
    assert_ptr_equal(strstr(evidence->message, "CypressError: "), evidence->message);
    assert_int_equal(evidence->locator, 93);
    assert_int_equal(evidence->locator_unit, ATVM_LOCATOR_LINE);
    assert_int_equal(evidence->tests, 21);
    assert_int_equal(evidence->passed, 20);
    assert_int_equal(evidence->failed, 1);
    assert_int_equal(evidence->pending, 0);
    assert_int_equal(evidence->skipped, 0);
    host_result_free(&result);
}

static void error_words_inside_of_messages_are_harmless(void **state)
{
    struct host_result result =
        parse_recorded("09-txt-harmless-error-words", "atvm88-redhat8.10", "2026-04-19T05-40-00");

    (void)state;
    assert_string_equal(result.evidence.form, "text-built-in");
    assert_true(proves(&result));
    host_result_free(&result);
}

static void retried_attempt_does_not_fail_the_host(void **state)
{
    struct host_result result = parse_recorded("32-retries-passed-at-second-attempt",
                                               "atvm121-ubuntu24.04", "2026-04-05T21-00-00");

    (void)state;
    assert_true(proves(&result));
    assert_int_equal(result.evidence.tests, 22);
    assert_null(strstr(result.evidence.steps, "Attempt"));
    host_result_free(&result);
}

static void built_in_logs_of_every_version_are_read(void **state)
{
    static const char *const versions[] = {"2.4.0", "5.3.12", "6.2.0", "7.3.3"};

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        CLEANUP_FREE char *name =
            memory_format("tests/fixtures-raw/terminal-report-%s.txt", versions[i]);
        size_t length;
        CLEANUP_FREE char *bytes = recorded_file(name, &length);
        struct host_result result = reporter_txt_parse(bytes, length);

        assert_true(is_whole(&result));
        assert_string_equal(result.evidence.step, "2. bad");
        assert_string_equal(result.evidence.message,
                            "assert expected 1 to equal 2\nActual: \t1\nExpected: \t2");
        assert_int_equal(result.evidence.passed, 1);
        host_result_free(&result);
    }
}

/* ---------------------------------------------------------------- lines */

static void lines_are_told_apart(void **state)
{
    static const struct {
        enum text_layout layout;
        const char *line;
        enum text_line_kind kind;
        const char *text;
    } cases[] = {
        {TEXT_LAYOUT_BUILT_IN, "", TEXT_LINE_BLANK, ""},
        {TEXT_LAYOUT_BUILT_IN, "cypress/e2e/a.ts:", TEXT_LINE_SPEC, "cypress/e2e/a.ts"},
        {TEXT_LAYOUT_BUILT_IN, "    S -> 1. a", TEXT_LINE_TITLE, "S -> 1. a"},
        {TEXT_LAYOUT_BUILT_IN, "            cy:log (K): x y", TEXT_LINE_EVENT, "x y"},
        {TEXT_LAYOUT_BUILT_IN, "        cy:command (X): get\tx", TEXT_LINE_EVENT, "get\tx"},
        {TEXT_LAYOUT_BUILT_IN, "cy:a-very-long-type-name (X): m", TEXT_LINE_EVENT, "m"},
        {TEXT_LAYOUT_BUILT_IN, "                        more", TEXT_LINE_CONTINUATION, "more"},
        {TEXT_LAYOUT_BUILT_IN, "                          more", TEXT_LINE_CONTINUATION, "  more"},
        {TEXT_LAYOUT_BUILT_IN, "                        ", TEXT_LINE_CONTINUATION, ""},
        {TEXT_LAYOUT_BUILT_IN, "    cy:log (K): x", TEXT_LINE_TITLE, "cy:log (K): x"},
        {TEXT_LAYOUT_BUILT_IN, "        AssertionError: x", TEXT_LINE_ERROR, "AssertionError: x"},
        {TEXT_LAYOUT_BUILT_IN, "CypressError: x", TEXT_LINE_ERROR, "CypressError: x"},
        {TEXT_LAYOUT_BUILT_IN, "    Timed out retrying after 4000ms", TEXT_LINE_ERROR,
         "Timed out retrying after 4000ms"},
        {TEXT_LAYOUT_BUILT_IN, "        error: x", TEXT_LINE_UNKNOWN, "error: x"},
        {TEXT_LAYOUT_BUILT_IN, "   ", TEXT_LINE_UNKNOWN, ""},
        {TEXT_LAYOUT_CUSTOM, "S -> 1. a", TEXT_LINE_TITLE, "S -> 1. a"},
        {TEXT_LAYOUT_CUSTOM, "  cy:task error: x", TEXT_LINE_EVENT, "x"},
        {TEXT_LAYOUT_CUSTOM, "  cy:log success:", TEXT_LINE_EVENT, ""},
        {TEXT_LAYOUT_CUSTOM, "      more", TEXT_LINE_CONTINUATION, "more"},
        {TEXT_LAYOUT_CUSTOM, "  Error: x", TEXT_LINE_ERROR, "Error: x"},
        {TEXT_LAYOUT_CUSTOM, "  Timeout of 50ms exceeded.", TEXT_LINE_ERROR,
         "Timeout of 50ms exceeded."},
        {TEXT_LAYOUT_CUSTOM, "AssertionError: x", TEXT_LINE_ERROR, "AssertionError: x"},
        {TEXT_LAYOUT_CUSTOM, "  error", TEXT_LINE_UNKNOWN, "error"},
        {TEXT_LAYOUT_CUSTOM, "    cy:log success: x", TEXT_LINE_UNKNOWN, "cy:log success: x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text_line line =
            text_line_read(cases[i].layout, cases[i].line, strlen(cases[i].line));

        if (line.kind != cases[i].kind)
            fail_msg("\"%s\" is of kind %d", cases[i].line, line.kind);
        assert_int_equal(line.text_length, strlen(cases[i].text));
        assert_memory_equal(line.text, cases[i].text, line.text_length);
    }
}

/* ---------------------------------------------------------------- markers */

#define HEAD  "cypress/e2e/atvm7-redhat9.1.ts\n\n"
#define FINE  "  cy:log success: fine\n"
#define TEST1 "s atvm7-redhat9.1 -> 1. a\n"
#define TEST2 "s atvm7-redhat9.1 -> 2. b\n"

enum verdict { PASS_PROVEN, PASS_UNPROVEN, FAILURE };

static void only_explicit_markers_fail_a_host(void **state)
{
    static const struct {
        const char *event;
        enum verdict verdict;
    } cases[] = {
        {"  cy:command error: get\t#x\n", FAILURE},
        {"  cy:task error: ssh failed\n", FAILURE},
        {"  AssertionError: expected 1 to equal 2\n", FAILURE},
        {"  CypressError: it failed\n", FAILURE},
        {"  Uncaught TypeError: x is not a function\n", FAILURE},
        {"  Timed out retrying after 4000ms: Expected to find element\n", FAILURE},
        {"  Timeout of 50ms exceeded. For async tests\n", FAILURE},
        {"Error: outside of the events\n", FAILURE},
        {"  cons:error error: Error: Request failed with status code 401\n", PASS_PROVEN},
        {"  cy:xhr error: GET /api 500\n", PASS_PROVEN},
        {"  cy:fetch warning: Error: GET /api 500\n", PASS_PROVEN},
        {"  cy:log success: auth error encountered, error, ERROR\n", PASS_PROVEN},
        {"  cy:log success: previous run left Error: text\n", PASS_PROVEN},
        {"  cy:command success: task\tgrep error\n      0 errors\n      Error: quoted\n",
         PASS_PROVEN},
        {"  cy:log success: AssertionError: as a message\n", PASS_UNPROVEN},
        {"  cy:step error: unknown type\n", PASS_UNPROVEN},
        {"  cy:request error: status 500\n", PASS_UNPROVEN},
        {"  cy:log error: known type, unknown meaning\n", PASS_UNPROVEN},
        {"  cy:log fatal: unknown severity\n", PASS_UNPROVEN},
        {"  cy:log success: a  cy:command error: task\tssh\n", PASS_UNPROVEN},
        {"  cons:log error: a\n      cy:task error: ssh\n", PASS_UNPROVEN},
        {"1. b cy:command error: get\t#x\n" FINE, PASS_UNPROVEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *text = memory_format(HEAD TEST1 FINE "%s", cases[i].event);
        struct host_result result = parse(text);

        if (!is_whole(&result) ||
            (result.evidence.outcome == ATVM_OUTCOME_FAIL) != (cases[i].verdict == FAILURE) ||
            proves(&result) != (cases[i].verdict == PASS_PROVEN))
            fail_msg("wrong: %s", cases[i].event);
        host_result_free(&result);
    }
}

static void built_in_markers_are_the_same(void **state)
{
    static const struct {
        const char *event;
        enum verdict verdict;
    } cases[] = {
        {"        cy:command (X): get\t#x\n", FAILURE},
        {"           cy:task (X): ssh failed\n", FAILURE},
        {"        cons:error (X): Error: boom\n                            at x\n", PASS_PROVEN},
        {"      cy:intercept (!): x\n", PASS_PROVEN},
        {"        cy:request (X): x\n", PASS_UNPROVEN},
        {"        cy:request (?): x\n", PASS_UNPROVEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *text =
            memory_format("cypress/e2e/atvm7-redhat9.1.ts:\n    s -> 1. a\n%s\n", cases[i].event);
        struct host_result result = parse(text);

        if (!is_whole(&result) ||
            (result.evidence.outcome == ATVM_OUTCOME_FAIL) != (cases[i].verdict == FAILURE) ||
            proves(&result) != (cases[i].verdict == PASS_PROVEN))
            fail_msg("wrong: %s", cases[i].event);
        host_result_free(&result);
    }
}

static void message_is_the_error_below_the_command(void **state)
{
    struct host_result result =
        parse(HEAD TEST1 "  cy:command error: task\tssh, Object{2}\n      CypressError: it "
                         "failed\n      \n      > why\n" FINE);

    (void)state;
    assert_string_equal(result.evidence.message, "CypressError: it failed\n\n> why");
    assert_string_equal(result.evidence.excerpt,
                        "task\tssh, Object{2}\nCypressError: it failed\n\n> why");
    host_result_free(&result);
}

static void retries_count_once(void **state)
{
    struct host_result result =
        parse(HEAD "s -> 1. a (Attempt 1)\n  cy:command error: x\n\ns -> 1. a\n" FINE);

    (void)state;
    assert_true(proves(&result));
    assert_int_equal(result.evidence.tests, 1);
    host_result_free(&result);

    result = parse(HEAD "s -> 1. a (Attempt 1)\n  cy:command error: x\n");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_string_equal(result.evidence.step, "1. a");
    host_result_free(&result);
}

/* ---------------------------------------------------------------- whole or not */

static void every_test_needs_an_event(void **state)
{
    struct host_result result = parse(HEAD TEST1 FINE "\n" TEST2);

    (void)state;
    assert_true(is_whole(&result));
    assert_false(proves(&result));
    assert_string_equal(result.evidence.text, "\"2. b\" has no event");
    host_result_free(&result);
}

static void what_is_not_whole_is_damaged(void **state)
{
    static const struct {
        const char *text, *damage;
    } cases[] = {
        {"", "is empty"},
        {HEAD, "holds no test"},
        {HEAD TEST1 "  cy:log success: fine", "line 4 is cut off"},
        {HEAD TEST1 FINE "\n  cy:log success: x\n", "line 6 is an event outside of any test"},
        {HEAD TEST1 "      more\n", "line 4 continues a message where there is none"},
        {HEAD TEST1 FINE "   odd\n", "line 5 is of no known form"},
        {HEAD TEST1 "  cy:log success: \xff\n", "not UTF-8 text at byte"},
        {HEAD "s atvm8-redhat9.1 -> 1. a\n" FINE, "names two hosts"},
        {"a.ts:\n    s -> 1. a\n            cy:log (K): x\n", "inside of a test"},
        {"a.ts:\n    s -> 1. a\n    s -> 2. b\n            cy:log (K): x\n\n",
         "begins a test inside of another one"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host_result result = parse(cases[i].text);

        if (!strstr(result.damage, cases[i].damage))
            fail_msg("\"%s\" instead of \"%s\"", result.damage, cases[i].damage);
        host_result_free(&result);
    }
}

static void failure_in_front_of_the_damage_is_told(void **state)
{
    struct host_result result =
        parse(HEAD TEST1 "  cy:command error: get\t#x\n\n" TEST2 "  cy:log success: \xff\xfe\n");

    (void)state;
    assert_non_null(strstr(result.damage, "not UTF-8"));
    assert_false(result.withheld);
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_string_equal(result.evidence.message, "failed command: get #x");
    host_result_free(&result);
}

static void cut_title_names_no_other_host(void **state)
{
    struct host_result result = parse(HEAD TEST1 "  cy:command error: get\t#x\n\ns atvm7-redhat9");

    (void)state;
    assert_false(result.withheld);
    assert_string_equal(result.evidence.host, "atvm7-redhat9.1");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_int_equal(result.evidence.tests, 1);
    host_result_free(&result);
}

static void nul_byte_is_damage(void **state)
{
    static const char text[] = HEAD TEST1 FINE "\0" FINE;
    struct host_result result = reporter_txt_parse(text, sizeof(text) - 1);

    (void)state;
    assert_non_null(strstr(result.damage, "not UTF-8"));
    host_result_free(&result);
}

/* The bytes need not be followed by a NUL. */
static void one_byte_is_read_and_no_more(void **state)
{
    char *bytes = memory_allocate(1);
    struct host_result result;

    (void)state;
    bytes[0] = ' ';
    result = reporter_txt_parse(bytes, 1);
    assert_string_not_equal(result.damage, "");
    host_result_free(&result);
    free(bytes);
}

/* A whole PASS out of a cut file may only be one cut exactly behind a line, and of a custom log:
 * then its steps tell that some are missing, or the cut is inside of the last step, which is
 * accepted. */
static void expect_no_false_proof(const struct recorded_artifact *artifact, size_t length)
{
    CLEANUP_FREE char *prefix = malloc(length + 1);
    struct host_result result;

    assert_non_null(prefix);
    memcpy(prefix, artifact->bytes, length);
    result = reporter_txt_parse(prefix, length);
    if (proves(&result) && artifact->bytes[length - 1] != '\n')
        fail_msg("%s: the first %zu bytes prove a pass", artifact->path, length);
    host_result_free(&result);
}

static void cut_a_sample(void *user, const struct recorded_artifact *artifact)
{
    unsigned *seed = user;

    for (unsigned i = 0; i < 200; i++)
        expect_no_false_proof(artifact, (size_t)rand_r(seed) % artifact->length);
}

static void no_cut_line_proves_anything(void **state)
{
    unsigned seed = 20261123;

    (void)state;
    assert_int_not_equal(recorded_artifacts_each("logs/*/*.txt", cut_a_sample, &seed), 0);
}

/* Once the marker's line has been read, no cut behind it hides the failure. */
static void no_cut_behind_a_failure_hides_it(void **state)
{
    size_t length;
    CLEANUP_FREE char *bytes =
        recorded_file("tests/fixtures/56-text-log-custom-or-built-in/root/cypress/cmcReporter/logs/"
                      "atvm160-w2k25/atvm160-w2k25_2026-04-12T17-57-14.txt",
                      &length);
    const char *marker = strstr(bytes, "  cy:command error: ");
    size_t seen;

    (void)state;
    assert_non_null(marker);
    seen = (size_t)(marker - bytes) + strlen("  cy:command error: ");
    for (size_t cut = seen; cut < length; cut++) {
        struct host_result result = reporter_txt_parse(bytes, cut);

        assert_false(result.withheld);
        assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
        host_result_free(&result);
    }
    for (size_t cut = 0; cut < seen; cut++) {
        struct host_result result = reporter_txt_parse(bytes, cut);

        assert_true(!proves(&result) || bytes[cut - 1] == '\n');
        host_result_free(&result);
    }
}

/* No byte of the failing log of a host hides the failure when it is replaced by another one. */
static void no_replaced_byte_hides_a_failure(void **state)
{
    static const char replacements[] = " x1\"\t\n:";
    size_t length;
    CLEANUP_FREE char *bytes =
        recorded_file("tests/fixtures/56-text-log-custom-or-built-in/root/cypress/cmcReporter/logs/"
                      "atvm160-w2k25/atvm160-w2k25_2026-04-12T17-57-14.txt",
                      &length);

    (void)state;
    for (size_t at = 0; at < length; at++) {
        char original = bytes[at];

        for (const char *replacement = replacements; *replacement; replacement++) {
            struct host_result result;

            bytes[at] = *replacement;
            result = reporter_txt_parse(bytes, length);
            if (proves(&result))
                fail_msg("byte %zu replaced by \\x%02x", at, (unsigned char)*replacement);
            host_result_free(&result);
        }
        bytes[at] = original;
    }
}

static void spoil_a_sample(void *user, const struct recorded_artifact *artifact)
{
    unsigned *seed = user;

    for (unsigned i = 0; i < 40; i++) {
        CLEANUP_FREE char *spoilt = malloc(artifact->length);
        struct host_result result;

        assert_non_null(spoilt);
        memcpy(spoilt, artifact->bytes, artifact->length);
        for (unsigned j = 0; j < 3; j++)
            spoilt[(size_t)rand_r(seed) % artifact->length] = (char)rand_r(seed);
        result = reporter_txt_parse(spoilt, artifact->length);
        assert_true(result.withheld || result.evidence.tests > 0 || result.damage[0] != '\0');
        host_result_free(&result);
    }
}

static void spoilt_logs_are_survived(void **state)
{
    unsigned seed = 4711;

    (void)state;
    assert_int_not_equal(recorded_artifacts_each("logs/*/*.txt", spoil_a_sample, &seed), 0);
}

static void bookkeeping_says_nothing_of_any_host(void **state)
{
    static const char *const files[] = {
        "cypress/e2e/check-xml-files.ts:\n    check -> xml\n            cy:log (K): x\n\n",
        "cypress/e2e/check-xml-files.ts\n\ncheck -> xml\n" FINE,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct host_result result = parse(files[i]);

        assert_true(result.bookkeeping);
        assert_string_equal(result.damage, "");
        assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_NONE);
        host_result_free(&result);
    }
}

/* ---------------------------------------------------------------- the module */

#define LOGS "cypress/cmcReporter/logs/"

static int set_up(void **state)
{
    *state = collector_run_new(&atvm_collector);
    return 0;
}

static int tear_down(void **state)
{
    collector_run_free(*state);
    return 0;
}

static void write_log(struct collector_run *run, const char *name, const char *text)
{
    /* 2026-04-16T17:30:00Z */
    collector_run_write(run, name, text, strlen(text), 1776360600);
}

static void module_gives_one_result_per_file(void **state)
{
    struct collector_run *run = *state;
    const char *name = LOGS "atvm7-redhat9.1/atvm7-redhat9.1_2026-04-16T17-00-00.txt";
    struct json_object *evidence;

    write_log(run, name, HEAD TEST1 "  cy:command error: get\t#x\n");
    collector_run_pass(run);
    evidence = collector_run_evidence(run, name);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "quality"), "whole");
    assert_string_equal(collector_run_text(evidence, "claim"), "host-result");
    assert_string_equal(collector_run_text(evidence, "host"), "atvm7-redhat9.1");
    assert_string_equal(collector_run_text(evidence, "basis"), "hint");
    assert_string_equal(collector_run_text(evidence, "outcome"), "fail");
    assert_string_equal(collector_run_text(evidence, "excerpt"), "get\t#x");
    assert_int_equal(json_member_number(evidence, "line", -1), 4);
    assert_int_equal(json_member_number(evidence, "started", -1),
                     INT64_C(1776358800) * NS_PER_SECOND);
    assert_int_equal(json_member_number(evidence, "ended", -1),
                     INT64_C(1776360600) * NS_PER_SECOND);
}

static void log_in_the_folder_of_another_host_is_damaged(void **state)
{
    struct collector_run *run = *state;
    const char *name = LOGS "atvm8-redhat9.1/log.txt";

    write_log(run, name, HEAD TEST1 FINE);
    collector_run_pass(run);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "quality"), "damaged");
    assert_non_null(strstr(collector_run_text(collector_run_unit(run, name), "reason"),
                           "belongs to another host"));
    assert_null(collector_run_evidence(run, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_logs_agree_with_the_truth),
        cmocka_unit_test(custom_log_gives_step_text_line_and_counts),
        cmocka_unit_test(error_words_inside_of_messages_are_harmless),
        cmocka_unit_test(retried_attempt_does_not_fail_the_host),
        cmocka_unit_test(built_in_logs_of_every_version_are_read),
        cmocka_unit_test(lines_are_told_apart),
        cmocka_unit_test(only_explicit_markers_fail_a_host),
        cmocka_unit_test(built_in_markers_are_the_same),
        cmocka_unit_test(message_is_the_error_below_the_command),
        cmocka_unit_test(retries_count_once),
        cmocka_unit_test(every_test_needs_an_event),
        cmocka_unit_test(what_is_not_whole_is_damaged),
        cmocka_unit_test(failure_in_front_of_the_damage_is_told),
        cmocka_unit_test(cut_title_names_no_other_host),
        cmocka_unit_test(nul_byte_is_damage),
        cmocka_unit_test(one_byte_is_read_and_no_more),
        cmocka_unit_test(no_cut_line_proves_anything),
        cmocka_unit_test(no_cut_behind_a_failure_hides_it),
        cmocka_unit_test(no_replaced_byte_hides_a_failure),
        cmocka_unit_test(spoilt_logs_are_survived),
        cmocka_unit_test(bookkeeping_says_nothing_of_any_host),
        cmocka_unit_test_setup_teardown(module_gives_one_result_per_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_in_the_folder_of_another_host_is_damaged, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
