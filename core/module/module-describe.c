#include <json-c/json.h>

#include "build-id.h"
#include "cleanup.h"
#include "memory.h"
#include "module-options.h"
#include "module.h"
#include "option.h"

struct need_name {
    uint32_t need;
    const char *name;
};

static const struct need_name need_names[] = {
    {ATVM_NEED_FILES, "files"},     {ATVM_NEED_PROCESSES, "processes"},
    {ATVM_NEED_NETWORK, "network"}, {ATVM_NEED_UNIX_SOCKET, "unix-socket"},
    {ATVM_NEED_WRITE, "write"},
};

static void add_string(struct json_object *object, const char *key, const char *value)
{
    json_object_object_add(object, key, json_object_new_string(value ? value : ""));
}

static struct json_object *needs_to_json(uint32_t needs)
{
    struct json_object *names = json_object_new_array();

    for (size_t i = 0; i < sizeof(need_names) / sizeof(*need_names); i++) {
        if (needs & need_names[i].need)
            json_object_array_add(names, json_object_new_string(need_names[i].name));
    }
    return names;
}

static struct json_object *options_to_json(const struct module_options *options)
{
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < options->count; i++) {
        struct atvm_option option = module_option(options, i);

        json_object_array_add(list, option_to_json(&option));
    }
    return list;
}

static const char *format_name(int32_t format)
{
    switch (format) {
    case ATVM_FORMAT_MARKDOWN:
        return "markdown";
    case ATVM_FORMAT_JSON:
        return "json";
    default:
        return "text";
    }
}

static void add_collector(struct json_object *object, const struct atvm_collector *collector)
{
    struct module_options options = {collector->options, collector->option_count,
                                     collector->option_stride};

    add_string(object, "version", collector->version);
    add_string(object, "summary", collector->summary);
    json_object_object_add(object, "needs", needs_to_json(collector->needs));
    json_object_object_add(object, "options", options_to_json(&options));
}

static void add_sink(struct json_object *object, const struct atvm_sink *sink)
{
    struct module_options options = {sink->options, sink->option_count, sink->option_stride};

    add_string(object, "version", sink->version);
    add_string(object, "summary", sink->summary);
    json_object_object_add(object, "needs", needs_to_json(sink->needs));
    json_object_object_add(object, "options", options_to_json(&options));
    add_string(object, "format", format_name(sink->format));
    json_object_object_add(object, "limit_bytes", json_object_new_int64(sink->limit_bytes));
    json_object_object_add(object, "limit_characters",
                           json_object_new_int64(sink->limit_characters));
    json_object_object_add(object, "confirm", json_object_new_boolean(sink->confirm != NULL));
}

struct json_object *module_describe(const struct module *module)
{
    bool is_collector = module->kind == ATVM_KIND_COLLECTOR;
    const struct atvm_head *head = is_collector ? &module->collector.head : &module->sink.head;
    CLEANUP_FREE char *abi = memory_format("%u.%u", head->abi_major, head->abi_minor);
    CLEANUP_FREE char *build_id = build_id_of(module->path);
    struct json_object *object = json_object_new_object();

    add_string(object, "kind", is_collector ? "collector" : "sink");
    add_string(object, "name", is_collector ? module->collector.name : module->sink.name);
    add_string(object, "abi", abi);
    add_string(object, "path", module->path);
    json_object_object_add(object, "build_id", build_id ? json_object_new_string(build_id) : NULL);
    if (is_collector)
        add_collector(object, &module->collector);
    else
        add_sink(object, &module->sink);
    return object;
}
