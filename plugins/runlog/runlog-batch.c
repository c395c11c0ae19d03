/* The part of the run log parser that tells batches apart: how they begin, whom they expect, how
 * they end. */
#include <string.h>

#include "host-name.h"
#include "runlog-state.h"
#include "spec-pattern.h"

#define NAME_MAX_BYTES    1024          /* of a build's or group's name */
#define PATTERN_MAX_BYTES (1024 * 1024) /* of a specPattern over several lines */

static void emit_scope_started(struct runlog_parser *parser)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_SCOPE_STARTED);

    evidence.text = runlog_string_or_null(&parser->batch.group);
    parser->emit(parser->user, &evidence);
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
void runlog_take_body(struct runlog_parser *parser)
{
    if (parser->batch.number == 0 || parser->batch.ended) {
        begin_batch(parser);
        emit_scope_started(parser);
    }
    parser->batch.body = true;
}

void runlog_take_category(struct runlog_parser *parser, struct text group)
{
    take_marker(parser, MARKER_CATEGORY);
    byte_string_clear(&parser->batch.group);
    byte_string_append(&parser->batch.group, group.bytes, group.length, NAME_MAX_BYTES);
    emit_scope_started(parser);
}

void runlog_take_command(struct runlog_parser *parser, struct text name)
{
    struct text known = {parser->batch.name.bytes, parser->batch.name.length};
    bool begins;

    /* the wrapper tries the same run again */
    if (name.length > 0 && !parser->batch.ended && text_equals(name, known))
        return;
    begins = take_marker(parser, MARKER_COMMAND);
    byte_string_append(&parser->batch.name, name.bytes, name.length, NAME_MAX_BYTES);
    if (begins || name.length > 0)
        emit_scope_started(parser);
}

void runlog_take_discovered(struct runlog_parser *parser)
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
    parser->emit(parser->user, &evidence);
}

void runlog_take_spec_pattern(struct runlog_parser *parser, struct text list)
{
    struct text spec;

    if (parser->settings.facts_only) {
        runlog_emit_fact(parser, "spec-pattern", list);
        return;
    }
    if (take_marker(parser, MARKER_SPEC_PATTERN))
        emit_scope_started(parser);
    runlog_emit_fact(parser, "spec-pattern", list);
    while (spec_pattern_next(&list, &spec))
        expect_spec(parser, spec);
}

/* A list that its first line leaves open goes on as long as lines look like its elements. */
void runlog_open_pattern_begin(struct runlog_parser *parser, struct text list)
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
    runlog_take_spec_pattern(parser, list);
    parser->line = line;
}

/* true: the line belonged to the list. */
bool runlog_open_pattern_continue(struct runlog_parser *parser, struct text line)
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
    parser->emit(parser->user, evidence);
    evidence->claim = ATVM_CLAIM_SCOPE_ENDED;
    parser->emit(parser->user, evidence);
    if (evidence->batch == parser->batch.number)
        parser->batch.ended = true;
    parser->interrupted = false;
}

void runlog_upload_confirmed(struct runlog_parser *parser, int64_t line)
{
    bool for_block =
        parser->block.batch > 0 && (parser->batch.has_table || !parser->block.confirmed);
    struct atvm_evidence evidence;

    if (!for_block && parser->batch.number == 0)
        runlog_take_body(parser);
    evidence = runlog_evidence(parser, ATVM_CLAIM_UPLOAD_CONFIRMED);
    evidence.locator = line;
    evidence.form = "upload-confirmed";
    emit_end(parser, &evidence, for_block);
    if (for_block)
        parser->block.confirmed = true;
}

void runlog_take_recorded_run(struct runlog_parser *parser, struct text url)
{
    bool for_block =
        parser->block.batch > 0 && (parser->batch.has_table || !parser->block.recorded);
    struct atvm_evidence evidence;

    runlog_table_complete(parser);
    if (!for_block)
        runlog_take_body(parser);
    evidence = runlog_evidence(parser, ATVM_CLAIM_RUN_URL);
    evidence.form = "recorded-run";
    evidence.text = runlog_scratch(parser, url);
    emit_end(parser, &evidence, for_block);
    if (for_block)
        parser->block.recorded = true;
    if (parser->settings.categorized)
        runlog_block_end(parser);
}

void runlog_take_upload_confirmed(struct runlog_parser *parser)
{
    if (parser->tail_line == parser->line)
        return;
    if (parser->settings.categorized && parser->block.open && !parser->block.closed) {
        /* rows may follow; the sub-run has not ended before its table has */
        parser->block.confirmed_line = parser->line;
        return;
    }
    runlog_upload_confirmed(parser, parser->line);
}

void runlog_take_cloud_title(struct runlog_parser *parser)
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
