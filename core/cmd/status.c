/* `atvm-watcher status [BUILD]`: how a run stands, now. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "config.h"
#include "log.h"
#include "memory.h"
#include "nearest-name.h"
#include "run-settings.h"
#include "status-builds.h"
#include "status-look.h"
#include "status-runner.h"

/* Of the names that are offered in place of an unknown one. */
#define OFFERED_MAX 10

struct status_command {
    const char *config_path;
    const char *build; /* NULL: not given */
    struct run_settings settings;
    bool describes_run; /* by an option: then BUILD must be given */
    bool json, follow;
    struct config *config; /* without a build's name: where to look */
    struct build_rows rows;
    struct status_runners runners;
};

/* ---------------------------------------------------------------- the command line */

enum {
    OPTION_CONFIG = 'c',
    OPTION_JSON = 256,
    OPTION_SINCE,
    OPTION_CATEGORIZE,
    OPTION_HOSTS,
    OPTION_TEMPLATE,
    OPTION_PLUGIN
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"json", no_argument, NULL, OPTION_JSON},
    {"follow", no_argument, NULL, 'f'},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"categorize", no_argument, NULL, OPTION_CATEGORIZE},
    {"hosts", required_argument, NULL, OPTION_HOSTS},
    {"template", required_argument, NULL, OPTION_TEMPLATE},
    {"plugin", required_argument, NULL, OPTION_PLUGIN},
    {NULL, 0, NULL, 0},
};

static void keep_word(char **place, const char *word)
{
    free(*place);
    *place = memory_string(word);
}

/* What the run was started with. */
static int take_run_option(struct run_settings *settings, int option)
{
    switch (option) {
    case OPTION_SINCE:
        if (!run_settings_parse_epoch(optarg, &settings->since_ns))
            return command_usage_error(&command_status,
                                       "--since %s: expected seconds since 1970-01-01 UTC, such as "
                                       "\"$(date -d '6 hours ago' +%%s)\"",
                                       optarg);
        break;
    case OPTION_CATEGORIZE:
        settings->categorized = true;
        break;
    case OPTION_HOSTS:
        if (!run_settings_add_hosts(settings, optarg))
            return command_usage_error(&command_status,
                                       "--hosts %s: expected names separated by commas", optarg);
        break;
    case OPTION_TEMPLATE:
        keep_word(&settings->template_name, optarg);
        break;
    default:
        if (!run_settings_plugin_is_known(optarg))
            return command_usage_error(&command_status, "--plugin %s: expected fc, iscsi or both",
                                       optarg);
        keep_word(&settings->plugin, optarg);
        break;
    }
    return COMMAND_OK;
}

static int take_option(struct status_command *command, int option)
{
    switch (option) {
    case OPTION_CONFIG:
        command->config_path = optarg;
        return COMMAND_OK;
    case OPTION_JSON:
        command->json = true;
        return COMMAND_OK;
    case 'f':
        command->follow = true;
        return COMMAND_OK;
    default:
        command->describes_run = true;
        return take_run_option(&command->settings, option);
    }
}

static int take_build(struct status_command *command, int argc, char **argv)
{
    if (optind + 1 < argc)
        return command_too_many(&command_status, argv[optind + 1]);
    command->build = argv[optind]; /* NULL at the end of argv */
    if (!command->build && command->describes_run)
        return command_usage_error(&command_status, "options that describe a run need BUILD");
    return command->build ? command_check_build(&command_status, command->build) : COMMAND_OK;
}

/* -1: help was shown. */
static int parse(struct status_command *command, int argc, char **argv)
{
    int option, status;

    while ((option = command_next_option(&command_status, argc, argv, "c:f", options)) >= 0) {
        status = take_option(command, option);
        if (status != COMMAND_OK)
            return status;
    }
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    return take_build(command, argc, argv);
}

/* ---------------------------------------------------------------- which build */

struct names {
    const char **names; /* of the rows and runners */
    size_t count, capacity;
};

static void add_name(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return;
    memory_grow(&names->names, names->count, &names->capacity, sizeof(*names->names));
    names->names[names->count++] = name;
}

/* The builds that are watched or running, newest first. */
static void add_running(const struct status_command *command, struct names *names)
{
    for (size_t i = 0; i < command->rows.count; i++)
        if (command->rows.rows[i].watcher > 0)
            add_name(names, command->rows.rows[i].name);
    for (size_t i = 0; i < command->runners.count; i++)
        add_name(names, command->runners.items[i].build);
}

/* What to say after "is not known". Free it. */
static char *advise_names(const struct status_command *command)
{
    struct names names = {0};
    const char *nearest;
    size_t offered;
    char *advice;

    add_running(command, &names);
    for (size_t i = 0; i < command->rows.count; i++)
        add_name(&names, command->rows.rows[i].name);
    nearest = nearest_name(command->build, names.names, names.count);
    offered = names.count < OFFERED_MAX ? names.count : OFFERED_MAX;
    advice = nearest ? memory_format("did you mean %s?", nearest)
                     : nearest_name_advice(command->build, names.names, offered, "runs known here");
    free(names.names);
    return advice;
}

/* Reads what builds there are. A missing state root is no error where a runner or BUILD is there.
 */
static int look_around(struct status_command *command)
{
    CLEANUP_FREE char *error = NULL;
    int status;

    command->config = config_load(command->config_path, NULL, &error);
    if (!command->config) {
        log_error("%s", error);
        return COMMAND_USAGE;
    }
    status_runners_find(command->config, &command->runners);
    status = build_rows_load(command->config, clock_ns(CLOCK_REALTIME), &command->rows, &error);
    if (status == 0 || (status == -ENOENT && (command->build || command->runners.count > 0)))
        return COMMAND_OK;
    log_error("%s", error);
    return COMMAND_STATE;
}

static int choose(const struct status_command *command, struct names *names)
{
    if (command->build)
        add_name(names, command->build);
    else
        add_running(command, names);
    if (names->count == 0 && command->rows.count > 0)
        add_name(names, command->rows.rows[0].name);
    if (names->count > 0)
        return COMMAND_OK;
    log_error("nothing runs here, and no run has been watched yet (%s is empty): name a build",
              command->config->state_root);
    return COMMAND_STATE;
}

/* ---------------------------------------------------------------- looking */

/* The exit status for what status_look_refresh could not do. */
static int report_failure(const struct status_command *command, int error, const char *text)
{
    CLEANUP_FREE char *advice = NULL;

    if (error == -ENOENT && command->build) {
        advice = advise_names(command);
        log_error("%s; %s", text, advice);
    } else {
        log_error("%s", text);
    }
    return error == -EINVAL || error == -ENODATA ? COMMAND_USAGE : COMMAND_STATE;
}

static void print_status(const struct status_command *command, const struct build_status *status,
                         struct json_object *array)
{
    CLEANUP_FREE char *text = NULL;

    if (command->json) {
        json_object_array_add(array, build_status_json(status));
    } else {
        text = build_status_text(status, NULL);
        fputs(text, stdout);
    }
}

static int end_of_follow(const struct build_status *status)
{
    return build_status_state(status) == STATE_COMPLETED ? COMMAND_OK : COMMAND_FAILED;
}

static int show(const struct status_command *command, struct run_settings *settings,
                struct json_object *array)
{
    CLEANUP_FREE char *error = NULL;
    struct status_look *look = status_look_new(command->config_path, settings, &error);
    int status = look ? status_look_refresh(look, &error) : -EINVAL;

    if (status == 0 && command->follow)
        status = status_look_follow(look, stderr, &error);
    /* Where judging failed, the posts can be shown all the same. */
    if (status == 0 || (look && status != -ENOENT && status_look_status(look)->state))
        print_status(command, status_look_status(look), array);
    if (status != 0)
        status = report_failure(command, status, error);
    else if (command->follow)
        status = end_of_follow(status_look_status(look));
    status_look_free(look);
    return status;
}

/* The worst exit status of all: one that cannot be shown does not hide the others. */
static int show_all(struct status_command *command, const struct names *names)
{
    CLEANUP_JSON struct json_object *array = json_object_new_array();
    int worst = COMMAND_OK;

    for (size_t i = 0; i < names->count; i++) {
        struct run_settings settings = {.since_ns = -1};
        struct run_settings *given = command->build ? &command->settings : &settings;
        int status;

        if (i > 0 && !command->json)
            fputs("\n", stdout);
        given->build = memory_string(names->names[i]);
        status = show(command, given, array);
        worst = status > worst ? status : worst;
        run_settings_free(&settings);
    }
    if (command->json)
        command_print_json(array);
    return worst;
}

static int several_to_follow(const struct status_command *command)
{
    CLEANUP_FREE char *list = config_command(command->config, "list");

    return command_usage_error(&command_status,
                               "--follow follows one run, and several are going on: name one of "
                               "those that `%s` shows as watched",
                               list);
}

static int run(struct status_command *command)
{
    struct names names = {0};
    int status = look_around(command);

    if (status == COMMAND_OK)
        status = choose(command, &names);
    if (status == COMMAND_OK && command->follow && names.count > 1)
        status = several_to_follow(command);
    if (status == COMMAND_OK)
        status = show_all(command, &names);
    free(names.names);
    return status;
}

static int status_main(int argc, char **argv)
{
    struct status_command command = {.settings.since_ns = -1};
    int status = parse(&command, argc, argv);

    if (status == COMMAND_OK)
        status = run(&command);
    build_rows_free(&command.rows);
    status_runners_free(&command.runners);
    config_free(command.config);
    run_settings_free(&command.settings);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_status = {
    .name = "status",
    .summary = "show how a run stands, now",
    .usage =
        "Usage: atvm-watcher status [BUILD] [OPTION]…\n\n"
        "Shows who watches BUILD, how its posts stand, and the status message. A run that is not\n"
        "closed is judged on the spot, also where nobody watches it; a closed one is shown as it\n"
        "was closed. Without BUILD: what is watched or runs now, else the newest run. Posts\n"
        "nothing and writes nothing.\n\n"
        "  -f, --follow           go on until the run has ended, with progress on standard error,\n"
        "                         then show its status\n"
        "      --json             as a JSON array, one element a build\n"
        "  -c, --config FILE      the watcher's configuration (default: /etc/atvm-watcher.conf\n"
        "                         where it exists, else built-in)\n\n"
        "Of a run that nobody watched, where it does not show by itself:\n"
        "      --since SECONDS    start of the run's window, since 1970 (default: the start of "
        "its\n"
        "                         runner, else when its log was created)\n"
        "      --categorize       the run was started with --categorize: sub-runs\n"
        "      --hosts A,B,…      the hosts that were asked for (default: the specPattern)\n"
        "      --template NAME    template, such as cmc-e2e\n"
        "      --plugin WORD      fc, iscsi or both\n"
        "  -h, --help             show this and end\n\n"
        "Exit status: 0 the status was shown (with --follow: and the run is COMPLETED); 1 with\n"
        "--follow: the run ended in another way; 2 wrong command line or configuration; 4 no such\n"
        "run, or its state cannot be read.\n",
    .main = status_main,
};
