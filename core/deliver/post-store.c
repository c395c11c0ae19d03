#include "post-store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "outbox-parts.h"
#include "post-log.h"
#include "post-record.h"

static const struct outbox_record *find_record(const struct outbox_list *outbox, const char *sink,
                                               const struct post_message *message)
{
    for (size_t i = 0; i < outbox->count; i++) {
        const struct outbox_record *record = outbox->records[i];

        if (strcmp(record->sink, sink) == 0 && strcmp(record->message.scope, message->scope) == 0 &&
            record->message.correction == message->correction)
            return record;
    }
    return NULL;
}

static int64_t next_sequence(const struct outbox_list *outbox)
{
    int64_t last = 0;

    for (size_t i = 0; i < outbox->count; i++)
        if (outbox->records[i]->sequence > last)
            last = outbox->records[i]->sequence;
    return last + 1;
}

static void append(struct outbox_list *list, struct outbox_record *record)
{
    memory_grow(&list->records, list->count, &list->capacity, sizeof(*list->records));
    list->records[list->count++] = record;
}

/* ---- all parts or none */

/* The part that could not be saved may stand all the same (its folder could not be synced): it goes
 * first, and where it cannot go, those behind it stay. So a first part never stands alone. */
static void remove_stored(const struct state *state, const struct outbox_list *message,
                          size_t first)
{
    for (size_t i = first; i < message->count; i++) {
        CLEANUP_FREE char *error = NULL;

        if (outbox_remove(state->folder, message->records[i], &error)) {
            log_error("%s; it is stored anew soon, or settled at the next start", error);
            return;
        }
    }
}

/* The first part last: where it stands, all do. */
static int save_all(const struct state *state, const struct outbox_list *message, char **ret_error)
{
    for (size_t i = message->count; i-- > 0;) {
        int error = outbox_save(state->folder, message->records[i], ret_error);

        if (error) {
            remove_stored(state, message, i);
            return error;
        }
    }
    return 0;
}

/* Takes the records over. */
static int store(const struct state *state, struct outbox_list *outbox, struct outbox_list *message,
                 char **ret_error)
{
    int error = save_all(state, message, ret_error);

    for (size_t i = 0; !error && i < message->count; i++)
        append(outbox, TAKE_POINTER(message->records[i]));
    outbox_list_free(message);
    return error;
}

static int store_parts(const struct state *state, struct outbox_list *outbox,
                       const struct config_module *sink, const struct post_message *message,
                       struct message_parts *parts, char **ret_error)
{
    const int64_t first_sequence = next_sequence(outbox), now_ns = clock_ns(CLOCK_REALTIME);
    struct outbox_list records = {0};

    for (size_t i = 0; i < parts->count; i++)
        append(&records, post_record_new(state->build, sink, message, (int32_t)i + 1,
                                         (int32_t)parts->count, TAKE_POINTER(parts->bodies[i]),
                                         first_sequence + (int64_t)i, now_ns));
    return store(state, outbox, &records, ret_error);
}

/* ---- one message */

/* The marker says so, though the outbox knows of no message: the outbox is made to know. */
static int store_by_marker(const struct state *state, struct outbox_list *outbox,
                           const struct config_module *sink, const struct post_message *message,
                           char **ret_error)
{
    struct outbox_record *record = post_record_new(state->build, sink, message, 1, 1, NULL,
                                                   next_sequence(outbox), clock_ns(CLOCK_REALTIME));
    struct outbox_list records = {0};

    record->state = OUTBOX_DELIVERED;
    record->settled_ns = record->created_ns;
    record->explanation = memory_string("a posted marker was there without a message");
    post_log_suppression(state->build, record);
    append(&records, record);
    return store(state, outbox, &records, ret_error);
}

static int render_and_store(const struct state *state, struct outbox_list *outbox,
                            const struct config_module *sink, const struct post_message *message,
                            char **ret_error)
{
    const struct post_form form = post_record_form(sink);
    struct message_parts parts = message->render(message->user, &form);
    int error = -EINVAL;

    if (parts.count > 0 && parts.count <= INT32_MAX)
        error = store_parts(state, outbox, sink, message, &parts, ret_error);
    else
        *ret_error = memory_format("%s: sink %s: its message could not be rendered", message->scope,
                                   sink->name);
    message_parts_clear(&parts);
    return error;
}

int post_store(struct state *state, struct outbox_list *outbox, const struct config_module *sink,
               const struct post_message *message, char **ret_error)
{
    const struct outbox_record *known = find_record(outbox, sink->name, message);
    const struct scope_state *scope = state_find_scope(state, message->scope);
    bool may_be_marked = !known && scope && message->correction == 0;
    int posted = may_be_marked ? state_posted(scope, sink->name) : 0;

    if (known) {
        post_log_suppression(state->build, known);
        return 0;
    }
    if (posted < 0) {
        *ret_error = memory_format("%s: sink %s: could not look for its posted marker: %s",
                                   message->scope, sink->name, strerror(-posted));
        return posted;
    }
    return posted ? store_by_marker(state, outbox, sink, message, ret_error)
                  : render_and_store(state, outbox, sink, message, ret_error);
}

/* ---- after a crash */

static int remove_leftover(const struct state *state, const struct outbox_record *record,
                           char **ret_error)
{
    int error = outbox_remove(state->folder, record, ret_error);

    if (!error)
        post_log(state->build, record, ATVM_LOG_NOTICE,
                 "removed: an earlier watcher ended before it had stored all parts; none of them "
                 "was sent");
    return error;
}

int post_store_tidy(const struct state *state, struct outbox_list *outbox, char **ret_error)
{
    struct outbox_list kept = {0}, leftovers = {0};
    int error = 0;

    for (size_t i = 0; i < outbox->count; i++) {
        struct outbox_record *record = outbox->records[i];

        append(outbox_is_leftover(outbox, record) ? &leftovers : &kept, record);
    }
    /* Those that could not be removed are kept off the list all the same: nothing sends them. */
    for (size_t i = 0; i < leftovers.count && !error; i++)
        error = remove_leftover(state, leftovers.records[i], ret_error);
    outbox_list_free(&leftovers);
    free(outbox->records);
    *outbox = kept;
    return error;
}
