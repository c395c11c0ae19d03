/* What happens next with a record of the outbox. Pure: no clock, no files, no randomness. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json-file.h"
#include "memory.h"
#include "outbox.h"

bool outbox_state_is_settled(enum outbox_state state)
{
    return state == OUTBOX_DELIVERED || state == OUTBOX_UNCERTAIN || state == OUTBOX_QUARANTINED;
}

static int64_t remaining_wait(const struct outbox_record *record, int64_t now_ns)
{
    int64_t wait = record->next_attempt_ns - now_ns;

    if (record->next_attempt_ns < 0)
        return 0;
    return record->delay_ns >= 0 && wait > record->delay_ns ? record->delay_ns : wait;
}

enum outbox_action outbox_next(const struct outbox_record *record, enum outbox_worker worker,
                               int64_t now_ns, int64_t *ret_wait_ns)
{
    *ret_wait_ns = 0;
    switch (record->state) {
    case OUTBOX_PENDING:
        *ret_wait_ns = remaining_wait(record, now_ns);
        if (*ret_wait_ns > 0)
            return OUTBOX_WAIT;
        *ret_wait_ns = 0;
        return OUTBOX_SEND;
    case OUTBOX_SENDING:
        if (worker == OUTBOX_WORKER_ENDED)
            return OUTBOX_READ;
        *ret_wait_ns = OUTBOX_LOOK_AGAIN_NS;
        return OUTBOX_WAIT;
    default:
        return OUTBOX_NOTHING;
    }
}

/* ---- what a receipt file says */

static struct outbox_receipt receipt_of(int32_t outcome, const char *what, const char *ending)
{
    struct outbox_receipt receipt = {.outcome = outcome, .retry_after_ns = -1};

    receipt.reason = ending ? memory_format("the deliver worker %s %s", ending, what)
                            : memory_format("the deliver worker ended %s", what);
    return receipt;
}

static bool line_is_receipt(const char *line, size_t length, struct outbox_receipt *receipt)
{
    struct outbox_receipt found = {.retry_after_ns = -1};
    struct json_object *object = json_object_of(line, length);
    struct json_object *type = NULL;
    bool good;

    good = object && json_object_object_get_ex(object, "t", &type) &&
           json_object_is_type(type, json_type_string) &&
           strcmp(json_object_get_string(type), "receipt") == 0 &&
           outbox_receipt_from_json(object, &found);
    json_object_put(object);
    if (good) {
        outbox_receipt_clear(receipt);
        *receipt = found;
    }
    return good;
}

static bool line_is_committing(const char *line, size_t length)
{
    return length == strlen(OUTBOX_COMMITTING_LINE) &&
           memcmp(line, OUTBOX_COMMITTING_LINE, length) == 0;
}

/* A beginning of the first line: the worker never learnt that it might send. */
static bool is_torn_commitment(const char *line, size_t length)
{
    return length < strlen(OUTBOX_COMMITTING_LINE) &&
           memcmp(line, OUTBOX_COMMITTING_LINE, length) == 0;
}

/* What stands in a receipt file. */
struct reading {
    struct outbox_receipt receipt; /* the last one; outcome 0: none */
    bool committed, garbled;
};

static struct reading read_lines(const char *content, size_t length)
{
    struct reading reading = {.receipt = {.retry_after_ns = -1}};
    const char *line = content, *end = content + length;

    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t line_length = newline ? (size_t)(newline + 1 - line) : (size_t)(end - line);

        if (newline && line_is_committing(line, line_length))
            reading.committed = true;
        else if (!newline && line == content && is_torn_commitment(line, line_length))
            break;
        else if (!newline || !line_is_receipt(line, line_length, &reading.receipt))
            reading.garbled = true;
        line += line_length;
    }
    return reading;
}

struct outbox_receipt outbox_reading_receipt(const char *content, size_t length, const char *ending)
{
    struct reading reading;

    if (!content)
        return receipt_of(ATVM_UNCERTAIN, "and its receipt file is gone", ending);
    reading = read_lines(content, length);
    if (reading.receipt.outcome && !reading.garbled)
        return reading.receipt;
    outbox_receipt_clear(&reading.receipt);
    if (reading.garbled)
        return receipt_of(ATVM_UNCERTAIN, "and its receipt file is damaged", ending);
    if (reading.committed)
        return receipt_of(ATVM_UNCERTAIN, "after it began to send, without a receipt", ending);
    return receipt_of(ATVM_RETRY, "before it began to send", ending);
}

struct outbox_receipt outbox_reading_answer(const char *content, size_t length, const char *ending)
{
    struct reading reading = read_lines(content, length);

    if (reading.receipt.outcome && !reading.garbled)
        return reading.receipt;
    outbox_receipt_clear(&reading.receipt);
    return receipt_of(ATVM_UNCERTAIN, "without an answer", ending);
}

char *outbox_receipt_line(const struct atvm_receipt *receipt)
{
    /* Borrowed strings: only read here. */
    const struct outbox_receipt borrowed = {
        .outcome = receipt->outcome,
        .code = receipt->code,
        .retry_after_ns = receipt->retry_after_ns,
        .remote_id = (char *)(uintptr_t)receipt->remote_id,
        .reason = (char *)(uintptr_t)receipt->reason,
        .remedy = (char *)(uintptr_t)receipt->remedy,
    };
    struct json_object *object = json_object_new_object();
    char *line;

    json_object_object_add(object, "t", json_object_new_string("receipt"));
    outbox_receipt_to_json(&borrowed, object);
    line = memory_format("%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
    json_object_put(object);
    return line;
}

/* ---- what an outcome leads to */

int64_t outbox_retry_delay(const struct outbox_policy *policy, int32_t attempt,
                           int64_t retry_after_ns, uint32_t random)
{
    int64_t delay = policy->retry_first_ns;
    int64_t wish = retry_after_ns;

    for (int32_t i = 1; i < attempt && delay < policy->retry_max_ns; i++)
        delay = delay > INT64_MAX / 2 ? INT64_MAX : delay * 2;
    if (delay > policy->retry_max_ns)
        delay = policy->retry_max_ns;
    delay = delay / 2 + (int64_t)((double)(delay - delay / 2) * ((double)random / UINT32_MAX));
    if (wish > policy->retry_give_up_ns)
        wish = policy->retry_give_up_ns;
    return delay > wish ? delay : wish;
}

static void keep_attempt(struct outbox_record *record, struct outbox_receipt *receipt,
                         int64_t now_ns)
{
    if (record->attempts_kept == OUTBOX_ATTEMPTS_KEPT) {
        outbox_receipt_clear(&record->attempts[0].receipt);
        memmove(&record->attempts[0], &record->attempts[1],
                (OUTBOX_ATTEMPTS_KEPT - 1) * sizeof(record->attempts[0]));
        record->attempts_kept--;
    }
    record->attempts[record->attempts_kept++] = (struct outbox_attempt){
        record->attempt_count, record->attempt_started_ns, now_ns, *receipt};
    *receipt = (struct outbox_receipt){.retry_after_ns = -1};
}

static void end_with(struct outbox_record *record, enum outbox_state state, int64_t now_ns,
                     char *explanation)
{
    record->state = state;
    record->settled_ns = now_ns;
    record->next_attempt_ns = record->delay_ns = -1;
    free(record->explanation);
    record->explanation = explanation;
}

/* What has certainly not been delivered by this attempt may have been by an earlier one. */
static void hold(struct outbox_record *record, enum outbox_state state, int64_t now_ns,
                 char *explanation)
{
    if (record->maybe_posted)
        state = OUTBOX_UNCERTAIN;
    end_with(record, state, now_ns, explanation);
}

static void try_again(struct outbox_record *record, const struct outbox_receipt *receipt,
                      const struct outbox_policy *policy, int64_t now_ns, uint32_t random)
{
    const char *reason = receipt->reason ? receipt->reason : "no reason was given";
    int64_t since_ns = record->resumed_ns >= 0 ? record->resumed_ns : record->created_ns;

    if (now_ns - since_ns >= policy->retry_give_up_ns) {
        hold(record, OUTBOX_QUARANTINED, now_ns,
             memory_format("given up after %d attempts in %lld s; the last one: %s",
                           record->attempt_count, (long long)((now_ns - since_ns) / NS_PER_SECOND),
                           reason));
        return;
    }
    record->state = OUTBOX_PENDING;
    record->delay_ns =
        outbox_retry_delay(policy, record->attempt_count, receipt->retry_after_ns, random);
    record->next_attempt_ns = now_ns + record->delay_ns;
}

void outbox_settle(struct outbox_record *record, struct outbox_receipt *receipt,
                   const struct outbox_policy *policy, int64_t now_ns, uint32_t random)
{
    const struct outbox_receipt *kept;

    keep_attempt(record, receipt, now_ns);
    kept = &record->attempts[record->attempts_kept - 1].receipt;
    switch (kept->outcome) {
    case ATVM_DELIVERED:
        end_with(record, OUTBOX_DELIVERED, now_ns, NULL);
        break;
    case ATVM_RETRY:
        try_again(record, kept, policy, now_ns, random);
        break;
    case ATVM_REJECTED:
        hold(record, OUTBOX_QUARANTINED, now_ns,
             memory_string(kept->reason ? kept->reason : "refused, without a reason"));
        break;
    default:
        record->maybe_posted = true;
        if (policy->resend_uncertain)
            try_again(record, kept, policy, now_ns, random);
        else
            end_with(record, OUTBOX_UNCERTAIN, now_ns,
                     memory_string(kept->reason ? kept->reason : "it is not known why"));
        break;
    }
}

void outbox_settle_by_answer(struct outbox_record *record, struct outbox_receipt *answer,
                             const struct outbox_policy *policy, int64_t now_ns, uint32_t random)
{
    /* The answer is about every attempt: all have the same key. */
    if (answer->outcome != ATVM_DELIVERED)
        record->maybe_posted = false;
    outbox_settle(record, answer, policy, now_ns, random);
}
