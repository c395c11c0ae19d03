#include "post-queue.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "deliver.h"
#include "log.h"
#include "memory.h"
#include "outbox-parts.h"
#include "post-log.h"
#include "post-question.h"

enum queue_state {
    QUEUE_READY = 1, /* the next step is to be decided, or there is none */
    QUEUE_WAITING,   /* for the timer */
    QUEUE_SENDING,   /* a worker of ours is at it */
    QUEUE_ASKING,    /* a worker of ours asks the sink what came of an attempt */
    QUEUE_STOPPED    /* there is something to send, but not by us */
};

struct post_queue {
    struct post_queue_settings settings;
    enum queue_state state;
    struct deliver *deliver;        /* SENDING: the worker */
    struct outbox_record *record;   /* SENDING, ASKING: what it is about */
    struct post_question *question; /* ASKING */
    struct outbox_receipt doubt;   /* ASKING: of the attempt just ended; outcome 0: it was before */
    struct outbox_record *unsaved; /* has moved on in memory, but could not be written yet */
    sd_event_source *timer;        /* NULL until first used */
    int32_t failures;              /* of our own files, in a row */
};

static void run(struct post_queue *queue);

static const char *folder_of(const struct post_queue *queue)
{
    return queue->settings.posts->state->folder;
}

static const char *build_of(const struct post_queue *queue)
{
    return queue->settings.posts->state->build;
}

/* For jitter only: without a random number there is none. */
static uint32_t random_bits(void)
{
    uint32_t bits = UINT32_MAX;

    return getrandom(&bits, sizeof(bits), GRND_NONBLOCK) == (ssize_t)sizeof(bits) ? bits
                                                                                  : UINT32_MAX;
}

/* ---- what is to be sent next */

/* In the order of the outbox; parts that are held with an earlier one are passed over. */
static struct outbox_record *next_record(const struct post_queue *queue)
{
    const struct outbox_list *outbox = queue->settings.outbox;

    for (size_t i = 0; i < outbox->count; i++) {
        struct outbox_record *record = outbox->records[i];

        if (strcmp(record->sink, queue->settings.sink->name) == 0 &&
            !outbox_state_is_settled(record->state) &&
            outbox_turn_of(outbox, record) == OUTBOX_TURN_NOW)
            return record;
    }
    return NULL;
}

/* ---- waiting */

static int on_timer(sd_event_source *source, uint64_t time, void *user)
{
    struct post_queue *queue = user;
    struct outbox_record *record = next_record(queue);

    (void)source;
    (void)time;
    queue->state = QUEUE_READY;
    /* The wait was measured without regard to the wall clock: it is over even if that was set back.
     */
    if (!queue->unsaved && record && record->state == OUTBOX_PENDING)
        record->next_attempt_ns = -1;
    run(queue);
    return 0;
}

static void wait_for(struct post_queue *queue, int64_t wait_ns)
{
    uint64_t wait = (uint64_t)wait_ns / 1000;
    int error;

    queue->state = QUEUE_WAITING;
    if (!queue->timer) {
        error = sd_event_add_time_relative(queue->settings.event, &queue->timer, CLOCK_MONOTONIC,
                                           wait, 0, on_timer, queue);
    } else {
        error = sd_event_source_set_time_relative(queue->timer, wait);
        if (error >= 0)
            error = sd_event_source_set_enabled(queue->timer, SD_EVENT_ONESHOT);
    }
    if (error < 0)
        log_error("sink %s: no timer: %s; its messages wait until the next start",
                  queue->settings.sink->name, strerror(-error));
}

/* Our own files failed us (a full disk, an I/O error): nothing is lost, and it is tried again. */
static void wait_after_failure(struct post_queue *queue, const struct outbox_record *record,
                               const char *error)
{
    int64_t wait = outbox_retry_delay(queue->settings.policy, ++queue->failures, -1, random_bits());
    CLEANUP_FREE char *when = post_log_wait(wait);

    post_log(build_of(queue), record, ATVM_LOG_ERROR, "%s; trying again %s", error, when);
    wait_for(queue, wait);
}

/* ---- settling */

/* Writes what outbox_settle decided. On failure the queue waits. */
static void save_outcome(struct post_queue *queue)
{
    struct outbox_record *record = queue->unsaved;
    CLEANUP_FREE char *error = NULL;

    if (outbox_save_settled(folder_of(queue), record, &error)) {
        wait_after_failure(queue, record, error);
        return;
    }
    queue->unsaved = NULL;
    queue->failures = 0;
    post_log_outcome(queue->settings.posts->config, build_of(queue), record);
    if (outbox_state_is_settled(record->state))
        queue->settings.settled(queue->settings.user, record);
}

static struct deliver_settings worker_for(const struct post_queue *queue,
                                          const struct outbox_record *record)
{
    const struct post_settings *posts = queue->settings.posts;

    return (struct deliver_settings){
        .executable = posts->executable,
        .sink = queue->settings.sink,
        .record = record,
        .receipt = -1,
        .terminal = posts->terminal,
        .secrets = posts->secrets,
        .timeout_ns = posts->config->deliver_timeout_ns,
        .grace_ns = posts->grace_ns,
    };
}

static void settle_by(struct post_queue *queue, struct outbox_record *record,
                      struct outbox_receipt *receipt)
{
    outbox_settle(record, receipt, queue->settings.policy, clock_ns(CLOCK_REALTIME), random_bits());
    queue->unsaved = record;
    save_outcome(queue);
}

/* ---- asking */

static void settle_by_answer(struct post_queue *queue, struct outbox_record *record,
                             struct outbox_receipt *answer)
{
    post_log_answer(build_of(queue), record, answer);
    outbox_settle_by_answer(record, answer, queue->settings.policy, clock_ns(CLOCK_REALTIME),
                            random_bits());
    queue->unsaved = record;
    save_outcome(queue);
}

static void on_answered(void *user, struct outbox_receipt *answer)
{
    struct post_queue *queue = user;
    struct outbox_record *record = TAKE_POINTER(queue->record);
    struct outbox_receipt doubt = queue->doubt;

    queue->doubt = (struct outbox_receipt){.retry_after_ns = -1};
    post_question_free(TAKE_POINTER(queue->question));
    queue->state = QUEUE_READY;
    if (answer->outcome != ATVM_UNCERTAIN) {
        settle_by_answer(queue, record, answer);
    } else {
        post_log_answer(build_of(queue), record, answer);
        if (doubt.outcome)
            settle_by(queue, record, &doubt);
        else
            queue->settings.settled(queue->settings.user, record);
    }
    outbox_receipt_clear(answer);
    outbox_receipt_clear(&doubt);
    run(queue);
}

/* false: it cannot be asked, or was. */
static bool ask(struct post_queue *queue, struct outbox_record *record)
{
    const struct deliver_settings worker = worker_for(queue, record);
    CLEANUP_FREE char *error = NULL;

    if (record->asked || !post_question_is_possible(queue->settings.sink, record))
        return false;
    record->asked = true;
    if (post_question_ask(queue->settings.event, &worker, on_answered, queue, &queue->question,
                          &error)) {
        post_log(build_of(queue), record, ATVM_LOG_ERROR, "%s", error);
        return false;
    }
    queue->record = record;
    queue->state = QUEUE_ASKING;
    return true;
}

/* What was held before, and the sink can be asked about; NULL. */
static struct outbox_record *next_doubtful(const struct post_queue *queue)
{
    const struct outbox_list *outbox = queue->settings.outbox;

    for (size_t i = 0; i < outbox->count; i++) {
        struct outbox_record *record = outbox->records[i];

        if (strcmp(record->sink, queue->settings.sink->name) == 0 &&
            record->state == OUTBOX_UNCERTAIN && !record->dropped && !record->asked &&
            post_question_is_possible(queue->settings.sink, record))
            return record;
    }
    return NULL;
}

/* ---- settling an attempt */

/* The attempt is over. Where its receipt cannot be read or its outcome not be written, the queue
 * waits. */
static void settle(struct post_queue *queue, struct outbox_record *record, const char *ending)
{
    struct outbox_receipt receipt = {.retry_after_ns = -1};
    CLEANUP_FREE char *error = NULL;

    if (outbox_read_receipt(folder_of(queue), record, ending, &receipt, &error)) {
        wait_after_failure(queue, record, error);
        return;
    }
    if (receipt.outcome == ATVM_UNCERTAIN && !queue->settings.posts->no_sending &&
        ask(queue, record))
        queue->doubt = receipt;
    else
        settle_by(queue, record, &receipt);
}

/* ---- sending */

static void on_ended(void *user, const char *ending)
{
    struct post_queue *queue = user;
    struct outbox_record *record = TAKE_POINTER(queue->record);

    deliver_free(TAKE_POINTER(queue->deliver));
    queue->state = QUEUE_READY;
    settle(queue, record, ending);
    run(queue);
}

static int start_worker(struct post_queue *queue, const struct outbox_record *record, int receipt,
                        char **ret_error)
{
    struct deliver_settings worker = worker_for(queue, record);

    worker.receipt = receipt;
    return deliver_start(queue->settings.event, &worker, on_ended, queue, &queue->deliver,
                         ret_error);
}

static void begin_attempt(struct post_queue *queue, struct outbox_record *record)
{
    CLEANUP_FREE char *error = NULL;
    int receipt = -1;
    int failed;

    /* A part that waited long for the one before it is not given up for that. */
    if (record->message.part > 1 && record->attempt_count == 0)
        record->resumed_ns = clock_ns(CLOCK_REALTIME);
    if (outbox_begin(folder_of(queue), record, clock_ns(CLOCK_REALTIME), &receipt, &error)) {
        wait_after_failure(queue, record, error);
        return;
    }
    failed = start_worker(queue, record, receipt, &error);
    /* From here on the worker alone holds the lock. */
    close(receipt);
    if (failed) {
        post_log(build_of(queue), record, ATVM_LOG_ERROR, "%s", error);
        /* It was never started, so the receipt file says that nothing was sent. */
        settle(queue, record, "was not started, so it ended");
        return;
    }
    queue->failures = 0;
    queue->record = record;
    queue->state = QUEUE_SENDING;
    record->asked = false;
}

/* ---- cancelled runs */

static void withdraw(struct post_queue *queue, struct outbox_record *record)
{
    CLEANUP_FREE char *by = state_cancelled_by(queue->settings.posts->state);
    const struct outbox_decision decision = {.by = by, .time_ns = clock_ns(CLOCK_REALTIME)};

    outbox_decide(record, OUTBOX_WITHDRAW, &decision);
    queue->unsaved = record;
    save_outcome(queue);
}

/* What has not begun to leave when the run is cancelled stays here, whoever stored it when: the
 * last part first, since none is looked at behind one that is held. */
static void withdraw_all(struct post_queue *queue)
{
    const struct outbox_list *outbox = queue->settings.outbox;

    for (size_t i = outbox->count; i-- > 0 && !queue->unsaved;)
        if (strcmp(outbox->records[i]->sink, queue->settings.sink->name) == 0 &&
            outbox_verb_concerns(outbox->records[i], OUTBOX_WITHDRAW))
            withdraw(queue, outbox->records[i]);
}

static void send_unless_cancelled(struct post_queue *queue, struct outbox_record *record)
{
    CLEANUP_FREE char *error = NULL;
    int cancelled = state_cancelled(queue->settings.posts->state);

    if (cancelled < 0) {
        error = memory_format("whether the run was cancelled could not be looked for: %s",
                              strerror(-cancelled));
        wait_after_failure(queue, record, error);
    } else if (cancelled) {
        withdraw_all(queue);
    } else if (queue->settings.posts->no_sending) {
        queue->state = QUEUE_STOPPED;
    } else {
        begin_attempt(queue, record);
    }
}

/* ---- the steps */

static void step_with(struct post_queue *queue, struct outbox_record *record)
{
    enum outbox_worker worker = OUTBOX_WORKER_ENDED;
    CLEANUP_FREE char *error = NULL;
    int64_t wait_ns;

    if (record->state == OUTBOX_SENDING &&
        outbox_look_at_worker(folder_of(queue), record, &worker, &error)) {
        wait_after_failure(queue, record, error);
        return;
    }
    switch (outbox_next(record, worker, clock_ns(CLOCK_REALTIME), &wait_ns)) {
    case OUTBOX_SEND:
        send_unless_cancelled(queue, record);
        break;
    case OUTBOX_WAIT:
        wait_for(queue, wait_ns);
        break;
    case OUTBOX_READ:
        settle(queue, record, NULL);
        break;
    case OUTBOX_NOTHING:
        break;
    }
}

/* Step by step until there is something to wait for, or nothing left to do. */
static void run(struct post_queue *queue)
{
    while (queue->state == QUEUE_READY) {
        struct outbox_record *record = next_record(queue);
        struct outbox_record *doubtful =
            queue->settings.posts->no_sending ? NULL : next_doubtful(queue);

        if (queue->unsaved)
            save_outcome(queue);
        else if (doubtful)
            ask(queue, doubtful);
        else if (record)
            step_with(queue, record);
        else
            return;
    }
}

void post_queue_wake(struct post_queue *queue)
{
    run(queue);
}

void post_queue_reconsider(struct post_queue *queue)
{
    if (queue->state == QUEUE_WAITING)
        sd_event_source_set_enabled(queue->timer, SD_EVENT_OFF);
    if (queue->state == QUEUE_WAITING || queue->state == QUEUE_STOPPED)
        queue->state = QUEUE_READY;
    run(queue);
}

bool post_queue_is_sending(const struct post_queue *queue)
{
    const struct outbox_record *record = next_record(queue);

    return queue->state == QUEUE_SENDING || queue->state == QUEUE_ASKING ||
           (record && record->state == OUTBOX_SENDING);
}

/* ---- start and end */

struct post_queue *post_queue_new(const struct post_queue_settings *settings)
{
    struct post_queue *queue = memory_zeroed(1, sizeof(*queue));

    queue->settings = *settings;
    queue->state = QUEUE_READY;
    queue->doubt.retry_after_ns = -1;
    return queue;
}

void post_queue_free(struct post_queue *queue)
{
    if (!queue)
        return;
    deliver_free(queue->deliver);
    post_question_free(queue->question);
    outbox_receipt_clear(&queue->doubt);
    sd_event_source_disable_unref(queue->timer);
    free(queue);
}

const struct config_module *post_queue_sink(const struct post_queue *queue)
{
    return queue->settings.sink;
}

bool post_queue_is_settling(const struct post_queue *queue, const struct outbox_record *record)
{
    return queue->unsaved == record || (queue->question && queue->record == record);
}
