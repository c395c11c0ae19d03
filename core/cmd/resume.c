/* `atvm-watcher resume`: what the unit of that name does after a reboot. */
#include "command.h"

#include <errno.h>
#include <stdio.h>

#include "cleanup.h"
#include "clock.h"
#include "config.h"
#include "log.h"
#include "start-environment.h"
#include "status-builds.h"
#include "unit-control.h"

enum { OPTION_CONFIG = 'c' };

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {NULL, 0, NULL, 0},
};

/* -1: help was shown. */
static int parse(const char **ret_config_path, int argc, char **argv)
{
    int option;

    while ((option = command_next_option(&command_resume, argc, argv, "c:", options)) >= 0)
        if (option == OPTION_CONFIG)
            *ret_config_path = optarg;
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    if (optind < argc)
        return command_too_many(&command_resume, argv[optind]);
    return COMMAND_OK;
}

/* A state that is damaged or cannot be read is for the watcher to mend, or to refuse. */
static bool is_unfinished(const struct build_row *row)
{
    return row->watcher == 0 && (row->closed_ns < 0 || row->posts.waiting > 0);
}

/* Not waiting until it is ready: each would hold up the boot and the others. The unit itself
 * reports what goes wrong afterwards. */
static int start_watcher(struct unit_control *units, const char *build)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build);
    CLEANUP_FREE char *error = NULL;
    int status = unit_start(units, unit, 0, &error);

    if (status < 0 && status != -ETIMEDOUT) {
        log_error("%s", error);
        return COMMAND_FAILED;
    }
    printf("%s: %s is being started\n", build, unit);
    return COMMAND_OK;
}

static int start_watchers(const struct build_rows *rows)
{
    CLEANUP_FREE char *error = NULL;
    struct unit_control *units = NULL;
    int status = COMMAND_OK;
    size_t count = 0;

    for (size_t i = 0; i < rows->count; i++) {
        if (!is_unfinished(&rows->rows[i]))
            continue;
        count++;
        if (!units && unit_control_open(&units, &error) < 0) {
            log_error("%s", error);
            return COMMAND_STATE;
        }
        if (start_watcher(units, rows->rows[i].name) != COMMAND_OK)
            status = COMMAND_FAILED;
    }
    unit_control_close(units);
    if (count == 0)
        puts("Nothing to go on with: each run is closed, or is being watched.");
    return status;
}

static int resume(const struct config *config)
{
    CLEANUP_FREE char *error = NULL;
    struct build_rows rows;
    int status = build_rows_load(config, clock_ns(CLOCK_REALTIME), &rows, &error);

    if (status == -ENOENT) /* nothing was ever watched here */
        return COMMAND_OK;
    if (status < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    status = start_watchers(&rows);
    build_rows_free(&rows);
    return status;
}

static int resume_main(int argc, char **argv)
{
    CLEANUP_FREE char *error = NULL;
    const char *config_path = NULL;
    struct config *config;
    int status = parse(&config_path, argc, argv);

    if (status != COMMAND_OK)
        return status < 0 ? COMMAND_OK : status;
    if (start_environment_load(START_ENVIRONMENT_FILE, &error) < 0)
        log_warning("%s; what it sets does not count", error);
    config = config_load(config_path, NULL, &error);
    if (!config) {
        log_error("%s", error);
        return COMMAND_USAGE;
    }
    status = resume(config);
    config_free(config);
    return status;
}

const struct command command_resume = {
    .name = "resume",
    .summary = "start the service of each run that is not closed",
    .usage =
        "Usage: atvm-watcher resume [OPTION]…\n\n"
        "Starts atvm-run-watcher@BUILD.service for each run of the state root that is not closed,\n"
        "or has a post on its way, and that nobody watches. atvm-run-watcher-resume.service does\n"
        "this after a reboot.\n\n"
        "  -c, --config FILE  the watcher's configuration (default: /etc/atvm-watcher.conf where\n"
        "                     it exists, else built-in)\n"
        "  -h, --help         show this and end\n\n"
        "Exit status: 0 all were asked to start, or there was none; 1 one could not be; 2 wrong\n"
        "command line or configuration; 4 the state root or the service manager cannot be used.\n",
    .main = resume_main,
};
