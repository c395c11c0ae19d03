#include "post.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "deliver.h"
#include "durable-file.h"
#include "log.h"
#include "memory.h"
#include "outbox.h"
#include "post-log.h"
#include "post-record.h"

/* One configured sink. */
struct queue {
    struct post *post;
    const struct config_module *sink;
    struct deliver *deliver;       /* the worker that is sending; NULL */
    struct outbox_record *record;  /* what it sends */
    struct outbox_record *unsaved; /* has moved on in memory, but could not be written yet */
    sd_event_source *timer;        /* wakes the queue; NULL until first used */
    int32_t failures;              /* of our own files, in a row */
};

/* A scope whose end is to be announced. */
struct announcement {
    char *scope;
    bool done;
};

struct post {
    sd_event *event;
    struct post_settings settings;
    struct outbox_policy policy;
    struct outbox_list outbox; /* every record of the build, also the settled ones */
    struct queue *queues;
    size_t queue_count;
    struct announcement *announcements;
    size_t announcement_count, announcement_capacity;
    sd_event_source *announcer;
};

static void work_on(struct queue *queue);

/* For jitter only: without a random number there is none. */
static uint32_t random_bits(void)
{
    uint32_t bits = UINT32_MAX;

    return getrandom(&bits, sizeof(bits), GRND_NONBLOCK) == (ssize_t)sizeof(bits) ? bits
                                                                                  : UINT32_MAX;
}

static const char *folder_of(const struct post *post)
{
    return post->settings.state->folder;
}

static const char *build_of(const struct post *post)
{
    return post->settings.state->build;
}

/* ---- summaries */

static struct queue *queue_of(const struct post *post, const char *sink)
{
    for (size_t i = 0; i < post->queue_count; i++)
        if (strcmp(post->queues[i].sink->name, sink) == 0)
            return &post->queues[i];
    return NULL;
}

/* Settled in memory and on disk. */
static bool is_over(const struct post *post, const struct outbox_record *record)
{
    const struct queue *queue = queue_of(post, record->sink);

    return outbox_state_is_settled(record->state) && !(queue && queue->unsaved == record);
}

static void count(const struct post *post, const struct outbox_record *record,
                  struct post_summary *summary)
{
    if (!is_over(post, record)) {
        if (queue_of(post, record->sink))
            summary->outstanding++;
        else
            summary->unconfigured++;
        return;
    }
    post_summary_add(summary, record->state);
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

/* ---- announcing */

static int on_announce(sd_event_source *source, void *user)
{
    struct post *post = user;

    (void)source;
    /* The callback may add announcements. */
    for (size_t i = 0; i < post->announcement_count; i++) {
        CLEANUP_FREE char *scope = NULL;
        struct post_summary summary;

        if (post->announcements[i].done)
            continue;
        summary = post_summarize(post, post->announcements[i].scope);
        if (summary.outstanding > 0)
            continue;
        post->announcements[i].done = true;
        scope = memory_string(post->announcements[i].scope);
        if (post->settings.events.settled)
            post->settings.events.settled(post->settings.user, scope, &summary);
    }
    return 0;
}

static void announce_later(struct post *post)
{
    int error = sd_event_source_set_enabled(post->announcer, SD_EVENT_ONESHOT);

    if (error < 0)
        log_error("could not schedule the end of a posting: %s", strerror(-error));
}

static void expect_announcement(struct post *post, const char *scope)
{
    for (size_t i = 0; i < post->announcement_count; i++) {
        if (strcmp(post->announcements[i].scope, scope) == 0) {
            post->announcements[i].done = false;
            return;
        }
    }
    memory_grow(&post->announcements, post->announcement_count, &post->announcement_capacity,
                sizeof(*post->announcements));
    post->announcements[post->announcement_count++] =
        (struct announcement){memory_string(scope), false};
}

/* ---- timers */

static struct outbox_record *first_unfinished(const struct queue *queue)
{
    const struct post *post = queue->post;

    for (size_t i = 0; i < post->outbox.count; i++) {
        struct outbox_record *record = post->outbox.records[i];

        if (strcmp(record->sink, queue->sink->name) == 0 && !outbox_state_is_settled(record->state))
            return record;
    }
    return NULL;
}

static int on_timer(sd_event_source *source, uint64_t time, void *user)
{
    struct queue *queue = user;
    struct outbox_record *record = first_unfinished(queue);

    (void)source;
    (void)time;
    /* The wait was measured without regard to the wall clock: it counts even if that was set back.
     */
    if (!queue->unsaved && record && record->state == OUTBOX_PENDING)
        record->next_attempt_ns = -1;
    work_on(queue);
    return 0;
}

static void wake_in(struct queue *queue, int64_t wait_ns)
{
    uint64_t wait = (uint64_t)wait_ns / 1000;
    int error;

    if (!queue->timer) {
        error = sd_event_add_time_relative(queue->post->event, &queue->timer, CLOCK_MONOTONIC, wait,
                                           0, on_timer, queue);
    } else {
        error = sd_event_source_set_time_relative(queue->timer, wait);
        if (error >= 0)
            error = sd_event_source_set_enabled(queue->timer, SD_EVENT_ONESHOT);
    }
    if (error < 0)
        log_error("sink %s: no timer: %s; its messages wait until the next start",
                  queue->sink->name, strerror(-error));
}

/* Our own files failed us (a full disk, an I/O error): nothing is lost, and it is tried again. */
static void wake_after_failure(struct queue *queue, const struct outbox_record *record,
                               const char *error)
{
    int64_t wait = outbox_retry_delay(&queue->post->policy, ++queue->failures, -1, random_bits());

    post_log(build_of(queue->post), record, ATVM_LOG_ERROR, "%s; trying again in %lld s", error,
             (long long)(wait / NS_PER_SECOND));
    wake_in(queue, wait);
}

/* ---- settling */

static void mark_posted(struct post *post, const struct outbox_record *record)
{
    const char *scope_name = record->message.scope;
    struct scope_state *scope = NULL;
    CLEANUP_FREE char *error = NULL;
    const char *remote_id = NULL;

    if (record->attempts_kept > 0)
        remote_id = record->attempts[record->attempts_kept - 1].receipt.remote_id;
    if (state_add_scope(post->settings.state, scope_name, record->settled_ns, &scope, &error) ||
        state_mark_posted(post->settings.state, scope, record->sink, remote_id, record->settled_ns,
                          &error))
        post_log(build_of(post), record, ATVM_LOG_ERROR, "delivered, but its marker is missing: %s",
                 error);
}

/* Writes what outbox_settle decided. false: it could not be written yet. */
static bool save_outcome(struct queue *queue)
{
    struct post *post = queue->post;
    struct outbox_record *record = queue->unsaved;
    CLEANUP_FREE char *error = NULL;

    if (outbox_save_settled(folder_of(post), record, &error)) {
        wake_after_failure(queue, record, error);
        return false;
    }
    queue->unsaved = NULL;
    queue->failures = 0;
    post_log_outcome(build_of(post), record);
    if (record->state == OUTBOX_DELIVERED)
        mark_posted(post, record);
    if (outbox_state_is_settled(record->state))
        announce_later(post);
    return true;
}

/* The attempt is over. false: what came of it cannot be read or written yet. */
static bool settle(struct queue *queue, struct outbox_record *record, const char *ending)
{
    struct outbox_receipt receipt = {.retry_after_ns = -1};
    CLEANUP_FREE char *error = NULL;

    if (outbox_read_receipt(folder_of(queue->post), record, ending, &receipt, &error)) {
        wake_after_failure(queue, record, error);
        return false;
    }
    outbox_settle(record, &receipt, &queue->post->policy, clock_ns(CLOCK_REALTIME), random_bits());
    queue->unsaved = record;
    return save_outcome(queue);
}

/* ---- sending */

static void on_ended(void *user, const char *ending)
{
    struct queue *queue = user;
    struct outbox_record *record = TAKE_POINTER(queue->record);

    deliver_free(TAKE_POINTER(queue->deliver));
    if (settle(queue, record, ending))
        work_on(queue);
}

static int start_worker(struct queue *queue, struct outbox_record *record, int receipt,
                        char **ret_error)
{
    const struct post_settings *settings = &queue->post->settings;

    return deliver_start(queue->post->event,
                         &(struct deliver_settings){
                             .executable = settings->executable,
                             .sink = queue->sink,
                             .record = record,
                             .receipt = receipt,
                             .terminal = settings->terminal,
                             .secrets = settings->secrets,
                             .timeout_ns = settings->config->deliver_timeout_ns,
                             .grace_ns = settings->grace_ns,
                         },
                         on_ended, queue, &queue->deliver, ret_error);
}

static void begin_attempt(struct queue *queue, struct outbox_record *record)
{
    CLEANUP_FREE char *error = NULL;
    int receipt = -1;
    int failed;

    if (outbox_begin(folder_of(queue->post), record, clock_ns(CLOCK_REALTIME), &receipt, &error)) {
        wake_after_failure(queue, record, error);
        return;
    }
    queue->record = record;
    failed = start_worker(queue, record, receipt, &error);
    /* From here on the worker alone holds the lock. */
    close(receipt);
    if (!failed) {
        queue->failures = 0;
        return;
    }
    queue->record = NULL;
    post_log(build_of(queue->post), record, ATVM_LOG_ERROR, "%s", error);
    /* It was never started, so the receipt file says that nothing was sent. */
    if (settle(queue, record, "was not started, so it ended"))
        work_on(queue);
}

/* The next step of the queue, unless a worker of ours is sending. */
static void work_on(struct queue *queue)
{
    struct outbox_record *record;
    enum outbox_worker worker = OUTBOX_WORKER_ENDED;
    CLEANUP_FREE char *error = NULL;
    int64_t wait_ns;

    if (queue->deliver || (queue->unsaved && !save_outcome(queue)))
        return;
    record = first_unfinished(queue);
    if (!record)
        return;
    if (record->state == OUTBOX_SENDING &&
        outbox_look_at_worker(folder_of(queue->post), record, &worker, &error)) {
        wake_after_failure(queue, record, error);
        return;
    }
    switch (outbox_next(record, worker, clock_ns(CLOCK_REALTIME), &wait_ns)) {
    case OUTBOX_SEND:
        begin_attempt(queue, record);
        break;
    case OUTBOX_WAIT:
        wake_in(queue, wait_ns);
        break;
    case OUTBOX_READ:
        if (settle(queue, record, NULL))
            work_on(queue);
        break;
    case OUTBOX_NOTHING:
        break;
    }
}

/* ---- a new message */

static struct outbox_record *find_record(const struct post *post, const char *sink,
                                         const char *scope)
{
    for (size_t i = 0; i < post->outbox.count; i++) {
        struct outbox_record *record = post->outbox.records[i];

        if (strcmp(record->sink, sink) == 0 && strcmp(record->message.scope, scope) == 0)
            return record;
    }
    return NULL;
}

static int64_t next_sequence(const struct post *post)
{
    int64_t last = 0;

    for (size_t i = 0; i < post->outbox.count; i++)
        if (post->outbox.records[i]->sequence > last)
            last = post->outbox.records[i]->sequence;
    return last + 1;
}

static struct outbox_record *new_record(const struct post *post, const struct config_module *sink,
                                        const struct post_message *message, char *body)
{
    return post_record_new(build_of(post), sink, message, body, next_sequence(post),
                           clock_ns(CLOCK_REALTIME));
}

/* Saves the record and takes it over; frees it where that fails. */
static int add_record(struct post *post, struct outbox_record *record, char **ret_error)
{
    int error = outbox_save(folder_of(post), record, ret_error);

    if (error) {
        outbox_record_free(record);
        return error;
    }
    memory_grow(&post->outbox.records, post->outbox.count, &post->outbox.capacity,
                sizeof(*post->outbox.records));
    post->outbox.records[post->outbox.count++] = record;
    return 0;
}

/* The marker says so, though the outbox knows of no message: the outbox is made to know. */
static int suppress_by_marker(struct post *post, const struct config_module *sink,
                              const struct post_message *message, char **ret_error)
{
    struct outbox_record *record = new_record(post, sink, message, NULL);

    record->state = OUTBOX_DELIVERED;
    record->settled_ns = record->created_ns;
    record->explanation = memory_string("a posted marker was there without a message");
    post_log_suppression(build_of(post), record);
    return add_record(post, record, ret_error);
}

static int add_for_sink(struct post *post, const struct config_module *sink,
                        const struct scope_state *scope, const struct post_message *message,
                        char **ret_error)
{
    const struct outbox_record *known = find_record(post, sink->name, message->scope);
    const struct post_form form = post_record_form(sink);
    int posted;
    char *body;

    if (known) {
        post_log_suppression(build_of(post), known);
        return 0;
    }
    posted = state_posted(scope, sink->name);
    if (posted < 0) {
        *ret_error = memory_format("%s: sink %s: could not look for its posted marker: %s",
                                   message->scope, sink->name, strerror(-posted));
        return posted;
    }
    if (posted)
        return suppress_by_marker(post, sink, message, ret_error);
    body = message->render(message->user, &form);
    if (!body) {
        *ret_error = memory_format("%s: sink %s: its message could not be rendered", message->scope,
                                   sink->name);
        return -EINVAL;
    }
    return add_record(post, new_record(post, sink, message, body), ret_error);
}

int post_scope(struct post *post, const struct post_message *message, char **ret_error)
{
    struct scope_state *scope = NULL;
    int result;

    result = state_add_scope(post->settings.state, message->scope, clock_ns(CLOCK_REALTIME), &scope,
                             ret_error);
    if (result)
        return result;
    for (size_t i = 0; i < post->queue_count; i++) {
        CLEANUP_FREE char *problem = NULL;
        int error = add_for_sink(post, post->queues[i].sink, scope, message, &problem);

        if (error && !result) {
            result = error;
            *ret_error = TAKE_POINTER(problem);
        }
    }
    expect_announcement(post, message->scope);
    announce_later(post);
    for (size_t i = 0; i < post->queue_count; i++)
        work_on(&post->queues[i]);
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
        post->queues[post->queue_count++] = (struct queue){.post = post, .sink = sink};
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

static void take_up(struct post *post, const struct outbox_record *record)
{
    if (record->state == OUTBOX_DELIVERED) {
        repair_marker(post, record);
        return;
    }
    if (outbox_state_is_settled(record->state))
        return;
    if (queue_of(post, record->sink))
        post_log(build_of(post), record, ATVM_LOG_NOTICE,
                 "taken up where it was left: %s, %d attempts", outbox_state_name(record->state),
                 record->attempt_count);
    else
        post_log(build_of(post), record, ATVM_LOG_WARNING,
                 "its message is unfinished, but the sink is no longer configured: it is held");
    expect_announcement(post, record->message.scope);
}

static int load_outbox(struct post *post, char **ret_error)
{
    CLEANUP_FREE char *warnings = NULL;
    int error = outbox_load_all(folder_of(post), clock_ns(CLOCK_REALTIME), &post->outbox, &warnings,
                                ret_error);

    if (warnings)
        log_error("%s", warnings);
    for (size_t i = 0; !error && i < post->outbox.count; i++)
        take_up(post, post->outbox.records[i]);
    return error;
}

static int make_announcer(struct post *post, char **ret_error)
{
    int error = sd_event_add_defer(post->event, &post->announcer, on_announce, post);

    if (error >= 0)
        error = sd_event_source_set_enabled(post->announcer, SD_EVENT_OFF);
    if (error < 0)
        *ret_error = memory_format("posting: event loop: %s", strerror(-error));
    return error < 0 ? error : 0;
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
    error = make_announcer(post, ret_error);
    if (!error)
        error = make_queues(post, ret_error);
    if (!error)
        error = load_outbox(post, ret_error);
    if (error) {
        post_free(post);
        return error;
    }
    if (post->announcement_count > 0)
        announce_later(post);
    for (size_t i = 0; i < post->queue_count; i++)
        work_on(&post->queues[i]);
    *ret = post;
    return 0;
}

void post_free(struct post *post)
{
    if (!post)
        return;
    for (size_t i = 0; i < post->queue_count; i++) {
        deliver_free(post->queues[i].deliver);
        sd_event_source_disable_unref(post->queues[i].timer);
    }
    for (size_t i = 0; i < post->announcement_count; i++)
        free(post->announcements[i].scope);
    free(post->announcements);
    free(post->queues);
    outbox_list_free(&post->outbox);
    sd_event_source_disable_unref(post->announcer);
    sd_event_unref(post->event);
    free(post);
}
