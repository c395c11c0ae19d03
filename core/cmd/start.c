/* `atvm-watcher start`: begins to watch a run as a service. */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "config.h"
#include "durable-file.h"
#include "json-file.h"
#include "log.h"
#include "memory.h"
#include "run-settings.h"
#include "start-environment.h"
#include "start-obstacle.h"
#include "state-aside.h"
#include "state.h"
#include "unit-control.h"
#include "watch-command.h"
#include "watch.h"

/* Longer than the unit may take until it is ready. */
#define READY_TIMEOUT_NS (11 * 60 * NS_PER_SECOND)

struct start {
    struct run_settings settings;
    const char *config_path;    /* as given; NULL: the default one */
    char *absolute_config_path; /* NULL: the default one */
    struct config *config;
    struct unit_control *units;
    char *environment; /* what run.env is to hold */
    int64_t now_ns;
    char *state_aside, *log_aside; /* where the earlier run's were moved; NULL: there were none */
};

/* ---------------------------------------------------------------- the command line */

enum {
    OPTION_CONFIG = 'c',
    OPTION_BUILD_NAME = 256,
    OPTION_TEMPLATE,
    OPTION_CONFIG_FAMILY,
    OPTION_MIGRATION_STYLE,
    OPTION_PLUGIN,
    OPTION_CATEGORIZE,
    OPTION_SCOPE_DESCRIPTION,
    OPTION_TEMPLATE_COMMAND,
    OPTION_HOSTS,
    OPTION_CYPRESS_CONFIG,
    OPTION_CYPRESS_ENV,
    OPTION_SINCE
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"build-name", required_argument, NULL, OPTION_BUILD_NAME},
    {"template", required_argument, NULL, OPTION_TEMPLATE},
    {"config-family", required_argument, NULL, OPTION_CONFIG_FAMILY},
    {"migration-style", required_argument, NULL, OPTION_MIGRATION_STYLE},
    {"integration-plugin", required_argument, NULL, OPTION_PLUGIN},
    {"categorize", no_argument, NULL, OPTION_CATEGORIZE},
    {"scope-description", required_argument, NULL, OPTION_SCOPE_DESCRIPTION},
    {"template-command", required_argument, NULL, OPTION_TEMPLATE_COMMAND},
    {"hosts", required_argument, NULL, OPTION_HOSTS},
    {"cypress-config", required_argument, NULL, OPTION_CYPRESS_CONFIG},
    {"cypress-env", required_argument, NULL, OPTION_CYPRESS_ENV},
    {"since", required_argument, NULL, OPTION_SINCE},
    {NULL, 0, NULL, 0},
};

static void keep_word(char **place, const char *word)
{
    free(*place);
    *place = memory_string(word);
}

/* Options whose value can be wrong. */
static int take_checked_option(struct start *start, int option)
{
    struct run_settings *settings = &start->settings;
    const struct command *command = &command_start;

    switch (option) {
    case OPTION_PLUGIN:
        if (!run_settings_plugin_is_known(optarg))
            return command_usage_error(
                command, "--integration-plugin %s: expected fc, iscsi or both", optarg);
        keep_word(&settings->plugin, optarg);
        break;
    case OPTION_HOSTS:
        if (!run_settings_add_hosts(settings, optarg))
            return command_usage_error(command, "--hosts %s: expected names separated by commas",
                                       optarg);
        break;
    case OPTION_CYPRESS_ENV:
        if (!run_settings_add_env(settings, optarg))
            return command_usage_error(command, "--cypress-env %s: expected KEY=VALUE", optarg);
        break;
    case OPTION_CYPRESS_CONFIG:
        /* As if it had been set in the shell, which becomes the run's own. */
        if (setenv("ATVM_WATCHER_CYPRESS_CONFIG", optarg, 1) < 0)
            return command_usage_error(command, "--cypress-config %s: %s", optarg, strerror(errno));
        break;
    case OPTION_SINCE:
        if (!run_settings_parse_epoch(optarg, &settings->since_ns))
            return command_usage_error(command, "--since %s: expected seconds since 1970-01-01 UTC",
                                       optarg);
        break;
    default:
        break;
    }
    return COMMAND_OK;
}

static int take_option(struct start *start, int option)
{
    struct run_settings *settings = &start->settings;

    switch (option) {
    case OPTION_CONFIG:
        start->config_path = optarg;
        break;
    case OPTION_BUILD_NAME:
        keep_word(&settings->build, optarg);
        break;
    case OPTION_TEMPLATE:
        keep_word(&settings->template_name, optarg);
        break;
    case OPTION_CONFIG_FAMILY:
        keep_word(&settings->config_family, optarg);
        break;
    case OPTION_MIGRATION_STYLE:
        keep_word(&settings->migration_style, optarg);
        break;
    case OPTION_SCOPE_DESCRIPTION:
        keep_word(&settings->scope_description, optarg);
        break;
    case OPTION_TEMPLATE_COMMAND:
        keep_word(&settings->template_command, optarg);
        break;
    case OPTION_CATEGORIZE:
        settings->categorized = true;
        break;
    default:
        return take_checked_option(start, option);
    }
    return COMMAND_OK;
}

static int check_build(const struct start *start)
{
    if (!start->settings.build)
        return command_usage_error(&command_start, "expected the name of a build (--build-name)");
    return command_check_build(&command_start, start->settings.build);
}

/* -1: help was shown. */
static int parse(struct start *start, int argc, char **argv)
{
    int option, status;

    while ((option = command_next_option(&command_start, argc, argv, "c:", options)) >= 0) {
        status = take_option(start, option);
        if (status != COMMAND_OK)
            return status;
    }
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    if (optind < argc && !start->settings.build)
        keep_word(&start->settings.build, argv[optind++]);
    if (optind < argc)
        return command_too_many(&command_start, argv[optind]);
    return check_build(start);
}

/* ---------------------------------------------------------------- before anything is changed */

/* What is set in the shell and in the common file becomes the run's own. */
static int take_environment(struct start *start)
{
    CLEANUP_FREE char *error = NULL;

    if (start_environment_load(START_ENVIRONMENT_FILE, &error) < 0)
        log_warning("%s; what it sets does not count for this run", error);
    run_settings_add_environment(&start->settings);
    if (!start->config_path)
        start->config_path = getenv("ATVM_WATCHER_CONFIG");
    if (!start->config_path || !*start->config_path)
        return COMMAND_OK;
    start->absolute_config_path = realpath(start->config_path, NULL);
    if (start->absolute_config_path)
        return COMMAND_OK;
    log_error("%s: %s; check the path of the configuration", start->config_path, strerror(errno));
    return COMMAND_USAGE;
}

/* The unit may have been changed for it, which only the service manager knows. */
static void warn_about_state_root(const struct config *config)
{
    if (strcmp(config->state_root, UNIT_STATE_ROOT) != 0)
        log_warning("state_root is %s, but the unit, as it is installed, reads run.env in %s and "
                    "may write only there: see the EnvironmentFile= and StateDirectory= of "
                    "`systemctl cat 'atvm-run-watcher@%s.service'`",
                    config->state_root, UNIT_STATE_ROOT, config->build);
}

/* The watcher would say the same, but after the earlier run had been moved aside. */
static int configure(struct start *start)
{
    CLEANUP_FREE char *error = NULL, *warnings = NULL;

    start->config = config_load(start->absolute_config_path, start->settings.build, &error);
    if (!start->config || !config_check_root(start->config, &error) ||
        !config_check_modules(start->config, &error, &warnings)) {
        log_error("%s", error);
        return COMMAND_USAGE;
    }
    if (warnings)
        log_warning("%s", warnings);
    if (config_check_state_root(start->config, &error) < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    warn_about_state_root(start->config);
    start->environment =
        start_environment_text(&start->settings, start->absolute_config_path, &error);
    if (start->environment)
        return COMMAND_OK;
    log_error("%s", error);
    return COMMAND_USAGE;
}

static void log_lines(const char *text)
{
    CLEANUP_FREE char *copy = memory_string(text);
    char *rest = copy, *line;

    while ((line = strsep(&rest, "\n")))
        log_error("%s", line);
}

static int look_for_obstacles(struct start *start)
{
    CLEANUP_FREE char *error = NULL;
    CLEANUP_FREE char *by_hand = config_command(start->config, "run %s", start->settings.build);
    int status = unit_control_open(&start->units, &error);

    if (status == -ENOTCONN) {
        log_error("%s; elsewhere, run the watcher itself: `%s`", error, by_hand);
        return COMMAND_STATE;
    }
    if (status == 0)
        status = start_obstacle(start->config, start->settings.build, NULL, start->units, &error);
    if (status < 0)
        log_lines(error);
    if (status == -EBUSY)
        return WATCH_BUSY;
    return status == 0 ? COMMAND_OK : COMMAND_STATE;
}

/* ---------------------------------------------------------------- making room and starting */

static int write_environment(const struct start *start, char **ret_error)
{
    CLEANUP_FREE char *folder =
        memory_format("%s/%s", start->config->state_root, start->settings.build);
    CLEANUP_FREE char *path = memory_format("%s/run.env", folder);
    int error = durable_make_folders(folder, STATE_FOLDER_MODE, ret_error);

    return error ? error
                 : durable_write(path, start->environment, strlen(start->environment),
                                 JSON_FILE_MODE, ret_error);
}

/* "closed as FAILED"; free() it. */
static char *standing_of_earlier(const struct start *start)
{
    CLEANUP_FREE char *ignored = NULL;
    struct state *state = NULL;
    char *standing;

    if (state_open(start->config->state_root, start->settings.build, STATE_LOOK, start->now_ns,
                   &state, &ignored) < 0)
        return memory_string("of which nothing can be read");
    standing = scope_state_is_closed(&state->run)
                   ? memory_format("closed as %s", run_state_name(state->run.state))
                   : memory_string("which was not closed");
    state_close(state);
    return standing;
}

/* At once: what comes next may fail. */
static void say_what_was_moved(const struct start *start, const char *standing)
{
    const char *build = start->settings.build, *aside = start->state_aside;
    CLEANUP_FREE char *report = memory_format("%s/report.txt", aside ? aside : "");
    bool has_report = aside && access(report, F_OK) == 0;

    if (aside)
        log_notice("%s: an earlier run of this name, %s, was moved aside to %s%s%s", build,
                   standing, aside, has_report ? "; what came of it: " : "",
                   has_report ? report : "");
    if (start->log_aside)
        log_notice("%s: its log was moved aside to %s", build, start->log_aside);
}

static int make_room(struct start *start)
{
    CLEANUP_FREE char *error = NULL, *standing = standing_of_earlier(start);
    int status = state_move_aside(start->config->state_root, start->settings.build, start->now_ns,
                                  &start->state_aside, &error);

    if (status == 0)
        status = log_move_aside(start->config->run_log, start->now_ns, &start->log_aside, &error);
    say_what_was_moved(start, standing);
    if (status == 0)
        status = write_environment(start, &error);
    if (status == 0)
        return COMMAND_OK;
    log_error("%s", error);
    return status == -EBUSY ? WATCH_BUSY : COMMAND_STATE;
}

static int start_unit(const struct start *start)
{
    CLEANUP_FREE char *unit = unit_of_watcher(start->settings.build);
    CLEANUP_FREE char *error = NULL;

    if (unit_start(start->units, unit, READY_TIMEOUT_NS, &error) == 0)
        return COMMAND_OK;
    log_error("%s", error);
    return COMMAND_FAILED;
}

static void say_started(const struct start *start)
{
    const char *build = start->settings.build;
    CLEANUP_FREE char *unit = unit_of_watcher(build);
    CLEANUP_FREE char *look = config_command(start->config, "status %s --follow", build);
    CLEANUP_FREE char *cancel = config_command(start->config, "cancel --build-name %s", build);

    printf("%s: watched by %s\n", build, unit);
    printf("  how it stands:            %s\n", look);
    printf("  what the watcher says:    journalctl -u '%s'\n", unit);
    printf("  end it without a post:    %s\n", cancel);
}

static int start_main(int argc, char **argv)
{
    struct start start = {.settings.since_ns = -1, .now_ns = clock_ns(CLOCK_REALTIME)};
    int status = parse(&start, argc, argv);

    if (status == COMMAND_OK && start.settings.since_ns < 0)
        start.settings.since_ns = start.now_ns;
    if (status == COMMAND_OK)
        status = take_environment(&start);
    if (status == COMMAND_OK)
        status = configure(&start);
    if (status == COMMAND_OK)
        status = look_for_obstacles(&start);
    if (status == COMMAND_OK)
        status = make_room(&start);
    if (status == COMMAND_OK)
        status = start_unit(&start);
    if (status == COMMAND_OK)
        say_started(&start);
    unit_control_close(start.units);
    config_free(start.config);
    run_settings_free(&start.settings);
    free(start.absolute_config_path);
    free(start.environment);
    free(start.state_aside);
    free(start.log_aside);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_start = {
    .name = "start",
    .summary = "watch a run as a service, before its runner is started",
    .usage =
        "Usage: atvm-watcher start --build-name BUILD [OPTION]…\n\n"
        "Starts atvm-run-watcher@BUILD.service and waits until it is ready; start the runner "
        "after\n"
        "that. What an earlier run of that name left is kept, and it is said where: its state in\n"
        "the folder history/ of the new one's, with its report, its log beside the old name. "
        "Refuses while a runner, a watcher or an\n"
        "unsettled post of BUILD exists (neither delivered nor dropped), and says what settles\n"
        "it.\n\n"
        "      --build-name BUILD         the name of the run\n"
        "      --template NAME            template, such as cmc-e2e\n"
        "      --config-family WORD       for the status message, as the next two\n"
        "      --migration-style WORD\n"
        "      --scope-description TEXT\n"
        "      --integration-plugin WORD  fc, iscsi or both\n"
        "      --categorize               the runner is started with --categorize: sub-runs\n"
        "      --template-command TEXT    the command that generated the specs, as one argument;\n"
        "                                 its secrets are masked before it is kept\n"
        "      --hosts A,B,…              the hosts that were asked for (default: the "
        "specPattern)\n"
        "      --cypress-config NAME      the Cypress configuration of the run (default: that of "
        "the\n"
        "                                 configuration)\n"
        "      --cypress-env K=V          a value that Cypress.env() would give; may be repeated\n"
        "      --since SECONDS            start of the run's window, since 1970 (default: now)\n"
        "  -c, --config FILE              the watcher's configuration (default:\n"
        "                                 /etc/atvm-watcher.conf where it exists, else built-in)\n"
        "  -h, --help                     show this and end\n\n"
        "What the command line does not say is taken from the environment (see `atvm-watcher run\n"
        "--help`), then from /etc/atvm-run-watcher.env. The service gets all of it as run.env in\n"
        "the run's state folder; secrets reach it as systemd credentials.\n\n"
        "Exit status: 0 the run is being watched; 1 the service did not start; 2 wrong command\n"
        "line or configuration; 3 a runner, a watcher or an unsettled post is there; 4 the state\n"
        "folder or the service manager cannot be used.\n",
    .main = start_main,
};
