/* The state of a run and of its scopes: spec R1.5, R1.6, and transition(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "clock.h"
#include "judge-scene.h"

#define A "atvm1-redhat9.1"
#define B "atvm2-ubuntu24.04"
#define C "atvm3-redhat9.2"

static const char *const two[] = {A, B, NULL};

static void expect(struct scene *scene, enum run_state state, bool post)
{
    const struct verdict *verdict = scene_judge(scene);

    if (verdict->state != state)
        fail_msg("%s (%s), expected %s", run_state_name(verdict->state), verdict->reason,
                 run_state_name(state));
    if (!verdict->categorized)
        assert_int_equal(verdict->scopes[0].post, post);
}

static void ended_run_is_what_its_hosts_are(void **state)
{
    static const struct {
        const char *outcomes;
        enum run_state state;
    } rows[] = {{"pp", STATE_COMPLETED}, {"pf", STATE_FAILED},  {"ff", STATE_FAILED},
                {"p-", STATE_UNKNOWN},   {"f-", STATE_UNKNOWN}, {"--", STATE_UNKNOWN}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, two);
        scene_processes(&scene, 0);
        scene_whole_log(&scene, two, rows[i].outcomes);
        expect(&scene, rows[i].state,
               rows[i].state == STATE_COMPLETED || rows[i].state == STATE_FAILED);
        assert_string_equal(scene.verdict->run_url, "https://example.invalid/run/1");
        scene_close(&scene);
    }
}

static void nothing_seen_is_running_until_the_grace_is_over(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene.now = 599;
    expect(&scene, STATE_RUNNING, false);
    scene.now = 600;
    expect(&scene, STATE_UNKNOWN, false);
    scene.policy.runner_seen = true;
    expect(&scene, STATE_TERMINATED, false);
    scene_close(&scene);
}

static void processes_that_could_not_be_looked_at_are_never_no_runner(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_whole_log(&scene, two, "pp");
    scene.now = 3000 + 299;
    expect(&scene, STATE_RUNNING, false);
    scene.now = 3000 + 300;
    expect(&scene, STATE_COMPLETED, true);
    assert_int_equal(scene.verdict->scopes[0].note_count, 1);
    scene_close(&scene);

    scene_open(&scene, two);
    scene_junit(&scene, A, 22, 0, 100);
    scene.now = 3600;
    expect(&scene, STATE_RUNNING, false);
    scene_close(&scene);
}

static void silent_runner_is_hung_after_the_window(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 41);
    scene_junit(&scene, A, 22, 0, 100);
    scene.now = 100 + 7199;
    expect(&scene, STATE_RUNNING, false);
    scene.now = 100 + 7200;
    expect(&scene, STATE_HUNG, false);
    /* It comes back. */
    scene_junit(&scene, B, 22, 0, 100 + 7200);
    expect(&scene, STATE_RUNNING, false);
    scene_whole_log(&scene, two, "pp");
    scene_processes(&scene, 0);
    expect(&scene, STATE_COMPLETED, true);
    scene_close(&scene);
}

static void runner_that_stays_after_the_upload_gets_time_then_a_note(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 41);
    scene_whole_log(&scene, two, "pf");
    scene.now = 3000 + 299;
    expect(&scene, STATE_RUNNING, false);
    scene.now = 3000 + 300;
    expect(&scene, STATE_FAILED, true);
    assert_non_null(strstr(scene.verdict->scopes[0].notes[0], "runner did not exit"));
    assert_non_null(strstr(scene.verdict->scopes[0].notes[0], "41"));
    scene_close(&scene);
    /* Results that are not final give it no end. */
    scene_open(&scene, two);
    scene_processes(&scene, 41);
    scene_whole_log(&scene, two, "p-");
    scene.now = 3000 + 300;
    expect(&scene, STATE_RUNNING, false);
    scene_close(&scene);
}

static void runner_gone_without_end_proof_is_terminated(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    scene_junit(&scene, B, 22, 0, 2000);
    expect(&scene, STATE_TERMINATED, false);
    scene_close(&scene);
}

static void what_is_no_file_shows_no_runner(void **state)
{
    static const char log[] = "/tmp/build.log", xml[] = "/x/test-result-" A ".xml";
    struct scene scene;

    (void)state;
    for (int has_log = 0; has_log < 2; has_log++) {
        scene_open(&scene, two);
        scene_processes(&scene, 0);
        if (has_log)
            scene_refused(&scene, "runlog", "log", log, NULL, 20);
        else
            scene_refused(&scene, "junit", "junit", xml, A, 20);
        scene.now = 30;
        expect(&scene, STATE_RUNNING, false);
        scene.now = (int)(scene.policy.start_grace_ns / NS_PER_SECOND);
        expect(&scene, STATE_UNKNOWN, false);
        assert_string_equal(scene.verdict->scopes[0].rule, "runner-never-seen");
        assert_string_equal(scene.verdict->scopes[0].notes[0],
                            has_log ? "damaged: build.log (is a link)"
                                    : "damaged: test-result-" A ".xml (is a link)");
        assert_false(scene.verdict->runner_seen);
        scene_close(&scene);
    }
    /* Nor how old it is; a file in its place is a log like any other. */
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_refused(&scene, "runlog", "log", log, NULL, -20);
    scene_judge(&scene);
    assert_int_equal(scene.verdict->scopes[0].note_count, 1);
    scene_log_part(&scene, 7, 2000);
    scene_end(&scene, "whole");
    expect(&scene, STATE_TERMINATED, false);
    assert_int_equal(scene.verdict->scopes[0].note_count, 0);
    scene_close(&scene);
}

static void bookkeeping_xml_ends_a_run_unless_it_is_another_builds_or_older(void **state)
{
    static const struct {
        const char *scope;
        int mtime;
        enum run_state state;
    } rows[] = {
        {"build", 2000, STATE_COMPLETED},    {NULL, 2000, STATE_COMPLETED},
        {"build-2", 2500, STATE_TERMINATED}, {"build", 1999, STATE_TERMINATED},
        {"build", -5, STATE_TERMINATED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, two);
        scene_processes(&scene, 0);
        scene_junit(&scene, A, 22, 0, 1000);
        scene_junit(&scene, B, 22, 0, 2000);
        scene_bookkeeping(&scene, rows[i].scope, rows[i].mtime);
        expect(&scene, rows[i].state, rows[i].state == STATE_COMPLETED);
        scene_close(&scene);
    }
}

static void interrupt_stands_before_a_bookkeeping_xml_but_not_before_the_logs_end(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"host-started\",\"host\":\"" A "\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"interrupted\",\"batch\":1,\"text\":\"KeyboardInterrupt\"");
    scene_end(&scene, "whole");
    scene_junit(&scene, A, 22, 0, 1000);
    scene_junit(&scene, B, 22, 0, 1000);
    scene_bookkeeping(&scene, "build", 2000);
    expect(&scene, STATE_TERMINATED, false);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"interrupted\",\"batch\":1,\"text\":\"^C\"");
    scene_record(&scene, "\"claim\":\"host-started\",\"host\":\"" A "\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    scene_end(&scene, "whole");
    expect(&scene, STATE_COMPLETED, true);
    scene_close(&scene);
}

static void end_proof_of_an_earlier_part_of_the_log_does_not_end_what_began_after(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":2");
    scene_end(&scene, "whole");
    expect(&scene, STATE_TERMINATED, false);
    scene_close(&scene);
}

static void cancellation_stands_before_everything(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_whole_log(&scene, two, "pp");
    scene.policy.cancelled = true;
    expect(&scene, STATE_CANCELLED, false);
    scene.policy.cancelled = false;
    expect(&scene, STATE_COMPLETED, true);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(&scene, "\"claim\":\"cancelled\",\"batch\":1,\"text\":\"by user\"");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    scene_end(&scene, "whole");
    expect(&scene, STATE_CANCELLED, false);
    scene_close(&scene);
}

static void batch(struct scene *scene, int number, const char *name, const char *host,
                  const char *outcome, bool ended)
{
    scene_record(scene, "\"claim\":\"scope-started\",\"batch\":%d%s%s%s", number,
                 name ? ",\"scope\":\"" : "", name ? name : "", name ? "\"" : "");
    scene_record(scene, "\"claim\":\"host-started\",\"host\":\"%s\",\"batch\":%d", host, number);
    if (!ended)
        return;
    scene_row(scene, host, outcome, number);
    scene_record(scene, "\"claim\":\"scope-ended\",\"batch\":%d", number);
}

static void cancellation_in_the_log_ends_only_with_a_part_that_runs_hosts(void **state)
{
    static const struct {
        const char *later;
        enum run_state state;
    } rows[] = {
        {"\"claim\":\"host-result\",\"host\":\"check-xml-files\",\"basis\":\"bookkeeping\"",
         STATE_CANCELLED},
        {"\"claim\":\"host-started\",\"host\":\"" A "\"", STATE_COMPLETED},
        {"\"claim\":\"expected-host\",\"host\":\"" A "\"", STATE_COMPLETED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;

        scene_open(&scene, two);
        scene_processes(&scene, 0);
        scene_log_part(&scene, 1, 3000);
        batch(&scene, 1, NULL, A, "pass", false);
        scene_row(&scene, B, "pass", 1);
        scene_record(&scene, "\"claim\":\"cancelled\",\"batch\":1,\"text\":\"by user\"");
        scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
        scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":2");
        scene_record(&scene, "%s,\"batch\":2", rows[i].later);
        scene_row(&scene, A, "pass", 2);
        scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":2");
        scene_end(&scene, "whole");
        expect(&scene, rows[i].state, rows[i].state == STATE_COMPLETED);
        scene_close(&scene);
    }
}

static void unexpected_host_of_the_own_log_counts_and_is_noted(void **state)
{
    static const char *const asked[] = {A, NULL};
    struct scene scene;

    (void)state;
    scene_open(&scene, asked);
    scene_processes(&scene, 0);
    scene_whole_log(&scene, two, "pf");
    expect(&scene, STATE_FAILED, true);
    assert_int_equal(scene.verdict->scopes[0].host_count, 2);
    assert_non_null(strstr(scene.verdict->scopes[0].notes[0], B));
    scene_close(&scene);
}

static void batch_without_a_spec_pattern_is_not_uninvited(void **state)
{
    static const char *const nobody[] = {NULL};
    struct scene scene;

    (void)state;
    for (int listed = 0; listed < 2; listed++) {
        static const char *const asked[] = {A, NULL};
        const struct verdict *verdict;

        scene_open(&scene, listed ? asked : nobody);
        scene.policy.categorized = true;
        scene_processes(&scene, 0);
        scene_log_part(&scene, 1, 2000);
        scene_record(&scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":1");
        batch(&scene, 1, "build-redhat", A, "pass", true);
        batch(&scene, 2, "build-ubuntu", B, "pass", true);
        scene_end(&scene, "whole");
        verdict = scene_judge(&scene);
        assert_int_equal(verdict->scope_count, 2);
        assert_int_equal(verdict->scopes[1].note_count, listed);
        scene_close(&scene);
    }
}

static void artifact_of_a_stranger_does_not_count(void **state)
{
    static const char *const asked[] = {A, NULL};
    struct scene scene;

    (void)state;
    scene_open(&scene, asked);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 1000);
    scene_junit(&scene, B, 0, 1, 2500);
    scene_bookkeeping(&scene, "build", 2000);
    expect(&scene, STATE_COMPLETED, true);
    assert_int_equal(scene.verdict->scopes[0].host_count, 1);
    scene_close(&scene);
}

/* ---------------------------------------------------------------- categorized runs */

static void sub_runs_end_apart_and_the_parent_is_the_worst_of_them(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene.policy.categorized = true;
    scene_processes(&scene, 41);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_end(&scene, "whole");
    expect(&scene, STATE_RUNNING, false);
    assert_int_equal(scene.verdict->scope_count, 1);
    assert_int_equal(scene.verdict->scopes[0].state, STATE_COMPLETED);
    assert_true(scene.verdict->scopes[0].post);
    assert_non_null(strstr(scene.verdict->reason, B));

    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3100);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    batch(&scene, 2, NULL, B, "fail", true);
    scene_end(&scene, "whole");
    expect(&scene, STATE_FAILED, false);
    assert_int_equal(scene.verdict->scope_count, 2);
    assert_string_equal(scene.verdict->scopes[1].name, "build-ubuntu");
    assert_int_equal(scene.verdict->scopes[1].state, STATE_FAILED);
    scene_close(&scene);
}

static void batch_that_announces_the_builds_own_name_is_named_after_its_family(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene.policy.categorized = true;
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    batch(&scene, 1, "build", A, "pass", true);
    batch(&scene, 2, "build", B, "pass", true);
    scene_end(&scene, "whole");
    expect(&scene, STATE_COMPLETED, false);
    assert_int_equal(scene.verdict->scope_count, 2);
    assert_string_equal(scene.verdict->scopes[0].name, "build-redhat");
    assert_string_equal(scene.verdict->scopes[1].name, "build-ubuntu");
    scene_close(&scene);
}

static void hosts_of_no_sub_run_make_an_ended_parent_unknown(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene.policy.categorized = true;
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_end(&scene, "whole");
    expect(&scene, STATE_UNKNOWN, false);
    assert_int_equal(scene.verdict->scopes[0].state, STATE_COMPLETED);
    scene_close(&scene);
}

static void cancellation_closes_the_sub_runs_that_have_not_ended(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene.policy.categorized = true;
    scene.policy.cancelled = true;
    scene_processes(&scene, 0);
    scene_source(&scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    batch(&scene, 2, "build-ubuntu", B, "pass", false);
    scene_end(&scene, "whole");
    expect(&scene, STATE_CANCELLED, false);
    assert_int_equal(scene.verdict->scopes[0].state, STATE_COMPLETED);
    assert_int_equal(scene.verdict->scopes[1].state, STATE_CANCELLED);
    scene_close(&scene);
}

static void sub_runs_show_without_a_log_by_their_xml_and_hosts(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene.policy.categorized = true;
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 1000);
    scene_bookkeeping(&scene, "build-redhat", 1100);
    scene_junit(&scene, B, 21, 1, 2000);
    scene_bookkeeping(&scene, "build-ubuntu", 2100);
    expect(&scene, STATE_FAILED, false);
    assert_int_equal(scene.verdict->scope_count, 2);
    assert_string_equal(scene.verdict->scopes[0].name, "build-redhat");
    assert_int_equal(scene.verdict->scopes[0].state, STATE_COMPLETED);
    assert_int_equal(scene.verdict->scopes[1].state, STATE_FAILED);
    scene_close(&scene);
}

static void runner_that_stays_after_the_last_sub_run_gets_its_time(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene.policy.categorized = true;
    scene_processes(&scene, 41);
    scene_junit(&scene, A, 22, 0, 1000);
    scene_bookkeeping(&scene, "build-redhat", 1100);
    scene_junit(&scene, B, 21, 1, 2000);
    scene_bookkeeping(&scene, "build-ubuntu", 2100);
    scene.now = 2100 + 299;
    expect(&scene, STATE_RUNNING, false);
    scene.now = 2100 + 300;
    expect(&scene, STATE_FAILED, false);
    scene_close(&scene);
}

/* ---------------------------------------------------------------- batches and parts of the log */

static const char *const three[] = {A, B, C, NULL};

static void open_categorized(struct scene *scene, const char *const *hosts)
{
    scene_open(scene, hosts);
    scene->policy.categorized = true;
    scene_processes(scene, 0);
}

static void expect_scope(const struct verdict *verdict, size_t number, const char *name,
                         enum run_state state, size_t hosts)
{
    const struct scope_verdict *scope = &verdict->scopes[number];

    assert_true(number < verdict->scope_count);
    assert_string_equal(scope->name, name);
    assert_string_equal(run_state_name(scope->state), run_state_name(state));
    assert_int_equal(scope->host_count, hosts);
}

static void log_rotated_between_batches_keeps_its_sub_runs_apart(void **state)
{
    const struct verdict *verdict;
    struct scene scene;

    (void)state;
    open_categorized(&scene, two);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_end(&scene, "whole");
    scene_log_part(&scene, 2, 3000);
    batch(&scene, 1, "build-ubuntu", B, "fail", true);
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    assert_int_equal(verdict->scope_count, 2);
    expect_scope(verdict, 0, "build-redhat", STATE_COMPLETED, 1);
    expect_scope(verdict, 1, "build-ubuntu", STATE_FAILED, 1);
    scene_close(&scene);
}

static void log_rotated_within_a_batch_is_still_one_sub_run(void **state)
{
    const struct verdict *verdict;
    struct scene scene;

    (void)state;
    open_categorized(&scene, three);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, "build-redhat", A, "pass", false);
    scene_end(&scene, "whole");
    /* The rest of it, nameless, then the next one. */
    scene_log_part(&scene, 2, 3000);
    batch(&scene, 1, NULL, C, "pass", false);
    scene_row(&scene, A, "pass", 1);
    scene_row(&scene, C, "pass", 1);
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    batch(&scene, 2, "build-ubuntu", B, "fail", true);
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    assert_int_equal(verdict->scope_count, 2);
    expect_scope(verdict, 0, "build-redhat", STATE_COMPLETED, 2);
    expect_scope(verdict, 1, "build-ubuntu", STATE_FAILED, 1);
    /* Only its end. */
    scene_close(&scene);
    open_categorized(&scene, two);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, "build-redhat", A, "pass", false);
    scene_row(&scene, A, "pass", 1);
    scene_end(&scene, "whole");
    scene_log_part(&scene, 2, 3000);
    scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":1");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    assert_int_equal(verdict->scope_count, 1);
    expect_scope(verdict, 0, "build-redhat", STATE_COMPLETED, 1);
    scene_close(&scene);
}

/* The clock may have been set back between the two readings. */
static void parts_of_a_log_stand_in_the_order_in_which_they_were_written(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, NULL, A, "pass", true);
    batch(&scene, 1, NULL, B, "pass", true);
    scene_end(&scene, "whole");
    scene.now -= 60;
    scene_log_part(&scene, 2, 3000);
    batch(&scene, 1, NULL, A, "pass", false);
    scene_end(&scene, "whole");
    expect(&scene, STATE_TERMINATED, false);
    scene_close(&scene);
}

static void second_batch_of_an_ended_sub_runs_name_has_a_name_of_its_own(void **state)
{
    const struct verdict *verdict;
    struct scene scene;

    (void)state;
    open_categorized(&scene, three);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    batch(&scene, 2, "build-redhat", C, "fail", true);
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    assert_int_equal(verdict->scope_count, 2);
    expect_scope(verdict, 0, "build-redhat", STATE_COMPLETED, 1);
    expect_scope(verdict, 1, "build-redhat-batch2", STATE_FAILED, 1);
    scene_close(&scene);
}

static void batch_begun_anew_before_its_end_is_the_same_sub_run(void **state)
{
    const struct verdict *verdict;
    struct scene scene;

    (void)state;
    open_categorized(&scene, two);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, "build-redhat", A, "pass", false);
    batch(&scene, 2, "build-redhat", A, "pass", true);
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    assert_int_equal(verdict->scope_count, 1);
    expect_scope(verdict, 0, "build-redhat", STATE_COMPLETED, 1);
    scene_close(&scene);
}

static void batch_of_which_nothing_is_known_yet_is_no_sub_run(void **state)
{
    const struct verdict *verdict;
    struct scene scene;

    (void)state;
    open_categorized(&scene, two);
    scene_processes(&scene, 41);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":2");
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    assert_int_equal(verdict->scope_count, 1);
    assert_int_equal(verdict->state, STATE_RUNNING);
    scene_close(&scene);
}

/* The wrapper may run check-xml-files in a call of its own, under the same name. */
static void batch_that_only_runs_bookkeeping_is_no_sub_run(void **state)
{
    static const char *const names[] = {"build-redhat", NULL};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct verdict *verdict;
        struct scene scene;

        open_categorized(&scene, two);
        scene_log_part(&scene, 1, 2000);
        batch(&scene, 1, "build-redhat", A, "pass", true);
        scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":2%s%s%s",
                     names[i] ? ",\"scope\":\"" : "", names[i] ? names[i] : "",
                     names[i] ? "\"" : "");
        scene_record(&scene,
                     "\"claim\":\"host-result\",\"host\":\"check-xml-files\",\"batch\":2,"
                     "\"basis\":\"bookkeeping\",\"form\":\"cloud-row\",\"outcome\":\"pass\"");
        scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":2");
        batch(&scene, 3, "build-ubuntu", B, "pass", true);
        scene_end(&scene, "whole");
        verdict = scene_judge(&scene);
        assert_int_equal(verdict->scope_count, 2);
        expect_scope(verdict, 0, "build-redhat", STATE_COMPLETED, 1);
        expect_scope(verdict, 1, "build-ubuntu", STATE_COMPLETED, 1);
        assert_int_equal(verdict->state, STATE_COMPLETED);
        scene_close(&scene);
    }
}

static void sub_run_without_a_spec_pattern_needs_every_host_of_its_family(void **state)
{
    static const char *const hosts[] = {A, C, NULL};
    const struct verdict *verdict;
    struct scene scene;

    (void)state;
    open_categorized(&scene, hosts);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_end(&scene, "whole");
    expect_scope(scene_judge(&scene), 0, "build-redhat", STATE_UNKNOWN, 2);
    scene_close(&scene);
    /* With one, the log has said whom it was to run. */
    open_categorized(&scene, hosts);
    scene_log_part(&scene, 1, 2000);
    scene_record(&scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":1");
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    expect_scope(verdict, 0, "build-redhat", STATE_COMPLETED, 1);
    assert_int_equal(verdict->state, STATE_UNKNOWN);
    scene_close(&scene);
}

/* R1.6 for the run of the sub-runs: while the runner lives another batch may come. */
static void categorized_run_goes_on_until_its_runner_had_the_time_to_exit(void **state)
{
    static const char *const hosts[] = {A, NULL};
    struct scene scene;

    (void)state;
    open_categorized(&scene, hosts);
    scene_processes(&scene, 41);
    scene_log_part(&scene, 1, 3000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_record(&scene, "\"claim\":\"scope-totals\",\"form\":\"cloud-totals\",\"batch\":1,"
                         "\"outcome\":\"pass\",\"tests\":2,\"passed\":2,\"failed\":0");
    scene_end(&scene, "whole");
    scene.now = 3000 + 299;
    expect(&scene, STATE_RUNNING, false);
    assert_true(scene.verdict->more_may_come);
    assert_int_equal(scene.verdict->scopes[0].state, STATE_COMPLETED);
    scene.now = 3000 + 300;
    expect(&scene, STATE_COMPLETED, false);
    assert_false(scene.verdict->more_may_come);
    /* Nobody said which hosts there are. */
    scene.policy.host_count = 0;
    expect(&scene, STATE_RUNNING, false);
    scene_processes(&scene, 0);
    expect(&scene, STATE_COMPLETED, false);
    assert_false(scene.verdict->more_may_come);
    scene_close(&scene);
}

static void batch_cancelled_in_the_cloud_does_not_end_a_run_that_goes_on(void **state)
{
    struct scene scene;

    (void)state;
    open_categorized(&scene, two);
    scene_processes(&scene, 41);
    scene_log_part(&scene, 1, 3000);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_record(&scene, "\"claim\":\"cancelled\",\"batch\":1,\"text\":\"by user\"");
    scene_end(&scene, "whole");
    expect(&scene, STATE_CANCELLED, false);
    assert_true(scene.verdict->more_may_come);
    scene_processes(&scene, 0);
    expect(&scene, STATE_CANCELLED, false);
    assert_false(scene.verdict->more_may_come);
    scene_close(&scene);
}

static void silence_without_a_look_at_the_processes_ends_nothing(void **state)
{
    struct scene scene;

    (void)state;
    for (int categorized = 0; categorized < 2; categorized++) {
        scene_open(&scene, two);
        scene.policy.categorized = categorized;
        scene_log_part(&scene, 1, 2000);
        batch(&scene, 1, categorized ? "build-redhat" : NULL, A, "pass", false);
        scene_end(&scene, "whole");
        scene.now = 2000 + 7199;
        expect(&scene, STATE_RUNNING, false);
        scene.now = 2000 + 7200;
        expect(&scene, STATE_HUNG, false);
        scene_close(&scene);
    }
}

static void log_that_is_not_read_to_its_end_decides_nothing_yet(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    scene_log_part(&scene, 1, 2000);
    batch(&scene, 1, NULL, A, "pass", false);
    scene_end(&scene, "growing");
    scene_pass(&scene, "runlog", "again");
    scene_junit(&scene, A, 22, 0, 2000);
    scene_junit(&scene, B, 22, 0, 2000);
    scene_bookkeeping(&scene, "build", 2500);
    expect(&scene, STATE_RUNNING, false);
    /* Nothing more of it can be read. */
    scene_pass(&scene, "runlog", "unavailable");
    expect(&scene, STATE_COMPLETED, true);
    scene_close(&scene);
}

static void run_is_complete_only_where_something_says_who_was_meant(void **state)
{
    static const char *const nobody[] = {NULL};
    struct scene scene;

    (void)state;
    scene_open(&scene, nobody);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 2000);
    scene_bookkeeping(&scene, "build", 2500);
    expect(&scene, STATE_UNKNOWN, false);
    assert_string_equal(scene.verdict->scopes[0].rule, "expected-hosts-not-known");
    /* The table of all that ran does. */
    scene_log_part(&scene, 1, 2600);
    batch(&scene, 1, NULL, A, "pass", false);
    scene_row(&scene, A, "pass", 1);
    scene_record(&scene, "\"claim\":\"scope-totals\",\"form\":\"cloud-totals\",\"batch\":1,"
                         "\"outcome\":\"pass\",\"tests\":2,\"passed\":2,\"failed\":0");
    scene_record(&scene, "\"claim\":\"scope-ended\",\"batch\":1");
    scene_end(&scene, "whole");
    expect(&scene, STATE_COMPLETED, true);
    scene_close(&scene);
}

/* The log of a stale config: the batch has more hosts than the run. */
static void batch_may_expect_any_number_of_hosts_that_nobody_asked_for(void **state)
{
    static const char *const asked[] = {A, NULL};
    const struct verdict *verdict;
    struct scene scene;

    (void)state;
    open_categorized(&scene, asked);
    scene_log_part(&scene, 1, 2000);
    scene_record(&scene, "\"claim\":\"scope-started\",\"batch\":1,\"scope\":\"build-redhat\"");
    for (int i = 0; i < 3000; i++)
        scene_record(&scene, "\"claim\":\"expected-host\",\"host\":\"atvm%d-redhat8\",\"batch\":1",
                     i);
    batch(&scene, 1, "build-redhat", A, "pass", true);
    scene_end(&scene, "whole");
    verdict = scene_judge(&scene);
    expect_scope(verdict, 0, "build-redhat", STATE_UNKNOWN, 3001);
    scene_close(&scene);
}

static void the_grace_begins_when_watching_does(void **state)
{
    struct scene scene;
    int grace;

    (void)state;
    scene_open(&scene, two);
    scene_processes(&scene, 0);
    grace = (int)(scene.policy.start_grace_ns / NS_PER_SECOND);
    scene.policy.watched_ns = scene.policy.since_ns + 5000 * NS_PER_SECOND;
    scene.now = 5000 + grace - 1;
    expect(&scene, STATE_RUNNING, false);
    scene.now = 5000 + grace;
    expect(&scene, STATE_UNKNOWN, false);
    scene_close(&scene);
}

static void closed_state_stays_what_it_is(void **state)
{
    (void)state;
    assert_int_equal(transition(0, false, STATE_RUNNING), STATE_RUNNING);
    assert_int_equal(transition(STATE_RUNNING, false, STATE_FAILED), STATE_FAILED);
    assert_int_equal(transition(STATE_HUNG, false, STATE_RUNNING), STATE_RUNNING);
    assert_int_equal(transition(STATE_TERMINATED, true, STATE_COMPLETED), STATE_TERMINATED);
    assert_int_equal(transition(STATE_COMPLETED, true, STATE_RUNNING), STATE_COMPLETED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ended_run_is_what_its_hosts_are),
        cmocka_unit_test(nothing_seen_is_running_until_the_grace_is_over),
        cmocka_unit_test(processes_that_could_not_be_looked_at_are_never_no_runner),
        cmocka_unit_test(silent_runner_is_hung_after_the_window),
        cmocka_unit_test(runner_that_stays_after_the_upload_gets_time_then_a_note),
        cmocka_unit_test(runner_gone_without_end_proof_is_terminated),
        cmocka_unit_test(what_is_no_file_shows_no_runner),
        cmocka_unit_test(bookkeeping_xml_ends_a_run_unless_it_is_another_builds_or_older),
        cmocka_unit_test(interrupt_stands_before_a_bookkeeping_xml_but_not_before_the_logs_end),
        cmocka_unit_test(end_proof_of_an_earlier_part_of_the_log_does_not_end_what_began_after),
        cmocka_unit_test(cancellation_stands_before_everything),
        cmocka_unit_test(cancellation_in_the_log_ends_only_with_a_part_that_runs_hosts),
        cmocka_unit_test(unexpected_host_of_the_own_log_counts_and_is_noted),
        cmocka_unit_test(artifact_of_a_stranger_does_not_count),
        cmocka_unit_test(batch_without_a_spec_pattern_is_not_uninvited),
        cmocka_unit_test(sub_runs_end_apart_and_the_parent_is_the_worst_of_them),
        cmocka_unit_test(batch_that_announces_the_builds_own_name_is_named_after_its_family),
        cmocka_unit_test(hosts_of_no_sub_run_make_an_ended_parent_unknown),
        cmocka_unit_test(cancellation_closes_the_sub_runs_that_have_not_ended),
        cmocka_unit_test(sub_runs_show_without_a_log_by_their_xml_and_hosts),
        cmocka_unit_test(runner_that_stays_after_the_last_sub_run_gets_its_time),
        cmocka_unit_test(log_rotated_between_batches_keeps_its_sub_runs_apart),
        cmocka_unit_test(log_rotated_within_a_batch_is_still_one_sub_run),
        cmocka_unit_test(parts_of_a_log_stand_in_the_order_in_which_they_were_written),
        cmocka_unit_test(second_batch_of_an_ended_sub_runs_name_has_a_name_of_its_own),
        cmocka_unit_test(batch_begun_anew_before_its_end_is_the_same_sub_run),
        cmocka_unit_test(batch_of_which_nothing_is_known_yet_is_no_sub_run),
        cmocka_unit_test(batch_that_only_runs_bookkeeping_is_no_sub_run),
        cmocka_unit_test(sub_run_without_a_spec_pattern_needs_every_host_of_its_family),
        cmocka_unit_test(categorized_run_goes_on_until_its_runner_had_the_time_to_exit),
        cmocka_unit_test(batch_cancelled_in_the_cloud_does_not_end_a_run_that_goes_on),
        cmocka_unit_test(silence_without_a_look_at_the_processes_ends_nothing),
        cmocka_unit_test(log_that_is_not_read_to_its_end_decides_nothing_yet),
        cmocka_unit_test(run_is_complete_only_where_something_says_who_was_meant),
        cmocka_unit_test(batch_may_expect_any_number_of_hosts_that_nobody_asked_for),
        cmocka_unit_test(the_grace_begins_when_watching_does),
        cmocka_unit_test(closed_state_stays_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
