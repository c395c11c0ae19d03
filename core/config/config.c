#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "config-call.h"
#include "config-reading.h"
#include "module-folder.h"

#define BUILD_NAME_MAX 200

/* ---- the file as a whole ---- */

/* Read in this order: precedence names collectors. */
static const struct section {
    const char *name;
    void (*apply)(struct config_reading *reading, const struct written *written);
} sections[] = {
    {"collectors", config_apply_collectors}, {"precedence", config_apply_precedence},
    {"sinks", config_apply_sinks},           {"retry", config_apply_retry},
    {"templates", config_apply_templates},   {"blacklist", config_apply_blacklist},
    {"launch", config_apply_launch},
};
#define SECTION_COUNT (sizeof(sections) / sizeof(*sections))
#define SETTINGS_MAX  64

static void check_first_level(struct config_reading *reading, const struct written *root)
{
    const char *names[SETTINGS_MAX + SECTION_COUNT];
    size_t count = 0;

    for (; config_known_setting(count) && count < SETTINGS_MAX; count++)
        names[count] = config_known_setting(count);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        names[count++] = sections[i].name;
    written_check_names(reading, root, names, count, NULL);
}

static void apply_file(struct config_reading *reading, const struct written *root)
{
    check_first_level(reading, root);
    for (size_t i = 0; i < root->count; i++) {
        if (config_is_setting(root->items[i].name))
            config_apply_setting(reading, &root->items[i]);
    }
}

/* The channel has a variable of its own, which stands before the file, too. */
static void apply_channel(struct config *config)
{
    const char *channel = getenv("MATTERMOST_ATVM_CHANNEL");

    for (size_t i = 0; channel && *channel && i < config->sink_count; i++) {
        struct config_module *sink = &config->sinks[i];

        if (strcmp(sink->module, "mattermost") != 0)
            continue;
        json_object_object_add(sink->options, "channel", json_object_new_string(channel));
        json_object_object_del(sink->lines, "channel");
    }
}

static void read_all(struct config_reading *reading, const char *path, bool environment)
{
    static const struct written nothing = {.type = WRITTEN_GROUP};
    const struct written *root = path ? written_read_file(reading, path) : &nothing;

    if (!root)
        return;
    reading->is_read = true;
    config_apply_defaults(reading);
    apply_file(reading, root);
    if (environment)
        config_apply_environment(reading);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        sections[i].apply(reading, written_item(root, sections[i].name));
    if (environment)
        apply_channel(reading->config);
}

static struct config *config_new(const char *path, const char *build)
{
    struct config *config = memory_zeroed(1, sizeof(*config));

    config->file = memory_string(path);
    config->build = memory_string(build);
    config->places = json_object_new_object();
    config->blacklist = json_object_new_array();
    return config;
}

/* The file to read; NULL: none. */
static const char *chosen_file(const char *path)
{
    const char *variable = getenv("ATVM_WATCHER_CONFIG");

    if (path)
        return *path ? path : NULL;
    if (variable && *variable)
        return variable;
    return access(CONFIG_DEFAULT_PATH, F_OK) == 0 ? CONFIG_DEFAULT_PATH : NULL;
}

struct config *config_load_with_mistakes(const char *path, const char *build, char **ret_problems)
{
    bool environment = !path || *path;
    const char *file = chosen_file(path);
    struct config_reading reading = {.config = config_new(file, build)};

    config_call_of(path, &reading.config->call);
    obstack_init(&reading.memory);
    if (build && !config_build_name_is_valid(build))
        config_add_problem(&reading.problems, "build", 0,
                           "\"%s\" cannot be the name of a build; use at most %d letters, digits, "
                           "\".\", \"_\" and \"-\", beginning with a letter or digit",
                           build, BUILD_NAME_MAX);
    else
        read_all(&reading, file, environment);
    obstack_free(&reading.memory, NULL);
    if (reading.problems)
        *ret_problems = reading.problems;
    if (reading.is_read)
        return reading.config;
    config_free(reading.config);
    return NULL;
}

struct config *config_load(const char *path, const char *build, char **ret_error)
{
    char *problems = NULL;
    struct config *config = config_load_with_mistakes(path, build, &problems);

    if (!problems)
        return config;
    *ret_error = problems;
    config_free(config);
    return NULL;
}

/* ---- the end of it ---- */

static void free_module(struct config_module *module)
{
    free(module->module);
    free(module->name);
    free(module->file);
    json_object_put(module->options);
    json_object_put(module->lines);
    json_object_put(module->description);
}

static void free_modules(struct config_module *modules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free_module(&modules[i]);
    free(modules);
}

void config_drop_sinks(struct config *config)
{
    free_modules(config->sinks, config->sink_count);
    config->sinks = NULL;
    config->sink_count = 0;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (int question = 0; question < QUESTION_COUNT; question++) {
        for (size_t i = 0; i < config->precedence_count[question]; i++)
            free(config->precedence[question][i]);
        free(config->precedence[question]);
    }
    free_modules(config->collectors, config->collector_count);
    free_modules(config->sinks, config->sink_count);
    json_object_put(config->places);
    config_free_templates(config);
    config_free_launch(&config->launch);
    json_object_put(config->blacklist);
    config_call_clear(&config->call);
    free(config->file);
    free(config->build);
    free(config->automation_root);
    free(config->state_root);
    free(config->run_log);
    free(config->launch_log);
    free(config->vm_inventory);
    free(config->time_zone);
    free(config->cypress_config);
    free(config);
}

/* ---- small things ---- */

void config_keep_collector(struct config *config, const char *module)
{
    struct config_module *kept = memory_zeroed(config->collector_count + 1, sizeof(*kept));
    size_t count = 0;

    for (size_t i = 0; i < config->collector_count; i++) {
        CLEANUP_FREE char *name = module_name_of_file(config->collectors[i].module);

        if (strcmp(name, module) == 0)
            kept[count++] = config->collectors[i];
        else
            free_module(&config->collectors[i]);
    }
    free(config->collectors);
    if (count == 0)
        kept[count++] = config_built_in_module(module);
    config->collectors = kept;
    config->collector_count = count;
}

void config_set_collector_option(struct config *config, const char *module, const char *option,
                                 const char *value)
{
    for (size_t i = 0; i < config->collector_count; i++) {
        struct config_module *collector = &config->collectors[i];

        if (strcmp(collector->module, module) != 0 && strcmp(collector->name, module) != 0)
            continue;
        json_object_object_add(collector->options, option, json_object_new_string(value));
        json_object_object_del(collector->lines, option);
    }
}

bool config_build_name_is_valid(const char *name)
{
    static const char alphanumeric[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char allowed[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    size_t length = strlen(name);

    return length > 0 && length <= BUILD_NAME_MAX && strchr(alphanumeric, name[0]) &&
           strspn(name, allowed) == length;
}
