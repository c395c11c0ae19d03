/* A collector of a third party that gives a host's test flow, as its options say. */
#include <atvm/plugin.h>

#include <stdlib.h>

struct flow_reader {
    const struct atvm_host *host;
};

static void *flow_create(const struct atvm_host *host)
{
    struct flow_reader *reader = calloc(1, sizeof(*reader));

    if (reader)
        reader->host = host;
    return reader;
}

static int32_t flow_collect(void *self)
{
    const struct atvm_host *host = ((struct flow_reader *)self)->host;
    struct atvm_source source = {sizeof(source), ATVM_SOURCE_REPLACE, "/made/flow.ts", "spec"};
    struct atvm_evidence step = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FLOW_STEP);
    const char *const *titles;
    size_t count = host->option_list(host->context, "steps", &titles);

    step.host = host->option_string(host->context, "host");
    if (host->begin_source(host->context, &source) != ATVM_OK)
        return ATVM_COLLECT_COMPLETE;
    for (size_t i = 0; i < count; i++) {
        step.step = titles[i];
        host->emit_many(host->context, &step, 1, sizeof(step));
    }
    host->end_source(host->context, ATVM_QUALITY_WHOLE, NULL);
    return ATVM_COLLECT_COMPLETE;
}

static const struct atvm_option options[] = {
    {.name = "host", .type = ATVM_OPTION_STRING, .required = 1, .help = "whose flow it is"},
    {.name = "steps", .type = ATVM_OPTION_STRING_LIST, .required = 1, .help = "its titles"},
};

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  .name = "flow-collector",
                  .version = "1",
                  .summary = "gives the flow that its options say",
                  .options = options,
                  .option_count = sizeof(options) / sizeof(*options),
                  .option_stride = sizeof(*options),
                  .create = flow_create,
                  .collect = flow_collect,
                  .destroy = free};
