#include "report.h"

#include <json-c/json.h>

#include "render-json-value.h"

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, value);
}

static struct json_object *host_object(const struct host_verdict *host)
{
    struct json_object *object = json_object_new_object();

    add(object, "name", json_value_name(host->name));
    add(object, "status", json_object_new_string(host_status_name(host->status)));
    add(object, "tests", json_value_count(host->tests));
    add(object, "passed", json_value_count(host->passed));
    add(object, "failed", json_value_count(host->failed));
    add(object, "pending", json_value_count(host->pending));
    add(object, "skipped", json_value_count(host->skipped));
    add(object, "started", json_value_time(host->started_ns));
    add(object, "duration_s", json_value_seconds(host->duration_ns));
    add(object, "step", json_value_name(host->step));
    add(object, "error", json_value_line(host->error));
    add(object, "excerpt", json_value_block(host->excerpt));
    add(object, "sources", json_value_names(host->sources, host->source_count));
    return object;
}

static struct json_object *conflict_object(const struct conflict *conflict)
{
    struct json_object *object = json_object_new_object();

    add(object, "host", json_value_name(conflict->host));
    add(object, "question", json_object_new_string(question_name(conflict->question)));
    add(object, "kept", json_value_line(conflict->kept));
    add(object, "dropped", json_value_line(conflict->dropped));
    add(object, "rule", json_value_name(conflict->rule));
    return object;
}

static void add_lists(struct json_object *object, const struct scope_verdict *scope)
{
    struct json_object *hosts = json_object_new_array(), *conflicts = json_object_new_array();
    struct json_object *notes = json_object_new_array();

    for (size_t i = 0; i < scope->host_count; i++)
        json_object_array_add(hosts, host_object(&scope->hosts[i]));
    for (size_t i = 0; i < scope->conflict_count; i++)
        json_object_array_add(conflicts, conflict_object(&scope->conflicts[i]));
    for (size_t i = 0; i < scope->note_count; i++)
        json_object_array_add(notes, json_value_line(scope->notes[i]));
    add(object, "hosts", hosts);
    add(object, "flow",
        scope->flow_source == FLOW_NONE ? NULL : json_value_names(scope->flow, scope->flow_count));
    add(object, "flow_source", json_object_new_string(flow_source_name(scope->flow_source)));
    add(object, "conflicts", conflicts);
    add(object, "notes", notes);
}

static struct json_object *scope_object(const struct scope_verdict *scope)
{
    struct json_object *object = json_object_new_object();

    add(object, "name", json_value_name(scope->name));
    add(object, "state", json_object_new_string(run_state_name(scope->state)));
    add(object, "reason", json_value_line(scope->reason));
    add(object, "post", json_object_new_boolean(scope->post));
    add(object, "run_url", json_value_line(scope->run_url));
    add(object, "started", json_value_time(scope->started_ns));
    add(object, "ended", json_value_time(scope->ended_ns));
    add(object, "duration_s", json_value_seconds(scope->duration_ns));
    add_lists(object, scope);
    return object;
}

static struct json_object *report_object(const struct verdict *verdict)
{
    struct json_object *object = json_object_new_object(), *scopes = json_object_new_array();

    add(object, "schema", json_object_new_string("atvm.report/1"));
    add(object, "build", json_value_name(verdict->build));
    add(object, "mode", json_object_new_string(verdict->categorized ? "categorized" : "single"));
    add(object, "state", json_object_new_string(run_state_name(verdict->state)));
    add(object, "reason", json_value_line(verdict->reason));
    add(object, "run_url", json_value_line(verdict->run_url));
    for (size_t i = 0; i < verdict->scope_count; i++)
        json_object_array_add(scopes, scope_object(&verdict->scopes[i]));
    add(object, "scopes", scopes);
    return object;
}

char *render_json(const struct report *report)
{
    struct json_object *object = report_object(report->verdict);
    char *text = memory_format(
        "%s\n",
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                   JSON_C_TO_STRING_NOSLASHESCAPE));

    json_object_put(object);
    return text;
}
