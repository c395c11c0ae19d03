/* The content of a receipt file, torn at any byte or damaged: what may have been sent is never
 * called unsent. */
#include "expect.h"
#include "outbox.h"

static bool begins_committed(const char *content, size_t length)
{
    return length >= strlen(OUTBOX_COMMITTING_LINE) &&
           memcmp(content, OUTBOX_COMMITTING_LINE, strlen(OUTBOX_COMMITTING_LINE)) == 0;
}

/* Whether every line is whole, so that a receipt may be believed. */
static bool ends_whole(const char *content, size_t length)
{
    return length > 0 && content[length - 1] == '\n';
}

static bool expect_reading(const char *content, size_t length, const char *ending)
{
    struct outbox_receipt receipt = outbox_reading_receipt(content, length, ending);
    bool delivered = receipt.outcome == ATVM_DELIVERED;

    fuzz_expect(receipt.outcome >= ATVM_DELIVERED && receipt.outcome <= ATVM_UNCERTAIN,
                "an attempt has an outcome");
    fuzz_expect(!delivered || ends_whole(content, length),
                "only a whole receipt says that it was delivered");
    if (begins_committed(content, length) && !ends_whole(content, length))
        fuzz_expect(receipt.outcome == ATVM_UNCERTAIN,
                    "once it was committed, a torn receipt leaves it uncertain");
    outbox_receipt_clear(&receipt);
    return delivered;
}

/* The receipt that was read is written as a line that says the same. */
static void expect_same_when_written(const char *content, size_t length)
{
    struct outbox_receipt receipt = outbox_reading_receipt(content, length, NULL), again;
    const struct atvm_receipt given = {.struct_size = sizeof(given),
                                       .outcome = receipt.outcome,
                                       .code = receipt.code,
                                       .retry_after_ns = receipt.retry_after_ns,
                                       .remote_id = receipt.remote_id,
                                       .reason = receipt.reason,
                                       .remedy = receipt.remedy};
    char *line = outbox_receipt_line(&given);

    again = outbox_reading_receipt(line, strlen(line), NULL);
    fuzz_expect(again.outcome == receipt.outcome && again.code == receipt.code &&
                    again.retry_after_ns == receipt.retry_after_ns,
                "a receipt is read as it was written");
    outbox_receipt_clear(&receipt);
    outbox_receipt_clear(&again);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *content = size ? (const char *)data : "";

    expect_reading(content, size, NULL);
    expect_reading(content, size, "was killed by signal 9");
    if (size)
        expect_reading(content, fuzz_hash(data, size) % size, NULL);
    expect_same_when_written(content, size);
    return 0;
}
