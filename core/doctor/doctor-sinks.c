#include "doctor-sinks.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "service-environment.h"
#include "option.h"

/* A server that needs longer to take a connection will not take a post in time either. */
#define PROBE_NS       (10 * NS_PER_SECOND)
#define PROBE_GRACE_NS NS_PER_SECOND

/* ---- what it amounts to */

/* What deliver_probe brought, by level; the strings are the report's. NULL: nothing. */
struct words {
    const char *errors, *warnings, *notices;
};

static void add_word(struct doctor_report *report, const char **words, const char *text)
{
    *words = *words ? doctor_text(report, "%s; %s", *words, text) : doctor_text(report, "%s", text);
}

static struct words words_of(struct doctor_report *report, const char *text)
{
    CLEANUP_FREE char *copy = memory_string(text ? text : "");
    struct words words = {NULL, NULL, NULL};
    char *rest = copy, *line;

    while ((line = strsep(&rest, "\n"))) {
        if (strlen(line) < 3 || line[1] != ' ')
            continue;
        add_word(report,
                 line[0] <= '0' + ATVM_LOG_ERROR     ? &words.errors
                 : line[0] == '0' + ATVM_LOG_WARNING ? &words.warnings
                                                     : &words.notices,
                 line + 2);
    }
    return words;
}

static bool needs_secret(const struct config_module *sink)
{
    struct json_object *options = json_object_object_get(sink->description, "options");

    for (size_t i = 0; options && i < json_object_array_length(options); i++) {
        struct atvm_option option;

        if (option_from_json(json_object_array_get_idx(options, i), &option) &&
            option.type == ATVM_OPTION_SECRET)
            return true;
    }
    return false;
}

static const char *configured_in(struct doctor_report *report, const struct config_module *sink)
{
    return doctor_edit(report, sink->file ? sink->file : CONFIG_DEFAULT_PATH, sink->line);
}

static void judge_unready(struct doctor_report *report, const struct sink_seen *seen,
                          const struct words *words)
{
    const struct config_module *sink = seen->sink;
    enum doctor_level level = sink->critical ? DOCTOR_BAD : DOCTOR_WARN;
    const char *why = words->errors ? words->errors : "it cannot work";

    if (seen->readiness == DELIVER_MISCONFIGURED)
        doctor_problem(report, level, "sinks.ready", sink->name, configured_in(report, sink), "%s",
                       why);
    else if (needs_secret(sink) && seen->environment_error && seen->environment_error != -ENOENT)
        doctor_unseen(report, "sinks.ready", sink->name, doctor_again_as_root(report),
                      "%s; but %s cannot be read here", why, seen->environment_file);
    else if (needs_secret(sink))
        doctor_problem(report, level, "sinks.ready", sink->name,
                       doctor_edit(report, seen->environment_file, 0), "%s", why);
    else
        doctor_problem(report, level, "sinks.ready", sink->name, configured_in(report, sink), "%s",
                       why);
}

static void judge_reach(struct doctor_report *report, const struct sink_seen *seen,
                        const struct words *words)
{
    const struct config_module *sink = seen->sink;
    const char *where = needs_secret(sink) ? doctor_edit(report, seen->environment_file, 0)
                                           : configured_in(report, sink);

    if (seen->readiness == DELIVER_UNREACHABLE && !report->is_root && words->errors &&
        strstr(words->errors, strerror(EACCES)))
        doctor_unseen(report, "sinks.reach", sink->name, doctor_again_as_root(report),
                      "%s; but that is so for this user, and the watcher is another one",
                      words->errors);
    else if (seen->readiness == DELIVER_UNREACHABLE)
        doctor_problem(report, sink->critical ? DOCTOR_BAD : DOCTOR_WARN, "sinks.reach", sink->name,
                       where, "%s",
                       words->errors ? words->errors : "its other side does not answer");
    else if (words->warnings)
        doctor_problem(report, DOCTOR_WARN, "sinks.reach", sink->name, where, "%s; but %s",
                       words->notices ? words->notices : "its other side can be reached",
                       words->warnings);
    else
        doctor_ok(report, "sinks.reach", sink->name, "%s",
                  words->notices ? words->notices : "its other side can be reached");
}

void doctor_judge_sink(struct doctor_report *report, const struct sink_seen *seen)
{
    struct words words = words_of(report, seen->words);
    const char *name = seen->sink->name;

    switch (seen->readiness) {
    case DELIVER_READY:
    case DELIVER_UNREACHABLE:
        doctor_ok(report, "sinks.ready", name, "it is configured, and has what it needs");
        judge_reach(report, seen, &words);
        break;
    case DELIVER_NO_PROBE:
        doctor_ok(report, "sinks.ready", name,
                  "it is configured, and has what it needs; whether its other side can be reached "
                  "was not looked at");
        break;
    default:
        judge_unready(report, seen, &words);
        break;
    }
}

/* ---- looking */

static void look_at(const struct doctor_asked *asked, const struct config_module *sink, int secrets,
                    int environment_error, struct doctor_report *report)
{
    const struct deliver_settings settings = {
        .sink = sink,
        .receipt = -1,
        .terminal = STDOUT_FILENO,
        .secrets = secrets,
        .timeout_ns = PROBE_NS,
        .grace_ns = PROBE_GRACE_NS,
    };
    struct sink_seen seen = {.sink = sink,
                             .environment_file = asked->environment_file,
                             .environment_error = environment_error};
    CLEANUP_FREE char *words = NULL;

    if (asked->offline) {
        seen.readiness = deliver_check(&settings, &words);
        if (seen.readiness == DELIVER_READY)
            seen.readiness = DELIVER_NO_PROBE;
        else
            seen.words = doctor_text(report, "%d %s", ATVM_LOG_ERROR, words);
    } else {
        seen.readiness = deliver_probe(&settings, &words);
        seen.words = words;
    }
    doctor_judge_sink(report, &seen);
}

void doctor_look_sinks(const struct doctor_asked *asked, const struct config *config, int secrets,
                       struct doctor_report *report)
{
    /* The secrets of the environment stand before those of the file. */
    int environment_error = secrets < 0 ? service_secrets_unreadable(asked->environment_file) : 0;

    for (size_t i = 0; i < config->sink_count; i++)
        if (config->sinks[i].description)
            look_at(asked, &config->sinks[i], secrets, environment_error, report);
}
