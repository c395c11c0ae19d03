/* The status of a host: spec R5.2 row by row, damage (R5.8), the window (R4.9), precedence (R5.1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "judge-scene.h"

#define A "atvm1-redhat9.1"
#define B "atvm2-redhat9.1"

static const char *const one[] = {A, NULL};
static const char *const two[] = {A, B, NULL};

#define expect(scene, host, status_, rule_)                                                        \
    do {                                                                                           \
        const struct host_verdict *verdict_ = scene_host(scene, host);                             \
        assert_string_equal(host_status_name(verdict_->status), host_status_name(status_));        \
        assert_string_equal(verdict_->rule, rule_);                                                \
    } while (0)

static void marker(struct scene *scene, const char *host, int mtime)
{
    scene_source(scene, "reporter-json", "reporter-json", "/x/logs/a.json", host, mtime);
    scene_result(scene, host, "derived", "events-custom", "fail", 21, 1);
    scene_end(scene, "whole");
}

static void clean_log(struct scene *scene, const char *host, const char *form, const char *steps)
{
    scene_source(scene, "reporter-json", "reporter-json", "/x/logs/a.json", host, 2000);
    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"%s\",\"basis\":\"derived\",\"form\":\"%s\","
                 "\"outcome\":\"pass\",\"steps\":\"%s\",\"tests\":2,\"passed\":2,\"failed\":0,"
                 "\"pending\":0,\"skipped\":0",
                 host, form, steps);
    scene_end(scene, "whole");
}

static void flow(struct scene *scene, const char *host)
{
    scene_source(scene, "spec", "spec", "/x/a.ts", NULL, -100);
    scene_record(scene, "\"claim\":\"flow-step\",\"host\":\"%s\",\"step\":\"1. First\"", host);
    scene_record(scene, "\"claim\":\"flow-step\",\"host\":\"%s\",\"step\":\"2. Second\"", host);
    scene_end(scene, "whole");
}

static void damaged(struct scene *scene, const char *collector, const char *path, const char *stem,
                    int mtime)
{
    scene_source(scene, collector, collector, path, stem, mtime);
    scene_end(scene, "damaged");
}

static void direct_pass_alone_is_a_pass(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    expect(&scene, A, HOST_PASS, "direct-pass");
    scene_close(&scene);
}

static void any_direct_failure_stands_before_every_pass(void **state)
{
    struct scene scene;
    const struct verdict *verdict;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_whole_log(&scene, one, "p");
    scene_junit(&scene, A, 21, 1, 2000);
    expect(&scene, A, HOST_FAIL, "any-direct-failure");
    verdict = scene_judge(&scene);
    assert_int_equal(verdict->scopes[0].conflict_count, 1);
    assert_string_equal(verdict->scopes[0].conflicts[0].kept, "junit: FAIL");
    assert_string_equal(verdict->scopes[0].conflicts[0].dropped, "runlog: PASS");
    scene.policy.on_conflict = ON_CONFLICT_UNKNOWN;
    expect(&scene, A, HOST_UNKNOWN, "conflict-settled-as-unknown");
    scene.policy.on_conflict = ON_CONFLICT_PRECEDENCE;
    expect(&scene, A, HOST_PASS, "conflict-settled-by-precedence");
    scene_close(&scene);
}

static void tests_skipped_by_a_hook_are_a_failure_whatever_the_mark_says(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                         "\"form\":\"cloud-row\",\"outcome\":\"pass\",\"batch\":1,\"tests\":22,"
                         "\"passed\":6,\"failed\":0,\"pending\":0,\"skipped\":16");
    scene_end(&scene, "whole");
    expect(&scene, A, HOST_FAIL, "any-direct-failure");
    scene_close(&scene);
}

static void failure_marker_against_a_pass_is_settled_by_the_own_row_only(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    marker(&scene, A, 2000);
    expect(&scene, A, HOST_UNKNOWN, "failure-marker-against-direct-pass");
    scene_whole_log(&scene, one, "p");
    expect(&scene, A, HOST_PASS, "own-row-decides");
    assert_int_equal(scene_judge(&scene)->scopes[0].conflict_count, 1);
    scene_close(&scene);
}

static void failure_marker_alone_is_a_failure(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    marker(&scene, A, 2000);
    expect(&scene, A, HOST_FAIL, "failure-marker");
    scene_close(&scene);
}

static void pass_that_is_not_consistent_in_itself_proves_nothing(void **state)
{
    static const struct {
        const char *what, *counts;
    } rows[] = {
        {"no test was executed",
         "\"tests\":5,\"passed\":0,\"failed\":0,\"pending\":5,\"skipped\":0"},
        {"zero tests", "\"tests\":0,\"passed\":0,\"failed\":0,\"pending\":0,\"skipped\":0"},
        {"sum disagrees", "\"tests\":22,\"passed\":21,\"failed\":0,\"pending\":0,\"skipped\":0"},
        {"unreadable", "\"tests\":22,\"passed\":22"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
        scene_record(&scene,
                     "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                     "\"form\":\"cloud-row\",\"outcome\":\"pass\",\"batch\":1,%s",
                     rows[i].counts);
        scene_end(&scene, "whole");
        if (scene_host(&scene, A)->status == HOST_PASS)
            fail_msg("%s: PASS", rows[i].what);
        scene_close(&scene);
    }
}

static void totals_row_that_disagrees_withdraws_the_passes_of_its_table(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_result(&scene, A, "direct", "cloud-row", "pass", 22, 0);
    scene_record(&scene,
                 "\"claim\":\"scope-totals\",\"form\":\"cloud-totals\",\"outcome\":\"pass\","
                 "\"batch\":1,\"tests\":44,\"passed\":44,\"failed\":0,\"pending\":0,\"skipped\":0");
    scene_end(&scene, "whole");
    assert_int_not_equal(scene_host(&scene, A)->status, HOST_PASS);
    assert_string_equal(scene_host(&scene, A)->decisions[QUESTION_STATUS].candidates[0].rule,
                        "totals-row-disagrees");
    scene_close(&scene);
}

static void whole_log_of_a_custom_writer_proves_when_it_covers_the_flow(void **state)
{
    static const struct {
        const char *form, *steps;
        bool has_flow;
        enum host_status status;
    } rows[] = {
        {"events-custom", "1. First\\n2. Second", true, HOST_PASS},
        {"text-custom", "0. Extra\\n1. First\\n2. Second", true, HOST_PASS},
        {"events-custom", "1. First\\n2. Second", false, HOST_UNKNOWN},
        {"events-custom", "1. First", true, HOST_UNKNOWN},
        {"events-custom", "2. Second\\n1. First", true, HOST_UNKNOWN},
        {"events-built-in", "1. First\\n2. Second", true, HOST_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        scene_bookkeeping(&scene, "build", 2500);
        clean_log(&scene, A, rows[i].form, rows[i].steps);
        if (rows[i].has_flow)
            flow(&scene, A);
        if (scene_host(&scene, A)->status != rows[i].status)
            fail_msg("row %zu: %s", i, host_status_name(scene_host(&scene, A)->status));
        scene_close(&scene);
    }
}

static void log_proves_nothing_before_the_end_or_beside_damage_or_a_missing_kind(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    flow(&scene, A);
    clean_log(&scene, A, "events-custom", "1. First\\n2. Second");
    assert_int_not_equal(scene_host(&scene, A)->status, HOST_PASS);
    scene_bookkeeping(&scene, "build", 2500);
    expect(&scene, A, HOST_PASS, "whole-log-proves");
    scene_junit(&scene, B, 22, 0, 2000);
    expect(&scene, A, HOST_UNKNOWN, "no-proof");
    scene_close(&scene);

    scene_open(&scene, one);
    scene_processes(&scene, 0);
    flow(&scene, A);
    clean_log(&scene, A, "events-custom", "1. First\\n2. Second");
    scene_bookkeeping(&scene, "build", 2500);
    damaged(&scene, "mochawesome", "/x/mochawesome/atvm1-redhat9.html", "atvm1-redhat9", 2000);
    expect(&scene, A, HOST_UNKNOWN, "no-proof");
    scene_close(&scene);
}

static void direct_pass_without_a_row_needs_the_logs_that_others_have(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    clean_log(&scene, B, "events-built-in", "1. First");
    expect(&scene, A, HOST_UNKNOWN, "log-of-the-host-damaged-or-missing");
    scene_whole_log(&scene, one, "p");
    expect(&scene, A, HOST_PASS, "direct-pass");
    scene_close(&scene);
}

static void damaged_newest_file_withdraws_an_older_pass_of_its_kind(void **state)
{
    static const struct {
        const char *stem;
        int mtime;
        enum host_status status;
    } rows[] = {
        {A, 2100, HOST_UNKNOWN},       /* its own, newer */
        {"atvm1", 2100, HOST_UNKNOWN}, /* its name begins so */
        {"", 2100, HOST_UNKNOWN},      /* names nobody: may be anybody's */
        {A, 1900, HOST_PASS},          /* older */
        {B, 2100, HOST_PASS},          /* another host's */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, two);
        scene_processes(&scene, 0);
        scene_junit(&scene, A, 22, 0, 2000);
        damaged(&scene, "junit", "/x/xml/test-result-zz.xml", rows[i].stem, rows[i].mtime);
        if (scene_host(&scene, A)->status != rows[i].status)
            fail_msg("row %zu: %s", i, host_status_name(scene_host(&scene, A)->status));
        scene_close(&scene);
    }
}

static void failure_in_a_damaged_file_is_believed_a_pass_is_not(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_source(&scene, "junit", "junit", "/x/xml/test-result-a.xml", A, 2000);
    scene_result(&scene, A, "direct", "testcases", "fail", 8, 1);
    scene_end(&scene, "damaged");
    scene_source(&scene, "junit", "junit", "/x/xml/test-result-b.xml", B, 2000);
    scene_result(&scene, B, "direct", "testcases", "pass", 22, 0);
    scene_end(&scene, "damaged");
    expect(&scene, A, HOST_FAIL, "any-direct-failure");
    expect(&scene, B, HOST_UNKNOWN, "no-proof");
    scene_close(&scene);
}

static void newest_file_of_a_host_wins(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    scene_junit(&scene, A, 21, 1, 1500);
    expect(&scene, A, HOST_PASS, "direct-pass");
    scene_junit(&scene, A, 21, 1, 2500);
    expect(&scene, A, HOST_FAIL, "any-direct-failure");
    scene_close(&scene);
}

static void what_lies_outside_the_window_by_any_of_its_times_is_no_evidence(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, -1);
    expect(&scene, A, HOST_MISSING, "left-nothing");
    scene_source(&scene, "junit", "junit", "/x/xml/test-result-b.xml", A, 2000);
    scene_record(&scene,
                 "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                 "\"outcome\":\"pass\",\"tests\":1,\"passed\":1,\"failed\":0,\"pending\":0,"
                 "\"skipped\":0,\"started\":%lld",
                 (long long)((SCENE_START - 86400) * 1000000000));
    scene_end(&scene, "whole");
    expect(&scene, A, HOST_MISSING, "left-nothing");
    scene_junit(&scene, A, 22, 0, 4000);
    expect(&scene, A, HOST_MISSING, "left-nothing");
    scene_junit(&scene, A, 22, 0, 0);
    expect(&scene, A, HOST_PASS, "direct-pass");
    scene_close(&scene);
    /* The clock was set back by an hour: what it has shown belongs to the window. */
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 21, 1, 3000);
    scene.now = 0;
    expect(&scene, A, HOST_NOT_STARTED, "not-begun-yet");
    scene.policy.until_ns = (SCENE_START + 3600) * INT64_C(1000000000);
    expect(&scene, A, HOST_FAIL, "any-direct-failure");
    scene_close(&scene);
}

static void host_without_results_is_told_apart(void **state)
{
    struct scene scene;

    (void)state;
    /* Named by the specPattern, but nowhere after it in a readable log. */
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_whole_log(&scene, two, "p-");
    expect(&scene, B, HOST_NOT_STARTED, "never-named-in-the-log");
    scene_close(&scene);
    /* No log: nobody can say that it was not started. */
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    expect(&scene, B, HOST_MISSING, "left-nothing");
    scene_close(&scene);
    /* While the runner lives: begun or not. */
    scene_open(&scene, two);
    scene_processes(&scene, 41);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"host-started\",\"host\":\"" A "\",\"batch\":1");
    scene_end(&scene, "whole");
    expect(&scene, A, HOST_RUNNING, "begun-and-going-on");
    expect(&scene, B, HOST_NOT_STARTED, "not-begun-yet");
    scene_close(&scene);
}

static void precedence_decides_each_question_apart(void **state)
{
    static const char *const junit_first[] = {"junit", "runlog"};
    struct scene scene;

    (void)state;
    for (int question = QUESTION_COUNTS; question <= QUESTION_TIMING; question++) {
        const struct host_verdict *host;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
        scene_record(&scene,
                     "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                     "\"form\":\"cloud-row\",\"outcome\":\"fail\",\"batch\":1,\"tests\":10,"
                     "\"passed\":9,\"failed\":1,\"pending\":0,\"skipped\":0,\"step\":\"log step\","
                     "\"message\":\"log text\",\"duration\":1");
        scene_end(&scene, "whole");
        scene_source(&scene, "junit", "junit", "/x/xml/test-result-a.xml", A, 2000);
        scene_record(&scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                             "\"form\":\"testcases\",\"outcome\":\"fail\",\"tests\":20,"
                             "\"passed\":19,\"failed\":1,\"pending\":0,\"skipped\":0,"
                             "\"step\":\"log step\",\"message\":\"xml text\",\"duration\":2");
        scene_end(&scene, "whole");
        scene.policy.precedence[question] = junit_first;
        scene.policy.precedence_count[question] = 2;
        host = scene_host(&scene, A);
        assert_int_equal(host->tests, question == QUESTION_COUNTS ? 20 : 10);
        assert_string_equal(host->error, question == QUESTION_EXCERPT ? "xml text" : "log text");
        assert_int_equal(host->duration_ns, question == QUESTION_TIMING ? 2 : 1);
        for (size_t i = 0; i < 2; i++) {
            const struct candidate *candidate = &host->decisions[QUESTION_STEP].candidates[i];

            if (candidate->won)
                assert_string_equal(candidate->source->collector,
                                    question == QUESTION_STEP ? "junit" : "runlog");
        }
        scene_close(&scene);
    }
}

/* The test for which a hook failed is one and the same failure as the hook. */
static void text_of_a_hook_is_that_of_the_test_it_ran_for(void **state)
{
    static const struct {
        const char *named, *other;
        bool is_same;
    } rows[] = {
        {"3. Title", "\\\"before each\\\" hook for \\\"3. Title\\\"", true},
        {"\\\"after each\\\" hook: tidy for \\\"3. Title\\\"", "3. Title", true},
        {"3. Title", "\\\"before each\\\" hook for \\\"13. Title\\\"", false},
        {"3. Title", "a test for \\\"3. Title\\\"", false},
        {"[[ before all #1 ]]", "\\\"before all\\\" hook for \\\"1. First\\\"", true},
        {"\\\"after all\\\" hook for \\\"9. Last\\\"", "[[ after all #1 ]]", true},
        {"[[ before all #1 ]]", "\\\"after all\\\" hook for \\\"9. Last\\\"", false},
        {"\\\"before all\\\" hook", "\\\"before all\\\" hook for \\\"1. First\\\"", false},
    };
    static const char *const json_first[] = {"reporter-json"};
    static const char *const rich_first[] = {"mochawesome"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        scene_source(&scene, "reporter-json", "reporter-json", "/x/logs/a/a.json", A, 2000);
        scene_record(&scene,
                     "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"derived\","
                     "\"outcome\":\"fail\",\"step\":\"%s\",\"message\":\"thin\"",
                     rows[i].named);
        scene_end(&scene, "whole");
        scene_source(&scene, "mochawesome", "mochawesome", "/x/m/a.json", "", 2000);
        scene_record(&scene,
                     "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                     "\"outcome\":\"fail\",\"step\":\"%s\",\"message\":\"rich\"",
                     rows[i].other);
        scene_end(&scene, "whole");
        scene.policy.precedence[QUESTION_STEP] = json_first;
        scene.policy.precedence_count[QUESTION_STEP] = 1;
        scene.policy.precedence[QUESTION_EXCERPT] = rich_first;
        scene.policy.precedence_count[QUESTION_EXCERPT] = 1;
        assert_string_equal(scene_host(&scene, A)->error, rows[i].is_same ? "rich" : "thin");
        scene_close(&scene);
    }
}

static void text_of_another_step_is_not_shown_where_the_named_step_has_one(void **state)
{
    static const char *const junit_first[] = {"junit"};
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_source(&scene, "junit", "junit", "/x/xml/test-result-a.xml", A, 2000);
    scene_record(
        &scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                "\"outcome\":\"fail\",\"step\":\"38. Right\",\"message\":\"md5sum: no such file\"");
    scene_end(&scene, "whole");
    scene_source(&scene, "mochawesome", "mochawesome", "/x/m/a.json", "", 2000);
    scene_record(&scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                         "\"outcome\":\"fail\",\"step\":\"36. Wrong\",\"message\":\"other text\"");
    scene_end(&scene, "whole");
    scene.policy.precedence[QUESTION_STEP] = junit_first;
    scene.policy.precedence_count[QUESTION_STEP] = 1;
    assert_string_equal(scene_host(&scene, A)->step, "38. Right");
    assert_string_equal(scene_host(&scene, A)->error, "md5sum: no such file");
    scene_close(&scene);
}

static void conflict_settled_by_precedence_still_needs_what_every_pass_needs(void **state)
{
    struct scene scene;

    (void)state;
    /* In a categorized run with a log: the row. */
    scene_open(&scene, one);
    scene.policy.categorized = true;
    scene.policy.on_conflict = ON_CONFLICT_PRECEDENCE;
    scene_processes(&scene, 0);
    scene_whole_log(&scene, one, "-");
    scene_source(&scene, "mochawesome", "mochawesome", "/x/m/a.json", "", 2000);
    scene_result(&scene, A, "direct", "test-nodes", "pass", 22, 0);
    scene_end(&scene, "whole");
    scene_junit(&scene, A, 21, 1, 2000);
    expect(&scene, A, HOST_UNKNOWN, "row-of-the-batch-missing");
    scene_close(&scene);
    /* No failure marker against it. */
    scene_open(&scene, one);
    scene.policy.on_conflict = ON_CONFLICT_PRECEDENCE;
    scene_processes(&scene, 0);
    scene_source(&scene, "mochawesome", "mochawesome", "/x/m/a.json", "", 2000);
    scene_result(&scene, A, "direct", "test-nodes", "pass", 22, 0);
    scene_end(&scene, "whole");
    scene_junit(&scene, A, 21, 1, 2000);
    expect(&scene, A, HOST_PASS, "conflict-settled-by-precedence");
    marker(&scene, A, 2000);
    expect(&scene, A, HOST_UNKNOWN, "failure-marker-against-direct-pass");
    scene_close(&scene);
}

static void damaged_newer_file_does_not_take_back_an_older_failure(void **state)
{
    static const char *const qualities[] = {"damaged", "growing"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        scene_whole_log(&scene, one, "p");
        scene_junit(&scene, A, 21, 1, 2000);
        scene_source(&scene, "junit", "junit", "/x/xml/test-result-a.xml", A, 2100);
        scene_record(&scene, "\"claim\":\"host-result\",\"host\":\"" A "\","
                             "\"basis\":\"direct\",\"form\":\"testcases\"");
        scene_end(&scene, qualities[i]);
        expect(&scene, A, HOST_FAIL, "any-direct-failure");
        /* A whole one does. */
        scene_junit(&scene, A, 22, 0, 2200);
        expect(&scene, A, HOST_PASS, "direct-pass");
        scene_close(&scene);
    }
}

static void log_proves_nothing_where_a_direct_source_saw_no_test_executed(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    flow(&scene, A);
    clean_log(&scene, A, "events-custom", "1. First\\n2. Second");
    scene_bookkeeping(&scene, "build", 2500);
    expect(&scene, A, HOST_PASS, "whole-log-proves");
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                         "\"form\":\"cloud-row\",\"outcome\":\"pass\",\"batch\":1,\"tests\":2,"
                         "\"passed\":0,\"failed\":0,\"pending\":2,\"skipped\":0");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    scene_end(&scene, "whole");
    expect(&scene, A, HOST_UNKNOWN, "no-proof");
    scene_close(&scene);
}

/* A log that an earlier run of that name had begun, or a runner that was started again into it. */
static void pass_in_an_earlier_part_of_the_log_is_not_that_of_a_later_attempt(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_result(&scene, A, "direct", "cloud-row", "pass", 22, 0);
    scene_result(&scene, B, "direct", "cloud-row", "pass", 22, 0);
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":2");
    scene_record(&scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":2");
    scene_record(&scene, "\"claim\":\"expected-host\",\"host\":\"" B "\",\"batch\":2");
    scene_record(&scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                         "\"form\":\"cloud-row\",\"outcome\":\"pass\",\"batch\":2,\"tests\":2,"
                         "\"passed\":2,\"failed\":0,\"pending\":0,\"skipped\":0");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":2");
    scene_end(&scene, "whole");
    expect(&scene, A, HOST_PASS, "direct-pass");
    expect(&scene, B, HOST_MISSING, "left-nothing");
    assert_string_equal(scene_host(&scene, B)->decisions[QUESTION_STATUS].candidates[0].rule,
                        "older-part-of-the-log");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_pass_alone_is_a_pass),
        cmocka_unit_test(any_direct_failure_stands_before_every_pass),
        cmocka_unit_test(tests_skipped_by_a_hook_are_a_failure_whatever_the_mark_says),
        cmocka_unit_test(failure_marker_against_a_pass_is_settled_by_the_own_row_only),
        cmocka_unit_test(failure_marker_alone_is_a_failure),
        cmocka_unit_test(pass_that_is_not_consistent_in_itself_proves_nothing),
        cmocka_unit_test(totals_row_that_disagrees_withdraws_the_passes_of_its_table),
        cmocka_unit_test(whole_log_of_a_custom_writer_proves_when_it_covers_the_flow),
        cmocka_unit_test(log_proves_nothing_before_the_end_or_beside_damage_or_a_missing_kind),
        cmocka_unit_test(direct_pass_without_a_row_needs_the_logs_that_others_have),
        cmocka_unit_test(damaged_newest_file_withdraws_an_older_pass_of_its_kind),
        cmocka_unit_test(failure_in_a_damaged_file_is_believed_a_pass_is_not),
        cmocka_unit_test(newest_file_of_a_host_wins),
        cmocka_unit_test(what_lies_outside_the_window_by_any_of_its_times_is_no_evidence),
        cmocka_unit_test(host_without_results_is_told_apart),
        cmocka_unit_test(precedence_decides_each_question_apart),
        cmocka_unit_test(text_of_a_hook_is_that_of_the_test_it_ran_for),
        cmocka_unit_test(text_of_another_step_is_not_shown_where_the_named_step_has_one),
        cmocka_unit_test(conflict_settled_by_precedence_still_needs_what_every_pass_needs),
        cmocka_unit_test(damaged_newer_file_does_not_take_back_an_older_failure),
        cmocka_unit_test(log_proves_nothing_where_a_direct_source_saw_no_test_executed),
        cmocka_unit_test(pass_in_an_earlier_part_of_the_log_is_not_that_of_a_later_attempt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
