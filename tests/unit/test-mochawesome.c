/* The collector mochawesome: what it reads out of the reports, and what it refuses. */
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
#include "mochawesome/html-data.h"
#include "mochawesome/parse.h"
#include "recorded-artifacts.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)

extern const struct atvm_collector atvm_collector; /* the module's head */

/* Feeds it in pieces of `piece` bytes. */
static struct host_result parse_pieces(const char *bytes, size_t length, size_t piece, bool is_html)
{
    struct mochawesome_parser *parser = mochawesome_parser_new(is_html);

    for (size_t at = 0; at < length; at += piece)
        mochawesome_parser_feed(parser, bytes + at, length - at < piece ? length - at : piece);
    return mochawesome_parser_finish(parser);
}

static struct host_result parse(const char *text)
{
    CLEANUP_FREE char *json = with_double_quotes(text);

    return parse_pieces(json, strlen(json), strlen(json) + 1, false);
}

static bool is_html(const char *path)
{
    return strcmp(path + strlen(path) - 5, ".html") == 0;
}

static bool proves(const struct host_result *result)
{
    return result->damage[0] == '\0' && !result->withheld &&
           result->evidence.outcome == ATVM_OUTCOME_PASS;
}

static void assert_counts(const struct atvm_evidence *evidence, int64_t tests, int64_t passed,
                          int64_t failed, int64_t pending, int64_t skipped)
{
    assert_int_equal(evidence->tests, tests);
    assert_int_equal(evidence->passed, passed);
    assert_int_equal(evidence->failed, failed);
    assert_int_equal(evidence->pending, pending);
    assert_int_equal(evidence->skipped, skipped);
}

/* ---------------------------------------------------------------- recorded runs */

static void expect_detail(const struct recorded_artifact *artifact,
                          const struct atvm_evidence *evidence)
{
    struct json_object *detail = json_member(artifact->truth, "detail", json_type_object);
    struct json_object *forbidden = json_member(detail, "error_must_not_contain", json_type_array);

    assert_int_equal(evidence->outcome, ATVM_OUTCOME_FAIL);
    for (size_t i = 0; forbidden && i < json_object_array_length(forbidden); i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(forbidden, i));

        assert_null(strstr(evidence->message, text));
        assert_null(strstr(evidence->excerpt, text));
    }
    /* 12, 13: no text, and in 13 the wrong step. 29: Cypress shows the hook's test. */
    if (!evidence->message || strncmp(artifact->scenario, "29-", 3) == 0)
        return;
    assert_string_equal(evidence->step, json_member_text(detail, "step"));
    assert_non_null(strstr(evidence->message, json_member_text(detail, "error_contains")));
    assert_non_null(strstr(evidence->excerpt, json_member_text(detail, "error_contains")));
}

static void expect_truth(void *user, const struct recorded_artifact *artifact)
{
    struct host_result result =
        parse_pieces(artifact->bytes, artifact->length, 4096, is_html(artifact->path));
    const struct atvm_evidence *evidence = &result.evidence;
    const char *status = json_member_text(artifact->truth, "status");
    unsigned *compared = user;

    if (artifact->is_damaged) {
        assert_true(result.withheld);
        assert_string_not_equal(result.damage, "");
        host_result_free(&result);
        return;
    }
    assert_string_equal(result.damage, "");
    assert_string_equal(evidence->host, artifact->host);
    assert_int_equal(evidence->basis, ATVM_BASIS_DIRECT);
    assert_string_equal(evidence->form, "test-nodes");
    assert_int_equal(evidence->declared_tests, evidence->tests);
    assert_int_equal(evidence->declared_passed, evidence->passed);
    assert_int_equal(evidence->declared_failed, evidence->failed);
    assert_int_equal(evidence->declared_pending, evidence->pending);
    if (!artifact->is_stale && status &&
        (strcmp(status, "PASS") == 0 || strcmp(status, "FAIL") == 0)) {
        double seconds =
            json_object_get_double(json_object_object_get(artifact->truth, "duration_s"));

        ++*compared;
        if (strcmp(status, "PASS") == 0)
            assert_int_equal(evidence->outcome, ATVM_OUTCOME_PASS);
        else
            expect_detail(artifact, evidence);
        assert_counts(evidence, json_member_number(artifact->truth, "tests", -1),
                      json_member_number(artifact->truth, "passed", -1),
                      json_member_number(artifact->truth, "failed", -1),
                      json_member_number(artifact->truth, "pending", -1),
                      json_member_number(artifact->truth, "skipped", 0));
        assert_true(labs(evidence->duration_ns / NS_PER_MS - (long)(seconds * 1000)) < 1100);
    }
    host_result_free(&result);
}

static void recorded_reports_agree_with_the_truth(void **state)
{
    unsigned compared = 0;

    (void)state;
    assert_int_equal(recorded_artifacts_each("mochawesome/*", expect_truth, &compared), 50);
    assert_int_equal(compared, 42);
}

static struct host_result parse_file(const char *name, size_t piece)
{
    size_t length;
    CLEANUP_FREE char *bytes = recorded_file(name, &length);

    return parse_pieces(bytes, length, piece, is_html(name));
}

static void objects_of_other_tests_are_never_mixed_in(void **state)
{
    struct host_result result = parse_file(
        "tests/fixtures/11-mochawesome-object-boundary/root/cypress/cmcReporter/mochawesome/"
        "atvm88-redhat8.10_2026-04-19T23-00-00.html",
        100);

    (void)state;
    assert_counts(&result.evidence, 32, 31, 1, 0, 0);
    assert_non_null(strstr(result.evidence.message, "md5sum: /root/tmp/fcDisk/"));
    assert_null(strstr(result.evidence.excerpt, "copyReboot"));
    host_result_free(&result);
}

static void empty_message_gives_a_step_and_no_text(void **state)
{
    static const char *const endings[] = {"html", "json"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        CLEANUP_FREE char *name = memory_format(
            "tests/fixtures/12-mochawesome-empty-message/root/cypress/cmcReporter/mochawesome/"
            "atvm160-w2k25_2026-04-20T07-40-00.%s",
            endings[i]);
        struct host_result result = parse_file(name, 4096);

        assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
        assert_string_equal(result.evidence.step, "13. Trigger revert cmotion");
        assert_null(result.evidence.message);
        assert_null(result.evidence.excerpt);
        host_result_free(&result);
    }
}

static void inlined_assets_are_passed_over_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = {1, 7, 4096, 65536, 10000000};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct host_result result =
            parse_file("tests/fixtures/34-inline-assets-html/root/cypress/cmcReporter/mochawesome/"
                       "atvm98-oracle9.4_2026-04-06T14-20-00.html",
                       pieces[i]);

        assert_string_equal(result.damage, "");
        assert_string_equal(result.evidence.step, "10. Verify data for cmotion");
        assert_non_null(strstr(result.evidence.message, "Only in /a: f7"));
        assert_counts(&result.evidence, 22, 21, 1, 0, 0);
        host_result_free(&result);
    }
}

/* The real reporters under plain mocha: failed hooks are not in tests[], and not in stats.failures.
 * The suites name two hosts' worth of nothing: only the first names one. */
static void every_version_is_recounted_with_its_hooks(void **state)
{
    static const char *const names[] = {
        "mochawesome-4.1.0-mocha-7.0.1.html",  "mochawesome-4.1.0-mocha-7.0.1.json",
        "mochawesome-7.1.4-mocha-10.8.2.html", "mochawesome-7.1.4-mocha-10.8.2.json",
        "mochawesome-7.1.4-mocha-7.0.1.html",  "mochawesome-7.1.4-mocha-7.0.1.json",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CLEANUP_FREE char *name = memory_format("tests/fixtures-raw/%s", names[i]);
        struct host_result result = parse_file(name, 4096);

        assert_string_equal(result.damage, "");
        assert_string_equal(result.evidence.host, "atvm121-ubuntu24.04");
        assert_string_equal(result.evidence.step, "3. assertion error with diff");
        /* 26 tests and 3 failed hooks. */
        assert_counts(&result.evidence, 29, 7, 16, 3, 3);
        assert_int_equal(result.evidence.declared_failed, 16);
        host_result_free(&result);
    }
}

/* ---------------------------------------------------------------- nodes */

#define PASSED "{'title': '1. a', 'state': 'passed', 'pass': true, 'err': {}}"
#define FAILED_                                                                                    \
    "{'title': '2. b', 'state': 'failed', 'fail': true, 'err': {'message': 'Error: why',"          \
    " 'estack': 'Error: why\\n    at x (y.js:1:2)'}}"
#define PENDING "{'title': '3. c', 'pending': true, 'err': {}}"
#define SKIPPED "{'title': '4. d', 'skipped': true, 'err': {}}"
#define HOOK                                                                                       \
    "{'title': '\\\"before each\\\" hook: prep', 'state': 'failed', 'fail': true, 'isHook': true," \
    " 'err': {'message': 'Error: hook'}}"

struct stats {
    int tests, passes, failures, pending, registered, other;
};

static struct host_result parse_report(struct stats stats, const char *tests, const char *hooks)
{
    CLEANUP_FREE char *text = memory_format(
        "{'stats': {'tests': %d, 'passes': %d, 'failures': %d, 'pending': %d, 'testsRegistered':"
        " %d, 'other': %d, 'duration': 1500, 'start': '2026-04-16T17:00:00.000Z', 'end':"
        " '2026-04-16T17:00:01.500Z'}, 'results': [{'title': '', 'file':"
        " 'cypress/e2e/atvm7-redhat9.1.ts', 'tests': [], 'suites': [{'title': 's', 'beforeHooks':"
        " [%s], 'tests': [%s], 'suites': []}]}]}",
        stats.tests, stats.passes, stats.failures, stats.pending, stats.registered, stats.other,
        hooks, tests);

    return parse(text);
}

static void nodes_are_counted_by_what_became_of_them(void **state)
{
    struct host_result result = parse_report((struct stats){3, 1, 1, 1, 4, 0},
                                             PASSED "," FAILED_ "," PENDING "," SKIPPED, "");
    const struct atvm_evidence *evidence = &result.evidence;

    (void)state;
    assert_string_equal(result.damage, "");
    assert_int_equal(evidence->outcome, ATVM_OUTCOME_FAIL);
    assert_counts(evidence, 4, 1, 1, 1, 1);
    assert_string_equal(evidence->steps, "1. a\n2. b\n3. c\n4. d");
    assert_string_equal(evidence->step, "2. b");
    assert_string_equal(evidence->message, "Error: why");
    assert_string_equal(evidence->excerpt, "Error: why");
    assert_int_equal(evidence->started_ns, INT64_C(1776358800) * NS_PER_SECOND);
    assert_int_equal(evidence->ended_ns, INT64_C(1776358801500) * NS_PER_MS);
    assert_int_equal(evidence->duration_ns, 1500 * NS_PER_MS);
    host_result_free(&result);
}

static void node_without_any_state_was_skipped(void **state)
{
    struct host_result result = parse_report((struct stats){1, 1, 0, 0, 2, 0},
                                             PASSED ",{'title': '2. b', 'state': null, 'pass':"
                                                    " false, 'fail': false, 'pending': false}",
                                             "");

    (void)state;
    assert_string_equal(result.damage, "");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_counts(&result.evidence, 2, 1, 0, 0, 1);
    assert_null(result.evidence.step);
    host_result_free(&result);
}

/* mocha 7: the suite holds the first attempt, which has no state; the stats hold the last one. */
static void retried_test_without_state_fails_only_where_the_stats_know_a_failure(void **state)
{
    static const struct {
        struct stats stats;
        int32_t outcome;
        bool counted;
    } cases[] = {
        {{2, 2, 0, 0, 2, 0}, ATVM_OUTCOME_NONE, false},
        {{2, 1, 1, 0, 2, 0}, ATVM_OUTCOME_FAIL, false},
        {{1, 1, 0, 0, 2, 0}, ATVM_OUTCOME_FAIL, true},
        {{2, 2, 0, 0, 3, 0}, ATVM_OUTCOME_FAIL, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host_result result = parse_report(cases[i].stats, PASSED "," SKIPPED, "");

        assert_int_equal(result.evidence.outcome, cases[i].outcome);
        if (cases[i].outcome == ATVM_OUTCOME_NONE)
            assert_non_null(strstr(result.damage, "2 passes, it holds 1"));
        if (cases[i].counted)
            assert_counts(&result.evidence, 2, 1, 0, 0, 1);
        else
            assert_counts(&result.evidence, -1, -1, -1, -1, -1);
        host_result_free(&result);
    }
}

static void failed_hook_alone_is_a_failure(void **state)
{
    /* mocha: 1 passed, the hook failed, 1 skipped; other = 1 + 1 + 0 - 1, failures = 1 - other. */
    struct host_result result =
        parse_report((struct stats){1, 1, 0, 0, 2, 1}, PASSED "," SKIPPED, HOOK);

    (void)state;
    assert_string_equal(result.damage, "");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_string_equal(result.evidence.step, "\"before each\" hook: prep");
    assert_true(result.evidence.flags & ATVM_EVIDENCE_HOOK);
    assert_string_equal(result.evidence.message, "Error: hook");
    assert_counts(&result.evidence, 3, 1, 1, 0, 1);
    host_result_free(&result);
}

static void subtracted_stats_are_no_contradiction_and_wrong_ones_are(void **state)
{
    static const struct {
        struct stats stats;
        const char *tests, *damage; /* damage NULL: none */
    } cases[] = {
        {{1, 1, 0, 0, 1, 0}, PASSED, NULL},
        /* Cypress: 13 pending tests that did not end: failures = 1 - 13 (cypress#16296). */
        {{2, 1, -1, 2, 4, 2}, PASSED "," FAILED_ "," PENDING "," PENDING, NULL},
        /* The corrected arithmetic: nothing is subtracted. */
        {{2, 1, 1, 1, 3, 1}, PASSED "," FAILED_ "," PENDING, NULL},
        {{1, 1, 1, 0, 1, 0}, PASSED, "1 failures, it holds 0"},
        {{1, 1, 0, 0, 2, 0}, PASSED, "2 tests, it holds 1"},
        {{2, 2, 0, 0, 1, 0}, PASSED, "2 passes, it holds 1"},
        {{1, 1, 0, 1, 1, 0}, PASSED, "1 pending, it holds 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host_result result = parse_report(cases[i].stats, cases[i].tests, "");

        if (cases[i].damage)
            assert_non_null(strstr(result.damage, cases[i].damage));
        else
            assert_string_equal(result.damage, "");
        host_result_free(&result);
    }
}

static void all_pending_is_no_pass(void **state)
{
    struct host_result result = parse_report((struct stats){1, 0, 0, 1, 1, 0}, PENDING, "");

    (void)state;
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_NONE);
    assert_non_null(strstr(result.evidence.text, "was executed"));
    host_result_free(&result);
}

/* ---------------------------------------------------------------- damage */

static void what_is_no_whole_report_is_damaged(void **state)
{
    static const struct {
        const char *json, *damage;
    } cases[] = {
        {"", "is empty"},
        {"{}", "no list \"results\""},
        {"[]", "no list \"results\""},
        {"{'results': []}", "holds no test"},
        {"{'stats': {}, 'results': [1]}", "no object"},
        {"{'stats': {}, 'results': [{'file': 'atvm7-a.ts', 'tests': 1}]}", "is no list"},
        {"{'results': [{'file': 'atvm7-a.ts', 'tests': [" PASSED "]}]}", "has no stats"},
        {"{'stats': {'testsRegistered': 1, 'passes': 1, 'failures': 0, 'pending': 0}, 'results':"
         " [{'file': 'atvm7-a.ts', 'tests': [{'title': '1. a', 'pass': true, 'pending': true}]}]}",
         "more than one of the states"},
        {"{'stats': {'testsRegistered': 2, 'passes': 2, 'failures': 0, 'pending': 0}, 'results':"
         " [{'file': 'atvm7-a.ts', 'tests': [" PASSED "]}, {'file': 'atvm8-a.ts', 'tests': [" PASSED
         "]}]}",
         "names two hosts"},
        {"{'stats': {}, 'stats': {}, 'results': []}", "twice"},
        {"{'stats': {}, 'results': []} x", "after the end"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host_result result = parse(cases[i].json);

        if (!strstr(result.damage, cases[i].damage))
            fail_msg("\"%s\" instead of \"%s\"", result.damage, cases[i].damage);
        assert_false(proves(&result));
        host_result_free(&result);
    }
}

/* Bytes of the text without the white space at its end. */
static size_t meaningful_length(const char *bytes, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", bytes[length - 1]))
        length--;
    return length;
}

static void expect_damage_at(const struct recorded_artifact *artifact, size_t length)
{
    struct host_result result =
        parse_pieces(artifact->bytes, length, length + 1, is_html(artifact->path));

    if (result.damage[0] == '\0')
        fail_msg("%s: the first %zu bytes count as whole", artifact->path, length);
    host_result_free(&result);
}

static void cut_a_sample(void *user, const struct recorded_artifact *artifact)
{
    unsigned *seed = user;
    size_t length = meaningful_length(artifact->bytes, artifact->length);

    for (unsigned i = 0; i < 40; i++)
        expect_damage_at(artifact, (size_t)rand_r(seed) % length);
    /* The end of the HTML, behind its data. */
    for (size_t cut = length - 40; cut < length; cut++)
        expect_damage_at(artifact, cut);
}

static void no_prefix_of_a_report_is_whole(void **state)
{
    unsigned seed = 20261123;

    (void)state;
    assert_int_not_equal(recorded_artifacts_each("mochawesome/*", cut_a_sample, &seed), 0);
}

static void spoil_a_sample(void *user, const struct recorded_artifact *artifact)
{
    unsigned *seed = user;

    for (unsigned i = 0; i < 10; i++) {
        CLEANUP_FREE char *spoilt = malloc(artifact->length);
        struct host_result result;

        assert_non_null(spoilt);
        memcpy(spoilt, artifact->bytes, artifact->length);
        for (unsigned j = 0; j < 3; j++)
            spoilt[(size_t)rand_r(seed) % artifact->length] = (char)rand_r(seed);
        result = parse_pieces(spoilt, artifact->length, 1000, is_html(artifact->path));
        assert_true(result.withheld || result.evidence.tests > 0 || result.damage[0] != '\0');
        host_result_free(&result);
    }
}

static void spoilt_reports_are_survived(void **state)
{
    unsigned seed = 4711;

    (void)state;
    assert_int_not_equal(recorded_artifacts_each("mochawesome/*", spoil_a_sample, &seed), 0);
}

static void bookkeeping_says_nothing_of_any_host(void **state)
{
    struct host_result result =
        parse("{'stats': {'testsRegistered': 1}, 'results': [{'file':"
              " 'cypress/e2e/check-xml-files.ts', 'tests': [" PASSED "]}]}");

    (void)state;
    assert_true(result.bookkeeping);
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_NONE);
    host_result_free(&result);
}

/* ---------------------------------------------------------------- HTML */

struct taken {
    char text[256];
    size_t length;
};

static void take(void *user, const char *bytes, size_t length)
{
    struct taken *taken = user;

    assert_true(taken->length + length < sizeof(taken->text));
    memcpy(taken->text + taken->length, bytes, length);
    taken->length += length;
    taken->text[taken->length] = '\0';
}

static void data_raw_is_taken_out_of_the_body(void **state)
{
    static const struct {
        const char *page, *data, *problem; /* problem NULL: whole */
    } cases[] = {
        {"<html><body data-raw=\"x\"></body></html>", "x", NULL},
        {"<html><body data-raw='x \"y\"'></body></html>\n", "x \"y\"", NULL},
        {"<html><BODY class=a DATA-RAW = x></BODY></HTML>", "x", NULL},
        {"<html><body data-raw=\"&quot;&amp;&lt;&gt;&#x27;&#39;&apos;\"></html>", "\"&<>'''", NULL},
        {"<html><body data-raw=\"&amp;quot; &unknown; & &#0; &#xd800; &#9731;\"></html>",
         "&quot; &unknown; & &#0; &#xd800; \xe2\x98\x83", NULL},
        {"<html><body data-raw=\"&#x1F600;&#xe9;\"></html>", "\xf0\x9f\x98\x80\xc3\xa9", NULL},
        /* What looks like a body elsewhere. */
        {"<style><body data-raw=\"no\"></style ><body data-raw=\"x\"></html>", "x", NULL},
        {"<script>'</sc' + '<body data-raw=\"no\">'</script><body data-raw=\"x\"></html>", "x",
         NULL},
        {"<!-- > <body data-raw=\"no\"> --><body data-raw=\"x\"></html>", "x", NULL},
        {"<meta a=\"<body data-raw='no'>\"><body data-raw=\"x\"></html>", "x", NULL},
        {"<title><body data-raw=\"no\"></title><body data-raw=\"x\"></html>", "x", NULL},
        {"<bodyguard data-raw=\"no\"><body data-raw=\"x\"></html>", "x", NULL},
        {"<body data-raw=\"x\"><body data-raw=\"no\"></html>", "x", NULL},
        {"<body data-raw=\"x\" data-raw=\"no\"></html>", "x", NULL},
        {"a < b <body data-raw=\"x\"></html>", "x", NULL},
        {"<html><body></body></html>", "", "no attribute data-raw"},
        {"<html></html>", "", "has no body"},
        {"", "", "has no body"},
        {"<html><body data-raw=\"x", "", "cut off inside its data"},
        {"<html><body data-raw=\"x\"></body>", "x", "does not end with </html>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t piece = 1; piece < 80; piece += 26) {
            struct taken taken = {{0}, 0};
            struct html_data *data = html_data_new(take, &taken);
            size_t length = strlen(cases[i].page);

            for (size_t at = 0; at < length; at += piece)
                html_data_feed(data, cases[i].page + at, length - at < piece ? length - at : piece);
            if (!cases[i].problem || cases[i].data[0] != '\0')
                assert_string_equal(taken.text, cases[i].data);
            if (cases[i].problem)
                assert_non_null(strstr(html_data_problem(data), cases[i].problem));
            else
                assert_null(html_data_problem(data));
            html_data_free(data);
        }
    }
}

/* ---------------------------------------------------------------- the module */

#define REPORTS "cypress/cmcReporter/mochawesome/"
#define REPORT                                                                                     \
    "{'stats': {'testsRegistered': 1, 'passes': 1, 'failures': 0, 'pending': 0}, 'results':"       \
    " [{'file': 'cypress/e2e/atvm71-redhat9.1.ts', 'tests': [" PASSED "]}]}"

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

static void write_report(struct collector_run *run, const char *name, const char *text)
{
    CLEANUP_FREE char *json = with_double_quotes(text);

    collector_run_write(run, name, json, strlen(json), 1776360600);
}

static void name_cut_at_its_first_dot_is_no_other_host(void **state)
{
    struct collector_run *run = *state;
    const char *name = REPORTS "atvm71-redhat9.json";

    write_report(run, name, REPORT);
    collector_run_pass(run);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "quality"), "whole");
    assert_string_equal(collector_run_text(collector_run_evidence(run, name), "host"),
                        "atvm71-redhat9.1");
}

static void report_named_for_another_host_is_damaged(void **state)
{
    struct collector_run *run = *state;
    const char *name = REPORTS "atvm98-oracle9.json";

    write_report(run, name, REPORT);
    collector_run_pass(run);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "quality"), "damaged");
    assert_null(collector_run_evidence(run, name));
}

static void file_name_never_names_the_host(void **state)
{
    struct collector_run *run = *state;
    const char *name = REPORTS "atvm71-redhat9.json";

    write_report(run, name,
                 "{'stats': {'testsRegistered': 1, 'passes': 1, 'failures': 0,"
                 " 'pending': 0}, 'results': [{'file': '', 'tests': [" PASSED "]}]}");
    collector_run_pass(run);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "reason"),
                        "names no host");
    assert_null(collector_run_evidence(run, name));
}

static void module_reads_both_endings_and_no_sub_folder(void **state)
{
    struct collector_run *run = *state;
    const char *html = REPORTS "atvm98-oracle9.html";
    size_t length;
    CLEANUP_FREE char *bytes =
        recorded_file("tests/fixtures/34-inline-assets-html/root/cypress/cmcReporter/mochawesome/"
                      "atvm98-oracle9.4_2026-04-06T14-20-00.html",
                      &length);

    collector_run_write(run, html, bytes, length, 1776360600);
    write_report(run, REPORTS "atvm71-redhat9.json", REPORT);
    write_report(run, REPORTS "assets/atvm71-redhat9.json", REPORT);
    collector_run_pass(run);
    assert_int_equal(json_object_array_length(fake_host_units(run->fake)), 2);
    assert_string_equal(collector_run_text(collector_run_evidence(run, html), "outcome"), "fail");
    assert_string_equal(collector_run_text(collector_run_evidence(run, html), "host"),
                        "atvm98-oracle9.4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_reports_agree_with_the_truth),
        cmocka_unit_test(objects_of_other_tests_are_never_mixed_in),
        cmocka_unit_test(empty_message_gives_a_step_and_no_text),
        cmocka_unit_test(inlined_assets_are_passed_over_in_pieces_of_any_size),
        cmocka_unit_test(every_version_is_recounted_with_its_hooks),
        cmocka_unit_test(nodes_are_counted_by_what_became_of_them),
        cmocka_unit_test(node_without_any_state_was_skipped),
        cmocka_unit_test(retried_test_without_state_fails_only_where_the_stats_know_a_failure),
        cmocka_unit_test(failed_hook_alone_is_a_failure),
        cmocka_unit_test(subtracted_stats_are_no_contradiction_and_wrong_ones_are),
        cmocka_unit_test(all_pending_is_no_pass),
        cmocka_unit_test(what_is_no_whole_report_is_damaged),
        cmocka_unit_test(no_prefix_of_a_report_is_whole),
        cmocka_unit_test(spoilt_reports_are_survived),
        cmocka_unit_test(bookkeeping_says_nothing_of_any_host),
        cmocka_unit_test(data_raw_is_taken_out_of_the_body),
        cmocka_unit_test_setup_teardown(name_cut_at_its_first_dot_is_no_other_host, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(report_named_for_another_host_is_damaged, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(file_name_never_names_the_host, set_up, tear_down),
        cmocka_unit_test_setup_teardown(module_reads_both_endings_and_no_sub_folder, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
