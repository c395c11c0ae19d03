/* The files of a build beside state.json: markers, evidence, reports. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "durable-file.h"
#include "json-file.h"
#include "memory.h"
#include "reserve.h"
#include "state.h"

/* A marker that somebody made by hand may hold anything. */
#define MARKER_MAX (64 * 1024)

/* ---- the cancellation marker */

int state_mark_cancelled(struct state *state, const char *by_whom, int64_t now_ns, char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/cancelled", state->folder);
    struct json_object *object = json_object_new_object();
    int error;

    json_object_object_add(object, "by", json_object_new_string(by_whom));
    json_object_object_add(object, "time", json_object_new_int64(now_ns));
    error = json_file_write(path, object, ret_error);
    json_object_put(object);
    return error;
}

/* 1, 0 or -errno. */
static int exists(const char *path)
{
    if (access(path, F_OK) == 0)
        return 1;
    return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

char *state_cancelled_by(const struct state *state)
{
    CLEANUP_FREE char *path = memory_format("%s/cancelled", state->folder);
    CLEANUP_FREE char *text = NULL, *error = NULL;
    struct json_object *object = NULL, *by = NULL;
    char *name = NULL;
    size_t length = 0;

    if (durable_read(path, MARKER_MAX, &text, &length, &error) == 0)
        object = json_object_of(text, length);
    if (object && json_object_object_get_ex(object, "by", &by) &&
        json_object_is_type(by, json_type_string))
        name = memory_string(json_object_get_string(by));
    json_object_put(object);
    return name ? name : memory_string("the operator");
}

int state_cancelled(const struct state *state)
{
    CLEANUP_FREE char *path = memory_format("%s/cancelled", state->folder);

    return exists(path);
}

/* ---- posted markers */

static struct state_posted *find_posted(const struct scope_state *scope, const char *sink)
{
    for (size_t i = 0; i < scope->posted_count; i++)
        if (strcmp(scope->posted[i].sink, sink) == 0)
            return &scope->posted[i];
    return NULL;
}

static char *posted_path(const struct scope_state *scope, const char *sink)
{
    CLEANUP_FREE char *component = durable_component(sink);

    return component ? memory_format("%s/posted/%s", scope->folder, component) : NULL;
}

static int write_posted_marker(const struct state *state, const struct scope_state *scope,
                               const char *sink, const char *remote_id, int64_t now_ns,
                               char **ret_error)
{
    CLEANUP_FREE char *folder = memory_format("%s/posted", scope->folder);
    CLEANUP_FREE char *path = posted_path(scope, sink);
    struct json_object *object;
    int error;

    if (!path) {
        *ret_error = memory_format("%s: no marker can be named after the sink '%s'", folder, sink);
        return -ENAMETOOLONG;
    }
    error = durable_make_folder(folder, STATE_FOLDER_MODE, ret_error);
    if (error)
        return error;
    object = json_object_new_object();
    json_object_object_add(object, "schema", json_object_new_string("atvm.posted/1"));
    json_object_object_add(object, "build", json_object_new_string(state->build));
    json_object_object_add(object, "scope", json_object_new_string(scope->name));
    json_object_object_add(object, "sink", json_object_new_string(sink));
    json_object_object_add(object, "time", json_object_new_int64(now_ns));
    if (remote_id)
        json_object_object_add(object, "remote_id", json_object_new_string(remote_id));
    error = json_file_write(path, object, ret_error);
    json_object_put(object);
    return error;
}

int state_mark_posted(struct state *state, struct scope_state *scope, const char *sink,
                      const char *remote_id, int64_t now_ns, char **ret_error)
{
    struct state_posted *posted = find_posted(scope, sink);
    int error = write_posted_marker(state, scope, sink, remote_id, now_ns, ret_error);

    if (reserve_gives_room(state->folder, error, ret_error))
        error = write_posted_marker(state, scope, sink, remote_id, now_ns, ret_error);
    if (error)
        return error;
    if (!posted) {
        memory_grow(&scope->posted, scope->posted_count, &scope->posted_capacity,
                    sizeof(*scope->posted));
        posted = &scope->posted[scope->posted_count++];
        *posted = (struct state_posted){.sink = memory_string(sink)};
    }
    posted->time_ns = now_ns;
    free(posted->remote_id);
    posted->remote_id = memory_string(remote_id);
    return state_save(state, scope, ret_error);
}

int state_posted(const struct scope_state *scope, const char *sink)
{
    CLEANUP_FREE char *path = NULL;

    if (find_posted(scope, sink))
        return 1;
    path = posted_path(scope, sink);
    return path ? exists(path) : -ENAMETOOLONG;
}

/* ---- other files */

int state_write_evidence(struct state *state, int (*write_content)(void *user, FILE *stream),
                         void *user, char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/evidence.jsonl", state->folder);

    return durable_write_stream(path, JSON_FILE_MODE, write_content, user, ret_error);
}

char *state_report_path(const struct scope_state *scope, const char *ending)
{
    return memory_format("%s/report.%s", scope->folder, ending);
}

int state_write_report(const struct scope_state *scope, const char *ending, const char *text,
                       char **ret_error)
{
    CLEANUP_FREE char *path = state_report_path(scope, ending);

    return durable_write(path, text, strlen(text), JSON_FILE_MODE, ret_error);
}
