/*
 * One delivery: a deliver worker that loads one sink, gets one message, and leaves its answer in a
 * receipt file (doc/outbox.md describes job and receipt).
 *
 * The worker outlives its watcher: what the other side answered is recorded either way, and a
 * watcher that was started anew waits for the lock on the receipt file. It ends by itself, at the
 * latest when its time is over.
 */
#ifndef ATVM_CORE_DELIVER_H
#define ATVM_CORE_DELIVER_H

#include <systemd/sd-event.h>

#include "clock.h"
#include "config.h"
#include "outbox.h"

struct deliver_settings {
    const char *executable; /* an atvm-watcher; NULL: the running binary */
    const struct config_module *sink;
    /* Its message, and the number of the attempt. NULL for deliver_check and deliver_probe. */
    const struct outbox_record *record;
    /* The sink is asked whether the message has arrived (post-question.h); nothing is delivered. */
    bool confirm;
    int receipt;  /* from outbox_begin, or where the answer goes; -1 for deliver_check, _probe */
    int terminal; /* what the stdout sink writes to; -1: nothing */
    int secrets;  /* a seekable file of "NAME=value" lines; -1: none. See worker_secret */
    int64_t timeout_ns;
    /* After timeout_ns SIGTERM asks the worker to come to an end; this much later SIGKILL ends it,
       and twice this much later it ends itself. 0: DELIVER_GRACE_NS */
    int64_t grace_ns;
};

#define DELIVER_GRACE_NS (5 * NS_PER_SECOND)

struct deliver;

/* The worker has ended; `ending` says how ("ended with status 0"). Its receipt can be read. The
 * callback may call deliver_free. */
typedef void (*deliver_ended)(void *user, const char *ending);

/*
 * Starts the worker; nothing of the settings is needed afterwards, and the descriptors stay the
 * caller's (the receipt's is to be closed at once: the worker's copy holds the lock). 0 or -errno
 * with *ret_error (free it); then no worker was started.
 */
int deliver_start(sd_event *event, const struct deliver_settings *settings, deliver_ended ended,
                  void *user, struct deliver **ret, char **ret_error);
/* Forgets the worker without ending it. Accepts NULL. */
void deliver_free(struct deliver *deliver);

/* What became of deliver_check or deliver_probe. */
enum deliver_readiness {
    DELIVER_READY = 0,
    DELIVER_MISCONFIGURED = 3, /* `create` or `configure` refused: the configuration is wrong */
    DELIVER_UNREADY = 4,       /* anything else; it may be otherwise another time */
    /* deliver_probe only: */
    DELIVER_UNREACHABLE = 5, /* it could work, but `probe` does not reach the other side */
    DELIVER_NO_PROBE = 6     /* it could work; it has no `probe` */
};

/*
 * Asks a sink in a deliver worker whether it could work: create, configure and check, without a
 * message. Waits for the answer. Unless it is DELIVER_READY, *ret_error (free it) says which step
 * failed, why and what to do.
 */
enum deliver_readiness deliver_check(const struct deliver_settings *settings, char **ret_error);

/*
 * The same, and then asks the sink's `probe` whether the other side can be reached; nothing is
 * delivered. *ret_words (free it; NULL: nothing) is what it said, a line each: the number of an
 * enum atvm_log_level, a blank, the text. What the sink logs while it looks stands there as notices
 * and warnings; the reason why it is not DELIVER_READY as an error.
 */
enum deliver_readiness deliver_probe(const struct deliver_settings *settings, char **ret_words);

/* The worker itself (`atvm-watcher worker deliver`): reads the job from standard input. Returns an
 * exit status, which says nothing about the delivery: the receipt does. */
int deliver_worker_main(void);

#endif
