/* What operators decide: about records of the outbox, by table; requests as JSON and as files; and
 * whether a verdict says something else than what was posted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "json-file.h"
#include "memory.h"
#include "outbox.h"
#include "request.h"
#include "scratch-folder.h"
#include "verdict-summary.h"

#define NOW INT64_C(1800000000000000000)

/* ---- decisions about a record */

static struct outbox_record *record_in(enum outbox_state state, bool maybe_posted, bool dropped)
{
    struct outbox_message message = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = ATVM_FORMAT_TEXT,
        .part = 1,
        .parts = 1,
        .key = memory_string("build/scope@1"),
        .build = memory_string("build"),
        .scope = memory_string("scope"),
        .title = memory_string("title"),
        .body = memory_string("body"),
    };
    struct outbox_record *record = outbox_record_new("chat", &message, 1, NOW - 1000);

    record->state = state;
    record->maybe_posted = maybe_posted;
    record->dropped = dropped;
    record->next_attempt_ns = state == OUTBOX_PENDING ? NOW + 1000 : -1;
    return record;
}

static const struct outbox_decision decision = {.by = (char *)(uintptr_t) "ann",
                                                .reason = (char *)(uintptr_t) "seen",
                                                .request = (char *)(uintptr_t) "r1",
                                                .time_ns = NOW};

static void test_which_records_a_verb_is_for(void **state)
{
    static const struct {
        enum outbox_state state;
        bool posted, resend, retry, drop, withdraw;
    } rows[] = {
        {OUTBOX_PENDING, false, false, true, true, true},
        {OUTBOX_SENDING, false, false, false, true, false},
        {OUTBOX_DELIVERED, false, false, false, false, false},
        {OUTBOX_UNCERTAIN, true, true, false, true, false},
        {OUTBOX_QUARANTINED, false, false, true, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct outbox_record *record = record_in(rows[i].state, false, false);

        assert_int_equal(outbox_verb_concerns(record, OUTBOX_POSTED), rows[i].posted);
        assert_int_equal(outbox_verb_concerns(record, OUTBOX_RESEND), rows[i].resend);
        assert_int_equal(outbox_verb_concerns(record, OUTBOX_RETRY), rows[i].retry);
        assert_int_equal(outbox_verb_concerns(record, OUTBOX_DROP), rows[i].drop);
        assert_int_equal(outbox_verb_concerns(record, OUTBOX_WITHDRAW), rows[i].withdraw);
        outbox_record_free(record);
    }
}

static void test_what_a_decision_leads_to(void **state)
{
    static const struct {
        enum outbox_state before;
        bool maybe_posted;
        enum outbox_verb verb;
        enum outbox_state after;
        bool dropped, held, left;
    } rows[] = {
        {OUTBOX_UNCERTAIN, true, OUTBOX_POSTED, OUTBOX_DELIVERED, false, false, true},
        {OUTBOX_UNCERTAIN, true, OUTBOX_RESEND, OUTBOX_PENDING, false, false, true},
        {OUTBOX_UNCERTAIN, true, OUTBOX_DROP, OUTBOX_UNCERTAIN, true, false, true},
        {OUTBOX_QUARANTINED, false, OUTBOX_RETRY, OUTBOX_PENDING, false, false, false},
        {OUTBOX_QUARANTINED, false, OUTBOX_DROP, OUTBOX_QUARANTINED, true, false, false},
        {OUTBOX_PENDING, false, OUTBOX_RETRY, OUTBOX_PENDING, false, false, false},
        {OUTBOX_PENDING, false, OUTBOX_DROP, OUTBOX_QUARANTINED, true, false, false},
        {OUTBOX_PENDING, false, OUTBOX_WITHDRAW, OUTBOX_QUARANTINED, true, false, false},
        /* What may be there is never called certainly not there. */
        {OUTBOX_PENDING, true, OUTBOX_DROP, OUTBOX_UNCERTAIN, true, false, true},
        {OUTBOX_PENDING, true, OUTBOX_WITHDRAW, OUTBOX_UNCERTAIN, true, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct outbox_record *record = record_in(rows[i].before, rows[i].maybe_posted, false);

        outbox_decide(record, rows[i].verb, &decision);
        assert_int_equal(record->state, rows[i].after);
        assert_int_equal(record->dropped, rows[i].dropped);
        assert_int_equal(outbox_is_held(record), rows[i].held);
        assert_int_equal(outbox_has_left(record), rows[i].left);
        assert_true(outbox_was_decided_by(record, "r1"));
        assert_false(outbox_was_decided_by(record, "r2"));
        if (rows[i].after == OUTBOX_PENDING) {
            assert_true(record->next_attempt_ns == -1);
            assert_true(record->resumed_ns == NOW);
        } else {
            assert_true(record->settled_ns == NOW);
        }
        outbox_record_free(record);
    }
}

static void test_a_decision_survives_as_json(void **state)
{
    struct outbox_record *record = record_in(OUTBOX_QUARANTINED, false, false), *read;
    struct json_object *object;

    (void)state;
    record->message.correction = 2;
    record->message.says = memory_string("FAILED\n");
    outbox_decide(record, OUTBOX_DROP, &decision);
    object = outbox_record_to_json(record);
    read = outbox_record_from_json(object);
    assert_non_null(read);
    assert_true(read->dropped);
    assert_int_equal(read->message.correction, 2);
    assert_string_equal(read->message.says, "FAILED\n");
    assert_int_equal(read->decisions_kept, 1);
    assert_string_equal(read->decisions[0].command, "drop");
    assert_string_equal(read->decisions[0].by, "ann");
    assert_string_equal(read->decisions[0].reason, "seen");
    assert_string_equal(read->decisions[0].request, "r1");
    assert_true(read->decisions[0].time_ns == NOW);
    outbox_record_free(read);
    outbox_record_free(record);
    json_object_put(object);
}

static void test_only_so_many_decisions_are_kept(void **state)
{
    struct outbox_record *record = record_in(OUTBOX_UNCERTAIN, true, false);

    (void)state;
    for (int i = 0; i < OUTBOX_DECISIONS_KEPT + 3; i++) {
        char *request = memory_format("r%d", i);
        const struct outbox_decision one = {.by = decision.by, .request = request, .time_ns = NOW};

        record->state = OUTBOX_UNCERTAIN;
        outbox_decide(record, OUTBOX_RESEND, &one);
        free(request);
    }
    assert_int_equal(record->decisions_kept, OUTBOX_DECISIONS_KEPT);
    assert_false(outbox_was_decided_by(record, "r2"));
    assert_true(outbox_was_decided_by(record, "r3"));
    outbox_record_free(record);
}

static void test_what_is_lost_cannot_be_sent(void **state)
{
    struct outbox_record *record = record_in(OUTBOX_UNCERTAIN, true, false);
    char *refusal;

    (void)state;
    assert_null(outbox_refusal(record, OUTBOX_RESEND));
    free(record->message.body);
    record->message.body = NULL;
    refusal = outbox_refusal(record, OUTBOX_RESEND);
    assert_non_null(strstr(refusal, "lost"));
    free(refusal);
    assert_null(outbox_refusal(record, OUTBOX_POSTED));
    assert_null(outbox_refusal(record, OUTBOX_DROP));
    record->state = OUTBOX_SENDING;
    refusal = outbox_refusal(record, OUTBOX_DROP);
    assert_non_null(strstr(refusal, "being sent"));
    free(refusal);
    outbox_record_free(record);
}

/* The age at which a message is given up counts from when an operator let it be sent again. */
static void test_what_is_sent_again_is_given_time(void **state)
{
    static const struct outbox_policy policy = {
        .retry_first_ns = 1, .retry_max_ns = 1, .retry_give_up_ns = 500};
    struct outbox_record *record = record_in(OUTBOX_QUARANTINED, false, false);
    struct outbox_receipt receipt = {.outcome = ATVM_RETRY, .retry_after_ns = -1};

    (void)state;
    outbox_decide(record, OUTBOX_RETRY, &decision);
    record->state = OUTBOX_SENDING;
    outbox_settle(record, &receipt, &policy, NOW + 499, 0);
    assert_int_equal(record->state, OUTBOX_PENDING);
    record->state = OUTBOX_SENDING;
    receipt.outcome = ATVM_RETRY;
    outbox_settle(record, &receipt, &policy, NOW + 500, 0);
    assert_int_equal(record->state, OUTBOX_QUARANTINED);
    outbox_record_free(record);
}

static void test_options_single_a_record_out(void **state)
{
    struct outbox_record *record = record_in(OUTBOX_UNCERTAIN, true, false);
    char *selection = outbox_selection(record, "build");

    (void)state;
    assert_string_equal(selection, " --scope scope --sink chat");
    free(selection);
    record->message.part = 2;
    record->message.parts = 3;
    record->message.correction = 1;
    selection = outbox_selection(record, "scope");
    assert_string_equal(selection, " --sink chat --part 2 --correction 1");
    free(selection);
    outbox_record_free(record);
}

/* ---- requests */

static void test_only_a_whole_request_is_one(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "{\"id\":\"r\",\"by\":\"ann\"}",
        "{\"id\":\"r\",\"by\":\"ann\",\"command\":\"destroy\"}",
        "{\"id\":\"r\",\"command\":\"cancel\"}",
        "{\"id\":\"../r\",\"by\":\"ann\",\"command\":\"cancel\"}",
        "{\"id\":\"\",\"by\":\"ann\",\"command\":\"cancel\"}",
        "{\"id\":\"r\",\"by\":\"ann\",\"command\":\"cancel\",\"part\":-1}",
        "{\"id\":\"r\",\"by\":\"ann\",\"command\":\"cancel\",\"scope\":\"\"}",
        "{\"id\":\"r\",\"by\":\"ann\",\"command\":\"cancel\",\"all\":1}",
        "{\"id\":\"r\",\"by\":7,\"command\":\"cancel\"}",
    };
    struct json_object *object;
    struct request request;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        object = json_tokener_parse(wrong[i]);
        assert_false(request_from_json(object, &request));
        json_object_put(object);
    }
    object = json_tokener_parse("{\"id\":\"r\",\"by\":\"ann\",\"command\":\"drop\",\"time\":5,"
                                "\"scope\":\"s\",\"part\":2,\"all\":true,\"reason\":\"x\"}");
    assert_true(request_from_json(object, &request));
    assert_int_equal(request.command, REQUEST_DROP);
    assert_string_equal(request.scope, "s");
    assert_null(request.sink);
    assert_int_equal(request.part, 2);
    assert_true(request.all);
    request_clear(&request);
    json_object_put(object);
}

static void test_ids_differ_and_become_file_names(void **state)
{
    char *one = request_new_id(NOW), *other = request_new_id(NOW);

    (void)state;
    assert_string_not_equal(one, other);
    assert_true(request_id_is_valid(one));
    assert_false(request_id_is_valid("a/b"));
    assert_false(request_id_is_valid(".a"));
    free(one);
    free(other);
}

static int set_up_folder(void **state)
{
    *state = scratch_folder_new();
    return 0;
}

static int remove_folder(void **state)
{
    scratch_folder_remove(*state);
    free(*state);
    return 0;
}

static void submit(const char *folder, const char *id)
{
    struct request request = {.id = (char *)(uintptr_t)id,
                              .by = (char *)(uintptr_t) "ann",
                              .command = REQUEST_CANCEL,
                              .time_ns = NOW};
    char *error = NULL;

    assert_int_equal(request_submit(folder, &request, &error), 0);
}

static size_t count_requests(const char *folder)
{
    struct request_list list;
    char *warnings = NULL, *error = NULL;
    size_t count;

    assert_int_equal(requests_list(folder, NOW, &list, &warnings, &error), 0);
    assert_null(warnings);
    count = list.count;
    request_list_clear(&list);
    return count;
}

static void test_a_request_is_withdrawn_or_taken_up(void **state)
{
    const char *folder = *state;
    char *error = NULL;

    assert_int_equal(count_requests(folder), 0);
    submit(folder, "r1");
    assert_int_equal(count_requests(folder), 1);
    assert_int_equal(request_withdraw(folder, "r1", &error), 0);
    assert_int_equal(request_take_up(folder, "r1", &error), -ENOENT);
    assert_null(error);
    submit(folder, "r2");
    assert_int_equal(request_take_up(folder, "r2", &error), 0);
    assert_int_equal(request_withdraw(folder, "r2", &error), -ENOENT);
    assert_null(error);
    /* A crash later it is found again, and taking it up once more is fine. */
    assert_int_equal(count_requests(folder), 1);
    assert_int_equal(request_take_up(folder, "r2", &error), 0);
}

static void test_an_answer_settles_a_request(void **state)
{
    const char *folder = *state;
    struct request_answer answer = {REQUEST_LEFT, memory_string("one\ntwo"), 3}, read;
    char *error = NULL;

    submit(folder, "r1");
    assert_int_equal(request_read_answer(folder, "r1", &read, &error), -ENOENT);
    assert_int_equal(request_take_up(folder, "r1", &error), 0);
    assert_int_equal(request_answer(folder, "r1", &answer, &error), 0);
    assert_int_equal(count_requests(folder), 0);
    assert_int_equal(request_read_answer(folder, "r1", &read, &error), 0);
    assert_int_equal(read.outcome, REQUEST_LEFT);
    assert_string_equal(read.text, "one\ntwo");
    assert_true(read.sent == 3);
    request_answer_clear(&read);
    assert_int_equal(request_forget_answer(folder, "r1", &error), 0);
    assert_int_equal(request_read_answer(folder, "r1", &read, &error), -ENOENT);
    request_answer_clear(&answer);
}

static void test_requests_come_in_the_order_of_their_ids(void **state)
{
    const char *folder = *state;
    struct request_list list;
    char *warnings = NULL, *error = NULL;

    submit(folder, "r2");
    submit(folder, "r3");
    submit(folder, "r1");
    assert_int_equal(request_take_up(folder, "r2", &error), 0);
    assert_int_equal(requests_list(folder, NOW, &list, &warnings, &error), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.requests[0].id, "r1");
    assert_string_equal(list.requests[1].id, "r2");
    assert_string_equal(list.requests[2].id, "r3");
    request_list_clear(&list);
}

/* ---- what a verdict says */

static void test_a_summary_tells_state_hosts_and_steps(void **state)
{
    struct host_verdict hosts[] = {
        {.name = "b", .status = HOST_FAIL, .step = "14. Finalize\tcutover", .tests = 22},
        {.name = "a", .status = HOST_PASS, .step = "ignored"},
    };
    struct scope_verdict scope = {
        .name = "scope", .state = STATE_FAILED, .hosts = hosts, .host_count = 2};
    char *summary = verdict_summary(&scope);

    (void)state;
    assert_string_equal(summary, "FAILED\na\tPASS\nb\tFAIL\t14. Finalize cutover\n");
    assert_int_equal(verdict_summary_state(summary), STATE_FAILED);
    assert_int_equal(verdict_summary_state("nonsense"), 0);
    free(summary);
}

static void test_differences_are_named(void **state)
{
    static const struct {
        const char *before, *now, *expected;
    } rows[] = {
        {"COMPLETED\na\tPASS\n", "FAILED\na\tFAIL\t3. Step\n",
         "FAILED instead of COMPLETED; a: FAIL at 3. Step instead of PASS"},
        {"FAILED\na\tFAIL\t3. Step\n", "FAILED\na\tFAIL\t4. Other\n",
         "FAILED; a: FAIL at 4. Other instead of FAIL at 3. Step"},
        {"FAILED\na\tFAIL\n", "FAILED\na\tFAIL\nb\tPASS\n", "FAILED; b: PASS"},
        {"FAILED\na\tFAIL\nab\tPASS\n", "FAILED\na\tFAIL\n", "FAILED; ab is no longer part of it"},
        {NULL, "FAILED\na\tFAIL\n", "FAILED; what was posted is not known"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *difference = verdict_summary_difference(rows[i].before, rows[i].now);

        assert_string_equal(difference, rows[i].expected);
        free(difference);
    }
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_records_a_verb_is_for),
        cmocka_unit_test(test_what_a_decision_leads_to),
        cmocka_unit_test(test_a_decision_survives_as_json),
        cmocka_unit_test(test_only_so_many_decisions_are_kept),
        cmocka_unit_test(test_what_is_lost_cannot_be_sent),
        cmocka_unit_test(test_what_is_sent_again_is_given_time),
        cmocka_unit_test(test_options_single_a_record_out),
        cmocka_unit_test(test_only_a_whole_request_is_one),
        cmocka_unit_test(test_ids_differ_and_become_file_names),
        WITH_FOLDER(test_a_request_is_withdrawn_or_taken_up),
        WITH_FOLDER(test_an_answer_settles_a_request),
        WITH_FOLDER(test_requests_come_in_the_order_of_their_ids),
        cmocka_unit_test(test_a_summary_tells_state_hosts_and_steps),
        cmocka_unit_test(test_differences_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
