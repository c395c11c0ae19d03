#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "durable-file.h"
#include "judge.h"
#include "json-file.h"
#include "memory.h"
#include "reserve.h"
#include "state-lock.h"

/* ---- structs */

static struct state *state_new(const char *state_root, const char *build, int64_t now_ns)
{
    struct state *state = memory_zeroed(1, sizeof(*state));

    state->build = memory_string(build);
    state->folder = memory_format("%s/%s", state_root, build);
    state->lock = -1;
    state->asked.since_ns = -1;
    scope_state_init(&state->run, memory_string(build), memory_string(state->folder), now_ns);
    return state;
}

static void free_expected_hosts(struct state *state)
{
    for (size_t i = 0; i < state->expected_host_count; i++)
        free(state->expected_hosts[i]);
    free(state->expected_hosts);
    state->expected_hosts = NULL;
    state->expected_host_count = 0;
}

void state_close(struct state *state)
{
    if (!state)
        return;
    for (size_t i = 0; i < state->subrun_count; i++) {
        scope_state_clear(state->subruns[i]);
        free(state->subruns[i]);
    }
    free(state->subruns);
    scope_state_clear(&state->run);
    free_expected_hosts(state);
    state_asked_clear(&state->asked);
    free(state->build);
    free(state->folder);
    free(state->warnings);
    if (state->lock >= 0)
        close(state->lock);
    free(state);
}

/* ---- loading */

static struct scope_state *append_subrun(struct state *state, char *name, char *folder,
                                         int64_t now_ns)
{
    struct scope_state *scope = memory_zeroed(1, sizeof(*scope));

    scope_state_init(scope, name, folder, now_ns);
    memory_grow(&state->subruns, state->subrun_count, &state->subrun_capacity,
                sizeof(*state->subruns));
    state->subruns[state->subrun_count++] = scope;
    return scope;
}

static int load_subrun(struct state *state, const char *component, enum state_access access,
                       int64_t now_ns, char **ret_error)
{
    char *name = durable_component_decode(component);
    struct scope_state *scope;
    int error;

    if (!name) {
        CLEANUP_FREE char *text = memory_format(
            "%s/subruns/%s: is not the name of a sub-run; passed over", state->folder, component);

        state_warn(state, text);
        return 0;
    }
    scope = append_subrun(state, name, memory_format("%s/subruns/%s", state->folder, component),
                          now_ns);
    error = state_load_scope(state, scope, access, now_ns, ret_error);
    return error == -ENOENT ? 0 : error;
}

static int compare_scopes(const void *left, const void *right)
{
    const struct scope_state *a = *(struct scope_state *const *)left;
    const struct scope_state *b = *(struct scope_state *const *)right;

    if (a->first_seen_ns != b->first_seen_ns)
        return a->first_seen_ns < b->first_seen_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int load_subruns(struct state *state, enum state_access access, int64_t now_ns,
                        char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/subruns", state->folder);
    CLEANUP_DIR DIR *folder = opendir(path);
    struct dirent *entry;
    int error = 0;

    if (!folder && errno == ENOENT)
        return 0;
    errno = folder ? 0 : errno;
    while (folder && !error && (entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            error = load_subrun(state, entry->d_name, access, now_ns, ret_error);
        errno = 0;
    }
    if (error)
        return error;
    if (errno) {
        return durable_failed(ret_error, -errno, path, "read folder");
    }
    if (state->subrun_count > 0)
        qsort(state->subruns, state->subrun_count, sizeof(*state->subruns), compare_scopes);
    return 0;
}

static int load_url(struct scope_state *scope, char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/url", scope->folder);
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;
    int error = durable_read(path, STATE_FILE_MAX, &text, &length, ret_error);

    if (error)
        return error == -ENOENT ? 0 : error;
    text[strcspn(text, "\n")] = '\0';
    if (*text) {
        free(scope->run_url);
        scope->run_url = TAKE_POINTER(text);
    }
    return 0;
}

/* The file "url" is written before state.json, so it stands before it. */
static int load_urls(struct state *state, char **ret_error)
{
    int error = load_url(&state->run, ret_error);

    for (size_t i = 0; i < state->subrun_count && !error; i++)
        error = load_url(state->subruns[i], ret_error);
    return error;
}

static int load(struct state *state, enum state_access access, int64_t now_ns, char **ret_error)
{
    int error = state_load_scope(state, &state->run, access, now_ns, ret_error);

    state->found = !error && !state->warnings;
    if (error == -ENOENT)
        error = 0;
    if (!error)
        error = load_subruns(state, access, now_ns, ret_error);
    return error ? error : load_urls(state, ret_error);
}

/* ---- opening */

static int make_state_folder(const struct state *state, char **ret_error)
{
    CLEANUP_FREE char *why = NULL;
    int error = durable_make_folders(state->folder, STATE_FOLDER_MODE, &why);

    if (error)
        *ret_error = memory_format("%s; the watcher must be able to write to its state_root: start "
                                   "it as root, or set state_root to a folder that is its own",
                                   why);
    return error;
}

static int take_ownership(struct state *state, enum state_lock_use use, int64_t now_ns,
                          char **ret_error)
{
    CLEANUP_FREE char *lock = memory_format("%s/lock", state->folder);
    int error = make_state_folder(state, ret_error);

    if (!error)
        error = state_lock_take(lock, use, now_ns, &state->lock, ret_error);
    if (reserve_gives_room(state->folder, error, ret_error))
        error = state_lock_take(lock, use, now_ns, &state->lock, ret_error);
    return error;
}

static int look_for_folder(const struct state *state, char **ret_error)
{
    int error;

    if (access(state->folder, F_OK) == 0)
        return 0;
    error = -errno;
    *ret_error = memory_format("%s: %s: no run of that name was watched here", state->folder,
                               strerror(-error));
    return error;
}

int state_open(const char *state_root, const char *build, enum state_access access, int64_t now_ns,
               struct state **ret, char **ret_error)
{
    struct state *state;
    int error;

    if (!config_build_name_is_valid(build)) {
        *ret_error = memory_format("'%s' is not a build name: it begins with a letter or digit and "
                                   "holds only letters, digits, '.', '_' and '-'",
                                   build);
        return -EINVAL;
    }
    state = state_new(state_root, build, now_ns);
    error = access == STATE_LOOK
                ? look_for_folder(state, ret_error)
                : take_ownership(state, access == STATE_OWN ? STATE_LOCK_WATCH : STATE_LOCK_COMMAND,
                                 now_ns, ret_error);
    if (!error)
        error = load(state, access, now_ns, ret_error);
    if (error)
        state_close(state);
    else
        *ret = state;
    return error;
}

/* ---- scopes */

struct scope_state *state_find_scope(struct state *state, const char *name)
{
    if (strcmp(name, state->run.name) == 0)
        return &state->run;
    for (size_t i = 0; i < state->subrun_count; i++)
        if (strcmp(name, state->subruns[i]->name) == 0)
            return state->subruns[i];
    return NULL;
}

int state_add_scope(struct state *state, const char *name, int64_t now_ns, struct scope_state **ret,
                    char **ret_error)
{
    CLEANUP_FREE char *component = NULL;
    CLEANUP_FREE char *folder = NULL;
    int error;

    *ret = state_find_scope(state, name);
    if (*ret)
        return 0;
    component = durable_component(name);
    if (!component) {
        *ret_error = memory_format("%s: no folder can be named after the sub-run '%s': it is empty "
                                   "or too long",
                                   state->folder, name);
        return -ENAMETOOLONG;
    }
    folder = memory_format("%s/subruns/%s", state->folder, component);
    error = durable_make_folders(folder, STATE_FOLDER_MODE, ret_error);
    if (reserve_gives_room(state->folder, error, ret_error))
        error = durable_make_folders(folder, STATE_FOLDER_MODE, ret_error);
    if (!error)
        *ret = append_subrun(state, memory_string(name), TAKE_POINTER(folder), now_ns);
    return error;
}

static void free_hosts(struct scope_state *scope)
{
    for (size_t i = 0; i < scope->host_count; i++) {
        free(scope->hosts[i].name);
        free(scope->hosts[i].status);
    }
    scope->host_count = 0;
}

void scope_state_set_hosts(struct scope_state *scope, const struct host_verdict *hosts,
                           size_t count)
{
    free_hosts(scope);
    for (size_t i = 0; i < count; i++) {
        memory_grow(&scope->hosts, scope->host_count, &scope->host_capacity, sizeof(*scope->hosts));
        scope->hosts[scope->host_count++] = (struct state_host){
            memory_string(hosts[i].name), memory_string(host_status_name(hosts[i].status))};
    }
}

int64_t state_judged_ns(const struct state *state)
{
    int64_t judged_ns = state->run.closed_ns;

    if (judged_ns < 0)
        return -1;
    if (state->run.corrected_ns > judged_ns)
        judged_ns = state->run.corrected_ns;
    for (size_t i = 0; i < state->subrun_count; i++)
        if (state->subruns[i]->corrected_ns > judged_ns)
            judged_ns = state->subruns[i]->corrected_ns;
    return judged_ns;
}

bool scope_state_is_closed(const struct scope_state *scope)
{
    return scope->closed_ns >= 0;
}

static void set_reason(struct scope_state *scope, const char *reason)
{
    free(scope->reason);
    scope->reason = memory_string(reason);
}

bool scope_state_note(struct scope_state *scope, enum run_state judged, const char *reason,
                      int64_t now_ns)
{
    scope->state = transition(scope->state, scope_state_is_closed(scope), judged);
    if (scope_state_is_closed(scope))
        return false;
    set_reason(scope, reason);
    scope->last_seen_ns = now_ns;
    return true;
}

void scope_state_correct(struct scope_state *scope, enum run_state judged, const char *reason,
                         int64_t now_ns)
{
    scope->state = judged;
    set_reason(scope, reason);
    scope->corrected_ns = now_ns;
}

void scope_state_open(struct scope_state *scope)
{
    scope->closed_ns = scope->completed_ns = scope->cancelled_ns = scope->terminated_ns = -1;
}

void scope_state_close(struct scope_state *scope, enum run_state state, const char *reason,
                       int64_t now_ns)
{
    if (!scope_state_note(scope, state, reason, now_ns))
        return;
    scope->closed_ns = now_ns;
    if (run_state_is_posted(state))
        scope->completed_ns = now_ns;
    else if (state == STATE_CANCELLED)
        scope->cancelled_ns = now_ns;
    else if (state == STATE_TERMINATED)
        scope->terminated_ns = now_ns;
}

void state_set_expected_hosts(struct state *state, const char *const *hosts, size_t count)
{
    free_expected_hosts(state);
    state->expected_hosts = count ? memory_zeroed(count, sizeof(*state->expected_hosts)) : NULL;
    for (size_t i = 0; i < count; i++)
        state->expected_hosts[state->expected_host_count++] = memory_string(hosts[i]);
}

static char **copy_strings(char *const *strings, size_t count)
{
    char **copy = memory_zeroed(count, sizeof(*copy));

    for (size_t i = 0; i < count; i++)
        copy[i] = memory_string(strings[i]);
    return copy;
}

void state_set_asked(struct state *state, const struct state_asked *asked)
{
    struct state_asked copy = {
        .since_ns = asked->since_ns,
        .hosts = copy_strings(asked->hosts, asked->host_count),
        .host_count = asked->host_count,
        .cypress_env = copy_strings(asked->cypress_env, asked->env_count),
        .env_count = asked->env_count,
        .template_name = memory_string(asked->template_name),
        .plugin = memory_string(asked->plugin),
        .config_family = memory_string(asked->config_family),
        .migration_style = memory_string(asked->migration_style),
        .scope_description = memory_string(asked->scope_description),
        .template_command = memory_string(asked->template_command),
    };

    state_asked_clear(&state->asked);
    state->asked = copy;
}

/* ---- saving */

/* The second copy of a closed scope's state.json; none of an open one's, also after a reset. */
static int save_closed(const struct scope_state *scope, struct json_object *object,
                       char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/closed.json", scope->folder);

    if (scope_state_is_closed(scope))
        return json_file_write(path, object, ret_error);
    return access(path, F_OK) == 0 ? durable_remove(path, ret_error) : 0;
}

static int save(const struct scope_state *scope, struct json_object *object, char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/state.json", scope->folder);
    bool closed = scope_state_is_closed(scope);
    int error = closed ? 0 : save_closed(scope, object, ret_error);

    if (!error)
        error = json_file_write(path, object, ret_error);
    if (!error && closed)
        error = save_closed(scope, object, ret_error);
    return error;
}

int state_save(struct state *state, const struct scope_state *scope, char **ret_error)
{
    CLEANUP_JSON struct json_object *object = state_to_json(state, scope);
    int error = save(scope, object, ret_error);

    return reserve_gives_room(state->folder, error, ret_error) ? save(scope, object, ret_error)
                                                               : error;
}

int state_note_url(struct state *state, struct scope_state *scope, const char *url,
                   char **ret_error)
{
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *line = NULL;
    int error;

    if (scope->run_url && strcmp(scope->run_url, url) == 0)
        return 0;
    path = memory_format("%s/url", scope->folder);
    line = memory_format("%s\n", url);
    error = durable_write(path, line, strlen(line), JSON_FILE_MODE, ret_error);
    if (reserve_gives_room(state->folder, error, ret_error))
        error = durable_write(path, line, strlen(line), JSON_FILE_MODE, ret_error);
    if (error)
        return error;
    free(scope->run_url);
    scope->run_url = memory_string(url);
    return state_save(state, scope, ret_error);
}
