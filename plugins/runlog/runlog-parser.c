#include "runlog-parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "host-name.h"
#include "runlog-state.h"
#include "spec-pattern.h"

struct runlog_parser *runlog_parser_new(const struct runlog_settings *settings, runlog_emit emit,
                                        void *user)
{
    struct runlog_parser *parser = allocate(1, sizeof(*parser));

    parser->settings = *settings;
    parser->emit = emit;
    parser->user = user;
    parser->hosts = known_hosts_new();
    return parser;
}

void runlog_parser_free(struct runlog_parser *parser)
{
    if (!parser)
        return;
    known_hosts_free(parser->hosts);
    spec_text_free(&parser->text);
    results_box_free(&parser->box);
    table_row_free(&parser->block.row);
    byte_string_free(&parser->block.name);
    byte_string_free(&parser->batch.name);
    byte_string_free(&parser->batch.group);
    byte_string_free(&parser->open_pattern);
    byte_string_free(&parser->clean);
    byte_string_free(&parser->scratch);
    free(parser);
}

/* ---------------------------------------------------------------- records */

const char *runlog_string_or_null(const struct byte_string *string)
{
    return string->length > 0 ? string->bytes : NULL;
}

const char *runlog_scratch(struct runlog_parser *parser, struct text text)
{
    byte_string_clear(&parser->scratch);
    byte_string_append(&parser->scratch, text.bytes, text.length, (size_t)-1);
    return parser->scratch.bytes;
}

struct atvm_evidence runlog_evidence(const struct runlog_parser *parser, int32_t claim)
{
    struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(claim);

    evidence.basis = ATVM_BASIS_DIRECT;
    evidence.batch = parser->batch.number;
    evidence.scope = runlog_string_or_null(&parser->batch.name);
    evidence.locator = parser->line;
    evidence.locator_unit = ATVM_LOCATOR_LINE;
    return evidence;
}

static void emit(struct runlog_parser *parser, const struct atvm_evidence *evidence)
{
    parser->emit(parser->user, evidence);
}

void runlog_emit_fact(struct runlog_parser *parser, const char *name, struct text value)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_FACT);

    evidence.entity = name;
    evidence.text = runlog_scratch(parser, value);
    emit(parser, &evidence);
}

static void emit_text(struct runlog_parser *parser, int32_t claim, const char *form,
                      struct text value)
{
    struct atvm_evidence evidence = runlog_evidence(parser, claim);

    evidence.form = form;
    evidence.text = runlog_scratch(parser, value);
    emit(parser, &evidence);
}

/* ---------------------------------------------------------------- hosts that begin */

static struct known_host *start_host(struct runlog_parser *parser, const char *name)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_HOST_STARTED);
    struct known_host *host = known_hosts_add(parser->hosts, name);

    if (host_name_is_bookkeeping(name) || host->started_batch == parser->batch.number)
        return host;
    host->started_batch = parser->batch.number;
    known_hosts_clear_failure(parser->hosts, host);
    evidence.host = host->name;
    emit(parser, &evidence);
    parser->interrupted = false;
    return host;
}

/* "Running: a.ts, b.ts (2/3)": cypress-cloud hands specs out; of several only the first can begin
 * now, and Cypress names each when it does. */
static void take_claimed(struct runlog_parser *parser, struct text list)
{
    char name[HOST_NAME_MAX_BYTES + 1];
    struct text spec;

    runlog_text_end(parser);
    runlog_take_body(parser);
    parser->claimed_count = 0;
    while (parser->claimed_count < CLAIMED_MAX && spec_pattern_next(&list, &spec))
        if (host_name_of_spec(spec.bytes, spec.length, name))
            parser->claimed[parser->claimed_count++] = known_hosts_add(parser->hosts, name);
    if (parser->claimed_count == 1)
        start_host(parser, parser->claimed[0]->name);
    runlog_text_begin(parser, parser->claimed_count == 1 ? parser->claimed[0] : NULL);
    parser->text_by_claim = true;
}

/* The claimed host that the cut name of a spec must mean; NULL: not to be told. */
static struct known_host *claimed_by_part(const struct runlog_parser *parser, struct text part)
{
    struct known_host *found = NULL;

    if (text_ends_with(part, TEXT("…")))
        part.length -= 3;
    for (size_t i = 0; i < parser->claimed_count; i++) {
        struct text name = {parser->claimed[i]->name, strlen(parser->claimed[i]->name)};

        if (!text_starts_with(name, part) && !text_starts_with(part, name))
            continue;
        if (found)
            return NULL;
        found = parser->claimed[i];
    }
    return found;
}

/* "  Running:  SPEC   (1 of 3)": Cypress begins a spec. */
static void take_running(struct runlog_parser *parser, struct text spec)
{
    char name[HOST_NAME_MAX_BYTES + 1];
    struct known_host *host = NULL;

    if (!spec_has_ending(spec))
        host = claimed_by_part(parser, spec);
    else if (host_name_of_spec(spec.bytes, spec.length, name))
        host = known_hosts_add(parser->hosts, name);
    runlog_text_end(parser);
    runlog_take_body(parser);
    if (host)
        start_host(parser, host->name);
    runlog_text_begin(parser, host);
    parser->text_by_claim = false;
}

/* A runner that crashed leaves a dummy row in the table; this line says why. */
static void take_crashed(struct runlog_parser *parser, struct text message)
{
    struct host_failure failure = {0};

    byte_string_append(&failure.message, message.bytes, message.length, SPEC_TEXT_MESSAGE_MAX);
    byte_string_cut(&failure.message, SPEC_TEXT_MESSAGE_MAX - 4);
    for (size_t i = 0; i < parser->claimed_count; i++) {
        struct known_host *host = parser->claimed[i];

        if (host->closed_batch != parser->batch.number && host->failure.message.length == 0)
            known_hosts_set_failure(parser->hosts, host, &failure);
    }
    byte_string_free(&failure.message);
}

static void take_interrupt(struct runlog_parser *parser, struct text line)
{
    if (parser->interrupted || parser->tail_line == parser->line)
        return;
    emit_text(parser, ATVM_CLAIM_INTERRUPTED, NULL, line);
    parser->interrupted = true;
}

/* ---------------------------------------------------------------- line by line */

/*
 * Whether the line may be believed where it stands. While a spec runs, any line may be its output,
 * and the error texts that mocha lists at its end may hold whole logs; what cypress-cloud and
 * Cypress print in their own name then stands below a rule, or is told apart by its place.
 */
static bool is_believed(const struct runlog_parser *parser, const struct log_line *line)
{
    bool in_text = parser->in_text;
    bool in_failures = in_text && parser->text.place == SPEC_TEXT_FAILURES;

    switch (line->kind) {
    case LOG_LINE_DISCOVERED:
        return line->indent == 0 && !in_failures;
    case LOG_LINE_RUN_URL:
    case LOG_LINE_RECORDED_RUN:
    case LOG_LINE_UPLOAD_CONFIRMED:
        return !in_text;
    case LOG_LINE_CLAIMED:
        return line->indent == 0 && (!in_text || parser->after_rule);
    case LOG_LINE_RUNNING:
        return !in_text || parser->after_rule || parser->text_by_claim;
    case LOG_LINE_CLOUD_TITLE:
    case LOG_LINE_RUN_FINISHED_TITLE:
        return !in_text || parser->after_rule;
    case LOG_LINE_RESULTS_TITLE:
        return !in_text || parser->after_blank;
    case LOG_LINE_CANCELLED:
        return !in_failures && (!in_text || line->labelled || line->indent == 0);
    case LOG_LINE_CRASHED:
        return !in_failures && line->labelled;
    case LOG_LINE_INTERRUPT:
        return !in_failures && !parser->batch.ended;
    default:
        return true;
    }
}

/* A line that is the spec's own, or nobody's. */
static void take_other(struct runlog_parser *parser, struct text line)
{
    int64_t numbered = parser->text.numbered;
    size_t steps = parser->text.steps.length;

    if (!parser->in_text)
        return;
    spec_text_line(&parser->text, line);
    if (!parser->interrupted ||
        (parser->text.steps.length == steps && parser->text.numbered == numbered))
        return;
    /* the tests go on: what looked like a kill was not the end */
    parser->interrupted = false;
    if (parser->current) {
        struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_HOST_STARTED);

        evidence.host = parser->current->name;
        emit(parser, &evidence);
    }
}

static void take_line(struct runlog_parser *parser, const struct log_line *line, struct text whole)
{
    switch (line->kind) {
    case LOG_LINE_CATEGORY:
        runlog_take_category(parser, line->argument);
        break;
    case LOG_LINE_SPEC_PATTERN:
        if (spec_pattern_is_open(line->argument))
            runlog_open_pattern_begin(parser, line->argument);
        else
            runlog_take_spec_pattern(parser, line->argument);
        break;
    case LOG_LINE_COMMAND:
        runlog_take_command(parser, line->argument);
        break;
    case LOG_LINE_DISCOVERED:
        runlog_take_discovered(parser);
        break;
    case LOG_LINE_RUN_URL:
        runlog_take_body(parser);
        emit_text(parser, ATVM_CLAIM_RUN_URL, "run-url", line->argument);
        break;
    case LOG_LINE_CLAIMED:
        take_claimed(parser, line->argument);
        break;
    case LOG_LINE_RUNNING:
        take_running(parser, line->argument);
        break;
    case LOG_LINE_RESULTS_TITLE:
        runlog_results_title(parser);
        break;
    case LOG_LINE_RUN_FINISHED_TITLE:
        runlog_own_table_title(parser);
        break;
    case LOG_LINE_CLOUD_TITLE:
        runlog_take_cloud_title(parser);
        break;
    case LOG_LINE_RECORDED_RUN:
        runlog_take_recorded_run(parser, line->argument);
        break;
    case LOG_LINE_UPLOAD_CONFIRMED:
        runlog_take_upload_confirmed(parser);
        break;
    case LOG_LINE_CANCELLED:
        emit_text(parser, ATVM_CLAIM_CANCELLED, NULL, line->argument);
        break;
    case LOG_LINE_CRASHED:
        take_crashed(parser, line->argument);
        break;
    case LOG_LINE_INTERRUPT:
        take_interrupt(parser, line->argument);
        break;
    case LOG_LINE_DRAWN:
        if (parser->in_text)
            take_other(parser, whole);
        else
            runlog_drawn_line(parser, line->argument);
        break;
    case LOG_LINE_RULE:
    case LOG_LINE_BLANK:
    case LOG_LINE_OTHER:
        take_other(parser, whole);
        break;
    }
}

static void emit_mentions(struct runlog_parser *parser, struct text line)
{
    size_t position = 0;
    struct known_host *host;

    while ((host = known_hosts_next_mention(parser->hosts, line, &position))) {
        struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_HOST_MENTIONED);

        evidence.host = host->name;
        emit(parser, &evidence);
    }
}

static void tell_encoding(struct runlog_parser *parser, int64_t offset)
{
    char text[64];

    snprintf(text, sizeof(text), "invalid UTF-8 at byte %lld", (long long)offset);
    runlog_emit_fact(parser, "encoding", (struct text){text, strlen(text)});
    parser->encoding_told = true;
}

static bool announces_hosts(enum log_line_kind kind)
{
    return kind == LOG_LINE_SPEC_PATTERN || kind == LOG_LINE_COMMAND || kind == LOG_LINE_CATEGORY;
}

void runlog_parser_line(struct runlog_parser *parser, const char *line, size_t length,
                        int64_t number, int64_t offset)
{
    int64_t invalid;
    struct text text = line_clean(line, length, &parser->clean, &invalid);
    struct log_line known;

    parser->line = number;
    if (invalid >= 0 && !parser->encoding_told)
        tell_encoding(parser, offset + invalid);
    if (parser->open_pattern_line > 0 && runlog_open_pattern_continue(parser, text))
        return;
    known = log_line_classify(text);
    if (parser->settings.facts_only && known.kind != LOG_LINE_SPEC_PATTERN)
        return;
    if (!is_believed(parser, &known))
        known.kind = LOG_LINE_OTHER;
    take_line(parser, &known, text);
    if (!announces_hosts(known.kind))
        emit_mentions(parser, text);
    parser->after_blank = known.kind == LOG_LINE_BLANK;
    if (known.kind != LOG_LINE_BLANK)
        parser->after_rule = known.kind == LOG_LINE_RULE;
}

void runlog_parser_tail(struct runlog_parser *parser, const char *line, size_t length,
                        int64_t number)
{
    int64_t invalid;
    struct text text = line_clean(line, length, &parser->clean, &invalid);
    struct log_line known = log_line_classify(text);
    bool whole_sentence =
        known.kind == LOG_LINE_UPLOAD_CONFIRMED && text_ends_with(text, TEXT("."));

    if (parser->settings.facts_only || parser->tail_line == number ||
        !is_believed(parser, &known) || (known.kind != LOG_LINE_INTERRUPT && !whole_sentence))
        return;
    parser->line = number;
    if (whole_sentence)
        runlog_take_upload_confirmed(parser);
    else
        take_interrupt(parser, known.argument);
    parser->tail_line = number;
}
