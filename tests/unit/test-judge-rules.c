/* What every rule looks like at work: one scene each for those that the other tests show by their
 * outcome only. test-explain sees to it that no rule is left without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "judge-scene.h"

#define A "atvm1-redhat9.1"
#define B "atvm2-ubuntu24.04"

static const char *const one[] = {A, NULL};
static const char *const two[] = {A, B, NULL};
static const char *const nobody[] = {NULL};

/* ---------------------------------------------------------------- scenes */

static void artifact(struct scene *scene, const char *collector, const char *form,
                     const char *outcome, const char *counts, int mtime)
{
    scene_source(scene, collector, collector, "/x/a", A, mtime);
    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"%s\",\"form\":\"%s\","
                 "\"outcome\":\"%s\"%s",
                 strncmp(form, "events", 6) == 0 ? "derived" : "direct", form, outcome, counts);
    scene_end(scene, "whole");
}

static void name_of_another_day(struct scene *scene)
{
    scene_named_source(scene, "reporter-json", "/x/a_2026-04-09T13-40-00.json", A, 2000, -600000);
    scene_result(scene, A, "derived", "events-custom", "pass", 22, 0);
    scene_end(scene, "whole");
}

static void two_files_of_a_kind(struct scene *scene)
{
    scene_junit(scene, A, 21, 1, 1000);
    scene_junit(scene, A, 22, 0, 2000);
}

static void damage_after_a_pass(struct scene *scene)
{
    scene_junit(scene, A, 22, 0, 1000);
    scene_source(scene, "junit", "junit", "/x/test-result-" A ".xml", A, 2000);
    scene_end(scene, "damaged");
}

static void pass_without_counts(struct scene *scene)
{
    artifact(scene, "junit", "testcases", "pass", ",\"tests\":22,\"passed\":22", 2000);
}

static void pass_whose_counts_disagree(struct scene *scene)
{
    artifact(scene, "junit", "testcases", "pass",
             ",\"tests\":22,\"passed\":21,\"failed\":0,\"pending\":0,\"skipped\":0", 2000);
}

static void host_all_of_whose_tests_are_pending(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_source(scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":1");
    scene_record(scene, "\"claim\":\"host-started\",\"host\":\"" A "\",\"batch\":1");
    scene_record(scene, "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\","
                        "\"form\":\"cloud-row\",\"outcome\":\"pass\",\"batch\":1,\"tests\":22,"
                        "\"passed\":0,\"failed\":0,\"pending\":22,\"skipped\":0");
    scene_record(scene, "\"claim\":\"scope-ended\",\"form\":\"recorded-run\",\"batch\":1");
    scene_end(scene, "whole");
}

static void batch_in_the_log(struct scene *scene, int runner)
{
    scene->policy.categorized = true;
    scene_processes(scene, runner);
    scene_log_part(scene, 1, 3000);
    scene_record(scene, "\"claim\":\"scope-started\",\"batch\":1,\"scope\":\"build-redhat\"");
    scene_record(scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":1");
    scene_record(scene, "\"claim\":\"host-started\",\"host\":\"" A "\",\"batch\":1");
    scene_end(scene, "whole");
}

static void pass_before_its_row(struct scene *scene)
{
    batch_in_the_log(scene, 41);
    scene_junit(scene, A, 22, 0, 2900);
}

static void steps_of(struct scene *scene)
{
    scene_source(scene, "spec", "spec", "/x/a.ts", NULL, -100);
    scene_record(scene, "\"claim\":\"flow-step\",\"host\":\"" A "\",\"step\":\"1. First\"");
    scene_end(scene, "whole");
}

static void whole_log(struct scene *scene)
{
    artifact(scene, "reporter-json", "events-custom", "pass", ",\"steps\":\"1. First\"", 2000);
    steps_of(scene);
}

static void whole_log_without_its_row(struct scene *scene)
{
    batch_in_the_log(scene, 0);
    scene_bookkeeping(scene, "build-redhat", 3100);
    whole_log(scene);
}

static void pass_before_its_own_log(struct scene *scene)
{
    scene_processes(scene, 41);
    scene_junit(scene, A, 22, 0, 2000);
    scene_source(scene, "reporter-json", "reporter-json", "/x/b.json", B, 2000);
    scene_result(scene, B, "derived", "events-custom", "pass", 22, 0);
    scene_end(scene, "whole");
}

static void log_beside_a_report_of_nothing(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_bookkeeping(scene, "build", 3000);
    artifact(scene, "junit", "testcases", "pass",
             ",\"tests\":1,\"passed\":0,\"failed\":0,\"pending\":1,\"skipped\":0", 2000);
    whole_log(scene);
}

static void source_without_any_answer(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_bookkeeping(scene, "build", 3000);
    artifact(scene, "junit", "testcases", "none", "", 2000);
}

static void failure_without_a_step(struct scene *scene)
{
    artifact(scene, "junit", "testcases", "fail", "", 2000);
}

static void nothing_at_all(struct scene *scene)
{
    scene_processes(scene, 0);
}

static void runner_that_goes_on(struct scene *scene)
{
    scene_processes(scene, 41);
    scene_junit(scene, A, 22, 0, 3500);
}

static void runner_that_is_silent(struct scene *scene)
{
    runner_that_goes_on(scene);
    scene->now = 3500 + 7200;
}

static void runner_that_is_gone(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_junit(scene, A, 22, 0, 3500);
}

static void log_that_is_long(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_log_part(scene, 1, 2000);
    scene_row(scene, A, "pass", 1);
    scene_end(scene, "growing");
    scene_pass(scene, "runlog", "again");
    scene_bookkeeping(scene, "build", 2500);
}

static void end_in_which_all_passed(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_whole_log(scene, one, "p");
}

static void end_without_a_row(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_whole_log(scene, one, "-");
}

static void end_that_names_nobody(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_bookkeeping(scene, "build", 3000);
}

static void operator_who_cancels(struct scene *scene)
{
    end_in_which_all_passed(scene);
    scene->policy.cancelled = true;
}

static void cancellation_in_the_cloud(struct scene *scene)
{
    scene_processes(scene, 0);
    scene_log_part(scene, 1, 3000);
    scene_record(scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":1");
    scene_record(scene, "\"claim\":\"cancelled\",\"text\":\"by user\",\"batch\":1");
    scene_end(scene, "whole");
}

static void sub_run_that_leaves_a_host_behind(struct scene *scene)
{
    scene->policy.categorized = true;
    scene_processes(scene, 0);
    scene_log_part(scene, 1, 3000);
    scene_record(scene, "\"claim\":\"scope-started\",\"batch\":1,\"scope\":\"build-redhat\"");
    scene_record(scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":1");
    scene_row(scene, A, "pass", 1);
    scene_record(scene, "\"claim\":\"scope-ended\",\"form\":\"recorded-run\",\"batch\":1");
    scene_end(scene, "whole");
}

/* ---------------------------------------------------------------- where a rule stands */

static bool stands_in(const struct decision *decision, const char *rule)
{
    for (size_t i = 0; i < decision->candidate_count; i++)
        if (strcmp(decision->candidates[i].rule, rule) == 0)
            return true;
    return false;
}

static bool source_has(const struct verdict *verdict, const char *rule)
{
    for (size_t i = 0; i < verdict->source_count; i++)
        if (strcmp(verdict->sources[i].rule, rule) == 0)
            return true;
    return false;
}

#define A_SOURCE QUESTION_COUNT

/* A rule that drops or passes over a candidate (or a source: A_SOURCE), and what the host is then.
 */
static void what_takes_no_part_says_which_rule_forbids_it(void **state)
{
    static const struct {
        const char *rule;
        void (*build)(struct scene *scene);
        const char *const *hosts;
        enum question question;
        enum host_status status;
    } rows[] = {
        {"name-time-outside-window", name_of_another_day, one, A_SOURCE, HOST_NOT_STARTED},
        {"older-file-of-its-kind", two_files_of_a_kind, one, QUESTION_STATUS, HOST_PASS},
        {"damaged-newest-of-its-kind", damage_after_a_pass, one, QUESTION_STATUS, HOST_RUNNING},
        {"counts-unreadable", pass_without_counts, one, QUESTION_STATUS, HOST_RUNNING},
        {"counts-do-not-add-up", pass_whose_counts_disagree, one, QUESTION_STATUS, HOST_RUNNING},
        {"zero-tests-executed", host_all_of_whose_tests_are_pending, one, QUESTION_STATUS,
         HOST_MISSING},
        {"nothing-executed-bars-the-proof", log_beside_a_report_of_nothing, one, QUESTION_STATUS,
         HOST_UNKNOWN},
        {"log-without-its-row", whole_log_without_its_row, one, QUESTION_STATUS, HOST_UNKNOWN},
        {"no-outcome", source_without_any_answer, one, QUESTION_STATUS, HOST_UNKNOWN},
        {"no-counts", source_without_any_answer, one, QUESTION_COUNTS, HOST_UNKNOWN},
        {"no-times", source_without_any_answer, one, QUESTION_TIMING, HOST_UNKNOWN},
        {"no-failing-step", failure_without_a_step, one, QUESTION_STEP, HOST_FAIL},
        {"no-failure-text", failure_without_a_step, one, QUESTION_EXCERPT, HOST_FAIL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct host_verdict *host;
        struct scene scene;

        scene_open(&scene, rows[i].hosts);
        rows[i].build(&scene);
        host = scene_host(&scene, A);
        if (rows[i].question == A_SOURCE
                ? !source_has(scene.verdict, rows[i].rule)
                : !stands_in(&host->decisions[rows[i].question], rows[i].rule))
            fail_msg("no candidate has the rule %s", rows[i].rule);
        if (host->status != rows[i].status)
            fail_msg("%s: %s, expected %s", rows[i].rule, host_status_name(host->status),
                     host_status_name(rows[i].status));
        scene_close(&scene);
    }
}

static void host_that_is_waited_for_says_for_what(void **state)
{
    static const struct {
        const char *rule;
        void (*build)(struct scene *scene);
        const char *const *hosts;
    } rows[] = {
        {"row-of-the-batch-may-come", pass_before_its_row, one},
        {"log-of-the-host-may-come", pass_before_its_own_log, two},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, rows[i].hosts);
        rows[i].build(&scene);
        assert_string_equal(scene_host(&scene, A)->rule, rows[i].rule);
        assert_int_equal(scene_host(&scene, A)->status, HOST_RUNNING);
        scene_close(&scene);
    }
}

static void state_of_a_run_has_its_rule(void **state)
{
    static const struct {
        const char *rule;
        void (*build)(struct scene *scene);
        const char *const *hosts;
        enum run_state state;
    } rows[] = {
        {"cancelled-by-operator", operator_who_cancels, one, STATE_CANCELLED},
        {"cancelled-in-the-log", cancellation_in_the_cloud, one, STATE_CANCELLED},
        {"log-not-read-yet", log_that_is_long, one, STATE_RUNNING},
        {"ended-all-passed", end_in_which_all_passed, one, STATE_COMPLETED},
        {"ended-without-result", end_without_a_row, one, STATE_UNKNOWN},
        {"ended-without-result", host_all_of_whose_tests_are_pending, one, STATE_UNKNOWN},
        {"ended-without-hosts", end_that_names_nobody, nobody, STATE_UNKNOWN},
        {"going-on", runner_that_goes_on, two, STATE_RUNNING},
        {"silent", runner_that_is_silent, two, STATE_HUNG},
        {"runner-gone-without-end", runner_that_is_gone, one, STATE_TERMINATED},
        {"runner-never-seen", nothing_at_all, one, STATE_UNKNOWN},
        {"hosts-of-no-sub-run", sub_run_that_leaves_a_host_behind, two, STATE_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct verdict *verdict;
        struct scene scene;

        scene_open(&scene, rows[i].hosts);
        rows[i].build(&scene);
        verdict = scene_judge(&scene);
        if (strcmp(verdict->rule, rows[i].rule) != 0 || verdict->state != rows[i].state)
            fail_msg("%s, %s: expected %s, %s", run_state_name(verdict->state), verdict->rule,
                     run_state_name(rows[i].state), rows[i].rule);
        scene_close(&scene);
    }
}

static void run_of_which_nothing_was_seen_waits_for_its_runner(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    nothing_at_all(&scene);
    scene.now = 599;
    assert_string_equal(scene_judge(&scene)->rule, "waiting-for-the-runner");
    scene_close(&scene);
}

/* No source can tell that a host was skipped on purpose: pending tests only show that none ran
 * (R1.2). Who was left out by the operator is not expected in the first place. */
static void no_evidence_makes_a_host_skipped(void **state)
{
    static void (*const scenes[])(struct scene * scene) = {
        host_all_of_whose_tests_are_pending, end_without_a_row, source_without_any_answer,
        log_beside_a_report_of_nothing, cancellation_in_the_cloud};

    (void)state;
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        struct scene scene;

        scene_open(&scene, one);
        scenes[i](&scene);
        assert_false(host_status_is_final(scene_host(&scene, A)->status));
        assert_int_not_equal(scene.verdict->state, STATE_COMPLETED);
        scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_takes_no_part_says_which_rule_forbids_it),
        cmocka_unit_test(host_that_is_waited_for_says_for_what),
        cmocka_unit_test(state_of_a_run_has_its_rule),
        cmocka_unit_test(run_of_which_nothing_was_seen_waits_for_its_runner),
        cmocka_unit_test(no_evidence_makes_a_host_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
