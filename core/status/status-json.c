/* The status of a build for programs (doc/status.md): pure. */
#include <string.h>

#include "cleanup.h"
#include "json-file.h"
#include "render-json-value.h"
#include "status-builds.h"
#include "status.h"

static struct json_object *process_or_null(pid_t pid)
{
    return pid > 0 ? json_object_new_int64(pid) : NULL;
}

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, value);
}

/* ---------------------------------------------------------------- posts */

static const char *standing_name(enum post_standing standing)
{
    switch (standing) {
    case POST_DELIVERED:
        return "delivered";
    case POST_WAITING:
        return "waiting";
    case POST_DROPPED:
        return "dropped";
    case POST_HELD:
        break;
    }
    return "held";
}

static struct json_object *post_json(const struct build_status *status,
                                     const struct outbox_record *record)
{
    struct json_object *object = json_object_new_object();
    const struct outbox_receipt *receipt =
        record->attempts_kept > 0 ? &record->attempts[record->attempts_kept - 1].receipt : NULL;
    bool pending = record->state == OUTBOX_PENDING;

    add(object, "sink", json_value_name(record->sink));
    add(object, "scope", json_value_name(record->message.scope));
    add(object, "part", json_object_new_int(record->message.part));
    add(object, "parts", json_object_new_int(record->message.parts));
    add(object, "correction", json_object_new_int(record->message.correction));
    add(object, "standing",
        json_object_new_string(
            standing_name(post_standing_of(&status->posts, record, status->config))));
    add(object, "state", json_object_new_string(outbox_state_name(record->state)));
    add(object, "attempts", json_object_new_int(record->attempt_count));
    add(object, "next_attempt", json_value_time(pending ? record->next_attempt_ns : -1));
    add(object, "settled", json_value_time(record->settled_ns));
    add(object, "explanation", json_value_line(record->explanation));
    add(object, "last_reason", json_value_line(receipt ? receipt->reason : NULL));
    add(object, "remedy", json_value_line(receipt ? receipt->remedy : NULL));
    return object;
}

static struct json_object *posts_json(const struct build_status *status)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < status->posts.count; i++)
        json_object_array_add(array, post_json(status, status->posts.records[i]));
    return array;
}

/* ---------------------------------------------------------------- the report */

static struct json_object *report_json(const struct build_status *status)
{
    CLEANUP_FREE char *judged = NULL;
    const char *text = status->stored_json;

    if (!build_status_is_closed(status) && status->report)
        text = judged = render_json(status->report);
    return text ? json_object_of(text, strlen(text)) : NULL;
}

static const char *reason_of(const struct build_status *status)
{
    if (build_status_is_closed(status))
        return status->state->run.reason;
    return status->report ? status->report->verdict->reason : NULL;
}

struct json_object *build_status_json(const struct build_status *status)
{
    struct json_object *object = json_object_new_object();
    bool closed = build_status_is_closed(status);
    enum run_state state = build_status_state(status);

    add(object, "schema", json_object_new_string("atvm.status/1"));
    add(object, "build", json_object_new_string(status->build));
    add(object, "state", state ? json_object_new_string(run_state_name(state)) : NULL);
    add(object, "reason", json_value_line(reason_of(status)));
    add(object, "judged", json_object_new_string(closed ? "when closed" : "now"));
    add(object, "time", json_value_time(status->now_ns));
    add(object, "closed", json_value_time(closed ? status->state->run.closed_ns : -1));
    add(object, "watched", json_object_new_boolean(status->state != NULL));
    add(object, "watched_by", process_or_null(status->watcher));
    add(object, "runner", process_or_null(status->runner));
    add(object, "window_start", json_value_time(closed ? -1 : status->window.since_ns));
    add(object, "window_from", json_value_line(closed ? NULL : status->window.from));
    add(object, "posts", posts_json(status));
    add(object, "report", report_json(status));
    return object;
}
