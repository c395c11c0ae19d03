/* What shows that a scope ended, was interrupted or cancelled, record by record: for people. */
#include <string.h>

#include "judge-scope.h"

/* The records of a log, line by line, and from which candidate on a claim still stands. */
struct end_reader {
    const struct judge_case *judged;
    const struct judge_scope *scope;
    struct judge_scope so_far; /* what the lines up to here amount to */
    struct decision *end;
    size_t standing[3]; /* candidates before this one were taken back by a later line */
};

/* What a line of the log can say about the end; its place in `standing`. */
static const struct {
    int32_t claim;
    const char *rule;
} log_signs[] = {
    {ATVM_CLAIM_SCOPE_ENDED, "log-shows-the-end"},
    {ATVM_CLAIM_INTERRUPTED, "log-ends-in-interrupt"},
    {ATVM_CLAIM_CANCELLED, "cancelled-in-the-log"},
};
#define LOG_SIGN_COUNT (sizeof(log_signs) / sizeof(log_signs[0]))

static bool still_stands(const struct judge_scope *so_far, int32_t claim)
{
    if (claim == ATVM_CLAIM_SCOPE_ENDED)
        return so_far->log_ended;
    return claim == ATVM_CLAIM_INTERRUPTED ? so_far->interrupted : so_far->cancelled != NULL;
}

static void add(struct decision *end, const struct judge_item *item, const char *rule, bool won)
{
    end->candidates[end->candidate_count++] = (struct candidate){
        .source = item->from->source, .record = item->record, .won = won, .rule = rule};
}

static void take_back(struct end_reader *reader, size_t sign)
{
    struct decision *end = reader->end;

    for (size_t i = reader->standing[sign]; i < end->candidate_count; i++)
        if (end->candidates[i].record->claim == log_signs[sign].claim) {
            end->candidates[i].won = false;
            end->candidates[i].rule = "the-log-goes-on-after-it";
        }
    reader->standing[sign] = end->candidate_count;
}

static void read_line(struct end_reader *reader, const struct judge_item *item)
{
    judge_scope_read_line(reader->judged, &reader->so_far, item->record);
    for (size_t sign = 0; sign < LOG_SIGN_COUNT; sign++) {
        if (item->record->claim == log_signs[sign].claim)
            add(reader->end, item, log_signs[sign].rule, true);
        if (!still_stands(&reader->so_far, log_signs[sign].claim))
            take_back(reader, sign);
    }
}

static void read_log(const struct judge_case *judged, const struct judge_scope *scope,
                     struct decision *end)
{
    struct end_reader reader = {
        .judged = judged, .scope = scope, .so_far = {.name = scope->name}, .end = end};

    /* A sub-run that the log does not show has no lines in it. */
    if (scope->is_subrun && scope->batch == 0)
        return;
    for (size_t i = 0; i < judged->item_count; i++)
        if (judge_item_is_log(&judged->items[i], scope->batch))
            read_line(&reader, &judged->items[i]);
}

/* A sub-run owns its XML by name; those of its sisters are no business of its. */
static bool may_be_of_scope(const struct judge_scope *scope, const struct judge_item *item)
{
    return !scope->is_subrun || judge_text_is(item->record->scope, scope->name);
}

static void read_bookkeeping(const struct judge_case *judged, const struct judge_scope *scope,
                             struct decision *end)
{
    bool is_overruled = scope->interrupted && !scope->log_ended;

    for (size_t i = 0; i < judged->item_count; i++) {
        const struct judge_item *item = &judged->items[i];
        const char *flaw;

        if (!judge_is_bookkeeping_end(item) || !may_be_of_scope(scope, item))
            continue;
        flaw = judge_flaw_of_bookkeeping(judged, scope, item);
        if (!flaw && is_overruled)
            flaw = "interrupt-stands-before-xml";
        add(end, item, flaw ? flaw : "bookkeeping-xml-shows-the-end", !flaw);
    }
}

static const char *rule_of_end(const struct judge_scope *scope)
{
    if (scope->log_ended)
        return "log-shows-the-end";
    if (scope->interrupted)
        return "log-ends-in-interrupt";
    return scope->xml_ended ? "bookkeeping-xml-shows-the-end" : "no-end-proof";
}

static size_t count_signs(const struct judge_case *judged)
{
    size_t count = 0;

    for (size_t i = 0; i < judged->item_count; i++)
        for (size_t sign = 0; sign < LOG_SIGN_COUNT; sign++)
            count += judged->items[i].record->claim == log_signs[sign].claim;
    return count;
}

struct decision judge_scope_end(const struct judge_case *judged, const struct judge_scope *scope)
{
    struct decision end = {.rule = rule_of_end(scope)};

    end.candidates =
        memory_array_in(judged->memory, NULL, count_signs(judged), sizeof(*end.candidates));
    read_log(judged, scope, &end);
    read_bookkeeping(judged, scope, &end);
    return end;
}
