/* The half of the run log parser that gathers results: the spec's text, Cypress's boxes, tables. */

#include "duration.h"
#include "host-name.h"
#include "runlog-state.h"
#include "spec-pattern.h"

/* ---------------------------------------------------------------- what is told of a host */

static void set_basis(struct atvm_evidence *evidence, const char *host)
{
    evidence->host = host;
    if (host_name_is_bookkeeping(host))
        evidence->basis = ATVM_BASIS_BOOKKEEPING;
}

static void add_failure(struct atvm_evidence *evidence, const struct host_failure *failure)
{
    evidence->step = runlog_string_or_null(&failure->step);
    evidence->message = runlog_string_or_null(&failure->message);
    evidence->excerpt = runlog_string_or_null(&failure->excerpt);
    evidence->excerpt_length = failure->excerpt.length;
    if (failure->hook)
        evidence->flags |= ATVM_EVIDENCE_HOOK;
}

/* Keeps what the spec's text told of its first failure. */
static void remember_failure(struct runlog_parser *parser, struct known_host *host)
{
    struct host_failure failure = {.step = parser->text.step, .hook = parser->text.hook};

    spec_text_message(&parser->text, &failure.message);
    spec_text_excerpt(&parser->text, &failure.excerpt);
    if (failure.step.length > 0 || failure.message.length > 0)
        known_hosts_set_failure(parser->hosts, host, &failure);
    byte_string_free(&failure.message);
    byte_string_free(&failure.excerpt);
}

/* ---------------------------------------------------------------- the spec's text */

void runlog_text_begin(struct runlog_parser *parser, struct known_host *host)
{
    parser->current = host;
    parser->in_text = true;
    parser->unsettled = false;
    parser->box_state = BOX_NONE;
    parser->in_own_table = false;
    spec_text_begin(&parser->text);
}

/* Failures that no closed box confirmed. */
static void emit_spec_text(struct runlog_parser *parser)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_HOST_RESULT);
    struct known_host *host = parser->current;

    remember_failure(parser, host);
    set_basis(&evidence, host->name);
    evidence.form = "spec-text";
    evidence.outcome = ATVM_OUTCOME_FAIL;
    evidence.steps = runlog_string_or_null(&parser->text.steps);
    add_failure(&evidence, &host->failure);
    parser->emit(parser->user, &evidence);
}

void runlog_text_end(struct runlog_parser *parser)
{
    if ((parser->in_text || parser->unsettled) && parser->current && parser->text.numbered > 0)
        emit_spec_text(parser);
    parser->in_text = parser->unsettled = false;
    parser->box_state = BOX_NONE;
    parser->in_own_table = false;
}

/* ---------------------------------------------------------------- Cypress's box and table */

void runlog_results_title(struct runlog_parser *parser)
{
    parser->unsettled = parser->unsettled || parser->in_text;
    parser->in_text = false;
    parser->in_own_table = false;
    parser->box_state = BOX_TITLE;
    results_box_begin(&parser->box);
}

/* What the counts say; NONE where one that a pass needs is missing. */
static int32_t outcome_of(const struct atvm_evidence *counts)
{
    if (counts->failed > 0 || counts->skipped > 0)
        return ATVM_OUTCOME_FAIL;
    if (counts->tests < 0 || counts->passed < 0 || counts->failed < 0 || counts->pending < 0 ||
        counts->skipped < 0)
        return ATVM_OUTCOME_NONE;
    return ATVM_OUTCOME_PASS;
}

/* The host of the box; NULL: it names none. */
static struct known_host *box_host(struct runlog_parser *parser)
{
    const struct byte_string *spec = &parser->box.spec;
    char name[HOST_NAME_MAX_BYTES + 1];

    if (spec->length == 0)
        return parser->current;
    if (!host_name_of_spec(spec->bytes, spec->length, name))
        return NULL;
    return known_hosts_add(parser->hosts, name);
}

static void close_box(struct runlog_parser *parser)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_HOST_RESULT);
    const struct results_box *box = &parser->box;
    struct known_host *host = box_host(parser);
    bool own_text = host && host == parser->current && parser->unsettled;

    parser->box_state = BOX_NONE;
    if (!host)
        return;
    evidence.tests = box->counts[RESULTS_TESTS];
    evidence.passed = box->counts[RESULTS_PASSING];
    evidence.failed = box->counts[RESULTS_FAILING];
    evidence.pending = box->counts[RESULTS_PENDING];
    evidence.skipped = box->counts[RESULTS_SKIPPED];
    evidence.duration_ns = box->duration_ns;
    evidence.outcome = outcome_of(&evidence);
    /* a box below another spec's text was torn: what it adds up to is nobody's pass */
    if (evidence.outcome == ATVM_OUTCOME_PASS && parser->current && host != parser->current)
        evidence.outcome = ATVM_OUTCOME_NONE;
    evidence.form = "results-box";
    set_basis(&evidence, host->name);
    if (own_text) {
        parser->unsettled = false;
        evidence.steps = runlog_string_or_null(&parser->text.steps);
        if (evidence.outcome != ATVM_OUTCOME_PASS)
            remember_failure(parser, host);
    }
    if (evidence.outcome == ATVM_OUTCOME_PASS)
        known_hosts_clear_failure(parser->hosts, host);
    else
        add_failure(&evidence, &host->failure);
    host->closed_batch = parser->batch.number;
    parser->emit(parser->user, &evidence);
    parser->interrupted = false;
}

static void box_line(struct runlog_parser *parser, struct text line)
{
    if (table_is_bar(line)) {
        if (parser->box_state == BOX_OPEN)
            results_box_line(&parser->box, line);
    } else if (table_is_bottom(line)) {
        close_box(parser);
    } else {
        parser->box_state = BOX_OPEN;
    }
}

void runlog_own_table_title(struct runlog_parser *parser)
{
    runlog_text_end(parser);
    parser->in_own_table = true;
}

/* A row of "(Run Finished)" says what the box of that spec said; it counts where that box was never
 * closed. */
static void own_table_line(struct runlog_parser *parser, struct text line)
{
    struct atvm_evidence evidence = runlog_evidence(parser, ATVM_CLAIM_HOST_RESULT);
    struct cypress_row row;
    struct known_host *host;

    if (table_is_bottom(line))
        parser->in_own_table = false;
    if (!cypress_row_parse(line, &row))
        return;
    if (text_ends_with(row.spec, TEXT("…")))
        row.spec.length -= 3;
    host = known_hosts_by_part(parser->hosts, row.spec, parser->batch.number);
    if (!host)
        return;
    evidence.tests = row.counts[TABLE_TESTS];
    evidence.passed = row.counts[TABLE_PASSING];
    evidence.failed = row.counts[TABLE_FAILING];
    evidence.pending = row.counts[TABLE_PENDING];
    evidence.skipped = row.counts[TABLE_SKIPPED];
    evidence.duration_ns = row.duration_ns;
    evidence.outcome = row.mark == TABLE_MARK_FAILED ? ATVM_OUTCOME_FAIL : outcome_of(&evidence);
    evidence.form = "cypress-row";
    set_basis(&evidence, host->name);
    if (evidence.outcome == ATVM_OUTCOME_FAIL)
        add_failure(&evidence, &host->failure);
    parser->emit(parser->user, &evidence);
}

/* ---------------------------------------------------------------- the cloud table */

void runlog_block_begin(struct runlog_parser *parser)
{
    struct table_block *block = &parser->block;

    block->open = true;
    block->batch = parser->batch.number;
    block->recorded = block->confirmed = block->closed = block->pending = false;
    block->confirmed_line = 0;
    byte_string_clear(&block->name);
    byte_string_append(&block->name, parser->batch.name.bytes, parser->batch.name.length,
                       (size_t)-1);
}

static struct atvm_evidence row_evidence(const struct runlog_parser *parser, int32_t claim)
{
    const struct table_block *block = &parser->block;
    struct atvm_evidence evidence = runlog_evidence(parser, claim);

    evidence.batch = block->batch;
    evidence.scope = runlog_string_or_null(&block->name);
    evidence.locator = block->row_line;
    evidence.tests = table_row_count(&block->row, TABLE_TESTS);
    evidence.passed = table_row_count(&block->row, TABLE_PASSING);
    evidence.failed = table_row_count(&block->row, TABLE_FAILING);
    evidence.pending = table_row_count(&block->row, TABLE_PENDING);
    evidence.skipped = table_row_count(&block->row, TABLE_SKIPPED);
    evidence.duration_ns = duration_parse(table_row_cell(&block->row, TABLE_DURATION));
    /* a mark that its own counts contradict proves no pass */
    if (block->row.mark == TABLE_MARK_FAILED || evidence.failed > 0 || evidence.skipped > 0)
        evidence.outcome = ATVM_OUTCOME_FAIL;
    else if (block->row.mark == TABLE_MARK_PASSED)
        evidence.outcome = ATVM_OUTCOME_PASS;
    return evidence;
}

static void emit_totals(struct runlog_parser *parser)
{
    struct atvm_evidence evidence = row_evidence(parser, ATVM_CLAIM_SCOPE_TOTALS);
    struct text verdict = table_row_cell(&parser->block.row, TABLE_SPEC);

    evidence.form = "cloud-totals";
    evidence.text = runlog_scratch(parser, verdict);
    parser->emit(parser->user, &evidence);
}

static void emit_row(struct runlog_parser *parser, struct text spec)
{
    struct atvm_evidence evidence = row_evidence(parser, ATVM_CLAIM_HOST_RESULT);
    char name[HOST_NAME_MAX_BYTES + 1];
    struct known_host *host;

    if (!spec_has_ending(spec) || !host_name_of_spec(spec.bytes, spec.length, name))
        return;
    host = known_hosts_add(parser->hosts, name);
    evidence.form = "cloud-row";
    evidence.text = runlog_scratch(parser, spec);
    set_basis(&evidence, host->name);
    if (evidence.outcome == ATVM_OUTCOME_FAIL)
        add_failure(&evidence, &host->failure);
    parser->emit(parser->user, &evidence);
}

/* A row that waits is complete: it is emitted. */
static void complete_row(struct runlog_parser *parser)
{
    struct table_block *block = &parser->block;

    if (!block->pending)
        return;
    block->pending = false;
    if (table_row_is_totals(&block->row))
        emit_totals(parser);
    else
        emit_row(parser, table_row_cell(&block->row, TABLE_SPEC));
    parser->interrupted = false;
}

void runlog_table_complete(struct runlog_parser *parser)
{
    struct table_block *block = &parser->block;
    int64_t line = block->confirmed_line;

    complete_row(parser);
    block->closed = true;
    block->confirmed_line = 0;
    if (line > 0)
        runlog_upload_confirmed(parser, line);
}

void runlog_block_end(struct runlog_parser *parser)
{
    if (parser->block.open)
        runlog_table_complete(parser);
    parser->block.open = false;
}

static void block_line(struct runlog_parser *parser, struct text line)
{
    struct table_block *block = &parser->block;
    struct table_line parsed;

    if (table_is_bottom(line)) {
        runlog_table_complete(parser);
        return;
    }
    if (!table_line_parse(line, &parsed)) {
        complete_row(parser); /* a border, or a line that was torn */
        return;
    }
    if (parsed.mark == TABLE_MARK_NONE) {
        if (block->pending)
            table_row_continue(&block->row, &parsed);
        return;
    }
    complete_row(parser);
    table_row_begin(&block->row, &parsed);
    block->pending = true;
    block->row_line = parser->line;
}

void runlog_drawn_line(struct runlog_parser *parser, struct text line)
{
    if (parser->box_state != BOX_NONE)
        box_line(parser, line);
    else if (parser->in_own_table)
        own_table_line(parser, line);
    else if (parser->block.open)
        block_line(parser, line);
}
