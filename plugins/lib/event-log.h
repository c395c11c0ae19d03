/*
 * The log of a run's events by test, as cypress-terminal-report collects it: which tests there
 * were, which attempts were retried, where a failure marker stands, and what that adds up to. JSON
 * and text logs fill it; it knows neither.
 */
#ifndef ATVM_PLUGINS_EVENT_LOG_H
#define ATVM_PLUGINS_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host-result.h"

/* A result that stands beside the events of a test (some custom writers). */
enum test_state {
    TEST_STATE_NONE = 0,
    TEST_STATE_PASSED,
    TEST_STATE_FAILED,
    TEST_STATE_PENDING,
    TEST_STATE_SKIPPED
};

/* One test, one attempt at it, or one hook. All strings belong to the log. */
struct event_log_entry {
    char *path;          /* "SUITE -> TITLE" without " (Attempt N)"; tells tests apart */
    const char *title;   /* the end of path */
    size_t suite_length; /* bytes at the start of path that are the suites' titles; 0: none */
    unsigned attempt;    /* from 1; 0: not said, which is the last one */
    bool is_hook;        /* its title is a hook's */
    bool was_retried;    /* another attempt followed; set by event_log_settle */
    bool has_marker;     /* an event of it shows a failure */
    enum test_state state;
    int64_t duration_ns; /* -1: not said */
    size_t event_count;
    char *message; /* of its first failure; NULL: none */
    char *excerpt; /* all its failures' texts; NULL: none */
    char *doubt;   /* why it must not prove a pass; NULL: nothing */
    int64_t line;  /* of its first failure; -1: unknown */
};

struct event_log {
    struct event_log_entry *entries; /* in the order of the file */
    size_t count, capacity;
};

/* Appends an entry. `path`: suites and title joined by " -> ", or a title alone. The entry stays
 * valid until the next one is added. */
struct event_log_entry *event_log_add(struct event_log *log, const char *path, size_t length);
void event_log_free(struct event_log *log);

/* A failure marker: `text` as the event has it (command events: "COMMAND<TAB>ARGUMENTS..."). */
void event_log_fail(struct event_log_entry *entry, const char *text, size_t length, int64_t line);
/* Something that is no failure but bars a proof; the first reason stays. */
void event_log_doubt(struct event_log_entry *entry, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Finds out which attempts were retried. To be called once, when all entries are there. */
void event_log_settle(struct event_log *log);

/* Whether a failure of this entry counts, and whether it is counted among the tests. */
bool event_log_counts(const struct event_log_entry *entry);
/* Whether it shows a failure, by an event or by its state. */
bool event_log_failed(const struct event_log_entry *entry);

/* The titles of all counted entries, in order, separated by newlines; free() it. */
char *event_log_steps(const struct event_log *log);
/* Names every host that suites' titles name (host_result_name_by_title). */
void event_log_name_hosts(const struct event_log *log, struct host_result *result);
/* Puts the first failing entry's title, message, excerpt and line into the result. false: none
 * failed. */
bool event_log_first_failure(const struct event_log *log, struct host_result *result);
/* Hands the doubts about counted entries and hooks on to the result. */
void event_log_pass_on_doubts(const struct event_log *log, struct host_result *result);

/*
 * What a log without states says (spec R5.1): counts, steps, the first failure, doubts. The outcome
 * is FAIL where a failure counts, else PASS, which here only means "no failure marker". No test at
 * all is damage.
 */
void event_log_conclude(const struct event_log *log, struct host_result *result);

#endif
