/* The collector junit: JUnit XML files of mocha-junit-reporter. */
#include <atvm/plugin.h>

#include <stdio.h>
#include <stdlib.h>

#include "artifact-folder.h"
#include "cleanup.h"
#include "host-call.h"
#include "junit-evidence.h"
#include "junit-report.h"

struct junit {
    const struct atvm_host *host;
    struct artifact_folder *folder; /* NULL until configure */
};

static const char *const endings[] = {".xml", NULL};

static const struct atvm_option options[] = {
    {
        .name = "folder",
        .type = ATVM_OPTION_STRING,
        .fallback = "cypress/cmcReporter/xml",
        .help = "where the test-result-*.xml files lie; relative to automation_root, or absolute",
    },
    {
        .name = "max_size",
        .type = ATVM_OPTION_SIZE,
        .fallback = "64M",
        .minimum = 1024,
        .maximum = INT64_C(1) << 31,
        .help = "a larger file is not read and counts as damaged",
    },
};

static void *junit_create(const struct atvm_host *host)
{
    struct junit *junit = calloc(1, sizeof(*junit));

    if (!junit) {
        host->fail(host->context, "no memory for the collector");
        return NULL;
    }
    junit->host = host;
    return junit;
}

static int32_t junit_configure(void *self)
{
    struct junit *junit = self;
    const struct atvm_host *host = junit->host;
    const struct atvm_run *run = host->run(host->context);
    const char *folder = host->option_string(host->context, "folder");
    struct artifact_folder_settings settings = {
        .kind = "junit",
        .prefix = "test-result-",
        .endings = endings,
        .size_limit = host->option_number(host->context, "max_size"),
    };
    CLEANUP_FREE char *joined = NULL;

    if (folder[0] != '/' && (!run->automation_root || run->automation_root[0] != '/'))
        return host_fail(host, ATVM_FAILED,
                         "option folder: \"%s\" is relative to automation_root, which is not an "
                         "absolute path; set automation_root or give an absolute folder",
                         folder);
    if (folder[0] != '/' && asprintf(&joined, "%s/%s", run->automation_root, folder) < 0) {
        joined = NULL;
        return host_fail(host, ATVM_FAILED, "no memory for the collector");
    }
    settings.path = joined ? joined : folder;
    artifact_folder_free(junit->folder);
    junit->folder = artifact_folder_new(host, &settings);
    return ATVM_OK;
}

static int32_t visit(void *user, const struct artifact *artifact, char *reason, size_t reason_size)
{
    const struct junit *junit = user;
    struct junit_file file = {.stem = artifact->stem, .mtime_ns = artifact->mtime_ns};
    struct junit_report report;
    struct junit_evidence evidence;
    int32_t quality;

    junit_report_read(artifact->descriptor, &report);
    quality = junit_evidence_of(&report, &file, &evidence, reason, reason_size);
    if (evidence.claim.claim)
        host_emit(junit->host, &evidence.claim);
    junit_evidence_free(&evidence);
    junit_report_free(&report);
    return quality;
}

static int32_t junit_collect(void *self)
{
    struct junit *junit = self;

    return artifact_folder_pass(junit->folder, visit, junit);
}

static void junit_destroy(void *self)
{
    struct junit *junit = self;

    if (!junit)
        return;
    artifact_folder_free(junit->folder);
    free(junit);
}

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "junit",
    .version = PACKAGE_VERSION,
    .summary = "test-result-*.xml files (JUnit XML): results by host, and the end of a scope",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_FILES,
    .create = junit_create,
    .configure = junit_configure,
    .collect = junit_collect,
    .destroy = junit_destroy,
};
