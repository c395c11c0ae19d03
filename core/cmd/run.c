/* `atvm-watcher run BUILD`: what the unit starts. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "config.h"
#include "log-event.h"
#include "memory.h"
#include "run-asked.h"
#include "run-facts.h"
#include "run-settings.h"
#include "secret-environment.h"
#include "sink-check.h"
#include "state-lock.h"
#include "state.h"
#include "watch.h"
#include "watcher-identity.h"

/* How long a command may have the build that is to be watched: as long as it waits for a watcher.
 */
#define COMMAND_WAIT_NS  (30 * NS_PER_SECOND)
#define LOCK_INTERVAL_NS (50 * 1000 * 1000)

struct run_command {
    struct run_settings settings;
    const char *config_path;
    bool quiet;
};

enum {
    OPTION_CONFIG = 'c',
    OPTION_SINCE = 256,
    OPTION_CATEGORIZE,
    OPTION_HOSTS,
    OPTION_TEMPLATE,
    OPTION_PLUGIN,
    OPTION_CYPRESS_ENV
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"categorize", no_argument, NULL, OPTION_CATEGORIZE},
    {"hosts", required_argument, NULL, OPTION_HOSTS},
    {"template", required_argument, NULL, OPTION_TEMPLATE},
    {"plugin", required_argument, NULL, OPTION_PLUGIN},
    {"cypress-env", required_argument, NULL, OPTION_CYPRESS_ENV},
    {"quiet", no_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

static void keep_word(char **place, const char *word)
{
    free(*place);
    *place = memory_string(word);
}

static int take_option(struct run_command *command, int option)
{
    struct run_settings *settings = &command->settings;

    switch (option) {
    case OPTION_CONFIG:
        command->config_path = optarg;
        break;
    case OPTION_SINCE:
        if (!run_settings_parse_epoch(optarg, &settings->since_ns))
            return command_usage_error(&command_run,
                                       "--since %s: expected seconds since 1970-01-01 UTC, such as "
                                       "\"$(date -d '6 hours ago' +%%s)\"",
                                       optarg);
        break;
    case OPTION_CATEGORIZE:
        settings->categorized = true;
        break;
    case OPTION_HOSTS:
        if (!run_settings_add_hosts(settings, optarg))
            return command_usage_error(&command_run,
                                       "--hosts %s: expected names separated by commas", optarg);
        break;
    case OPTION_TEMPLATE:
        keep_word(&settings->template_name, optarg);
        break;
    case OPTION_PLUGIN:
        if (!run_settings_plugin_is_known(optarg))
            return command_usage_error(&command_run, "--plugin %s: expected fc, iscsi or both",
                                       optarg);
        keep_word(&settings->plugin, optarg);
        break;
    case OPTION_CYPRESS_ENV:
        if (!run_settings_add_env(settings, optarg))
            return command_usage_error(&command_run, "--cypress-env %s: expected KEY=VALUE",
                                       optarg);
        break;
    case 'q':
        command->quiet = true;
        break;
    default:
        break;
    }
    return COMMAND_OK;
}

static int take_build(struct run_command *command, int argc, char **argv)
{
    if (optind >= argc)
        return command_usage_error(&command_run, "expected the name of a build");
    if (optind + 1 < argc)
        return command_too_many(&command_run, argv[optind + 1]);
    if (command_check_build(&command_run, argv[optind]) != COMMAND_OK)
        return COMMAND_USAGE;
    keep_word(&command->settings.build, argv[optind]);
    return COMMAND_OK;
}

/* -1: help was shown. */
static int parse(struct run_command *command, int argc, char **argv)
{
    int option, status;

    while ((option = command_next_option(&command_run, argc, argv, "c:q", options)) >= 0) {
        status = take_option(command, option);
        if (status != COMMAND_OK)
            return status;
    }
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    run_settings_add_environment(&command->settings);
    run_settings_add_handed_on(&command->settings);
    return take_build(command, argc, argv);
}

static bool hide_secrets_of_sinks(const struct config *config, int *secrets)
{
    int error = secret_environment_take(config, secrets);

    if (error < 0)
        log_error("a sink's secret in the environment cannot be kept: %s", strerror(-error));
    return error == 0;
}

static struct config *configure(const struct run_command *command, int *secrets)
{
    CLEANUP_FREE char *error = NULL, *warnings = NULL;
    CLEANUP_FREE char *unknown = config_unknown_variables();
    struct config *config = config_load(command->config_path, command->settings.build, &error);

    if (!config) {
        log_error("%s", error);
        return NULL;
    }
    if (!config_check_root(config, &error)) {
        log_error("%s", error);
        config_free(config);
        return NULL;
    }
    if (!config_check_modules(config, &error, &warnings)) {
        log_error("%s", error);
        config_free(config);
        return NULL;
    }
    if (!hide_secrets_of_sinks(config, secrets)) {
        config_free(config);
        return NULL;
    }
    if (warnings)
        log_warning("%s", warnings);
    if (unknown)
        log_warning("%s", unknown);
    return config;
}

static int say_closed(const struct state *state)
{
    log_notice("%s: already closed as %s (%s); nothing is watched again: for a new run of this "
               "name move %s aside",
               state->build, run_state_name(state->run.state),
               state->run.reason ? state->run.reason : "", state->folder);
    return WATCH_CLOSED;
}

/* Where it looks, for whoever waits in front of a terminal on which nothing happens. */
static void say_watching(const struct config *config, const struct state *state)
{
    const struct log_event watching = {.id = LOG_EVENT_WATCHING, .build = state->build};

    log_event(ATVM_LOG_NOTICE, &watching,
              "%s: watching; its log %s%s, the artifacts below %s; what is known is kept in %s",
              state->build, config->run_log,
              access(config->run_log, F_OK) == 0 ? "" : " (not there yet)", config->automation_root,
              state->folder);
}

/* A sink that cannot work is found out now, not hours later with the status in hand. */
static bool sinks_are_ready(const struct config *config, int terminal, int secrets)
{
    struct sink_findings findings = sink_check(config, terminal, secrets);
    bool ready = !findings.misconfigured && !findings.unready;

    if (findings.misconfigured)
        log_error("%s", findings.misconfigured);
    if (findings.unready)
        log_error("%s", findings.unready);
    if (findings.warnings)
        log_warning("%s", findings.warnings);
    sink_findings_clear(&findings);
    return ready;
}

/* Kept from the beginning, so that whoever reads the state folder can judge as this watcher does.
 */
static int note_what_is_asked(const struct run_settings *settings, struct state *state)
{
    CLEANUP_FREE char *error = NULL;
    int status;

    run_settings_note(settings, state);
    status = state_save(state, &state->run, &error);
    if (status < 0)
        log_error("%s", error);
    return status;
}

/* For `doctor`: a build may be watched by something older than what is installed. */
static void say_who_watches(const struct config *config, const struct state *state)
{
    CLEANUP_FREE char *error = NULL;

    if (watcher_identity_write(state->folder, config, clock_ns(CLOCK_REALTIME), &error) < 0)
        log_warning("%s; `doctor` cannot tell which build of atvm-watcher has this run", error);
}

static int watch_state(struct run_command *command, const struct config *config,
                       struct state *state, int secrets)
{
    CLEANUP_CLOSE int terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    struct run_facts *facts;
    int status;

    if (state->warnings)
        log_warning("%s", state->warnings);
    run_settings_recall(&command->settings, state);
    if (scope_state_is_closed(&state->run))
        say_closed(state);
    else if (!sinks_are_ready(config, terminal, secrets))
        return COMMAND_USAGE;
    else if (note_what_is_asked(&command->settings, state) < 0)
        return WATCH_STATE;
    else
        say_watching(config, state);
    say_who_watches(config, state);
    facts = run_facts_new(&command->settings, config);
    status = watch_run(config, &command->settings, facts, state, terminal, secrets,
                       command->quiet ? NULL : stderr);
    run_facts_free(facts);
    return status;
}

/* As check-config says it, where it is the state root as a whole. */
static void report_no_state(const struct config *config, int status, const char *error)
{
    CLEANUP_FREE char *about_root = NULL;
    CLEANUP_FREE char *look = config_command(config, "status %s", config->build);

    if (status == -EBUSY)
        log_error("%s, or look with `%s`", error, look);
    else if (config_check_state_root(config, &about_root) < 0)
        log_error("%s", about_root);
    else
        log_error("%s", error);
}

static int try_to_open(const struct config *config, struct state **ret, char **ret_error)
{
    return state_open(config->state_root, config->build, STATE_OWN, clock_ns(CLOCK_REALTIME), ret,
                      ret_error);
}

/* A command that has the build gives it back in a moment; another watcher does not. As state_open.
 */
static int open_state(const struct config *config, struct state **ret, char **ret_error)
{
    static const struct timespec interval = {.tv_nsec = LOCK_INTERVAL_NS};
    CLEANUP_FREE char *lock = memory_format("%s/%s/lock", config->state_root, config->build);
    int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + COMMAND_WAIT_NS;
    int status = try_to_open(config, ret, ret_error);

    if (status == -EBUSY && state_lock_may_be_brief(lock))
        log_notice("%s: a command has it at this moment: waiting for it", config->build);
    while (status == -EBUSY && state_lock_may_be_brief(lock) &&
           clock_ns(CLOCK_MONOTONIC) < end_ns) {
        free(*ret_error);
        *ret_error = NULL;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &interval, NULL);
        status = try_to_open(config, ret, ret_error);
    }
    return status;
}

static int watch(struct run_command *command, const struct config *config, int secrets)
{
    CLEANUP_FREE char *error = NULL;
    struct state *state = NULL;
    int status = open_state(config, &state, &error);

    if (status < 0) {
        report_no_state(config, status, error);
        return status == -EBUSY ? WATCH_BUSY : WATCH_STATE;
    }
    status = watch_state(command, config, state, secrets);
    state_close(state);
    return status;
}

static int run_main(int argc, char **argv, int *secrets)
{
    struct run_command command = {.settings.since_ns = -1};
    struct config *config = NULL;
    int status = parse(&command, argc, argv);

    if (status == COMMAND_OK) {
        config = configure(&command, secrets);
        status = config ? watch(&command, config, *secrets) : COMMAND_USAGE;
    }
    config_free(config);
    run_settings_free(&command.settings);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_run = {
    .name = "run",
    .summary = "watch one run until it has ended, and post its status",
    .usage =
        "Usage: atvm-watcher run BUILD [OPTION]…\n\n"
        "Watches the run BUILD until it has ended and its status is posted. Started again after\n"
        "an interruption, it goes on; nothing is posted twice. While a command such as `cancel`\n"
        "has the build it waits, 30 s at most.\n\n"
        "  -c, --config FILE     the watcher's configuration (default: /etc/atvm-watcher.conf\n"
        "                        where it exists, else built-in)\n"
        "      --since SECONDS   start of the run's window, since 1970 (default: when this build\n"
        "                        was first watched: of a run that is over, nothing counts then)\n"
        "      --categorize      the run was started with --categorize: sub-runs\n"
        "      --hosts A,B,…     the hosts that were asked for (default: the specPattern)\n"
        "      --template NAME   template, such as cmc-e2e\n"
        "      --plugin WORD     fc, iscsi or both\n"
        "      --cypress-env K=V a value that Cypress.env() would give; may be repeated\n"
        "  -q, --quiet           no progress lines\n"
        "  -h, --help            show this and end\n\n"
        "What the command line does not say is taken from the environment: ATVM_WATCHER_TEMPLATE,\n"
        "_INTEGRATION_PLUGIN, _CATEGORIZED, _CONFIG_FAMILY, _MIGRATION_STYLE,\n"
        "_SCOPE_DESCRIPTION and _TEMPLATE_COMMAND, and what `start` hands on: _HOSTS, _SINCE and\n"
        "_CYPRESS_ENV; every setting of the configuration too, and ATVM_WATCHER_CONFIG for its\n"
        "file. What that does not say either, and an earlier watcher of this run knew, counts.\n\n"
        "Exit status: 0 the run is closed; 2 wrong command line or configuration; 3 another\n"
        "watcher, or a command that does not end, has the build; 4 the state folder cannot be\n"
        "used; 5 closed, but a delivery is held or quarantined; 6 stopped by SIGTERM or SIGINT\n"
        "before that.\n",
    .main_with_secrets = run_main,
};
