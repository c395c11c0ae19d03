#include "sink-check.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config-reading.h"
#include "deliver.h"

static char **place_of(struct sink_findings *findings, const struct config_module *sink,
                       enum deliver_readiness readiness)
{
    if (!sink->critical)
        return &findings->warnings;
    return readiness == DELIVER_MISCONFIGURED ? &findings->misconfigured : &findings->unready;
}

static struct deliver_settings settings_of(const struct config *config, size_t index, int terminal,
                                           int secrets)
{
    return (struct deliver_settings){
        .sink = &config->sinks[index],
        .receipt = -1,
        .terminal = terminal,
        .secrets = secrets,
        .timeout_ns = config->deliver_timeout_ns,
    };
}

static void add(struct sink_findings *findings, const struct config_module *sink,
                enum deliver_readiness readiness, const char *error)
{
    config_add_problem(place_of(findings, sink, readiness),
                       sink->file ? sink->file : "built-in configuration", sink->line,
                       "sink \"%s\": %s", sink->name, error);
}

struct sink_findings sink_check(const struct config *config, int terminal, int secrets)
{
    struct sink_findings findings = {NULL, NULL, NULL};

    for (size_t i = 0; i < config->sink_count; i++) {
        const struct deliver_settings settings = settings_of(config, i, terminal, secrets);
        CLEANUP_FREE char *error = NULL;
        enum deliver_readiness readiness;

        if (!settings.sink->description)
            continue;
        readiness = deliver_check(&settings, &error);
        if (readiness != DELIVER_READY)
            add(&findings, settings.sink, readiness, error);
    }
    return findings;
}

/* ---- probes */

static bool is_of_this_machine(const struct config_module *sink)
{
    struct json_object *needs = json_object_object_get(sink->description, "needs");

    for (size_t i = 0; needs && i < json_object_array_length(needs); i++) {
        const char *need = json_object_get_string(json_object_array_get_idx(needs, i));

        if (strcmp(need, "network") == 0 || strcmp(need, "unix-socket") == 0)
            return false;
    }
    return needs != NULL;
}

/* The reason among the words of deliver_probe: the first line of level error. Free it. */
static char *reason_in(char *words)
{
    char *rest = words, *line;

    while ((line = strsep(&rest, "\n")))
        if (line[0] >= '0' && line[0] <= '0' + ATVM_LOG_ERROR && line[1] == ' ')
            return memory_string(line + 2);
    return memory_string("it cannot deliver, and does not say why");
}

struct sink_findings sink_probe_here(const struct config *config, int terminal, int secrets)
{
    struct sink_findings findings = {NULL, NULL, NULL};

    for (size_t i = 0; i < config->sink_count; i++) {
        const struct deliver_settings settings = settings_of(config, i, terminal, secrets);
        CLEANUP_FREE char *words = NULL, *reason = NULL;

        if (!settings.sink->description || !is_of_this_machine(settings.sink) ||
            deliver_probe(&settings, &words) != DELIVER_UNREACHABLE)
            continue;
        reason = reason_in(words);
        add(&findings, settings.sink, DELIVER_UNREACHABLE, reason);
    }
    return findings;
}

void sink_findings_clear(struct sink_findings *findings)
{
    free(findings->misconfigured);
    free(findings->unready);
    free(findings->warnings);
}
