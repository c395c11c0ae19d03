/* A record of the outbox that somebody may have tampered with: what is accepted is written as it
 * was read, and whatever becomes of its next attempt fits the protocol. */
#include "expect.h"
#include "json-file.h"
#include "outbox.h"

#define SECOND INT64_C(1000000000)
#define NOW    (INT64_C(1776351600) * SECOND)

static char *text_of(const struct outbox_record *record)
{
    struct json_object *object = outbox_record_to_json(record);
    char *text = strdup(json_object_to_json_string(object));

    fuzz_expect(text != NULL, "there is memory");
    json_object_put(object);
    return text;
}

static struct outbox_record *record_of(const char *text, size_t length)
{
    struct json_object *object = json_object_of(text, length);
    struct outbox_record *record = object ? outbox_record_from_json(object) : NULL;

    json_object_put(object);
    return record;
}

static void expect_same_when_read_again(const struct outbox_record *record)
{
    char *text = text_of(record), *text_again;
    struct outbox_record *again = record_of(text, strlen(text));

    fuzz_expect(again != NULL, "a record that was written can be read");
    text_again = text_of(again);
    fuzz_expect(strcmp(text, text_again) == 0, "a record is written as it was read");
    outbox_record_free(again);
    free(text);
    free(text_again);
}

static void expect_next(const struct outbox_record *record)
{
    for (int worker = OUTBOX_WORKER_RUNNING; worker <= OUTBOX_WORKER_ENDED; worker++) {
        int64_t wait_ns = -1;
        enum outbox_action action = outbox_next(record, (enum outbox_worker)worker, NOW, &wait_ns);

        fuzz_expect(wait_ns >= 0 && (action == OUTBOX_WAIT) == (wait_ns > 0),
                    "only what has to wait has a time to wait");
        fuzz_expect((action == OUTBOX_NOTHING) == outbox_state_is_settled(record->state),
                    "only what is settled is left alone");
        fuzz_expect(action != OUTBOX_SEND || record->state == OUTBOX_PENDING,
                    "only what is pending is sent");
    }
}

static void expect_settled(const char *text, size_t length, int32_t outcome, bool resend)
{
    const struct outbox_policy policy = {5 * SECOND, 600 * SECOND, 86400 * SECOND, resend};
    struct outbox_receipt receipt = {.outcome = outcome, .retry_after_ns = -1};
    struct outbox_record *record = record_of(text, length);
    bool maybe_posted = record->maybe_posted || outcome == ATVM_UNCERTAIN;

    outbox_settle(record, &receipt, &policy, NOW, (uint32_t)length * 2654435761u);
    fuzz_expect((record->state == OUTBOX_DELIVERED) == (outcome == ATVM_DELIVERED),
                "only what was delivered is delivered");
    fuzz_expect(record->state != OUTBOX_PENDING || outcome == ATVM_RETRY ||
                    (outcome == ATVM_UNCERTAIN && resend),
                "only what may be sent again is");
    fuzz_expect(record->state != OUTBOX_QUARANTINED || !maybe_posted,
                "what may have arrived is not called undelivered");
    fuzz_expect(record->state != OUTBOX_PENDING ||
                    (record->delay_ns >= 0 && record->delay_ns <= policy.retry_give_up_ns),
                "a retry is waited for within limits");
    expect_same_when_read_again(record);
    expect_next(record);
    outbox_record_free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outbox_record *record = record_of((const char *)data, size);

    if (!record)
        return 0;
    expect_same_when_read_again(record);
    expect_next(record);
    if (record->state == OUTBOX_SENDING)
        for (int32_t outcome = ATVM_DELIVERED; outcome <= ATVM_UNCERTAIN; outcome++) {
            expect_settled((const char *)data, size, outcome, false);
            expect_settled((const char *)data, size, outcome, true);
        }
    outbox_record_free(record);
    return 0;
}
