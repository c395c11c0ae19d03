/* The collector reporter-json: what it reads out of the reporter's JSON logs, and what it refuses.
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
#include "reporter-json-sample.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)

extern const struct atvm_collector atvm_collector; /* the module's head */

static void assert_text(const char *actual, const char *expected)
{
    if (!expected) {
        assert_null(actual);
        return;
    }
    assert_non_null(actual);
    assert_string_equal(actual, expected);
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

/* The log tells less than the truth: an error outside of any command leaves no event (29), the run
 * goes on or was stopped (51, 52), the table overrules the log (46, 47) or a batch lost a row (48).
 */
static bool log_cannot_tell(const struct recorded_artifact *artifact)
{
    static const char *const scenarios[] = {"29-", "46-", "47-", "48-", "51-", "52-"};

    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (strncmp(artifact->scenario, scenarios[i], 3) == 0)
            return true;
    return artifact->is_stale || !artifact->truth;
}

static bool covers_flow(const struct recorded_artifact *artifact, const char *steps)
{
    CLEANUP_FREE char *copy = memory_string(steps);
    char *rest = copy;

    for (size_t i = 0; i < json_object_array_length(artifact->flow); i++) {
        const char *step = json_object_get_string(json_object_array_get_idx(artifact->flow, i));
        const char *title = strsep(&rest, "\n");

        if (!title || strcmp(title, step) != 0)
            return false;
    }
    return true;
}

static void expect_failure(const struct recorded_artifact *artifact,
                           const struct atvm_evidence *evidence)
{
    struct json_object *detail = json_member(artifact->truth, "detail", json_type_object);
    const char *contains = json_member_text(detail, "error_contains");

    assert_int_equal(evidence->outcome, ATVM_OUTCOME_FAIL);
    assert_text(evidence->step, json_member_text(detail, "step"));
    assert_non_null(evidence->message);
    assert_non_null(evidence->excerpt);
    /* Built-in logs do not hold the error's text, only the command. */
    if (strcmp(evidence->form, "events-built-in") != 0 && strstr(evidence->excerpt, "rror:"))
        assert_non_null(strstr(evidence->message, contains));
}

static void expect_truth(void *user, const struct recorded_artifact *artifact)
{
    struct host_result result = reporter_json_parse(artifact->bytes, artifact->length);
    const struct atvm_evidence *evidence = &result.evidence;
    unsigned *compared = user;

    assert_text(evidence->host, artifact->host);
    assert_string_equal(result.damage, "");
    assert_false(evidence->flags & ATVM_EVIDENCE_PROVES_NOTHING);
    if (!log_cannot_tell(artifact)) {
        const char *status = json_member_text(artifact->truth, "status");

        ++*compared;
        if (strcmp(status, "FAIL") == 0)
            expect_failure(artifact, evidence);
        else if (strcmp(status, "PASS") == 0)
            assert_int_equal(evidence->outcome, ATVM_OUTCOME_PASS);
        if (strcmp(status, "UNKNOWN") != 0 && covers_flow(artifact, evidence->steps)) {
            assert_int_equal(evidence->tests, json_member_number(artifact->truth, "tests", -1));
            assert_int_equal(evidence->passed, json_member_number(artifact->truth, "passed", -1));
            assert_int_equal(evidence->failed, json_member_number(artifact->truth, "failed", -1));
        }
    }
    host_result_free(&result);
}

static void recorded_logs_agree_with_the_truth(void **state)
{
    unsigned compared = 0;

    (void)state;
    assert_int_equal(recorded_artifacts_each("logs/*/*.json", expect_truth, &compared), 42);
    assert_int_equal(compared, 30);
}

static struct host_result parse_recorded(const char *scenario, const char *host, const char *time)
{
    CLEANUP_FREE char *name =
        memory_format("tests/fixtures/%s/root/cypress/cmcReporter/logs/%s/%s_%s.json", scenario,
                      host, host, time);
    size_t length;
    CLEANUP_FREE char *bytes = recorded_file(name, &length);

    return reporter_json_parse(bytes, length);
}

static void dict_events_give_step_and_error_text(void **state)
{
    struct host_result result =
        parse_recorded("04-dict-events-no-log", "atvm71-redhat9.1", "2026-04-17T10-20-00");

    (void)state;
    assert_string_equal(result.evidence.form, "events-custom");
    assert_int_equal(result.evidence.basis, ATVM_BASIS_DERIVED);
    assert_string_equal(result.evidence.step, "5. Power on destination VM");
    assert_ptr_equal(strstr(result.evidence.message, "CypressError: "), result.evidence.message);
    assert_non_null(strstr(result.evidence.message, "govc: vm not found"));
    assert_non_null(strstr(result.evidence.excerpt, "task\tsshCommand"));
    assert_counts(&result.evidence, 9, 8, 1, 0, 0);
    /* 2026-04-17T10:20:00Z */
    assert_int_equal(result.evidence.started_ns, INT64_C(1776421200) * NS_PER_SECOND);
    host_result_free(&result);
}

static void list_events_give_the_same(void **state)
{
    struct host_result result =
        parse_recorded("05-list-events-no-log", "atvm160-w2k25", "2026-04-17T19-00-00");

    (void)state;
    assert_string_equal(result.evidence.form, "events-custom");
    assert_string_equal(result.evidence.step, "8. Tracking Changes");
    assert_string_equal(result.evidence.message, "failed command: get #tracking-changes");
    assert_counts(&result.evidence, 22, 21, 1, 0, 0);
    host_result_free(&result);
}

static void mocha_stats_are_recounted(void **state)
{
    struct host_result result =
        parse_recorded("30-mocha-stats-json", "atvm118-debian12.5.0", "2026-04-05T03-40-00");
    const struct atvm_evidence *evidence = &result.evidence;

    (void)state;
    assert_string_equal(evidence->form, "stats");
    assert_int_equal(evidence->basis, ATVM_BASIS_DIRECT);
    assert_int_equal(evidence->outcome, ATVM_OUTCOME_FAIL);
    assert_counts(evidence, 22, 21, 1, 0, 0);
    assert_int_equal(evidence->declared_tests, 22);
    assert_int_equal(evidence->declared_passed, 21);
    assert_int_equal(evidence->declared_failed, 1);
    assert_int_equal(evidence->declared_pending, 0);
    assert_int_equal(evidence->duration_ns, 906091 * NS_PER_MS);
    assert_int_equal(evidence->started_ns, INT64_C(1775360400900) * NS_PER_MS);
    assert_int_equal(evidence->ended_ns, INT64_C(1775361306991) * NS_PER_MS);
    assert_non_null(strstr(evidence->message, "fio: verify: bad header"));
    assert_null(strstr(evidence->excerpt, "cypress_runner.js"));
    host_result_free(&result);
}

static void states_are_direct_and_sum_up_their_durations(void **state)
{
    struct host_result result =
        parse_recorded("13-mochawesome-step-disagrees", "atvm98-oracle9.4", "2026-04-20T16-20-00");

    (void)state;
    assert_string_equal(result.evidence.form, "states");
    assert_int_equal(result.evidence.basis, ATVM_BASIS_DIRECT);
    assert_string_equal(result.evidence.step, "38. Verify diskname2Reboot file is the same as "
                                              "diskname2Reboots source (Reboot test)");
    assert_counts(&result.evidence, 21, 20, 1, 0, 0);
    assert_int_equal(result.evidence.duration_ns, 3299264 * NS_PER_MS);
    host_result_free(&result);
}

/* ---------------------------------------------------------------- shapes */

static void all_variants_of_the_custom_log_say_the_same(void **state)
{
    static const char *const variants[] = {
        CUSTOM("'s atvm7-redhat9.1 -> 1. a': [" FINE "], 's atvm7-redhat9.1 -> 2. b': [" BROKEN
               "]"),
        CUSTOM("'s atvm7-redhat9.1 -> 1. a': [{'type': 'cy:log', 'message': 'fine',"
               " 'severity': 'success'}], 's atvm7-redhat9.1 -> 2. b': [{'message':"
               " 'get\\t#missing', 'severity': 'error', 'type': 'cy:command'}]"),
        "{" METADATA ", 'tests': [{'title': '1. a', 'fullTitle': 's atvm7-redhat9.1 1. a',"
        " 'events': [" FINE "]}, {'title': '2. b', 'fullTitle': 's atvm7-redhat9.1 2. b',"
        " 'events': [" BROKEN "]}]}",
        "{'host': 'atvm7-redhat9.1', 'timestamp': '2026-04-16T17:00:00Z', 'tests':"
        " [{'name': '1. a', 'events': [" FINE "]}, {'name': '2. b', 'events': [" BROKEN "]}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        struct host_result result = parse(variants[i]);

        assert_string_equal(result.damage, "");
        assert_string_equal(result.evidence.host, "atvm7-redhat9.1");
        assert_string_equal(result.evidence.form, "events-custom");
        assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
        assert_string_equal(result.evidence.steps, "1. a\n2. b");
        assert_string_equal(result.evidence.step, "2. b");
        assert_string_equal(result.evidence.message, "failed command: get #missing");
        assert_counts(&result.evidence, 2, 1, 1, 0, 0);
        assert_int_equal(result.evidence.started_ns, INT64_C(1776358800) * NS_PER_SECOND);
        host_result_free(&result);
    }
}

static void built_in_logs_of_every_version_are_read(void **state)
{
    static const char *const versions[] = {"2.4.0", "5.3.12", "6.2.0", "7.3.3"};

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        CLEANUP_FREE char *name =
            memory_format("tests/fixtures-raw/terminal-report-%s.json", versions[i]);
        size_t length;
        CLEANUP_FREE char *bytes = recorded_file(name, &length);
        struct host_result result = reporter_json_parse(bytes, length);

        assert_string_equal(result.evidence.form, "events-built-in");
        assert_string_equal(result.evidence.step, "2. bad");
        assert_ptr_equal(strstr(result.evidence.message, "assert expected 1 to equal 2"),
                         result.evidence.message);
        assert_counts(&result.evidence, 2, 1, 1, 0, 0);
        host_result_free(&result);
    }
}

static void title_is_what_follows_the_last_separator(void **state)
{
    static const struct {
        const char *path, *title;
    } cases[] = {
        {"suite -> 1. a", "1. a"},
        {"outer -> inner -> 1. a", "1. a"},
        {"suite -> 5. Copy a -> b", "5. Copy a -> b"},
        {"suite -> copies a -> b", "b"},
        {"1. alone", "1. alone"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *text =
            memory_format("{'host': 'h', 'tests': {'%s': [" FINE "]}}", cases[i].path);
        struct host_result result = parse(text);

        assert_string_equal(result.evidence.steps, cases[i].title);
        host_result_free(&result);
    }
}

/* ---------------------------------------------------------------- failure markers */

static void severity_error_fails_unless_known_to_be_harmless(void **state)
{
    static const struct {
        const char *type, *severity;
        bool is_failure;
    } cases[] = {
        {"cy:command", "error", true},      {"cy:task", "error", true},
        {"cy:log", "error", true},          {"cy:request", "error", true},
        {"cy:intercept", "error", true},    {"custom:step", "error", true},
        {"cons:error", "error", false},     {"cons:warn", "error", false},
        {"cy:xhr", "error", false},         {"cy:fetch", "error", false},
        {"cy:xhr", "warning", false},       {"cy:command", "success", false},
        {"cy:intercept", "warning", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *text = memory_format(CUSTOM("'1. a': [['%s', 'an Error: text', '%s']]"),
                                                cases[i].type, cases[i].severity);
        struct host_result result = parse(text);

        assert_int_equal(result.evidence.outcome,
                         cases[i].is_failure ? ATVM_OUTCOME_FAIL : ATVM_OUTCOME_PASS);
        assert_int_equal(result.evidence.failed, cases[i].is_failure);
        host_result_free(&result);
    }
}

static void message_prefers_the_text_of_the_error(void **state)
{
    static const struct {
        const char *event, *message;
    } cases[] = {
        {"get\\t#missing", "failed command: get #missing"},
        {"task\\tssh, Object{2}\\nCypressError: it failed", "CypressError: it failed"},
        {"task\\tssh, Object{2}\\n\\nTimed out retrying after 4000ms", "Timed out retrying after "
                                                                       "4000ms"},
        {"then\\tError: Host did not answer", "Error: Host did not answer"},
        {"Error: ended with status 255", "Error: ended with status 255"},
        {"assert\\texpected 1\\nActual: \\t1", "assert expected 1\nActual: \t1"},
        {"then\\tError: x\\n    at a (b.js:1:2)\\n    at c:3:4", "Error: x"},
        {"then\\tError: \\u001b[31mred\\u001b[39m", "Error: red"},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *text =
            memory_format(CUSTOM("'1. a': [['cy:command', '%s', 'error']]"), cases[i].event);
        struct host_result result = parse(text);

        assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
        assert_text(result.evidence.message, cases[i].message);
        host_result_free(&result);
    }
}

static void excerpt_holds_all_errors_of_the_first_failing_test_only(void **state)
{
    struct host_result result =
        parse(CUSTOM("'1. a': [['cy:command', 'one', 'error'], ['cy:command', 'two', 'error']],"
                     " '2. b': [['cy:command', 'three', 'error']]"));

    (void)state;
    assert_string_equal(result.evidence.excerpt, "one\ntwo");
    assert_int_equal(result.evidence.failed, 2);
    host_result_free(&result);
}

static void retried_attempts_do_not_count(void **state)
{
    static const struct {
        const char *tests;
        int32_t outcome;
        const char *steps;
    } cases[] = {
        {"'s -> 7. a (Attempt 1)': [" BROKEN "], 's -> 7. a': [" FINE "]", ATVM_OUTCOME_PASS,
         "7. a"},
        {"'s -> 7. a (Attempt 1)': [" BROKEN "], 's -> 7. a (Attempt 2)': [" BROKEN
         "], 's -> 7. a': [" FINE "]",
         ATVM_OUTCOME_PASS, "7. a"},
        {"'s -> 7. a (Attempt 1)': [" FINE "], 's -> 7. a': [" BROKEN "]", ATVM_OUTCOME_FAIL,
         "7. a"},
        /* No later attempt: the run ended there. */
        {"'s -> 7. a (Attempt 1)': [" BROKEN "]", ATVM_OUTCOME_FAIL, "7. a"},
        {"'s -> 7. a': [" FINE "], 's -> 7. a (Attempt 1)': [" BROKEN "]", ATVM_OUTCOME_FAIL,
         "7. a\n7. a"},
        /* The test of another suite is no later attempt. */
        {"'s -> 7. a (Attempt 1)': [" BROKEN "], 't -> 7. a': [" FINE "]", ATVM_OUTCOME_FAIL,
         "7. a\n7. a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *text = memory_format("{'host': 'h', 'tests': {%s}}", cases[i].tests);
        struct host_result result = parse(text);

        assert_int_equal(result.evidence.outcome, cases[i].outcome);
        assert_string_equal(result.evidence.steps, cases[i].steps);
        host_result_free(&result);
    }
}

static void retries_by_number_do_not_count_either(void **state)
{
    struct host_result result =
        parse("{'host': 'h', 'tests': [{'title': '1. a', 'currentRetry': 0, 'state': 'failed'},"
              " {'title': '1. a', 'currentRetry': 1, 'state': 'passed'}]}");

    (void)state;
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_PASS);
    assert_counts(&result.evidence, 1, 1, 0, 0, 0);
    host_result_free(&result);

    /* Two tests of one title are no retries of each other. */
    result = parse("{'host': 'h', 'tests': [{'title': '1. a', 'currentRetry': 0, 'state':"
                   " 'failed'}, {'title': '1. a', 'currentRetry': 0, 'state': 'passed'}]}");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_counts(&result.evidence, 2, 1, 1, 0, 0);
    host_result_free(&result);
}

static void hooks_are_not_counted_but_can_fail(void **state)
{
    struct host_result result =
        parse(CUSTOM("'s -> [[ before all #1 ]]': [" FINE "], 's -> 1. a': [" FINE
                     "], 's -> [[ after all #1 ]]': [" BROKEN "]"));

    (void)state;
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_string_equal(result.evidence.step, "[[ after all #1 ]]");
    assert_true(result.evidence.flags & ATVM_EVIDENCE_HOOK);
    assert_string_equal(result.evidence.steps, "1. a");
    assert_counts(&result.evidence, 1, 1, 0, 0, 0);
    host_result_free(&result);
}

/* ---------------------------------------------------------------- doubts */

static void what_is_not_understood_bars_the_proof(void **state)
{
    static const struct {
        const char *tests;
        const char *text; /* NULL: nothing bars it */
    } cases[] = {
        {"'1. a': [" FINE "]", NULL},
        {"'1. a': [" FINE "], '2. b': []", "\"2. b\" has no event"},
        {"'1. a': [['cy:log', 'two elements']]", "no type or no severity"},
        {"'1. a': [{'type': 'cy:log', 'message': 'x'}]", "no type or no severity"},
        {"'1. a': ['text']", "no type or no severity"},
        {"'1. a': [['cy:log', 'x', 'ERROR']]", "unknown severity \"ERROR\""},
        {"'1. a': {'state': 'odd', 'events': [" FINE "]}", "unknown state \"odd\""},
        {"'1. a': {'state': 'passed'}, '2. b': [" FINE "]", "\"2. b\" has no state"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *text = memory_format("{'host': 'h', 'tests': {%s}}", cases[i].tests);
        struct host_result result = parse(text);

        assert_string_equal(result.damage, "");
        assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_PASS);
        assert_int_equal(result.evidence.basis, ATVM_BASIS_DERIVED);
        assert_int_equal(proves(&result), cases[i].text == NULL);
        if (cases[i].text)
            assert_non_null(strstr(result.evidence.text, cases[i].text));
        host_result_free(&result);
    }
}

/* ---------------------------------------------------------------- states */

static void states_decide_the_counts(void **state)
{
    struct host_result result =
        parse("{'host': 'h', 'tests': [{'title': '1. a', 'state': 'passed', 'duration': 5},"
              " {'title': '2. b', 'state': 'failed', 'duration': 6, 'err': {'message': 'why',"
              " 'stack': 'Error: why\\n    at x (y:1:2)\\nand more'}},"
              " {'title': '3. c', 'state': 'pending', 'duration': 0},"
              " {'title': '4. d', 'state': 'skipped', 'duration': 0}]}");

    (void)state;
    assert_string_equal(result.evidence.form, "states");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_counts(&result.evidence, 4, 1, 1, 1, 1);
    assert_string_equal(result.evidence.step, "2. b");
    assert_string_equal(result.evidence.message, "why");
    assert_string_equal(result.evidence.excerpt, "Error: why\nand more");
    assert_int_equal(result.evidence.duration_ns, 11 * NS_PER_MS);
    host_result_free(&result);
}

static void skipped_tests_are_a_failure_and_pending_ones_are_not(void **state)
{
    struct host_result result =
        parse("{'host': 'h', 'tests': [{'title': '1. a', 'state': 'passed'},"
              " {'title': '2. b', 'state': 'skipped'}]}");

    (void)state;
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_null(result.evidence.step);
    host_result_free(&result);

    result = parse("{'host': 'h', 'tests': [{'title': '1. a', 'state': 'passed'},"
                   " {'title': '2. b', 'state': 'pending'}]}");
    assert_true(proves(&result));
    host_result_free(&result);

    result = parse("{'host': 'h', 'tests': [{'title': '2. b', 'state': 'pending'}]}");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_NONE);
    assert_non_null(strstr(result.evidence.text, "was executed"));
    host_result_free(&result);
}

static void state_and_event_that_contradict_each_other_are_damage(void **state)
{
    struct host_result result = parse("{'host': 'h', 'tests': [{'title': '1. a', 'state': 'passed',"
                                      " 'events': [" BROKEN "]}]}");

    (void)state;
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_NONE);
    assert_non_null(strstr(result.damage, "contradicts itself"));
    host_result_free(&result);
}

/* ---------------------------------------------------------------- stats */

#define STATS(tests_, passes_, failures_)                                                          \
    "'stats': {'tests': " #tests_ ", 'passes': " #passes_                                          \
    ", 'pending': 0, 'failures': " #failures_                                                      \
    ", 'start': '2026-04-16T17:00:00.000Z', 'end': '2026-04-16T17:00:01.000Z', 'duration': 1000}"
#define OK_TEST "{'title': '1. a', 'fullTitle': 's atvm7-redhat9.1 1. a', 'err': {}}"
#define BAD_TEST                                                                                   \
    "{'title': '2. b', 'fullTitle': 's atvm7-redhat9.1 2. b', 'err': {'message': 'why'}}"
#define BAD_HOOK                                                                                   \
    "{'title': '\\\"before each\\\" hook for \\\"2. b\\\"', 'fullTitle': 's atvm7-redhat9.1 "      \
    "\\\"before each\\\" hook for \\\"2. b\\\"', 'err': {'message': 'why'}}"

static void stats_and_lists_must_agree(void **state)
{
    static const struct {
        const char *json;
        int32_t outcome;
        const char *damage; /* NULL: none */
    } cases[] = {
        {"{" STATS(1, 1, 0) ", 'tests': [" OK_TEST "], 'passes': [" OK_TEST
                            "], 'failures': [], 'pending': []}",
         ATVM_OUTCOME_PASS, NULL},
        {"{" STATS(2, 1, 1) ", 'tests': [" OK_TEST "," BAD_TEST "], 'passes': [" OK_TEST
                            "], 'failures': [" BAD_TEST "], 'pending': []}",
         ATVM_OUTCOME_FAIL, NULL},
        /* The stats say nothing failed, a list does; and the other way round. */
        {"{" STATS(2, 1, 0) ", 'tests': [" OK_TEST "," BAD_TEST "], 'passes': [" OK_TEST
                            "], 'failures': [" BAD_TEST "], 'pending': []}",
         ATVM_OUTCOME_FAIL, "0 failures, it lists 1"},
        {"{" STATS(1, 1, 1) ", 'tests': [" OK_TEST "], 'passes': [" OK_TEST
                            "], 'failures': [], 'pending': []}",
         ATVM_OUTCOME_FAIL, "1 failures, it lists 0"},
        {"{" STATS(2, 2, 0) ", 'tests': [" OK_TEST "], 'passes': [" OK_TEST
                            "], 'failures': [], 'pending': []}",
         ATVM_OUTCOME_PASS, "2 tests, it lists 1"},
        {"{" STATS(2, 2, 0) ", 'tests': [" OK_TEST "," BAD_TEST "], 'passes': [" OK_TEST "," OK_TEST
                            "], 'failures': [], 'pending': []}",
         ATVM_OUTCOME_NONE, "\"2. b\" has an error"},
        {"{" STATS(2, 2, 0) ", 'host': 'atvm7-redhat9.1'}", ATVM_OUTCOME_NONE, "lists no test"},
        {"{" STATS(2, 1, 1) ", 'host': 'atvm7-redhat9.1'}", ATVM_OUTCOME_FAIL, "lists no test"},
        /* Stats beside an event log. */
        {"{" STATS(1, 1, 0) ", 'tests': {'s atvm7-redhat9.1 -> 1. a': [" FINE "]}}",
         ATVM_OUTCOME_PASS, NULL},
        {"{" STATS(1, 1, 0) ", 'tests': {'s atvm7-redhat9.1 -> 1. a': [" BROKEN "]}}",
         ATVM_OUTCOME_FAIL, "1 passes, it lists 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host_result result = parse(cases[i].json);

        assert_string_equal(result.evidence.form, "stats");
        assert_string_equal(result.evidence.host, "atvm7-redhat9.1");
        assert_int_equal(result.evidence.outcome, cases[i].outcome);
        if (cases[i].damage)
            assert_non_null(strstr(result.damage, cases[i].damage));
        else
            assert_string_equal(result.damage, "");
        host_result_free(&result);
    }
}

static void failed_hook_of_mocha_keeps_its_title_and_counts_for_itself(void **state)
{
    struct host_result result =
        parse("{" STATS(1, 1, 1) ", 'tests': [" OK_TEST "], 'passes': [" OK_TEST
                                 "], 'failures': [" BAD_HOOK "], 'pending': []}");

    (void)state;
    assert_string_equal(result.damage, "");
    assert_int_equal(result.evidence.outcome, ATVM_OUTCOME_FAIL);
    assert_string_equal(result.evidence.step, "\"before each\" hook for \"2. b\"");
    assert_true(result.evidence.flags & ATVM_EVIDENCE_HOOK);
    assert_counts(&result.evidence, 2, 1, 1, 0, -1);
    host_result_free(&result);
}

/* ---------------------------------------------------------------- bookkeeping */

static void bookkeeping_says_nothing_of_any_host(void **state)
{
    static const char *const files[] = {
        "{'cypress/e2e/check-xml-files.ts': {'check -> xml': [" FINE "]}}",
        "{'metadata': {'host': 'atvm7-redhat9.1', 'spec': 'cypress/e2e/check-xml-files.ts'},"
        " 'tests': {'check -> xml': [" FINE "]}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct host_result result = parse(files[i]);

        assert_true(result.bookkeeping);
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
    CLEANUP_FREE char *json = with_double_quotes(text);

    /* 2026-04-16T17:30:00Z */
    collector_run_write(run, name, json, strlen(json), 1776360600);
}

static void module_gives_one_result_per_file(void **state)
{
    struct collector_run *run = *state;
    const char *name = LOGS "atvm7-redhat9.1/atvm7-redhat9.1_2026-04-16T17-00-00.json";
    struct json_object *evidence;

    write_log(run, name, CUSTOM("'s -> 1. a': [" BROKEN "]"));
    collector_run_pass(run);
    evidence = collector_run_evidence(run, name);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "quality"), "whole");
    assert_string_equal(collector_run_text(evidence, "claim"), "host-result");
    assert_string_equal(collector_run_text(evidence, "host"), "atvm7-redhat9.1");
    assert_string_equal(collector_run_text(evidence, "outcome"), "fail");
    assert_string_equal(collector_run_text(evidence, "excerpt"), "get\t#missing");
    assert_int_equal(json_member_number(evidence, "started", -1),
                     INT64_C(1776358800) * NS_PER_SECOND);
    assert_int_equal(json_member_number(evidence, "ended", -1),
                     INT64_C(1776360600) * NS_PER_SECOND);

    /* Nothing changed: nothing is said. */
    collector_run_pass(run);
    assert_int_equal(json_object_array_length(fake_host_units(run->fake)), 0);
}

static void host_comes_from_content_then_folder_then_file_name(void **state)
{
    static const struct {
        const char *name, *json, *host; /* host NULL: refused */
    } cases[] = {
        {LOGS "any/any.json", CUSTOM("'1. a': [" FINE "]"), "atvm7-redhat9.1"},
        {LOGS "atvm7-redhat9.1/out.json", "{'tests': {'1. a': [" FINE "]}}", "atvm7-redhat9.1"},
        {LOGS "atvm7-redhat9.1_2026-04-16T17-00-01.json", "{'tests': {'1. a': [" FINE "]}}",
         "atvm7-redhat9.1"},
        {LOGS "any/none.json", "{'tests': {'1. a': [" FINE "]}}", NULL},
        {LOGS "atvm8-redhat9.1/out.json", CUSTOM("'1. a': [" FINE "]"), NULL},
        {LOGS "any/atvm8-redhat9.1.json", CUSTOM("'1. a': [" FINE "]"), NULL},
        {LOGS "atvm9-a/atvm8-a.json", "{'tests': {'1. a': [" FINE "]}}", NULL},
    };
    struct collector_run *run = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        write_log(run, cases[i].name, cases[i].json);
    collector_run_pass(run);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json_object *evidence = collector_run_evidence(run, cases[i].name);
        const char *quality = collector_run_text(collector_run_unit(run, cases[i].name), "quality");

        assert_string_equal(quality, cases[i].host ? "whole" : "damaged");
        assert_string_equal(collector_run_text(evidence, "host"),
                            cases[i].host ? cases[i].host : "");
    }
}

static void start_comes_from_the_file_name_where_the_content_has_none(void **state)
{
    struct collector_run *run = *state;
    const char *name = LOGS "atvm7-redhat9.1/atvm7-redhat9.1_2026-04-16T17-00-00.json";

    write_log(run, name, "{'cypress/e2e/atvm7-redhat9.1.ts': {'s -> 1. a': [" FINE "]}}");
    collector_run_pass(run);
    assert_int_equal(json_member_number(collector_run_evidence(run, name), "started", -1),
                     INT64_C(1776358800) * NS_PER_SECOND);
}

static void damage_is_told_with_its_reason(void **state)
{
    struct collector_run *run = *state;
    const char *name = LOGS "atvm7-redhat9.1/atvm7-redhat9.1.json";

    write_log(run, name, "");
    collector_run_pass(run);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "quality"), "damaged");
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "reason"), "is empty");
    assert_null(collector_run_evidence(run, name));
}

static void larger_files_than_max_size_are_damaged(void **state)
{
    struct collector_run *run = *state;
    const char *name = LOGS "atvm7-redhat9.1/big.json";
    CLEANUP_FREE char *spaces = memory_format("%2000s", "");

    fake_host_option(run->fake, "max_size", "1K");
    collector_run_write(run, name, spaces, strlen(spaces), 1776360600);
    collector_run_pass(run);
    assert_string_equal(collector_run_text(collector_run_unit(run, name), "quality"), "damaged");
}

static void folder_is_an_option(void **state)
{
    struct collector_run *run = *state;

    fake_host_option(run->fake, "folder", "elsewhere");
    write_log(run, "elsewhere/x.json", CUSTOM("'1. a': [" FINE "]"));
    collector_run_pass(run);
    assert_non_null(collector_run_evidence(run, "elsewhere/x.json"));
}

static void without_automation_root_it_says_what_to_set(void **state)
{
    struct collector_run *run = *state;

    fake_host_run(run->fake)->automation_root = NULL;
    assert_int_equal(atvm_collector.configure(run->self), ATVM_FAILED);
    assert_non_null(strstr(fake_host_failure(run->fake), "automation_root"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_logs_agree_with_the_truth),
        cmocka_unit_test(dict_events_give_step_and_error_text),
        cmocka_unit_test(list_events_give_the_same),
        cmocka_unit_test(mocha_stats_are_recounted),
        cmocka_unit_test(states_are_direct_and_sum_up_their_durations),
        cmocka_unit_test(all_variants_of_the_custom_log_say_the_same),
        cmocka_unit_test(built_in_logs_of_every_version_are_read),
        cmocka_unit_test(title_is_what_follows_the_last_separator),
        cmocka_unit_test(severity_error_fails_unless_known_to_be_harmless),
        cmocka_unit_test(message_prefers_the_text_of_the_error),
        cmocka_unit_test(excerpt_holds_all_errors_of_the_first_failing_test_only),
        cmocka_unit_test(retried_attempts_do_not_count),
        cmocka_unit_test(retries_by_number_do_not_count_either),
        cmocka_unit_test(hooks_are_not_counted_but_can_fail),
        cmocka_unit_test(what_is_not_understood_bars_the_proof),
        cmocka_unit_test(states_decide_the_counts),
        cmocka_unit_test(skipped_tests_are_a_failure_and_pending_ones_are_not),
        cmocka_unit_test(state_and_event_that_contradict_each_other_are_damage),
        cmocka_unit_test(stats_and_lists_must_agree),
        cmocka_unit_test(failed_hook_of_mocha_keeps_its_title_and_counts_for_itself),
        cmocka_unit_test(bookkeeping_says_nothing_of_any_host),
        cmocka_unit_test_setup_teardown(module_gives_one_result_per_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(host_comes_from_content_then_folder_then_file_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(start_comes_from_the_file_name_where_the_content_has_none,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_told_with_its_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(larger_files_than_max_size_are_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folder_is_an_option, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_automation_root_it_says_what_to_set, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
