#include "run-settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "render-command.h"

void run_settings_free(struct run_settings *settings)
{
    for (size_t i = 0; i < settings->host_count; i++)
        free(settings->hosts[i]);
    for (size_t i = 0; i < settings->env_count; i++)
        free(settings->cypress_env[i]);
    free(settings->hosts);
    free(settings->cypress_env);
    free(settings->build);
    free(settings->template_name);
    free(settings->plugin);
    free(settings->config_family);
    free(settings->migration_style);
    free(settings->scope_description);
    free(settings->template_command);
    *settings = (struct run_settings){0};
}

bool run_settings_add_hosts(struct run_settings *settings, const char *list)
{
    CLEANUP_FREE char *copy = memory_string(list);
    char *cursor = copy, *name;

    while ((name = strsep(&cursor, ","))) {
        if (!*name)
            return false;
        memory_grow(&settings->hosts, settings->host_count, &settings->host_capacity,
                    sizeof(*settings->hosts));
        settings->hosts[settings->host_count++] = memory_string(name);
    }
    return true;
}

bool run_settings_add_env(struct run_settings *settings, const char *assignment)
{
    const char *equals = strchr(assignment, '=');

    if (!equals || equals == assignment)
        return false;
    /* One place more than counted is kept, for the NULL at the end. */
    memory_grow(&settings->cypress_env, settings->env_count + 1, &settings->env_capacity,
                sizeof(*settings->cypress_env));
    settings->cypress_env[settings->env_count++] = memory_string(assignment);
    settings->cypress_env[settings->env_count] = NULL;
    return true;
}

/* ---- the environment */

static void warn_about(const char *variable, const char *value, const char *expected)
{
    log_warning("environment variable %s: expected %s, got \"%s\"; it counts as not set", variable,
                expected, value);
}

/* NULL: not set. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static void fill(char **place, const char *word)
{
    if (!*place)
        *place = memory_string(word);
}

static void add_plugin(struct run_settings *settings)
{
    static const char name[] = "ATVM_WATCHER_INTEGRATION_PLUGIN";
    const char *word = variable(name);

    if (word && !run_settings_plugin_is_known(word))
        warn_about(name, word, "fc, iscsi or both");
    else
        fill(&settings->plugin, word);
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcasecmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static void add_categorized(struct run_settings *settings)
{
    static const char name[] = "ATVM_WATCHER_CATEGORIZED";
    static const char *const yes[] = {"1", "true", "yes", "on", NULL};
    static const char *const no[] = {"0", "false", "no", "off", NULL};
    const char *word = variable(name);

    if (word && is_one_of(word, yes))
        settings->categorized = true;
    else if (word && !is_one_of(word, no))
        warn_about(name, word, "1 or 0");
}

/* What the template command says is what the specs were made with. */
static void add_from_command(struct run_settings *settings)
{
    struct command_option *options = NULL;
    struct obstack memory;
    size_t count;

    if (!settings->template_command)
        return;
    obstack_init(&memory);
    count = command_options(&memory, command_unwrap(&memory, settings->template_command), &options);
    for (size_t i = 0; i < count; i++) {
        if (!options[i].value)
            continue;
        if (strcmp(options[i].name, "--template") == 0)
            fill(&settings->template_name, options[i].value);
        else if (strcmp(options[i].name, "--use_specified_plugin") == 0 &&
                 run_settings_plugin_is_known(options[i].value))
            fill(&settings->plugin, options[i].value);
    }
    obstack_free(&memory, NULL);
}

void run_settings_add_environment(struct run_settings *settings)
{
    fill(&settings->template_name, variable("ATVM_WATCHER_TEMPLATE"));
    fill(&settings->config_family, variable("ATVM_WATCHER_CONFIG_FAMILY"));
    fill(&settings->migration_style, variable("ATVM_WATCHER_MIGRATION_STYLE"));
    fill(&settings->scope_description, variable("ATVM_WATCHER_SCOPE_DESCRIPTION"));
    fill(&settings->template_command, variable("ATVM_WATCHER_TEMPLATE_COMMAND"));
    add_plugin(settings);
    add_categorized(settings);
    add_from_command(settings);
}

/* ---- what `start` hands on */

static void add_handed_on_hosts(struct run_settings *settings)
{
    static const char name[] = "ATVM_WATCHER_HOSTS";
    const char *list = variable(name);

    if (list && settings->host_count == 0 && !run_settings_add_hosts(settings, list))
        warn_about(name, list, "names separated by commas");
}

static void add_handed_on_env(struct run_settings *settings)
{
    static const char name[] = "ATVM_WATCHER_CYPRESS_ENV";
    const char *list = settings->env_count == 0 ? variable(name) : NULL;
    CLEANUP_FREE char *copy = memory_string(list);
    char *cursor = copy, *assignment;

    while ((assignment = strsep(&cursor, ",")))
        if (!run_settings_add_env(settings, assignment))
            warn_about(name, assignment, "KEY=VALUE");
}

void run_settings_add_handed_on(struct run_settings *settings)
{
    static const char since[] = "ATVM_WATCHER_SINCE";
    const char *epoch = variable(since);

    add_handed_on_hosts(settings);
    add_handed_on_env(settings);
    if (epoch && settings->since_ns < 0 && !run_settings_parse_epoch(epoch, &settings->since_ns)) {
        warn_about(since, epoch, "seconds since 1970-01-01 UTC");
        settings->since_ns = -1;
    }
}

/* ---- single words */

bool run_settings_plugin_is_known(const char *word)
{
    return strcmp(word, "fc") == 0 || strcmp(word, "iscsi") == 0 || strcmp(word, "both") == 0;
}

bool run_settings_parse_epoch(const char *text, int64_t *ret_ns)
{
    int64_t seconds = 0, fraction = 0, unit = NS_PER_SECOND;
    const char *digit = text;

    for (; *digit >= '0' && *digit <= '9'; digit++) {
        if (seconds > INT64_MAX / NS_PER_SECOND / 10 - 10)
            return false;
        seconds = seconds * 10 + (*digit - '0');
    }
    if (digit == text)
        return false;
    if (*digit == '.')
        for (digit++; *digit >= '0' && *digit <= '9'; digit++) {
            unit /= 10;
            fraction += unit * (*digit - '0');
        }
    *ret_ns = seconds * NS_PER_SECOND + fraction;
    return *digit == '\0';
}

void run_settings_to_policy(const struct run_settings *settings, const struct config *config,
                            struct policy *ret)
{
    const struct config_template *template = config_find_template(config, settings->template_name);

    *ret = (struct policy){
        .build = settings->build,
        .categorized = settings->categorized,
        .hosts = (const char *const *)settings->hosts,
        .host_count = settings->host_count,
        .since_ns = settings->since_ns,
        .start_grace_ns = config->start_grace_ns,
        .hang_after_ns = config->hang_after_ns,
        .stuck_after_ns = config->stuck_after_ns,
        .on_conflict = config->on_conflict,
        .cancelled = settings->cancelled,
        .flow = template ? (const char *const *)template->flow : NULL,
        .flow_count = template ? template->flow_count : 0,
    };
    for (int i = 0; i < QUESTION_COUNT; i++) {
        ret->precedence[i] = (const char *const *)config->precedence[i];
        ret->precedence_count[i] = config->precedence_count[i];
    }
}

void run_settings_to_collect(const struct run_settings *settings, const struct config *config,
                             struct collect_run *ret, char **ret_config_path)
{
    const char *name = config->cypress_config;

    *ret_config_path =
        *name == '/' ? memory_string(name) : memory_format("%s/%s", config->automation_root, name);
    *ret = (struct collect_run){
        .build = settings->build,
        .categorized = settings->categorized,
        .automation_root = config->automation_root,
        .run_log = config->run_log,
        .launch_log = config->launch_log,
        .cypress_config = *ret_config_path,
        .template_name = settings->template_name,
        .plugin = settings->plugin,
        .cypress_env = (const char *const *)settings->cypress_env,
        .since_ns = settings->since_ns,
    };
}
