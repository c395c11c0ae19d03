/* state.json: what is in which member. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json-file.h"
#include "memory.h"
#include "state.h"

static const struct json_member scope_members[] = {
    {"reason", JSON_MEMBER_STRING, offsetof(struct scope_state, reason)},
    {"first_seen", JSON_MEMBER_INT64, offsetof(struct scope_state, first_seen_ns)},
    {"last_seen", JSON_MEMBER_INT64, offsetof(struct scope_state, last_seen_ns)},
    {"closed", JSON_MEMBER_INT64, offsetof(struct scope_state, closed_ns)},
    {"completed", JSON_MEMBER_INT64, offsetof(struct scope_state, completed_ns)},
    {"cancelled", JSON_MEMBER_INT64, offsetof(struct scope_state, cancelled_ns)},
    {"terminated", JSON_MEMBER_INT64, offsetof(struct scope_state, terminated_ns)},
    {"reset", JSON_MEMBER_INT64, offsetof(struct scope_state, reset_ns)},
    {"reset_request", JSON_MEMBER_STRING, offsetof(struct scope_state, reset_request)},
    {"corrected", JSON_MEMBER_INT64, offsetof(struct scope_state, corrected_ns)},
    {"run_url", JSON_MEMBER_STRING, offsetof(struct scope_state, run_url)},
    {NULL},
};

/* Of the run only. */
static const struct json_member run_members[] = {
    {"runner_seen", JSON_MEMBER_BOOLEAN, offsetof(struct state, runner_seen)},
    {"since", JSON_MEMBER_INT64, offsetof(struct state, asked.since_ns)},
    {"template", JSON_MEMBER_STRING, offsetof(struct state, asked.template_name)},
    {"plugin", JSON_MEMBER_STRING, offsetof(struct state, asked.plugin)},
    {"config_family", JSON_MEMBER_STRING, offsetof(struct state, asked.config_family)},
    {"migration_style", JSON_MEMBER_STRING, offsetof(struct state, asked.migration_style)},
    {"scope_description", JSON_MEMBER_STRING, offsetof(struct state, asked.scope_description)},
    {"template_command", JSON_MEMBER_STRING, offsetof(struct state, asked.template_command)},
    {NULL},
};

static const struct json_member host_members[] = {
    {"name", JSON_MEMBER_STRING, offsetof(struct state_host, name)},
    {"status", JSON_MEMBER_STRING, offsetof(struct state_host, status)},
    {NULL},
};

static const struct json_member posted_members[] = {
    {"sink", JSON_MEMBER_STRING, offsetof(struct state_posted, sink)},
    {"time", JSON_MEMBER_INT64, offsetof(struct state_posted, time_ns)},
    {"remote_id", JSON_MEMBER_STRING, offsetof(struct state_posted, remote_id)},
    {NULL},
};

/* ---- writing */

static struct json_object *array_to_json(const struct json_member *members, const void *elements,
                                         size_t count, size_t element_size)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < count; i++) {
        struct json_object *object = json_object_new_object();

        json_members_write(members, (const char *)elements + i * element_size, object);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *strings_to_json(char *const *strings, size_t count)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, json_object_new_string(strings[i]));
    return array;
}

struct json_object *state_to_json(const struct state *state, const struct scope_state *scope)
{
    struct json_object *object = json_object_new_object();
    CLEANUP_FREE char *schema = memory_format("%s/%d", STATE_SCHEMA, STATE_SCHEMA_VERSION);

    json_object_object_add(object, "schema", json_object_new_string(schema));
    json_object_object_add(object, "build", json_object_new_string(state->build));
    json_object_object_add(object, "scope", json_object_new_string(scope->name));
    json_object_object_add(object, "mode",
                           json_object_new_string(state->categorized ? "categorized" : "single"));
    json_object_object_add(object, "state", json_object_new_string(run_state_name(scope->state)));
    json_members_write(scope_members, scope, object);
    if (scope == &state->run) {
        json_members_write(run_members, state, object);
        json_object_object_add(object, "expected_hosts",
                               strings_to_json(state->expected_hosts, state->expected_host_count));
        json_object_object_add(object, "asked_hosts",
                               strings_to_json(state->asked.hosts, state->asked.host_count));
        json_object_object_add(object, "cypress_env",
                               strings_to_json(state->asked.cypress_env, state->asked.env_count));
    }
    json_object_object_add(
        object, "hosts",
        array_to_json(host_members, scope->hosts, scope->host_count, sizeof(*scope->hosts)));
    json_object_object_add(
        object, "posted",
        array_to_json(posted_members, scope->posted, scope->posted_count, sizeof(*scope->posted)));
    return object;
}

/* ---- reading */

/* The string at `key`, borrowed; NULL where there is none. */
static const char *string_at(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* The array at `key`, *ret NULL where there is none; false where it is no array. */
static bool array_at(struct json_object *object, const char *key, struct json_object **ret)
{
    *ret = NULL;
    json_object_object_get_ex(object, key, ret);
    return !*ret || json_object_is_type(*ret, json_type_array);
}

static size_t array_length(struct json_object *array)
{
    return array ? json_object_array_length(array) : 0;
}

static bool hosts_from_json(struct json_object *object, struct scope_state *scope)
{
    struct json_object *array;

    if (!array_at(object, "hosts", &array))
        return false;
    for (size_t i = 0; i < array_length(array); i++) {
        struct json_object *element = json_object_array_get_idx(array, i);
        struct state_host *host;

        memory_grow(&scope->hosts, scope->host_count, &scope->host_capacity, sizeof(*host));
        host = &scope->hosts[scope->host_count++];
        *host = (struct state_host){0};
        if (!json_object_is_type(element, json_type_object) ||
            !json_members_read(host_members, element, host) || !host->name || !host->status)
            return false;
    }
    return true;
}

static bool posted_from_json(struct json_object *object, struct scope_state *scope)
{
    struct json_object *array;

    if (!array_at(object, "posted", &array))
        return false;
    for (size_t i = 0; i < array_length(array); i++) {
        struct json_object *element = json_object_array_get_idx(array, i);
        struct state_posted *posted;

        memory_grow(&scope->posted, scope->posted_count, &scope->posted_capacity, sizeof(*posted));
        posted = &scope->posted[scope->posted_count++];
        *posted = (struct state_posted){.time_ns = -1};
        if (!json_object_is_type(element, json_type_object) ||
            !json_members_read(posted_members, element, posted) || !posted->sink)
            return false;
    }
    return true;
}

/* An array of strings at `key`; none where there is no such member. */
static bool strings_from_json(struct json_object *object, const char *key, char ***ret_strings,
                              size_t *ret_count)
{
    struct json_object *array;

    if (!array_at(object, key, &array))
        return false;
    *ret_strings = memory_zeroed(array_length(array), sizeof(**ret_strings));
    for (size_t i = 0; i < array_length(array); i++) {
        struct json_object *element = json_object_array_get_idx(array, i);

        if (!json_object_is_type(element, json_type_string))
            return false;
        (*ret_strings)[(*ret_count)++] = memory_string(json_object_get_string(element));
    }
    return true;
}

static bool run_members_from_json(struct json_object *object, struct state *state)
{
    const char *mode = string_at(object, "mode");

    if (!mode || (strcmp(mode, "single") != 0 && strcmp(mode, "categorized") != 0))
        return false;
    state->categorized = strcmp(mode, "categorized") == 0;
    return json_members_read(run_members, object, state) &&
           strings_from_json(object, "expected_hosts", &state->expected_hosts,
                             &state->expected_host_count) &&
           strings_from_json(object, "asked_hosts", &state->asked.hosts,
                             &state->asked.host_count) &&
           strings_from_json(object, "cypress_env", &state->asked.cypress_env,
                             &state->asked.env_count);
}

/* A state.json that was copied here from elsewhere is not ours. */
static bool names_agree(struct json_object *object, const struct state *state,
                        const struct scope_state *scope)
{
    const char *build = string_at(object, "build"), *name = string_at(object, "scope");

    return build && name && strcmp(build, state->build) == 0 && strcmp(name, scope->name) == 0;
}

bool state_from_json(struct json_object *object, struct state *state, struct scope_state *scope)
{
    const char *word = string_at(object, "state");
    enum run_state run_state = word ? run_state_from_name(word) : 0;

    if (!names_agree(object, state, scope) || !run_state ||
        !json_members_read(scope_members, object, scope) || !hosts_from_json(object, scope) ||
        !posted_from_json(object, scope))
        return false;
    scope->state = run_state;
    return scope != &state->run || run_members_from_json(object, state);
}

static void free_strings(char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(strings[i]);
    free(strings);
}

void state_asked_clear(struct state_asked *asked)
{
    free_strings(asked->hosts, asked->host_count);
    free_strings(asked->cypress_env, asked->env_count);
    free(asked->template_name);
    free(asked->plugin);
    free(asked->config_family);
    free(asked->migration_style);
    free(asked->scope_description);
    free(asked->template_command);
    *asked = (struct state_asked){.since_ns = -1};
}

void scope_state_clear(struct scope_state *scope)
{
    json_members_free(scope_members, scope);
    for (size_t i = 0; i < scope->host_count; i++)
        json_members_free(host_members, &scope->hosts[i]);
    for (size_t i = 0; i < scope->posted_count; i++)
        json_members_free(posted_members, &scope->posted[i]);
    free(scope->hosts);
    free(scope->posted);
    free(scope->name);
    free(scope->folder);
    *scope = (struct scope_state){0};
}
