/* The group `launch`: what `atvm-watcher launch` runs, and what it asks about. */
#include "config-reading.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define SECONDS INT64_C(1000000000)

#define JOURNAL "journal"

static const char *const plugins[] = {"fc", "iscsi", "both"};
#define PLUGIN_COUNT (sizeof(plugins) / sizeof(*plugins))

/* ---- what is built in ---- */

static const char *const template_command[] = {"python3", "cmc-templates.py", "--template", "%t"};
static const char *const runner_command[] = {"python3", "run-sorry-cypress.py", "--build_name",
                                             "%b"};
static const char *const default_options[] = {"--ignore_force_shutdown", "--test_partition"};
static const char *const environment[] = {"PATH", "HOME", "USER", "LOGNAME", "LANG"};

#define SET_TEXTS(texts, built_in)                                                                 \
    config_texts_set(texts, built_in, sizeof(built_in) / sizeof((built_in)[0]))

static void set_confirmation(struct config_launch *launch)
{
    launch->confirmations = memory_zeroed(1, sizeof(*launch->confirmations));
    launch->confirmation_count = 1;
    launch->confirmations[0] = (struct config_confirmation){
        .template_name = memory_string("cmc-reboot"),
        .plugin = memory_string("both"),
        .reason = memory_string("the iSCSI disks may not be attached before the services start"),
    };
}

static void set_built_in(struct config_launch *launch)
{
    SET_TEXTS(&launch->template_command, template_command);
    SET_TEXTS(&launch->runner_command, runner_command);
    SET_TEXTS(&launch->default_options, default_options);
    SET_TEXTS(&launch->environment, environment);
    launch->default_plugin = memory_string("iscsi");
    launch->template_timeout_ns = 30 * 60 * SECONDS;
    set_confirmation(launch);
}

/* ---- what was written ---- */

static void take_string(struct config_reading *reading, const struct written *written,
                        const char *what, char **place)
{
    if (!written_is_string(reading, written, what))
        return;
    free(*place);
    *place = memory_string(written->string);
}

static void read_template_command(struct config_reading *reading, const struct written *written)
{
    static const char what[] = "launch.template_command";

    if (written_is_string_list(reading, written, what))
        written_take_texts(reading, written, what, &reading->config->launch.template_command);
}

static void read_runner_command(struct config_reading *reading, const struct written *written)
{
    static const char what[] = "launch.runner_command";

    if (written_is_string_list(reading, written, what))
        written_take_texts(reading, written, what, &reading->config->launch.runner_command);
}

static void read_default_options(struct config_reading *reading, const struct written *written)
{
    written_take_texts(reading, written, "launch.default_options",
                       &reading->config->launch.default_options);
}

static void read_environment(struct config_reading *reading, const struct written *written)
{
    written_take_texts(reading, written, "launch.environment",
                       &reading->config->launch.environment);
}

static bool is_plugin(const char *word)
{
    for (size_t i = 0; i < PLUGIN_COUNT; i++)
        if (strcmp(plugins[i], word) == 0)
            return true;
    return false;
}

static void read_plugin(struct config_reading *reading, const struct written *written)
{
    if (written->type == WRITTEN_STRING && is_plugin(written->string))
        take_string(reading, written, written->name, &reading->config->launch.default_plugin);
    else
        config_problem(reading, written,
                       "launch.default_plugin: expected \"fc\", \"iscsi\" or \"both\"");
}

static void read_runner_output(struct config_reading *reading, const struct written *written)
{
    struct config_launch *launch = &reading->config->launch;

    if (written->type != WRITTEN_STRING ||
        (strcmp(written->string, JOURNAL) != 0 && written->string[0] != '/')) {
        config_problem(reading, written,
                       "launch.runner_output: expected \"" JOURNAL "\" or an absolute path");
        return;
    }
    free(launch->runner_output);
    launch->runner_output = strcmp(written->string, JOURNAL) == 0
                                ? NULL
                                : config_with_build(written->string, reading->config->build);
}

static void read_template_timeout(struct config_reading *reading, const struct written *written)
{
    int64_t duration;

    if (written->type == WRITTEN_STRING && config_parse_duration(written->string, &duration) &&
        duration >= SECONDS && duration <= 24 * 60 * 60 * SECONDS)
        reading->config->launch.template_timeout_ns = duration;
    else
        config_problem(reading, written,
                       "launch.template_timeout: expected a duration in quotes such as \"30m\", "
                       "from 1s to 24h");
}

static void read_confirmation(struct config_reading *reading, const struct written *written,
                              struct config_confirmation *confirmation)
{
    static const char what[] = "launch.confirm";
    static const char *const keys[] = {"template", "plugin", "reason"};
    char **const places[] = {&confirmation->template_name, &confirmation->plugin,
                             &confirmation->reason};

    if (!written_is_group(reading, written, what))
        return;
    written_check_names(reading, written, keys, sizeof(keys) / sizeof(*keys), what);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const struct written *item = written_item(written, keys[i]);

        if (item)
            take_string(reading, item, keys[i], places[i]);
    }
    if (!written_item(written, "reason"))
        config_problem(reading, written, "%s: an entry without reason; add reason = \"…\"", what);
    if (confirmation->plugin && !is_plugin(confirmation->plugin))
        config_problem(reading, written, "%s: plugin: expected \"fc\", \"iscsi\" or \"both\"",
                       what);
}

static void free_confirmations(struct config_launch *launch)
{
    for (size_t i = 0; i < launch->confirmation_count; i++) {
        free(launch->confirmations[i].template_name);
        free(launch->confirmations[i].plugin);
        free(launch->confirmations[i].reason);
    }
    free(launch->confirmations);
    launch->confirmations = NULL;
    launch->confirmation_count = 0;
}

/* An empty list is one, too: nothing is asked about twice. */
static void read_confirmations(struct config_reading *reading, const struct written *written)
{
    struct config_launch *launch = &reading->config->launch;

    if (written->type != WRITTEN_LIST) {
        config_problem(reading, written, "launch.confirm: expected a list, got %s",
                       written_type_name(written));
        return;
    }
    free_confirmations(launch);
    launch->confirmations = memory_zeroed(written->count, sizeof(*launch->confirmations));
    launch->confirmation_count = written->count;
    for (size_t i = 0; i < written->count; i++)
        read_confirmation(reading, &written->items[i], &launch->confirmations[i]);
}

static const struct {
    const char *name;
    void (*read)(struct config_reading *reading, const struct written *written);
} settings[] = {
    {"template_command", read_template_command}, {"runner_command", read_runner_command},
    {"default_options", read_default_options},   {"default_plugin", read_plugin},
    {"environment", read_environment},           {"runner_output", read_runner_output},
    {"template_timeout", read_template_timeout}, {"confirm", read_confirmations},
};
#define SETTING_COUNT (sizeof(settings) / sizeof(*settings))

void config_apply_launch(struct config_reading *reading, const struct written *written)
{
    const char *names[SETTING_COUNT];

    set_built_in(&reading->config->launch);
    if (!written || !written_is_group(reading, written, "launch"))
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct written *item = written_item(written, settings[i].name);

        names[i] = settings[i].name;
        if (item)
            settings[i].read(reading, item);
    }
    written_check_names(reading, written, names, SETTING_COUNT, "launch");
}

void config_free_launch(struct config_launch *launch)
{
    config_texts_clear(&launch->template_command);
    config_texts_clear(&launch->runner_command);
    config_texts_clear(&launch->default_options);
    config_texts_clear(&launch->environment);
    free(launch->default_plugin);
    free(launch->runner_output);
    free_confirmations(launch);
}
