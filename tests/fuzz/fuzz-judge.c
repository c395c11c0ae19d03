/* Evidence, whatever it says, is judged and reported: no pass without proof, the same verdict each
 * time, and messages that keep to their limits. */
#include <json-c/json.h>

#include "evidence-lines.h"
#include "expect-verdict.h"
#include "json-file.h"
#include "report.h"

#define LIMIT_BYTES      2000
#define LIMIT_CHARACTERS 1500

static void expect_fit(struct message_parts parts)
{
    fuzz_expect(parts.count > 0, "a message has a part");
    for (size_t i = 0; i < parts.count; i++)
        fuzz_expect(strlen(parts.bodies[i]) <= LIMIT_BYTES, "a message keeps to its limit");
    message_parts_clear(&parts);
}

/* No control characters but line ends and tabs. */
static void expect_readable(char *message)
{
    fuzz_expect(message && message[0], "there is a message");
    for (const char *c = message; *c; c++)
        fuzz_expect((unsigned char)*c >= ' ' || *c == '\n' || *c == '\t',
                    "a message has no control characters");
    free(message);
}

static void expect_messages(const struct report *report)
{
    const struct message_limit limit = {LIMIT_BYTES, LIMIT_CHARACTERS};

    for (size_t i = 0; i < report->verdict->scope_count; i++) {
        const struct scope_verdict *scope = &report->verdict->scopes[i];

        expect_readable(render_text(report, scope));
        expect_readable(render_markdown(report, scope));
        expect_fit(render_text_parts(report, scope, limit));
        expect_fit(render_markdown_parts(report, scope, limit));
    }
}

/* The report as JSON; free() it. */
static char *judge_and_report(const struct ledger *ledger, bool categorized, bool with_messages)
{
    const struct policy policy = fuzz_policy(categorized);
    struct verdict *verdict = judge(ledger, &policy, FUZZ_NOW_NS);
    const struct run_facts facts = {.time_zone = "UTC"};
    const struct report report = {.verdict = verdict, .facts = &facts, .now_ns = FUZZ_NOW_NS};
    char *json = render_json(&report);
    struct json_object *object = json_object_of(json, strlen(json));

    fuzz_expect_verdict(ledger, verdict);
    fuzz_expect(object != NULL, "a report is one JSON object in UTF-8");
    json_object_put(object);
    if (with_messages)
        expect_messages(&report);
    verdict_free(verdict);
    return json;
}

static void expect_same_report(const struct ledger *ledger, bool categorized)
{
    char *first = judge_and_report(ledger, categorized, true);
    char *second = judge_and_report(ledger, categorized, false);

    fuzz_expect(strcmp(first, second) == 0, "the same evidence gives the same verdict");
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t bad;
    struct ledger *ledger = fuzz_ledger_of((const char *)data, size, &bad);

    expect_same_report(ledger, false);
    expect_same_report(ledger, true);
    ledger_free(ledger);
    return 0;
}
