/* The status of a host, and who answers the other questions about it. */
#include "judge-host.h"

#include <stdlib.h>
#include <string.h>

#include "failing-step.h"
#include "short-error.h"

/* What two sources may differ by in the duration of one attempt: they measure different things. */
#define DURATION_SLACK_NS (INT64_C(120) * 1000 * 1000 * 1000)
#define DURATION_SHARE    4

/* ---------------------------------------------------------------- the table of spec R5.2 */

static bool log_exists(const struct host_case *host)
{
    return host->judged->log != NULL;
}

static bool needs_row(const struct host_case *host)
{
    return host->direct_pass && host->scope->is_subrun && log_exists(host) && !host->row_pass;
}

static bool direct_sources_disagree(const struct host_case *host, enum on_conflict settled_by)
{
    return host->direct_fail && host->direct_pass &&
           host->judged->policy->on_conflict == settled_by;
}

static bool undecided_conflict(const struct host_case *host)
{
    return direct_sources_disagree(host, ON_CONFLICT_UNKNOWN);
}

static bool preferred_source_passes(const struct host_case *host)
{
    return direct_sources_disagree(host, ON_CONFLICT_PRECEDENCE) &&
           testimony_compare(host->judged, QUESTION_STATUS, host->direct_pass, host->direct_fail) <
               0;
}

/* Which of two direct results counts is the operator's choice; all else in the table stays. */
static bool any_direct_failure(const struct host_case *host)
{
    return host->direct_fail && !preferred_source_passes(host);
}

static bool row_decides(const struct host_case *host)
{
    return host->direct_pass && host->marker && host->row_pass;
}

static bool marker_against_pass(const struct host_case *host)
{
    return host->direct_pass && host->marker;
}

static bool row_may_come(const struct host_case *host)
{
    return needs_row(host) && host->may_go_on;
}

static bool log_may_come(const struct host_case *host)
{
    return host->direct_pass && !host->row_pass && host->log_missing && host->may_go_on;
}

static bool log_is_missing(const struct host_case *host)
{
    return host->direct_pass && !host->row_pass && host->log_missing;
}

static bool direct_pass(const struct host_case *host)
{
    return host->direct_pass != NULL;
}

static bool marker_alone(const struct host_case *host)
{
    return host->marker != NULL;
}

static bool log_proves(const struct host_case *host)
{
    return host->proof && judge_scope_has_end_proof(host->scope) && !host->damaged &&
           !host->kind_missing && !host->nothing_executed &&
           !(host->scope->is_subrun && log_exists(host));
}

static bool goes_on(const struct host_case *host)
{
    return host->may_go_on && host->begun;
}

static bool may_begin(const struct host_case *host)
{
    return host->may_go_on;
}

static bool never_named(const struct host_case *host)
{
    return host->judged->log_readable && !host->named_in_log && !host->left_something;
}

static bool left_nothing(const struct host_case *host)
{
    return !host->left_something;
}

static bool always(const struct host_case *host)
{
    (void)host;
    return true;
}

/* The first row that fits decides. */
static const struct status_row {
    const char *rule;
    bool (*fits)(const struct host_case *host);
    enum host_status status;
} status_table[] = {
    {"conflict-settled-as-unknown", undecided_conflict, HOST_UNKNOWN},
    {"any-direct-failure", any_direct_failure, HOST_FAIL},
    {"own-row-decides", row_decides, HOST_PASS},
    {"failure-marker-against-direct-pass", marker_against_pass, HOST_UNKNOWN},
    {"row-of-the-batch-may-come", row_may_come, HOST_RUNNING},
    {"row-of-the-batch-missing", needs_row, HOST_UNKNOWN},
    {"log-of-the-host-may-come", log_may_come, HOST_RUNNING},
    {"log-of-the-host-damaged-or-missing", log_is_missing, HOST_UNKNOWN},
    {"conflict-settled-by-precedence", preferred_source_passes, HOST_PASS},
    {"direct-pass", direct_pass, HOST_PASS},
    {"failure-marker", marker_alone, HOST_FAIL},
    {"whole-log-proves", log_proves, HOST_PASS},
    {"begun-and-going-on", goes_on, HOST_RUNNING},
    {"not-begun-yet", may_begin, HOST_NOT_STARTED},
    {"never-named-in-the-log", never_named, HOST_NOT_STARTED},
    {"left-nothing", left_nothing, HOST_MISSING},
    {"no-proof", always, HOST_UNKNOWN},
};

static const struct status_row *status_of(const struct host_case *host)
{
    const struct status_row *row = status_table;

    while (!row->fits(host))
        row++;
    return row;
}

/* ---------------------------------------------------------------- candidates */

/* Orders an index over the testimonies; insertion sort, as a host has a handful of them. */
static const struct testimony **ranked(const struct host_case *host, enum question question)
{
    const struct testimony **order =
        memory_array_in(host->judged->memory, NULL, host->count, sizeof(*order));

    for (size_t i = 0; i < host->count; i++) {
        size_t place = i;

        for (; place > 0 && testimony_compare(host->judged, question, &host->testimonies[i],
                                              order[place - 1]) < 0;
             place--)
            order[place] = order[place - 1];
        order[place] = &host->testimonies[i];
    }
    return order;
}

static bool answers_status(const struct testimony *testimony, const struct host_verdict *verdict)
{
    return (verdict->status == HOST_PASS && testimony->outcome == ATVM_OUTCOME_PASS) ||
           (verdict->status == HOST_FAIL && testimony->outcome == ATVM_OUTCOME_FAIL);
}

static bool answers_counts(const struct testimony *testimony, const struct host_verdict *verdict)
{
    (void)verdict;
    return testimony->item->record->tests >= 0;
}

static bool answers_step(const struct testimony *testimony, const struct host_verdict *verdict)
{
    return verdict->status == HOST_FAIL && testimony->outcome == ATVM_OUTCOME_FAIL &&
           testimony->item->record->step;
}

static bool has_text(const char *text)
{
    return text && *text;
}

static bool answers_excerpt(const struct testimony *testimony, const struct host_verdict *verdict)
{
    const struct atvm_evidence *record = testimony->item->record;

    return verdict->status == HOST_FAIL && testimony->outcome == ATVM_OUTCOME_FAIL &&
           (has_text(record->message) || record->excerpt_length > 0);
}

static bool answers_timing(const struct testimony *testimony, const struct host_verdict *verdict)
{
    const struct atvm_evidence *record = testimony->item->record;

    (void)verdict;
    return record->duration_ns >= 0 || record->started_ns >= 0;
}

static const struct {
    bool (*answers)(const struct testimony *testimony, const struct host_verdict *verdict);
    const char *no_answer; /* rule for a candidate that has nothing to say to the question */
} questions[QUESTION_COUNT] = {
    [QUESTION_STATUS] = {answers_status, NULL}, /* what it says, it says against the status */
    [QUESTION_COUNTS] = {answers_counts, "no-counts"},
    [QUESTION_STEP] = {answers_step, "no-failing-step"},
    [QUESTION_EXCERPT] = {answers_excerpt, "no-failure-text"},
    [QUESTION_TIMING] = {answers_timing, "no-times"},
};

/* Counts of a log without states mean something only where it covers the whole flow (R5.1). */
static bool covers_flow(const struct host_case *host, const struct testimony *testimony)
{
    const struct atvm_evidence *record = testimony->item->record;
    size_t flow_count, seen = 0;
    const char **flow;

    if (record->basis == ATVM_BASIS_DIRECT)
        return true;
    flow = judge_flow_of(host->judged, host->name, &flow_count);
    for (const char *steps = record->steps; steps && flow && seen < flow_count;) {
        size_t length = strcspn(steps, "\n");

        if (strlen(flow[seen]) == length && strncmp(steps, flow[seen], length) == 0)
            seen++;
        steps = steps[length] ? steps + length + 1 : NULL;
    }
    return flow && seen == flow_count;
}

static bool can_answer(const struct host_case *host, enum question question,
                       const struct testimony *testimony, const struct host_verdict *verdict)
{
    return !testimony->dropped && questions[question].answers(testimony, verdict) &&
           (question != QUESTION_COUNTS || covers_flow(host, testimony));
}

static const struct testimony *best_of(const struct host_case *host, enum question question,
                                       const struct testimony *const *order,
                                       const struct host_verdict *verdict)
{
    for (size_t i = 0; i < host->count; i++)
        if (can_answer(host, question, order[i], verdict))
            return order[i];
    return NULL;
}

static bool speaks_of_step(const struct testimony *testimony, const struct host_verdict *verdict)
{
    const char *step = testimony->item->record->step;

    return step && failing_step_is_same(step, verdict->step);
}

/* The text of a failure must be that of the step that is named: where some candidate speaks of that
 * step, the others do not count. */
static const struct testimony *best_text(const struct host_case *host,
                                         const struct testimony *const *order,
                                         const struct host_verdict *verdict)
{
    for (size_t i = 0; i < host->count && verdict->step; i++)
        if (can_answer(host, QUESTION_EXCERPT, order[i], verdict) &&
            speaks_of_step(order[i], verdict))
            return order[i];
    return best_of(host, QUESTION_EXCERPT, order, verdict);
}

/* Two rows of the table rest on one certain kind of testimony, not on the most believed one. */
static const struct testimony *winner_of(const struct host_case *host, enum question question,
                                         const struct testimony *const *order,
                                         const struct host_verdict *verdict)
{
    if (question == QUESTION_EXCERPT)
        return best_text(host, order, verdict);
    if (question == QUESTION_STATUS && strcmp(verdict->rule, "own-row-decides") == 0)
        return host->row_pass;
    if (question == QUESTION_STATUS && strcmp(verdict->rule, "whole-log-proves") == 0)
        return host->proof;
    return best_of(host, question, order, verdict);
}

static void note_source(struct host_verdict *verdict, const char *collector)
{
    for (size_t i = 0; i < verdict->source_count; i++)
        if (strcmp(verdict->sources[i], collector) == 0)
            return;
    verdict->sources[verdict->source_count++] = collector;
}

/* Why a whole log of a host that is not known to have passed did not prove that it has. */
static const char *rule_of_unproven(const struct host_case *host, const struct testimony *testimony)
{
    const char *flaw = testimony_flaw_of_proof(host, testimony);

    if (flaw)
        return flaw;
    if (!judge_scope_has_end_proof(host->scope))
        return "no-end-proof";
    if (host->damaged)
        return "damage-bars-the-proof";
    if (host->nothing_executed)
        return "nothing-executed-bars-the-proof";
    return host->kind_missing ? "missing-kind-bars-the-proof" : "log-without-its-row";
}

static const char *rule_of_loser(const struct host_case *host, enum question question,
                                 const struct testimony *testimony,
                                 const struct host_verdict *verdict)
{
    bool is_direct = testimony->item->record->basis == ATVM_BASIS_DIRECT;

    if (question == QUESTION_COUNTS && answers_counts(testimony, verdict))
        return "log-does-not-cover-the-flow";
    if (question != QUESTION_STATUS)
        return questions[question].no_answer;
    if (testimony->outcome == ATVM_OUTCOME_NONE)
        return "no-outcome";
    if (host_status_is_final(verdict->status))
        return "other-outcome";
    return testimony->outcome == ATVM_OUTCOME_PASS && !is_direct ? rule_of_unproven(host, testimony)
                                                                 : verdict->rule;
}

static const char *rule_of_candidate(const struct host_case *host, enum question question,
                                     const struct testimony *testimony,
                                     const struct testimony *winner,
                                     const struct host_verdict *verdict)
{
    if (testimony == winner)
        return question == QUESTION_STATUS ? verdict->rule : "precedence";
    if (testimony->dropped)
        return testimony->dropped;
    if (!can_answer(host, question, testimony, verdict))
        return rule_of_loser(host, question, testimony, verdict);
    if (question == QUESTION_EXCERPT && verdict->step && speaks_of_step(winner, verdict) &&
        !speaks_of_step(testimony, verdict))
        return "text-of-another-step";
    return "lower-precedence";
}

static const struct testimony *decide(const struct host_case *host, enum question question,
                                      struct host_verdict *verdict)
{
    const struct testimony **order = ranked(host, question);
    const struct testimony *winner = winner_of(host, question, order, verdict);
    struct decision *decision = &verdict->decisions[question];

    decision->rule = question == QUESTION_STATUS ? verdict->rule : winner ? "precedence" : "nobody";
    decision->candidates =
        memory_array_in(host->judged->memory, NULL, host->count, sizeof(*decision->candidates));
    decision->candidate_count = host->count;
    for (size_t i = 0; i < host->count; i++)
        decision->candidates[i] = (struct candidate){
            .source = order[i]->item->from->source,
            .record = order[i]->item->record,
            .outcome = order[i]->outcome,
            .won = order[i] == winner,
            .rule = rule_of_candidate(host, question, order[i], winner, verdict),
        };
    if (winner)
        note_source(verdict, winner->item->from->source->collector);
    return winner;
}

/* ---------------------------------------------------------------- answers */

static void answer_counts(const struct host_case *host, struct host_verdict *verdict)
{
    const struct testimony *winner = decide(host, QUESTION_COUNTS, verdict);

    if (!winner)
        return;
    verdict->tests = winner->item->record->tests;
    verdict->passed = winner->item->record->passed;
    verdict->failed = winner->item->record->failed;
    verdict->pending = winner->item->record->pending;
    verdict->skipped = winner->item->record->skipped;
}

/* A message of one line may only announce what the longer text has below that line. */
static const char *short_text(struct obstack *memory, const struct atvm_evidence *record)
{
    size_t length = has_text(record->message) ? strlen(record->message) : 0;
    const char *longer = NULL;

    if (length > 0 && record->excerpt_length > 0 && !strchr(record->message, '\n'))
        longer = memmem(record->excerpt, record->excerpt_length, record->message, length);
    if (longer)
        return short_error(memory, longer,
                           record->excerpt_length - (size_t)(longer - record->excerpt));
    return length > 0 ? short_error(memory, record->message, length)
                      : short_error(memory, record->excerpt, record->excerpt_length);
}

static void answer_text(const struct host_case *host, struct host_verdict *verdict)
{
    const struct testimony *step = decide(host, QUESTION_STEP, verdict);
    const struct testimony *text;

    verdict->step = step ? step->item->record->step : NULL;
    text = decide(host, QUESTION_EXCERPT, verdict);
    if (text) {
        const struct atvm_evidence *record = text->item->record;

        verdict->error = short_text(host->judged->memory, record);
        verdict->excerpt = record->excerpt_length > 0 ? record->excerpt : record->message;
    }
}

static bool fill_in(int64_t *time_ns, int64_t told_ns)
{
    bool fills = *time_ns < 0 && told_ns >= 0;

    if (fills)
        *time_ns = told_ns;
    return fills;
}

/* Why its times do not fit those of the others: it speaks of another attempt, or is wrong. The id
 * of a rule; NULL: they do. */
static const char *misfit(const struct candidate *candidate, const struct host_verdict *verdict)
{
    int64_t told = candidate->record->duration_ns, known = verdict->duration_ns;

    if ((candidate->outcome == ATVM_OUTCOME_FAIL && verdict->status == HOST_PASS) ||
        (candidate->outcome == ATVM_OUTCOME_PASS && verdict->status == HOST_FAIL))
        return "times-of-another-outcome";
    if (told >= 0 && known >= 0 && llabs(told - known) > DURATION_SLACK_NS &&
        llabs(told - known) > known / DURATION_SHARE)
        return "times-of-another-duration";
    return NULL;
}

/* The duration and the start may come from different sources: the table has no start. */
static void answer_timing(const struct host_case *host, struct host_verdict *verdict)
{
    const struct decision *decision = &verdict->decisions[QUESTION_TIMING];

    decide(host, QUESTION_TIMING, verdict);
    for (size_t i = 0; i < decision->candidate_count; i++) {
        struct candidate *candidate = &decision->candidates[i];
        bool used;

        if (!candidate->won && strcmp(candidate->rule, "lower-precedence") != 0)
            continue;
        if (!candidate->won && misfit(candidate, verdict)) {
            candidate->rule = misfit(candidate, verdict);
            continue;
        }
        used = fill_in(&verdict->duration_ns, candidate->record->duration_ns);
        used |= fill_in(&verdict->started_ns, candidate->record->started_ns);
        used |= fill_in(&verdict->ended_ns, candidate->record->ended_ns);
        if (!used || candidate->won)
            continue;
        candidate->rule = "fills-in-what-the-winner-lacks";
        note_source(verdict, candidate->source->collector);
    }
    if (verdict->ended_ns < 0 && verdict->started_ns >= 0 && verdict->duration_ns >= 0)
        verdict->ended_ns = verdict->started_ns + verdict->duration_ns;
}

/* One candidate for each source that gives steps of the host's flow: its first step's record. */
static void answer_flow(const struct host_case *host, struct host_verdict *verdict)
{
    struct decision *decision = &verdict->decisions[QUESTION_FLOW];
    const struct judge_source *last = NULL;
    size_t count;
    const struct judge_item *const *items = judge_case_items_of(host->judged, host->name, &count);
    const char *collector = judge_flow_collector(host->judged, host->name);

    decision->candidates =
        memory_array_in(host->judged->memory, NULL, count, sizeof(*decision->candidates));
    decision->rule = collector ? "steps-of-the-spec" : "nobody";
    for (size_t i = 0; i < count; i++) {
        bool damaged = items[i]->from->damaged, won;

        if (items[i]->record->claim != ATVM_CLAIM_FLOW_STEP || items[i]->from == last)
            continue;
        last = items[i]->from;
        won = !damaged && collector && strcmp(last->source->collector, collector) == 0;
        decision->candidates[decision->candidate_count++] = (struct candidate){
            .source = last->source,
            .record = items[i]->record,
            .won = won,
            .rule = won       ? "steps-of-the-spec"
                    : damaged ? "damaged-source"
                              : "lower-precedence",
        };
    }
}

static void list_what_is_lacking(const struct host_case *host, struct host_verdict *verdict)
{
    verdict->lacking =
        memory_array_in(host->judged->memory, NULL, ARTIFACT_KIND_COUNT, sizeof(*verdict->lacking));
    for (int kind = 0; kind < ARTIFACT_KIND_COUNT; kind++)
        if (host->lacks[kind])
            verdict->lacking[verdict->lacking_count++] =
                judge_artifact_name((enum artifact_kind)kind);
}

/* ---------------------------------------------------------------- conflicts */

static const char *outcome_word(int32_t outcome)
{
    return outcome == ATVM_OUTCOME_PASS ? "PASS" : "FAIL";
}

static const char *told_by(const struct host_case *host, const struct testimony *testimony)
{
    return memory_format_in(host->judged->memory, "%s: %s",
                            testimony->item->from->source->collector,
                            outcome_word(testimony->outcome));
}

static const struct testimony *contradiction(const struct host_case *host,
                                             const struct testimony *kept)
{
    for (size_t i = 0; i < host->count; i++) {
        const struct testimony *other = &host->testimonies[i];

        if (!other->dropped && other->outcome != ATVM_OUTCOME_NONE &&
            other->outcome != kept->outcome &&
            (other->item->record->basis == ATVM_BASIS_DIRECT ||
             other->outcome == ATVM_OUTCOME_FAIL))
            return other;
    }
    return NULL;
}

static void note_conflict(const struct host_case *host, const struct host_verdict *verdict,
                          struct conflict_list *list)
{
    const struct testimony *kept = verdict->status == HOST_FAIL
                                       ? (host->direct_fail ? host->direct_fail : host->marker)
                                       : host->direct_pass;
    const struct testimony *other = kept ? contradiction(host, kept) : NULL;

    if (!other)
        return;
    memory_grow(&list->conflicts, list->count, &list->capacity, sizeof(*list->conflicts));
    list->conflicts[list->count++] = (struct conflict){
        .host = host->name,
        .question = QUESTION_STATUS,
        .kept = verdict->status == HOST_UNKNOWN ? "neither" : told_by(host, kept),
        .dropped = verdict->status == HOST_UNKNOWN
                       ? memory_format_in(host->judged->memory, "%s, %s", told_by(host, kept),
                                          told_by(host, other))
                       : told_by(host, other),
        .rule = verdict->rule,
    };
}

void judge_host(const struct host_case *host, struct host_verdict *ret,
                struct conflict_list *conflicts)
{
    const struct status_row *row = status_of(host);

    *ret = (struct host_verdict){
        .name = host->name,
        .status = row->status,
        .rule = row->rule,
        .tests = -1,
        .passed = -1,
        .failed = -1,
        .pending = -1,
        .skipped = -1,
        .started_ns = -1,
        .ended_ns = -1,
        .duration_ns = -1,
    };
    ret->sources = memory_array_in(host->judged->memory, NULL, QUESTION_COUNT + host->count,
                                   sizeof(*ret->sources));
    decide(host, QUESTION_STATUS, ret);
    answer_counts(host, ret);
    answer_text(host, ret);
    answer_timing(host, ret);
    answer_flow(host, ret);
    list_what_is_lacking(host, ret);
    note_conflict(host, ret, conflicts);
}
