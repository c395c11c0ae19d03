/* The reasons that the judge leaves behind: for every source, sign of an end and candidate the rule
 * that took or dropped it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "judge-scene.h"

#define A "atvm1-redhat9.1"
#define B "atvm2-redhat9.1"

#define STEPS "1. First\\n2. Second"

static const char *const one[] = {A, NULL};
static const char *const two[] = {A, B, NULL};

static const struct source_verdict *source(struct scene *scene, const char *path)
{
    const struct verdict *verdict = scene_judge(scene);

    for (size_t i = 0; i < verdict->source_count; i++)
        if (strcmp(verdict->sources[i].source->file.path, path) == 0)
            return &verdict->sources[i];
    fail_msg("%s was not judged", path);
    return NULL;
}

static void expect_source(struct scene *scene, const char *path, enum source_standing standing,
                          const char *rule)
{
    const struct source_verdict *verdict = source(scene, path);

    assert_string_equal(verdict->rule, rule);
    assert_int_equal(verdict->standing, standing);
}

/* The rule of the candidate that a collector's record of that form is. */
static const struct candidate *candidate(const struct decision *decision, const char *collector,
                                         const char *form)
{
    for (size_t i = 0; i < decision->candidate_count; i++) {
        const struct candidate *each = &decision->candidates[i];

        if (strcmp(each->source->collector, collector) == 0 &&
            (!form || strcmp(each->record->form, form) == 0))
            return each;
    }
    fail_msg("%s %s is no candidate", collector, form ? form : "");
    return NULL;
}

static void expect_candidate(struct scene *scene, const char *host, enum question question,
                             const char *collector, const char *form, bool won, const char *rule)
{
    const struct candidate *found =
        candidate(&scene_host(scene, host)->decisions[question], collector, form);

    assert_string_equal(found->rule, rule);
    assert_int_equal(found->won, won);
}

static void flow(struct scene *scene, const char *host)
{
    scene_source(scene, "spec", "spec", "/x/a.ts", NULL, -100);
    scene_record(scene, "\"claim\":\"flow-step\",\"host\":\"%s\",\"step\":\"1. First\"", host);
    scene_record(scene, "\"claim\":\"flow-step\",\"host\":\"%s\",\"step\":\"2. Second\"", host);
    scene_end(scene, "whole");
}

static void clean_log(struct scene *scene, const char *collector, const char *form,
                      const char *steps, int flags)
{
    char *path = memory_format("/x/logs/%s", collector);

    scene_source(scene, collector, collector, path, A, 2000);
    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"derived\","
                 "\"form\":\"%s\",\"outcome\":\"pass\",\"steps\":\"%s\",\"flags\":%d,"
                 "\"tests\":2,\"passed\":2,\"failed\":0,\"pending\":0,\"skipped\":0",
                 form, steps, flags);
    scene_end(scene, "whole");
    free(path);
}

/* ---------------------------------------------------------------- sources */

static void a_stale_source_names_the_time_that_lies_outside(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_junit(&scene, A, 22, 0, -5);
    expect_source(&scene, "/x/xml/test-result-" A "--5.xml", SOURCE_STALE,
                  "file-time-outside-window");
    assert_true(source(&scene, "/x/xml/test-result-" A "--5.xml")->outside_ns ==
                (SCENE_START - 5) * INT64_C(1000000000));
    scene_source(&scene, "mochawesome", "mochawesome", "/x/m.json", A, 2000);
    scene_record(&scene,
                 "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                 "\"form\":\"test-nodes\",\"outcome\":\"pass\",\"tests\":1,\"passed\":1,"
                 "\"failed\":0,\"pending\":0,\"skipped\":0,\"started\":%lld",
                 (long long)((SCENE_START - 86400) * INT64_C(1000000000)));
    scene_end(&scene, "whole");
    expect_source(&scene, "/x/m.json", SOURCE_STALE, "embedded-time-outside-window");
    assert_true(source(&scene, "/x/m.json")->outside_ns ==
                (SCENE_START - 86400) * INT64_C(1000000000));
    scene_close(&scene);
}

static void a_damaged_source_names_the_hosts_it_may_belong_to(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_source(&scene, "junit", "junit", "/x/xml/a.xml", A, 2000);
    scene_end(&scene, "damaged");
    scene_source(&scene, "junit", "junit", "/x/xml/b.xml", "0123456789abcdef", 2000);
    scene_end(&scene, "growing");
    expect_source(&scene, "/x/xml/a.xml", SOURCE_DAMAGED, "damaged-source");
    assert_int_equal(source(&scene, "/x/xml/a.xml")->host_count, 1);
    assert_string_equal(source(&scene, "/x/xml/a.xml")->hosts[0], A);
    expect_source(&scene, "/x/xml/b.xml", SOURCE_DAMAGED, "still-growing");
    assert_int_equal(source(&scene, "/x/xml/b.xml")->host_count, 2);
    scene_close(&scene);
}

static void sources_of_other_runs_are_told_from_our_own(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    scene_junit(&scene, "atvm9-suse15.0", 22, 0, 2000);
    scene_bookkeeping(&scene, "another", 2100);
    scene_bookkeeping(&scene, "build", 2100);
    scene_source(&scene, "junit", "junit", "/x/xml/empty.xml", NULL, 2000);
    scene_end(&scene, "whole");
    expect_source(&scene, "/x/xml/test-result-" A "-2000.xml", SOURCE_COUNTS, "in-the-window");
    assert_int_equal(source(&scene, "/x/xml/test-result-" A "-2000.xml")->host_count, 1);
    expect_source(&scene, "/x/xml/test-result-atvm9-suse15.0-2000.xml", SOURCE_STRANGE,
                  "names-only-other-hosts");
    expect_source(&scene, "/x/xml/test-result-another.xml", SOURCE_STRANGE, "names-another-build");
    expect_source(&scene, "/x/xml/test-result-build.xml", SOURCE_COUNTS, "bookkeeping-only-xml");
    expect_source(&scene, "/x/xml/empty.xml", SOURCE_COUNTS, "says-nothing");
    expect_source(&scene, "/proc", SOURCE_COUNTS, "has-no-window");
    scene_close(&scene);
}

static void a_sub_runs_xml_is_none_of_another_build(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene.policy.categorized = true;
    scene_bookkeeping(&scene, "build-redhat", 2100);
    scene_bookkeeping(&scene, "buildredhat", 2100);
    expect_source(&scene, "/x/xml/test-result-build-redhat.xml", SOURCE_COUNTS,
                  "bookkeeping-only-xml");
    expect_source(&scene, "/x/xml/test-result-buildredhat.xml", SOURCE_STRANGE,
                  "names-another-build");
    scene_close(&scene);
}

/* ---------------------------------------------------------------- the end of a scope */

static void expect_end(struct scene *scene, const char *rule)
{
    assert_string_equal(scene_judge(scene)->scopes[0].end.rule, rule);
}

static void expect_sign(struct scene *scene, const char *collector, const char *form, bool won,
                        const char *rule)
{
    const struct candidate *sign = candidate(&scene_judge(scene)->scopes[0].end, collector, form);

    assert_string_equal(sign->rule, rule);
    assert_int_equal(sign->won, won);
}

static void nothing_shows_an_end_that_has_not_come(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    expect_end(&scene, "no-end-proof");
    assert_int_equal(scene.verdict->scopes[0].end.candidate_count, 0);
    assert_true(scene.verdict->runner.looked);
    assert_false(scene.verdict->runner.alive);
    scene_close(&scene);
}

static void an_end_in_the_log_stands_until_the_log_goes_on(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"form\":\"recorded-run\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"host-started\",\"host\":\"" A "\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"form\":\"upload-confirmed\",\"batch\":1");
    scene_end(&scene, "whole");
    expect_end(&scene, "log-shows-the-end");
    expect_sign(&scene, "runlog", "recorded-run", false, "the-log-goes-on-after-it");
    expect_sign(&scene, "runlog", "upload-confirmed", true, "log-shows-the-end");
    scene_close(&scene);
}

static void an_interrupt_stands_before_a_bookkeeping_xml(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"interrupted\",\"form\":\"kill\",\"batch\":1,\"text\":\"^C\"");
    scene_end(&scene, "whole");
    scene_bookkeeping(&scene, NULL, 3100);
    expect_end(&scene, "log-ends-in-interrupt");
    expect_sign(&scene, "runlog", "kill", true, "log-ends-in-interrupt");
    expect_sign(&scene, "junit", NULL, false, "interrupt-stands-before-xml");
    scene_close(&scene);
}

static void a_bookkeeping_xml_shows_the_end_of_its_own_scope_only(void **state)
{
    static const struct {
        const char *scope;
        int mtime;
        bool won;
        const char *rule;
    } rows[] = {
        {"build", 2100, true, "bookkeeping-xml-shows-the-end"},
        {NULL, 2100, true, "bookkeeping-xml-shows-the-end"},
        {"build", 1900, false, "older-than-the-last-artifact"},
        {"another", 2100, false, "names-another-scope"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        scene_junit(&scene, A, 22, 0, 2000);
        scene_bookkeeping(&scene, rows[i].scope, rows[i].mtime);
        expect_sign(&scene, "junit", "bookkeeping-xml", rows[i].won, rows[i].rule);
        expect_end(&scene, rows[i].won ? rows[i].rule : "no-end-proof");
        scene_close(&scene);
    }
}

static void the_run_has_the_rule_of_the_sub_run_it_has_its_state_from(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_whole_log(&scene, two, "pf");
    assert_string_equal(scene_judge(&scene)->rule, "ended-with-failures");
    scene.policy.categorized = true;
    assert_string_equal(scene_judge(&scene)->rule, scene.verdict->scopes[0].rule);
    scene_close(&scene);
}

/* ---------------------------------------------------------------- who answers */

static void the_row_wins_where_the_row_decides_whatever_is_preferred(void **state)
{
    static const char *const junit_first[] = {"junit", "runlog"};
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene.policy.precedence[QUESTION_STATUS] = junit_first;
    scene.policy.precedence_count[QUESTION_STATUS] = 2;
    scene_junit(&scene, A, 22, 0, 2000);
    scene_whole_log(&scene, one, "p");
    expect_candidate(&scene, A, QUESTION_STATUS, "junit", NULL, true, "direct-pass");
    scene_source(&scene, "reporter-json", "reporter-json", "/x/logs/a.json", A, 2000);
    scene_result(&scene, A, "derived", "events-custom", "fail", 21, 1);
    scene_end(&scene, "whole");
    expect_candidate(&scene, A, QUESTION_STATUS, "runlog", "cloud-row", true, "own-row-decides");
    expect_candidate(&scene, A, QUESTION_STATUS, "junit", NULL, false, "lower-precedence");
    expect_candidate(&scene, A, QUESTION_STATUS, "reporter-json", NULL, false, "other-outcome");
    scene_close(&scene);
}

static void the_log_that_proves_wins_not_one_that_only_agrees(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    flow(&scene, A);
    clean_log(&scene, "reporter-json", "events-built-in", STEPS, 0);
    clean_log(&scene, "reporter-txt", "text-custom", STEPS, 0);
    scene_bookkeeping(&scene, "build", 2100);
    assert_string_equal(scene_host(&scene, A)->rule, "whole-log-proves");
    expect_candidate(&scene, A, QUESTION_STATUS, "reporter-txt", NULL, true, "whole-log-proves");
    expect_candidate(&scene, A, QUESTION_STATUS, "reporter-json", NULL, false, "lower-precedence");
    assert_string_equal(scene_host(&scene, A)->sources[0], "reporter-txt");
    scene_close(&scene);
}

static void a_log_that_proves_nothing_says_why(void **state)
{
    static const struct {
        const char *form, *steps;
        int flags;
        bool has_flow, has_end, has_damage, has_other_kind;
        const char *rule;
    } rows[] = {
        {"events-built-in", STEPS, 0, true, true, false, false, "built-in-log-proves-nothing"},
        {"events-custom", STEPS, 2, true, true, false, false, "log-with-a-doubt"},
        {"events-custom", STEPS, 0, false, true, false, false, "flow-not-known"},
        {"events-custom", "1. First", 0, true, true, false, false, "log-lacks-steps-of-the-flow"},
        {"events-custom", STEPS, 0, true, false, false, false, "no-end-proof"},
        {"events-custom", STEPS, 0, true, true, true, false, "damage-bars-the-proof"},
        {"events-custom", STEPS, 0, true, true, false, true, "missing-kind-bars-the-proof"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, two);
        scene_processes(&scene, 0);
        if (rows[i].has_flow)
            flow(&scene, A);
        clean_log(&scene, "reporter-json", rows[i].form, rows[i].steps, rows[i].flags);
        if (rows[i].has_damage) {
            scene_source(&scene, "mochawesome", "mochawesome", "/x/m.html", NULL, 2000);
            scene_end(&scene, "damaged");
        }
        if (rows[i].has_other_kind)
            scene_junit(&scene, B, 22, 0, 2000);
        if (rows[i].has_end)
            scene_bookkeeping(&scene, "build", 2100);
        assert_int_equal(scene_host(&scene, A)->status, HOST_UNKNOWN);
        expect_candidate(&scene, A, QUESTION_STATUS, "reporter-json", NULL, false, rows[i].rule);
        scene_close(&scene);
    }
}

static void a_host_names_the_kinds_that_it_lacks(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    scene_junit(&scene, B, 22, 0, 2000);
    clean_log(&scene, "reporter-json", "events-custom", STEPS, 0);
    assert_int_equal(scene_host(&scene, A)->lacking_count, 0);
    assert_int_equal(scene_host(&scene, B)->lacking_count, 1);
    assert_string_equal(scene_host(&scene, B)->lacking[0], "reporter-json");
    scene_close(&scene);
}

static void undecided_candidates_carry_the_rule_that_left_them_undecided(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    scene_source(&scene, "reporter-json", "reporter-json", "/x/logs/a.json", A, 2000);
    scene_result(&scene, A, "derived", "events-custom", "fail", 21, 1);
    scene_end(&scene, "whole");
    expect_candidate(&scene, A, QUESTION_STATUS, "junit", NULL, false,
                     "failure-marker-against-direct-pass");
    expect_candidate(&scene, A, QUESTION_STATUS, "reporter-json", NULL, false,
                     "failure-marker-against-direct-pass");
    scene_close(&scene);
}

static void failing(struct scene *scene, const char *collector, const char *step,
                    const char *message)
{
    char *path = memory_format("/x/%s", collector);

    scene_source(scene, collector, collector, path, A, 2000);
    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                 "\"form\":\"f\",\"outcome\":\"fail\",\"step\":\"%s\"%s%s%s",
                 step, message ? ",\"message\":\"" : "", message ? message : "",
                 message ? "\"" : "");
    scene_end(scene, "whole");
    free(path);
}

static void the_text_is_that_of_the_step_that_is_named(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    failing(&scene, "mochawesome", "1. First", NULL);
    failing(&scene, "junit", "2. Second", "of the second");
    failing(&scene, "reporter-json", "1. First", "of the first");
    expect_candidate(&scene, A, QUESTION_STEP, "mochawesome", NULL, true, "precedence");
    expect_candidate(&scene, A, QUESTION_EXCERPT, "mochawesome", NULL, false, "no-failure-text");
    expect_candidate(&scene, A, QUESTION_EXCERPT, "junit", NULL, false, "text-of-another-step");
    expect_candidate(&scene, A, QUESTION_EXCERPT, "reporter-json", NULL, true, "precedence");
    scene_close(&scene);
}

static void where_no_text_is_of_the_step_the_most_believed_stands(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    failing(&scene, "mochawesome", "1. First", NULL);
    failing(&scene, "junit", "2. Second", "of the second");
    failing(&scene, "reporter-json", "3. Third", "of the third");
    expect_candidate(&scene, A, QUESTION_EXCERPT, "junit", NULL, true, "precedence");
    expect_candidate(&scene, A, QUESTION_EXCERPT, "reporter-json", NULL, false, "lower-precedence");
    scene_close(&scene);
}

static void timed(struct scene *scene, const char *collector, const char *times)
{
    char *path = memory_format("/x/%s", collector);

    scene_source(scene, collector, collector, path, A, 2000);
    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                 "\"form\":\"f\",\"outcome\":\"pass\",\"tests\":1,\"passed\":1,\"failed\":0,"
                 "\"pending\":0,\"skipped\":0%s",
                 times);
    scene_end(scene, "whole");
    free(path);
}

static void who_fills_in_a_time_is_named_as_a_source(void **state)
{
    char *start = memory_format(",\"started\":%lld,\"duration\":7000000000",
                                (long long)((SCENE_START + 100) * INT64_C(1000000000)));
    struct scene scene;
    const struct host_verdict *host;
    bool named = false;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    timed(&scene, "mochawesome", ",\"duration\":8000000000");
    timed(&scene, "junit", start);
    timed(&scene, "reporter-json", start);
    expect_candidate(&scene, A, QUESTION_TIMING, "mochawesome", NULL, true, "precedence");
    expect_candidate(&scene, A, QUESTION_TIMING, "junit", NULL, false,
                     "fills-in-what-the-winner-lacks");
    expect_candidate(&scene, A, QUESTION_TIMING, "reporter-json", NULL, false, "lower-precedence");
    host = scene_host(&scene, A);
    assert_true(host->duration_ns == INT64_C(8000000000));
    assert_true(host->started_ns == (SCENE_START + 100) * INT64_C(1000000000));
    for (size_t i = 0; i < host->source_count; i++)
        named |= strcmp(host->sources[i], "junit") == 0;
    assert_true(named);
    assert_int_equal(host->source_count, 2);
    scene_close(&scene);
    free(start);
}

static void times_of_another_duration_fill_in_nothing(void **state)
{
    static const struct {
        const char *duration; /* the other has 961 s */
        const char *rule;
    } rows[] = {
        {"1201000000000", "fills-in-what-the-winner-lacks"},
        {"1202000000000", "times-of-another-duration"},
        {"720000000000", "times-of-another-duration"},
        {"721000000000", "fills-in-what-the-winner-lacks"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *start =
            memory_format(",\"started\":%lld,\"duration\":%s",
                          (long long)((SCENE_START + 100) * INT64_C(1000000000)), rows[i].duration);
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        timed(&scene, "mochawesome", ",\"duration\":961000000000");
        timed(&scene, "junit", start);
        expect_candidate(&scene, A, QUESTION_TIMING, "junit", NULL, false, rows[i].rule);
        scene_close(&scene);
        free(start);
    }
}

static void times_of_another_outcome_fill_in_nothing(void **state)
{
    char *start = memory_format(",\"started\":%lld,\"duration\":1500000000000",
                                (long long)((SCENE_START + 100) * INT64_C(1000000000)));
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_source(&scene, "mochawesome", "mochawesome", "/x/mochawesome", A, 2000);
    scene_record(&scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                         "\"form\":\"f\",\"outcome\":\"fail\",\"tests\":1,\"passed\":0,"
                         "\"failed\":1,\"pending\":0,\"skipped\":0,\"duration\":8000000000");
    scene_end(&scene, "whole");
    timed(&scene, "junit", start);
    expect_candidate(&scene, A, QUESTION_TIMING, "junit", NULL, false, "times-of-another-outcome");
    assert_int_equal(scene_host(&scene, A)->status, HOST_FAIL);
    assert_true(scene_host(&scene, A)->duration_ns == INT64_C(8000000000));
    assert_int_equal(scene_host(&scene, A)->started_ns, -1);
    scene_close(&scene);
    free(start);
}

static void counts_of_a_part_of_the_flow_do_not_count(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    flow(&scene, A);
    clean_log(&scene, "reporter-json", "events-custom", "1. First", 0);
    expect_candidate(&scene, A, QUESTION_COUNTS, "reporter-json", NULL, false,
                     "log-does-not-cover-the-flow");
    assert_string_equal(scene_host(&scene, A)->decisions[QUESTION_COUNTS].rule, "nobody");
    expect_candidate(&scene, A, QUESTION_FLOW, "spec", NULL, true, "steps-of-the-spec");
    assert_int_equal(scene_host(&scene, A)->decisions[QUESTION_FLOW].candidate_count, 1);
    scene_close(&scene);
}

/* Who reads the reason should know who failed without looking further, unless half the lab did. */
static void the_reason_names_up_to_five_hosts(void **state)
{
    static const char *const hosts[] = {"a-x1", "b-x1", "c-x1", "d-x1",
                                        "e-x1", "f-x1", "g-x1", NULL};
    static const struct {
        const char *outcomes, *reason;
    } rows[] = {
        {"pfpfppp", "2 of 7 hosts failed: b-x1, d-x1"},
        {"fffffpp", "5 of 7 hosts failed: a-x1, b-x1, c-x1, d-x1, e-x1"},
        {"fffffff", "7 of 7 hosts failed: a-x1, b-x1, c-x1, d-x1, e-x1 and 2 more"},
        {"fpppp--",
         "it has ended, but there is no result of f-x1 (NOT STARTED), g-x1 (NOT STARTED)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, hosts);
        scene_processes(&scene, 0);
        scene_whole_log(&scene, hosts, rows[i].outcomes);
        assert_string_equal(scene_judge(&scene)->reason, rows[i].reason);
        scene_close(&scene);
    }
}

static void a_silence_is_told_in_hours(void **state)
{
    static const struct {
        int now;
        const char *words;
    } rows[] = {
        {3000 + 7200, "the runner (process 4711) is alive, but log and artifacts have not changed "
                      "for 2h 0m"},
        {3000 + 21900, "the runner (process 4711) is alive, but log and artifacts have not changed "
                       "for 6h 5m"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 4711);
        scene_junit(&scene, A, 1, 0, 3000);
        scene.now = rows[i].now;
        assert_string_equal(scene_judge(&scene)->reason, rows[i].words);
        scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_source_names_the_time_that_lies_outside),
        cmocka_unit_test(a_damaged_source_names_the_hosts_it_may_belong_to),
        cmocka_unit_test(sources_of_other_runs_are_told_from_our_own),
        cmocka_unit_test(a_sub_runs_xml_is_none_of_another_build),
        cmocka_unit_test(nothing_shows_an_end_that_has_not_come),
        cmocka_unit_test(an_end_in_the_log_stands_until_the_log_goes_on),
        cmocka_unit_test(an_interrupt_stands_before_a_bookkeeping_xml),
        cmocka_unit_test(a_bookkeeping_xml_shows_the_end_of_its_own_scope_only),
        cmocka_unit_test(the_run_has_the_rule_of_the_sub_run_it_has_its_state_from),
        cmocka_unit_test(the_row_wins_where_the_row_decides_whatever_is_preferred),
        cmocka_unit_test(the_log_that_proves_wins_not_one_that_only_agrees),
        cmocka_unit_test(a_log_that_proves_nothing_says_why),
        cmocka_unit_test(a_host_names_the_kinds_that_it_lacks),
        cmocka_unit_test(undecided_candidates_carry_the_rule_that_left_them_undecided),
        cmocka_unit_test(the_text_is_that_of_the_step_that_is_named),
        cmocka_unit_test(where_no_text_is_of_the_step_the_most_believed_stands),
        cmocka_unit_test(who_fills_in_a_time_is_named_as_a_source),
        cmocka_unit_test(times_of_another_outcome_fill_in_nothing),
        cmocka_unit_test(times_of_another_duration_fill_in_nothing),
        cmocka_unit_test(counts_of_a_part_of_the_flow_do_not_count),
        cmocka_unit_test(the_reason_names_up_to_five_hosts),
        cmocka_unit_test(a_silence_is_told_in_hours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
