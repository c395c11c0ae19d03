/*
 * A watcher in miniature for the tests of the collect worker: an event loop, a ledger, a folder of
 * files, and a session with real worker processes. The test program is its own worker: its main
 * calls collect_session_worker first.
 */
#ifndef ATVM_TESTS_COLLECT_SESSION_H
#define ATVM_TESTS_COLLECT_SESSION_H

#include <json-c/json.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "collect.h"

/* The clock of every session. */
#define SESSION_NOW_NS INT64_C(1776355200000000000)

struct session {
    char folder[64];
    char *log_path; /* what went to standard error since session_setup */
    int standard_error;
    sd_event *event;
    struct config config;
    struct ledger *ledger;
    struct collect *collect;
    unsigned passes; /* that are over */
    bool again;      /* what the last one said */
    char *failure;   /* what collect_events.failed said */
    char *watched;   /* the last path */
};

/* For cmocka_unit_test_setup_teardown: *state becomes a session without collectors. */
int session_setup(void **state);
int session_teardown(void **state);

void session_add_file(struct session *session, const char *name, const char *content);
/* A collector on the session's folder (session_add_folder), and files a, b and z: a pass, a fail
 * and a pass. */
void session_add_three_files(struct session *session);
void session_remove_file(struct session *session, const char *name);
/* A collector from tests/modules under an instance name; options become the collector's. */
void session_add_collector(struct session *session, const char *name, const char *module,
                           struct json_object *options, bool critical);
/* The usual one: test-folder on the session's folder, critical. */
void session_add_folder(struct session *session);

/* Starts the worker (where none is there) and runs one pass to its end. */
void session_pass(struct session *session);
/* Starts the worker and asks for a pass; returns at once. */
void session_request(struct session *session);
void session_run_until_passes(struct session *session, unsigned passes);
/* Runs until the session has failed; yields its words. */
const char *session_run_until_failure(struct session *session);
void session_run_until_restarts(struct session *session, unsigned restarts);
/* One turn of the loop, waiting at most some milliseconds. */
void session_turn(struct session *session);

/* What the ledger says of its sources, for comparison: one line a source and one a record. Free it.
 */
char *session_sources(const struct session *session);
/* The source of this file; fails the test where there is none. */
const struct ledger_source *session_source(const struct session *session, const char *name);
bool session_has_source(const struct session *session, const char *name);
/* The text of the fact `entity` in a source (NULL entity: the first record); fails where missing.
 */
const char *session_fact(const struct ledger_source *source, const char *entity);
/* All that was logged. Free it. */
char *session_log(const struct session *session);

/* Fails the test unless `words` stand in `text`. */
void assert_words(const char *text, const char *words);

/* Plays the worker where the arguments say so: returns its exit status, else -1. */
int collect_session_worker(int count, char **arguments);

#endif
