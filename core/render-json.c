#include "report.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "render-escape.h"
#include "render-secret.h"
#include "render-time.h"

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, value);
}

/* Names and titles: clean, else verbatim, because others compare them. NULL is null. */
static struct json_object *name_or_null(const char *name)
{
    struct obstack memory;
    struct json_object *value;

    if (!name)
        return NULL;
    obstack_init(&memory);
    value = json_object_new_string(escape_line(&memory, name));
    obstack_free(&memory, NULL);
    return value;
}

/* Text of a log or about one: clean, without secrets; on one line unless `block`. */
static struct json_object *text_or_null(const char *text, bool block)
{
    struct obstack memory;
    struct json_object *value;

    if (!text)
        return NULL;
    obstack_init(&memory);
    text = block ? escape_block(&memory, text) : escape_line(&memory, text);
    value = json_object_new_string(secret_mask(&memory, text));
    obstack_free(&memory, NULL);
    return value;
}

static struct json_object *line_or_null(const char *text)
{
    return text_or_null(text, false);
}

static struct json_object *count_or_null(int64_t count)
{
    return count < 0 ? NULL : json_object_new_int64(count);
}

static struct json_object *time_or_null(int64_t time_ns)
{
    char buffer[RENDER_TIME_SIZE];

    return time_ns < 0 ? NULL : json_object_new_string(render_rfc3339(time_ns, buffer));
}

/* Seconds, rounded to milliseconds. Written from whole numbers: printf of a double follows the
 * locale, and prints what binary fractions cannot hold. */
static struct json_object *seconds_or_null(int64_t duration_ns)
{
    int64_t milliseconds = (duration_ns + NS_PER_MS / 2) / NS_PER_MS;
    char text[40];
    size_t length;

    if (duration_ns < 0)
        return NULL;
    snprintf(text, sizeof(text), "%" PRId64 ".%03d", milliseconds / 1000,
             (int)(milliseconds % 1000));
    length = strlen(text);
    while (text[length - 1] == '0')
        length--;
    length -= text[length - 1] == '.';
    text[length] = '\0';
    return json_object_new_double_s((double)milliseconds / 1000, text);
}

static struct json_object *names(const char *const *list, size_t count)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, name_or_null(list[i]));
    return array;
}

static struct json_object *host_object(const struct host_verdict *host)
{
    struct json_object *object = json_object_new_object();

    add(object, "name", name_or_null(host->name));
    add(object, "status", json_object_new_string(host_status_name(host->status)));
    add(object, "tests", count_or_null(host->tests));
    add(object, "passed", count_or_null(host->passed));
    add(object, "failed", count_or_null(host->failed));
    add(object, "pending", count_or_null(host->pending));
    add(object, "skipped", count_or_null(host->skipped));
    add(object, "started", time_or_null(host->started_ns));
    add(object, "duration_s", seconds_or_null(host->duration_ns));
    add(object, "step", name_or_null(host->step));
    add(object, "error", line_or_null(host->error));
    add(object, "excerpt", text_or_null(host->excerpt, true));
    add(object, "sources", names(host->sources, host->source_count));
    return object;
}

static struct json_object *conflict_object(const struct conflict *conflict)
{
    struct json_object *object = json_object_new_object();

    add(object, "host", name_or_null(conflict->host));
    add(object, "question", json_object_new_string(question_name(conflict->question)));
    add(object, "kept", line_or_null(conflict->kept));
    add(object, "dropped", line_or_null(conflict->dropped));
    add(object, "rule", name_or_null(conflict->rule));
    return object;
}

static const char *flow_source_name(enum flow_source source)
{
    return source == FLOW_SPEC ? "spec" : source == FLOW_CONFIG ? "config" : "none";
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
        json_object_array_add(notes, line_or_null(scope->notes[i]));
    add(object, "hosts", hosts);
    add(object, "flow",
        scope->flow_source == FLOW_NONE ? NULL : names(scope->flow, scope->flow_count));
    add(object, "flow_source", json_object_new_string(flow_source_name(scope->flow_source)));
    add(object, "conflicts", conflicts);
    add(object, "notes", notes);
}

static struct json_object *scope_object(const struct scope_verdict *scope)
{
    struct json_object *object = json_object_new_object();

    add(object, "name", name_or_null(scope->name));
    add(object, "state", json_object_new_string(run_state_name(scope->state)));
    add(object, "reason", line_or_null(scope->reason));
    add(object, "post", json_object_new_boolean(scope->post));
    add(object, "run_url", line_or_null(scope->run_url));
    add(object, "started", time_or_null(scope->started_ns));
    add(object, "ended", time_or_null(scope->ended_ns));
    add(object, "duration_s", seconds_or_null(scope->duration_ns));
    add_lists(object, scope);
    return object;
}

static struct json_object *report_object(const struct verdict *verdict)
{
    struct json_object *object = json_object_new_object(), *scopes = json_object_new_array();

    add(object, "schema", json_object_new_string("atvm.report/1"));
    add(object, "build", name_or_null(verdict->build));
    add(object, "mode", json_object_new_string(verdict->categorized ? "categorized" : "single"));
    add(object, "state", json_object_new_string(run_state_name(verdict->state)));
    add(object, "reason", line_or_null(verdict->reason));
    add(object, "run_url", line_or_null(verdict->run_url));
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
