/* What is said of a run of which nothing counts, and by a watcher that is stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "judge-scene.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_a_run_that_is_long_over_are_named),
        cmocka_unit_test(the_advised_window_admits_the_first_of_them),
        cmocka_unit_test(old_files_are_nothing_to_speak_of_where_the_run_goes_on_or_has_a_result),
        cmocka_unit_test(files_from_later_are_counted),
        cmocka_unit_test(a_watcher_speaks_of_them_where_nobody_said_when_the_run_began),
        cmocka_unit_test(what_a_stop_leaves_open_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
