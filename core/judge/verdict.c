#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const state_names[] = {
    [STATE_RUNNING] = "RUNNING",     [STATE_COMPLETED] = "COMPLETED",   [STATE_FAILED] = "FAILED",
    [STATE_CANCELLED] = "CANCELLED", [STATE_TERMINATED] = "TERMINATED", [STATE_HUNG] = "HUNG",
    [STATE_UNKNOWN] = "UNKNOWN",
};

static const char *const host_status_names[] = {
    [HOST_PASS] = "PASS",
    [HOST_FAIL] = "FAIL",
    [HOST_UNKNOWN] = "UNKNOWN",
    [HOST_RUNNING] = "RUNNING",
    [HOST_NOT_STARTED] = "NOT STARTED",
    [HOST_SKIPPED] = "SKIPPED",
    [HOST_MISSING] = "MISSING",
};

static const char *const question_names[] = {
    [QUESTION_STATUS] = "status",   [QUESTION_COUNTS] = "counts", [QUESTION_STEP] = "step",
    [QUESTION_EXCERPT] = "excerpt", [QUESTION_TIMING] = "timing", [QUESTION_FLOW] = "flow",
};

/* A number without a name (0, or one that a damaged state file gave) never reads past a table. */
static const char *name_at(const char *const *names, size_t count, size_t index,
                           const char *otherwise)
{
    return index < count && names[index] ? names[index] : otherwise;
}

const char *run_state_name(enum run_state state)
{
    return name_at(state_names, COUNT_OF(state_names), state, "UNKNOWN");
}

enum run_state run_state_from_name(const char *name)
{
    for (size_t i = STATE_RUNNING; name && i < COUNT_OF(state_names); i++)
        if (strcmp(name, state_names[i]) == 0)
            return (enum run_state)i;
    return 0;
}

bool run_state_is_posted(enum run_state state)
{
    return state == STATE_COMPLETED || state == STATE_FAILED;
}

bool run_state_is_final(enum run_state state)
{
    return state > STATE_RUNNING && state != STATE_HUNG;
}

const char *host_status_name(enum host_status status)
{
    return name_at(host_status_names, COUNT_OF(host_status_names), status, "UNKNOWN");
}

bool host_status_is_final(enum host_status status)
{
    return status == HOST_PASS || status == HOST_FAIL || status == HOST_SKIPPED;
}

const char *question_name(enum question question)
{
    return name_at(question_names, COUNT_OF(question_names), question, "?");
}

const char *flow_source_name(enum flow_source source)
{
    return source == FLOW_SPEC ? "spec" : source == FLOW_CONFIG ? "config" : "none";
}

const char **verdict_add_note(struct verdict *verdict, struct scope_verdict *scope,
                              const char *text)
{
    const char **notes =
        memory_array_in(&verdict->memory, NULL, scope->note_count + 1, sizeof(*notes));

    for (size_t i = 0; i < scope->note_count; i++)
        notes[i] = scope->notes[i];
    notes[scope->note_count] = memory_string_in(&verdict->memory, text);
    scope->notes = notes;
    return &notes[scope->note_count++];
}

void verdict_free(struct verdict *verdict)
{
    if (!verdict)
        return;
    obstack_free(&verdict->memory, NULL);
    free(verdict);
}
