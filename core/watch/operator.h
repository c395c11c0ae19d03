/*
 * What operators ask for, carried out by whoever holds the build's lock: a watcher for a request it
 * found, or a command itself. Everything is made durable before it is answered, and carries the id
 * of the request: carried out again after a crash, a request finishes what is missing and repeats
 * nothing (doc/outbox.md).
 */
#ifndef ATVM_CORE_OPERATOR_H
#define ATVM_CORE_OPERATOR_H

#include "judge.h"
#include "outbox.h"
#include "request.h"
#include "watch-close.h"

/* What it works on; all is the caller's. */
struct operator_scene {
    const struct config *config;
    struct state *state; /* owned */
    struct watch_close *closing;
    const struct ledger *ledger; /* what is known of the run */
    /* Judges that ledger; the verdict is the callee's caller's. */
    struct verdict *(*judge)(void *user);
    void *user;
    bool watching; /* this is a watcher, which looks at the run until it is closed */
};

/* Carries the request out. Never fails: what went wrong is the answer, which the caller clears. */
void operator_carry_out(const struct operator_scene *scene, const struct request *request,
                        struct request_answer *ret);

/* ---- used by the parts of the operator only */

/* A sentence of the answer, on a line of its own. */
void answer_add(struct request_answer *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, and the outcome: the last word on a request. */
void answer_end(struct request_answer *answer, enum request_outcome outcome, const char *format,
                ...) __attribute__((format(printf, 3, 4)));
/* "not written: <error>" as the end. */
void answer_failed(struct request_answer *answer, const char *error);

/* Whether the request names a scope that is not known; then the answer says which there are. */
bool operator_scope_is_unknown(const struct operator_scene *scene, const struct request *request,
                               struct request_answer *answer);
/* Whether nothing may be posted because the run was cancelled; then the answer says so. */
bool operator_may_not_post(const struct operator_scene *scene, struct request_answer *answer);

/* A command about one message, "resolve BUILD --posted --sink S" with `verb` and `options` ("" or
 * each with a blank before it), and how this program is called; free() it. */
char *operator_command_about(const struct operator_scene *scene, const struct outbox_record *record,
                             const char *verb, const char *options);

void operator_cancel(const struct operator_scene *scene, const struct request *request,
                     struct request_answer *answer);
void operator_reset(const struct operator_scene *scene, const struct request *request,
                    struct request_answer *answer);
void operator_correct(const struct operator_scene *scene, const struct request *request,
                      struct request_answer *answer);
/* resolve, queue retry and queue drop. */
void operator_decide(const struct operator_scene *scene, const struct request *request,
                     struct request_answer *answer);

#endif
