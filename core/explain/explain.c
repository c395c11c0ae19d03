#include "explain.h"

#include <stdlib.h>
#include <string.h>

#include "nearest-name.h"
#include "render-escape.h"
#include "render-secret.h"

#define FAILURE_TEXT_MAX 500 /* characters; the whole text is in the report */

/* ---------------------------------------------------------------- names */

bool explain_question_from_name(const char *name, enum question *ret)
{
    for (int question = 0; question < QUESTION_COUNT; question++)
        if (strcmp(question_name((enum question)question), name) == 0) {
            *ret = (enum question)question;
            return true;
        }
    return false;
}

const char *explain_standing_name(enum source_standing standing)
{
    switch (standing) {
    case SOURCE_STALE:
        return "stale";
    case SOURCE_DAMAGED:
        return "damaged";
    case SOURCE_STRANGE:
        return "strange";
    case SOURCE_COUNTS:
    default:
        return "counts";
    }
}

static size_t count_hosts(const struct verdict *verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < verdict->scope_count; i++)
        count += verdict->scopes[i].host_count;
    return count;
}

char *explain_host_problem(const struct explain *explain)
{
    const struct verdict *verdict = explain->verdict;
    const char **names;
    size_t count = 0;
    char *advice, *problem;

    for (size_t i = 0; i < verdict->scope_count; i++)
        if (explain_shows_scope(explain, &verdict->scopes[i]))
            return NULL;
    if (!explain->host)
        return NULL;
    names = memory_zeroed(count_hosts(verdict) + 1, sizeof(*names));
    for (size_t i = 0; i < verdict->scope_count; i++)
        for (size_t j = 0; j < verdict->scopes[i].host_count; j++)
            names[count++] = verdict->scopes[i].hosts[j].name;
    advice = nearest_name_advice(explain->host, names, count, "hosts of this run");
    problem = memory_format("%s is no host of %s; %s", explain->host, verdict->build, advice);
    free(advice);
    free(names);
    return problem;
}

const struct explain_closed *explain_closed_as(const struct explain *explain, const char *scope)
{
    for (size_t i = 0; i < explain->closed_count; i++)
        if (strcmp(explain->closed[i].scope, scope) == 0)
            return &explain->closed[i];
    return NULL;
}

/* ---------------------------------------------------------------- filters */

bool explain_shows_host(const struct explain *explain, const struct host_verdict *host)
{
    return !explain->host || strcmp(explain->host, host->name) == 0;
}

bool explain_shows_scope(const struct explain *explain, const struct scope_verdict *scope)
{
    for (size_t i = 0; i < scope->host_count; i++)
        if (explain_shows_host(explain, &scope->hosts[i]))
            return true;
    return !explain->host;
}

bool explain_shows_question(const struct explain *explain, enum question question)
{
    return explain->question == EXPLAIN_ALL_QUESTIONS || explain->question == question;
}

bool explain_shows_surroundings(const struct explain *explain)
{
    return explain->question == EXPLAIN_ALL_QUESTIONS;
}

static bool is_artifact(const struct ledger_source *source)
{
    static const char *const others[] = {"log", "process", "config"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (source->file.kind && strcmp(source->file.kind, others[i]) == 0)
            return false;
    return true;
}

bool explain_shows_source(const struct explain *explain, const struct source_verdict *source)
{
    const struct ledger_source *of = source->source;

    if (!explain->host || !is_artifact(of))
        return true;
    for (size_t i = 0; i < source->host_count; i++)
        if (strcmp(source->hosts[i], explain->host) == 0)
            return true;
    for (size_t i = 0; i < of->record_count; i++)
        if (of->records[i].host && strcmp(of->records[i].host, explain->host) == 0)
            return true;
    return of->file.stem && strcmp(of->file.stem, explain->host) == 0;
}

/* ---------------------------------------------------------------- what a record says */

const char *explain_failure_text(struct obstack *memory, const struct atvm_evidence *record)
{
    bool has_message = record->message && *record->message;
    const char *text = has_message ? record->message : record->excerpt;

    if (!text || (!has_message && record->excerpt_length == 0))
        return NULL;
    text = secret_mask(memory, escape_line(memory, text));
    return escape_shorten(memory, text, FAILURE_TEXT_MAX);
}

size_t explain_step_count(const struct candidate *candidate, const char *host)
{
    const struct ledger_source *source = candidate->source;
    size_t count = 0;

    for (size_t i = 0; i < source->record_count; i++)
        count += source->records[i].claim == ATVM_CLAIM_FLOW_STEP && source->records[i].host &&
                 strcmp(source->records[i].host, host) == 0;
    return count;
}
