#include "watcher-identity.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "build-id.h"
#include "cleanup.h"
#include "json-file.h"
#include "memory.h"

#define SCHEMA         "atvm.watcher"
#define SCHEMA_VERSION 1
/* A few hundred bytes for each module. */
#define FILE_MAX (1024 * 1024)

static const struct json_member members[] = {
    {"pid", JSON_MEMBER_INT64, offsetof(struct watcher_identity, pid)},
    {"started", JSON_MEMBER_INT64, offsetof(struct watcher_identity, started_ns)},
    {"version", JSON_MEMBER_STRING, offsetof(struct watcher_identity, version)},
    {"build_id", JSON_MEMBER_STRING, offsetof(struct watcher_identity, build_id)},
    {"program", JSON_MEMBER_STRING, offsetof(struct watcher_identity, program)},
    {NULL},
};

static const struct json_member module_members[] = {
    {"name", JSON_MEMBER_STRING, offsetof(struct identity_module, name)},
    {"path", JSON_MEMBER_STRING, offsetof(struct identity_module, path)},
    {"version", JSON_MEMBER_STRING, offsetof(struct identity_module, version)},
    {"build_id", JSON_MEMBER_STRING, offsetof(struct identity_module, build_id)},
    {NULL},
};

char *program_path(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length < 0)
        return NULL;
    path[length] = '\0';
    return memory_string(path);
}

static char *file_in(const char *folder)
{
    return memory_format("%s/watcher.json", folder);
}

/* ---- writing */

static void add_modules(struct json_object *array, const struct config_module *modules,
                        size_t count)
{
    static const char *const keys[] = {"path", "version", "build_id"};

    for (size_t i = 0; i < count; i++) {
        struct json_object *module;

        if (!modules[i].description)
            continue;
        module = json_object_new_object();
        json_object_object_add(module, "name", json_object_new_string(modules[i].name));
        for (size_t j = 0; j < sizeof(keys) / sizeof(*keys); j++)
            json_object_object_add(
                module, keys[j],
                json_object_get(json_object_object_get(modules[i].description, keys[j])));
        json_object_array_add(array, module);
    }
}

int watcher_identity_write(const char *folder, const struct config *config, int64_t now_ns,
                           char **ret_error)
{
    CLEANUP_JSON struct json_object *object = json_object_new_object();
    struct json_object *modules = json_object_new_array();
    CLEANUP_FREE char *path = file_in(folder);
    CLEANUP_FREE char *build_id = build_id_of("");
    CLEANUP_FREE char *program = program_path();
    char version[] = PACKAGE_VERSION;
    const struct watcher_identity identity = {
        .pid = getpid(),
        .started_ns = now_ns,
        .version = version,
        .build_id = build_id,
        .program = program,
    };

    json_object_object_add(object, "schema", json_object_new_string(SCHEMA "/1"));
    json_members_write(members, &identity, object);
    add_modules(modules, config->collectors, config->collector_count);
    add_modules(modules, config->sinks, config->sink_count);
    json_object_object_add(object, "modules", modules);
    return json_file_write(path, object, ret_error);
}

/* ---- reading */

static bool take_modules(struct json_object *object, struct watcher_identity *identity)
{
    struct json_object *array = json_object_object_get(object, "modules");

    if (!json_object_is_type(array, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *element = json_object_array_get_idx(array, i);
        struct identity_module *module;

        if (!json_object_is_type(element, json_type_object))
            return false;
        memory_grow(&identity->modules, identity->module_count, &identity->module_capacity,
                    sizeof(*identity->modules));
        module = &identity->modules[identity->module_count++];
        *module = (struct identity_module){0};
        if (!json_members_read(module_members, element, module) || !module->name || !module->path)
            return false;
    }
    return true;
}

int watcher_identity_read(const char *folder, struct watcher_identity **ret, char **ret_error)
{
    CLEANUP_JSON struct json_object *object = NULL;
    CLEANUP_FREE char *path = file_in(folder);
    struct watcher_identity *identity;
    int error = json_file_read(path, FILE_MAX, SCHEMA, SCHEMA_VERSION, &object, ret_error);

    if (error)
        return error;
    identity = memory_zeroed(1, sizeof(*identity));
    identity->pid = identity->started_ns = -1;
    if (json_members_read(members, object, identity) && identity->version &&
        take_modules(object, identity)) {
        *ret = identity;
        return 0;
    }
    watcher_identity_free(identity);
    *ret_error = memory_format("%s: is damaged: a member is missing or not what it must be", path);
    return -EBADMSG;
}

void watcher_identity_free(struct watcher_identity *identity)
{
    if (!identity)
        return;
    json_members_free(members, identity);
    for (size_t i = 0; i < identity->module_count; i++)
        json_members_free(module_members, &identity->modules[i]);
    free(identity->modules);
    free(identity);
}
