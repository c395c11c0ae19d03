/* A collector from the future: later header, longer structs, content with any 1.x core. */
#include "plugin-1.9.h"

static void *create(const struct atvm_host *host)
{
    return (void *)(uintptr_t)host;
}

static int32_t collect(void *self)
{
    (void)self;
    return ATVM_COLLECT_COMPLETE;
}

static void destroy(void *self)
{
    (void)self;
}

static const struct atvm_option options[] = {
    {.name = "first", .type = ATVM_OPTION_STRING, .help = "an option", .added_in_1_9 = "new"},
    {.name = "second", .type = ATVM_OPTION_INTEGER, .help = "another", .added_in_1_9 = "new"},
};

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  .name = "collector-future",
                  .version = "9",
                  .summary = "built with the header of 1.9",
                  .options = options,
                  .option_count = 2,
                  .option_stride = sizeof(*options),
                  .create = create,
                  .collect = collect,
                  .destroy = destroy,
                  .added_in_1_9 = collect};
