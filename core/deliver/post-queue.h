/*
 * The queue of one sink: works through the sink's records of the outbox in their order, one attempt
 * at a time, and waits where that is decided. Queues know nothing of each other: a sink that is
 * dead delays no other.
 *
 *     READY -> SENDING -> READY      an attempt, by a worker of ours
 *       |----> ASKING -> READY       nobody knows what came of an attempt: the sink is asked
 *       '----> WAITING -> READY      for the next attempt, for a worker that an earlier watcher
 *                                    started, or for our own files to be writable again
 */
#ifndef ATVM_CORE_POST_QUEUE_H
#define ATVM_CORE_POST_QUEUE_H

#include "outbox.h"
#include "post.h"

struct post_queue;

/* What a queue works with; all pointers must outlive it. */
struct post_queue_settings {
    sd_event *event;
    const struct post_settings *posts;
    const struct outbox_policy *policy;
    const struct outbox_list *outbox; /* all records of the build; it may grow */
    const struct config_module *sink;
    /* A record has settled, or stays as it was settled after the sink was asked about it; its file
       says so. May not free the queue. */
    void (*settled)(void *user, const struct outbox_record *record);
    void *user;
};

/* Never NULL. Nothing happens before the first post_queue_wake. */
struct post_queue *post_queue_new(const struct post_queue_settings *settings);
/* Leaves a worker that is sending alone. Accepts NULL. */
void post_queue_free(struct post_queue *queue);

const struct config_module *post_queue_sink(const struct post_queue *queue);

/* There may be something to do. A queue that waits goes on waiting. */
void post_queue_wake(struct post_queue *queue);

/* The same, but what waits is looked at anew, too: records were changed from outside. */
void post_queue_reconsider(struct post_queue *queue);
/* Whether a delivery, or a question what came of one, is under way, also by a worker that an
 * earlier watcher started. */
bool post_queue_is_sending(const struct post_queue *queue);

/* Whether the record is being settled: its outcome is known, but could not be written yet, or the
 * sink is being asked for it. */
bool post_queue_is_settling(const struct post_queue *queue, const struct outbox_record *record);

#endif
