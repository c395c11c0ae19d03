#include "post.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "durable-file.h"
#include "log.h"
#include "memory.h"
#include "outbox.h"
#include "outbox-parts.h"
#include "post-announce.h"
#include "post-log.h"
#include "post-queue.h"
#include "post-record.h"
#include "post-store.h"

struct post {
    sd_event *event;
    struct post_settings settings;
    struct outbox_policy policy;
    struct outbox_list outbox;  /* every record of the build, also the settled ones */
    struct post_queue **queues; /* one a configured sink, in the order of the configuration */
    size_t queue_count;
    struct post_announcer *announcer;
};

static const char *folder_of(const struct post *post)
{
    return post->settings.state->folder;
}

static const char *build_of(const struct post *post)
{
    return post->settings.state->build;
}

static struct post_queue *queue_of(const struct post *post, const char *sink)
{
    for (size_t i = 0; i < post->queue_count; i++)
        if (strcmp(post_queue_sink(post->queues[i])->name, sink) == 0)
            return post->queues[i];
    return NULL;
}

static void wake_queues(struct post *post)
{
    for (size_t i = 0; i < post->queue_count; i++)
        post_queue_wake(post->queues[i]);
}

/* ---- summaries */

/* Settled in memory and on disk, and nothing of it is asked. */
static bool is_over(const struct post *post, const struct outbox_record *record)
{
    const struct post_queue *queue = queue_of(post, record->sink);

    return outbox_state_is_settled(record->state) &&
           !(queue && post_queue_is_settling(queue, record));
}

static void count(const struct post *post, const struct outbox_record *record,
                  struct post_summary *summary)
{
    if (is_over(post, record))
        post_summary_add(summary, record);
    else if (outbox_turn_of(&post->outbox, record) == OUTBOX_TURN_HELD)
        summary->behind++;
    else if (queue_of(post, record->sink))
        summary->outstanding++;
    else
        summary->unconfigured++;
}

struct post_summary post_summarize(const struct post *post, const char *scope)
{
    struct post_summary summary = {0};

    for (size_t i = 0; i < post->outbox.count; i++) {
        const struct outbox_record *record = post->outbox.records[i];

        if (!scope || strcmp(record->message.scope, scope) == 0)
            count(post, record, &summary);
    }
    return summary;
}

/* ---- what settled records lead to */

static void mark_posted(struct post *post, const struct outbox_record *record)
{
    const char *scope_name = record->message.scope;
    struct scope_state *scope = NULL;
    CLEANUP_FREE char *error = NULL;
    const char *remote_id = NULL;

    if (record->message.correction > 0)
        return; /* the marker tells of the scope's post */
    if (record->attempts_kept > 0)
        remote_id = record->attempts[record->attempts_kept - 1].receipt.remote_id;
    if (state_add_scope(post->settings.state, scope_name, record->settled_ns, &scope, &error) ||
        state_mark_posted(post->settings.state, scope, record->sink, remote_id, record->settled_ns,
                          &error))
        post_log(build_of(post), record, ATVM_LOG_ERROR, "delivered, but its marker is missing: %s",
                 error);
}

static void on_settled(void *user, const struct outbox_record *record)
{
    struct post *post = user;

    if (outbox_message_is_delivered(&post->outbox, record))
        mark_posted(post, record);
    post_announcer_expect(post->announcer, record->message.scope);
    post_announcer_look(post->announcer);
}

static bool announce(void *user, const char *scope)
{
    const struct post *post = user;
    const struct post_summary summary = post_summarize(post, scope);

    if (summary.outstanding > 0)
        return false;
    if (post->settings.events.settled)
        post->settings.events.settled(post->settings.user, scope, &summary);
    return true;
}

/* ---- a new message */

int post_scope(struct post *post, const struct post_message *message, char **ret_error)
{
    struct scope_state *scope = NULL;
    int result;

    result = state_add_scope(post->settings.state, message->scope, clock_ns(CLOCK_REALTIME), &scope,
                             ret_error);
    if (result)
        return result;
    for (size_t i = 0; i < post->queue_count; i++) {
        const struct config_module *sink = post_queue_sink(post->queues[i]);
        CLEANUP_FREE char *problem = NULL;
        int error = 0;

        if (!message->sink || strcmp(message->sink, sink->name) == 0)
            error = post_store(post->settings.state, &post->outbox, sink, message, &problem);
        if (error && !result) {
            result = error;
            *ret_error = TAKE_POINTER(problem);
        }
    }
    post_announcer_expect(post->announcer, message->scope);
    post_announcer_look(post->announcer);
    wake_queues(post);
    return result;
}

/* ---- start and end */

static int make_queues(struct post *post, char **ret_error)
{
    const struct config *config = post->settings.config;

    post->queues = memory_zeroed(config->sink_count, sizeof(*post->queues));
    for (size_t i = 0; i < config->sink_count; i++) {
        const struct config_module *sink = &config->sinks[i];
        CLEANUP_FREE char *component = durable_component(sink->name);

        if (!component || queue_of(post, sink->name)) {
            *ret_error = memory_format("sink %s: its name is %s; give it another 'name'",
                                       sink->name, component ? "taken" : "too long or empty");
            return -EINVAL;
        }
        post->queues[post->queue_count++] = post_queue_new(&(struct post_queue_settings){
            .event = post->event,
            .posts = &post->settings,
            .policy = &post->policy,
            .outbox = &post->outbox,
            .sink = sink,
            .settled = on_settled,
            .user = post,
        });
    }
    return 0;
}

/* What a crash may have left undone after the record itself was written. */
static void repair_marker(struct post *post, const struct outbox_record *record)
{
    const struct scope_state *scope = state_find_scope(post->settings.state, record->message.scope);

    if (!scope || state_posted(scope, record->sink) == 0)
        mark_posted(post, record);
}

static void say_taken_up(const struct post *post, const struct outbox_record *record)
{
    if (queue_of(post, record->sink))
        post_log(build_of(post), record, ATVM_LOG_NOTICE,
                 "taken up where it was left: %s, %d attempt%s", outbox_state_name(record->state),
                 record->attempt_count, record->attempt_count == 1 ? "" : "s");
    else
        post_log(build_of(post), record, ATVM_LOG_WARNING,
                 "its message is unfinished, but the sink is no longer configured: it is held");
}

static void take_up(struct post *post, const struct outbox_record *record)
{
    if (outbox_state_is_settled(record->state)) {
        if (outbox_message_is_delivered(&post->outbox, record))
            repair_marker(post, record);
        return;
    }
    /* Whoever sends nothing does not go on with it, and is followed by one who does. */
    if (!post->settings.no_sending)
        say_taken_up(post, record);
    post_announcer_expect(post->announcer, record->message.scope);
}

static int load_outbox(struct post *post, char **ret_error)
{
    CLEANUP_FREE char *warnings = NULL;
    int error = outbox_load_all(folder_of(post), clock_ns(CLOCK_REALTIME), &post->outbox, &warnings,
                                ret_error);

    if (warnings)
        log_error("%s", warnings);
    if (!error)
        error = post_store_tidy(post->settings.state, &post->outbox, ret_error);
    for (size_t i = 0; !error && i < post->outbox.count; i++)
        take_up(post, post->outbox.records[i]);
    return error;
}

int post_new(sd_event *event, const struct post_settings *settings, struct post **ret,
             char **ret_error)
{
    struct post *post = memory_zeroed(1, sizeof(*post));
    const struct config *config = settings->config;
    int error;

    post->event = sd_event_ref(event);
    post->settings = *settings;
    post->policy = (struct outbox_policy){config->retry_first_ns, config->retry_max_ns,
                                          config->retry_give_up_ns, config->resend_uncertain};
    error = post_announcer_new(event, announce, post, &post->announcer);
    if (error)
        *ret_error = memory_format("posting: event loop: %s", strerror(-error));
    else
        error = make_queues(post, ret_error);
    if (!error)
        error = load_outbox(post, ret_error);
    if (error) {
        post_free(post);
        return error;
    }
    post_announcer_look(post->announcer);
    wake_queues(post);
    *ret = post;
    return 0;
}

void post_free(struct post *post)
{
    if (!post)
        return;
    for (size_t i = 0; i < post->queue_count; i++)
        post_queue_free(post->queues[i]);
    free(post->queues);
    outbox_list_free(&post->outbox);
    post_announcer_free(post->announcer);
    sd_event_unref(post->event);
    free(post);
}

/* ---- what operators ask for */

struct outbox_list *post_records(struct post *post)
{
    return &post->outbox;
}

bool post_is_busy_with(const struct post *post, const struct outbox_record *record)
{
    const struct post_queue *queue = queue_of(post, record->sink);

    return record->state == OUTBOX_SENDING || (queue && post_queue_is_settling(queue, record));
}

bool post_has_sink(const struct post *post, const char *sink)
{
    return queue_of(post, sink) != NULL;
}

void post_reconsider(struct post *post, const char *scope)
{
    for (size_t i = 0; i < post->outbox.count; i++) {
        const struct outbox_record *record = post->outbox.records[i];

        if (record->state == OUTBOX_DELIVERED && strcmp(record->message.scope, scope) == 0)
            repair_marker(post, record);
    }
    post_announcer_expect(post->announcer, scope);
    post_announcer_look(post->announcer);
    for (size_t i = 0; i < post->queue_count; i++)
        post_queue_reconsider(post->queues[i]);
}

bool post_is_sending(const struct post *post)
{
    for (size_t i = 0; i < post->queue_count; i++)
        if (post_queue_is_sending(post->queues[i]))
            return true;
    return false;
}
