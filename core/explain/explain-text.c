/* The explanation for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence-line.h"
#include "explain-writer.h"
#include "render-escape.h"
#include "render-time.h"
#include "report.h"
#include "rules.h"

#define VALUE_MAX 48 /* characters of an answer; the report has the whole */
#define NAMES_MAX 6  /* hosts that are named where all are counted */

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
    if (record->duration_ns < 0 && record->ended_ns >= 0)
        return memory_format_in(&writer->memory, "%s to %s",
                                writer_short_time(writer, record->started_ns),
                                writer_short_time(writer, record->ended_ns));
    if (record->duration_ns < 0)
        return memory_format_in(&writer->memory, "from %s",
                                writer_short_time(writer, record->started_ns));
    return memory_format_in(&writer->memory, "%s from %s", duration,
                            writer_short_time(writer, record->started_ns));
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
        text = record->step ? writer_clean(writer, record->step) : NULL;
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
    const char *form = record->form ? writer_clean(writer, record->form) : "";
    const char *const cells[COLUMNS_MAX] = {
        memory_format_in(memory, "%s %s", candidate->won ? "*" : " ", answer),
        writer_clean(writer, candidate->source->collector),
        memory_format_in(memory, "%s%s%s", basis ? basis : "", basis && *form ? " " : "", form),
        writer_cite(writer, candidate->rule),
        writer_short_time(writer, candidate->source->file.mtime_ns),
        writer_place(writer, candidate->source, record),
    };

    columns_add_row(&writer->columns, cells);
}

/* Step and text are asked for only where a host failed: of the others, who has none is no news. */
static bool is_idle(const struct host_verdict *host, enum question question)
{
    return (question == QUESTION_STEP || question == QUESTION_EXCERPT) && host->status != HOST_FAIL;
}

/* The duration as the report has it, where no source says it in so many words. */
static const char *heading_of_timing(struct writer *writer, const struct scope_verdict *scope,
                                     const struct host_verdict *host)
{
    const char *name = question_name(QUESTION_TIMING);
    char buffer[32];
    bool inferred = false;
    int64_t duration_ns = report_host_duration(scope, host, &inferred);

    if (duration_ns < 0 || host->duration_ns >= 0)
        return name;
    render_duration(duration_ns, buffer);
    if (!inferred)
        return memory_format_in(&writer->memory, "%s - %s, from its start to its end", name,
                                buffer);
    return memory_format_in(&writer->memory,
                            "%s - about %s, which no source has: from its start to the start of "
                            "the next host, or to the end of the %s",
                            name, buffer,
                            writer->explain->verdict->categorized ? "sub-run" : "run");
}

static void add_question(struct writer *writer, const struct scope_verdict *scope,
                         const struct host_verdict *host, enum question question)
{
    const struct decision *decision = &host->decisions[question];
    const char *name = question_name(question);
    const char *heading =
        question == QUESTION_TIMING ? heading_of_timing(writer, scope, host) : name;

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

static void write_host(struct writer *writer, const struct scope_verdict *scope,
                       const struct host_verdict *host)
{
    obstack_printf(&writer->out, "\n  %s - %s\n", writer_clean(writer, host->name),
                   host_status_name(host->status));
    write_rule(writer, "    ", host->rule);
    write_lacking(writer, host);
    for (int question = 0; question < QUESTION_COUNT; question++)
        if (explain_shows_question(writer->explain, (enum question)question))
            add_question(writer, scope, host, (enum question)question);
    columns_write(&writer->columns, &writer->out, 4);
}

/* ---------------------------------------------------------------- a scope */

static void write_closed(struct writer *writer, const char *name, enum run_state judged)
{
    const struct explain_closed *closed = explain_closed_as(writer->explain, name);

    if (!closed)
        return;
    obstack_printf(&writer->out, "  closed as %s, %s%s%s\n", run_state_name(closed->state),
                   writer_full_time(writer, closed->closed_ns), closed->reason ? ": " : "",
                   writer_clean(writer, closed->reason));
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
                       question_name(conflict->question), writer_clean(writer, conflict->host),
                       writer_clean(writer, conflict->kept),
                       writer_clean(writer, conflict->dropped), conflict->rule);
    }
    for (size_t i = 0; i < scope->note_count; i++)
        obstack_printf(&writer->out, "  note - %s\n", writer_clean(writer, scope->notes[i]));
}

/* Which spec gives the flow stands with the host; a fallback stands with nobody. */
static void write_flow_source(struct writer *writer, const struct scope_verdict *scope)
{
    if (scope->flow_source == FLOW_CONFIG)
        obstack_printf(&writer->out,
                       "  flow - %zu step%s of the template's list in the configuration: no spec "
                       "gives any\n",
                       scope->flow_count, plural(scope->flow_count));
}

static void write_scope(struct writer *writer, const struct scope_verdict *scope)
{
    const struct explain *explain = writer->explain;

    if (explain->verdict->categorized) {
        obstack_printf(&writer->out, "\nSUB-RUN %s - %s: %s\n", writer_clean(writer, scope->name),
                       run_state_name(scope->state), writer_clean(writer, scope->reason));
        write_rule(writer, "  ", scope->rule);
        write_closed(writer, scope->name, scope->state);
    }
    if (explain_shows_surroundings(explain)) {
        write_end(writer, &scope->end);
        write_flow_source(writer, scope);
        write_remarks(writer, scope);
    }
    for (size_t i = 0; i < scope->host_count; i++)
        if (explain_shows_host(explain, &scope->hosts[i]))
            write_host(writer, scope, &scope->hosts[i]);
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
        obstack_printf(&writer->out, "from %s ", writer_full_time(writer, explain->since_ns));
    obstack_printf(&writer->out, "to %s%s%s\n",
                   render_local_time(explain->now_ns, explain->time_zone, buffer),
                   explain->now_is ? ", " : "", explain->now_is ? explain->now_is : "");
}

static bool is_expected(const struct verdict *verdict, const char *host)
{
    for (size_t i = 0; i < verdict->expected_count; i++)
        if (strcmp(verdict->expected[i], host) == 0)
            return true;
    return false;
}

/* ": a, b and 3 more"; nothing where there are none. */
static void write_names(struct writer *writer, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && i < NAMES_MAX; i++)
        obstack_printf(&writer->out, "%s%s", i == 0 ? ": " : ", ", writer_clean(writer, names[i]));
    if (count > NAMES_MAX)
        obstack_printf(&writer->out, " and %zu more", count - NAMES_MAX);
}

/* Where the count of expected hosts does not fit what ran, it is said why. */
static void write_unexpected(struct writer *writer)
{
    const struct verdict *verdict = writer->explain->verdict;
    bool by_batch = verdict->categorized && !writer->explain->hosts_were_asked_for;
    const char **names;
    size_t count = 0, most = 0;

    for (size_t i = 0; i < verdict->scope_count; i++)
        most += verdict->scopes[i].host_count;
    names = memory_array_in(&writer->memory, NULL, most, sizeof(*names));
    for (size_t i = 0; i < verdict->scope_count; i++)
        for (size_t j = 0; j < verdict->scopes[i].host_count; j++)
            if (!is_expected(verdict, verdict->scopes[i].hosts[j].name))
                names[count++] = verdict->scopes[i].hosts[j].name;
    if (count == 0 || verdict->expected_count == 0)
        return;
    obstack_printf(&writer->out, "  hosts - %zu more ran", count);
    write_names(writer, names, count);
    obstack_printf(&writer->out, "%s\n",
                   by_batch ? " (a specPattern names the hosts of its batch only, and not every "
                              "batch has one; --hosts says who is meant)"
                            : " (nobody asked for it)");
}

static void write_expected(struct writer *writer)
{
    const struct verdict *verdict = writer->explain->verdict;

    obstack_printf(&writer->out, "  hosts - %zu expected, by %s", verdict->expected_count,
                   writer->explain->hosts_were_asked_for ? "what was asked for"
                   : verdict->expected_count > 0         ? "the specPattern"
                                                         : "nobody: those that were seen");
    write_names(writer, verdict->expected, verdict->expected_count);
    obstack_1grow(&writer->out, '\n');
    write_unexpected(writer);
}

static void write_run(struct writer *writer)
{
    const struct explain *explain = writer->explain;
    const struct verdict *verdict = explain->verdict;

    obstack_printf(&writer->out, "%s - %s: %s\n", writer_clean(writer, verdict->build),
                   run_state_name(verdict->state), writer_clean(writer, verdict->reason));
    write_rule(writer, "  ", verdict->rule);
    write_closed(writer, verdict->build, verdict->state);
    if (!explain_shows_surroundings(explain))
        return;
    write_window(writer);
    write_expected(writer);
    write_runner(writer);
    if (explain->automation_root)
        obstack_printf(&writer->out, "  paths - … stands for %s\n",
                       writer_clean(writer, explain->automation_root));
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
    memcpy(writer.day, writer_full_time(&writer, explain->now_ns), WRITER_DAY_LENGTH);
    write_run(&writer);
    for (size_t i = 0; i < explain->verdict->scope_count; i++)
        if (explain_shows_scope(explain, &explain->verdict->scopes[i]))
            write_scope(&writer, &explain->verdict->scopes[i]);
    if (explain_shows_surroundings(explain)) {
        writer_write_sources(&writer);
        writer_write_gaps(&writer);
    }
    writer_write_rules(&writer);
    obstack_1grow(&writer.out, '\0');
    text = memory_string(obstack_finish(&writer.out));
    obstack_free(&writer.out, NULL);
    obstack_free(&writer.memory, NULL);
    return text;
}
