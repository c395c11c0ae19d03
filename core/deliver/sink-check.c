#include "sink-check.h"

#include <stdlib.h>

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

struct sink_findings sink_check(const struct config *config, int terminal, int secrets)
{
    struct sink_findings findings = {NULL, NULL, NULL};

    for (size_t i = 0; i < config->sink_count; i++) {
        const struct config_module *sink = &config->sinks[i];
        const struct deliver_settings settings = {
            .sink = sink,
            .receipt = -1,
            .terminal = terminal,
            .secrets = secrets,
            .timeout_ns = config->deliver_timeout_ns,
        };
        CLEANUP_FREE char *error = NULL;
        enum deliver_readiness readiness;

        if (!sink->description)
            continue;
        readiness = deliver_check(&settings, &error);
        if (readiness != DELIVER_READY)
            config_add_problem(place_of(&findings, sink, readiness),
                               sink->file ? sink->file : "built-in configuration", sink->line,
                               "sink \"%s\": %s", sink->name, error);
    }
    return findings;
}

void sink_findings_clear(struct sink_findings *findings)
{
    free(findings->misconfigured);
    free(findings->unready);
    free(findings->warnings);
}
