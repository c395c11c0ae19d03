/* The collector junit: JUnit XML files of mocha-junit-reporter. */
#include <atvm/plugin.h>

#include "artifact-collector.h"
#include "host-call.h"
#include "junit-evidence.h"
#include "junit-report.h"

static int32_t visit(void *user, const struct artifact *artifact, char *reason, size_t reason_size)
{
    const struct artifact_collector *collector = user;
    struct junit_file file = {.stem = artifact->stem, .mtime_ns = artifact->mtime_ns};
    struct junit_report report;
    struct junit_evidence evidence;
    int32_t quality;

    junit_report_read(artifact->descriptor, &report);
    quality = junit_evidence_of(&report, &file, &evidence, reason, reason_size);
    if (evidence.claim.claim)
        host_emit(collector->host, &evidence.claim);
    junit_evidence_free(&evidence);
    junit_report_free(&report);
    return quality;
}

static void *create(const struct atvm_host *host)
{
    static const char *const endings[] = {".xml", NULL};
    static const struct artifact_collector_kind kind = {"junit", "test-result-", endings, 0, visit};

    return artifact_collector_create(host, &kind);
}

static const struct atvm_option options[] = {
    ARTIFACT_COLLECTOR_OPTIONS("cypress/cmcReporter/xml", "64M", INT64_C(1) << 31),
};

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "junit",
    .version = PACKAGE_VERSION,
    .summary = "test-result-*.xml files (JUnit XML): results by host, and the end of a scope",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_FILES,
    .create = create,
    .configure = artifact_collector_configure,
    .collect = artifact_collector_collect,
    .destroy = artifact_collector_destroy,
};
