/*
 * Requests: what an operator asks of the process that holds a build's lock (doc/outbox.md has the
 * protocol). A command that cannot take the lock puts requests/<id>.json into the build's folder;
 * whoever has the lock carries it out and leaves requests/<id>.answer:
 *
 *     <id>.json --- taken up ---> <id>.taken --- carried out ---> <id>.answer
 *         '------- withdrawn by its command: gone
 *
 * Taking up and withdrawing are one system call each on the same name, so only one of them happens.
 * The id stands in everything that a request changes: found half done after a crash, it is carried
 * out to its end, and no part of it twice.
 */
#ifndef ATVM_CORE_REQUEST_H
#define ATVM_CORE_REQUEST_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum request_command {
    REQUEST_CANCEL = 1,
    REQUEST_RESET,
    REQUEST_POSTED, /* resolve --posted */
    REQUEST_RESEND, /* resolve --resend */
    REQUEST_CORRECT,
    REQUEST_RETRY, /* queue retry */
    REQUEST_DROP   /* queue drop */
};

/* "cancel", "reset", "posted" ...; and back: 0 where the word is none of them. */
const char *request_command_name(enum request_command command);
enum request_command request_command_from_name(const char *name);

/* Strings are owned. */
struct request {
    char *id;
    enum request_command command;
    char *by; /* who asks, for people */
    int64_t time_ns;
    char *scope, *sink;       /* NULL: not given */
    int32_t part, correction; /* 0: not given */
    bool all;                 /* all that the above leave over, not just one */
    char *reason;             /* in the operator's words; NULL */
};

enum request_outcome {
    REQUEST_DONE = 1, /* carried out; or it was so already */
    REQUEST_REFUSED,  /* nothing was changed */
    REQUEST_LEFT,     /* cancel: carried out, but a post had begun to leave */
    REQUEST_FAILED    /* the state folder failed; some of it may have been carried out */
};

/* "done" ...; and back, 0 for none. */
const char *request_outcome_name(enum request_outcome outcome);
enum request_outcome request_outcome_from_name(const char *name);

struct request_answer {
    enum request_outcome outcome;
    char *text;   /* what was done or why not, one sentence a line; owned */
    int64_t sent; /* messages that are to be sent because of it */
};

void request_clear(struct request *request);
void request_answer_clear(struct request_answer *answer);

/* An id that no other request has: "<UTC time>-<pid>-<random>"; free it. Ids sort by time. */
char *request_new_id(int64_t now_ns);
/* It becomes file names: as a build's name, at most 100 bytes. */
bool request_id_is_valid(const char *id);

/* ---- as JSON: pure */

#define REQUEST_SCHEMA         "atvm.request"
#define REQUEST_SCHEMA_VERSION 1
#define ANSWER_SCHEMA          "atvm.answer"
#define ANSWER_SCHEMA_VERSION  1

/* The caller owns the result. */
struct json_object *request_to_json(const struct request *request);
/* false: a member is missing, or is not what it must be; *ret is empty then. */
bool request_from_json(struct json_object *object, struct request *ret);
struct json_object *request_answer_to_json(const struct request_answer *answer);
bool request_answer_from_json(struct json_object *object, struct request_answer *ret);

/* ---- files; `folder`: that of the build. 0 or -errno, with path and step in *ret_error (free it)
 */

/* The folder of the requests; free it. */
char *requests_path(const char *folder);
/* Makes it. */
int requests_make_folder(const char *folder, char **ret_error);

/* Puts a request there. */
int request_submit(const char *folder, const struct request *request, char **ret_error);
/* Takes one's own request back. -ENOENT (no message): it has been taken up. */
int request_withdraw(const char *folder, const char *id, char **ret_error);
/* The answer. -ENOENT (no message): there is none yet. */
int request_read_answer(const char *folder, const char *id, struct request_answer *ret,
                        char **ret_error);
/* Removes an answer that was read. */
int request_forget_answer(const char *folder, const char *id, char **ret_error);

/* ---- for whoever holds the build's lock */

struct request_list {
    struct request *requests;
    size_t count, capacity;
};

/*
 * All requests that wait, or were taken up and not answered, by id. What is no request (damaged, of
 * another format, no regular file) is set aside as NAME.refused-<time>, answered as refused where
 * its name allows, and named in *ret_warnings (free it), one a line.
 */
int requests_list(const char *folder, int64_t now_ns, struct request_list *ret, char **ret_warnings,
                  char **ret_error);
void request_list_clear(struct request_list *list);

/* Marks a request as being carried out. -ENOENT (no message): it was withdrawn. One that an earlier
 * process had taken up is fine. */
int request_take_up(const char *folder, const char *id, char **ret_error);
/* Leaves the answer and then removes the request. */
int request_answer(const char *folder, const char *id, const struct request_answer *answer,
                   char **ret_error);

/* Removes answers that nobody fetched, and beginnings of requests, older than a day. */
void requests_sweep(const char *folder, int64_t now_ns);

#endif
