/* Posting: every sink gets a scope's message once, whatever fails and wherever the watcher dies. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "clock.h"
#include "deliver.h"
#include "delivery-scene.h"
#include "memory.h"
#include "scratch-folder.h"

static int setup(void **state)
{
    *state = delivery_scene_new();
    return 0;
}

static int teardown(void **state)
{
    delivery_scene_free(*state);
    return 0;
}

static void assert_record(const struct delivery_scene *scene, const char *sink, const char *scope,
                          enum outbox_state expected, int32_t attempts)
{
    struct outbox_record *record = delivery_scene_record(scene, sink, scope);

    assert_int_equal(record->state, expected);
    assert_int_equal(record->attempt_count, attempts);
    outbox_record_free(record);
}

/* ---- one watcher */

static void test_every_sink_gets_the_message_once(void **state)
{
    struct delivery_scene *scene = *state;
    char *journal;

    delivery_scene_add(scene, "chat", "deliver");
    delivery_scene_add(scene, "archive", "deliver");
    delivery_scene_open(scene);
    delivery_scene_post(scene, SCENE_BUILD);
    assert_int_equal(scene->settled, 0); /* never from within the call */
    delivery_scene_run(scene, 1);
    assert_string_equal(scene->settled_scope, SCENE_BUILD);
    assert_int_equal(scene->summary.delivered, 2);
    assert_int_equal(scene->summary.outstanding, 0);
    assert_false(post_is_held(&scene->summary));
    journal = delivery_scene_journal(scene, "chat");
    assert_string_equal(journal, SCENE_BUILD "/" SCENE_BUILD " 1\n");
    free(journal);
    assert_int_equal(delivery_scene_arrived(scene, "archive"), 1);
    assert_record(scene, "chat", SCENE_BUILD, OUTBOX_DELIVERED, 1);
    assert_true(scratch_exists(scene->folder, "posted/chat"));
    assert_true(scratch_exists(scene->folder, "posted/archive"));
    assert_int_equal(scene->state->run.posted_count, 2);
    assert_string_equal(scene->state->run.posted[0].remote_id, "remote-1");
}

static void test_the_format_is_the_sinks_own(void **state)
{
    struct delivery_scene *scene = *state;
    struct config_module *described = delivery_scene_add(scene, "described", "deliver");
    struct outbox_record *record;

    json_object_object_del(described->options, "format");
    described->description = json_object_new_object();
    json_object_object_add(described->description, "format", json_object_new_string("markdown"));
    json_object_object_add(delivery_scene_add(scene, "chosen", "deliver")->options, "format",
                           json_object_new_string("json"));
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    record = delivery_scene_record(scene, "described", "batch");
    assert_string_equal(record->message.body, "batch as markdown");
    outbox_record_free(record);
    record = delivery_scene_record(scene, "chosen", "batch");
    assert_string_equal(record->message.body, "batch as json");
    outbox_record_free(record);
    json_object_put(described->description);
    described->description = NULL;
}

static struct message_parts render_form(void *user, const struct post_form *form)
{
    struct message_parts parts = {NULL, 0, 0};

    (void)user;
    message_parts_add(&parts, memory_format("%zu bytes, %zu characters", form->limit.bytes,
                                            form->limit.characters));
    return parts;
}

/* Of the limits that a module states, an option max_characters lowers one. */
static void test_a_message_is_asked_for_in_the_size_its_sink_takes(void **state)
{
    static const struct {
        const char *description; /* NULL: not known */
        int max_characters;      /* 0: not given */
        const char *expected;
    } cases[] = {
        {NULL, 0, "0 bytes, 0 characters"},
        {"{\"limit_bytes\":0,\"limit_characters\":0}", 0, "0 bytes, 0 characters"},
        {"{\"limit_bytes\":9,\"limit_characters\":5}", 0, "9 bytes, 5 characters"},
        {"{\"limit_bytes\":9,\"limit_characters\":5}", 7, "9 bytes, 5 characters"},
        {"{\"limit_bytes\":9,\"limit_characters\":5}", 4, "9 bytes, 4 characters"},
        {"{\"limit_characters\":0}", 4, "0 bytes, 4 characters"},
    };
    struct delivery_scene *scene = *state;
    struct config_module *sink = delivery_scene_add(scene, "chat", "deliver");

    delivery_scene_open(scene);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *scope = memory_format("scope%zu", i), *error = NULL;
        const struct post_message message = {
            .scope = scope, .key = scope, .title = scope, .render = render_form};
        struct outbox_record *record;

        sink->description = cases[i].description ? json_tokener_parse(cases[i].description) : NULL;
        if (cases[i].max_characters)
            json_object_object_add(sink->options, "max_characters",
                                   json_object_new_int(cases[i].max_characters));
        assert_int_equal(post_scope(scene->post, &message, &error), 0);
        delivery_scene_run(scene, (unsigned)i + 1);
        record = delivery_scene_record(scene, "chat", scope);
        assert_string_equal(record->message.body, cases[i].expected);
        outbox_record_free(record);
        json_object_put(sink->description);
        sink->description = NULL;
        json_object_object_del(sink->options, "max_characters");
        free(scope);
    }
}

static void test_what_each_behaviour_of_a_sink_leads_to(void **state)
{
    static const struct {
        const char *behaviour;
        enum outbox_state expected;
        int32_t attempts;
        size_t arrived;
    } rows[] = {
        {"deliver", OUTBOX_DELIVERED, 1, 1},
        {"retry-twice", OUTBOX_DELIVERED, 3, 1},
        {"crash-before-commit", OUTBOX_DELIVERED, 2, 1},
        {"reject", OUTBOX_QUARANTINED, 1, 0},
        {"uncertain", OUTBOX_UNCERTAIN, 1, 1},
        {"crash-after-commit", OUTBOX_UNCERTAIN, 1, 1},
        {"silent-after-commit", OUTBOX_UNCERTAIN, 1, 1},
    };
    struct delivery_scene *scene = *state;
    unsigned settled = 0;

    delivery_scene_add(scene, "chat", "deliver");
    delivery_scene_open(scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        size_t before = delivery_scene_arrived(scene, "chat");

        delivery_scene_behave(scene, "chat", rows[i].behaviour);
        delivery_scene_post(scene, rows[i].behaviour);
        delivery_scene_run(scene, ++settled);
        assert_record(scene, "chat", rows[i].behaviour, rows[i].expected, rows[i].attempts);
        assert_int_equal(delivery_scene_arrived(scene, "chat") - before, rows[i].arrived);
        assert_int_equal(post_is_held(&scene->summary), rows[i].expected != OUTBOX_DELIVERED);
    }
    scene->summary = post_summarize(scene->post, NULL);
    assert_int_equal(scene->summary.delivered, 3);
    assert_int_equal(scene->summary.uncertain, 3);
    assert_int_equal(scene->summary.quarantined, 1);
}

static void test_gives_up_after_the_configured_age(void **state)
{
    struct delivery_scene *scene = *state;

    scene->config.retry_give_up_ns = 100 * 1000000;
    delivery_scene_add(scene, "chat", "retry");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_int_equal(scene->summary.quarantined, 1);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 0);
    assert_true(scratch_exists(scene->folder, "quarantine/chat-batch/reason.json"));
    assert_false(scratch_exists(scene->folder, "subruns/batch/posted/chat"));
}

static void test_a_policy_may_send_again_what_is_uncertain(void **state)
{
    struct delivery_scene *scene = *state;

    scene->config.resend_uncertain = true;
    delivery_scene_add(scene, "chat", "crash-after-commit");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_record(scene, "chat", "batch", OUTBOX_DELIVERED, 2);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 2);
}

static bool living_has_all(struct delivery_scene *scene)
{
    return delivery_scene_arrived(scene, "living") == 2 &&
           post_summarize(scene->post, NULL).delivered == 2;
}

static void test_a_dead_sink_delays_no_other(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "dead", "retry");
    delivery_scene_add(scene, "living", "deliver");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "first");
    delivery_scene_post(scene, "second");
    delivery_scene_run_until(scene, living_has_all);
    assert_int_equal(scene->settled, 0);
    assert_int_equal(post_summarize(scene->post, "first").outstanding, 1);
    /* It gets its messages later, and in order. */
    delivery_scene_behave(scene, "dead", "deliver");
    delivery_scene_run(scene, 2);
    assert_string_equal(scene->settled_scope, "second");
    assert_int_equal(delivery_scene_arrived(scene, "living"), 2);
}

static void test_sub_runs_arrive_in_the_order_in_which_they_closed(void **state)
{
    struct delivery_scene *scene = *state;
    char *journal;

    delivery_scene_add(scene, "chat", "retry-twice");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "zebra");
    delivery_scene_post(scene, "ant");
    delivery_scene_post(scene, "mole");
    delivery_scene_run(scene, 3);
    journal = delivery_scene_journal(scene, "chat");
    assert_string_equal(journal,
                        SCENE_BUILD "/zebra 3\n" SCENE_BUILD "/ant 3\n" SCENE_BUILD "/mole 3\n");
    free(journal);
}

static void test_a_worker_that_hangs_is_ended_and_its_message_held(void **state)
{
    struct delivery_scene *scene = *state;

    scene->config.deliver_timeout_ns = 100 * 1000000;
    delivery_scene_add(scene, "polite", "until-cancelled");
    delivery_scene_add(scene, "hung", "hang");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_record(scene, "polite", "batch", OUTBOX_DELIVERED, 1);
    assert_record(scene, "hung", "batch", OUTBOX_UNCERTAIN, 1);
    assert_int_equal(delivery_scene_arrived(scene, "hung"), 1);
}

static void test_a_sink_that_does_not_load_is_tried_again(void **state)
{
    struct delivery_scene *scene = *state;
    struct config_module *sink = delivery_scene_add(scene, "chat", "deliver");
    struct outbox_record *record;

    free(sink->module);
    sink->module = memory_string("/nowhere/at-all.so");
    scene->config.retry_give_up_ns = 1;
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    record = delivery_scene_record(scene, "chat", "batch");
    assert_int_equal(record->state, OUTBOX_QUARANTINED);
    assert_non_null(strstr(record->explanation, "/nowhere/at-all.so"));
    outbox_record_free(record);
}

static void test_without_sinks_a_scope_settles_at_once(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    assert_int_equal(scene->summary.delivered, 0);
    assert_false(post_is_held(&scene->summary));
}

/* ---- restarts */

static void reopen(struct delivery_scene *scene)
{
    delivery_scene_close(scene);
    delivery_scene_open(scene);
}

static void test_posting_again_after_a_restart_sends_nothing(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "chat", "deliver");
    delivery_scene_add(scene, "refusing", "reject");
    delivery_scene_add(scene, "lossy", "uncertain");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    reopen(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 2);
    assert_int_equal(scene->summary.delivered, 1);
    assert_int_equal(scene->summary.quarantined, 1);
    assert_int_equal(scene->summary.uncertain, 1);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 1);
    assert_int_equal(delivery_scene_arrived(scene, "lossy"), 1);
}

static void test_a_sink_that_is_new_gets_what_the_others_have(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "chat", "deliver");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 1);
    delivery_scene_close(scene);
    delivery_scene_add(scene, "archive", "deliver");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_run(scene, 2);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 1);
    assert_int_equal(delivery_scene_arrived(scene, "archive"), 1);
}

static void test_a_marker_without_a_message_is_believed(void **state)
{
    struct delivery_scene *scene = *state;
    char *record, *error = NULL;

    delivery_scene_add(scene, "chat", "deliver");
    delivery_scene_open(scene);
    assert_int_equal(state_mark_posted(scene->state, &scene->state->run, "chat", NULL, 1, &error),
                     0);
    delivery_scene_post(scene, SCENE_BUILD);
    delivery_scene_run(scene, 1);
    assert_int_equal(scene->summary.delivered, 1);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 0);
    record = scratch_read(scene->folder, "outbox/chat/" SCENE_BUILD ".json");
    assert_non_null(strstr(record, "marker"));
    free(record);
}

static void test_an_unfinished_message_for_a_removed_sink_is_held(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "chat", "deliver");
    delivery_scene_add(scene, "removed", "retry");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    delivery_scene_close(scene);
    scene->config.sink_count = 1;
    delivery_scene_open(scene);
    delivery_scene_run(scene, 1);
    scene->config.sink_count = 2;
    assert_int_equal(scene->summary.unconfigured, 1);
    assert_true(post_is_held(&scene->summary));
}

static struct outbox_record *new_record(struct delivery_scene *scene)
{
    struct outbox_message message = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = ATVM_FORMAT_TEXT,
        .part = 1,
        .parts = 1,
        .key = memory_string(SCENE_BUILD "/batch"),
        .build = memory_string(SCENE_BUILD),
        .scope = memory_string("batch"),
        .title = memory_string("batch"),
        .body = memory_string("body"),
    };

    (void)scene;
    return outbox_record_new("chat", &message, 1, clock_ns(CLOCK_REALTIME));
}

static bool chat_has_all(struct delivery_scene *scene)
{
    return delivery_scene_arrived(scene, "chat") == 2 &&
           post_summarize(scene->post, NULL).outstanding == 0;
}

static bool living_has_all_of_two(struct delivery_scene *scene)
{
    return post_summarize(scene->post, NULL).delivered == 2;
}

/* A record that was tried once and waits until `next`; `delay` was decided. */
static void store_waiting(struct delivery_scene *scene, int64_t next_ns, int64_t delay_ns)
{
    struct outbox_record *record = new_record(scene);
    char *error = NULL;

    record->attempt_count = 1;
    record->attempt_started_ns = clock_ns(CLOCK_REALTIME);
    record->next_attempt_ns = next_ns;
    record->delay_ns = delay_ns;
    assert_int_equal(outbox_save(scene->folder, record, &error), 0);
    outbox_record_free(record);
}

/* Whatever the clock did while no watcher ran: a wait that was decided is kept, is over when its
 * time has come, and never becomes longer. */
static void test_a_wait_survives_a_restart_and_a_clock_that_was_set(void **state)
{
    const int64_t hour = 3600 * NS_PER_SECOND;
    const struct {
        int64_t from_now_ns, delay_ns;
        bool sent;
    } rows[] = {
        {hour, hour, false},            /* as decided: the other side's Retry-After */
        {-hour, hour, true},            /* its time has come, or the clock was set forward */
        {hour, 20 * NS_PER_MS, true},   /* the clock was set back by an hour */
        {1000 * hour, NS_PER_MS, true}, /* or by weeks */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct delivery_scene *scene = delivery_scene_new();

        delivery_scene_add(scene, "chat", "deliver");
        delivery_scene_add(scene, "living", "deliver");
        delivery_scene_open(scene);
        delivery_scene_close(scene);
        store_waiting(scene, clock_ns(CLOCK_REALTIME) + rows[i].from_now_ns, rows[i].delay_ns);
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        delivery_scene_post(scene, "after");
        delivery_scene_run_until(scene, rows[i].sent ? chat_has_all : living_has_all_of_two);
        assert_record(scene, "chat", "batch", rows[i].sent ? OUTBOX_DELIVERED : OUTBOX_PENDING,
                      rows[i].sent ? 2 : 1);
        delivery_scene_free(scene);
    }
}

/* ---- a watcher that dies. Each row is a program that ends at one point of the protocol. */

/* In the child a failed step ends it with 1, which the test sees. */
#define MUST(expression)                                                                           \
    do {                                                                                           \
        if (!(expression))                                                                         \
            _exit(1);                                                                              \
    } while (0)

static char *error_of_child;

static void die_when_pending(struct delivery_scene *scene)
{
    MUST(outbox_save(scene->folder, new_record(scene), &error_of_child) == 0);
}

static struct outbox_record *begin(struct delivery_scene *scene, int *receipt)
{
    struct outbox_record *record = new_record(scene);

    MUST(outbox_save(scene->folder, record, &error_of_child) == 0);
    MUST(outbox_begin(scene->folder, record, 1, receipt, &error_of_child) == 0);
    return record;
}

static void die_when_sending_without_a_worker(struct delivery_scene *scene)
{
    int receipt;

    begin(scene, &receipt);
}

static void note_end(void *user, const char *ending)
{
    (void)ending;
    *(bool *)user = true;
}

static struct outbox_record *start_worker(struct delivery_scene *scene, bool *ended)
{
    struct deliver *deliver = NULL;
    int receipt = -1;
    struct outbox_record *record = begin(scene, &receipt);

    MUST(sd_event_new(&scene->event) == 0);
    MUST(deliver_start(scene->event,
                       &(struct deliver_settings){.sink = &scene->sinks[0],
                                                  .record = record,
                                                  .receipt = receipt,
                                                  .terminal = -1,
                                                  .secrets = -1,
                                                  .timeout_ns = scene->config.deliver_timeout_ns,
                                                  .grace_ns = SCENE_GRACE_NS},
                       note_end, ended, &deliver, &error_of_child) == 0);
    close(receipt);
    return record;
}

static void die_while_the_worker_is_sending(struct delivery_scene *scene)
{
    bool ended = false;

    start_worker(scene, &ended);
}

static struct outbox_record *finish_worker(struct delivery_scene *scene)
{
    bool ended = false;
    struct outbox_record *record = start_worker(scene, &ended);

    while (!ended)
        MUST(sd_event_run(scene->event, UINT64_MAX) >= 0);
    return record;
}

static void die_when_the_worker_has_ended(struct delivery_scene *scene)
{
    finish_worker(scene);
}

static void die_before_the_marker(struct delivery_scene *scene)
{
    const struct outbox_policy policy = {1, 1, 1000000000, false};
    struct outbox_record *record = finish_worker(scene);
    struct outbox_receipt receipt;

    MUST(outbox_read_receipt(scene->folder, record, NULL, &receipt, &error_of_child) == 0);
    outbox_settle(record, &receipt, &policy, record->created_ns, 0);
    MUST(outbox_save_settled(scene->folder, record, &error_of_child) == 0);
}

static void run_and_die(struct delivery_scene *scene, void (*program)(struct delivery_scene *))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        MUST(state_open(scene->root, SCENE_BUILD, STATE_OWN, 1, &scene->state, &error_of_child) ==
             0);
        program(scene);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_a_watcher_that_dies_posts_once_or_holds(void **state)
{
    static const struct {
        void (*dies)(struct delivery_scene *scene);
        const char *behaviour;
        enum outbox_state expected;
        size_t arrived;
    } rows[] = {
        {die_when_pending, "deliver", OUTBOX_DELIVERED, 1},
        {die_when_sending_without_a_worker, "deliver", OUTBOX_DELIVERED, 1},
        {die_while_the_worker_is_sending, "deliver", OUTBOX_DELIVERED, 1},
        {die_while_the_worker_is_sending, "crash-before-commit", OUTBOX_DELIVERED, 1},
        {die_while_the_worker_is_sending, "crash-after-commit", OUTBOX_UNCERTAIN, 1},
        {die_while_the_worker_is_sending, "reject", OUTBOX_QUARANTINED, 0},
        {die_when_the_worker_has_ended, "deliver", OUTBOX_DELIVERED, 1},
        {die_when_the_worker_has_ended, "crash-before-commit", OUTBOX_DELIVERED, 1},
        {die_when_the_worker_has_ended, "crash-after-commit", OUTBOX_UNCERTAIN, 1},
        {die_when_the_worker_has_ended, "reject", OUTBOX_QUARANTINED, 0},
        {die_before_the_marker, "deliver", OUTBOX_DELIVERED, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct delivery_scene *scene = delivery_scene_new();
        struct outbox_record *record;

        delivery_scene_add(scene, "chat", rows[i].behaviour);
        run_and_die(scene, rows[i].dies);
        delivery_scene_open(scene);
        delivery_scene_post(scene, "batch");
        delivery_scene_run(scene, 1);
        record = delivery_scene_record(scene, "chat", "batch");
        if (record->state != rows[i].expected)
            print_error("row %zu: %s\n", i, outbox_state_name(record->state));
        assert_int_equal(record->state, rows[i].expected);
        outbox_record_free(record);
        assert_int_equal(delivery_scene_arrived(scene, "chat"), rows[i].arrived);
        assert_int_equal(scratch_exists(scene->folder, "subruns/batch/posted/chat"),
                         rows[i].expected == OUTBOX_DELIVERED);
        assert_int_equal(scratch_count(scene->folder, "outbox/chat", "receipt"), 0);
        delivery_scene_free(scene);
    }
}

static bool has_arrived(struct delivery_scene *scene)
{
    return delivery_scene_arrived(scene, "chat") == 1;
}

static void test_a_restarted_watcher_waits_for_a_worker_that_still_sends(void **state)
{
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "chat", "slow");
    run_and_die(scene, die_while_the_worker_is_sending);
    delivery_scene_open(scene);
    delivery_scene_run_until(scene, has_arrived);
    /* The worker has no answer yet: nothing is settled, and nothing is sent a second time. */
    assert_int_equal(post_summarize(scene->post, NULL).outstanding, 1);
    assert_record(scene, "chat", "batch", OUTBOX_SENDING, 1);
    delivery_scene_open_gate(scene, "chat");
    delivery_scene_run(scene, 1);
    assert_record(scene, "chat", "batch", OUTBOX_DELIVERED, 1);
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 1);
}

static void test_a_hung_worker_whose_watcher_is_gone_ends_itself(void **state)
{
    struct delivery_scene *scene = *state;

    scene->config.deliver_timeout_ns = 100 * 1000000;
    delivery_scene_add(scene, "chat", "hang");
    run_and_die(scene, die_while_the_worker_is_sending);
    delivery_scene_open(scene);
    delivery_scene_run(scene, 1);
    assert_record(scene, "chat", "batch", OUTBOX_UNCERTAIN, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_sink_gets_the_message_once),
        TEST(test_the_format_is_the_sinks_own),
        TEST(test_a_message_is_asked_for_in_the_size_its_sink_takes),
        TEST(test_what_each_behaviour_of_a_sink_leads_to),
        TEST(test_gives_up_after_the_configured_age),
        TEST(test_a_policy_may_send_again_what_is_uncertain),
        TEST(test_a_dead_sink_delays_no_other),
        TEST(test_sub_runs_arrive_in_the_order_in_which_they_closed),
        TEST(test_a_worker_that_hangs_is_ended_and_its_message_held),
        TEST(test_a_sink_that_does_not_load_is_tried_again),
        TEST(test_without_sinks_a_scope_settles_at_once),
        TEST(test_posting_again_after_a_restart_sends_nothing),
        TEST(test_a_sink_that_is_new_gets_what_the_others_have),
        TEST(test_a_marker_without_a_message_is_believed),
        TEST(test_an_unfinished_message_for_a_removed_sink_is_held),
        cmocka_unit_test(test_a_wait_survives_a_restart_and_a_clock_that_was_set),
        cmocka_unit_test(test_a_watcher_that_dies_posts_once_or_holds),
        TEST(test_a_restarted_watcher_waits_for_a_worker_that_still_sends),
        TEST(test_a_hung_worker_whose_watcher_is_gone_ends_itself),
    };
    int status;

    if (delivery_worker(argc, argv, &status))
        return status;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
