/* The outbox: its decisions as tables, and what its files say after a crash. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "memory.h"
#include "outbox.h"
#include "scratch-folder.h"

#define SECOND INT64_C(1000000000)
#define NOW    (INT64_C(1774000000) * SECOND)

static const struct outbox_policy hold = {
    .retry_first_ns = 5 * SECOND,
    .retry_max_ns = 600 * SECOND,
    .retry_give_up_ns = 86400 * SECOND,
};

static struct outbox_record *record_for(const char *sink, const char *scope, int32_t part,
                                        int64_t sequence)
{
    struct outbox_message message = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = ATVM_FORMAT_MARKDOWN,
        .part = part,
        .parts = part,
        .key = memory_format("build/%s", scope),
        .build = memory_string("build"),
        .scope = memory_string(scope),
        .title = memory_string("a title"),
        .body = memory_string("a body\nof two lines\n"),
    };

    return outbox_record_new(sink, &message, sequence, NOW);
}

static struct outbox_record *record_in(enum outbox_state state)
{
    struct outbox_record *record = record_for("chat", "scope", 1, 1);

    record->state = state;
    if (state == OUTBOX_SENDING) {
        record->attempt_count = 1;
        record->attempt_started_ns = NOW;
    }
    return record;
}

/* ---- what is next */

static void test_what_is_next(void **state)
{
    static const struct {
        enum outbox_state state;
        enum outbox_worker worker;
        int64_t next_attempt_ns, delay_ns;
        enum outbox_action action;
        int64_t wait_ns;
    } rows[] = {
        /* never tried */
        {OUTBOX_PENDING, OUTBOX_WORKER_ENDED, -1, -1, OUTBOX_SEND, 0},
        /* due now, overdue, not yet due */
        {OUTBOX_PENDING, OUTBOX_WORKER_ENDED, NOW, 5 * SECOND, OUTBOX_SEND, 0},
        {OUTBOX_PENDING, OUTBOX_WORKER_ENDED, NOW - SECOND, 5 * SECOND, OUTBOX_SEND, 0},
        {OUTBOX_PENDING, OUTBOX_WORKER_ENDED, NOW + SECOND, 5 * SECOND, OUTBOX_WAIT, SECOND},
        /* the clock was set back by an hour */
        {OUTBOX_PENDING, OUTBOX_WORKER_ENDED, NOW + 3605 * SECOND, 5 * SECOND, OUTBOX_WAIT,
         5 * SECOND},
        /* an attempt was begun: by a worker that lives, by one that does not */
        {OUTBOX_SENDING, OUTBOX_WORKER_RUNNING, -1, -1, OUTBOX_WAIT, OUTBOX_LOOK_AGAIN_NS},
        {OUTBOX_SENDING, OUTBOX_WORKER_ENDED, -1, -1, OUTBOX_READ, 0},
        /* settled */
        {OUTBOX_DELIVERED, OUTBOX_WORKER_ENDED, -1, -1, OUTBOX_NOTHING, 0},
        {OUTBOX_UNCERTAIN, OUTBOX_WORKER_ENDED, -1, -1, OUTBOX_NOTHING, 0},
        {OUTBOX_QUARANTINED, OUTBOX_WORKER_ENDED, -1, -1, OUTBOX_NOTHING, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct outbox_record *record = record_in(rows[i].state);
        int64_t wait_ns = -1;

        record->next_attempt_ns = rows[i].next_attempt_ns;
        record->delay_ns = rows[i].delay_ns;
        assert_int_equal(outbox_next(record, rows[i].worker, NOW, &wait_ns), rows[i].action);
        assert_int_equal(wait_ns, rows[i].wait_ns);
        outbox_record_free(record);
    }
}

/* ---- receipts */

#define COMMITTING  OUTBOX_COMMITTING_LINE
#define DELIVERED_R "{\"t\":\"receipt\",\"outcome\":\"delivered\",\"code\":200}\n"
#define RETRY_R     "{\"t\":\"receipt\",\"outcome\":\"retry\",\"code\":429,\"reason\":\"busy\"}\n"

static void test_what_a_receipt_file_amounts_to(void **state)
{
    static const struct {
        const char *content;
        int32_t outcome;
        const char *reason; /* a part of it; NULL: any */
    } rows[] = {
        /* nothing was sent */
        {"", ATVM_RETRY, "before it began to send"},
        {"{\"t\":\"commi", ATVM_RETRY, "before it began to send"},
        {"{\"t\":\"committing\"}", ATVM_RETRY, "before it began to send"},
        /* it began to send, and no answer is known */
        {COMMITTING, ATVM_UNCERTAIN, "without a receipt"},
        {COMMITTING COMMITTING, ATVM_UNCERTAIN, "without a receipt"},
        {COMMITTING "{\"t\":\"receipt\",\"outcome\":\"deli", ATVM_UNCERTAIN, "damaged"},
        {COMMITTING "{\"t\":\"receipt\",\"outcome\":\"delivered\",\"code\":200}", ATVM_UNCERTAIN,
         "damaged"},
        /* an answer */
        {COMMITTING DELIVERED_R, ATVM_DELIVERED, NULL},
        {DELIVERED_R, ATVM_DELIVERED, NULL},
        {COMMITTING RETRY_R, ATVM_RETRY, "busy"},
        {RETRY_R, ATVM_RETRY, "busy"},
        /* the last one counts, unless there may be a later one */
        {COMMITTING RETRY_R DELIVERED_R, ATVM_DELIVERED, NULL},
        {COMMITTING RETRY_R "{\"t\":\"rec", ATVM_UNCERTAIN, "damaged"},
        /* damage can hide anything */
        {"{\"t\":\"receipt\",\"outcome\":\"maybe\"}\n", ATVM_UNCERTAIN, "damaged"},
        {"{\"t\":\"other\"}\n" DELIVERED_R, ATVM_UNCERTAIN, "damaged"},
        {"\n", ATVM_UNCERTAIN, "damaged"},
        {"garbage", ATVM_UNCERTAIN, "damaged"},
        {NULL, ATVM_UNCERTAIN, "gone"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *content = rows[i].content;
        struct outbox_receipt receipt =
            outbox_reading_receipt(content, content ? strlen(content) : 0, "was killed");

        if (receipt.outcome != rows[i].outcome)
            print_error("row %zu: %s\n", i, content ? content : "(none)");
        assert_int_equal(receipt.outcome, rows[i].outcome);
        if (rows[i].reason)
            assert_non_null(strstr(receipt.reason, rows[i].reason));
        outbox_receipt_clear(&receipt);
    }
}

static void test_a_power_loss_that_left_zeros_is_uncertain(void **state)
{
    static const char zeros[64];
    struct outbox_receipt receipt = outbox_reading_receipt(zeros, sizeof(zeros), NULL);

    (void)state;
    assert_int_equal(receipt.outcome, ATVM_UNCERTAIN);
    outbox_receipt_clear(&receipt);
}

static void test_a_receipt_line_is_read_back_whole(void **state)
{
    struct atvm_receipt given = ATVM_RECEIPT_INIT(ATVM_REJECTED);
    struct outbox_receipt receipt;
    char *line;

    (void)state;
    given.code = 404;
    given.retry_after_ns = 7 * SECOND;
    given.remote_id = "r\"1";
    given.reason = "two\nlines";
    given.remedy = "ask";
    line = outbox_receipt_line(&given);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    receipt = outbox_reading_receipt(line, strlen(line), NULL);
    assert_int_equal(receipt.outcome, ATVM_REJECTED);
    assert_int_equal(receipt.code, 404);
    assert_true(receipt.retry_after_ns == 7 * SECOND);
    assert_string_equal(receipt.remote_id, "r\"1");
    assert_string_equal(receipt.reason, "two\nlines");
    assert_string_equal(receipt.remedy, "ask");
    outbox_receipt_clear(&receipt);
    free(line);
}

/* ---- settling */

static void test_what_an_outcome_leads_to(void **state)
{
    static const struct {
        int32_t outcome;
        bool resend_uncertain, maybe_posted;
        int64_t age_ns;
        enum outbox_state expected;
    } rows[] = {
        {ATVM_DELIVERED, false, false, 0, OUTBOX_DELIVERED},
        {ATVM_DELIVERED, false, true, 0, OUTBOX_DELIVERED},
        {ATVM_REJECTED, false, false, 0, OUTBOX_QUARANTINED},
        {ATVM_RETRY, false, false, 0, OUTBOX_PENDING},
        {ATVM_RETRY, false, false, 86399 * SECOND, OUTBOX_PENDING},
        {ATVM_RETRY, false, false, 86400 * SECOND, OUTBOX_QUARANTINED},
        /* never repeated silently; by policy it is */
        {ATVM_UNCERTAIN, false, false, 0, OUTBOX_UNCERTAIN},
        {ATVM_UNCERTAIN, true, false, 0, OUTBOX_PENDING},
        {0, false, false, 0, OUTBOX_UNCERTAIN},
        /* what may have arrived once is never called undelivered */
        {ATVM_UNCERTAIN, true, false, 86400 * SECOND, OUTBOX_UNCERTAIN},
        {ATVM_REJECTED, true, true, 0, OUTBOX_UNCERTAIN},
        {ATVM_RETRY, true, true, 86400 * SECOND, OUTBOX_UNCERTAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct outbox_record *record = record_in(OUTBOX_SENDING);
        struct outbox_receipt receipt = {.outcome = rows[i].outcome, .retry_after_ns = -1};
        struct outbox_policy policy = hold;
        int64_t now_ns = NOW + rows[i].age_ns;

        policy.resend_uncertain = rows[i].resend_uncertain;
        record->maybe_posted = rows[i].maybe_posted;
        outbox_settle(record, &receipt, &policy, now_ns, UINT32_MAX);
        assert_int_equal(record->state, rows[i].expected);
        assert_int_equal(record->attempts_kept, 1);
        if (record->state == OUTBOX_PENDING) {
            assert_true(record->next_attempt_ns == now_ns + 5 * SECOND);
            assert_true(record->delay_ns == 5 * SECOND);
        } else {
            assert_true(record->settled_ns == now_ns);
            assert_int_equal(record->explanation == NULL, record->state == OUTBOX_DELIVERED);
        }
        outbox_record_free(record);
    }
}

static void test_giving_up_says_how_often_and_why(void **state)
{
    struct outbox_record *record = record_in(OUTBOX_SENDING);
    struct outbox_receipt receipt = {
        .outcome = ATVM_RETRY, .retry_after_ns = -1, .reason = memory_string("refused")};

    (void)state;
    record->attempt_count = 144;
    outbox_settle(record, &receipt, &hold, NOW + 86401 * SECOND, 0);
    assert_non_null(strstr(record->explanation, "144 attempts"));
    assert_non_null(strstr(record->explanation, "refused"));
    outbox_record_free(record);
}

static void test_only_the_last_attempts_are_kept(void **state)
{
    struct outbox_record *record = record_in(OUTBOX_PENDING);

    (void)state;
    for (int32_t i = 1; i <= OUTBOX_ATTEMPTS_KEPT + 5; i++) {
        struct outbox_receipt receipt = {
            .outcome = ATVM_RETRY, .retry_after_ns = -1, .reason = memory_string("refused")};

        record->state = OUTBOX_SENDING;
        record->attempt_count = i;
        outbox_settle(record, &receipt, &hold, NOW, 0);
    }
    assert_int_equal(record->attempts_kept, OUTBOX_ATTEMPTS_KEPT);
    assert_int_equal(record->attempts[0].number, 6);
    assert_int_equal(record->attempts[OUTBOX_ATTEMPTS_KEPT - 1].number, OUTBOX_ATTEMPTS_KEPT + 5);
    outbox_record_free(record);
}

static void test_how_long_to_wait(void **state)
{
    static const struct {
        int32_t attempt;
        int64_t retry_after_ns;
        uint32_t random;
        int64_t expected_ns;
    } rows[] = {
        /* doubling, up to the longest */
        {1, -1, UINT32_MAX, 5 * SECOND},
        {2, -1, UINT32_MAX, 10 * SECOND},
        {3, -1, UINT32_MAX, 20 * SECOND},
        {7, -1, UINT32_MAX, 320 * SECOND},
        {8, -1, UINT32_MAX, 600 * SECOND},
        {INT32_MAX, -1, UINT32_MAX, 600 * SECOND},
        /* jitter: at least one half */
        {1, -1, 0, 5 * SECOND / 2},
        {8, -1, 0, 300 * SECOND},
        /* the other side's wish: never sooner, also beyond the longest, but not for ever */
        {1, 0, UINT32_MAX, 5 * SECOND},
        {1, SECOND, 0, 5 * SECOND / 2},
        {1, 30 * SECOND, 0, 30 * SECOND},
        {1, 3600 * SECOND, 0, 3600 * SECOND},
        {1, INT64_MAX, 0, 86400 * SECOND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_true(outbox_retry_delay(&hold, rows[i].attempt, rows[i].retry_after_ns,
                                       rows[i].random) == rows[i].expected_ns);
}

/* ---- files */

struct scene {
    char *folder;
    char *error, *warning;
};

static int setup(void **state)
{
    struct scene *scene = memory_zeroed(1, sizeof(*scene));

    scene->folder = scratch_folder_new();
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    scratch_folder_remove(scene->folder);
    free(scene->folder);
    free(scene->error);
    free(scene->warning);
    free(scene);
    return 0;
}

static void save(struct scene *scene, const struct outbox_record *record)
{
    assert_int_equal(outbox_save(scene->folder, record, &scene->error), 0);
}

static struct outbox_record *load(struct scene *scene, const char *sink, const char *scope,
                                  int32_t part)
{
    struct outbox_record *record = NULL;

    assert_int_equal(
        outbox_load(scene->folder, sink, scope, part, NOW, &record, &scene->warning, &scene->error),
        0);
    return record;
}

static void test_a_record_survives_whole(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = record_for("chat", "scope", 2, 9), *loaded;
    struct outbox_receipt receipt = {.outcome = ATVM_RETRY,
                                     .code = 429,
                                     .retry_after_ns = SECOND,
                                     .reason = memory_string("busy")};

    record->message.supersedes = memory_string("older");
    record->state = OUTBOX_SENDING;
    record->attempt_count = 3;
    record->attempt_started_ns = NOW + 1;
    outbox_settle(record, &receipt, &hold, NOW + 2, 0);
    save(scene, record);
    assert_true(scratch_exists(scene->folder, "outbox/chat/scope+2.json"));
    loaded = load(scene, "chat", "scope", 2);
    assert_int_equal(loaded->state, OUTBOX_PENDING);
    assert_string_equal(loaded->sink, "chat");
    assert_true(loaded->sequence == 9);
    assert_true(loaded->created_ns == NOW);
    assert_int_equal(loaded->attempt_count, 3);
    assert_true(loaded->next_attempt_ns == record->next_attempt_ns);
    assert_true(loaded->delay_ns == record->delay_ns);
    assert_int_equal(loaded->attempts_kept, 1);
    assert_int_equal(loaded->attempts[0].number, 3);
    assert_true(loaded->attempts[0].started_ns == NOW + 1);
    assert_int_equal(loaded->attempts[0].receipt.code, 429);
    assert_string_equal(loaded->attempts[0].receipt.reason, "busy");
    assert_int_equal(loaded->message.format, ATVM_FORMAT_MARKDOWN);
    assert_int_equal(loaded->message.part, 2);
    assert_string_equal(loaded->message.key, "build/scope");
    assert_string_equal(loaded->message.supersedes, "older");
    assert_string_equal(loaded->message.body, "a body\nof two lines\n");
    outbox_record_free(record);
    outbox_record_free(loaded);
}

static void test_what_is_not_there_is_no_error_of_its_own(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = NULL;
    struct outbox_list list;

    assert_int_equal(outbox_load(scene->folder, "chat", "scope", 1, NOW, &record, &scene->warning,
                                 &scene->error),
                     -ENOENT);
    assert_int_equal(outbox_load_all(scene->folder, NOW, &list, &scene->warning, &scene->error), 0);
    assert_int_equal(list.count, 0);
    assert_null(scene->warning);
    outbox_list_free(&list);
}

static void test_no_two_messages_share_a_file(void **state)
{
    static const struct {
        const char *sink, *scope;
        int32_t part;
    } rows[] = {
        {"chat", "redhat9", 2}, {"chat", "redhat9.2", 1}, {"chat", "redhat9+2", 1},
        {"chat", "redhat9", 1}, {"chat-a", "b", 1},       {"chat", "a-b", 1},
    };
    const size_t count = sizeof(rows) / sizeof(*rows);
    struct scene *scene = *state;
    struct outbox_list list;

    for (size_t i = 0; i < count; i++) {
        struct outbox_record *record =
            record_for(rows[i].sink, rows[i].scope, rows[i].part, (int64_t)(count - i));

        record->state = OUTBOX_QUARANTINED;
        record->explanation = memory_string("x");
        assert_int_equal(outbox_save_settled(scene->folder, record, &scene->error), 0);
        outbox_record_free(record);
    }
    assert_int_equal(outbox_load_all(scene->folder, NOW, &list, &scene->warning, &scene->error), 0);
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(list.records[i]->message.scope, rows[count - 1 - i].scope);
    outbox_list_free(&list);
    /* and "." and ".." */
    assert_int_equal(scratch_count(scene->folder, "quarantine", ""), count + 2);
}

static void test_a_damaged_record_is_held_and_never_absent(void **state)
{
    static const char *const damaged[] = {
        "",
        "{\"schema\": \"atvm.outbox/1\"}",
        "{\"schema\": \"atvm.outbox/1\", \"state\": \"pending\", \"sink\": \"other\"}",
        "not json",
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
        struct outbox_record *record = record_for("chat", "scope", 1, 1), *loaded;

        save(scene, record);
        outbox_record_free(record);
        scratch_write(scene->folder, "outbox/chat/scope.json", damaged[i]);
        loaded = load(scene, "chat", "scope", 1);
        assert_int_equal(loaded->state, OUTBOX_UNCERTAIN);
        assert_non_null(strstr(scene->warning, "outbox/chat/scope.json"));
        assert_int_equal(scratch_count(scene->folder, "outbox/chat", ".corrupt-"), i + 1);
        outbox_record_free(loaded);
        free(scene->warning);
        scene->warning = NULL;
        /* It stays held after the next start, without another report. */
        loaded = load(scene, "chat", "scope", 1);
        assert_int_equal(loaded->state, OUTBOX_UNCERTAIN);
        assert_null(scene->warning);
        outbox_record_free(loaded);
    }
}

static void test_a_look_shows_damage_and_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *whole = record_for("chat", "first", 1, 1);
    struct outbox_record *damaged = record_for("chat", "second", 1, 2);
    struct outbox_list list;
    char *before, *after;

    save(scene, whole);
    save(scene, damaged);
    outbox_record_free(whole);
    outbox_record_free(damaged);
    scratch_write(scene->folder, "outbox/chat/second.json", "not json");
    before = scratch_read(scene->folder, "outbox/chat/second.json");
    assert_int_equal(outbox_look_all(scene->folder, NOW, &list, &scene->error), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.records[0]->message.scope, "second"); /* of unknown sequence */
    assert_int_equal(list.records[0]->state, OUTBOX_UNCERTAIN);
    assert_non_null(strstr(list.records[0]->explanation, "outbox/chat/second.json"));
    assert_int_equal(list.records[1]->state, OUTBOX_PENDING);
    outbox_list_free(&list);
    after = scratch_read(scene->folder, "outbox/chat/second.json");
    assert_string_equal(after, before);
    assert_int_equal(scratch_count(scene->folder, "outbox/chat", ""), 2 + 2); /* and "." and ".." */
    free(before);
    free(after);
}

static void test_a_record_of_a_newer_version_is_refused(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = record_for("chat", "scope", 1, 1), *loaded = NULL;

    save(scene, record);
    outbox_record_free(record);
    scratch_write(scene->folder, "outbox/chat/scope.json", "{\"schema\": \"atvm.outbox/2\"}");
    assert_int_equal(outbox_load(scene->folder, "chat", "scope", 1, NOW, &loaded, &scene->warning,
                                 &scene->error),
                     -EPROTONOSUPPORT);
    assert_int_equal(scratch_count(scene->folder, "outbox/chat", ".corrupt-"), 0);
}

static void test_an_attempt_is_on_disk_before_it_begins(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = record_for("chat", "scope", 1, 1), *loaded;
    enum outbox_worker worker;
    int receipt = -1;

    save(scene, record);
    assert_int_equal(outbox_begin(scene->folder, record, NOW, &receipt, &scene->error), 0);
    loaded = load(scene, "chat", "scope", 1);
    assert_int_equal(loaded->state, OUTBOX_SENDING);
    assert_int_equal(loaded->attempt_count, 1);
    assert_true(scratch_exists(scene->folder, "outbox/chat/scope.receipt-1"));
    assert_int_not_equal(fcntl(receipt, F_GETFD) & FD_CLOEXEC, 0);
    /* The lock lives as long as somebody has the file open as it was made. */
    assert_int_equal(outbox_look_at_worker(scene->folder, loaded, &worker, &scene->error), 0);
    assert_int_equal(worker, OUTBOX_WORKER_RUNNING);
    close(receipt);
    assert_int_equal(outbox_look_at_worker(scene->folder, loaded, &worker, &scene->error), 0);
    assert_int_equal(worker, OUTBOX_WORKER_ENDED);
    outbox_record_free(record);
    outbox_record_free(loaded);
}

static void test_a_settled_attempt_leaves_no_receipt_file(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = record_for("chat", "scope", 1, 1);
    struct outbox_receipt receipt;
    int descriptor = -1;

    assert_int_equal(outbox_begin(scene->folder, record, NOW, &descriptor, &scene->error), 0);
    assert_int_equal(write(descriptor, COMMITTING DELIVERED_R, strlen(COMMITTING DELIVERED_R)),
                     strlen(COMMITTING DELIVERED_R));
    close(descriptor);
    assert_int_equal(outbox_read_receipt(scene->folder, record, NULL, &receipt, &scene->error), 0);
    outbox_settle(record, &receipt, &hold, NOW, 0);
    assert_int_equal(record->state, OUTBOX_DELIVERED);
    assert_int_equal(outbox_save_settled(scene->folder, record, &scene->error), 0);
    assert_int_equal(scratch_count(scene->folder, "outbox/chat", "receipt"), 0);
    outbox_record_free(record);
}

static void test_a_receipt_that_was_deleted_is_uncertain(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = record_in(OUTBOX_SENDING);
    struct outbox_receipt receipt;
    enum outbox_worker worker;

    save(scene, record);
    assert_int_equal(outbox_look_at_worker(scene->folder, record, &worker, &scene->error), 0);
    assert_int_equal(worker, OUTBOX_WORKER_ENDED);
    assert_int_equal(outbox_read_receipt(scene->folder, record, NULL, &receipt, &scene->error), 0);
    assert_int_equal(receipt.outcome, ATVM_UNCERTAIN);
    outbox_receipt_clear(&receipt);
    outbox_record_free(record);
}

static void test_quarantine_holds_payload_reason_and_remedy(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = record_in(OUTBOX_SENDING);
    struct outbox_receipt receipt = {.outcome = ATVM_REJECTED,
                                     .code = 404,
                                     .retry_after_ns = -1,
                                     .reason = memory_string("no such channel"),
                                     .remedy = memory_string("create it")};
    char *text;

    outbox_settle(record, &receipt, &hold, NOW, 0);
    assert_int_equal(outbox_save_settled(scene->folder, record, &scene->error), 0);
    text = scratch_read(scene->folder, "quarantine/chat-scope/message.json");
    assert_non_null(strstr(text, "a body\\nof two lines"));
    free(text);
    text = scratch_read(scene->folder, "quarantine/chat-scope/reason.json");
    assert_non_null(strstr(text, "no such channel"));
    assert_non_null(strstr(text, "create it"));
    assert_non_null(strstr(text, "404"));
    free(text);
    outbox_record_free(record);
}

static void test_names_that_no_file_can_have_are_refused(void **state)
{
    struct scene *scene = *state;
    struct outbox_record *record = record_for("chat", "", 1, 1);

    assert_int_equal(outbox_save(scene->folder, record, &scene->error), -ENAMETOOLONG);
    assert_non_null(scene->error);
    outbox_record_free(record);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_next),
        cmocka_unit_test(test_what_a_receipt_file_amounts_to),
        cmocka_unit_test(test_a_power_loss_that_left_zeros_is_uncertain),
        cmocka_unit_test(test_a_receipt_line_is_read_back_whole),
        cmocka_unit_test(test_what_an_outcome_leads_to),
        cmocka_unit_test(test_giving_up_says_how_often_and_why),
        cmocka_unit_test(test_only_the_last_attempts_are_kept),
        cmocka_unit_test(test_how_long_to_wait),
        TEST(test_a_record_survives_whole),
        TEST(test_what_is_not_there_is_no_error_of_its_own),
        TEST(test_no_two_messages_share_a_file),
        TEST(test_a_damaged_record_is_held_and_never_absent),
        TEST(test_a_look_shows_damage_and_changes_nothing),
        TEST(test_a_record_of_a_newer_version_is_refused),
        TEST(test_an_attempt_is_on_disk_before_it_begins),
        TEST(test_a_settled_attempt_leaves_no_receipt_file),
        TEST(test_a_receipt_that_was_deleted_is_uncertain),
        TEST(test_quarantine_holds_payload_reason_and_remedy),
        TEST(test_names_that_no_file_can_have_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
