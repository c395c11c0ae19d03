/* A collector from the future that cannot live with a core older than 1.9, and says so. */
#define ATVM_NEED_MINOR 9
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

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  .name = "collector-needy",
                  .version = "9",
                  .summary = "needs a core of 1.9",
                  .create = create,
                  .collect = collect,
                  .destroy = destroy};
