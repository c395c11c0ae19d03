/* A collector as a third party built it with the header of 1.0: every type of option, one record.
 */
#include "plugin-1.0.h"

#include <stdlib.h>

struct reader {
    const struct atvm_host *host;
};

static void *reader_create(const struct atvm_host *host)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (reader)
        reader->host = host;
    return reader;
}

static int32_t reader_collect(void *self)
{
    struct reader *reader = self;
    const struct atvm_host *host = reader->host;
    struct atvm_source source = {sizeof(source), ATVM_SOURCE_REPLACE, "/run/result", "junit"};
    struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT);

    evidence.host = "atvm1-debian12";
    evidence.outcome = ATVM_OUTCOME_PASS;
    evidence.basis = ATVM_BASIS_DIRECT;
    evidence.tests = host->option_number(host->context, "count");
    if (host->begin_source(host->context, &source) != ATVM_OK)
        return ATVM_COLLECT_COMPLETE;
    host->emit_many(host->context, &evidence, 1, sizeof(evidence));
    host->end_source(host->context, ATVM_QUALITY_WHOLE, NULL);
    return ATVM_COLLECT_COMPLETE;
}

static const struct atvm_option options[] = {
    {.name = "folder", .type = ATVM_OPTION_STRING, .fallback = "/var/%b", .help = "where to look"},
    {.name = "style",
     .type = ATVM_OPTION_STRING,
     .fallback = "short",
     .choices = "short|long",
     .help = "how much to say"},
    {.name = "count",
     .type = ATVM_OPTION_INTEGER,
     .fallback = "3",
     .minimum = 1,
     .maximum = 9,
     .help = "how many"},
    {.name = "strict", .type = ATVM_OPTION_BOOLEAN, .fallback = "true", .help = "no mercy"},
    {.name = "patience",
     .type = ATVM_OPTION_DURATION,
     .fallback = "5s",
     .minimum = 1000000000,
     .maximum = 60000000000,
     .help = "how long to wait"},
    {.name = "limit", .type = ATVM_OPTION_SIZE, .fallback = "64K", .help = "how much to read"},
    {.name = "match",
     .type = ATVM_OPTION_STRING_LIST,
     .fallback = "first,second",
     .help = "what to look for"},
    {.name = "label", .type = ATVM_OPTION_STRING, .help = "what to call it"},
    {.name = "password",
     .type = ATVM_OPTION_SECRET,
     .fallback = "TEST_PASSWORD",
     .help = "how to get in"},
};

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  .name = "collector-one",
                  .version = "1.2.3",
                  .summary = "built with the header of 1.0",
                  .options = options,
                  .option_count = sizeof(options) / sizeof(*options),
                  .option_stride = sizeof(*options),
                  .needs = ATVM_NEED_FILES | ATVM_NEED_PROCESSES,
                  .create = reader_create,
                  .collect = reader_collect,
                  .destroy = free};
