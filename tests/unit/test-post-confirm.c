/* Where nobody knows whether a message has arrived, a sink that can tell is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "delivery-scene.h"
#include "memory.h"
#include "scratch-folder.h"

static struct config_module *add_sink(struct delivery_scene *scene, const char *behaviour,
                                      const char *confirm)
{
    struct config_module *sink = delivery_scene_add(scene, "chat", behaviour);

    delivery_scene_can_confirm(sink);
    json_object_object_add(sink->options, "confirm", json_object_new_string(confirm));
    return sink;
}

static void assert_record(const struct delivery_scene *scene, enum outbox_state state,
                          int32_t attempts)
{
    struct outbox_record *record = delivery_scene_record(scene, "chat", "batch");

    assert_int_equal(record->state, state);
    assert_int_equal(record->attempt_count, attempts);
    outbox_record_free(record);
}

static void test_what_a_sink_answers_decides_where_an_attempt_left_doubt(void **state)
{
    static const struct {
        const char *behaviour, *confirm;
        bool resend;
        enum outbox_state expected;
        int32_t attempts;
        size_t arrived;
    } rows[] = {
        {"crash-after-commit", "knows", false, OUTBOX_DELIVERED, 1, 1},
        {"crash-between", "knows", false, OUTBOX_DELIVERED, 2, 1},
        {"uncertain", "knows", false, OUTBOX_DELIVERED, 1, 1},
        {"crash-after-commit", "uncertain", false, OUTBOX_UNCERTAIN, 1, 1},
        {"crash-after-commit", "silent", false, OUTBOX_UNCERTAIN, 1, 1},
        {"crash-after-commit", "fail", false, OUTBOX_UNCERTAIN, 1, 1},
        {"crash-after-commit", "crash", false, OUTBOX_UNCERTAIN, 1, 1},
        /* The answer stands before the policy. */
        {"crash-after-commit", "knows", true, OUTBOX_DELIVERED, 1, 1},
        {"crash-after-commit", "uncertain", true, OUTBOX_DELIVERED, 2, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct delivery_scene *scene = delivery_scene_new();

        scene->config.resend_uncertain = rows[i].resend;
        add_sink(scene, rows[i].behaviour, rows[i].confirm);
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        delivery_scene_run(scene, 1);
        assert_record(scene, rows[i].expected, rows[i].attempts);
        assert_int_equal(delivery_scene_arrived(scene, "chat"), rows[i].arrived);
        assert_int_equal(scratch_exists(scene->folder, "subruns/batch/posted/chat"),
                         rows[i].expected == OUTBOX_DELIVERED);
        delivery_scene_free(scene);
    }
}

static void test_the_doubt_stays_the_reason_where_the_sink_cannot_tell(void **state)
{
    struct delivery_scene *scene = delivery_scene_new();
    struct outbox_record *record;

    (void)state;
    add_sink(scene, "crash-after-commit", "fail");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    record = delivery_scene_record(scene, "chat", "batch");
    assert_non_null(strstr(record->explanation, "after it began to send"));
    assert_int_equal(record->attempts_kept, 1);
    outbox_record_free(record);
    delivery_scene_free(scene);
}

static void test_a_sink_that_does_not_say_so_is_not_asked(void **state)
{
    struct delivery_scene *scene = delivery_scene_new();
    struct config_module *sink = delivery_scene_add(scene, "chat", "crash-after-commit");

    (void)state;
    json_object_object_add(sink->options, "confirm", json_object_new_string("knows"));
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_record(scene, OUTBOX_UNCERTAIN, 1);
    delivery_scene_free(scene);
}

/* ---- at a start */

static void answer_with(struct delivery_scene *scene, const char *confirm)
{
    json_object_object_add(scene->sinks[0].options, "confirm", json_object_new_string(confirm));
}

static void test_what_is_held_is_asked_for_at_each_start(void **state)
{
    static const struct {
        const char *behaviour;
        int32_t attempts;
    } rows[] = {{"crash-after-commit", 1}, {"crash-between", 2}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct delivery_scene *scene = delivery_scene_new();

        add_sink(scene, rows[i].behaviour, "uncertain");
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        delivery_scene_run(scene, 1);
        delivery_scene_close(scene);
        delivery_scene_open(scene);
        assert_int_equal(post_summarize(scene->post, NULL).outstanding, 1);
        delivery_scene_run(scene, 2);
        assert_int_equal(scene->summary.uncertain, 1);
        delivery_scene_close(scene);
        answer_with(scene, "knows");
        delivery_scene_open(scene);
        delivery_scene_run(scene, 3);
        assert_record(scene, OUTBOX_DELIVERED, rows[i].attempts);
        assert_int_equal(delivery_scene_arrived(scene, "chat"), 1);
        assert_true(scratch_exists(scene->folder, "subruns/batch/posted/chat"));
        delivery_scene_free(scene);
    }
}

static void test_a_start_asks_for_what_was_being_sent(void **state)
{
    struct delivery_scene *scene = delivery_scene_new();
    pid_t child;
    int status = 0;

    (void)state;
    add_sink(scene, "crash-after-commit", "knows");
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    delivery_scene_open(scene);
    delivery_scene_run(scene, 1);
    assert_record(scene, OUTBOX_DELIVERED, 1);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 1);
    delivery_scene_free(scene);
}

static void test_parts_go_on_behind_one_that_is_confirmed(void **state)
{
    struct delivery_scene *scene = delivery_scene_new();

    (void)state;
    scene->parts = 3;
    add_sink(scene, "crash-after-commit", "uncertain");
    delivery_scene_behave_at_part(scene, "chat", 2);
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_int_equal(scene->summary.behind, 1);
    delivery_scene_close(scene);
    answer_with(scene, "knows");
    delivery_scene_open(scene);
    delivery_scene_run(scene, 2);
    assert_int_equal(scene->summary.delivered, 3);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 3);
    delivery_scene_free(scene);
}

static void test_a_record_without_a_message_is_not_asked_for(void **state)
{
    struct delivery_scene *scene = delivery_scene_new();

    (void)state;
    add_sink(scene, "retry", "knows");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_close(scene);
    scratch_write(scene->folder, "outbox/chat/batch.json", "{");
    delivery_scene_open(scene);
    assert_int_equal(post_summarize(scene->post, NULL).uncertain, 1);
    delivery_scene_free(scene);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_sink_answers_decides_where_an_attempt_left_doubt),
        cmocka_unit_test(test_the_doubt_stays_the_reason_where_the_sink_cannot_tell),
        cmocka_unit_test(test_a_sink_that_does_not_say_so_is_not_asked),
        cmocka_unit_test(test_what_is_held_is_asked_for_at_each_start),
        cmocka_unit_test(test_a_start_asks_for_what_was_being_sent),
        cmocka_unit_test(test_parts_go_on_behind_one_that_is_confirmed),
        cmocka_unit_test(test_a_record_without_a_message_is_not_asked_for),
    };
    int status;

    if (delivery_worker(argc, argv, &status))
        return status;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
