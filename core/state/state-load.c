/*
 * What the files of a scope say of it. A closed scope has two of them, state.json and its copy
 * closed.json, so that what was closed stays closed (R2.6) though either is damaged or gone.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "durable-file.h"
#include "json-file.h"
#include "memory.h"
#include "state.h"

void scope_state_init(struct scope_state *scope, char *name, char *folder, int64_t now_ns)
{
    *scope = (struct scope_state){
        .name = name,
        .folder = folder,
        .state = STATE_RUNNING,
        .first_seen_ns = now_ns,
        .last_seen_ns = now_ns,
        .closed_ns = -1,
        .completed_ns = -1,
        .cancelled_ns = -1,
        .terminated_ns = -1,
        .reset_ns = -1,
        .corrected_ns = -1,
    };
}

void state_warn(struct state *state, const char *text)
{
    char *before = state->warnings;

    state->warnings = before ? memory_format("%s\n%s", before, text) : memory_string(text);
    free(before);
}

/* Back to what is known of a scope before any file was read. */
static void forget(struct state *state, struct scope_state *scope, int64_t now_ns)
{
    char *name = TAKE_POINTER(scope->name), *folder = TAKE_POINTER(scope->folder);

    scope_state_clear(scope);
    scope_state_init(scope, name, folder, now_ns);
    if (scope != &state->run)
        return;
    state_set_expected_hosts(state, NULL, 0);
    state_asked_clear(&state->asked);
    state->categorized = state->runner_seen = false;
}

/* Says what is wrong with a file, and, for an owner, keeps it under another name. */
static int set_aside(struct state *state, const char *path, const char *damage,
                     const char *consequence, enum state_access access, int64_t now_ns,
                     char **ret_error)
{
    CLEANUP_FREE char *aside = NULL;
    CLEANUP_FREE char *text = NULL;

    if (access != STATE_LOOK) {
        int error = durable_set_aside(path, DURABLE_MOVE, now_ns, &aside, ret_error);

        if (error)
            return error;
        text = memory_format("%s; it was kept as %s, and %s", damage, aside, consequence);
    }
    state_warn(state, text ? text : damage);
    return 0;
}

/* 0; -ENOENT: there is none; -EBADMSG: it is damaged, *ret_damage (free it) says how; else -errno,
 * with *ret_damage. */
static int load_file(struct state *state, struct scope_state *scope, const char *path,
                     char **ret_damage)
{
    struct json_object *object = NULL;
    int error = json_file_read(path, STATE_FILE_MAX, STATE_SCHEMA, STATE_SCHEMA_VERSION, &object,
                               ret_damage);

    if (!error && !state_from_json(object, state, scope)) {
        error = -EBADMSG;
        *ret_damage = memory_format("%s: is damaged: a member is missing, has the wrong type, or "
                                    "is another build's",
                                    path);
    }
    json_object_put(object);
    return error;
}

static char *path_of(const struct scope_state *scope, const char *name)
{
    return memory_format("%s/%s", scope->folder, name);
}

/* Both files of a scope that is closed. One stands, so that a failure is no reason to stop. */
static void make_both_stand(struct state *state, const struct scope_state *scope,
                            enum state_access access)
{
    CLEANUP_FREE char *error = NULL;

    if (access != STATE_LOOK && state_save(state, scope, &error) < 0)
        state_warn(state, error);
}

/* Where both files are damaged it is only known that the scope was closed; nothing is posted. */
static int close_unknown(struct state *state, struct scope_state *scope, const char *path,
                         const char *damage, enum state_access access, int64_t now_ns,
                         char **ret_error)
{
    int error;

    forget(state, scope, now_ns);
    scope_state_close(scope, STATE_UNKNOWN,
                      "it was closed, but state.json and closed.json are damaged", now_ns);
    error = set_aside(state, path, damage, "the scope was closed, and stays so", access, now_ns,
                      ret_error);
    if (!error)
        make_both_stand(state, scope, access);
    return error;
}

/* state.json is lost. -ENOENT: the scope was not closed, as far as is known. */
static int recall_closed(struct state *state, struct scope_state *scope, enum state_access access,
                         int64_t now_ns, char **ret_error)
{
    CLEANUP_FREE char *path = path_of(scope, "closed.json");
    CLEANUP_FREE char *damage = NULL, *text = NULL;
    int error = load_file(state, scope, path, &damage);

    if (!error && !scope_state_is_closed(scope)) {
        error = -EBADMSG;
        damage = memory_format("%s: is damaged: it does not say when the scope was closed", path);
    }
    if (error == -EBADMSG)
        return close_unknown(state, scope, path, damage, access, now_ns, ret_error);
    if (error && error != -ENOENT)
        *ret_error = TAKE_POINTER(damage);
    if (error)
        return error;
    text = memory_format("%s: is used instead of a state.json that is lost", path);
    state_warn(state, text);
    make_both_stand(state, scope, access);
    return 0;
}

/* Reads closed.json only to see that it is whole. As json_file_read. */
static int look_at_copy(const struct scope_state *scope, char **ret_path, char **ret_damage)
{
    struct json_object *object = NULL;
    int error;

    *ret_path = path_of(scope, "closed.json");
    error = json_file_read(*ret_path, STATE_FILE_MAX, STATE_SCHEMA, STATE_SCHEMA_VERSION, &object,
                           ret_damage);
    json_object_put(object);
    return error;
}

/* A crash between the two leaves state.json alone; what is damaged is written anew. */
static int check_copy(struct state *state, const struct scope_state *scope,
                      enum state_access access, int64_t now_ns, char **ret_error)
{
    CLEANUP_FREE char *path = NULL, *damage = NULL;
    int error = look_at_copy(scope, &path, &damage);

    if (!error)
        return 0;
    if (error == -EBADMSG)
        error = set_aside(state, path, damage, "is written anew from state.json", access, now_ns,
                          ret_error);
    else if (error == -ENOENT)
        error = 0;
    else
        *ret_error = TAKE_POINTER(damage);
    if (!error)
        make_both_stand(state, scope, access);
    return error;
}

/* Whoever opens a scope again removes the copy first: an open state.json beside one is wrong,
 * unless the scope was closed between one look and the other. */
static int doubt_open(struct state *state, struct scope_state *scope, const char *path,
                      enum state_access access, int64_t now_ns, char **ret_error)
{
    CLEANUP_FREE char *copy = NULL, *damage = NULL, *unread = NULL;
    int error = look_at_copy(scope, &copy, &unread);

    if (error == -ENOENT)
        return 0;
    if (error && error != -EBADMSG) {
        *ret_error = TAKE_POINTER(unread);
        return error;
    }
    forget(state, scope, now_ns);
    if (load_file(state, scope, path, &damage) == 0 && scope_state_is_closed(scope))
        return 0;
    forget(state, scope, now_ns);
    free(damage);
    damage =
        memory_format("%s: is damaged: it says that the scope is open, which was closed", path);
    error = set_aside(state, path, damage, "closed.json is believed", access, now_ns, ret_error);
    return error ? error : recall_closed(state, scope, access, now_ns, ret_error);
}

int state_load_scope(struct state *state, struct scope_state *scope, enum state_access access,
                     int64_t now_ns, char **ret_error)
{
    CLEANUP_FREE char *path = path_of(scope, "state.json");
    CLEANUP_FREE char *damage = NULL;
    int error = load_file(state, scope, path, &damage);

    if (!error && scope_state_is_closed(scope))
        return check_copy(state, scope, access, now_ns, ret_error);
    if (!error)
        return doubt_open(state, scope, path, access, now_ns, ret_error);
    if (error == -ENOENT)
        return recall_closed(state, scope, access, now_ns, ret_error);
    if (error != -EBADMSG) {
        *ret_error = TAKE_POINTER(damage);
        return error;
    }
    forget(state, scope, now_ns);
    error = set_aside(state, path, damage, "this scope starts afresh, unless it was closed", access,
                      now_ns, ret_error);
    if (!error)
        error = recall_closed(state, scope, access, now_ns, ret_error);
    return error == -ENOENT ? 0 : error;
}
