/* state.json of a run and of a sub-run: what is accepted is written as it was read. */
#include "cleanup.h"
#include "expect.h"
#include "json-file.h"
#include "memory.h"
#include "state.h"

#define BUILD  "e2e-redhat9.1-fc"
#define SUBRUN "e2e-redhat9.1-fc-redhat"

static void clear(struct state *state)
{
    scope_state_clear(&state->run);
    for (size_t i = 0; i < state->expected_host_count; i++)
        free(state->expected_hosts[i]);
    free(state->expected_hosts);
    free(state->build);
}

/* Reads the scope's state; NULL: it was refused. Else what would be written; free() it. */
static char *read_and_write(const char *text, size_t length, bool is_run)
{
    struct state state = {.build = memory_string(BUILD), .lock = -1};
    struct scope_state subrun = {.name = memory_string(SUBRUN)};
    struct scope_state *scope = is_run ? &state.run : &subrun;
    CLEANUP_JSON struct json_object *object = json_object_of(text, length), *written = NULL;
    char *result = NULL;

    state.run.name = memory_string(BUILD);
    if (object && state_from_json(object, &state, scope)) {
        fuzz_expect(scope->state >= STATE_RUNNING && scope->state <= STATE_UNKNOWN,
                    "a scope has a state");
        written = state_to_json(&state, scope);
        result = memory_string(json_object_to_json_string(written));
    }
    scope_state_clear(&subrun);
    clear(&state);
    return result;
}

static void expect_same_when_read_again(const uint8_t *data, size_t size, bool is_run)
{
    CLEANUP_FREE char *first = read_and_write((const char *)data, size, is_run);
    CLEANUP_FREE char *second = first ? read_and_write(first, strlen(first), is_run) : NULL;

    fuzz_expect(!first || (second && strcmp(first, second) == 0),
                "a state is read as it was written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    expect_same_when_read_again(data, size, true);
    expect_same_when_read_again(data, size, false);
    return 0;
}
