/* The settings that are lists of modules, and the order in which those are believed. */
#include "config-reading.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "module-folder.h"
#include "nearest-name.h"

#define BUILT_IN "built-in configuration"

static const char *const default_collectors[] = {
    "proc", "runlog", "junit", "reporter-json", "reporter-txt", "mochawesome", "spec"};
#define DEFAULT_COLLECTOR_COUNT (sizeof(default_collectors) / sizeof(*default_collectors))

static const char default_sink[] = "stdout";

/* ---- modules ---- */

/* The two lists of modules, as they differ. */
struct module_list {
    const char *name, *element;
    struct config_module **modules;
    size_t *count;
};

/* An option's value as JSON, as the describe worker's table will be held against it. NULL: a
 * problem was added. */
static struct json_object *option_as_written(struct config_reading *reading,
                                             const struct written *written)
{
    switch (written->type) {
    case WRITTEN_STRING:
        return json_object_new_string(written->string);
    case WRITTEN_INTEGER:
        return json_object_new_int64(written->integer);
    case WRITTEN_BOOLEAN:
        return json_object_new_boolean(written->integer != 0);
    case WRITTEN_LIST:
        return written_is_string_list(reading, written, written->name)
                   ? written_strings_to_json(written)
                   : NULL;
    default:
        config_problem(reading, written,
                       "%s: expected a string, a whole number, true, false or a list of strings, "
                       "got %s",
                       written->name, written_type_name(written));
        return NULL;
    }
}

static void read_critical(struct config_reading *reading, const struct written *written,
                          struct config_module *module)
{
    if (written->type == WRITTEN_BOOLEAN)
        module->critical = written->integer != 0;
    else
        config_problem(reading, written, "critical: expected true or false without quotes, got %s",
                       written_type_name(written));
}

static void read_option(struct config_reading *reading, const struct written *written,
                        struct config_module *module)
{
    struct json_object *value = option_as_written(reading, written);

    if (!value)
        return;
    json_object_object_add(module->options, written->name, value);
    json_object_object_add(module->lines, written->name, json_object_new_int(written->line));
}

static void read_item(struct config_reading *reading, const struct written *written,
                      struct config_module *module)
{
    if (strcmp(written->name, "critical") == 0) {
        read_critical(reading, written, module);
    } else if (strcmp(written->name, "module") == 0) {
        if (written_is_string(reading, written, "module"))
            module->module = memory_string(written->string);
    } else if (strcmp(written->name, "name") == 0) {
        if (written_is_string(reading, written, "name"))
            module->name = memory_string(written->string);
    } else {
        read_option(reading, written, module);
    }
}

static void read_module(struct config_reading *reading, const struct module_list *list,
                        const struct written *written, struct config_module *module)
{
    *module = (struct config_module){
        .critical = true,
        .options = json_object_new_object(),
        .lines = json_object_new_object(),
        .file = memory_string(written->file),
        .line = written->line,
    };
    if (!written_is_group(reading, written, list->name))
        return;
    for (size_t i = 0; i < written->count; i++)
        read_item(reading, &written->items[i], module);
    if (!written_item(written, "module"))
        config_problem(reading, written, "%s: a %s without a module; add module = \"…\"",
                       list->name, list->element);
    if (!module->name && module->module)
        module->name = module_name_of_file(module->module);
    config_json_with_build(module->options, reading->config->build);
}

/* Names of instances become names of files: the same letters as for a build. */
static void check_name(struct config_reading *reading, const struct module_list *list,
                       const struct written *written, size_t index)
{
    const struct config_module *module = &(*list->modules)[index];

    if (!module->name)
        return;
    if (!config_build_name_is_valid(module->name))
        config_problem(reading, written,
                       "%s: \"%s\" cannot be a name; give one of letters, digits, \".\", \"_\" and "
                       "\"-\" with name = \"…\"",
                       list->name, module->name);
    for (size_t i = 0; i < index; i++) {
        const struct config_module *earlier = &(*list->modules)[i];

        if (earlier->name && strcmp(earlier->name, module->name) == 0) {
            config_problem(reading, written,
                           "%s: \"%s\" is there already, in line %d; give one of the two another "
                           "name with name = \"…\"",
                           list->name, module->name, earlier->line);
            return;
        }
    }
}

static void read_modules(struct config_reading *reading, const struct module_list *list,
                         const struct written *written)
{
    if (!written_is_list(reading, written, list->name))
        return;
    *list->modules = memory_zeroed(written->count, sizeof(**list->modules));
    *list->count = written->count;
    for (size_t i = 0; i < written->count; i++) {
        read_module(reading, list, &written->items[i], &(*list->modules)[i]);
        check_name(reading, list, &written->items[i], i);
    }
}

struct config_module config_built_in_module(const char *name)
{
    return (struct config_module){
        .module = memory_string(name),
        .name = memory_string(name),
        .critical = true,
        .options = json_object_new_object(),
        .lines = json_object_new_object(),
    };
}

/* What is not installed was left out on purpose by whoever packaged it. */
static void add_default_collectors(struct config *config)
{
    config->collectors = memory_zeroed(DEFAULT_COLLECTOR_COUNT, sizeof(*config->collectors));
    for (size_t i = 0; i < DEFAULT_COLLECTOR_COUNT; i++) {
        CLEANUP_FREE char *error = NULL;
        CLEANUP_FREE char *path = module_find(default_collectors[i], &error);

        if (path)
            config->collectors[config->collector_count++] =
                config_built_in_module(default_collectors[i]);
    }
}

void config_apply_collectors(struct config_reading *reading, const struct written *written)
{
    struct config *config = reading->config;
    struct module_list list = {"collectors", "collector", &config->collectors,
                               &config->collector_count};

    if (written)
        read_modules(reading, &list, written);
    else
        add_default_collectors(config);
}

void config_apply_sinks(struct config_reading *reading, const struct written *written)
{
    struct config *config = reading->config;
    struct module_list list = {"sinks", "sink", &config->sinks, &config->sink_count};

    if (written) {
        read_modules(reading, &list, written);
        return;
    }
    config->sinks = memory_zeroed(1, sizeof(*config->sinks));
    config->sinks[config->sink_count++] = config_built_in_module(default_sink);
}

/* ---- precedence ---- */

#define RANKED_MAX 5

/* Names in the configuration and the built-in orders (design section 7). */
static const struct {
    const char *name;
    const char *ranked[RANKED_MAX + 1];
} questions[QUESTION_COUNT] = {
    [QUESTION_STATUS] = {"status",
                         {"runlog", "mochawesome", "junit", "reporter-json", "reporter-txt"}},
    [QUESTION_COUNTS] = {"counts",
                         {"runlog", "mochawesome", "junit", "reporter-json", "reporter-txt"}},
    [QUESTION_STEP] = {"step", {"runlog", "reporter-json", "mochawesome", "junit", "reporter-txt"}},
    [QUESTION_EXCERPT] = {"excerpt",
                          {"runlog", "mochawesome", "reporter-json", "reporter-txt", "junit"}},
    [QUESTION_TIMING] = {"timing",
                         {"runlog", "mochawesome", "junit", "reporter-json", "reporter-txt"}},
    [QUESTION_FLOW] = {"flow", {"spec"}},
};

static void rank(struct config *config, enum question question, const char *name)
{
    size_t count = config->precedence_count[question]++;

    config->precedence[question][count] = memory_string(name);
}

static void apply_default_precedence(struct config *config, enum question question)
{
    config->precedence[question] = memory_zeroed(RANKED_MAX, sizeof(char *));
    for (size_t i = 0; questions[question].ranked[i]; i++)
        rank(config, question, questions[question].ranked[i]);
}

/* All names precedence may use: the configured instances, or without such a list in the file every
 * built-in one, so that a shared file also fits where some are not installed. */
static size_t known_collectors(const struct config *config, const char **ret_names)
{
    bool built_in = config->collector_count == 0 || !config->collectors[0].file;
    size_t count = built_in ? DEFAULT_COLLECTOR_COUNT : config->collector_count, known = 0;

    for (size_t i = 0; i < count; i++) {
        const char *name = built_in ? default_collectors[i] : config->collectors[i].name;

        if (name)
            ret_names[known++] = name;
    }
    return known;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_module(const char *name)
{
    CLEANUP_FREE char *error = NULL;
    CLEANUP_FREE char *path = module_find(name, &error);

    return path != NULL;
}

/* The collector that was meant to be `name`, a module that there is, but has one that there is not;
 * NULL: there is none, so that `name` itself is what is wrong. */
static const struct config_module *misspelt_collector(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->collector_count; i++) {
        const struct config_module *collector = &config->collectors[i];
        const char *const only[] = {collector->module};

        if (collector->module && nearest_name(name, only, 1) && !is_module(collector->module) &&
            is_module(name))
            return collector;
    }
    return NULL;
}

static void report_unknown_collector(struct config_reading *reading, const struct written *item,
                                     const char *what, const char *const *names, size_t count)
{
    const struct config_module *misspelt = misspelt_collector(reading->config, item->string);
    CLEANUP_FREE char *advice = NULL;

    if (misspelt)
        advice = memory_format("that of line %d is called \"%s\", of which there is no module: "
                               "did you mean \"%s\" there?",
                               misspelt->line, misspelt->module, item->string);
    else
        advice = nearest_name_advice(item->string, names, count, "configured are");
    config_problem(reading, item, "%s: there is no collector \"%s\"; %s", what, item->string,
                   advice);
}

static void read_ranking(struct config_reading *reading, enum question question,
                         const struct written *list)
{
    struct config *config = reading->config;
    CLEANUP_FREE char *what = memory_format("precedence.%s", questions[question].name);
    CLEANUP_FREE const char **names =
        memory_zeroed(config->collector_count + DEFAULT_COLLECTOR_COUNT, sizeof(*names));
    size_t known = known_collectors(config, names);

    if (!written_is_string_list(reading, list, what))
        return;
    config->precedence[question] = memory_zeroed(list->count, sizeof(char *));
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->items[i].string;

        if (!is_among(name, names, known)) {
            report_unknown_collector(reading, &list->items[i], what, names, known);
        } else if (is_among(name, (const char *const *)config->precedence[question],
                            config->precedence_count[question])) {
            config_problem(reading, &list->items[i], "%s: \"%s\" stands there twice; remove one",
                           what, name);
        } else {
            rank(config, question, name);
        }
    }
}

void config_apply_precedence(struct config_reading *reading, const struct written *written)
{
    const char *names[QUESTION_COUNT];

    if (written && !written_is_group(reading, written, "precedence"))
        return;
    for (int question = 0; question < QUESTION_COUNT; question++) {
        const struct written *list =
            written ? written_item(written, questions[question].name) : NULL;

        names[question] = questions[question].name;
        if (list)
            read_ranking(reading, (enum question)question, list);
        else
            apply_default_precedence(reading->config, (enum question)question);
    }
    if (written)
        written_check_names(reading, written, names, QUESTION_COUNT, "precedence");
}
