/* A message in several parts: all or none are stored, sent in order, and posted when all are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cleanup.h"
#include "clock.h"
#include "delivery-scene.h"
#include "memory.h"
#include "scratch-folder.h"

#define KEY SCENE_BUILD "/batch"

static int setup(void **state)
{
    struct delivery_scene *scene = delivery_scene_new();

    scene->parts = 3;
    delivery_scene_add(scene, "chat", "deliver");
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    delivery_scene_free(*state);
    return 0;
}

static void reopen(struct delivery_scene *scene)
{
    delivery_scene_close(scene);
    delivery_scene_open(scene);
}

static void assert_arrived(const struct delivery_scene *scene, const char *expected)
{
    CLEANUP_FREE char *journal = delivery_scene_journal(scene, "chat");

    assert_string_equal(journal, expected);
}

static void assert_part(const struct delivery_scene *scene, int32_t part, enum outbox_state state,
                        int32_t attempts)
{
    struct outbox_record *record = delivery_scene_part(scene, "chat", "batch", part);

    assert_int_equal(record->state, state);
    assert_int_equal(record->attempt_count, attempts);
    outbox_record_free(record);
}

static bool is_marked(const struct delivery_scene *scene)
{
    return scratch_exists(scene->folder, "subruns/batch/posted/chat");
}

/* ---- one watcher */

static void test_parts_arrive_in_order_once_each(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_post(scene, "after");
    delivery_scene_run(scene, 2);
    assert_arrived(scene, KEY " 1\n" KEY "+2 1\n" KEY "+3 1\n" SCENE_BUILD "/after 1\n" SCENE_BUILD
                              "/after+2 1\n" SCENE_BUILD "/after+3 1\n");
    assert_int_equal(scene->summary.delivered, 3);
    assert_true(is_marked(scene));
}

static bool second_part_is_retried(struct delivery_scene *scene)
{
    struct outbox_record *record = delivery_scene_part(scene, "chat", "batch", 2);
    bool is_retried = record->attempt_count >= 2;

    outbox_record_free(record);
    return is_retried;
}

static void test_a_part_waits_for_the_one_before_it_and_the_marker_for_all(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_behave(scene, "chat", "retry");
    delivery_scene_behave_at_part(scene, "chat", 2);
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run_until(scene, second_part_is_retried);
    assert_arrived(scene, KEY " 1\n");
    assert_false(is_marked(scene));
    assert_int_equal(scene->settled, 0);
    delivery_scene_behave(scene, "chat", "deliver");
    delivery_scene_run(scene, 1);
    assert_part(scene, 3, OUTBOX_DELIVERED, 1);
    assert_true(is_marked(scene));
}

static void test_parts_behind_one_that_is_held_are_held_with_it(void **state)
{
    static const struct {
        const char *behaviour;
        enum outbox_state state;
    } rows[] = {
        {"reject", OUTBOX_QUARANTINED},
        {"uncertain", OUTBOX_UNCERTAIN},
        {"crash-after-commit", OUTBOX_UNCERTAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct delivery_scene *scene = delivery_scene_new();

        scene->parts = 4;
        delivery_scene_add(scene, "chat", rows[i].behaviour);
        delivery_scene_behave_at_part(scene, "chat", 2);
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        delivery_scene_post(scene, "after");
        delivery_scene_run(scene, 2);
        scene->summary = post_summarize(scene->post, "batch");
        assert_int_equal(scene->summary.delivered, 1);
        assert_int_equal(scene->summary.uncertain + scene->summary.quarantined, 1);
        assert_int_equal(scene->summary.behind, 2);
        assert_int_equal(scene->summary.outstanding, 0);
        assert_true(post_is_held(&scene->summary));
        assert_part(scene, 2, rows[i].state, 1);
        assert_part(scene, 3, OUTBOX_PENDING, 0);
        assert_part(scene, 4, OUTBOX_PENDING, 0);
        assert_false(is_marked(scene));
        delivery_scene_free(scene);
    }
}

/* ---- restarts */

static void settle_part(struct delivery_scene *scene, int32_t part, enum outbox_state settled)
{
    struct outbox_record *record = delivery_scene_part(scene, "chat", "batch", part);
    char *error = NULL;

    record->state = settled;
    record->settled_ns = clock_ns(CLOCK_REALTIME);
    assert_int_equal(outbox_save(scene->folder, record, &error), 0);
    outbox_record_free(record);
}

static void test_what_is_held_stays_so_until_the_part_before_it_is_resolved(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_behave(scene, "chat", "uncertain");
    delivery_scene_behave_at_part(scene, "chat", 2);
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    reopen(scene);
    assert_int_equal(post_summarize(scene->post, NULL).behind, 1);
    assert_int_equal(post_summarize(scene->post, NULL).outstanding, 0);
    delivery_scene_close(scene);
    settle_part(scene, 2, OUTBOX_DELIVERED);
    delivery_scene_open(scene);
    delivery_scene_run(scene, 2);
    assert_arrived(scene, KEY " 1\n" KEY "+2 1\n" KEY "+3 1\n");
    assert_true(is_marked(scene));
}

/* Runs `work` in a watcher that does no more. */
static void in_a_watcher_that_dies(struct delivery_scene *scene,
                                   void (*work)(struct delivery_scene *scene))
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        delivery_scene_open(scene);
        work(scene);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void store_only(struct delivery_scene *scene)
{
    delivery_scene_post(scene, "batch");
}

static void test_what_was_stored_whole_is_sent_as_it_was_stored(void **state)
{
    struct delivery_scene *scene = *state;
    CLEANUP_FREE char *before = NULL;

    delivery_scene_behave(scene, "chat", "crash-before-commit");
    in_a_watcher_that_dies(scene, store_only);
    before = scratch_read(scene->folder, "outbox/chat/batch+3.json");
    delivery_scene_open(scene);
    scene->parts = 7; /* it would be another message by now */
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_arrived(scene, KEY " 2\n" KEY "+2 2\n" KEY "+3 2\n");
    assert_non_null(strstr(before, "batch, part 3"));
    assert_int_equal(scratch_count(scene->folder, "outbox/chat", ".json"), 3);
}

/* As a watcher leaves it that dies while it stores a message: from the last part to the first. */
static void store_last_parts(const struct delivery_scene *scene, int32_t parts, int32_t stored,
                             int64_t age_ns)
{
    for (int32_t part = parts; part > parts - stored; part--) {
        struct outbox_message message = {
            .kind = ATVM_MESSAGE_REPORT,
            .format = ATVM_FORMAT_TEXT,
            .part = part,
            .parts = parts,
            .key = memory_string(KEY),
            .build = memory_string(SCENE_BUILD),
            .scope = memory_string("batch"),
            .title = memory_string("batch"),
            .body = memory_string("body"),
        };
        struct outbox_record *record =
            outbox_record_new("chat", &message, part, clock_ns(CLOCK_REALTIME) - age_ns);
        char *error = NULL;

        assert_int_equal(outbox_save(scene->folder, record, &error), 0);
        outbox_record_free(record);
    }
}

static void test_what_was_not_stored_whole_is_made_anew(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_open(scene);
    delivery_scene_close(scene);
    store_last_parts(scene, 5, 3, 0);
    delivery_scene_open(scene);
    assert_int_equal(scratch_count(scene->folder, "outbox/chat", ".json"), 0);
    scene->parts = 2;
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_arrived(scene, KEY " 1\n" KEY "+2 1\n");
    assert_int_equal(scene->summary.delivered, 2);
    assert_true(is_marked(scene));
}

/* Its age counts from when its turn came. */
static void test_a_part_is_not_given_up_for_having_waited(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_open(scene);
    delivery_scene_close(scene);
    store_last_parts(scene, 3, 3, 2 * scene->config.retry_give_up_ns);
    delivery_scene_behave(scene, "chat", "retry-twice");
    delivery_scene_behave_at_part(scene, "chat", 2);
    delivery_scene_open(scene);
    delivery_scene_run(scene, 1);
    assert_arrived(scene, KEY " 1\n" KEY " 3\n" KEY " 1\n");
    assert_int_equal(scene->summary.delivered, 3);
}

static void test_a_part_that_cannot_be_stored_leaves_none(void **state)
{
    struct delivery_scene *scene = *state;
    CLEANUP_FREE char *outbox = memory_format("%s/outbox", scene->folder);
    CLEANUP_FREE char *chat = memory_format("%s/chat", outbox);
    CLEANUP_FREE char *in_the_way = memory_format("%s/.batch.json.new", chat);
    CLEANUP_FREE char *error = NULL;

    delivery_scene_open(scene);
    assert_int_equal(mkdir(outbox, 0700), 0);
    assert_int_equal(mkdir(chat, 0700), 0);
    assert_int_equal(mkdir(in_the_way, 0700), 0);
    assert_int_not_equal(delivery_scene_try_to_post(scene, "batch", &error), 0);
    assert_non_null(strstr(error, "outbox/chat/.batch.json.new"));
    assert_int_equal(scratch_count(scene->folder, "outbox/chat", "+"), 0);
    assert_int_equal(post_summarize(scene->post, NULL).outstanding, 0);
    assert_int_equal(rmdir(in_the_way), 0);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_arrived(scene, KEY " 1\n" KEY "+2 1\n" KEY "+3 1\n");
}

static void test_a_part_that_is_gone_is_held_and_told(void **state)
{
    static const char *const files[] = {"outbox/chat/batch+2.json", "outbox/chat/batch+3.json"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct delivery_scene *scene = delivery_scene_new();
        CLEANUP_FREE char *path = memory_format("%s/%s", scene->folder, files[i]);

        scene->parts = 3;
        delivery_scene_add(scene, "chat", "retry");
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        delivery_scene_close(scene);
        assert_int_equal(unlink(path), 0);
        delivery_scene_behave(scene, "chat", "deliver");
        delivery_scene_open(scene);
        delivery_scene_run(scene, 1);
        assert_int_equal(scene->summary.uncertain, 1);
        assert_int_equal(scene->summary.behind, 1 - i);
        assert_int_equal(scene->summary.delivered, 1 + i);
        assert_int_equal(delivery_scene_arrived(scene, "chat"), 1 + i);
        assert_false(is_marked(scene));
        assert_true(scratch_exists(scene->folder, files[i]));
        delivery_scene_free(scene);
    }
}

static void test_a_damaged_part_holds_those_behind_it(void **state)
{
    static const char *const files[] = {"outbox/chat/batch.json", "outbox/chat/batch+2.json"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct delivery_scene *scene = delivery_scene_new();

        scene->parts = 3;
        delivery_scene_add(scene, "chat", "retry");
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        delivery_scene_close(scene);
        scratch_write(scene->folder, files[i], "{");
        delivery_scene_behave(scene, "chat", "deliver");
        delivery_scene_open(scene);
        delivery_scene_run(scene, 1);
        assert_int_equal(scene->summary.uncertain, 1);
        assert_int_equal(scene->summary.behind, 2 - i);
        assert_int_equal(scene->summary.delivered, i);
        assert_int_equal(delivery_scene_arrived(scene, "chat"), i);
        assert_false(is_marked(scene));
        delivery_scene_free(scene);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parts_arrive_in_order_once_each),
        TEST(test_a_part_waits_for_the_one_before_it_and_the_marker_for_all),
        cmocka_unit_test(test_parts_behind_one_that_is_held_are_held_with_it),
        TEST(test_what_is_held_stays_so_until_the_part_before_it_is_resolved),
        TEST(test_what_was_stored_whole_is_sent_as_it_was_stored),
        TEST(test_what_was_not_stored_whole_is_made_anew),
        TEST(test_a_part_is_not_given_up_for_having_waited),
        TEST(test_a_part_that_cannot_be_stored_leaves_none),
        cmocka_unit_test(test_a_damaged_part_holds_those_behind_it),
        cmocka_unit_test(test_a_part_that_is_gone_is_held_and_told),
    };
    int status;

    if (delivery_worker(argc, argv, &status))
        return status;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
