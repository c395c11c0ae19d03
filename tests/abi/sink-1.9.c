/* A sink from the future: later header, longer struct, content with any 1.x core. */
#include "plugin-1.9.h"

static void *create(const struct atvm_host *host)
{
    return (void *)(uintptr_t)host;
}

static int32_t deliver(void *self, const struct atvm_message *message)
{
    (void)self;
    (void)message;
    return ATVM_OK;
}

static void destroy(void *self)
{
    (void)self;
}

ATVM_SINK = {.head = ATVM_SINK_HEAD,
             .name = "sink-future",
             .version = "9",
             .summary = "built with the header of 1.9",
             .format = ATVM_FORMAT_TEXT,
             .create = create,
             .deliver = deliver,
             .destroy = destroy};
