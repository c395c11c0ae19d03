/* `atvm-watcher doctor`: looks over the installation, and says what mends what is not well. */
#include "command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "config.h"
#include "doctor-look.h"
#include "shell-word.h"

/* Exit statuses; 2 is a wrong command line, as everywhere. */
enum { STATUS_OK = 0, STATUS_WARN = 1, STATUS_BAD = 3 };

enum { OPTION_CONFIG = 'c', OPTION_ENVIRONMENT_FILE = 256, OPTION_JSON, OPTION_OFFLINE };

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"environment-file", required_argument, NULL, OPTION_ENVIRONMENT_FILE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"offline", no_argument, NULL, OPTION_OFFLINE},
    {"quiet", no_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

struct doctor_command {
    struct doctor_asked asked;
    bool json, quiet;
};

static void take_option(struct doctor_command *command, int option)
{
    if (option == OPTION_CONFIG)
        command->asked.config_path = optarg;
    else if (option == OPTION_ENVIRONMENT_FILE)
        command->asked.environment_file = optarg;
    command->json |= option == OPTION_JSON;
    command->quiet |= option == 'q';
    command->asked.offline |= option == OPTION_OFFLINE;
}

/* -1: help was shown. */
static int parse(struct doctor_command *command, int argc, char **argv)
{
    int option;

    while ((option = command_next_option(&command_doctor, argc, argv, "c:q", options)) >= 0)
        take_option(command, option);
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    if (optind < argc)
        command->asked.build = argv[optind++];
    if (optind < argc)
        return command_too_many(&command_doctor, argv[optind]);
    return command->asked.build ? command_check_build(&command_doctor, command->asked.build)
                                : COMMAND_OK;
}

/* https://no-color.org: any value that is not empty. */
static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return !(no_color && *no_color) && terminal && strcmp(terminal, "dumb") != 0 &&
           isatty(STDOUT_FILENO);
}

static void print(const struct doctor_command *command, const struct doctor_report *report)
{
    const struct doctor_text_style style = {.colour = wants_colour(), .problems = command->quiet};

    if (command->json) {
        CLEANUP_JSON struct json_object *object =
            doctor_report_json(report, command->asked.build, command->asked.now_ns);

        command_print_json(object);
    } else {
        CLEANUP_FREE char *text = doctor_report_text(report, &style);

        fputs(text, stdout);
    }
}

/* For a command that asks the same once more; the configuration is added to it. */
static char *arguments_of(const struct doctor_asked *asked)
{
    bool is_usual = strcmp(asked->environment_file, DOCTOR_ENVIRONMENT_FILE) == 0;
    CLEANUP_FREE char *path = realpath(asked->environment_file, NULL);
    CLEANUP_FREE char *file = shell_word(path ? path : asked->environment_file);

    return memory_format("%s%s%s%s%s", asked->build ? " " : "", asked->build ? asked->build : "",
                         is_usual ? "" : " --environment-file ", is_usual ? "" : file,
                         asked->offline ? " --offline" : "");
}

static bool is_in_path(const char *name)
{
    const char *folders = getenv("PATH");
    CLEANUP_FREE char *copy = memory_string(folders ? folders : "");
    char *rest = copy, *folder;

    while ((folder = strsep(&rest, ":"))) {
        CLEANUP_FREE char *path = memory_format("%s/%s", *folder ? folder : ".", name);

        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* For who has set no EDITOR. */
static const char *editor_here(void)
{
    static const char *const names[] = {"editor", "vi", "nano"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (is_in_path(names[i]))
            return names[i];
    return NULL;
}

static int look(struct doctor_command *command)
{
    static const int statuses[] = {STATUS_OK, STATUS_WARN, STATUS_BAD};
    struct doctor_report report;
    int status;

    command->asked.now_ns = clock_ns(CLOCK_REALTIME);
    doctor_report_init(&report);
    report.is_root = geteuid() == 0;
    report.arguments = arguments_of(&command->asked);
    report.editor = editor_here();
    doctor_look(&command->asked, &report);
    print(command, &report);
    status = statuses[doctor_worst(&report)];
    doctor_report_clear(&report);
    return status;
}

static int doctor_main(int argc, char **argv, int *secrets)
{
    struct doctor_command command = {.asked = {.environment_file = DOCTOR_ENVIRONMENT_FILE}};
    int status = parse(&command, argc, argv);

    command.asked.secrets = *secrets;
    if (status == COMMAND_OK)
        status = look(&command);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "look over the installation, and say what mends what is not well",
    .usage =
        "Usage: atvm-watcher doctor [BUILD] [OPTION]…\n\n"
        "Looks at configuration, modules, versions, permissions, sinks, the machine, the builds\n"
        "and their posts, the service and its journal. One row each: ok, warn or bad, what was\n"
        "found and, below it, the command that mends it. Changes nothing, and posts nothing: of a\n"
        "webhook it only tries the connection. With BUILD, builds, posts, service and journal are\n"
        "narrowed to that one.\n\n"
        "  -c, --config FILE            the watcher's configuration (default:\n"
        "                               /etc/atvm-watcher.conf where it exists, else built-in)\n"
        "      --environment-file FILE  what the service takes settings and secrets from "
        "(default:\n"
        "                               /etc/atvm-run-watcher.env)\n"
        "      --offline                try no connection\n"
        "      --json                   one JSON object (doc/doctor.md)\n"
        "  -q, --quiet                  only what is not ok\n"
        "  -h, --help                   show this and end\n\n"
        "What this user may not look at is a warning; as root everything can be looked at.\n\n"
        "Exit status: that of the worst row: 0 ok, 1 warn, 3 bad; 2 wrong command line.\n",
    .main_with_secrets = doctor_main,
};
