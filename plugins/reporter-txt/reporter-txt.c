/* The collector "reporter-txt": per-host text logs under cypress/cmcReporter/logs. */
#include <atvm/plugin.h>

#include "artifact-collector.h"
#include "host-result.h"
#include "parse.h"

static int32_t visit(void *user, const struct artifact *artifact, char *reason, size_t reason_size)
{
    struct artifact_collector *collector = user;

    return host_result_deliver_log(reporter_txt_parse, collector->host, artifact, reason,
                                   reason_size);
}

static void *create(const struct atvm_host *host)
{
    static const char *const endings[] = {".txt", NULL};
    static const struct artifact_collector_kind kind = {"reporter-txt", "", endings, 1, visit};

    return artifact_collector_create(host, &kind);
}

static const struct atvm_option options[] = {
    ARTIFACT_COLLECTOR_OPTIONS("cypress/cmcReporter/logs", "64M", INT64_C(1) << 32),
};

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "reporter-txt",
    .version = PACKAGE_VERSION,
    .summary = "per-host text logs of the reporter (weakest: explicit failure markers only)",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_FILES,
    .create = create,
    .configure = artifact_collector_configure,
    .collect = artifact_collector_collect,
    .destroy = artifact_collector_destroy,
};
