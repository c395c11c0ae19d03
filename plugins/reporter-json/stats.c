#include "stats.h"

#include <inttypes.h>

#include "clock.h"
#include "events.h"
#include "json-document.h"
#include "timestamp.h"

/* What the elements add up to. A failed hook is a failure without a test of its own. */
struct recount {
    int64_t tests, passed, failed, pending, hooks;
};

static int64_t list_length(struct json_object *document, const char *name, int64_t otherwise)
{
    struct json_object *list = json_member(document, name, json_type_array);

    return list ? (int64_t)json_object_array_length(list) : otherwise;
}

static void add_tests(struct json_object *document, struct event_log *log,
                      struct host_result *result)
{
    struct json_object *list = json_member(document, "tests", json_type_array);
    struct json_object *map = json_member(document, "tests", json_type_object);

    if (list)
        json_events_add_list(log, list, result);
    else if (map)
        json_events_add_map(log, map, result);
    event_log_settle(log);
}

/* The failures, each of which is one whatever its err says. false: there is no such list. */
static bool add_failures(struct json_object *document, struct event_log *failures,
                         struct host_result *result)
{
    struct json_object *list = json_member(document, "failures", json_type_array);

    if (!list)
        return false;
    json_events_add_list(failures, list, result);
    for (size_t i = 0; i < failures->count; i++)
        failures->entries[i].has_marker = true;
    return true;
}

static struct recount recount(struct json_object *document, const struct event_log *log,
                              const struct event_log *failures, bool has_failures)
{
    struct recount counts = {0};
    int64_t failed_tests = 0, pending_tests = 0;

    for (size_t i = 0; i < log->count; i++) {
        if (!event_log_counts(&log->entries[i]))
            continue;
        counts.tests++;
        failed_tests += event_log_failed(&log->entries[i]);
        pending_tests += log->entries[i].state == TEST_STATE_PENDING;
    }
    for (size_t i = 0; i < failures->count; i++)
        counts.hooks += failures->entries[i].is_hook;
    counts.failed = has_failures ? (int64_t)failures->count : failed_tests;
    counts.pending = list_length(document, "pending", pending_tests);
    counts.passed = list_length(document, "passes",
                                counts.tests - (counts.failed - counts.hooks) - counts.pending);
    return counts;
}

/* ---------------------------------------------------------------- does it add up */

static void compare(struct host_result *result, const char *what, int64_t declared, int64_t counted)
{
    if (declared >= 0 && declared != counted)
        host_result_damage(result,
                           "contradicts itself: its stats say %" PRId64 " %s, it lists %" PRId64,
                           declared, what, counted);
}

static void compare_counts(const struct recount *counts, struct host_result *result)
{
    const struct atvm_evidence *evidence = &result->evidence;
    int64_t failed_tests = counts->failed - counts->hooks;

    compare(result, "tests", evidence->declared_tests, counts->tests);
    compare(result, "passes", evidence->declared_passed, counts->passed);
    compare(result, "failures", evidence->declared_failed, counts->failed);
    compare(result, "pending", evidence->declared_pending, counts->pending);
    /* Whether a pending test is among the tests depends on what ran it. */
    if (counts->tests != counts->passed + failed_tests + counts->pending &&
        counts->tests != counts->passed + failed_tests)
        host_result_damage(result,
                           "contradicts itself: %" PRId64 " tests, but %" PRId64 " passed, %" PRId64
                           " failed and %" PRId64 " pending",
                           counts->tests, counts->passed, failed_tests, counts->pending);
}

static void read_stats(struct json_object *stats, struct atvm_evidence *evidence)
{
    const char *start = json_member_text(stats, "start");
    const char *end = json_member_text(stats, "end");
    int64_t milliseconds = json_member_number(stats, "duration", -1);

    evidence->declared_tests = json_member_number(stats, "tests", -1);
    evidence->declared_passed = json_member_number(stats, "passes", -1);
    evidence->declared_failed = json_member_number(stats, "failures", -1);
    evidence->declared_pending = json_member_number(stats, "pending", -1);
    if (start)
        evidence->started_ns = timestamp_from_iso(start);
    if (end)
        evidence->ended_ns = timestamp_from_iso(end);
    if (milliseconds >= 0 && milliseconds < INT64_MAX / NS_PER_MS)
        evidence->duration_ns = milliseconds * NS_PER_MS;
}

/* As in JUnit's XML a failed hook stands for one more test, so that the counts add up. What it made
 * mocha skip is not listed. */
static void put_counts(const struct recount *counts, struct atvm_evidence *evidence)
{
    evidence->tests = counts->tests + counts->hooks;
    evidence->passed = counts->passed;
    evidence->failed = counts->failed;
    evidence->pending = counts->pending;
    evidence->skipped = counts->hooks > 0 ? -1 : 0;
    if (evidence->declared_tests >= 0)
        evidence->declared_tests += counts->hooks;
}

/* ---------------------------------------------------------------- the result */

static int32_t decide(const struct event_log *log, const struct event_log *failures,
                      struct host_result *result)
{
    struct atvm_evidence *evidence = &result->evidence;

    if (evidence->failed > 0 || evidence->declared_failed > 0) {
        if (!event_log_first_failure(failures, result))
            event_log_first_failure(log, result);
        return ATVM_OUTCOME_FAIL;
    }
    for (size_t i = 0; i < log->count; i++) {
        if (log->entries[i].was_retried || !event_log_failed(&log->entries[i]))
            continue;
        host_result_damage(result,
                           "contradicts itself: its stats say no failure, but \"%s\" has an error",
                           log->entries[i].title);
        return ATVM_OUTCOME_NONE;
    }
    if (evidence->passed > 0)
        return ATVM_OUTCOME_PASS;
    host_result_doubt(result, "none of its %" PRId64 " tests was executed", evidence->tests);
    return ATVM_OUTCOME_NONE;
}

void json_stats_conclude(struct json_object *document, struct json_object *stats,
                         struct event_log *log, struct host_result *result)
{
    struct atvm_evidence *evidence = &result->evidence;
    struct event_log failures = {0};
    struct recount counts;
    bool has_failures;

    evidence->form = "stats";
    evidence->basis = ATVM_BASIS_DIRECT;
    read_stats(stats, evidence);
    add_tests(document, log, result);
    has_failures = add_failures(document, &failures, result);
    event_log_name_hosts(log, result);
    event_log_name_hosts(&failures, result);
    counts = recount(document, log, &failures, has_failures);
    if (counts.tests == 0)
        host_result_damage(result, "has stats, but lists no test");
    compare_counts(&counts, result);
    put_counts(&counts, evidence);
    evidence->steps = event_log_steps(log);
    evidence->outcome = decide(log, &failures, result);
    event_log_free(&failures);
}
