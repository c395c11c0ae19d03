#include "runlog-parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-name.h"
#include "runlog-state.h"
#include "spec-pattern.h"

#define NAME_MAX_BYTES    1024          /* of a build's or group's name */
#define PATTERN_MAX_BYTES (1024 * 1024) /* of a specPattern over several lines */

struct runlog_parser *runlog_parser_new(const struct runlog_settings *settings, runlog_emit emit,
                                        void *user)
{
    struct runlog_parser *parser = allocate(sizeof(*parser));

    memset(parser, 0, sizeof(*parser));
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

static void emit_fact(struct runlog_parser *parser, const char *name, struct text value)
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

static void emit_scope_started(struct runlog_parser *parser)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_SCOPE_STARTED);

    evidence.text = runlog_string_or_null(&parser->batch.group);
    emit(parser, &evidence);
    parser->interrupted = false;
}

/* ---------------------------------------------------------------- batches */

static void begin_batch(struct runlog_parser *parser)
{
    runlog_text_end(parser);
    runlog_block_end(parser);
    parser->current = NULL;
    parser->claimed_count = 0;
    parser->batch.number++;
    byte_string_clear(&parser->batch.name);
    byte_string_clear(&parser->batch.group);
    parser->batch.markers = 0;
    parser->batch.body = parser->batch.has_table = parser->batch.ended = false;
}

/* A line of a batch's head: it begins a new one unless it goes with the lines just before. Returns
 * whether one began. */
static bool take_marker(struct runlog_parser *parser, enum batch_marker marker)
{
    bool begins = parser->batch.number == 0 || parser->batch.body || parser->batch.ended ||
                  (parser->batch.markers & marker);

    if (begins)
        begin_batch(parser);
    parser->batch.markers |= marker;
    return begins;
}

/* A line that shows a batch at work; after the end of the last one it begins another. */
static void take_body(struct runlog_parser *parser)
{
    if (parser->batch.number == 0 || parser->batch.ended) {
        begin_batch(parser);
        emit_scope_started(parser);
    }
    parser->batch.body = true;
}

static void take_category(struct runlog_parser *parser, struct text group)
{
    take_marker(parser, MARKER_CATEGORY);
    byte_string_clear(&parser->batch.group);
    byte_string_append(&parser->batch.group, group.bytes, group.length, NAME_MAX_BYTES);
    emit_scope_started(parser);
}

static void take_command(struct runlog_parser *parser, struct text name)
{
    bool begins = take_marker(parser, MARKER_COMMAND);

    byte_string_append(&parser->batch.name, name.bytes, name.length, NAME_MAX_BYTES);
    if (begins || name.length > 0)
        emit_scope_started(parser);
}

static void take_discovered(struct runlog_parser *parser)
{
    if (take_marker(parser, MARKER_DISCOVERED))
        emit_scope_started(parser);
}

/* ---------------------------------------------------------------- the specPattern */

static void expect_spec(struct runlog_parser *parser, struct text path)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_EXPECTED_HOST);
    char name[HOST_NAME_MAX_BYTES + 1];
    struct known_host *host;

    if (!spec_path_is_plain(path) || !host_name_of_spec(path.bytes, path.length, name) ||
        host_name_is_bookkeeping(name))
        return;
    host = known_hosts_add(parser->hosts, name);
    known_hosts_expect(parser->hosts, host);
    evidence.host = host->name;
    evidence.text = runlog_scratch(parser, path);
    emit(parser, &evidence);
}

static void take_spec_pattern(struct runlog_parser *parser, struct text list)
{
    struct text spec;

    if (parser->settings.facts_only) {
        emit_fact(parser, "spec-pattern", list);
        return;
    }
    if (take_marker(parser, MARKER_SPEC_PATTERN))
        emit_scope_started(parser);
    emit_fact(parser, "spec-pattern", list);
    while (spec_pattern_next(&list, &spec))
        expect_spec(parser, spec);
}

/* A list that its first line leaves open goes on as long as lines look like its elements. */
static void begin_open_pattern(struct runlog_parser *parser, struct text list)
{
    byte_string_clear(&parser->open_pattern);
    byte_string_append(&parser->open_pattern, list.bytes, list.length, PATTERN_MAX_BYTES);
    parser->open_pattern_line = parser->line;
}

static void end_open_pattern(struct runlog_parser *parser)
{
    struct text list = {parser->open_pattern.bytes, parser->open_pattern.length};
    int64_t line = parser->line;

    parser->line = parser->open_pattern_line;
    parser->open_pattern_line = 0;
    take_spec_pattern(parser, list);
    parser->line = line;
}

/* true: the line belonged to the list. */
static bool continue_open_pattern(struct runlog_parser *parser, struct text line)
{
    struct text trimmed = text_trim(line);
    bool closes = trimmed.length > 0 && trimmed.bytes[0] == ']';

    if (trimmed.length == 0 || !memchr("'\"`]", trimmed.bytes[0], 4)) {
        end_open_pattern(parser);
        return false;
    }
    byte_string_append_character(&parser->open_pattern, '\n', PATTERN_MAX_BYTES);
    byte_string_append(&parser->open_pattern, trimmed.bytes, trimmed.length, PATTERN_MAX_BYTES);
    if (closes || text_ends_with(trimmed, TEXT("]")))
        end_open_pattern(parser);
    return true;
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
    take_body(parser);
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
    take_body(parser);
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

/* ---------------------------------------------------------------- the end of a batch */

/* Lets a record of an end line speak for the last table's batch. */
static void speak_for_block(const struct runlog_parser *parser, struct atvm_evidence *evidence)
{
    evidence->batch = parser->block.batch;
    evidence->scope = runlog_string_or_null(&parser->block.name);
}

/* Emits the record and, for the same batch, that it has ended. */
static void emit_end(struct runlog_parser *parser, struct atvm_evidence *evidence, bool for_block)
{
    if (for_block)
        speak_for_block(parser, evidence);
    emit(parser, evidence);
    evidence->claim = ATVM_CLAIM_SCOPE_ENDED;
    emit(parser, evidence);
    if (evidence->batch == parser->batch.number)
        parser->batch.ended = true;
    parser->interrupted = false;
}

static void take_recorded_run(struct runlog_parser *parser, struct text url)
{
    bool for_block =
        parser->block.batch > 0 && (parser->batch.has_table || !parser->block.recorded);
    struct atvm_evidence evidence;

    runlog_row_complete(parser);
    if (!for_block)
        take_body(parser);
    evidence = runlog_evidence(parser, ATVM_CLAIM_RUN_URL);
    evidence.form = "recorded-run";
    evidence.text = runlog_scratch(parser, url);
    emit_end(parser, &evidence, for_block);
    if (for_block)
        parser->block.recorded = true;
    if (parser->settings.categorized)
        runlog_block_end(parser);
}

static void take_upload_confirmed(struct runlog_parser *parser)
{
    bool for_block =
        parser->block.batch > 0 && (parser->batch.has_table || !parser->block.confirmed);
    struct atvm_evidence evidence;

    if (parser->tail_line == parser->line)
        return;
    if (!for_block && parser->batch.number == 0)
        take_body(parser);
    evidence = runlog_evidence(parser, ATVM_CLAIM_UPLOAD_CONFIRMED);
    evidence.form = "upload-confirmed";
    emit_end(parser, &evidence, for_block);
    if (for_block)
        parser->block.confirmed = true;
}

static void take_cloud_title(struct runlog_parser *parser)
{
    runlog_text_end(parser);
    runlog_block_end(parser);
    if (parser->batch.number == 0 || parser->batch.has_table) {
        begin_batch(parser);
        emit_scope_started(parser);
    }
    parser->batch.body = parser->batch.has_table = true;
    runlog_block_begin(parser);
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
        take_category(parser, line->argument);
        break;
    case LOG_LINE_SPEC_PATTERN:
        if (spec_pattern_is_open(line->argument))
            begin_open_pattern(parser, line->argument);
        else
            take_spec_pattern(parser, line->argument);
        break;
    case LOG_LINE_COMMAND:
        take_command(parser, line->argument);
        break;
    case LOG_LINE_DISCOVERED:
        take_discovered(parser);
        break;
    case LOG_LINE_RUN_URL:
        take_body(parser);
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
        take_cloud_title(parser);
        break;
    case LOG_LINE_RECORDED_RUN:
        take_recorded_run(parser, line->argument);
        break;
    case LOG_LINE_UPLOAD_CONFIRMED:
        take_upload_confirmed(parser);
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
    emit_fact(parser, "encoding", (struct text){text, strlen(text)});
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
    if (parser->open_pattern_line > 0 && continue_open_pattern(parser, text))
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
        take_upload_confirmed(parser);
    else
        take_interrupt(parser, known.argument);
    parser->tail_line = number;
}
