/* The collector "mochawesome": reports under cypress/cmcReporter/mochawesome. */
#include <atvm/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "artifact-collector.h"
#include "host-result.h"
#include "parse.h"

#define PIECE_BYTES (64 * 1024)

static bool is_html(const char *name)
{
    size_t length = strlen(name);

    return length >= 5 && strcmp(name + length - 5, ".html") == 0;
}

/* Feeds the file up to the size it had when it was opened. false: it cannot be read. */
static bool feed_file(struct mochawesome_parser *parser, const struct artifact *artifact,
                      char *reason, size_t reason_size)
{
    char piece[PIECE_BYTES];
    int64_t at = 0;

    while (at < artifact->size) {
        int64_t left = artifact->size - at;
        ssize_t got = pread(artifact->descriptor, piece,
                            left < PIECE_BYTES ? (size_t)left : sizeof(piece), (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            snprintf(reason, reason_size, "cannot be read at byte %jd: %s", (intmax_t)at,
                     strerror(errno));
            return false;
        }
        if (got == 0)
            break;
        mochawesome_parser_feed(parser, piece, (size_t)got);
        at += got;
    }
    return true;
}

static int32_t visit(void *user, const struct artifact *artifact, char *reason, size_t reason_size)
{
    struct artifact_collector *collector = user;
    struct mochawesome_parser *parser = mochawesome_parser_new(is_html(artifact->name));
    bool was_read = feed_file(parser, artifact, reason, reason_size);
    struct host_result result = mochawesome_parser_finish(parser);
    int32_t quality = ATVM_QUALITY_DAMAGED;

    /* The name may be cut at its first dot: it never names the host. */
    if (was_read)
        quality = host_result_deliver(&result, collector->host, artifact, 0, reason, reason_size);
    host_result_free(&result);
    return quality;
}

static void *create(const struct atvm_host *host)
{
    static const char *const endings[] = {".json", ".html", NULL};
    static const struct artifact_collector_kind kind = {"mochawesome", "", endings, 0, visit};

    return artifact_collector_create(host, &kind);
}

static const struct atvm_option options[] = {
    ARTIFACT_COLLECTOR_OPTIONS("cypress/cmcReporter/mochawesome", "256M", INT64_C(1) << 32),
};

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "mochawesome",
    .version = PACKAGE_VERSION,
    .summary = "mochawesome reports, HTML and JSON (the rich source of failure text)",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_FILES,
    .create = create,
    .configure = artifact_collector_configure,
    .collect = artifact_collector_collect,
    .destroy = artifact_collector_destroy,
};
