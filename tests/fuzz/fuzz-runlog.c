/*
 * The run log parser, and what the judge makes of its records: a log, of a plain and of a
 * categorized run and as that of a template command. Its last line is one without a newline, as a
 * log that is still being written has it.
 */
#include "evidence-line.h"
#include "expect-verdict.h"
#include "runlog-parser.h"

/* What was emitted, as evidence lines. */
struct records {
    FILE *stream;
    char *text;
    size_t length;
    int64_t last_line; /* of the log */
    bool in_tail;
    size_t tail_count;
};

static void expect_record(const struct records *records, const struct atvm_evidence *record)
{
    fuzz_expect(evidence_claim_name(record->claim) != NULL, "a claim has a name");
    fuzz_expect(record->outcome == ATVM_OUTCOME_NONE || evidence_outcome_name(record->outcome),
                "an outcome has a name");
    fuzz_expect(record->basis == ATVM_BASIS_NONE || evidence_basis_name(record->basis),
                "a basis has a name");
    fuzz_expect(record->batch >= 0, "a batch has a number");
    fuzz_expect(record->locator_unit != ATVM_LOCATOR_LINE ||
                    (record->locator >= 1 && record->locator <= records->last_line),
                "a record stands in a line of the log");
    fuzz_expect(record->claim != ATVM_CLAIM_HOST_RESULT || (record->host && record->host[0]),
                "a result is somebody's");
    fuzz_expect(record->tests >= -1 && record->passed >= -1 && record->failed >= -1 &&
                    record->pending >= -1 && record->skipped >= -1 && record->duration_ns >= -1,
                "numbers are counts or unknown");
    fuzz_expect(record->outcome != ATVM_OUTCOME_PASS ||
                    (record->failed <= 0 && record->skipped <= 0),
                "what shows a failure is no pass");
    fuzz_expect(!records->in_tail || record->claim == ATVM_CLAIM_INTERRUPTED ||
                    record->claim == ATVM_CLAIM_UPLOAD_CONFIRMED ||
                    record->claim == ATVM_CLAIM_HOST_RESULT,
                "a line that is cut off proves next to nothing");
}

static void keep(void *user, const struct atvm_evidence *evidence)
{
    struct records *records = user;
    struct json_object *line = evidence_to_json(evidence);

    expect_record(records, evidence);
    if (records->in_tail)
        records->tail_count++;
    json_object_object_add(line, "t", json_object_new_string("evidence"));
    fprintf(records->stream, "%s\n", json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
    json_object_put(line);
}

static void offer_tail(struct runlog_parser *parser, struct records *records, const char *line,
                       size_t length, int64_t number)
{
    records->in_tail = true;
    runlog_parser_tail(parser, line, length, number);
    records->in_tail = false;
}

/* Feeds the parser; `pause` (an offset): the log was seen when it ended there, and was settled. */
static struct records parse(const uint8_t *data, size_t size, struct runlog_settings settings,
                            size_t pause)
{
    struct records records = {0};
    struct runlog_parser *parser = runlog_parser_new(&settings, keep, &records);
    const char *at = (const char *)data, *end = at + size, *newline;
    const char *paused = at + pause;

    records.stream = open_memstream(&records.text, &records.length);
    fuzz_expect(records.stream != NULL, "there is memory");
    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        records.last_line++;
        if (at < paused && paused <= newline)
            offer_tail(parser, &records, at, (size_t)(paused - at), records.last_line);
        runlog_parser_line(parser, at, (size_t)(newline - at), records.last_line,
                           at - (const char *)data);
        at = newline + 1;
    }
    records.last_line++;
    if (at < end)
        offer_tail(parser, &records, at, (size_t)(end - at), records.last_line);
    runlog_parser_free(parser);
    fuzz_expect(fclose(records.stream) == 0, "there is memory");
    return records;
}

static void feed(struct ledger_reader *reader, const char *line, size_t length)
{
    char *error = NULL;

    fuzz_expect(ledger_reader_line(reader, line, length, &error) == LEDGER_LINE_EVIDENCE,
                "a record is an evidence line");
}

static struct ledger *ledger_of(const struct records *records)
{
    static const char begin[] = "{\"t\":\"begin\",\"collector\":\"runlog\",\"mode\":\"replace\","
                                "\"path\":\"/tmp/run.log\",\"kind\":\"log\","
                                "\"mtime\":1776351600000000000}";
    static const char end[] = "{\"t\":\"end\",\"quality\":\"whole\"}";
    static const char none[] = "{\"t\":\"begin\",\"collector\":\"proc\",\"mode\":\"replace\","
                               "\"path\":\"/proc\",\"kind\":\"process\"}";
    struct ledger *ledger = ledger_new();
    struct ledger_reader *reader = ledger_reader_new(ledger);
    const char *line = records->text, *newline;

    feed(reader, begin, strlen(begin));
    for (; (newline = strchr(line, '\n')); line = newline + 1)
        feed(reader, line, (size_t)(newline - line));
    feed(reader, end, strlen(end));
    feed(reader, none, strlen(none));
    feed(reader, end, strlen(end));
    ledger_reader_free(reader);
    return ledger;
}

static void judge_records(const struct records *records, bool categorized)
{
    struct ledger *ledger = ledger_of(records);
    const struct policy policy = fuzz_policy(categorized);
    struct verdict *verdict = judge(ledger, &policy, FUZZ_NOW_NS);

    fuzz_expect_verdict(ledger, verdict);
    verdict_free(verdict);
    ledger_free(ledger);
}

static void run_with(const uint8_t *data, size_t size, struct runlog_settings settings)
{
    struct records whole = parse(data, size, settings, 0);
    size_t pause = size ? fuzz_hash(data, size) % (size + 1) : 0;
    struct records paused = parse(data, size, settings, pause);

    fuzz_expect(
        whole.tail_count != paused.tail_count ||
            (whole.length == paused.length && memcmp(whole.text, paused.text, whole.length) == 0),
        "that a line was seen before it was complete changes nothing");
    if (!settings.facts_only)
        judge_records(&whole, settings.categorized);
    free(whole.text);
    free(paused.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_with(data, size, (struct runlog_settings){.categorized = false});
    run_with(data, size, (struct runlog_settings){.categorized = true});
    run_with(data, size, (struct runlog_settings){.facts_only = true});
    return 0;
}
