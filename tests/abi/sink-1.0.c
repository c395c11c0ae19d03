/* A sink as a third party built it with the header of 1.0; its one option has to be given. */
#include "plugin-1.0.h"

static void *sender_create(const struct atvm_host *host)
{
    return (void *)(uintptr_t)host;
}

static int32_t sender_deliver(void *self, const struct atvm_message *message)
{
    const struct atvm_host *host = self;
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(ATVM_DELIVERED);

    receipt.code = message->part;
    if (host->committing(host->context) != ATVM_OK)
        return ATVM_FAILED;
    host->receipt(host->context, &receipt);
    return ATVM_OK;
}

static void sender_destroy(void *self)
{
    (void)self;
}

static const struct atvm_option options[] = {
    {.name = "target", .type = ATVM_OPTION_STRING, .required = 1, .help = "where it goes"},
};

ATVM_SINK = {.head = ATVM_SINK_HEAD,
             .name = "sink-one",
             .version = "1.2.3",
             .summary = "built with the header of 1.0",
             .options = options,
             .option_count = 1,
             .option_stride = sizeof(*options),
             .needs = ATVM_NEED_NETWORK,
             .format = ATVM_FORMAT_MARKDOWN,
             .limit_characters = 16383,
             .create = sender_create,
             .deliver = sender_deliver,
             .destroy = sender_destroy};
