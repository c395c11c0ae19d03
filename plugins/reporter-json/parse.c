#include "parse.h"

#include <inttypes.h>

#include "event-log.h"
#include "events.h"
#include "host-name.h"
#include "json-document.h"
#include "stats.h"
#include "timestamp.h"

/* ---------------------------------------------------------------- metadata */

static void read_metadata(struct json_object *metadata, struct host_result *result)
{
    const char *spec = json_member_text(metadata, "spec");
    const char *timestamp = json_member_text(metadata, "timestamp");

    host_result_name(result, json_member_text(metadata, "host"), "its metadata");
    if (spec)
        host_result_name_by_spec(result, spec, "its spec");
    if (timestamp && result->evidence.started_ns < 0)
        result->evidence.started_ns = timestamp_from_iso(timestamp);
}

/* ---------------------------------------------------------------- states */

/* How many of the counted tests have a state. */
static int64_t count_states(const struct event_log *log, int64_t *ret_tests)
{
    int64_t states = 0;

    *ret_tests = 0;
    for (size_t i = 0; i < log->count; i++) {
        if (!event_log_counts(&log->entries[i]))
            continue;
        ++*ret_tests;
        states += log->entries[i].state != TEST_STATE_NONE;
    }
    return states;
}

/* Tests whose events show a failure though their state is another one: either may be true. */
static bool drop_contradicted_markers(struct event_log *log, struct host_result *result)
{
    bool is_contradicted = false;

    for (size_t i = 0; i < log->count; i++) {
        struct event_log_entry *entry = &log->entries[i];

        if (!event_log_counts(entry) || !entry->has_marker || entry->state == TEST_STATE_FAILED)
            continue;
        entry->has_marker = false;
        is_contradicted = true;
        host_result_damage(result,
                           "contradicts itself: the state of \"%s\" is not failed, but "
                           "it has an error",
                           entry->title);
    }
    return is_contradicted;
}

static void count_by_state(const struct event_log *log, struct atvm_evidence *evidence)
{
    int64_t *const counts[] = {
        [TEST_STATE_PASSED] = &evidence->passed,
        [TEST_STATE_FAILED] = &evidence->failed,
        [TEST_STATE_PENDING] = &evidence->pending,
        [TEST_STATE_SKIPPED] = &evidence->skipped,
    };

    evidence->passed = evidence->failed = evidence->pending = evidence->skipped = 0;
    for (size_t i = 0; i < log->count; i++)
        if (event_log_counts(&log->entries[i]))
            ++*counts[log->entries[i].state];
}

/* The sum of the tests' durations; -1 where one of them is not known. */
static int64_t total_duration(const struct event_log *log)
{
    int64_t total = 0;

    for (size_t i = 0; i < log->count; i++) {
        if (log->entries[i].is_hook)
            continue;
        if (log->entries[i].duration_ns < 0 ||
            __builtin_add_overflow(total, log->entries[i].duration_ns, &total))
            return -1;
    }
    return total;
}

static void conclude_states(struct event_log *log, struct host_result *result)
{
    struct atvm_evidence *evidence = &result->evidence;
    bool is_contradicted = drop_contradicted_markers(log, result);

    evidence->form = "states";
    evidence->basis = ATVM_BASIS_DIRECT;
    count_by_state(log, evidence);
    evidence->steps = event_log_steps(log);
    evidence->duration_ns = total_duration(log);
    event_log_pass_on_doubts(log, result);
    if (event_log_first_failure(log, result) || evidence->skipped > 0)
        evidence->outcome = ATVM_OUTCOME_FAIL;
    else if (!is_contradicted && evidence->passed > 0)
        evidence->outcome = ATVM_OUTCOME_PASS;
    else if (evidence->passed == 0)
        host_result_doubt(result, "none of its %" PRId64 " tests was executed", evidence->tests);
}

/* Some tests have a state and some have none: no better than an event log. */
static void doubt_missing_states(const struct event_log *log, struct host_result *result)
{
    for (size_t i = 0; i < log->count; i++)
        if (event_log_counts(&log->entries[i]) && log->entries[i].state == TEST_STATE_NONE)
            host_result_doubt(result, "\"%s\" has no state, though other tests have one",
                              log->entries[i].title);
}

/* ---------------------------------------------------------------- forms */

static void parse_custom(struct json_object *tests, struct event_log *log,
                         struct host_result *result)
{
    struct atvm_evidence *evidence = &result->evidence;
    int64_t states;

    evidence->form = "events-custom";
    evidence->basis = ATVM_BASIS_DERIVED;
    if (json_object_is_type(tests, json_type_object))
        json_events_add_map(log, tests, result);
    else
        json_events_add_list(log, tests, result);
    event_log_settle(log);
    event_log_name_hosts(log, result);
    states = count_states(log, &evidence->tests);
    if (states > 0 && states == evidence->tests) {
        conclude_states(log, result);
        return;
    }
    if (states > 0)
        doubt_missing_states(log, result);
    event_log_conclude(log, result);
}

/* One spec of a built-in file. */
static void add_spec(const char *spec, struct json_object *tests, struct event_log *log,
                     struct host_result *result)
{
    if (!json_object_is_type(tests, json_type_object)) {
        host_result_refuse(result,
                           "is of no known form: it has neither tests nor stats, and \"%s\" "
                           "is no map from tests to events",
                           spec);
        return;
    }
    host_result_name_by_spec(result, spec, "a spec");
    json_events_add_map(log, tests, result);
}

static void parse_built_in(struct json_object *document, struct event_log *log,
                           struct host_result *result)
{
    bool has_bookkeeping = false;

    result->evidence.form = "events-built-in";
    result->evidence.basis = ATVM_BASIS_DERIVED;
    json_object_object_foreach(document, spec, tests)
    {
        if (host_name_is_bookkeeping(spec))
            has_bookkeeping = true;
        else
            add_spec(spec, tests, log, result);
    }
    result->bookkeeping = has_bookkeeping && log->count == 0;
    if (result->bookkeeping)
        return;
    event_log_settle(log);
    event_log_name_hosts(log, result);
    event_log_conclude(log, result);
}

static bool is_tests(struct json_object *value)
{
    return json_object_is_type(value, json_type_object) ||
           json_object_is_type(value, json_type_array);
}

static void parse_document(struct json_object *document, struct event_log *log,
                           struct host_result *result)
{
    struct json_object *stats = json_member(document, "stats", json_type_object);
    struct json_object *tests = NULL;

    if (!json_object_is_type(document, json_type_object)) {
        host_result_refuse(result, "is of no known form: its JSON is no object");
        return;
    }
    read_metadata(json_member(document, "metadata", json_type_object), result);
    read_metadata(document, result);
    if (result->bookkeeping)
        return;
    json_object_object_get_ex(document, "tests", &tests);
    if (stats)
        json_stats_conclude(document, stats, log, result);
    else if (is_tests(tests))
        parse_custom(tests, log, result);
    else
        parse_built_in(document, log, result);
}

struct host_result reporter_json_parse(const char *bytes, size_t length)
{
    struct host_result result = host_result_new("events-built-in", ATVM_BASIS_DERIVED);
    struct json_reader *reader = json_reader_new();
    struct event_log log = {0};
    char reason[HOST_RESULT_DAMAGE_BYTES];
    bool members_lost = false;
    struct json_object *document;

    json_reader_feed(reader, bytes, length);
    document = json_reader_finish(reader, &members_lost, reason, sizeof(reason));
    json_reader_free(reader);
    if (!document) {
        host_result_refuse(&result, "%s", reason);
        return result;
    }
    if (members_lost)
        host_result_damage(&result, "names something twice in one object, so that the first of "
                                    "the two is lost");
    parse_document(document, &log, &result);
    event_log_free(&log);
    json_object_put(document);
    return result;
}
