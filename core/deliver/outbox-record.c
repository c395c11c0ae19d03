/* Records of the outbox in memory and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json-file.h"
#include "memory.h"
#include "outbox.h"

/* Words on disk, by number; 0 has none. */
struct words {
    const char *const *words;
    size_t count;
};

#define WORDS(...)                                                                                 \
    {                                                                                              \
        (const char *const[]){NULL, __VA_ARGS__},                                                  \
            sizeof((const char *const[]){NULL, __VA_ARGS__}) / sizeof(char *)                      \
    }

static const struct words state_words =
    WORDS("pending", "sending", "delivered", "uncertain", "quarantined");
static const struct words kind_words = WORDS("report", "alert", "bundle");
static const struct words format_words = WORDS("text", "markdown", "json");
static const struct words outcome_words = WORDS("delivered", "retry", "rejected", "uncertain");

static const char *word_of(const struct words *words, int32_t number)
{
    return number > 0 && (size_t)number < words->count ? words->words[number] : NULL;
}

/* The number of the word at `key`; 0 where there is none of these. */
static int32_t number_at(struct json_object *object, const char *key, const struct words *words)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, key, &value) ||
        !json_object_is_type(value, json_type_string))
        return 0;
    for (size_t i = 1; i < words->count; i++)
        if (strcmp(json_object_get_string(value), words->words[i]) == 0)
            return (int32_t)i;
    return 0;
}

static void add_word(struct json_object *object, const char *key, const struct words *words,
                     int32_t number)
{
    const char *word = word_of(words, number);

    if (word)
        json_object_object_add(object, key, json_object_new_string(word));
}

const char *outbox_state_name(enum outbox_state state)
{
    return word_of(&state_words, (int32_t)state);
}

/* ---- members */

static const struct json_member message_members[] = {
    {"part", JSON_MEMBER_INT32, offsetof(struct outbox_message, part)},
    {"parts", JSON_MEMBER_INT32, offsetof(struct outbox_message, parts)},
    {"correction", JSON_MEMBER_INT32, offsetof(struct outbox_message, correction)},
    {"key", JSON_MEMBER_STRING, offsetof(struct outbox_message, key)},
    {"build", JSON_MEMBER_STRING, offsetof(struct outbox_message, build)},
    {"scope", JSON_MEMBER_STRING, offsetof(struct outbox_message, scope)},
    {"title", JSON_MEMBER_STRING, offsetof(struct outbox_message, title)},
    {"supersedes", JSON_MEMBER_STRING, offsetof(struct outbox_message, supersedes)},
    {"says", JSON_MEMBER_STRING, offsetof(struct outbox_message, says)},
    {"body", JSON_MEMBER_STRING, offsetof(struct outbox_message, body)},
    {NULL},
};

static const struct json_member receipt_members[] = {
    {"code", JSON_MEMBER_INT32, offsetof(struct outbox_receipt, code)},
    {"retry_after", JSON_MEMBER_INT64, offsetof(struct outbox_receipt, retry_after_ns)},
    {"remote_id", JSON_MEMBER_STRING, offsetof(struct outbox_receipt, remote_id)},
    {"reason", JSON_MEMBER_STRING, offsetof(struct outbox_receipt, reason)},
    {"remedy", JSON_MEMBER_STRING, offsetof(struct outbox_receipt, remedy)},
    {NULL},
};

static const struct json_member attempt_members[] = {
    {"number", JSON_MEMBER_INT32, offsetof(struct outbox_attempt, number)},
    {"started", JSON_MEMBER_INT64, offsetof(struct outbox_attempt, started_ns)},
    {"ended", JSON_MEMBER_INT64, offsetof(struct outbox_attempt, ended_ns)},
    {NULL},
};

static const struct json_member decision_members[] = {
    {"command", JSON_MEMBER_STRING, offsetof(struct outbox_decision, command)},
    {"by", JSON_MEMBER_STRING, offsetof(struct outbox_decision, by)},
    {"reason", JSON_MEMBER_STRING, offsetof(struct outbox_decision, reason)},
    {"request", JSON_MEMBER_STRING, offsetof(struct outbox_decision, request)},
    {"time", JSON_MEMBER_INT64, offsetof(struct outbox_decision, time_ns)},
    {NULL},
};

static const struct json_member record_members[] = {
    {"sink", JSON_MEMBER_STRING, offsetof(struct outbox_record, sink)},
    {"sequence", JSON_MEMBER_INT64, offsetof(struct outbox_record, sequence)},
    {"created", JSON_MEMBER_INT64, offsetof(struct outbox_record, created_ns)},
    {"attempt_count", JSON_MEMBER_INT32, offsetof(struct outbox_record, attempt_count)},
    {"attempt_started", JSON_MEMBER_INT64, offsetof(struct outbox_record, attempt_started_ns)},
    {"next_attempt", JSON_MEMBER_INT64, offsetof(struct outbox_record, next_attempt_ns)},
    {"delay", JSON_MEMBER_INT64, offsetof(struct outbox_record, delay_ns)},
    {"settled", JSON_MEMBER_INT64, offsetof(struct outbox_record, settled_ns)},
    {"resumed", JSON_MEMBER_INT64, offsetof(struct outbox_record, resumed_ns)},
    {"maybe_posted", JSON_MEMBER_BOOLEAN, offsetof(struct outbox_record, maybe_posted)},
    {"dropped", JSON_MEMBER_BOOLEAN, offsetof(struct outbox_record, dropped)},
    {"explanation", JSON_MEMBER_STRING, offsetof(struct outbox_record, explanation)},
    {NULL},
};

/* ---- lifetime */

void outbox_message_clear(struct outbox_message *message)
{
    json_members_free(message_members, message);
    *message = (struct outbox_message){0};
}

void outbox_receipt_clear(struct outbox_receipt *receipt)
{
    json_members_free(receipt_members, receipt);
    *receipt = (struct outbox_receipt){.retry_after_ns = -1};
}

static struct outbox_record *record_empty(void)
{
    struct outbox_record *record = memory_zeroed(1, sizeof(*record));

    record->created_ns = record->attempt_started_ns = record->next_attempt_ns = -1;
    record->delay_ns = record->settled_ns = record->resumed_ns = -1;
    return record;
}

struct outbox_record *outbox_record_new(const char *sink, struct outbox_message *message,
                                        int64_t sequence, int64_t now_ns)
{
    struct outbox_record *record = record_empty();

    record->sink = memory_string(sink);
    record->state = OUTBOX_PENDING;
    record->message = *message;
    record->sequence = sequence;
    record->created_ns = now_ns;
    *message = (struct outbox_message){0};
    return record;
}

void outbox_record_free(struct outbox_record *record)
{
    if (!record)
        return;
    for (size_t i = 0; i < record->attempts_kept; i++)
        outbox_receipt_clear(&record->attempts[i].receipt);
    for (size_t i = 0; i < record->decisions_kept; i++)
        json_members_free(decision_members, &record->decisions[i]);
    outbox_message_clear(&record->message);
    json_members_free(record_members, record);
    free(record);
}

/* ---- to JSON */

struct json_object *outbox_message_to_json(const struct outbox_message *message)
{
    struct json_object *object = json_object_new_object();

    add_word(object, "kind", &kind_words, message->kind);
    add_word(object, "format", &format_words, message->format);
    json_members_write(message_members, message, object);
    return object;
}

void outbox_receipt_to_json(const struct outbox_receipt *receipt, struct json_object *object)
{
    add_word(object, "outcome", &outcome_words, receipt->outcome);
    json_members_write(receipt_members, receipt, object);
}

static struct json_object *attempts_to_json(const struct outbox_record *record)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < record->attempts_kept; i++) {
        struct json_object *object = json_object_new_object();

        json_members_write(attempt_members, &record->attempts[i], object);
        outbox_receipt_to_json(&record->attempts[i].receipt, object);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *decisions_to_json(const struct outbox_record *record)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < record->decisions_kept; i++) {
        struct json_object *object = json_object_new_object();

        json_members_write(decision_members, &record->decisions[i], object);
        json_object_array_add(array, object);
    }
    return array;
}

struct json_object *outbox_record_to_json(const struct outbox_record *record)
{
    struct json_object *object = json_object_new_object();
    CLEANUP_FREE char *schema = memory_format("%s/%d", OUTBOX_SCHEMA, OUTBOX_SCHEMA_VERSION);

    json_object_object_add(object, "schema", json_object_new_string(schema));
    add_word(object, "state", &state_words, (int32_t)record->state);
    json_members_write(record_members, record, object);
    json_object_object_add(object, "attempts", attempts_to_json(record));
    if (record->decisions_kept > 0)
        json_object_object_add(object, "decisions", decisions_to_json(record));
    json_object_object_add(object, "message", outbox_message_to_json(&record->message));
    return object;
}

/* ---- from JSON */

bool outbox_message_from_json(struct json_object *object, struct outbox_message *ret)
{
    struct outbox_message message = {0};

    message.kind = number_at(object, "kind", &kind_words);
    message.format = number_at(object, "format", &format_words);
    if (!json_members_read(message_members, object, &message) || !message.kind || !message.format ||
        message.part < 1 || message.parts < message.part || message.correction < 0 ||
        !message.key || !message.build || !message.scope || !message.title) {
        outbox_message_clear(&message);
        return false;
    }
    *ret = message;
    return true;
}

bool outbox_receipt_from_json(struct json_object *object, struct outbox_receipt *ret)
{
    struct outbox_receipt receipt = {.retry_after_ns = -1};

    receipt.outcome = number_at(object, "outcome", &outcome_words);
    if (!json_members_read(receipt_members, object, &receipt) || !receipt.outcome) {
        outbox_receipt_clear(&receipt);
        return false;
    }
    *ret = receipt;
    return true;
}

static bool attempts_from_json(struct json_object *object, struct outbox_record *record)
{
    struct json_object *array = NULL;
    size_t count;

    json_object_object_get_ex(object, "attempts", &array);
    if (!json_object_is_type(array, json_type_array))
        return false;
    count = json_object_array_length(array);
    if (count > OUTBOX_ATTEMPTS_KEPT)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct json_object *element = json_object_array_get_idx(array, i);
        struct outbox_attempt *attempt = &record->attempts[i];

        *attempt = (struct outbox_attempt){.started_ns = -1, .ended_ns = -1};
        if (!json_object_is_type(element, json_type_object) ||
            !json_members_read(attempt_members, element, attempt) ||
            !outbox_receipt_from_json(element, &attempt->receipt))
            return false;
        record->attempts_kept++;
    }
    return true;
}

static bool decisions_from_json(struct json_object *object, struct outbox_record *record)
{
    struct json_object *array = NULL;
    size_t count;

    if (!json_object_object_get_ex(object, "decisions", &array))
        return true;
    if (!json_object_is_type(array, json_type_array))
        return false;
    count = json_object_array_length(array);
    if (count > OUTBOX_DECISIONS_KEPT)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct json_object *element = json_object_array_get_idx(array, i);
        struct outbox_decision *decision = &record->decisions[record->decisions_kept++];

        *decision = (struct outbox_decision){.time_ns = -1};
        if (!json_object_is_type(element, json_type_object) ||
            !json_members_read(decision_members, element, decision) || !decision->command ||
            !decision->by)
            return false;
    }
    return true;
}

/* Numbers that are added to and taken from each other; no watcher wrote others. */
static bool numbers_are_sane(const struct outbox_record *record)
{
    return record->attempt_count >= 0 && record->attempt_count < INT32_MAX &&
           record->created_ns >= -1 && record->attempt_started_ns >= -1 &&
           record->next_attempt_ns >= -1 && record->delay_ns >= -1 && record->settled_ns >= -1 &&
           record->resumed_ns >= -1;
}

static bool fill_record(struct json_object *object, struct outbox_record *record)
{
    struct json_object *message = NULL;

    record->state = (enum outbox_state)number_at(object, "state", &state_words);
    json_object_object_get_ex(object, "message", &message);
    return record->state && json_members_read(record_members, object, record) && record->sink &&
           numbers_are_sane(record) && attempts_from_json(object, record) &&
           decisions_from_json(object, record) && json_object_is_type(message, json_type_object) &&
           outbox_message_from_json(message, &record->message) &&
           (record->message.body || outbox_state_is_settled(record->state));
}

struct outbox_record *outbox_record_from_json(struct json_object *object)
{
    struct outbox_record *record = record_empty();

    if (fill_record(object, record))
        return record;
    outbox_record_free(record);
    return NULL;
}
