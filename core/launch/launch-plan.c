#include "launch-plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch-guards.h"
#include "nearest-name.h"
#include "render-secret.h"
#include "run-settings.h"

struct planning {
    const struct launch_request *request;
    const struct config *config;
    struct obstack *memory;
    struct launch_plan *plan;
    const char *error;
};

static int refuse(struct planning *planning, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(struct planning *planning, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    planning->error = memory_string_in(planning->memory, text);
    free(text);
    return -EINVAL;
}

/* ---------------------------------------------------------------- the words of the commands */

/* A configured word: %b, %t and %c become what they stand for. */
static const char *fill_in(const struct planning *planning, const char *word)
{
    struct obstack *memory = planning->memory;

    for (; *word; word++) {
        const char *value = NULL;

        if (word[0] == '%' && word[1] == 'b')
            value = planning->request->build;
        else if (word[0] == '%' && word[1] == 't')
            value = planning->plan->template_name;
        else if (word[0] == '%' && word[1] == 'c')
            value = planning->config->cypress_config;
        if (value)
            obstack_grow(memory, value, (int)strlen(value));
        else
            obstack_1grow(memory, *word);
        word += value ? 1 : 0;
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

static void add_configured(const struct planning *planning, struct launch_words *words,
                           const struct config_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        launch_words_add(words, fill_in(planning, texts->texts[i]));
}

static void add_option(struct launch_words *words, const char *name, const char *value)
{
    launch_words_add(words, name);
    launch_words_add(words, value);
}

/* "/root/x/" and "/root/x" are the same folder. */
static bool is_same_folder(const char *one, const char *other)
{
    size_t length = strlen(one), other_length = strlen(other);

    while (length > 1 && one[length - 1] == '/')
        length--;
    while (other_length > 1 && other[other_length - 1] == '/')
        other_length--;
    return length == other_length && strncmp(one, other, length) == 0;
}

/* The command that was given as a text. */
static int take_given_command(struct planning *planning)
{
    const char *folder, *error, *root = planning->config->automation_root;
    struct launch_words *words = &planning->plan->template_command;
    struct launch_option option;

    if (!launch_words_split(planning->memory, planning->request->template_command, words, &folder,
                            &error))
        return refuse(planning,
                      "--template-command: it is run without a shell: %s; give plain words and "
                      "quotes only",
                      error);
    if (folder && !is_same_folder(folder, root))
        return refuse(planning,
                      "--template-command: it changes to %s, but the automation root is %s; "
                      "correct one of the two (automation_root in the configuration)",
                      folder, root);
    if (!launch_words_find(words, OPTION_TEMPLATE_NAME, 0, &option))
        return 0;
    planning->plan->template_name = launch_option_value(words, &option);
    if (planning->request->template_name && planning->plan->template_name &&
        strcmp(planning->request->template_name, planning->plan->template_name) != 0)
        return refuse(planning, "--template %s: the template command says %s; give one of the two",
                      planning->request->template_name, planning->plan->template_name);
    return 0;
}

static int take_template(struct planning *planning)
{
    struct launch_plan *plan = planning->plan;
    int error = planning->request->template_command ? take_given_command(planning) : 0;

    if (error)
        return error;
    if (!plan->template_name)
        plan->template_name = planning->request->template_name;
    if (!plan->template_name)
        return refuse(planning, "--template is missing; give the name of a template, such as "
                                "--template cmc-e2e");
    if (!planning->request->template_command)
        add_configured(planning, &plan->template_command,
                       &planning->config->launch.template_command);
    return 0;
}

static bool mentions_config(const struct config_texts *command)
{
    for (size_t i = 0; i < command->count; i++)
        if (strstr(command->texts[i], "%c"))
            return true;
    return false;
}

/* Else runner and watcher would not look at the same file. */
static int check_named_config(struct planning *planning)
{
    const struct config_launch *launch = &planning->config->launch;
    const char *name = planning->request->cypress_config;

    if (!name || mentions_config(&launch->runner_command))
        return 0;
    return refuse(
        planning,
        "--cypress-config %s: the runner is not told of it; put %%c for it into "
        "launch.runner_command (and launch.template_command) of the configuration, or set "
        "cypress_config there",
        name);
}

static void add_requested(struct planning *planning)
{
    const struct launch_request *request = planning->request;
    struct launch_words *words = &planning->plan->template_command;
    struct launch_option option;

    /* The same plugin in the command is no contradiction; another one is found by the guards. */
    if (request->plugin && !launch_words_find(words, OPTION_PLUGIN_NAME, 0, &option) &&
        !launch_words_find(&request->options, OPTION_PLUGIN_NAME, 0, &option))
        add_option(words, OPTION_PLUGIN_NAME, request->plugin);
    if (request->hosts)
        add_option(words, OPTION_VMS, request->hosts);
    for (size_t i = 0; i < request->contains.count; i++)
        add_option(words, OPTION_CONTAINS, request->contains.words[i]);
    for (size_t i = 0; i < request->options.count; i++)
        launch_words_add(words, request->options.words[i]);
}

/* ---------------------------------------------------------------- default options */

/* "--x y" and "x y" both name --x. */
static bool is_named(const char *unwanted, const char *option)
{
    return strcmp(unwanted + strspn(unwanted, "-"), option + strspn(option, "-")) == 0;
}

static bool is_unwanted(const struct planning *planning, const char *option)
{
    const struct launch_words *without = &planning->request->without;

    for (size_t i = 0; i < without->count; i++)
        if (is_named(without->words[i], option))
            return true;
    return false;
}

/* An element of the default options: its words, unless the first is there already. */
static void add_default(struct planning *planning, const char *element)
{
    struct launch_words *words = &planning->plan->template_command;
    char *rest = memory_string_in(planning->memory, element), *word;
    struct launch_option option;
    bool first = true;

    while ((word = strsep(&rest, " "))) {
        if (!*word)
            continue;
        if (first && (launch_words_find(words, word, 0, &option) || is_unwanted(planning, word)))
            return;
        launch_words_add(words, word);
        first = false;
    }
    if (!first)
        launch_words_add(&planning->plan->added, element);
}

struct default_options {
    const char *const *elements;
    size_t count;
    const char *plugin; /* one more; NULL: none */
};

static struct default_options defaults_of(const struct planning *planning,
                                          const struct config_template *template)
{
    const struct config_launch *launch = &planning->config->launch;
    const struct config_texts *texts = template && template->has_default_options
                                           ? &template->default_options
                                           : &launch->default_options;
    struct default_options defaults = {(const char *const *)texts->texts, texts->count, NULL};

    if (texts == &launch->default_options && (!template || template->takes_plugin))
        defaults.plugin =
            memory_format_in(planning->memory, "%s %s", OPTION_PLUGIN_NAME, launch->default_plugin);
    return defaults;
}

static bool names_a_default(const struct default_options *defaults, const char *unwanted)
{
    for (size_t i = 0; i <= defaults->count; i++) {
        const char *element = i < defaults->count ? defaults->elements[i] : defaults->plugin;
        char *name = element ? strndup(element, strcspn(element, " ")) : NULL;
        bool found = name && is_named(unwanted, name);

        free(name);
        if (found)
            return true;
    }
    return false;
}

static int add_defaults(struct planning *planning)
{
    const struct launch_words *without = &planning->request->without;
    const struct config_template *template =
        config_find_template(planning->config, planning->plan->template_name);
    struct default_options defaults = defaults_of(planning, template);

    for (size_t i = 0; i < without->count; i++)
        if (!names_a_default(&defaults, without->words[i]))
            return refuse(planning, "--without %s: %s has no such default option; leave it out",
                          without->words[i], planning->plan->template_name);
    for (size_t i = 0; i < defaults.count; i++)
        add_default(planning, defaults.elements[i]);
    if (defaults.plugin)
        add_default(planning, defaults.plugin);
    return 0;
}

/* ---------------------------------------------------------------- runner and watcher */

static void add_runner(struct planning *planning)
{
    struct launch_plan *plan = planning->plan;

    add_configured(planning, &plan->runner_command, &planning->config->launch.runner_command);
    if (plan->categorized)
        launch_words_add(&plan->runner_command, OPTION_CATEGORIZED);
    plan->runner_unit = memory_format_in(planning->memory, "atvm-run-%s.service", plan->build);
}

static void add_if_given(struct launch_words *words, const char *name, const char *value)
{
    if (value)
        add_option(words, name, value);
}

/* A comma list; in memory. */
static const char *list_of(struct obstack *memory, const struct launch_words *words)
{
    const char *list = words->words[0];

    for (size_t i = 1; i < words->count; i++)
        list = memory_format_in(memory, "%s,%s", list, words->words[i]);
    return list;
}

/* What was asked for is told where it is known beforehand; else the specPattern says it. A secret
 * of the template command is for that command only: anybody reads the watcher's command line in
 * /proc.
 */
static void add_watcher(struct planning *planning)
{
    const struct launch_request *request = planning->request;
    struct launch_plan *plan = planning->plan;
    struct launch_words *words = &plan->watcher_command;

    if (!plan->watched)
        return;
    launch_words_add(words, "atvm-watcher");
    launch_words_add(words, "start");
    add_option(words, "--build-name", plan->build);
    add_option(words, "--template", plan->template_name);
    add_if_given(words, "--integration-plugin", plan->plugin);
    add_if_given(words, "--config-family", request->config_family);
    add_if_given(words, "--migration-style", request->migration_style);
    add_if_given(words, "--scope-description", request->scope_description);
    if (plan->categorized)
        launch_words_add(words, "--categorize");
    if (!plan->broad)
        add_option(words, "--hosts", list_of(planning->memory, &plan->hosts));
    add_if_given(words, "--cypress-config", request->cypress_config);
    add_option(words, "--template-command",
               secret_mask(planning->memory,
                           launch_words_text(planning->memory, &plan->template_command)));
    add_if_given(words, "--config", request->config_path);
}

/* ---------------------------------------------------------------- the whole */

static void note_template(struct planning *planning)
{
    const struct config *config = planning->config;
    const char *names[64], *name = planning->plan->template_name, *nearest;
    size_t count = 0;

    if (config_find_template(config, name))
        return;
    for (; count < config->template_count && count < 64; count++)
        names[count] = config->templates[count].name;
    nearest = nearest_name(name, names, count);
    launch_words_add(&planning->plan->notes,
                     memory_format_in(planning->memory,
                                      "the configuration says nothing of the template %s; it gets "
                                      "what every template gets%s%s%s",
                                      name, nearest ? " (did you mean " : "",
                                      nearest ? nearest : "", nearest ? "?)" : ""));
}

static bool is_plain(const struct launch_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        for (const char *letter = words->words[i]; *letter; letter++)
            if ((unsigned char)*letter < ' ' || *letter == '\x7f')
                return false;
    return true;
}

static int make(struct planning *planning)
{
    struct launch_plan *plan = planning->plan;
    int error = check_named_config(planning);

    if (!error)
        error = take_template(planning);
    if (!error)
        add_requested(planning);
    if (!error)
        error = add_defaults(planning);
    if (!error && !is_plain(&plan->template_command))
        error = refuse(planning, "the template command holds a control character; leave it out");
    if (!error)
        error = launch_guards_apply(planning->request, planning->config, planning->memory, plan,
                                    &planning->error);
    if (error)
        return error;
    add_runner(planning);
    add_watcher(planning);
    note_template(planning);
    if (!is_plain(&plan->watcher_command))
        return refuse(planning, "what is told to the watcher holds a control character; leave it "
                                "out of family, style and description");
    return 0;
}

int launch_plan_make(const struct launch_request *request, const struct config *config,
                     struct obstack *memory, struct launch_plan *ret, const char **ret_error)
{
    struct planning planning = {request, config, memory, ret, NULL};
    const char *name = config->cypress_config;
    int error;

    *ret = (struct launch_plan){
        .build = request->build,
        .categorized = request->categorized,
        .watched = !request->no_watcher,
        .working_directory = config->automation_root,
        .cypress_config =
            *name == '/' ? name : memory_format_in(memory, "%s/%s", config->automation_root, name),
        .launch_log = config->launch_log,
        .runner_output = config->launch.runner_output,
    };
    error = make(&planning);
    *ret_error = planning.error;
    return error;
}

void launch_plan_clear(struct launch_plan *plan)
{
    struct launch_words *const all[] = {&plan->template_command,
                                        &plan->runner_command,
                                        &plan->watcher_command,
                                        &plan->hosts,
                                        &plan->contains,
                                        &plan->exclude,
                                        &plan->added,
                                        &plan->confirmations,
                                        &plan->notes};

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        launch_words_free(all[i]);
    *plan = (struct launch_plan){0};
}
