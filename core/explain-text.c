/* The explanation for people. */
#include "explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence-line.h"
#include "explain-columns.h"
#include "render-escape.h"
#include "render-secret.h"
#include "render-time.h"
#include "report.h"
#include "rules.h"

#define DAY_LENGTH  10 /* "2026-04-16" */
#define TIME_LENGTH 19 /* "2026-04-16 13:00:00" */
#define VALUE_MAX   48 /* characters of an answer; the report has the whole */

struct writer {
    const struct explain *explain;
    struct obstack memory; /* texts of cells */
    struct obstack out;
    struct columns columns;
    bool *cited;              /* for each of rules_all(): it appears in a table */
    char day[DAY_LENGTH + 1]; /* on which it was judged: times of that day go without it */
};

/* ---------------------------------------------------------------- texts */

static const char *clean(struct writer *writer, const char *text)
{
    return secret_mask(&writer->memory, escape_line(&writer->memory, text ? text : ""));
}

static const char *cite(struct writer *writer, const char *id)
{
    size_t count;
    const struct rule *rules = rules_all(&count);

    for (size_t i = 0; id && i < count; i++)
        if (strcmp(rules[i].id, id) == 0)
            writer->cited[i] = true;
    return id ? id : "";
}

static const char *full_time(struct writer *writer, int64_t time_ns)
{
    char buffer[RENDER_TIME_SIZE];

    render_local_time(time_ns, writer->explain->time_zone, buffer);
    return memory_bytes_in(&writer->memory, buffer, TIME_LENGTH);
}

static const char *short_time(struct writer *writer, int64_t time_ns)
{
    const char *text;

    if (time_ns < 0)
        return "";
    text = full_time(writer, time_ns);
    return strncmp(text, writer->day, DAY_LENGTH) == 0 ? text + DAY_LENGTH + 1 : text;
}

static const char *short_path(struct writer *writer, const char *path)
{
    const char *root = writer->explain->automation_root;
    size_t length = root ? strlen(root) : 0;

    if (length > 1 && strncmp(path, root, length) == 0 && path[length] == '/')
        path = memory_format_in(&writer->memory, "…%s", path + length);
    return clean(writer, path);
}

static const char *place_of(struct writer *writer, const struct ledger_source *source,
                            const struct atvm_evidence *record)
{
    const char *path = short_path(writer, source->file.path);

    if (record->locator < 0)
        return path;
    return memory_format_in(&writer->memory,
                            record->locator_unit == ATVM_LOCATOR_OFFSET ? "%s@%" PRId64
                                                                        : "%s:%" PRId64,
                            path, record->locator);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* ---------------------------------------------------------------- what a candidate answers */

static const char *outcome_of(int32_t outcome)
{
    return outcome == ATVM_OUTCOME_PASS ? "PASS" : outcome == ATVM_OUTCOME_FAIL ? "FAIL" : "-";
}

static void add_count(struct obstack *memory, const char **text, int64_t count, const char *what)
{
    if (count > 0)
        *text = memory_format_in(memory, "%s, %" PRId64 " %s", *text, count, what);
}

static const char *counts_of(struct obstack *memory, const struct atvm_evidence *record)
{
    const char *text;

    if (record->tests < 0)
        return "-";
    text = memory_format_in(memory, "%" PRId64 " test%s", record->tests,
                            plural((size_t)record->tests));
    add_count(memory, &text, record->passed, "passed");
    add_count(memory, &text, record->failed, "failed");
    add_count(memory, &text, record->pending, "pending");
    add_count(memory, &text, record->skipped, "skipped");
    return text;
}

static const char *times_of(struct writer *writer, const struct atvm_evidence *record)
{
    char duration[32];

    render_duration(record->duration_ns, duration);
    if (record->started_ns < 0)
        return record->duration_ns < 0 ? "-" : memory_string_in(&writer->memory, duration);
    if (record->duration_ns < 0)
        return memory_format_in(&writer->memory, "from %s", short_time(writer, record->started_ns));
    return memory_format_in(&writer->memory, "%s from %s", duration,
                            short_time(writer, record->started_ns));
}

static const char *answer_of(struct writer *writer, enum question question,
                             const struct candidate *candidate, const struct host_verdict *host)
{
    const struct atvm_evidence *record = candidate->record;
    const char *text = NULL;
    size_t steps;

    switch (question) {
    case QUESTION_STATUS:
        return outcome_of(candidate->outcome);
    case QUESTION_COUNTS:
        return counts_of(&writer->memory, record);
    case QUESTION_STEP:
        text = record->step ? clean(writer, record->step) : NULL;
        break;
    case QUESTION_EXCERPT:
        text = explain_failure_text(&writer->memory, record);
        break;
    case QUESTION_TIMING:
        return times_of(writer, record);
    case QUESTION_FLOW:
        steps = explain_step_count(candidate, host->name);
        return memory_format_in(&writer->memory, "%zu step%s", steps, plural(steps));
    case QUESTION_COUNT:
    default:
        break;
    }
    return text && *text ? escape_shorten(&writer->memory, text, VALUE_MAX) : "-";
}

/* ---------------------------------------------------------------- a host */

static void add_candidate(struct writer *writer, const char *answer,
                          const struct candidate *candidate)
{
    struct obstack *memory = &writer->memory;
    const struct atvm_evidence *record = candidate->record;
    const char *basis = evidence_basis_name(record->basis);
    const char *form = record->form ? clean(writer, record->form) : "";
    const char *const cells[COLUMNS_MAX] = {
        memory_format_in(memory, "%s %s", candidate->won ? "*" : " ", answer),
        clean(writer, candidate->source->collector),
        memory_format_in(memory, "%s%s%s", basis ? basis : "", basis && *form ? " " : "", form),
        cite(writer, candidate->rule),
        short_time(writer, candidate->source->file.mtime_ns),
        place_of(writer, candidate->source, record),
    };

    columns_add_row(&writer->columns, cells);
}

/* Step and text are asked for only where a host failed: of the others, who has none is no news. */
static bool is_idle(const struct host_verdict *host, enum question question)
{
    return (question == QUESTION_STEP || question == QUESTION_EXCERPT) && host->status != HOST_FAIL;
}

static void add_question(struct writer *writer, const struct host_verdict *host,
                         enum question question)
{
    const struct decision *decision = &host->decisions[question];
    const char *name = question_name(question);
    const char *heading = name;

    if (is_idle(host, question)) {
        if (!explain_shows_surroundings(writer->explain))
            columns_add_heading(
                &writer->columns,
                memory_format_in(&writer->memory, "%s - asked only of a host that failed", name));
        return;
    }
    if (decision->candidate_count == 0)
        heading = memory_format_in(&writer->memory, "%s - no source says anything of it", name);
    else if (decision->rule && strcmp(decision->rule, "nobody") == 0)
        heading = memory_format_in(&writer->memory, "%s - %s", name, rule_sentence("nobody"));
    columns_add_heading(&writer->columns, heading);
    for (size_t i = 0; i < decision->candidate_count; i++)
        add_candidate(writer, answer_of(writer, question, &decision->candidates[i], host),
                      &decision->candidates[i]);
}

static void write_rule(struct writer *writer, const char *indent, const char *id)
{
    const char *sentence = rule_sentence(id);

    if (id)
        obstack_printf(&writer->out, "%s%s%s%s\n", indent, id, sentence ? ": " : "",
                       sentence ? sentence : "");
}

static void write_lacking(struct writer *writer, const struct host_verdict *host)
{
    if (host->lacking_count == 0)
        return;
    obstack_printf(&writer->out, "    has no whole file of a kind that this run left:");
    for (size_t i = 0; i < host->lacking_count; i++)
        obstack_printf(&writer->out, "%s %s", i > 0 ? "," : "", host->lacking[i]);
    obstack_1grow(&writer->out, '\n');
}

static void write_host(struct writer *writer, const struct host_verdict *host)
{
    obstack_printf(&writer->out, "\n  %s - %s\n", clean(writer, host->name),
                   host_status_name(host->status));
    write_rule(writer, "    ", host->rule);
    write_lacking(writer, host);
    for (int question = 0; question < QUESTION_COUNT; question++)
        if (explain_shows_question(writer->explain, (enum question)question))
            add_question(writer, host, (enum question)question);
    columns_write(&writer->columns, &writer->out, 4);
}

/* ---------------------------------------------------------------- a scope */

static void write_closed(struct writer *writer, const char *name, enum run_state judged)
{
    const struct explain_closed *closed = explain_closed_as(writer->explain, name);

    if (!closed)
        return;
    obstack_printf(&writer->out, "  closed as %s, %s%s%s\n", run_state_name(closed->state),
                   full_time(writer, closed->closed_ns), closed->reason ? ": " : "",
                   clean(writer, closed->reason));
    if (closed->state != judged)
        obstack_printf(&writer->out,
                       "  what is kept of it would now be judged %s: it stays closed as %s\n",
                       run_state_name(judged), run_state_name(closed->state));
}

static const char *sign_of(const struct atvm_evidence *record)
{
    if (record->basis == ATVM_BASIS_BOOKKEEPING)
        return "bookkeeping XML";
    if (record->claim == ATVM_CLAIM_INTERRUPTED)
        return "interrupt or kill";
    if (record->claim == ATVM_CLAIM_CANCELLED)
        return "cancelled";
    if (record->form && strcmp(record->form, "recorded-run") == 0)
        return "Recorded Run line";
    if (record->form && strcmp(record->form, "upload-confirmed") == 0)
        return "upload confirmed";
    return "end";
}

static void write_end(struct writer *writer, const struct decision *end)
{
    obstack_printf(&writer->out, "  end - ");
    write_rule(writer, "", end->rule);
    for (size_t i = 0; i < end->candidate_count; i++)
        add_candidate(writer, sign_of(end->candidates[i].record), &end->candidates[i]);
    columns_write(&writer->columns, &writer->out, 2);
}

static void write_remarks(struct writer *writer, const struct scope_verdict *scope)
{
    for (size_t i = 0; i < scope->conflict_count; i++) {
        const struct conflict *conflict = &scope->conflicts[i];

        obstack_printf(&writer->out, "  conflict - %s of %s: kept \"%s\", not \"%s\" (%s)\n",
                       question_name(conflict->question), clean(writer, conflict->host),
                       clean(writer, conflict->kept), clean(writer, conflict->dropped),
                       conflict->rule);
    }
    for (size_t i = 0; i < scope->note_count; i++)
        obstack_printf(&writer->out, "  note - %s\n", clean(writer, scope->notes[i]));
}

static void write_scope(struct writer *writer, const struct scope_verdict *scope)
{
    const struct explain *explain = writer->explain;

    if (explain->verdict->categorized) {
        obstack_printf(&writer->out, "\nSUB-RUN %s - %s: %s\n", clean(writer, scope->name),
                       run_state_name(scope->state), clean(writer, scope->reason));
        write_rule(writer, "  ", scope->rule);
        write_closed(writer, scope->name, scope->state);
    }
    if (explain_shows_surroundings(explain)) {
        write_end(writer, &scope->end);
        write_remarks(writer, scope);
    }
    for (size_t i = 0; i < scope->host_count; i++)
        if (explain_shows_host(explain, &scope->hosts[i]))
            write_host(writer, &scope->hosts[i]);
}

/* ---------------------------------------------------------------- the run */

static void write_runner(struct writer *writer)
{
    const struct runner_verdict *runner = &writer->explain->verdict->runner;

    obstack_printf(&writer->out, "  runner - ");
    if (!runner->looked)
        obstack_printf(&writer->out, "the process table could not be looked at: "
                                     "whether it lives is not known");
    else if (runner->alive)
        obstack_printf(&writer->out, "alive, process %" PRId64, runner->pid);
    else
        obstack_printf(&writer->out, "none (the process table was looked at)");
    if (runner->defunct_child >= 0)
        obstack_printf(&writer->out, "; with a defunct child, process %" PRId64,
                       runner->defunct_child);
    if (runner->orphans > 0)
        obstack_printf(&writer->out, "; %zu process%s of this build without it", runner->orphans,
                       runner->orphans == 1 ? "" : "es");
    obstack_printf(&writer->out, "\n");
}

static void write_window(struct writer *writer)
{
    const struct explain *explain = writer->explain;
    char buffer[RENDER_TIME_SIZE];

    obstack_printf(&writer->out, "  window - ");
    if (explain->since_ns > 0)
        obstack_printf(&writer->out, "from %s ", full_time(writer, explain->since_ns));
    obstack_printf(&writer->out, "to %s%s%s\n",
                   render_local_time(explain->now_ns, explain->time_zone, buffer),
                   explain->now_is ? ", " : "", explain->now_is ? explain->now_is : "");
}

static void write_expected(struct writer *writer)
{
    const struct verdict *verdict = writer->explain->verdict;

    obstack_printf(&writer->out, "  hosts - %zu expected, by %s\n", verdict->expected_count,
                   writer->explain->hosts_were_asked_for ? "what was asked for"
                   : verdict->expected_count > 0         ? "the specPattern"
                                                         : "nobody: those that were seen");
}

static void write_run(struct writer *writer)
{
    const struct explain *explain = writer->explain;
    const struct verdict *verdict = explain->verdict;

    obstack_printf(&writer->out, "%s - %s: %s\n", clean(writer, verdict->build),
                   run_state_name(verdict->state), clean(writer, verdict->reason));
    write_rule(writer, "  ", verdict->rule);
    write_closed(writer, verdict->build, verdict->state);
    if (!explain_shows_surroundings(explain))
        return;
    write_window(writer);
    write_expected(writer);
    write_runner(writer);
    if (explain->automation_root)
        obstack_printf(&writer->out, "  paths - … stands for %s\n",
                       clean(writer, explain->automation_root));
}

/* ---------------------------------------------------------------- sources */

static const char *hosts_of(struct writer *writer, const struct source_verdict *source)
{
    const char *introduction = source->standing == SOURCE_DAMAGED ? "may be of " : "";

    if (source->host_count == 0)
        return "";
    if (source->host_count > 2)
        return memory_format_in(&writer->memory, "%s%zu hosts: %s …", introduction,
                                source->host_count, clean(writer, source->hosts[0]));
    return memory_format_in(&writer->memory, "%s%s%s%s", introduction,
                            clean(writer, source->hosts[0]), source->host_count > 1 ? ", " : "",
                            source->host_count > 1 ? clean(writer, source->hosts[1]) : "");
}

/* What the file's own row adds to the rule: the time that lies outside, what is damaged, whom it
 * speaks of. */
static const char *details_of(struct writer *writer, const struct source_verdict *source)
{
    const char *reason = source->source->reason ? clean(writer, source->source->reason) : "";
    const char *hosts = hosts_of(writer, source);

    if (source->standing == SOURCE_STALE)
        return memory_format_in(&writer->memory, "of %s", full_time(writer, source->outside_ns));
    if (source->standing == SOURCE_COUNTS)
        reason = source->source->retired ? "the log was replaced; what it said still counts" : "";
    return memory_format_in(&writer->memory, "%s%s%s", reason, *reason && *hosts ? "; " : "",
                            hosts);
}

static void add_source(struct writer *writer, const struct source_verdict *source)
{
    const char *const cells[COLUMNS_MAX] = {
        explain_standing_name(source->standing),
        clean(writer, source->source->collector),
        cite(writer, source->rule),
        short_time(writer, source->source->file.mtime_ns),
        short_path(writer, source->source->file.path),
        details_of(writer, source),
    };

    columns_add_row(&writer->columns, cells);
}

/* What does not count first: that is what one looks for. */
static void write_sources(struct writer *writer)
{
    static const enum source_standing order[] = {SOURCE_STALE, SOURCE_DAMAGED, SOURCE_STRANGE,
                                                 SOURCE_COUNTS};
    const struct verdict *verdict = writer->explain->verdict;

    obstack_printf(&writer->out, "\nSOURCES\n");
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        for (size_t j = 0; j < verdict->source_count; j++)
            if (verdict->sources[j].standing == order[i] &&
                explain_shows_source(writer->explain, &verdict->sources[j]))
                add_source(writer, &verdict->sources[j]);
    if (writer->columns.count == 0)
        obstack_printf(&writer->out, "  none\n");
    columns_write(&writer->columns, &writer->out, 0);
}

static void add_gap(struct writer *writer, const char *what, const char *collector,
                    const char *path, int64_t time_ns, const char *reason)
{
    const char *const cells[COLUMNS_MAX] = {
        what,
        clean(writer, collector),
        path ? short_path(writer, path) : "",
        short_time(writer, time_ns),
        clean(writer, reason ? reason : "no reason was given"),
        NULL,
    };

    columns_add_row(&writer->columns, cells);
}

static void write_gaps(struct writer *writer)
{
    const struct ledger *ledger = writer->explain->ledger;

    obstack_printf(&writer->out, "\nCOULD NOT LOOK\n");
    for (size_t i = 0; i < ledger->pass_count; i++)
        if (ledger->passes[i].result != ATVM_COLLECT_COMPLETE)
            add_gap(writer, evidence_collect_result_name(ledger->passes[i].result),
                    ledger->passes[i].collector, NULL, ledger->passes[i].time_ns,
                    ledger->passes[i].reason);
    for (size_t i = 0; i < ledger->gap_count; i++)
        add_gap(writer, "gap", ledger->gaps[i].collector, ledger->gaps[i].path,
                ledger->gaps[i].time_ns, ledger->gaps[i].reason);
    if (writer->columns.count == 0)
        obstack_printf(&writer->out, "  nothing: every collector's last look was complete\n");
    columns_write(&writer->columns, &writer->out, 0);
}

static void write_rules(struct writer *writer)
{
    size_t count;
    const struct rule *rules = rules_all(&count);

    for (size_t i = 0; i < count; i++) {
        const char *const cells[COLUMNS_MAX] = {rules[i].id, rules[i].sentence};

        if (writer->cited[i])
            columns_add_row(&writer->columns, cells);
    }
    if (writer->columns.count > 0)
        obstack_printf(&writer->out, "\nRULES\n");
    columns_write(&writer->columns, &writer->out, 0);
}

char *explain_text(const struct explain *explain)
{
    struct writer writer = {.explain = explain};
    size_t rule_count;
    char *text;

    rules_all(&rule_count);
    obstack_init(&writer.memory);
    obstack_init(&writer.out);
    writer.cited = memory_array_in(&writer.memory, NULL, rule_count, sizeof(*writer.cited));
    memcpy(writer.day, full_time(&writer, explain->now_ns), DAY_LENGTH);
    write_run(&writer);
    for (size_t i = 0; i < explain->verdict->scope_count; i++)
        if (explain_shows_scope(explain, &explain->verdict->scopes[i]))
            write_scope(&writer, &explain->verdict->scopes[i]);
    if (explain_shows_surroundings(explain)) {
        write_sources(&writer);
        write_gaps(&writer);
    }
    write_rules(&writer);
    obstack_1grow(&writer.out, '\0');
    text = memory_string(obstack_finish(&writer.out));
    obstack_free(&writer.out, NULL);
    obstack_free(&writer.memory, NULL);
    return text;
}
