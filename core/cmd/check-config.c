/* `atvm-watcher check-config`: everything about the configuration that can be known before a run.
 */
#include "command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "log.h"
#include "memory.h"
#include "secret-environment.h"
#include "service-environment.h"
#include "sink-check.h"
#include "start-environment.h"

/* What was found; problems and warnings are one a line, NULL: none. */
struct findings {
    struct config *config; /* NULL: it could not be read */
    char *problems, *warnings;
};

static void append_line(char **text, char *line)
{
    CLEANUP_FREE char *earlier = *text, *added = line;

    *text = memory_format("%s%s%s", earlier ? earlier : "", earlier ? "\n" : "", added);
}

static void append_lines(char **text, const char *lines)
{
    if (lines)
        append_line(text, memory_string(lines));
}

/* ---- in the order of the file, as they are mended ---- */

struct problem {
    const char *text;
    size_t place_length; /* of the file's name; 0: no line is named */
    int line;
    size_t index; /* in which it was found */
};

static struct problem problem_of(const char *text, size_t index)
{
    struct problem problem = {.text = text, .index = index};
    const char *colon = strchr(text, ':');
    int length = 0;

    if (colon && sscanf(colon, ":%d:%n", &problem.line, &length) == 1 && length > 0)
        problem.place_length = (size_t)(colon - text);
    return problem;
}

/* What stands in no file comes first; of several files, each keeps its lines together. */
static int by_place(const void *one, const void *other)
{
    const struct problem *left = one, *right = other;
    int order = 0;

    if (left->place_length && right->place_length)
        order = strncmp(left->text, right->text, MIN(left->place_length, right->place_length));
    if (order == 0 && left->place_length != right->place_length)
        order = left->place_length < right->place_length ? -1 : 1;
    if (order == 0 && left->line != right->line)
        order = left->line < right->line ? -1 : 1;
    return order ? order : left->index < right->index ? -1 : 1;
}

/* Takes `lines` (NULL: none) and gives them back in order; free it. */
static char *in_order_of_lines(char *lines)
{
    CLEANUP_FREE struct problem *problems = NULL;
    CLEANUP_FREE char *taken = lines;
    size_t count = 0, capacity = 0;
    char *rest = taken, *line, *ordered = NULL;

    while ((line = strsep(&rest, "\n"))) {
        memory_grow(&problems, count, &capacity, sizeof(*problems));
        problems[count] = problem_of(line, count);
        count++;
    }
    if (count > 0)
        qsort(problems, count, sizeof(*problems), by_place);
    for (size_t i = 0; i < count; i++)
        append_lines(&ordered, problems[i].text);
    return ordered;
}

/* ---- looking ---- */

static void check_modules(struct findings *findings)
{
    CLEANUP_FREE char *errors = NULL, *warnings = NULL;

    config_check_modules(findings->config, &errors, &warnings);
    append_lines(&findings->problems, errors);
    append_lines(&findings->warnings, warnings);
}

/* A path that is wrong in itself is not looked at. What this user may not do, the watcher's may. */
static void check_folders(struct findings *findings)
{
    const struct config *config = findings->config;
    char *error = NULL;
    int status;

    if (config->automation_root && !config_check_root(config, &error))
        append_line(&findings->problems, error);
    status = config->state_root ? config_check_state_root(config, &error) : 0;
    if (status == -EACCES || status == -EPERM)
        append_line(geteuid() == 0 ? &findings->problems : &findings->warnings, error);
    else if (status < 0)
        append_line(&findings->problems, error);
}

static void append_unknown_variables(char **warnings)
{
    CLEANUP_FREE char *unknown = config_unknown_variables();

    append_lines(warnings, unknown);
}

/* Those of the environment, else, as `doctor` does, those that the service gets. */
static void take_secrets(struct findings *findings, const char *environment_file, int *secrets)
{
    struct service_environment environment;

    if (secret_environment_take(findings->config, secrets) < 0)
        append_line(&findings->warnings,
                    memory_string("the secrets in the environment cannot be passed on"));
    if (*secrets >= 0)
        return;
    service_credentials_offer();
    environment = service_environment_take_secrets(environment_file);
    *secrets = take_descriptor(&environment.secrets);
    service_environment_release(&environment);
}

/* What seems to be missing may stand where this user cannot look. */
static void append_unreadable(struct findings *findings, const char *environment_file)
{
    int error = service_secrets_unreadable(environment_file);

    if (error && error != -ENOENT)
        append_line(&findings->warnings,
                    memory_format("%s: %s: the service may find there what is missing here; as "
                                  "root this command looks there, too",
                                  environment_file, strerror(-error)));
}

/* What only `check` finds, such as a missing secret, may be there when the watcher runs. Where root
 * cannot write, its user cannot either. */
static void ask_sinks(struct findings *findings, const char *environment_file, int *secrets)
{
    struct sink_findings sinks;

    take_secrets(findings, environment_file, secrets);
    sinks = sink_check(findings->config, STDOUT_FILENO, *secrets);
    append_lines(&findings->problems, sinks.misconfigured);
    append_lines(&findings->warnings, sinks.unready);
    if (sinks.unready && *secrets < 0)
        append_unreadable(findings, environment_file);
    append_lines(&findings->warnings, sinks.warnings);
    sink_findings_clear(&sinks);
    sinks = sink_probe_here(findings->config, STDOUT_FILENO, *secrets);
    append_lines(geteuid() == 0 ? &findings->problems : &findings->warnings, sinks.unready);
    append_lines(&findings->warnings, sinks.warnings);
    sink_findings_clear(&sinks);
}

/* Goes on after mistakes, to find all of them. */
static struct findings find(const char *file, const char *build, const char *environment_file,
                            int *secrets)
{
    struct findings findings = {0};

    findings.config = config_load_with_mistakes(file, build, &findings.problems);
    if (!findings.config)
        return findings;
    check_modules(&findings);
    check_folders(&findings);
    append_unknown_variables(&findings.warnings);
    ask_sinks(&findings, environment_file, secrets);
    findings.problems = in_order_of_lines(findings.problems);
    findings.warnings = in_order_of_lines(findings.warnings);
    return findings;
}

/* ---- for people ---- */

static void log_lines(int32_t level, const char *lines)
{
    CLEANUP_FREE char *copy = memory_string(lines ? lines : "");
    char *rest = copy, *line;

    while ((line = strsep(&rest, "\n"))) {
        if (*line)
            log_line(level, NULL, "%s", line);
    }
}

static void print_modules(const char *title, const struct config_module *modules, size_t count)
{
    printf("  %-16s", title);
    for (size_t i = 0; i < count; i++) {
        struct json_object *version = json_object_object_get(modules[i].description, "version");

        printf("%s %s %s", i ? "," : "", modules[i].name,
               version ? json_object_get_string(version) : "(not usable)");
    }
    putchar('\n');
}

static void print_config(const struct config *config)
{
    printf("OK: %s\n", config->file ? config->file : "built-in configuration");
    printf("  %-16s %s\n", "automation_root", config->automation_root);
    printf("  %-16s %s\n", "state_root", config->state_root);
    printf("  %-16s %s\n", "run_log", config->run_log);
    printf("  %-16s %s\n", "launch_log", config->launch_log);
    printf("  %-16s %s\n", "cypress_config", config->cypress_config);
    print_modules("collectors", config->collectors, config->collector_count);
    print_modules("sinks", config->sinks, config->sink_count);
    printf("  %-16s %zu\n", "templates", config->template_count);
    printf("  %-16s %zu VMs\n", "blacklist", json_object_array_length(config->blacklist));
}

/* ---- for programs ---- */

static struct json_object *lines_to_json(const char *lines)
{
    CLEANUP_FREE char *copy = memory_string(lines ? lines : "");
    struct json_object *array = json_object_new_array();
    char *rest = copy, *line;

    while ((line = strsep(&rest, "\n"))) {
        if (*line)
            json_object_array_add(array, json_object_new_string(line));
    }
    return array;
}

static struct json_object *modules_to_json(const struct config_module *modules, size_t count)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < count; i++) {
        struct json_object *object = json_object_new_object();

        json_object_object_add(object, "name", json_object_new_string(modules[i].name));
        json_object_object_add(object, "module", json_object_new_string(modules[i].module));
        json_object_object_add(object, "critical", json_object_new_boolean(modules[i].critical));
        json_object_object_add(object, "options", json_object_get(modules[i].options));
        json_object_object_add(object, "description", json_object_get(modules[i].description));
        json_object_array_add(array, object);
    }
    return array;
}

static void add_config(struct json_object *object, const struct config *config)
{
    json_object_object_add(object, "file",
                           config->file ? json_object_new_string(config->file) : NULL);
    json_object_object_add(object, "automation_root",
                           json_object_new_string(config->automation_root));
    json_object_object_add(object, "state_root", json_object_new_string(config->state_root));
    json_object_object_add(object, "run_log", json_object_new_string(config->run_log));
    json_object_object_add(object, "launch_log", json_object_new_string(config->launch_log));
    json_object_object_add(object, "cypress_config",
                           json_object_new_string(config->cypress_config));
    json_object_object_add(object, "collectors",
                           modules_to_json(config->collectors, config->collector_count));
    json_object_object_add(object, "sinks", modules_to_json(config->sinks, config->sink_count));
}

static void print_json(const struct findings *findings)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "ok", json_object_new_boolean(!findings->problems));
    json_object_object_add(object, "problems", lines_to_json(findings->problems));
    json_object_object_add(object, "warnings", lines_to_json(findings->warnings));
    if (findings->config)
        add_config(object, findings->config);
    command_print_json(object);
    json_object_put(object);
}

/* ---- the command ---- */

static void report(const struct findings *findings, bool json)
{
    if (json) {
        print_json(findings);
        return;
    }
    log_lines(ATVM_LOG_WARNING, findings->warnings);
    if (findings->problems)
        log_lines(ATVM_LOG_ERROR, findings->problems);
    else
        print_config(findings->config);
}

enum { OPTION_ENVIRONMENT_FILE = 256 };

static int check_config_main(int argc, char **argv, int *secrets)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"build", required_argument, NULL, 'b'},
        {"environment-file", required_argument, NULL, OPTION_ENVIRONMENT_FILE},
        {"json", no_argument, NULL, 'j'},
        {NULL}};
    const char *file = NULL, *build = NULL, *environment_file = START_ENVIRONMENT_FILE;
    struct findings findings;
    bool json = false;
    int code, status;

    while ((code = command_next_option(&command_check_config, argc, argv, "c:", options)) >= 0) {
        if (code == 'c')
            file = optarg;
        else if (code == 'b')
            build = optarg;
        else if (code == OPTION_ENVIRONMENT_FILE)
            environment_file = optarg;
        else
            json = true;
    }
    if (code != COMMAND_OPTIONS_END)
        return command_option_status(code);
    if (optind < argc)
        return command_too_many(&command_check_config, argv[optind]);
    findings = find(file, build, environment_file, secrets);
    report(&findings, json);
    status = findings.problems ? COMMAND_USAGE : COMMAND_OK;
    config_free(findings.config);
    free(findings.problems);
    free(findings.warnings);
    return status;
}

const struct command command_check_config = {
    .name = "check-config",
    .summary = "read the configuration and say everything that is wrong with it",
    .usage =
        "Usage: atvm-watcher check-config [OPTION]…\n\n"
        "Reads the configuration as `run` does, looks at every module it names, at the automation\n"
        "root and the state root, asks the sinks whether they can work, and says what it found\n"
        "or everything that is wrong, with file and line. Posts nothing, leaves nothing behind:\n"
        "of the state root it only tries whether a folder can be made there.\n\n"
        "  -c, --config FILE            instead of /etc/atvm-watcher.conf (\"\": the built-in "
        "one)\n"
        "      --build NAME             put in for %b\n"
        "      --environment-file FILE  where the service finds secrets that are not in the\n"
        "                               environment (default: /etc/atvm-run-watcher.env)\n"
        "      --json                   all of it as one JSON object\n"
        "  -h, --help                   show this and end\n\n"
        "Exit status: 0, or 2 where something is wrong.\n",
    .main_with_secrets = check_config_main,
};
