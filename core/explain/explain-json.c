/* The explanation for programs: doc/explain.md describes it key by key. */
#include "explain.h"

#include <string.h>

#include "evidence-line.h"
#include "render-json-value.h"
#include "rules.h"

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, value);
}

static struct json_object *word(const char *text)
{
    return text ? json_object_new_string(text) : NULL;
}

/* ---------------------------------------------------------------- candidates */

static struct json_object *steps_of(const struct ledger_source *source, const char *host)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < source->record_count; i++) {
        const struct atvm_evidence *record = &source->records[i];

        if (record->claim == ATVM_CLAIM_FLOW_STEP && record->host && record->step &&
            strcmp(record->host, host) == 0)
            json_object_array_add(array, json_value_name(record->step));
    }
    return array;
}

static struct json_object *outcome_word(int32_t outcome)
{
    return outcome == ATVM_OUTCOME_PASS   ? word("PASS")
           : outcome == ATVM_OUTCOME_FAIL ? word("FAIL")
                                          : NULL;
}

static struct json_object *counts_of(const struct atvm_evidence *record)
{
    struct json_object *object = json_object_new_object();

    add(object, "tests", json_value_count(record->tests));
    add(object, "passed", json_value_count(record->passed));
    add(object, "failed", json_value_count(record->failed));
    add(object, "pending", json_value_count(record->pending));
    add(object, "skipped", json_value_count(record->skipped));
    return object;
}

static struct json_object *times_of(const struct atvm_evidence *record)
{
    struct json_object *object = json_object_new_object();

    add(object, "started", json_value_time(record->started_ns));
    add(object, "ended", json_value_time(record->ended_ns));
    add(object, "duration_s", json_value_seconds(record->duration_ns));
    return object;
}

static struct json_object *failure_text(const struct atvm_evidence *record)
{
    struct obstack memory;
    struct json_object *value;

    obstack_init(&memory);
    value = word(explain_failure_text(&memory, record));
    obstack_free(&memory, NULL);
    return value;
}

static struct json_object *answer_of(enum question question, const struct candidate *candidate,
                                     const char *host)
{
    switch (question) {
    case QUESTION_STATUS:
        return outcome_word(candidate->outcome);
    case QUESTION_COUNTS:
        return counts_of(candidate->record);
    case QUESTION_STEP:
        return json_value_name(candidate->record->step);
    case QUESTION_EXCERPT:
        return failure_text(candidate->record);
    case QUESTION_TIMING:
        return times_of(candidate->record);
    case QUESTION_FLOW:
        return steps_of(candidate->source, host);
    case QUESTION_COUNT:
    default:
        return NULL;
    }
}

static struct json_object *locator(const struct atvm_evidence *record, int32_t unit)
{
    return record->locator_unit == unit ? json_value_count(record->locator) : NULL;
}

/* The common part of what testifies; the caller adds the answer. */
static struct json_object *candidate_object(const struct candidate *candidate)
{
    struct json_object *object = json_object_new_object();
    const struct ledger_source *source = candidate->source;
    const struct atvm_evidence *record = candidate->record;

    add(object, "won", json_object_new_boolean(candidate->won));
    add(object, "rule", word(candidate->rule));
    add(object, "collector", json_value_name(source->collector));
    add(object, "basis", word(evidence_basis_name(record->basis)));
    add(object, "form", json_value_line(record->form));
    add(object, "path", json_value_line(source->file.path));
    add(object, "line", locator(record, ATVM_LOCATOR_LINE));
    add(object, "offset", locator(record, ATVM_LOCATOR_OFFSET));
    add(object, "file_time", json_value_time(source->file.mtime_ns));
    return object;
}

static struct json_object *decision_object(const struct host_verdict *host, enum question question)
{
    const struct decision *decision = &host->decisions[question];
    struct json_object *object = json_object_new_object();
    struct json_object *candidates = json_object_new_array();

    for (size_t i = 0; i < decision->candidate_count; i++) {
        struct json_object *candidate = candidate_object(&decision->candidates[i]);

        add(candidate, "answer", answer_of(question, &decision->candidates[i], host->name));
        json_object_array_add(candidates, candidate);
    }
    add(object, "rule", word(decision->rule));
    add(object, "candidates", candidates);
    return object;
}

static struct json_object *end_object(const struct decision *end)
{
    struct json_object *object = json_object_new_object();
    struct json_object *candidates = json_object_new_array();

    for (size_t i = 0; i < end->candidate_count; i++) {
        struct json_object *candidate = candidate_object(&end->candidates[i]);

        add(candidate, "claim", word(evidence_claim_name(end->candidates[i].record->claim)));
        json_object_array_add(candidates, candidate);
    }
    add(object, "rule", word(end->rule));
    add(object, "candidates", candidates);
    return object;
}

/* ---------------------------------------------------------------- hosts and scopes */

static struct json_object *host_object(const struct explain *explain,
                                       const struct host_verdict *host)
{
    struct json_object *object = json_object_new_object(), *questions = json_object_new_object();

    for (int question = 0; question < QUESTION_COUNT; question++)
        if (explain_shows_question(explain, (enum question)question))
            add(questions, question_name((enum question)question),
                decision_object(host, (enum question)question));
    add(object, "name", json_value_name(host->name));
    add(object, "status", word(host_status_name(host->status)));
    add(object, "rule", word(host->rule));
    add(object, "sources", json_value_names(host->sources, host->source_count));
    add(object, "lacking", json_value_names(host->lacking, host->lacking_count));
    add(object, "questions", questions);
    return object;
}

static struct json_object *closed_object(const struct explain *explain, const char *scope)
{
    const struct explain_closed *closed = explain_closed_as(explain, scope);
    struct json_object *object;

    if (!closed)
        return NULL;
    object = json_object_new_object();
    add(object, "state", word(run_state_name(closed->state)));
    add(object, "reason", json_value_line(closed->reason));
    add(object, "time", json_value_time(closed->closed_ns));
    return object;
}

static struct json_object *scope_object(const struct explain *explain,
                                        const struct scope_verdict *scope)
{
    struct json_object *object = json_object_new_object(), *hosts = json_object_new_array();

    for (size_t i = 0; i < scope->host_count; i++)
        if (explain_shows_host(explain, &scope->hosts[i]))
            json_object_array_add(hosts, host_object(explain, &scope->hosts[i]));
    add(object, "name", json_value_name(scope->name));
    add(object, "state", word(run_state_name(scope->state)));
    add(object, "reason", json_value_line(scope->reason));
    add(object, "rule", word(scope->rule));
    add(object, "closed", closed_object(explain, scope->name));
    add(object, "flow_source", word(flow_source_name(scope->flow_source)));
    add(object, "end", end_object(&scope->end));
    add(object, "hosts", hosts);
    return object;
}

/* ---------------------------------------------------------------- sources */

static struct json_object *source_object(const struct source_verdict *verdict)
{
    const struct ledger_source *source = verdict->source;
    struct json_object *object = json_object_new_object();

    add(object, "standing", word(explain_standing_name(verdict->standing)));
    add(object, "rule", word(verdict->rule));
    add(object, "collector", json_value_name(source->collector));
    add(object, "version", json_value_line(source->version));
    add(object, "kind", json_value_line(source->file.kind));
    add(object, "path", json_value_line(source->file.path));
    add(object, "size", json_value_count(source->file.size));
    add(object, "file_time", json_value_time(source->file.mtime_ns));
    add(object, "outside", json_value_time(verdict->outside_ns));
    add(object, "quality", word(evidence_quality_name(source->quality)));
    add(object, "reason", json_value_line(source->reason));
    add(object, "retired", json_object_new_boolean(source->retired));
    add(object, "records", json_object_new_int64((int64_t)source->record_count));
    add(object, "hosts", json_value_names(verdict->hosts, verdict->host_count));
    return object;
}

static struct json_object *sources_array(const struct explain *explain)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < explain->verdict->source_count; i++)
        if (explain_shows_source(explain, &explain->verdict->sources[i]))
            json_object_array_add(array, source_object(&explain->verdict->sources[i]));
    return array;
}

static struct json_object *collectors_array(const struct ledger *ledger)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < ledger->pass_count; i++) {
        struct json_object *object = json_object_new_object();

        add(object, "collector", json_value_name(ledger->passes[i].collector));
        add(object, "result", word(evidence_collect_result_name(ledger->passes[i].result)));
        add(object, "reason", json_value_line(ledger->passes[i].reason));
        add(object, "time", json_value_time(ledger->passes[i].time_ns));
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *gaps_array(const struct ledger *ledger)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < ledger->gap_count; i++) {
        struct json_object *object = json_object_new_object();

        add(object, "collector", json_value_name(ledger->gaps[i].collector));
        add(object, "path", json_value_line(ledger->gaps[i].path));
        add(object, "reason", json_value_line(ledger->gaps[i].reason));
        add(object, "time", json_value_time(ledger->gaps[i].time_ns));
        json_object_array_add(array, object);
    }
    return array;
}

/* ---------------------------------------------------------------- the run */

static struct json_object *runner_object(const struct runner_verdict *runner)
{
    struct json_object *object = json_object_new_object();

    add(object, "looked", json_object_new_boolean(runner->looked));
    add(object, "alive", json_object_new_boolean(runner->alive));
    add(object, "pid", json_value_count(runner->pid));
    add(object, "defunct_child", json_value_count(runner->defunct_child));
    add(object, "orphans", json_object_new_int64((int64_t)runner->orphans));
    return object;
}

static struct json_object *rules_object(void)
{
    struct json_object *object = json_object_new_object();
    size_t count;
    const struct rule *rules = rules_all(&count);

    for (size_t i = 0; i < count; i++)
        add(object, rules[i].id, word(rules[i].sentence));
    return object;
}

static struct json_object *window_object(const struct explain *explain)
{
    struct json_object *object = json_object_new_object();

    add(object, "since", json_value_time(explain->since_ns));
    add(object, "until", json_value_time(explain->now_ns));
    return object;
}

static struct json_object *explain_object(const struct explain *explain)
{
    const struct verdict *verdict = explain->verdict;
    struct json_object *object = json_object_new_object(), *scopes = json_object_new_array();

    for (size_t i = 0; i < verdict->scope_count; i++)
        if (explain_shows_scope(explain, &verdict->scopes[i]))
            json_object_array_add(scopes, scope_object(explain, &verdict->scopes[i]));
    add(object, "schema", word("atvm.explain/1"));
    add(object, "build", json_value_name(verdict->build));
    add(object, "mode", word(verdict->categorized ? "categorized" : "single"));
    add(object, "state", word(run_state_name(verdict->state)));
    add(object, "reason", json_value_line(verdict->reason));
    add(object, "rule", word(verdict->rule));
    add(object, "closed", closed_object(explain, verdict->build));
    add(object, "window", window_object(explain));
    add(object, "expected_hosts", json_value_names(verdict->expected, verdict->expected_count));
    add(object, "runner", runner_object(&verdict->runner));
    add(object, "scopes", scopes);
    if (explain_shows_surroundings(explain)) {
        add(object, "sources", sources_array(explain));
        add(object, "collectors", collectors_array(explain->ledger));
        add(object, "gaps", gaps_array(explain->ledger));
    }
    add(object, "rules", rules_object());
    return object;
}

char *explain_json(const struct explain *explain)
{
    struct json_object *object = explain_object(explain);
    char *text = memory_format(
        "%s\n",
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                   JSON_C_TO_STRING_NOSLASHESCAPE));

    json_object_put(object);
    return text;
}
