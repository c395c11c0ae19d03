/* Which testimonies about a host count, and in which order they are believed. */
#include <string.h>

#include "judge-host.h"
#include "judge-table.h"

/* ---------------------------------------------------------------- in itself consistent (R5.2) */

static bool form_is(const struct judge_item *item, const char *form)
{
    return judge_text_is(item->record->form, form);
}

static bool is_direct(const struct judge_item *item)
{
    return item->record->basis == ATVM_BASIS_DIRECT;
}

/* A mark and the numbers beside it may disagree: then the worse of the two is what was said. */
static int32_t outcome_of(const struct atvm_evidence *record)
{
    if (record->outcome == ATVM_OUTCOME_FAIL)
        return ATVM_OUTCOME_FAIL;
    if (record->basis == ATVM_BASIS_DIRECT && (record->failed > 0 || record->skipped > 0))
        return ATVM_OUTCOME_FAIL;
    return record->outcome;
}

static bool counts_are_known(const struct atvm_evidence *record)
{
    return record->tests >= 0 && record->passed >= 0 && record->failed >= 0 &&
           record->pending >= 0 && record->skipped >= 0;
}

static bool counts_add_up(const struct atvm_evidence *record)
{
    return record->tests == record->passed + record->failed + record->pending + record->skipped;
}

/* Why a DIRECT pass proves nothing; NULL: it does. */
static const char *flaw_of_pass(const struct judge_item *item)
{
    const struct atvm_evidence *record = item->record;

    if (!counts_are_known(record))
        return "counts-unreadable";
    if (!counts_add_up(record))
        return "counts-do-not-add-up";
    if (record->passed < 1)
        return "zero-tests-executed";
    if (form_is(item, "cloud-row") && !judge_table_agrees(item))
        return "totals-row-disagrees";
    return NULL;
}

/* ---------------------------------------------------------------- newest of its kind */

static bool is_newer(const struct judge_source *source, const struct judge_source *than)
{
    return source != than && source->artifact == than->artifact &&
           source->source->file.mtime_ns > than->source->file.mtime_ns;
}

/* What is not whole takes the place of an older file only with a failure: it may have been cut
 * before one. */
static bool can_supersede(const struct testimony *testimony)
{
    return !testimony->item->from->damaged || testimony->outcome == ATVM_OUTCOME_FAIL;
}

static bool has_newer_result(const struct host_case *host, const struct judge_item *item)
{
    for (size_t i = 0; i < host->count; i++) {
        const struct judge_source *other = host->testimonies[i].item->from;

        if (is_newer(other, item->from) && can_supersede(&host->testimonies[i]) &&
            strcmp(other->source->collector, item->from->source->collector) == 0)
            return true;
    }
    return false;
}

/* A later part of the log (a fresh specPattern) means to run the host again, or did: what an
 * earlier part says of a pass is not this attempt's. */
static bool begins_anew_later(const struct host_case *host, const struct judge_item *item)
{
    size_t count;
    const struct judge_item *const *items = judge_case_items_of(host->judged, host->name, &count);

    for (size_t i = 0; i < count; i++) {
        int32_t claim = items[i]->record->claim;

        if (judge_item_is_log(items[i], 0) && items[i]->attempt > item->attempt &&
            (claim == ATVM_CLAIM_EXPECTED_HOST || claim == ATVM_CLAIM_HOST_STARTED))
            return true;
    }
    return false;
}

static bool has_newer_damage(const struct host_case *host, const struct judge_item *item)
{
    for (size_t i = 0; i < host->judged->damaged_count; i++) {
        const struct judge_source *other = host->judged->damaged[i];

        if (other != item->from && other->artifact == item->from->artifact &&
            (other->source->file.mtime_ns < 0 ||
             other->source->file.mtime_ns >= item->from->source->file.mtime_ns) &&
            judge_case_damage_concerns(other, host->name))
            return true;
    }
    return false;
}

static const char *reason_to_drop(const struct host_case *host, const struct testimony *testimony)
{
    const struct judge_item *item = testimony->item;
    bool is_artifact = item->from->artifact != ARTIFACT_NONE;

    if (item->record->basis == ATVM_BASIS_BOOKKEEPING)
        return "bookkeeping-only-xml";
    if (is_artifact && has_newer_result(host, item))
        return "older-file-of-its-kind";
    if (testimony->outcome != ATVM_OUTCOME_PASS)
        return NULL;
    if (item->from->damaged)
        return "damaged-source";
    if (is_artifact && has_newer_damage(host, item))
        return "damaged-newest-of-its-kind";
    if (!is_artifact && !host->scope->is_subrun && begins_anew_later(host, item))
        return "older-part-of-the-log";
    return is_direct(item) ? flaw_of_pass(item) : NULL;
}

/* ---------------------------------------------------------------- order */

static size_t precedence_of(const struct judge_case *judged, enum question question,
                            const char *collector)
{
    const struct policy *policy = judged->policy;

    for (size_t i = 0; i < policy->precedence_count[question]; i++)
        if (strcmp(policy->precedence[question][i], collector) == 0)
            return i;
    return policy->precedence_count[question];
}

/* One collector may read several forms: the run's own table is its most considered word. */
static int form_rank(const struct judge_item *item)
{
    static const char *const forms[] = {"cloud-row", "results-box", "cypress-row"};

    for (int i = 0; i < (int)(sizeof(forms) / sizeof(forms[0])); i++)
        if (form_is(item, forms[i]))
            return i;
    return (int)(sizeof(forms) / sizeof(forms[0]));
}

static int compare_numbers(int64_t one, int64_t other)
{
    return (one > other) - (one < other);
}

int testimony_compare(const struct judge_case *judged, enum question question,
                      const struct testimony *one, const struct testimony *other)
{
    const struct judge_item *a = one->item, *b = other->item;
    int order = (one->dropped != NULL) - (other->dropped != NULL);

    if (order == 0 && question == QUESTION_STATUS)
        order = compare_numbers(a->record->basis, b->record->basis);
    if (order == 0)
        order =
            compare_numbers((int64_t)precedence_of(judged, question, a->from->source->collector),
                            (int64_t)precedence_of(judged, question, b->from->source->collector));
    if (order == 0)
        order = strcmp(a->from->source->collector, b->from->source->collector);
    if (order == 0)
        order = form_rank(a) - form_rank(b);
    if (order == 0)
        order = compare_numbers(b->from->source->file.mtime_ns, a->from->source->file.mtime_ns);
    return order ? order : compare_numbers((int64_t)a->order, (int64_t)b->order);
}

/* ---------------------------------------------------------------- logs that prove (R5.2) */

static bool gives_flow(const struct judge_item *item)
{
    return item->record->claim == ATVM_CLAIM_FLOW_STEP && item->record->step &&
           !item->from->damaged;
}

static bool stands_before(const struct judge_case *judged, const char *one, const char *other)
{
    int order = compare_numbers((int64_t)precedence_of(judged, QUESTION_FLOW, one),
                                (int64_t)precedence_of(judged, QUESTION_FLOW, other));

    return order ? order < 0 : strcmp(one, other) < 0;
}

const char *judge_flow_collector(const struct judge_case *judged, const char *host)
{
    size_t count;
    const struct judge_item *const *items = judge_case_items_of(judged, host, &count);
    const char *first = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *collector = items[i]->from->source->collector;

        if (gives_flow(items[i]) && (!first || stands_before(judged, collector, first)))
            first = collector;
    }
    return first;
}

const char **judge_flow_of(const struct judge_case *judged, const char *host, size_t *ret_count)
{
    size_t count, steps = 0;
    const struct judge_item *const *items = judge_case_items_of(judged, host, &count);
    const char **flow = memory_array_in(judged->memory, NULL, count, sizeof(*flow));
    const char *collector = judge_flow_collector(judged, host);

    for (size_t i = 0; i < count; i++)
        if (gives_flow(items[i]) && strcmp(items[i]->from->source->collector, collector) == 0)
            flow[steps++] = items[i]->record->step;
    *ret_count = steps;
    return steps ? flow : NULL;
}

/* Whether `steps` (titles, one a line) holds every step of the flow, in order. */
static bool steps_hold_flow(const char *steps, const char *const *flow, size_t flow_count)
{
    size_t next = 0;

    while (steps && next < flow_count) {
        size_t length = strcspn(steps, "\n");

        if (strlen(flow[next]) == length && strncmp(steps, flow[next], length) == 0)
            next++;
        steps = steps[length] ? steps + length + 1 : NULL;
    }
    return next == flow_count;
}

/* The reporter's built-in files hold no event for an error thrown outside a command: only a custom
 * writer's logs can prove a pass. */
const char *testimony_flaw_of_proof(const struct host_case *host, const struct testimony *testimony)
{
    const struct judge_item *item = testimony->item;
    size_t flow_count;
    const char **flow = judge_flow_of(host->judged, host->name, &flow_count);

    if (!form_is(item, "events-custom") && !form_is(item, "text-custom"))
        return "built-in-log-proves-nothing";
    if (item->record->flags & ATVM_EVIDENCE_PROVES_NOTHING)
        return "log-with-a-doubt";
    if (!flow)
        return "flow-not-known";
    if (!steps_hold_flow(item->record->steps, flow, flow_count))
        return "log-lacks-steps-of-the-flow";
    return NULL;
}

static bool proves_pass(const struct host_case *host, const struct testimony *testimony)
{
    return !is_direct(testimony->item) && testimony->outcome == ATVM_OUTCOME_PASS &&
           !testimony_flaw_of_proof(host, testimony);
}

/* ---------------------------------------------------------------- gathering */

static bool belongs_to_scope(const struct host_case *host, const struct judge_item *item)
{
    if (!item->from->is_log)
        return true;
    /* A sub-run that the log does not show has no rows in it. */
    return judge_item_is_log(item, host->scope->batch) &&
           (host->scope->batch > 0 || !host->scope->is_subrun);
}

static void note_traces(struct host_case *host, const struct judge_item *item)
{
    int32_t claim = item->record->claim;
    bool is_log = judge_item_is_log(item, 0);

    if (claim == ATVM_CLAIM_HOST_STARTED || claim == ATVM_CLAIM_HOST_RESULT)
        host->begun = true;
    if (is_log && (claim == ATVM_CLAIM_HOST_MENTIONED || claim == ATVM_CLAIM_HOST_STARTED ||
                   claim == ATVM_CLAIM_HOST_RESULT))
        host->named_in_log = true;
    if (item->from->artifact != ARTIFACT_NONE)
        host->left_something = true;
}

static void gather(struct host_case *host)
{
    size_t count;
    const struct judge_item *const *items = judge_case_items_of(host->judged, host->name, &count);

    host->testimonies =
        memory_array_in(host->judged->memory, NULL, count, sizeof(*host->testimonies));
    for (size_t i = 0; i < count; i++) {
        if (!belongs_to_scope(host, items[i]))
            continue;
        note_traces(host, items[i]);
        if (items[i]->record->claim == ATVM_CLAIM_HOST_RESULT)
            host->testimonies[host->count++] =
                (struct testimony){items[i], outcome_of(items[i]->record), NULL};
    }
    for (size_t i = 0; i < host->count; i++)
        host->testimonies[i].dropped = reason_to_drop(host, &host->testimonies[i]);
}

static void keep_best(const struct host_case *host, const struct testimony **best,
                      const struct testimony *testimony)
{
    if (!*best || testimony_compare(host->judged, QUESTION_STATUS, testimony, *best) < 0)
        *best = testimony;
}

/* Whatever a log may hold: who saw the tests says that none of them ran. */
static bool says_nothing_was_executed(const struct testimony *testimony)
{
    const struct atvm_evidence *record = testimony->item->record;
    bool counts = !testimony->dropped || strcmp(testimony->dropped, "zero-tests-executed") == 0;

    return counts && is_direct(testimony->item) && record->tests >= 0 && record->passed == 0 &&
           testimony->outcome != ATVM_OUTCOME_FAIL;
}

static void pick(struct host_case *host)
{
    for (size_t i = 0; i < host->count; i++) {
        const struct testimony *testimony = &host->testimonies[i];
        bool direct = is_direct(testimony->item);

        host->nothing_executed |= says_nothing_was_executed(testimony);
        if (testimony->dropped)
            continue;
        if (testimony->outcome == ATVM_OUTCOME_FAIL)
            keep_best(host, direct ? &host->direct_fail : &host->marker, testimony);
        else if (direct && testimony->outcome == ATVM_OUTCOME_PASS)
            keep_best(host, &host->direct_pass, testimony);
        if (direct && testimony->outcome == ATVM_OUTCOME_PASS &&
            form_is(testimony->item, "cloud-row"))
            keep_best(host, &host->row_pass, testimony);
        if (proves_pass(host, testimony))
            keep_best(host, &host->proof, testimony);
    }
}

static bool has_whole(const struct host_case *host, enum artifact_kind kind)
{
    for (size_t i = 0; i < host->count; i++) {
        const struct judge_source *from = host->testimonies[i].item->from;

        if (from->artifact == kind && !from->damaged)
            return true;
    }
    return false;
}

static void look_for_gaps(struct host_case *host)
{
    const struct judge_case *judged = host->judged;

    for (int kind = 0; kind < ARTIFACT_KIND_COUNT; kind++) {
        bool is_log = kind == ARTIFACT_REPORTER_JSON || kind == ARTIFACT_REPORTER_TXT;

        if (!judged->kind_left[kind] || has_whole(host, (enum artifact_kind)kind))
            continue;
        host->kind_missing = host->lacks[kind] = true;
        host->log_missing |= is_log;
    }
    for (size_t i = 0; i < judged->damaged_count; i++) {
        const struct judge_source *source = judged->damaged[i];

        if (!judge_case_damage_concerns(source, host->name))
            continue;
        host->damaged = true;
        host->left_something = true;
        if (source->artifact == ARTIFACT_REPORTER_JSON || source->artifact == ARTIFACT_REPORTER_TXT)
            host->log_missing = true;
    }
}

void host_case_init(struct host_case *host, const struct judge_case *judged,
                    const struct judge_scope *scope, const char *name, bool may_go_on)
{
    *host =
        (struct host_case){.judged = judged, .scope = scope, .name = name, .may_go_on = may_go_on};
    gather(host);
    pick(host);
    look_for_gaps(host);
}
