/*
 * Posting: hands the message of a closed scope to every configured sink, tries again where that is
 * safe, and says when all of them have settled.
 *
 * Each sink has a queue of its own and gets its messages in the order in which the scopes closed;
 * a sink that is dead delays no other. All progress is in the outbox, so that a watcher that was
 * killed at any instant goes on where it was.
 */
#ifndef ATVM_CORE_POST_H
#define ATVM_CORE_POST_H

#include <systemd/sd-event.h>

#include "config.h"
#include "message-split.h"
#include "outbox.h"
#include "state.h"

/* How the messages of one scope (or of all) stand, counted by sink and part. */
struct post_summary {
    size_t delivered;
    size_t uncertain;    /* held for a decision */
    size_t quarantined;  /* held: cannot be delivered as it is */
    size_t dropped;      /* given up by an operator, or withdrawn by a cancellation */
    size_t behind;       /* held: an earlier part of the same message is */
    size_t unconfigured; /* unfinished, but for a sink that is no longer configured: held */
    size_t outstanding;  /* still being tried */
};

/* Whether something is held (`run` then ends with status 5). */
bool post_is_held(const struct post_summary *summary);

struct post_events {
    /*
     * All messages of this scope have settled. Called from the event loop, never from within a call
     * into post, once for each scope that was posted or resumed. May call post_scope, not
     * post_free.
     */
    void (*settled)(void *user, const char *scope, const struct post_summary *summary);
};

/* What posting works with; all pointers must outlive it. */
struct post_settings {
    const struct config *config;
    struct state *state;    /* opened with STATE_OWN */
    int terminal;           /* what the stdout sink writes to; -1: nothing */
    int secrets;            /* see struct deliver_settings; -1: none */
    const char *executable; /* of the deliver workers; NULL: the running binary */
    int64_t grace_ns;       /* see struct deliver_settings; 0: the usual */
    bool no_sending;        /* messages are stored and settled, but no attempt is begun */
    struct post_events events;
    void *user;
};

struct post;

/*
 * Reads the outbox and takes up what is unfinished in it. 0, or -errno with *ret_error (free it).
 * post_free leaves workers that are sending alone; accepts NULL.
 */
int post_new(sd_event *event, const struct post_settings *settings, struct post **ret,
             char **ret_error);
void post_free(struct post *post);

/* What a sink takes. */
struct post_form {
    int32_t format;             /* enum atvm_format */
    struct message_limit limit; /* of one part */
};

/* The message of a scope. Strings are copied. */
struct post_message {
    const char *scope;
    const char *key;        /* see message_key; the same whenever this message is posted again */
    const char *title;      /* one line */
    const char *supersedes; /* key of the message it corrects; NULL: none */
    const char *says;       /* the verdict it tells, see verdict_summary; NULL: not kept */
    const char *sink;       /* for this one only; NULL: for every configured sink */
    int32_t correction;     /* see struct outbox_message */
    /* Its parts in a form; taken over by post. None: it cannot be rendered. */
    struct message_parts (*render)(void *user, const struct post_form *form);
    void *user;
};

/*
 * Puts a message for every configured sink into the outbox and begins to deliver. A sink that has,
 * or may have, this scope's post already gets nothing; the log says why. To be called again for a
 * scope that had closed before a restart: what is missing is added.
 *
 * 0, or -errno with *ret_error (free it) where a message could not be stored; it is on its way to
 * the other sinks all the same, and calling again is safe.
 */
int post_scope(struct post *post, const struct post_message *message, char **ret_error);

/* How this scope's messages stand; scope NULL: all. */
struct post_summary post_summarize(const struct post *post, const char *scope);

/* ---- for what operators ask for (core/watch/operator.h) */

/* All records of the build, as they stand; post's own. */
struct outbox_list *post_records(struct post *post);
/* Whether this record is being sent or written at this moment, so that nobody else may change it.
 */
bool post_is_busy_with(const struct post *post, const struct outbox_record *record);
/* Whether a sink of that name is configured. */
bool post_has_sink(const struct post *post, const char *sink);
/* Records of the scope were changed: what they say now is done, and its end announced again. */
void post_reconsider(struct post *post, const char *scope);
/* Whether some delivery is under way (not: waits for its next attempt). */
bool post_is_sending(const struct post *post);

#endif
