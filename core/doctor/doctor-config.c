#include "doctor-config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "config-call.h"
#include "log.h"
#include "module-folder.h"
#include "option.h"
#include "secret-environment.h"

/* ---- problems, one a line, as the configuration words them: "FILE:LINE: text; remedy" */

/* The file and line of a problem, which end *ret_end; false: it names none. */
static bool place_of(struct doctor_report *report, const char *problem, const char **ret_file,
                     int *ret_line)
{
    const char *colon = strchr(problem, ':');
    int length = 0;

    if (problem[0] != '/' || !colon)
        return false;
    *ret_file = doctor_text(report, "%.*s", (int)(colon - problem), problem);
    if (sscanf(colon, ":%d:%n", ret_line, &length) < 1 || length == 0)
        *ret_line = 0;
    return true;
}

static bool is_taken_from(const struct service_environment *environment, const char *problem)
{
    for (size_t i = 0; i < environment->settings.count; i++)
        if (strstr(problem, environment->settings.names[i]))
            return true;
    return false;
}

/* Where whoever wants to mend it has to write. */
static const char *cure_of(struct doctor_report *report, const struct config_seen *seen,
                           const char *problem)
{
    static const char prefix[] = "ATVM_WATCHER_";
    const char *variable = strstr(problem, prefix), *file;
    int line;

    if (place_of(report, problem, &file, &line))
        return doctor_edit(report, file, line);
    if (variable && is_taken_from(seen->environment, problem))
        return doctor_edit(report, seen->environment_file, 0);
    if (variable)
        return doctor_text(report, "unset %.*s",
                           (int)strspn(variable, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"),
                           variable);
    return doctor_edit(report, seen->file ? seen->file : CONFIG_DEFAULT_PATH, 0);
}

static void add_problems(struct doctor_report *report, const struct config_seen *seen,
                         enum doctor_level level, const char *id, const char *problems)
{
    CLEANUP_FREE char *copy = memory_string(problems ? problems : "");
    char *rest = copy, *line;

    while ((line = strsep(&rest, "\n")))
        if (*line)
            doctor_problem(report, level, id, NULL, cure_of(report, seen, line), "%s", line);
}

/* ---- files and variables */

static void judge_file(struct doctor_report *report, const struct config_seen *seen)
{
    add_problems(report, seen, DOCTOR_BAD, "config.file", seen->problems);
    if (!seen->config)
        doctor_unseen(report, "config.file", NULL, doctor_command(report, "check-config"),
                      "without a configuration that can be read, nothing is known of state root, "
                      "automation root, modules, sinks and builds");
    else if (seen->config->file)
        doctor_ok(report, "config.file", seen->config->file, "is read and makes sense");
    else
        doctor_ok(report, "config.file", NULL, "there is no %s: the built-in configuration counts",
                  CONFIG_DEFAULT_PATH);
}

static bool is_secret_of(const struct config_module *sink, const char *name)
{
    struct json_object *options = json_object_object_get(sink->description, "options");

    for (size_t i = 0; options && i < json_object_array_length(options); i++) {
        struct atvm_option option;

        if (option_from_json(json_object_array_get_idx(options, i), &option) &&
            option.type == ATVM_OPTION_SECRET && option.fallback &&
            strcmp(option.fallback, name) == 0)
            return true;
    }
    return false;
}

static bool is_asked_for(const struct config *config, const char *name)
{
    for (size_t i = 0; config && i < config->sink_count; i++)
        if (is_secret_of(&config->sinks[i], name))
            return true;
    return false;
}

/* Those of the names that a configured sink asks for, or the others: "A, B", "none". */
static const char *names_of(struct doctor_report *report, const struct config_seen *seen,
                            bool asked_for)
{
    const struct name_list *others = &seen->environment->others;
    const char *text = NULL;

    for (size_t i = 0; i < others->count; i++)
        if (is_asked_for(seen->config, others->names[i]) == asked_for)
            text =
                doctor_text(report, "%s%s%s", text ? text : "", text ? ", " : "", others->names[i]);
    return text ? text : "none";
}

static void judge_environment(struct doctor_report *report, const struct config_seen *seen)
{
    const struct service_environment *environment = seen->environment;

    if (environment->error == -ENOENT)
        doctor_ok(report, "config.environment", seen->environment_file,
                  "there is none: no settings and no secrets by that way");
    else if (environment->error)
        doctor_unseen(report, "config.environment", seen->environment_file,
                      doctor_again_as_root(report),
                      "%s: its settings and secrets are not known here, the watcher's may be "
                      "others",
                      strerror(-environment->error));
    else
        doctor_ok(report, "config.environment", seen->environment_file,
                  "is read; settings that count: %zu; secrets of configured sinks: %s; names that "
                  "nothing asks for: %s",
                  environment->settings.count, names_of(report, seen, true),
                  names_of(report, seen, false));
}

/* ---- modules */

/* The lines of `problems` that are about this module. */
static const char *lines_about(struct doctor_report *report, const char *problems,
                               const char *words)
{
    CLEANUP_FREE char *copy = memory_string(problems ? problems : "");
    const char *found = NULL;
    char *rest = copy, *line;

    while ((line = strsep(&rest, "\n")))
        if (strstr(line, words))
            found = found ? doctor_text(report, "%s; and %s", found, line)
                          : doctor_text(report, "%s", line);
    return found;
}

static const char *value(const struct config_module *module, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(module->description, key));

    return text ? text : "none";
}

static void judge_module(struct doctor_report *report, const struct config_seen *seen,
                         const struct config_module *module, const char *kind)
{
    const char *words = doctor_text(report, "%s \"%s\": ", kind, module->name);
    const char *problem =
        lines_about(report, module->critical ? seen->module_errors : seen->module_warnings, words);

    if (module->description)
        doctor_ok(report, "modules.load", module->name, "%s %s, ABI %s, build id %s, %s", kind,
                  value(module, "version"), value(module, "abi"), value(module, "build_id"),
                  value(module, "path"));
    else
        doctor_problem(
            report, module->critical ? DOCTOR_BAD : DOCTOR_WARN, "modules.load", module->name,
            problem ? cure_of(report, seen, problem) : doctor_command(report, "check-config"), "%s",
            problem ? problem : "cannot be used");
}

void doctor_judge_config(struct doctor_report *report, const struct config_seen *seen)
{
    judge_file(report, seen);
    judge_environment(report, seen);
    if (seen->unknown_variables)
        add_problems(report, seen, DOCTOR_WARN, "config.variables", seen->unknown_variables);
    else
        doctor_ok(report, "config.variables", NULL,
                  "each ATVM_WATCHER_ variable in the environment is known");
    if (!seen->config)
        return;
    for (size_t i = 0; i < seen->config->collector_count; i++)
        judge_module(report, seen, &seen->config->collectors[i], "collector");
    for (size_t i = 0; i < seen->config->sink_count; i++)
        judge_module(report, seen, &seen->config->sinks[i], "sink");
}

/* ---- looking */

struct config *doctor_look_config(const struct doctor_asked *asked, struct doctor_report *report,
                                  int *ret_secrets)
{
    struct service_environment environment = service_environment_take(asked->environment_file);
    CLEANUP_FREE char *problems = NULL, *errors = NULL, *warnings = NULL;
    CLEANUP_FREE char *unknown = config_unknown_variables();
    struct config *config = config_load(asked->config_path, asked->build, &problems);
    struct config_seen seen = {
        .file = asked->config_path,
        .config = config,
        .unknown_variables = unknown,
        .environment_file = asked->environment_file,
        .environment = &environment,
    };

    config_call_of(asked->config_path, &report->call);
    *ret_secrets = asked->secrets;
    if (config) {
        config_check_modules(config, &errors, &warnings);
        if (secret_environment_take(config, ret_secrets) < 0)
            log_warning("a secret in the environment cannot be passed on to the sinks");
    }
    seen.problems = problems;
    seen.module_errors = errors;
    seen.module_warnings = warnings;
    doctor_judge_config(report, &seen);
    if (*ret_secrets < 0)
        *ret_secrets = take_descriptor(&environment.secrets);
    service_environment_release(&environment);
    return config;
}
