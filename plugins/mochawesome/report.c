#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "clock.h"
#include "error-text.h"
#include "host-name.h"
#include "json-document.h"
#include "timestamp.h"

/* What the nodes add up to, and the first one that failed. */
struct recount {
    int64_t tests, passed, failed, pending, skipped;
    int64_t hooks;               /* failed hooks */
    struct json_object *failure; /* borrowed; NULL: none */
    bool is_hook;                /* failure is one */
    FILE *steps;
    struct host_result *result;
};

static const char *title_of(struct json_object *node)
{
    const char *title = json_member_text(node, "title");

    return title ? title : "";
}

/* ---------------------------------------------------------------- one node */

enum node_state { NODE_PASSED, NODE_FAILED, NODE_PENDING, NODE_SKIPPED };

/*
 * By the booleans; `state` is missing or null for pending tests under mocha 7, and of skipped ones
 * under any. It may only make things worse.
 */
static enum node_state node_state(struct json_object *node)
{
    const char *state = json_member_text(node, "state");

    if (json_member_is_true(node, "fail") || (state && strcmp(state, "failed") == 0))
        return NODE_FAILED;
    if (json_member_is_true(node, "skipped") || (state && strcmp(state, "skipped") == 0))
        return NODE_SKIPPED;
    if (json_member_is_true(node, "pending") || (state && strcmp(state, "pending") == 0))
        return NODE_PENDING;
    return json_member_is_true(node, "pass") ? NODE_PASSED : NODE_SKIPPED;
}

static void expect_consistent(struct recount *counts, struct json_object *node)
{
    int states = json_member_is_true(node, "pass") + json_member_is_true(node, "fail") +
                 json_member_is_true(node, "pending") + json_member_is_true(node, "skipped");
    const char *state = json_member_text(node, "state");

    if (states > 1 || (state && strcmp(state, "failed") == 0 && !json_member_is_true(node, "fail")))
        host_result_damage(counts->result,
                           "contradicts itself: \"%s\" has more than one of the states pass, fail, "
                           "pending, skipped",
                           title_of(node));
}

static void note_failure(struct recount *counts, struct json_object *node, bool is_hook)
{
    if (counts->failure)
        return;
    counts->failure = node;
    counts->is_hook = is_hook;
}

/* A line break inside a title would make two of it. */
static void write_step(struct recount *counts, const char *title)
{
    if (counts->tests > 0)
        putc('\n', counts->steps);
    for (; *title; title++)
        putc(*title == '\n' ? ' ' : *title, counts->steps);
}

static void count_test(struct recount *counts, struct json_object *test)
{
    expect_consistent(counts, test);
    write_step(counts, title_of(test));
    counts->tests++;
    switch (node_state(test)) {
    case NODE_PASSED:
        counts->passed++;
        break;
    case NODE_FAILED:
        counts->failed++;
        note_failure(counts, test, false);
        break;
    case NODE_PENDING:
        counts->pending++;
        break;
    case NODE_SKIPPED:
        counts->skipped++;
        break;
    }
}

/* Hooks that passed have no state; one that failed has. */
static void count_hook(struct recount *counts, struct json_object *hook)
{
    const char *state = json_member_text(hook, "state");

    if (!json_member_is_true(hook, "fail") && !(state && strcmp(state, "failed") == 0))
        return;
    counts->hooks++;
    note_failure(counts, hook, true);
}

/* ---------------------------------------------------------------- suites */

typedef void (*node_function)(struct recount *counts, struct json_object *node);

static void each(struct recount *counts, struct json_object *suite, const char *name,
                 node_function function)
{
    struct json_object *list = NULL;

    if (!json_object_object_get_ex(suite, name, &list) || !list)
        return;
    if (!json_object_is_type(list, json_type_array)) {
        host_result_damage(counts->result, "is no mochawesome report: its \"%s\" is no list", name);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *node = json_object_array_get_idx(list, i);

        if (json_object_is_type(node, json_type_object))
            function(counts, node);
        else
            host_result_damage(counts->result,
                               "is no mochawesome report: in its \"%s\" stands what is no object",
                               name);
    }
}

/* Tests before hooks: a hook that fails in a suite ends it, so tests that failed did so earlier.
 * The nesting is bounded by the depth of the document. */
static void count_suite(struct recount *counts, struct json_object *suite)
{
    const char *title = title_of(suite);

    host_result_name_by_title(counts->result, title, strlen(title), "a suite's title");
    each(counts, suite, "tests", count_test);
    each(counts, suite, "beforeHooks", count_hook);
    each(counts, suite, "suites", count_suite);
    each(counts, suite, "afterHooks", count_hook);
}

/* The root suite of one spec. */
static void count_spec(struct recount *counts, struct json_object *root)
{
    const char *file = json_member_text(root, "file");

    if (!file || file[0] == '\0')
        file = json_member_text(root, "fullFile");
    if (file && file[0] != '\0' && host_name_is_bookkeeping(file)) {
        counts->result->bookkeeping = true;
        return;
    }
    if (file && file[0] != '\0')
        host_result_name_by_spec(counts->result, file, "a spec");
    count_suite(counts, root);
}

/* ---------------------------------------------------------------- stats */

static void read_times(struct json_object *stats, struct atvm_evidence *evidence)
{
    const char *start = json_member_text(stats, "start");
    const char *end = json_member_text(stats, "end");
    int64_t milliseconds = json_member_number(stats, "duration", -1);

    if (start)
        evidence->started_ns = timestamp_from_iso(start);
    if (end)
        evidence->ended_ns = timestamp_from_iso(end);
    if (milliseconds >= 0 && milliseconds < INT64_MAX / NS_PER_MS)
        evidence->duration_ns = milliseconds * NS_PER_MS;
}

static void compare(struct host_result *result, const char *what, int64_t declared, int64_t counted)
{
    if (declared != counted)
        host_result_damage(result,
                           "contradicts itself: its stats say %" PRId64 " %s, it holds %" PRId64,
                           declared, what, counted);
}

/*
 * mochawesome: other = passes + failures + pending - tests; failures -= other. So what it calls
 * other (failed hooks; under Cypress also pending tests) has to be put back. Versions that no
 * longer subtract are right as they stand. Returns the failures that the stats then mean: tests and
 * hooks.
 */
static int64_t declared_failures(struct json_object *stats, const struct recount *counts)
{
    int64_t failures = json_member_number(stats, "failures", -1);
    int64_t other = json_member_number(stats, "other", 0);
    int64_t counted = counts->failed + counts->hooks;
    int64_t restored;

    if (failures == counted || failures == counts->failed ||
        __builtin_add_overflow(failures, other, &restored))
        return failures == counts->failed ? counted : failures;
    return restored == counts->failed ? counted : restored;
}

/* Puts what the stats say into the evidence, as counts of the same things that were counted. */
static void compare_stats(struct json_object *stats, const struct recount *counts)
{
    struct host_result *result = counts->result;
    struct atvm_evidence *evidence = &result->evidence;
    int64_t registered =
        json_member_number(stats, "testsRegistered", json_member_number(stats, "tests", -1));

    evidence->declared_tests = registered < 0 ? -1 : registered + counts->hooks;
    evidence->declared_passed = json_member_number(stats, "passes", -1);
    evidence->declared_failed = declared_failures(stats, counts);
    evidence->declared_pending = json_member_number(stats, "pending", -1);
    compare(result, "tests", registered, counts->tests);
    compare(result, "passes", evidence->declared_passed, counts->passed);
    compare(result, "failures", evidence->declared_failed, counts->failed + counts->hooks);
    compare(result, "pending", evidence->declared_pending, counts->pending);
}

/* ---------------------------------------------------------------- the result */

static void describe_failure(const struct recount *counts, struct atvm_evidence *evidence)
{
    struct json_object *error = json_member(counts->failure, "err", json_type_object);
    const char *title = title_of(counts->failure);
    const char *message = json_member_text(error, "message");
    const char *stack = json_member_text(error, "estack");

    if (title[0] != '\0')
        evidence->step = copy_string(title);
    if (counts->is_hook)
        evidence->flags |= ATVM_EVIDENCE_HOOK;
    if (!message || message[0] == '\0')
        message = stack;
    if (!stack || stack[0] == '\0')
        stack = message;
    if (!message)
        return;
    evidence->message = error_text_clean(message, strlen(message), ERROR_MESSAGE_LIMIT);
    evidence->excerpt = error_text_clean(stack, strlen(stack), ERROR_EXCERPT_LIMIT);
}

/* A failed hook stands for one more test, as in JUnit's XML, so that the counts add up. */
static void put_counts(const struct recount *counts, struct atvm_evidence *evidence)
{
    evidence->tests = counts->tests + counts->hooks;
    evidence->passed = counts->passed;
    evidence->failed = counts->failed + counts->hooks;
    evidence->pending = counts->pending;
    evidence->skipped = counts->skipped;
}

/* mocha 7 keeps the first attempt at a retried test in the suite, without any state; only the stats
 * know what became of the later ones. */
static bool stats_know_of_passes(const struct recount *counts)
{
    const struct atvm_evidence *evidence = &counts->result->evidence;

    return counts->skipped > 0 && !counts->failure && evidence->declared_failed == 0 &&
           evidence->declared_passed > counts->passed &&
           evidence->declared_passed + evidence->declared_pending == evidence->declared_tests;
}

static bool stats_know_of_failures(const struct recount *counts)
{
    return counts->skipped > 0 &&
           counts->result->evidence.declared_failed > counts->failed + counts->hooks;
}

static void forget_counts(struct atvm_evidence *evidence)
{
    evidence->tests = evidence->passed = evidence->failed = -1;
    evidence->pending = evidence->skipped = -1;
}

static int32_t decide(const struct recount *counts, struct host_result *result)
{
    if (stats_know_of_passes(counts))
        return ATVM_OUTCOME_NONE;
    if (counts->failure || counts->skipped > 0)
        return ATVM_OUTCOME_FAIL;
    if (counts->passed > 0)
        return ATVM_OUTCOME_PASS;
    host_result_doubt(result, "none of its %" PRId64 " tests was executed", counts->tests);
    return ATVM_OUTCOME_NONE;
}

static void conclude(const struct recount *counts, struct json_object *stats)
{
    struct host_result *result = counts->result;

    put_counts(counts, &result->evidence);
    if (counts->tests == 0)
        host_result_damage(result, "holds no test");
    if (stats) {
        read_times(stats, &result->evidence);
        compare_stats(stats, counts);
    } else {
        host_result_damage(result, "is no mochawesome report: it has no stats");
    }
    result->evidence.outcome = decide(counts, result);
    if (stats_know_of_passes(counts) || stats_know_of_failures(counts))
        forget_counts(&result->evidence);
    if (counts->failure)
        describe_failure(counts, &result->evidence);
}

void mochawesome_report_conclude(struct json_object *document, struct host_result *result)
{
    struct json_object *results = json_member(document, "results", json_type_array);
    struct recount counts = {.result = result};
    char *steps = NULL;
    size_t length = 0;

    if (!results) {
        host_result_refuse(result, "is no mochawesome report: it has no list \"results\"");
        return;
    }
    counts.steps = allocated(open_memstream(&steps, &length));
    each(&counts, document, "results", count_spec);
    finish_text(counts.steps);
    result->evidence.steps = steps;
    result->bookkeeping = result->bookkeeping && counts.tests == 0;
    if (!result->bookkeeping)
        conclude(&counts, json_member(document, "stats", json_type_object));
}
