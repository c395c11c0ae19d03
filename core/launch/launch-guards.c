#include "launch-guards.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "run-settings.h"

struct guarding {
    const struct launch_request *request;
    const struct config *config;
    struct obstack *memory;
    struct launch_plan *plan;
    const char *error;
};

static int refuse(struct guarding *guarding, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct guarding *guarding, int error, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    guarding->error = memory_string_in(guarding->memory, text);
    free(text);
    return error;
}

/* ---------------------------------------------------------------- options as such */

/* Options that the guards read: they must be found, wherever they stand. */
static const struct {
    const char *name;
    bool may_repeat;
} guarded[] = {
    {OPTION_TEMPLATE_NAME, false}, {OPTION_VMS, false},         {OPTION_CONTAINS, true},
    {OPTION_EXCLUDE, false},       {OPTION_PLUGIN_NAME, false}, {OPTION_INTEGRATION, false},
    {OPTION_CATEGORIZED, true},
};
#define GUARDED_COUNT (sizeof(guarded) / sizeof(*guarded))

/* The script's own parser of options takes every unambiguous beginning of a name. */
static int check_abbreviation(struct guarding *guarding, const char *word)
{
    size_t length = strcspn(word, "=");

    if (strncmp(word, "--", 2) != 0 || length == 2)
        return 0;
    for (size_t i = 0; i < GUARDED_COUNT; i++)
        if (strncmp(word, guarded[i].name, length) == 0 && guarded[i].name[length])
            return refuse(guarding, -EINVAL,
                          "%.*s: the guards of a launch read names in full; write %s", (int)length,
                          word, guarded[i].name);
    return 0;
}

static int check_guarded(struct guarding *guarding, const char *name, bool may_repeat)
{
    const struct launch_words *words = &guarding->plan->template_command;
    struct launch_option option, again;
    bool takes_value = strcmp(name, OPTION_CATEGORIZED) != 0;

    if (!launch_words_find(words, name, 0, &option))
        return 0;
    if (!may_repeat && launch_words_find(words, name, option.index + 1, &again))
        return refuse(guarding, -EINVAL,
                      "%s stands twice in the template command, and only one would count; give it "
                      "once (names are separated by commas)",
                      name);
    if (takes_value && !option.glued && option.value_count == 0)
        return refuse(guarding, -EINVAL, "%s: a value is missing in the template command", name);
    return 0;
}

static int check_options(struct guarding *guarding)
{
    const struct launch_words *words = &guarding->plan->template_command;
    int error = 0;

    for (size_t i = 0; !error && i < words->count; i++)
        error = check_abbreviation(guarding, words->words[i]);
    for (size_t i = 0; !error && i < GUARDED_COUNT; i++)
        error = check_guarded(guarding, guarded[i].name, guarded[i].may_repeat);
    return error;
}

/* ---------------------------------------------------------------- template and plugin */

static int check_no_plugin(struct guarding *guarding)
{
    static const char *const names[] = {OPTION_PLUGIN_NAME, OPTION_INTEGRATION};
    const struct launch_words *words = &guarding->plan->template_command;
    struct launch_option option;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (launch_words_find(words, names[i], 0, &option))
            return refuse(guarding, -EINVAL,
                          "%s takes no plugin and no integration, but its template command says "
                          "%s; leave that out",
                          guarding->plan->template_name, names[i]);
    return 0;
}

static int take_plugin(struct guarding *guarding)
{
    const struct launch_words *words = &guarding->plan->template_command;
    const struct config_template *template =
        config_find_template(guarding->config, guarding->plan->template_name);
    struct launch_option option;
    const char *plugin;

    if (template && !template->takes_plugin)
        return check_no_plugin(guarding);
    if (!launch_words_find(words, OPTION_PLUGIN_NAME, 0, &option))
        return 0;
    plugin = launch_option_value(words, &option);
    if (!plugin || !run_settings_plugin_is_known(plugin))
        return refuse(guarding, -EINVAL, "%s: expected fc, iscsi or both", OPTION_PLUGIN_NAME);
    if (guarding->request->plugin && strcmp(guarding->request->plugin, plugin) != 0)
        return refuse(guarding, -EINVAL,
                      "the plugin %s was asked for, but the template command says %s; give one of "
                      "the two",
                      guarding->request->plugin, plugin);
    guarding->plan->plugin = plugin;
    return 0;
}

static int check_categorized(struct guarding *guarding)
{
    struct launch_option option;

    if (!guarding->plan->categorized &&
        launch_words_find(&guarding->plan->template_command, OPTION_CATEGORIZED, 0, &option))
        return refuse(guarding, -EINVAL,
                      "the template command says %s; give it to the launch, too, so that runner "
                      "and watcher know",
                      OPTION_CATEGORIZED);
    return 0;
}

static void take_confirmations(struct guarding *guarding)
{
    const struct config_launch *launch = &guarding->config->launch;
    struct launch_plan *plan = guarding->plan;

    for (size_t i = 0; i < launch->confirmation_count; i++) {
        const struct config_confirmation *entry = &launch->confirmations[i];

        if ((entry->template_name && strcmp(entry->template_name, plan->template_name) != 0) ||
            (entry->plugin && (!plan->plugin || strcmp(entry->plugin, plan->plugin) != 0)))
            continue;
        launch_words_add(&plan->confirmations,
                         memory_format_in(guarding->memory, "%s%s%s: %s", plan->template_name,
                                          plan->plugin ? " with plugin " : "",
                                          plan->plugin ? plan->plugin : "", entry->reason));
    }
}

/* ---------------------------------------------------------------- machines */

struct name_list_target {
    struct obstack *memory;
    struct launch_words *words;
};

static void add_name(void *user, const char *name, size_t length)
{
    struct name_list_target *target = user;

    launch_words_add(target->words, memory_bytes_in(target->memory, name, length));
}

/* All names of all options of this name. */
static void collect_names(struct guarding *guarding, const char *name, struct launch_words *ret)
{
    const struct launch_words *words = &guarding->plan->template_command;
    struct name_list_target target = {guarding->memory, ret};
    struct launch_option option;

    for (size_t start = 0; launch_words_find(words, name, start, &option); start = option.index + 1)
        launch_option_each(words, &option, add_name, &target);
}

static bool is_among(const struct launch_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->words[i], word) == 0)
            return true;
    return false;
}

static struct launch_excluded blacklisted_at(const struct guarding *guarding, size_t index)
{
    struct json_object *entry = json_object_array_get_idx(guarding->config->blacklist, index);

    return (struct launch_excluded){
        json_object_get_string(json_object_object_get(entry, "vm")),
        json_object_get_string(json_object_object_get(entry, "reason"))};
}

static int check_named(struct guarding *guarding)
{
    size_t count = json_object_array_length(guarding->config->blacklist);
    const struct launch_plan *plan = guarding->plan;

    for (size_t i = 0; i < count; i++) {
        struct launch_excluded entry = blacklisted_at(guarding, i);

        if (is_among(&plan->hosts, entry.vm) || is_among(&plan->contains, entry.vm))
            return refuse(guarding, -EPERM,
                          "%s is on the blacklist (%s); leave it out, or take it off the "
                          "blacklist in the configuration",
                          entry.vm, entry.reason);
    }
    return 0;
}

/* The value of --exclude_partial_match gets the names that it lacks; the option is added where it
 * is not there. */
static void exclude(struct guarding *guarding, const char *names)
{
    struct launch_words *words = &guarding->plan->template_command;
    struct launch_option option;

    if (!launch_words_find(words, OPTION_EXCLUDE, 0, &option)) {
        launch_words_add(words, OPTION_EXCLUDE);
        launch_words_add(words, names);
        return;
    }
    if (!option.glued)
        option.index += option.value_count;
    words->words[option.index] =
        memory_format_in(guarding->memory, "%s,%s", words->words[option.index], names);
}

static void exclude_blacklist(struct guarding *guarding)
{
    size_t count = json_object_array_length(guarding->config->blacklist);
    struct launch_plan *plan = guarding->plan;
    const char *names = NULL;

    plan->excluded = memory_array_in(guarding->memory, NULL, count, sizeof(*plan->excluded));
    for (size_t i = 0; i < count; i++) {
        struct launch_excluded entry = blacklisted_at(guarding, i);

        plan->excluded[plan->excluded_count++] = entry;
        if (is_among(&plan->exclude, entry.vm))
            continue;
        launch_words_add(&plan->exclude, entry.vm);
        names = names ? memory_format_in(guarding->memory, "%s,%s", names, entry.vm) : entry.vm;
    }
    if (names)
        exclude(guarding, names);
}

static int take_machines(struct guarding *guarding)
{
    struct launch_plan *plan = guarding->plan;
    int error;

    collect_names(guarding, OPTION_VMS, &plan->hosts);
    collect_names(guarding, OPTION_CONTAINS, &plan->contains);
    collect_names(guarding, OPTION_EXCLUDE, &plan->exclude);
    plan->broad = plan->hosts.count == 0 || plan->contains.count > 0;
    error = check_named(guarding);
    if (error)
        return error;
    if (plan->broad && json_object_array_length(guarding->config->blacklist) == 0)
        launch_words_add(&plan->notes, "no blacklist is configured: no machine is left out");
    else if (plan->broad)
        exclude_blacklist(guarding);
    return 0;
}

int launch_guards_apply(const struct launch_request *request, const struct config *config,
                        struct obstack *memory, struct launch_plan *plan, const char **ret_error)
{
    struct guarding guarding = {request, config, memory, plan, NULL};
    int error = check_options(&guarding);

    if (!error)
        error = take_plugin(&guarding);
    if (!error)
        error = check_categorized(&guarding);
    if (!error)
        error = take_machines(&guarding);
    if (!error)
        take_confirmations(&guarding);
    *ret_error = guarding.error;
    return error;
}
