/* What is said of a run of which nothing counts, and by a watcher that is stopped or ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "judge-scene.h"
#include "memory.h"
#include "posts-words.h"
#include "stale-files.h"
#include "watch-words.h"

#define A "atvm1-redhat9.1"

static const char *const one[] = {A, NULL};

/* A run that ended an hour before the window begins: its log and an artifact. */
static void open_old_run(struct scene *scene, int runner)
{
    scene_open(scene, one);
    scene_processes(scene, runner);
    scene_junit(scene, A, 22, 0, -3610);
    scene_log_part(scene, 1, -3600);
    scene_end(scene, "whole");
}

static char *hint_of(struct scene *scene)
{
    return stale_files_hint(scene_judge(scene), scene->policy.since_ns, "UTC");
}

static void files_of_a_run_that_is_long_over_are_named(void **state)
{
    CLEANUP_FREE char *hint = NULL;
    struct scene scene;

    (void)state;
    open_old_run(&scene, 0);
    hint = hint_of(&scene);
    assert_string_equal(
        hint,
        "2 files do not count, from before the run's window, which begins 2026-04-16 08:20:00 "
        "UTC: /tmp/build.log, /x/xml/test-result-" A "--3610.xml. If they are of this run, say when "
        "it began: --since 1776323999 (2026-04-16 07:19:59 UTC) or earlier admits the first "
        "of them");
    scene_close(&scene);
}

/* The advice is true: with it the file counts. */
static void the_advised_window_admits_the_first_of_them(void **state)
{
    CLEANUP_FREE char *hint = NULL;
    struct scene scene;

    (void)state;
    open_old_run(&scene, 0);
    scene.policy.since_ns = INT64_C(1776323999) * 1000000000;
    hint = hint_of(&scene);
    assert_non_null(strstr(hint, "1 file does not count"));
    assert_null(strstr(hint, "build.log"));
    scene_close(&scene);
}

static void old_files_are_nothing_to_speak_of_where_the_run_goes_on_or_has_a_result(void **state)
{
    struct scene scene;

    (void)state;
    open_old_run(&scene, 4711);
    assert_null(hint_of(&scene));
    scene_close(&scene);

    open_old_run(&scene, 0);
    scene_whole_log(&scene, one, "p");
    assert_null(hint_of(&scene));
    scene_close(&scene);

    scene_open(&scene, one);
    scene_processes(&scene, 0);
    assert_null(hint_of(&scene));
    scene_close(&scene);
}

static void files_from_later_are_counted(void **state)
{
    CLEANUP_FREE char *hint = NULL;
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 0);
    scene_junit(&scene, A, 22, 0, 86400);
    hint = hint_of(&scene);
    assert_string_equal(hint, "1 file does not count, from after the time of judgement");
    scene_close(&scene);
}

/* A window that somebody gave is meant so; a runner that was seen is waited for. */
static void a_watcher_speaks_of_them_where_nobody_said_when_the_run_began(void **state)
{
    CLEANUP_FREE char *words = NULL;
    struct scene scene;
    char build[] = "build";
    struct state run = {.build = build};

    (void)state;
    open_old_run(&scene, 0);
    run.run.first_seen_ns = scene.policy.since_ns;
    words = watch_words_of_stale_files(&run, scene.policy.since_ns, scene_judge(&scene), "UTC");
    assert_non_null(strstr(words, "build: nothing of this run has been seen yet. 2 files do not"));
    run.run.first_seen_ns = scene.policy.since_ns + 1;
    assert_null(
        watch_words_of_stale_files(&run, scene.policy.since_ns, scene_judge(&scene), "UTC"));
    run.run.first_seen_ns = scene.policy.since_ns;
    scene.policy.runner_seen = true;
    assert_null(
        watch_words_of_stale_files(&run, scene.policy.since_ns, scene_judge(&scene), "UTC"));
    scene_close(&scene);
}

static void what_a_stop_leaves_open_is_said(void **state)
{
    static const struct {
        struct scope_state run;
        enum watch_close_end end;
        const char *words;
    } rows[] = {
        {{.closed_ns = -1, .state = STATE_RUNNING},
         WATCH_CLOSE_OPEN,
         "before the run was over; start it again to go on"},
        {{.closed_ns = 1, .state = STATE_FAILED},
         WATCH_CLOSE_OPEN,
         "after the run was closed as FAILED, before its post was delivered; that goes on at the "
         "next start"},
        {{.closed_ns = 1, .state = STATE_COMPLETED},
         WATCH_CLOSE_DONE,
         "after the run was closed as COMPLETED, while its runner was being ended; the runner "
         "stays"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CLEANUP_FREE char *words = watch_words_of_stop(&rows[i].run, rows[i].end);

        assert_string_equal(words, rows[i].words);
    }
}

/* A record of the sink for this scope, in that state. */
static struct outbox_record *record_of(const char *sink, const char *scope, enum outbox_state state,
                                       const char *explanation)
{
    struct outbox_message message = {.scope = memory_string(scope)};
    struct outbox_record *record = outbox_record_new(sink, &message, 1, 1);

    record->state = state;
    record->explanation = explanation ? memory_string(explanation) : NULL;
    return record;
}

static void refuse(struct outbox_record *record)
{
    record->attempts[0].receipt.outcome = ATVM_REJECTED;
    record->attempts_kept = 1;
}

static void the_last_word_says_what_became_of_the_posts(void **state)
{
    struct outbox_record *records[] = {
        record_of("mattermost", "b", OUTBOX_DELIVERED, NULL),
        record_of("file", "b", OUTBOX_DELIVERED, NULL),
        record_of("mattermost", "b", OUTBOX_QUARANTINED, "no such\nchannel"),
        record_of("mattermost", "b-redhat", OUTBOX_UNCERTAIN, "the connection broke"),
        record_of("mattermost", "b", OUTBOX_QUARANTINED, "given up after 9 attempts"),
        record_of("mattermost", "b", OUTBOX_PENDING, NULL),
    };
    static const struct {
        size_t first, count;
        const char *words;
    } rows[] = {
        {0, 0, "nothing was posted"},
        {0, 2, "posted to mattermost, file"},
        {1, 2, "posted to file; refused by mattermost: no such channel"},
        {3, 1,
         "b-redhat held, for nobody knows whether it arrived: mattermost: the connection broke"},
        {4, 2,
         "not delivered to mattermost: given up after 9 attempts; not sent to mattermost yet"},
    };

    (void)state;
    refuse(records[2]);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct outbox_list posts = {records + rows[i].first, rows[i].count, rows[i].count};
        CLEANUP_FREE char *words = posts_words(&posts, "b");

        assert_string_equal(words, rows[i].words);
    }
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        outbox_record_free(records[i]);
}

static void the_last_word_fits_into_a_notification(void **state)
{
    CLEANUP_FREE char *words = NULL, *reason = memory_zeroed(1, 3001);
    struct outbox_record *records[10];
    const struct outbox_list posts = {records, 10, 10};

    (void)state;
    memset(reason, 'x', 3000);
    for (size_t i = 0; i < posts.count; i++)
        records[i] = record_of("mattermost", "b", OUTBOX_UNCERTAIN, reason);
    words = posts_words(&posts, "b");
    assert_true(strlen(words) < 1000);
    assert_non_null(strstr(words, "; and 6 more"));
    for (size_t i = 0; i < posts.count; i++)
        outbox_record_free(records[i]);
}

static void the_last_word_of_a_watcher_names_what_is_held(void **state)
{
    char build[] = "b";
    struct outbox_record *record = record_of("chat", "b", OUTBOX_QUARANTINED, "no");
    const struct outbox_list posts = {&record, 1, 1}, none = {NULL, 0, 0};
    struct state run = {.build = build, .run.closed_ns = -1};
    CLEANUP_FREE char *open =
        watch_words_of_end(&run, "1/3 hosts", &none, WATCH_CLOSE_OPEN, "list");
    CLEANUP_FREE char *held = NULL, *done = NULL;

    (void)state;
    assert_string_equal(open, "1/3 hosts; the watcher has ended before the run was over");
    run.run.closed_ns = 1;
    held = watch_words_of_end(&run, "FAILED", &posts, WATCH_CLOSE_HELD, "list b");
    assert_string_equal(held, "FAILED; not delivered to chat: no; see `list b`");
    done = watch_words_of_end(&run, "CANCELLED", &none, WATCH_CLOSE_DONE, "list b");
    assert_string_equal(done, "CANCELLED; nothing was posted");
    outbox_record_free(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_a_run_that_is_long_over_are_named),
        cmocka_unit_test(the_advised_window_admits_the_first_of_them),
        cmocka_unit_test(old_files_are_nothing_to_speak_of_where_the_run_goes_on_or_has_a_result),
        cmocka_unit_test(files_from_later_are_counted),
        cmocka_unit_test(a_watcher_speaks_of_them_where_nobody_said_when_the_run_began),
        cmocka_unit_test(what_a_stop_leaves_open_is_said),
        cmocka_unit_test(the_last_word_says_what_became_of_the_posts),
        cmocka_unit_test(the_last_word_fits_into_a_notification),
        cmocka_unit_test(the_last_word_of_a_watcher_names_what_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
