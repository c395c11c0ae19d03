#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "judge-case.h"
#include "judge-host.h"
#include "judge-scope.h"
#include "judge-source.h"
#include "judge-state.h"
#include "judge-times.h"

/* ---------------------------------------------------------------- one scope */

static void judge_hosts(const struct judge_case *judged, const struct judge_scope *scope,
                        struct scope_verdict *ret)
{
    struct conflict_list conflicts = {0};
    bool may_go_on = judge_may_go_on(judged, scope);

    ret->host_count = scope->host_count;
    ret->hosts = memory_array_in(judged->memory, NULL, scope->host_count, sizeof(*ret->hosts));
    for (size_t i = 0; i < scope->host_count; i++) {
        struct host_case host;

        host_case_init(&host, judged, scope, scope->hosts[i], may_go_on);
        judge_host(&host, &ret->hosts[i], &conflicts);
    }
    ret->conflict_count = conflicts.count;
    ret->conflicts = memory_array_in(judged->memory, conflicts.conflicts, conflicts.count,
                                     sizeof(*ret->conflicts));
    free(conflicts.conflicts);
}

/* The steps once per scope: those of the first host whose spec gives them, else the configured ones
 * of the template (R6.6). */
static void set_flow(const struct judge_case *judged, struct scope_verdict *ret)
{
    const struct policy *policy = judged->policy;

    for (size_t i = 0; i < ret->host_count && !ret->flow; i++)
        ret->flow = judge_flow_of(judged, ret->hosts[i].name, &ret->flow_count);
    ret->flow_source = ret->flow ? FLOW_SPEC : FLOW_NONE;
    if (ret->flow || policy->flow_count == 0)
        return;
    ret->flow =
        memory_array_in(judged->memory, policy->flow, policy->flow_count, sizeof(*ret->flow));
    ret->flow_count = policy->flow_count;
    ret->flow_source = FLOW_CONFIG;
}

struct note_list {
    const char **notes;
    size_t count, capacity;
};

static void add_note(struct note_list *list, const char *note)
{
    if (!note)
        return;
    memory_grow(&list->notes, list->count, &list->capacity, sizeof(*list->notes));
    list->notes[list->count++] = note;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* A damaged source is worth a line where it may have been one of the scope's hosts'. */
static bool damage_concerns_scope(const struct judge_source *source,
                                  const struct judge_scope *scope)
{
    for (size_t i = 0; i < scope->host_count; i++)
        if (judge_case_damage_concerns(source, scope->hosts[i]))
            return true;
    return false;
}

static void note_damaged_source(const struct judge_case *judged, const struct judge_source *source,
                                struct note_list *notes)
{
    const struct ledger_source *damaged = source->source;

    if (damaged->quality == ATVM_QUALITY_DAMAGED)
        add_note(notes,
                 memory_format_in(judged->memory, "damaged: %s (%s)", file_name(damaged->file.path),
                                  damaged->reason ? damaged->reason : "?"));
}

static void note_damage(const struct judge_case *judged, const struct judge_scope *scope,
                        struct note_list *notes)
{
    for (size_t i = 0; i < judged->damaged_count; i++)
        if (damage_concerns_scope(judged->damaged[i], scope))
            note_damaged_source(judged, judged->damaged[i], notes);
}

/* The run's log concerns everybody; of one that could not be opened nobody knows how old it is. What
 * was replaced by a file meanwhile concerns nobody. */
static void note_damaged_log(const struct judge_case *judged, struct note_list *notes)
{
    for (size_t i = 0; i < judged->source_count; i++) {
        const struct judge_source *source = &judged->sources[i];

        if (source->is_log && (source->refused || !source->stale) && !source->source->retired)
            note_damaged_source(judged, source, notes);
    }
}

/* "Could not look" must never look like "nothing was there". */
static void note_blind_collectors(const struct judge_case *judged, struct note_list *notes)
{
    for (size_t i = 0; i < judged->ledger->pass_count; i++) {
        const struct ledger_pass *pass = &judged->ledger->passes[i];

        if (pass->result == ATVM_COLLECT_UNAVAILABLE || pass->result == ATVM_COLLECT_BROKEN)
            add_note(notes,
                     memory_format_in(judged->memory, "%s could not look: %s", pass->collector,
                                      pass->reason ? pass->reason : "it gave no reason"));
    }
}

/* The failure that taught this: a launch once ran the previous run's specPattern. */
static void note_unexpected_hosts(const struct judge_case *judged, const struct judge_scope *scope,
                                  struct note_list *notes)
{
    /* The log of a categorized run names the hosts of some batches: no list of the whole. */
    bool has_list =
        judged->policy->categorized ? judged->policy->host_count > 0 : judged->expected_count > 0;

    for (size_t i = judged->expected_count; has_list && i < judged->host_count; i++)
        for (size_t j = 0; j < scope->host_count; j++)
            if (strcmp(judged->hosts[i], scope->hosts[j]) == 0)
                add_note(notes, memory_format_in(judged->memory,
                                                 "%s ran, but was not asked for: is the "
                                                 "specPattern of another run still in the config?",
                                                 judged->hosts[i]));
}

static void set_notes(const struct judge_case *judged, const struct judge_scope *scope,
                      const char *runner_note, struct scope_verdict *ret)
{
    struct note_list notes = {0};

    add_note(&notes, runner_note);
    if (judged->runner.orphans > 0)
        add_note(&notes, memory_format_in(judged->memory,
                                          "%zu processes of this build are left without its runner",
                                          judged->runner.orphans));
    note_unexpected_hosts(judged, scope, &notes);
    note_damaged_log(judged, &notes);
    note_damage(judged, scope, &notes);
    note_blind_collectors(judged, &notes);
    ret->note_count = notes.count;
    ret->notes = memory_array_in(judged->memory, notes.notes, notes.count, sizeof(*ret->notes));
    free(notes.notes);
}

static void judge_scope(const struct judge_case *judged, const struct judge_scope *scope,
                        struct scope_verdict *ret)
{
    const char *runner_note;

    *ret = (struct scope_verdict){.name = scope->name, .run_url = scope->run_url};
    judge_hosts(judged, scope, ret);
    judge_scope_state(judged, scope, ret, &runner_note);
    ret->end = judge_scope_end(judged, scope);
    judge_times(judged, scope, ret);
    set_flow(judged, ret);
    set_notes(judged, scope, runner_note, ret);
}

/* ---------------------------------------------------------------- the run */

/* A verdict outlives the next change of the ledger, so that two can be compared. */
static void own_host_strings(struct obstack *memory, struct host_verdict *host)
{
    host->name = memory_string_in(memory, host->name);
    host->step = memory_string_in(memory, host->step);
    host->excerpt = memory_string_in(memory, host->excerpt);
    for (size_t i = 0; i < host->source_count; i++)
        host->sources[i] = memory_string_in(memory, host->sources[i]);
}

static void own_strings(struct obstack *memory, struct scope_verdict *scope)
{
    scope->name = memory_string_in(memory, scope->name);
    scope->run_url = memory_string_in(memory, scope->run_url);
    for (size_t i = 0; i < scope->host_count; i++)
        own_host_strings(memory, &scope->hosts[i]);
    for (size_t i = 0; i < scope->flow_count; i++)
        scope->flow[i] = memory_string_in(memory, scope->flow[i]);
    for (size_t i = 0; i < scope->conflict_count; i++)
        scope->conflicts[i].host = memory_string_in(memory, scope->conflicts[i].host);
}

static void keep_expected(const struct judge_case *judged, struct verdict *verdict)
{
    verdict->expected_count = judged->expected_count;
    verdict->expected =
        memory_array_in(judged->memory, NULL, judged->expected_count, sizeof(*verdict->expected));
    for (size_t i = 0; i < judged->expected_count; i++)
        verdict->expected[i] = memory_string_in(judged->memory, judged->hosts[i]);
}

struct verdict *judge(const struct ledger *ledger, const struct policy *policy, int64_t now_ns)
{
    struct verdict *verdict = memory_zeroed(1, sizeof(*verdict));
    struct judge_case judged;
    struct judge_scope *scopes;

    obstack_init(&verdict->memory);
    judge_case_init(&judged, ledger, policy, now_ns, &verdict->memory);
    scopes = judge_scopes(&judged, &verdict->scope_count);
    verdict->build = memory_string_in(&verdict->memory, policy->build);
    verdict->categorized = policy->categorized;
    verdict->runner_seen = judge_runner_was_seen(&judged);
    verdict->last_progress_ns = judged.last_progress_ns;
    verdict->scopes =
        memory_array_in(&verdict->memory, NULL, verdict->scope_count, sizeof(*verdict->scopes));
    for (size_t i = 0; i < verdict->scope_count; i++)
        judge_scope(&judged, &scopes[i], &verdict->scopes[i]);
    judge_run_state(&judged, verdict);
    for (size_t i = 0; i < verdict->scope_count; i++)
        own_strings(&verdict->memory, &verdict->scopes[i]);
    keep_expected(&judged, verdict);
    verdict->sources = judge_sources(&judged, &verdict->source_count);
    verdict->runner = judged.runner;
    if (verdict->scope_count == 1)
        verdict->run_url = verdict->scopes[0].run_url;
    return verdict;
}

enum run_state transition(enum run_state previous, bool closed, enum run_state judged)
{
    return closed && previous ? previous : judged;
}
