/* The collector "reporter-txt": per-host text logs under cypress/cmcReporter/logs. */
#include <atvm/plugin.h>

#include "artifact-collector.h"
#include "cleanup.h"
#include "host-result.h"
#include "parse.h"

static int32_t visit(void *user, const struct artifact *artifact, char *reason, size_t reason_size)
{
    struct artifact_collector *collector = user;
    size_t length = 0;
    CLEANUP_FREE char *bytes = artifact_read(artifact, &length, reason, reason_size);
    struct host_result result;
    int32_t quality;

    if (!bytes)
        return ATVM_QUALITY_DAMAGED;
    result = reporter_txt_parse(bytes, length);
    quality = host_result_deliver(&result, collector->host, artifact,
                                  HOST_RESULT_FILE_NAMES_HOST | HOST_RESULT_FILE_TIMES_RUN, reason,
                                  reason_size);
    host_result_free(&result);
    return quality;
}

static void *create(const struct atvm_host *host)
{
    static const char *const endings[] = {".txt", NULL};
    static const struct artifact_collector_kind kind = {"reporter-txt", endings, 1, visit};

    return artifact_collector_create(host, &kind);
}

static const struct atvm_option options[] = {
    ARTIFACT_COLLECTOR_OPTIONS("cypress/cmcReporter/logs", "64M"),
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
