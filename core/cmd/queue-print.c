#include "queue-print.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "config-call.h"
#include "memory.h"
#include "render-escape.h"
#include "render-json-value.h"
#include "render-secret.h"
#include "render-time.h"

/* A table is looked over, a record is read: the reasons of the one are cut. */
#define REASON_CHARACTERS 100

/* On one line, without what could harm a terminal or be a secret. */
static const char *clean(struct obstack *memory, const char *foreign)
{
    return secret_mask(memory, escape_line(memory, foreign));
}

static const char *when(struct obstack *memory, int64_t time_ns, int64_t now_ns)
{
    char buffer[RENDER_TIME_SIZE];

    return memory_string_in(memory, render_clock(time_ns, now_ns, NULL, buffer));
}

static const struct outbox_receipt *last_receipt(const struct outbox_record *record)
{
    return record->attempts_kept > 0 ? &record->attempts[record->attempts_kept - 1].receipt : NULL;
}

static const char *state_word(const struct outbox_record *record)
{
    return record->dropped ? "dropped" : outbox_state_name(record->state);
}

/* ---- a table */

enum { COLUMN_BUILD, COLUMN_SCOPE, COLUMN_SINK, COLUMN_STATE, COLUMN_TRIES, COLUMN_SINCE, COLUMNS };

struct row {
    const char *cells[COLUMNS];
    const char *about; /* the last column, not padded */
};

static const char *scope_cell(struct obstack *memory, const struct outbox_message *message)
{
    const char *correction = message->correction > 0
                                 ? memory_format_in(memory, ", correction %d", message->correction)
                                 : "";
    const char *part = message->parts > 1
                           ? memory_format_in(memory, ", part %d/%d", message->part, message->parts)
                           : "";

    return memory_format_in(memory, "%s%s%s", clean(memory, message->scope), correction, part);
}

static const char *about_cell(struct obstack *memory, const struct queued *queued, int64_t now_ns)
{
    const struct outbox_record *record = queued->record;
    const struct outbox_receipt *receipt = last_receipt(record);
    const char *reason = record->explanation ? record->explanation
                         : receipt           ? receipt->reason
                                             : NULL;
    const char *next =
        record->state == OUTBOX_PENDING && record->next_attempt_ns > now_ns
            ? memory_format_in(memory,
                               "next attempt %s: ", when(memory, record->next_attempt_ns, now_ns))
            : "";

    if (queued->is_behind)
        return "held with the part before it";
    if (queued->standing == POST_HELD && !outbox_is_held(record))
        return "no sink of this name is configured any more";
    return memory_format_in(
        memory, "%s%s", next,
        reason ? escape_shorten(memory, clean(memory, reason), REASON_CHARACTERS) : "");
}

static struct row row_of(struct obstack *memory, const struct queued *queued, int64_t now_ns)
{
    const struct outbox_record *record = queued->record;

    return (struct row){{queued->build, scope_cell(memory, &record->message),
                         clean(memory, record->sink), state_word(record),
                         memory_format_in(memory, "%d", record->attempt_count),
                         when(memory, record->created_ns, now_ns)},
                        about_cell(memory, queued, now_ns)};
}

static void print_row(const struct row *row, const size_t *widths)
{
    for (size_t i = 0; i < COLUMNS; i++)
        printf("%s%*s  ", row->cells[i], (int)(widths[i] - escape_count_characters(row->cells[i])),
               "");
    printf("%s\n", row->about);
}

void queue_print_table(const struct queued *queued, size_t count, int64_t now_ns)
{
    static const struct row head = {{"BUILD", "SCOPE", "SINK", "STATE", "TRIES", "MADE"}, "ABOUT"};
    CLEANUP_FREE struct row *rows = memory_zeroed(count + 1, sizeof(*rows));
    size_t widths[COLUMNS] = {0};
    struct obstack memory;

    obstack_init(&memory);
    rows[0] = head;
    for (size_t i = 0; i < count; i++)
        rows[i + 1] = row_of(&memory, &queued[i], now_ns);
    for (size_t i = 0; i <= count; i++)
        for (size_t j = 0; j < COLUMNS; j++) {
            size_t width = escape_count_characters(rows[i].cells[j]);

            widths[j] = width > widths[j] ? width : widths[j];
        }
    for (size_t i = 0; i <= count; i++)
        print_row(&rows[i], widths);
    obstack_free(&memory, NULL);
}

/* ---- one record */

static void print_attempt(struct obstack *memory, const struct outbox_attempt *attempt,
                          int64_t now_ns)
{
    static const char *const outcomes[] = {"", "delivered", "not delivered", "refused",
                                           "uncertain"};
    const struct outbox_receipt *receipt = &attempt->receipt;

    printf("  attempt %d, %s: %s", attempt->number, when(memory, attempt->started_ns, now_ns),
           outcomes[receipt->outcome]);
    if (receipt->code)
        printf(" (code %d)", receipt->code);
    if (receipt->reason)
        printf(": %s", clean(memory, receipt->reason));
    if (receipt->remedy)
        printf("; %s", clean(memory, receipt->remedy));
    printf("\n");
}

static void print_decision(struct obstack *memory, const struct outbox_decision *decision,
                           int64_t now_ns)
{
    printf("  %s, %s, by %s", clean(memory, decision->command),
           when(memory, decision->time_ns, now_ns), clean(memory, decision->by));
    if (decision->reason)
        printf(": %s", clean(memory, decision->reason));
    printf("\n");
}

/* What to do about a message that is held, on lines of their own. */
static void print_advice(const struct config *config, const struct queued *queued)
{
    CLEANUP_FREE char *selection = outbox_selection(queued->record, queued->build);
    CLEANUP_FREE char *resolve =
        config_command(config, "resolve %s --posted%s", queued->build, selection);
    CLEANUP_FREE char *retry = config_command(config, "queue retry %s%s", queued->build, selection);
    CLEANUP_FREE char *drop =
        config_command(config, "queue drop %s%s --reason 'given up'", queued->build, selection);

    if (queued->standing != POST_HELD)
        return;
    if (queued->record->state == OUTBOX_UNCERTAIN)
        printf("  what to do: look whether it is there, then\n    %s\n"
               "  or, where it is not, the same with --resend in place of --posted\n",
               resolve);
    else if (queued->record->state == OUTBOX_QUARANTINED)
        printf("  what to do: mend the cause, then\n    %s\n  or give it up:\n    %s\n", retry,
               drop);
    else if (queued->is_behind)
        printf("  what to do: settle the part before it, with which it is held\n");
    else
        printf("  what to do: configure a sink of this name, or give it up:\n    %s\n", drop);
}

void queue_print_record(const struct config *config, const struct queued *queued, int64_t now_ns)
{
    const struct outbox_record *record = queued->record;
    const struct outbox_message *message = &record->message;
    struct obstack memory;

    obstack_init(&memory);
    printf("%s, %s, sink %s: %s\n", queued->build, scope_cell(&memory, message),
           clean(&memory, record->sink), state_word(record));
    if (record->explanation)
        printf("  %s\n", clean(&memory, record->explanation));
    print_advice(config, queued);
    printf("  made %s; key %s\n", when(&memory, record->created_ns, now_ns),
           clean(&memory, message->key));
    if (message->supersedes)
        printf("  supersedes %s\n", clean(&memory, message->supersedes));
    for (size_t i = 0; i < record->attempts_kept; i++)
        print_attempt(&memory, &record->attempts[i], now_ns);
    if (record->state == OUTBOX_PENDING && record->next_attempt_ns > now_ns)
        printf("  next attempt %s\n", when(&memory, record->next_attempt_ns, now_ns));
    for (size_t i = 0; i < record->decisions_kept; i++)
        print_decision(&memory, &record->decisions[i], now_ns);
    if (message->body)
        printf("\n%s\n", escape_block(&memory, message->body));
    else
        printf("\nIts message is not kept.\n");
    obstack_free(&memory, NULL);
}

/* ---- JSON */

static const char *standing_word(enum post_standing standing)
{
    static const char *const words[] = {[POST_DELIVERED] = "delivered",
                                        [POST_WAITING] = "waiting",
                                        [POST_DROPPED] = "dropped",
                                        [POST_HELD] = "held"};

    return words[standing];
}

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, value);
}

static struct json_object *attempts_json(const struct outbox_record *record)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < record->attempts_kept; i++) {
        const struct outbox_attempt *attempt = &record->attempts[i];
        struct json_object *object = json_object_new_object();

        add(object, "number", json_object_new_int(attempt->number));
        add(object, "started", json_value_time(attempt->started_ns));
        add(object, "ended", json_value_time(attempt->ended_ns));
        outbox_receipt_to_json(&attempt->receipt, object);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *decisions_json(const struct outbox_record *record)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < record->decisions_kept; i++) {
        const struct outbox_decision *decision = &record->decisions[i];
        struct json_object *object = json_object_new_object();

        add(object, "command", json_value_line(decision->command));
        add(object, "by", json_value_line(decision->by));
        add(object, "reason", json_value_line(decision->reason));
        add(object, "time", json_value_time(decision->time_ns));
        json_object_array_add(array, object);
    }
    return array;
}

struct json_object *queue_record_json(const struct queued *queued, bool whole)
{
    const struct outbox_record *record = queued->record;
    const struct outbox_receipt *receipt = last_receipt(record);
    struct json_object *object = json_object_new_object();

    add(object, "schema", json_object_new_string("atvm.queue/1"));
    add(object, "build", json_object_new_string(queued->build));
    add(object, "scope", json_value_name(record->message.scope));
    add(object, "sink", json_value_name(record->sink));
    add(object, "part", json_object_new_int(record->message.part));
    add(object, "parts", json_object_new_int(record->message.parts));
    add(object, "correction", json_object_new_int(record->message.correction));
    add(object, "state", json_object_new_string(outbox_state_name(record->state)));
    add(object, "standing", json_object_new_string(standing_word(queued->standing)));
    add(object, "created", json_value_time(record->created_ns));
    add(object, "settled", json_value_time(record->settled_ns));
    add(object, "next_attempt",
        json_value_time(record->state == OUTBOX_PENDING ? record->next_attempt_ns : -1));
    add(object, "attempts", json_object_new_int(record->attempt_count));
    add(object, "explanation", json_value_line(record->explanation));
    add(object, "last_reason", json_value_line(receipt ? receipt->reason : NULL));
    add(object, "remedy", json_value_line(receipt ? receipt->remedy : NULL));
    if (!whole)
        return object;
    add(object, "key", json_value_name(record->message.key));
    add(object, "supersedes",
        record->message.supersedes ? json_value_name(record->message.supersedes) : NULL);
    add(object, "attempt_list", attempts_json(record));
    add(object, "decisions", decisions_json(record));
    add(object, "body", record->message.body ? json_object_new_string(record->message.body) : NULL);
    return object;
}
