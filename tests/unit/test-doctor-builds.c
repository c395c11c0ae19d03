/* What the state of a build, its posts and whoever watches it amount to for `doctor`, by table. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "clock.h"
#include "doctor-builds.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NOW          (1000 * NS_PER_SECOND)

static char build[] = "e2e", chat[] = "chat", subrun[] = "e2e-redhat", gone[] = "gone";
static char connection[] = "connection reset", ask[] = "ask the admin", refused[] = "refused";

/* A build whose run is closed and whose watcher has ended: all is well with it. */
struct scene {
    struct doctor_report report;
    struct config_module sink;
    struct config config;
    struct state state;
    struct outbox_record *record; /* in the list where its sink is not NULL */
    struct outbox_list posts;
    struct build_seen seen;
};

#define START "sudo systemctl start atvm-run-watcher@e2e.service"

static int setup(void **state)
{
    struct scene *scene = memory_zeroed(1, sizeof(*scene));

    doctor_report_init(&scene->report);
    scene->sink.name = chat;
    scene->config.sinks = &scene->sink;
    scene->config.sink_count = 1;
    scene->state.build = build;
    scene->state.found = true;
    scene->state.run.state = STATE_COMPLETED;
    scene->state.run.closed_ns = scene->state.run.last_seen_ns = 900 * NS_PER_SECOND;
    scene->record = memory_zeroed(1, sizeof(*scene->record));
    scene->record->sink = chat;
    scene->record->message.scope = build;
    scene->record->message.part = scene->record->message.parts = 1;
    scene->record->state = OUTBOX_DELIVERED;
    scene->posts = (struct outbox_list){&scene->record, 1, 1};
    scene->seen = (struct build_seen){.name = build,
                                      .folder = "/var/lib/x/e2e",
                                      .state = &scene->state,
                                      .posts = &scene->posts,
                                      .go_on = START,
                                      .now_ns = NOW};
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    doctor_report_clear(&scene->report);
    free(scene->record);
    free(scene);
    return 0;
}

/* Judges; the one row there is must be that. */
static void assert_finding(struct scene *scene, const char *id, enum doctor_level level,
                           bool looked, const char *words, const char *cure)
{
    const struct doctor_row *row = scene->report.rows;

    scene->report.count = 0;
    assert_false(doctor_judge_build(&scene->report, &scene->config, &scene->seen));
    assert_int_equal(scene->report.count, 1);
    row = scene->report.rows;
    assert_string_equal(row->id, id);
    assert_string_equal(doctor_level_name(row->level), doctor_level_name(level));
    assert_int_equal(row->looked, looked);
    if (!strstr(row->found, words))
        fail_msg("\"%s\" does not say \"%s\"", row->found, words);
    assert_string_equal(row->cure, cure);
}

static void assert_nothing(struct scene *scene)
{
    scene->report.count = 0;
    assert_true(doctor_judge_build(&scene->report, &scene->config, &scene->seen));
    assert_int_equal(scene->report.count, 0);
}

/* ---- posts */

static void test_a_build_that_is_closed_and_posted_is_not_mentioned(void **state)
{
    assert_nothing(*state);
}

static void test_an_uncertain_post_is_resolved_by_a_person(void **state)
{
    struct scene *scene = *state;

    scene->record->state = OUTBOX_UNCERTAIN;
    scene->record->explanation = connection;
    assert_finding(scene, "posts.uncertain", DOCTOR_BAD, true, "connection reset",
                   "atvm-watcher resolve e2e --sink chat --posted");
    assert_string_equal(scene->report.rows[0].subject, "e2e, chat");
    scene->record->message.scope = subrun;
    scene->record->message.part = 2;
    scene->record->message.parts = 3;
    scene->record->explanation = NULL;
    assert_finding(scene, "posts.uncertain", DOCTOR_BAD, true, "no reason is noted",
                   "atvm-watcher resolve e2e --scope e2e-redhat --sink chat --part 2 --posted");
    assert_string_equal(scene->report.rows[0].subject, "e2e, e2e-redhat, chat, part 2 of 3");
}

static void test_a_quarantined_post_says_why_and_what_to_do_first(void **state)
{
    struct scene *scene = *state;

    scene->record->state = OUTBOX_QUARANTINED;
    scene->record->attempts_kept = 1;
    scene->record->attempts[0].receipt.reason = refused;
    scene->record->attempts[0].receipt.remedy = ask;
    assert_finding(scene, "posts.quarantined", DOCTOR_BAD, true, "refused; first ask the admin",
                   "atvm-watcher queue retry e2e --sink chat");
}

static void test_a_post_for_a_sink_that_is_gone(void **state)
{
    struct scene *scene = *state;

    scene->record->state = OUTBOX_PENDING;
    scene->record->sink = gone;
    scene->seen.presence = WATCHER_LIVES;
    assert_finding(scene, "posts.unconfigured", DOCTOR_WARN, true, "no sink \"gone\" any more",
                   "atvm-watcher queue drop e2e --sink gone --reason 'its sink is gone'");
}

static void test_a_post_that_waits_needs_a_watcher(void **state)
{
    struct scene *scene = *state;

    scene->record->state = OUTBOX_PENDING;
    assert_finding(scene, "posts.waiting", DOCTOR_BAD, true, "nobody tries to", START);
    scene->record->state = OUTBOX_SENDING;
    assert_finding(scene, "posts.waiting", DOCTOR_BAD, true, "nobody tries to", START);
    scene->seen.presence = WATCHER_LIVES;
    assert_nothing(scene);
    scene->record->attempt_count = 2;
    scene->record->attempts_kept = 1;
    scene->record->attempts[0].receipt.reason = refused;
    assert_finding(scene, "posts.waiting", DOCTOR_WARN, true,
                   "2 attempts to post it failed, and it will be tried again: refused",
                   "atvm-watcher status e2e");
}

static void test_a_scope_that_ended_without_a_post(void **state)
{
    static const struct missing_post missing = {subrun, chat, "/s/e2e/subruns/r", chat};
    struct scene *scene = *state;

    scene->seen.missing = &missing;
    scene->seen.missing_count = 1;
    assert_finding(scene, "posts.missing", DOCTOR_BAD, true, "may have been posted or not",
                   "sudo install -D -m 0640 /dev/null /s/e2e/subruns/r/posted/chat");
    assert_string_equal(scene->report.rows[0].subject, "e2e-redhat, chat");
}

static void test_posts_that_cannot_be_read_are_not_called_well(void **state)
{
    struct scene *scene = *state;

    scene->seen.posts = NULL;
    scene->seen.posts_error = -EACCES;
    scene->seen.posts_error_text = "outbox: Permission denied";
    assert_finding(scene, "builds.state", DOCTOR_WARN, false, "outbox: Permission denied",
                   "sudo atvm-watcher doctor");
}

/* ---- state and watcher */

static void test_a_build_whose_watcher_died(void **state)
{
    struct scene *scene = *state;

    scene->state.run.closed_ns = -1;
    scene->state.run.state = STATE_RUNNING;
    scene->seen.watcher = 4711;
    assert_finding(scene, "builds.watcher", DOCTOR_BAD, true,
                   "not closed (RUNNING), and nobody watches it: its watcher (process 4711) ended "
                   "1m ago at the latest",
                   START);
    scene->seen.presence = WATCHER_HIDDEN;
    assert_finding(scene, "builds.watcher", DOCTOR_WARN, false,
                   "processes of other users are hidden", "sudo atvm-watcher doctor");
    scene->seen.presence = WATCHER_LIVES;
    assert_nothing(scene);
}

static void test_a_state_that_cannot_be_used(void **state)
{
    static char damaged[] = "state.json: is damaged";
    struct scene *scene = *state;

    scene->state.warnings = damaged;
    scene->state.found = false;
    assert_finding(scene, "builds.state", DOCTOR_BAD, true, "is damaged", START);
    scene->seen.state = NULL;
    scene->seen.error = -EACCES;
    scene->seen.error_text = "Permission denied";
    assert_finding(scene, "builds.state", DOCTOR_WARN, false, "Permission denied",
                   "sudo atvm-watcher doctor");
    scene->seen.error = -EPROTONOSUPPORT;
    scene->seen.error_text = "written by a newer version";
    assert_finding(scene, "builds.state", DOCTOR_BAD, true, "written by a newer version",
                   "ls -la /var/lib/x/e2e");
    scene->seen.error = -ENOENT;
    assert_finding(scene, "builds.state", DOCTOR_WARN, true, "nothing is known",
                   "atvm-watcher list");
}

static void test_a_folder_without_a_state_is_no_build_unless_a_watcher_begins(void **state)
{
    struct scene *scene = *state;

    scene->state.found = false;
    assert_finding(scene, "builds.state", DOCTOR_WARN, true, "nothing is known",
                   "atvm-watcher list");
    scene->seen.presence = WATCHER_LIVES;
    assert_nothing(scene);
}

static void test_files_that_were_set_aside(void **state)
{
    char *names[] = {(char[]){"/var/lib/x/e2e/state.json.corrupt-2026"}};
    const struct name_list damaged = {names, 1, 1};
    struct scene *scene = *state;

    scene->seen.damaged = &damaged;
    assert_finding(scene, "builds.damaged", DOCTOR_WARN, true, "set aside",
                   "sudo rm -- /var/lib/x/e2e/state.json.corrupt-2026");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_build_that_is_closed_and_posted_is_not_mentioned),
        TEST(test_an_uncertain_post_is_resolved_by_a_person),
        TEST(test_a_quarantined_post_says_why_and_what_to_do_first),
        TEST(test_a_post_for_a_sink_that_is_gone),
        TEST(test_a_post_that_waits_needs_a_watcher),
        TEST(test_a_scope_that_ended_without_a_post),
        TEST(test_posts_that_cannot_be_read_are_not_called_well),
        TEST(test_a_build_whose_watcher_died),
        TEST(test_a_state_that_cannot_be_used),
        TEST(test_a_folder_without_a_state_is_no_build_unless_a_watcher_begins),
        TEST(test_files_that_were_set_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
