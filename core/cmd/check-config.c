/* `atvm-watcher check-config`: everything about the configuration that can be known before a run.
 */
#include "command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "log.h"
#include "memory.h"
#include "secret-environment.h"
#include "sink-check.h"

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

static void append_unknown_variables(char **warnings)
{
    CLEANUP_FREE char *unknown = config_unknown_variables();

    append_lines(warnings, unknown);
}

/* What only `check` finds, such as a missing secret, may be there when the watcher runs. */
static void ask_sinks(struct findings *findings, int *secrets)
{
    struct sink_findings sinks;

    if (secret_environment_take(findings->config, secrets) < 0)
        append_line(&findings->warnings,
                    memory_string("the secrets in the environment cannot be passed on"));
    sinks = sink_check(findings->config, STDOUT_FILENO, *secrets);
    append_lines(&findings->problems, sinks.misconfigured);
    append_lines(&findings->warnings, sinks.unready);
    append_lines(&findings->warnings, sinks.warnings);
    sink_findings_clear(&sinks);
}

static struct findings find(const char *file, const char *build, int *secrets)
{
    struct findings findings = {0};
    char *error = NULL;

    findings.config = config_load(file, build, &findings.problems);
    if (!findings.config)
        return findings;
    config_check_modules(findings.config, &findings.problems, &findings.warnings);
    if (!config_check_root(findings.config, &error))
        append_line(&findings.problems, error);
    append_unknown_variables(&findings.warnings);
    ask_sinks(&findings, secrets);
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

static int check_config_main(int argc, char **argv, int *secrets)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"build", required_argument, NULL, 'b'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL}};
    const char *file = NULL, *build = NULL;
    struct findings findings;
    bool json = false;
    int code, status;

    while ((code = command_next_option(&command_check_config, argc, argv, "c:", options)) >= 0) {
        if (code == 'c')
            file = optarg;
        else if (code == 'b')
            build = optarg;
        else
            json = true;
    }
    if (code != COMMAND_OPTIONS_END)
        return command_option_status(code);
    if (optind < argc)
        return command_usage_error(&command_check_config, "\"%s\" is one argument too many",
                                   argv[optind]);
    findings = find(file, build, secrets);
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
    .usage = "Usage: atvm-watcher check-config [--config FILE] [--build NAME] [--json]\n\n"
             "Reads the configuration as `run` does, looks at every module it names and at the\n"
             "automation root, asks the sinks whether they can work, and says what it found or\n"
             "everything that is wrong, with file and line. Changes nothing, posts nothing.\n\n"
             "  -c, --config FILE  instead of /etc/atvm-watcher.conf (\"\": the built-in one)\n"
             "      --build NAME   put in for %b\n"
             "      --json         all of it as one JSON object\n"
             "  -h, --help         show this and end\n\n"
             "Exit status: 0, or 2 where something is wrong.\n",
    .main_with_secrets = check_config_main,
};
