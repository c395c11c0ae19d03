/*
 * What a server that need not be Mattermost answers to a post: a line "STATUS RETRY-AFTER", then
 * the body. Only "ok" is a delivery, and what may have been accepted is not sent again. And the
 * address of a webhook, which nothing may quote.
 */
#include <atvm/plugin.h>

#include "expect.h"
#include "mattermost-answer.h"

#define NOW_NS INT64_C(1776362400000000000)

static void expect_judgement(const struct mattermost_answer *answer, bool may_be_split)
{
    struct mattermost_judgement judgement;

    mattermost_judge_answer(answer, may_be_split, &judgement);
    fuzz_expect(judgement.outcome >= ATVM_DELIVERED && judgement.outcome <= ATVM_UNCERTAIN,
                "an answer has an outcome");
    fuzz_expect((judgement.outcome == ATVM_DELIVERED) ==
                    (answer->status == 200 && answer->body_length == 2 &&
                     memcmp(answer->body, "ok", 2) == 0),
                "only 200 and ok is a delivery");
    fuzz_expect(judgement.outcome != ATVM_RETRY || answer->status >= 400,
                "what may have been accepted is not sent again");
    fuzz_expect(judgement.outcome == ATVM_DELIVERED || judgement.reason[0],
                "what was not delivered has a reason");
    fuzz_expect(strnlen(judgement.reason, sizeof(judgement.reason)) < sizeof(judgement.reason),
                "a reason is a string");
}

/* Takes the first line off and fills in what it says. */
static size_t read_head(const char *text, size_t length, struct mattermost_answer *answer)
{
    size_t head = strcspn(text, "\n"), blank = strcspn(text, " \n");
    char value[200];

    answer->status = atoi(text);
    snprintf(value, sizeof(value), "%.*s", (int)(head - blank), text + blank);
    answer->retry_after_ns = mattermost_retry_after(value, NOW_NS);
    fuzz_expect(answer->retry_after_ns >= -1, "a wish is positive, or unknown");
    return head < length ? head + 1 : head;
}

static void judge(const char *text, const uint8_t *data, size_t size)
{
    static struct mattermost_answer answer;
    size_t head;

    memset(&answer, 0, sizeof(answer));
    head = read_head(text, strlen(text), &answer);
    answer.body_length = size - head;
    memcpy(answer.body, data + head,
           answer.body_length < sizeof(answer.body) ? answer.body_length : sizeof(answer.body));
    expect_judgement(&answer, false);
    expect_judgement(&answer, true);
}

static void read_address(const char *text)
{
    static struct mattermost_webhook webhook;
    char message[2 * MATTERMOST_WEBHOOK_MAX];

    snprintf(webhook.url, sizeof(webhook.url), "%s", text);
    if (mattermost_webhook_parse(&webhook))
        return;
    fuzz_expect(strncmp(webhook.origin, "http", 4) == 0 && webhook.path[0] == '/',
                "an address has an origin and a path");
    snprintf(message, sizeof(message), "posting to %s failed", webhook.url);
    mattermost_webhook_redact(&webhook, message);
    /* Shorter ones are no secret, and words of a text by chance. */
    fuzz_expect(strlen(webhook.path) < 6 || !strstr(message, webhook.path),
                "an address is not quoted");
    mattermost_webhook_wipe(&webhook);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);

    if (size)
        judge(text, data, size);
    read_address(text);
    free(text);
    return 0;
}
