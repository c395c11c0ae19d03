/* Holds the configured options against the tables of the modules. */
#include "config-modules.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config-reading.h"
#include "nearest-name.h"
#include "option.h"

struct checking {
    const struct module_inspector *inspector;
    struct config *config;
    char *errors, *warnings;
    size_t problem_count;
};

/* ---- messages ---- */

/* `option` NULL: the module as a whole. The message goes to errors or warnings as is critical. */
static void add_problem(struct checking *checking, const struct config_module *module,
                        enum atvm_kind kind, const char *option, const char *message)
{
    struct json_object *line = option ? json_object_object_get(module->lines, option) : NULL;
    char **target = module->critical ? &checking->errors : &checking->warnings;

    checking->problem_count++;
    config_add_problem(target, module->file ? module->file : "built-in configuration",
                       line ? json_object_get_int(line) : module->line, "%s \"%s\": %s",
                       kind == ATVM_KIND_COLLECTOR ? "collector" : "sink", module->name, message);
}

/* ---- options ---- */

/* The table of a description. */
struct option_list {
    struct atvm_option *options; /* strings are the description's */
    const char **names;
    size_t count;
};

static struct option_list options_of(struct json_object *description)
{
    struct json_object *array = json_object_object_get(description, "options");
    size_t length =
        json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
    struct option_list list = {memory_zeroed(length, sizeof(*list.options)),
                               memory_zeroed(length, sizeof(*list.names)), 0};

    for (size_t i = 0; i < length; i++) {
        struct atvm_option *option = &list.options[list.count];

        if (option_from_json(json_object_array_get_idx(array, i), option))
            list.names[list.count++] = option->name;
    }
    return list;
}

static bool is_named(const struct option_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0)
            return true;
    }
    return false;
}

static void check_names(struct checking *checking, const struct config_module *module,
                        enum atvm_kind kind, const struct option_list *list)
{
    json_object_iter item;

    json_object_object_foreachC(module->options, item)
    {
        CLEANUP_FREE char *advice = NULL, *message = NULL;

        if (is_named(list, item.key))
            continue;
        advice = nearest_name_advice(item.key, list->names, list->count, "its options");
        message = memory_format("there is no option \"%s\"; %s", item.key, advice);
        add_problem(checking, module, kind, item.key, message);
    }
}

/* The complete value of one option; NULL: not given and no default, or a problem was added. */
static struct json_object *complete(struct checking *checking, const struct config_module *module,
                                    enum atvm_kind kind, const struct atvm_option *option)
{
    struct json_object *written = json_object_object_get(module->options, option->name), *typed;
    CLEANUP_FREE char *error = NULL, *message = NULL;

    if (!written && option->required && option->type != ATVM_OPTION_SECRET) {
        message = memory_format("option \"%s\" is required; add it (%s)", option->name,
                                option->help ? option->help : "no help");
        add_problem(checking, module, kind, NULL, message);
        return NULL;
    }
    if (!written)
        return option_default(option);
    typed = option_typed(option, written, &error);
    if (error) {
        message = memory_format("option \"%s\": %s", option->name, error);
        add_problem(checking, module, kind, option->name, message);
    }
    return typed;
}

/* What the options will be; NULL: a problem was added. */
static struct json_object *completed_options(struct checking *checking,
                                             const struct config_module *module,
                                             enum atvm_kind kind, struct json_object *description)
{
    struct option_list list = options_of(description);
    struct json_object *completed = json_object_new_object();
    size_t problems = checking->problem_count;

    check_names(checking, module, kind, &list);
    for (size_t i = 0; i < list.count; i++) {
        struct json_object *value = complete(checking, module, kind, &list.options[i]);

        if (value)
            json_object_object_add(completed, list.options[i].name, value);
    }
    free(list.options);
    free(list.names);
    if (checking->problem_count == problems)
        return completed;
    json_object_put(completed);
    return NULL;
}

/* ---- modules ---- */

/* What an earlier instance of the same module learned; NULL: none yet. */
static struct json_object *known_description(const struct config_module *modules, size_t count,
                                             const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (modules[i].description && strcmp(modules[i].module, name) == 0)
            return json_object_get(modules[i].description);
    }
    return NULL;
}

static void check_module(struct checking *checking, enum atvm_kind kind,
                         struct config_module *modules, size_t index)
{
    struct config_module *module = &modules[index];
    struct json_object *description = known_description(modules, index, module->module), *options;
    CLEANUP_FREE char *error = NULL;

    if (!description)
        description = module_inspect(checking->inspector, module->module, kind, &error);
    if (!description) {
        add_problem(checking, module, kind, NULL, error);
        return;
    }
    options = completed_options(checking, module, kind, description);
    if (!options) {
        json_object_put(description);
        return;
    }
    config_json_with_build(options, checking->config->build);
    json_object_put(module->options);
    module->options = options;
    module->description = description;
}

static void check_list(struct checking *checking, enum atvm_kind kind,
                       struct config_module *modules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (modules[i].module && modules[i].name && !modules[i].description)
            check_module(checking, kind, modules, i);
    }
}

bool config_check_modules_with(const struct module_inspector *inspector, struct config *config,
                               char **ret_error, char **ret_warnings)
{
    struct checking checking = {inspector, config, NULL, NULL};

    check_list(&checking, ATVM_KIND_COLLECTOR, config->collectors, config->collector_count);
    check_list(&checking, ATVM_KIND_SINK, config->sinks, config->sink_count);
    if (ret_warnings)
        *ret_warnings = checking.warnings;
    else
        free(checking.warnings);
    if (checking.errors)
        *ret_error = checking.errors;
    return !checking.errors;
}

bool config_check_modules(struct config *config, char **ret_error, char **ret_warnings)
{
    return config_check_modules_with(NULL, config, ret_error, ret_warnings);
}
