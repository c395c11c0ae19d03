/*
 * The outbox: which message goes to which sink, what was tried, and what became of it. It is the
 * authority on what was posted; markers follow from it (doc/outbox.md has the protocol).
 *
 *     pending -> sending -> delivered
 *        ^          |----> pending       (RETRY: certainly not delivered)
 *        '----------|----> quarantined   (REJECTED, or retried for too long)
 *                   '----> uncertain     (it may have arrived)
 *
 * Deciding (outbox_next, outbox_reading_receipt, outbox_settle, outbox_retry_delay) is pure;
 * reading and writing of files is apart from it.
 */
#ifndef ATVM_CORE_OUTBOX_H
#define ATVM_CORE_OUTBOX_H

#include <atvm/plugin.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum outbox_state {
    OUTBOX_PENDING = 1, /* to be sent, at next_attempt_ns or as soon as possible */
    OUTBOX_SENDING,     /* an attempt was begun; its receipt file says how far it got */
    OUTBOX_DELIVERED,
    OUTBOX_UNCERTAIN,  /* held: an operator decides */
    OUTBOX_QUARANTINED /* held: certainly not delivered, and trying again will not help */
};

const char *outbox_state_name(enum outbox_state state);
/* Delivered, uncertain or quarantined: nothing more happens by itself. */
bool outbox_state_is_settled(enum outbox_state state);

/* One part of one message, with its body; strings are owned. See struct atvm_message. */
struct outbox_message {
    int32_t kind;        /* enum atvm_message_kind */
    int32_t format;      /* enum atvm_format */
    int32_t part, parts; /* from 1 */
    int32_t correction;  /* the how manieth of its scope, from 1; 0: the scope's first message */
    char *key, *build, *scope, *title;
    char *supersedes; /* NULL: none */
    char *says;       /* the verdict it tells, see verdict_summary; NULL: not known */
    char *body;
};

/* See struct atvm_receipt; outcome 0: none yet. */
struct outbox_receipt {
    int32_t outcome, code;
    int64_t retry_after_ns; /* -1: no wish */
    char *remote_id, *reason, *remedy;
};

/* One attempt that has ended. */
struct outbox_attempt {
    int32_t number; /* from 1 */
    int64_t started_ns, ended_ns;
    struct outbox_receipt receipt;
};

/* Attempts kept in a record; of more, the oldest are dropped. */
#define OUTBOX_ATTEMPTS_KEPT 20

/* What an operator decided about a record; strings are owned. */
struct outbox_decision {
    char *command; /* "resend" ..., see enum outbox_verb */
    char *by;      /* who */
    char *reason;  /* in their words; NULL */
    char *request; /* id of the request; the same one never decides twice */
    int64_t time_ns;
};

/* Decisions kept; of more, the oldest are dropped. */
#define OUTBOX_DECISIONS_KEPT 20

/* One record, as in outbox/<sink>/<scope>.json. Times are ns since 1970 UTC, -1: none. */
struct outbox_record {
    char *sink; /* name of the sink's instance */
    enum outbox_state state;
    struct outbox_message message;
    int64_t created_ns;
    int64_t sequence;           /* order within the build, from 1 */
    int32_t attempt_count;      /* begun so far; the number of the attempt in `sending` */
    int64_t attempt_started_ns; /* of that one */
    int64_t next_attempt_ns;    /* pending: not before */
    int64_t delay_ns;           /* pending: how long before next_attempt_ns that was decided */
    int64_t settled_ns;
    int64_t resumed_ns; /* its age counts from there: an operator let it be sent again then, or the
                           turn of this part came */
    bool maybe_posted;  /* an attempt was uncertain; it may be there although a later one failed */
    bool asked;         /* not stored: this process has asked the sink whether it has arrived */
    bool dropped;      /* uncertain or quarantined: an operator gave it up, nobody is asked again */
    char *explanation; /* why it is uncertain or quarantined, one line; NULL */
    struct outbox_attempt attempts[OUTBOX_ATTEMPTS_KEPT];
    size_t attempts_kept;
    struct outbox_decision decisions[OUTBOX_DECISIONS_KEPT];
    size_t decisions_kept;
};

/* A pending record; the message's strings are taken over, `message` is emptied. */
struct outbox_record *outbox_record_new(const char *sink, struct outbox_message *message,
                                        int64_t sequence, int64_t now_ns);
/* Accepts NULL. */
void outbox_record_free(struct outbox_record *record);
void outbox_message_clear(struct outbox_message *message);
void outbox_receipt_clear(struct outbox_receipt *receipt);

/* ---- deciding: pure */

struct outbox_policy {
    int64_t retry_first_ns, retry_max_ns, retry_give_up_ns;
    bool resend_uncertain; /* on_uncertain = "resend" */
};

/* What is known of the attempt of a record that says `sending`. */
enum outbox_worker {
    OUTBOX_WORKER_RUNNING, /* the receipt file is locked: it may still say something */
    OUTBOX_WORKER_ENDED
};

enum outbox_action {
    OUTBOX_NOTHING, /* settled */
    OUTBOX_SEND,    /* begin an attempt now */
    OUTBOX_WAIT,    /* look again in *ret_wait_ns */
    OUTBOX_READ     /* the attempt is over: read its receipt and settle */
};

/* How often a worker that another watcher started is looked at. */
#define OUTBOX_LOOK_AGAIN_NS (200 * 1000 * 1000LL)

/* What is to be done next. A clock that was set back never makes a message wait longer than was
 * decided. */
enum outbox_action outbox_next(const struct outbox_record *record, enum outbox_worker worker,
                               int64_t now_ns, int64_t *ret_wait_ns);

/*
 * What the content of a receipt file amounts to (NULL: there is no such file, which cannot come
 * from a crash). Without a receipt line: RETRY where nothing was committed, else UNCERTAIN;
 * `ending` says how the worker ended ("was killed by signal 9"; NULL: unknown) and goes into the
 * reason. The caller clears it.
 */
struct outbox_receipt outbox_reading_receipt(const char *content, size_t length,
                                             const char *ending);

/*
 * What a sink answered when it was asked whether a message has arrived: its receipt, where that is
 * certain; else UNCERTAIN, with the reason why. The caller clears it.
 */
struct outbox_receipt outbox_reading_answer(const char *content, size_t length, const char *ending);

/* The lines of a receipt file. */
#define OUTBOX_COMMITTING_LINE "{\"t\":\"committing\"}\n"
/* The line for a receipt, with its newline; free it. */
char *outbox_receipt_line(const struct atvm_receipt *receipt);

/*
 * Ends the attempt of a record in `sending`: adds `receipt` (taken over and emptied) to its
 * attempts and moves it on. random: 32 even random bits, for the jitter.
 */
void outbox_settle(struct outbox_record *record, struct outbox_receipt *receipt,
                   const struct outbox_policy *policy, int64_t now_ns, uint32_t random);

/*
 * Settles a record, in `sending` or `uncertain`, by a sink's certain answer (not UNCERTAIN; taken
 * over and emptied) to the question whether its message has arrived: noted as a second receipt of
 * the last attempt. What certainly has not arrived may be sent again.
 */
void outbox_settle_by_answer(struct outbox_record *record, struct outbox_receipt *answer,
                             const struct outbox_policy *policy, int64_t now_ns, uint32_t random);

/*
 * How long to wait after attempt number `attempt` (from 1): doubling from `first` up to `max`, of
 * that a random part between one half and all; never shorter than retry_after_ns (-1: no wish),
 * which may exceed `max` but counts only up to `give_up`.
 */
int64_t outbox_retry_delay(const struct outbox_policy *policy, int32_t attempt,
                           int64_t retry_after_ns, uint32_t random);

/* ---- what operators decide: pure (outbox-operator.c) */

/* Uncertain or quarantined, and nobody has given it up. */
bool outbox_is_held(const struct outbox_record *record);
/* Something of it is, or may be, with the other side. */
bool outbox_has_left(const struct outbox_record *record);

enum outbox_verb {
    OUTBOX_POSTED = 1, /* an uncertain one is there */
    OUTBOX_RESEND,     /* an uncertain one is not there: send it again */
    OUTBOX_RETRY,      /* a quarantined or waiting one: send it now */
    OUTBOX_DROP,       /* give it up */
    OUTBOX_WITHDRAW    /* the run was cancelled: what has not left stays here */
};
/* "posted" ...; and back: 0 where the word is none of them. */
const char *outbox_verb_name(enum outbox_verb verb);
enum outbox_verb outbox_verb_from_name(const char *name);

/* Whether the verb means records like this one: resolve is for uncertain ones, retry for those that
 * were not sent, drop for all that are not delivered. */
bool outbox_verb_concerns(const struct outbox_record *record, enum outbox_verb verb);
/* Why a record that is concerned cannot be treated so, one line with what to do instead; free it.
 * NULL: it can. */
char *outbox_refusal(const struct outbox_record *record, enum outbox_verb verb);
/* Whether this request has decided about the record already. */
bool outbox_was_decided_by(const struct outbox_record *record, const char *request);
/* Carries the verb out on a record for which there is no refusal, and notes the decision (whose
 * strings are copied; its command is the verb's name). */
void outbox_decide(struct outbox_record *record, enum outbox_verb verb,
                   const struct outbox_decision *decision);

/* Options that single a record out among those of its build: " --scope x --sink chat --part 2";
 * free it. */
char *outbox_selection(const struct outbox_record *record, const char *build);

/* ---- records as JSON: pure */

#define OUTBOX_SCHEMA         "atvm.outbox"
#define OUTBOX_SCHEMA_VERSION 1

/* The caller owns the result. */
struct json_object *outbox_record_to_json(const struct outbox_record *record);
/* NULL where a member is missing or not what it must be. */
struct outbox_record *outbox_record_from_json(struct json_object *object);
struct json_object *outbox_message_to_json(const struct outbox_message *message);
bool outbox_message_from_json(struct json_object *object, struct outbox_message *ret);
void outbox_receipt_to_json(const struct outbox_receipt *receipt, struct json_object *object);
bool outbox_receipt_from_json(struct json_object *object, struct outbox_receipt *ret);

/* ---- files. 0 or -errno, with path and step in *ret_error (free it). `folder`: that of the build
 */

/* Writes the record. Making a new one and every change of state goes through this. */
int outbox_save(const char *folder, const struct outbox_record *record, char **ret_error);

/* Removes the record's file; that it is gone already is no error. */
int outbox_remove(const char *folder, const struct outbox_record *record, char **ret_error);

/*
 * Loads the record of sink, scope and part, that is no correction. -ENOENT: there is none. One that
 * is damaged is kept beside it under another name, *ret_warning (free it) says so, and in its place
 * stands, already saved, a record without body that is held as uncertain: nobody knows whether it
 * was posted.
 */
int outbox_load(const char *folder, const char *sink, const char *scope, int32_t part,
                int64_t now_ns, struct outbox_record **ret, char **ret_warning, char **ret_error);

struct outbox_list {
    struct outbox_record **records;
    size_t count, capacity;
};

/* All records of the build in the order of their sequence numbers. Damaged ones as above, one
 * warning a line. */
int outbox_load_all(const char *folder, int64_t now_ns, struct outbox_list *ret,
                    char **ret_warnings, char **ret_error);
/* The same, changing nothing: a damaged record stays where it is, and in the list stands one that
 * is held as uncertain and whose explanation says so. For those who do not hold the lock. */
int outbox_look_all(const char *folder, int64_t now_ns, struct outbox_list *ret, char **ret_error);
void outbox_list_free(struct outbox_list *list);

/*
 * Begins an attempt: makes its receipt file, locks it, and saves the record as `sending`. The
 * descriptor in *ret_receipt is to be inherited by the deliver worker and closed here: the lock
 * lives as long as the worker.
 */
int outbox_begin(const char *folder, struct outbox_record *record, int64_t now_ns, int *ret_receipt,
                 char **ret_error);

/* Whether the worker of the attempt in `sending` still holds its receipt file. -errno: unknown. */
int outbox_look_at_worker(const char *folder, const struct outbox_record *record,
                          enum outbox_worker *ret, char **ret_error);

/* Reads the receipt of the attempt in `sending`; see outbox_reading_receipt. */
int outbox_read_receipt(const char *folder, const struct outbox_record *record, const char *ending,
                        struct outbox_receipt *ret, char **ret_error);

/*
 * Saves a record whose attempt was settled, files quarantine/<sink>-<scope>/ where it is
 * quarantined, and then removes the receipt file.
 */
int outbox_save_settled(const char *folder, const struct outbox_record *record, char **ret_error);

/*
 * Carries an operator's decision out (outbox_decide) and saves it; *record is replaced by another
 * one. On failure it stays as it was. What stood in quarantine/ goes to history/<request>/.
 */
int outbox_apply(const char *folder, struct outbox_record **record, enum outbox_verb verb,
                 const struct outbox_decision *decision, char **ret_error);

/* Path of the record's file; free it. NULL: no file can be named after sink or scope. */
char *outbox_path(const char *folder, const struct outbox_record *record);

/* Path of its folder below quarantine/, which may not be there; free it. NULL as above. */
char *outbox_quarantine_path(const char *folder, const struct outbox_record *record);

#endif
