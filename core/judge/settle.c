#include "settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_FACTOR 10

void settle_clear(struct settle *settle)
{
    for (size_t i = 0; i < settle->count; i++) {
        free(settle->scopes[i].name);
        free(settle->scopes[i].signature);
    }
    free(settle->scopes);
    *settle = (struct settle){0};
}

/* All that a status message rests on; times and texts follow from it. */
static char *signature_of(const struct scope_verdict *scope)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return memory_string("");
    fprintf(stream, "%s", run_state_name(scope->state));
    for (size_t i = 0; i < scope->host_count; i++) {
        const struct host_verdict *host = &scope->hosts[i];

        fprintf(stream, "\n%s %s %lld %lld %lld %lld %lld %s", host->name,
                host_status_name(host->status), (long long)host->tests, (long long)host->passed,
                (long long)host->failed, (long long)host->pending, (long long)host->skipped,
                host->step ? host->step : "");
    }
    return fclose(stream) == 0 ? text : memory_string("");
}

static struct settle_scope *entry_of(const struct settle *settle, const char *name)
{
    for (size_t i = 0; i < settle->count; i++)
        if (strcmp(settle->scopes[i].name, name) == 0)
            return &settle->scopes[i];
    return NULL;
}

static struct settle_scope *new_entry(struct settle *settle, const char *name)
{
    memory_grow(&settle->scopes, settle->count, &settle->capacity, sizeof(*settle->scopes));
    settle->scopes[settle->count] = (struct settle_scope){.name = memory_string(name)};
    return &settle->scopes[settle->count++];
}

void settle_look(struct settle *settle, const struct verdict *verdict, bool cut_short,
                 int64_t monotonic_ns)
{
    settle->cut_short = cut_short;
    for (size_t i = 0; i < verdict->scope_count; i++) {
        const struct scope_verdict *scope = &verdict->scopes[i];
        struct settle_scope *entry = entry_of(settle, scope->name);
        char *signature = signature_of(scope);

        if (!entry)
            entry = new_entry(settle, scope->name);
        if (entry->signature && strcmp(entry->signature, signature) == 0) {
            entry->looks++;
            free(signature);
            continue;
        }
        free(entry->signature);
        entry->signature = signature;
        entry->since_ns = monotonic_ns;
        entry->looks = 1;
    }
}

static bool may_still_change(const struct verdict *verdict, const struct scope_verdict *scope)
{
    bool is_run = strcmp(scope->name, verdict->build) == 0;

    return verdict->more_may_come && (is_run || scope->state == STATE_UNKNOWN);
}

bool settle_is_over(const struct settle *settle, const struct verdict *verdict,
                    const struct scope_verdict *scope, int64_t settle_ns, int64_t monotonic_ns)
{
    const struct settle_scope *entry = entry_of(settle, scope->name);
    bool soon = run_state_is_posted(scope->state) && !settle->cut_short;

    return entry && run_state_is_final(scope->state) && !may_still_change(verdict, scope) &&
           entry->looks >= 2 &&
           monotonic_ns - entry->since_ns >= (soon ? settle_ns : settle_ns * LONG_FACTOR);
}

bool settle_run_is_over(struct settle *settle, const struct verdict *verdict, bool cut_short,
                        int64_t settle_ns, int64_t monotonic_ns)
{
    struct scope_verdict run = {.name = verdict->build, .state = verdict->state};
    struct verdict as_scope = {.build = verdict->build,
                               .more_may_come = verdict->more_may_come,
                               .scopes = &run,
                               .scope_count = 1};

    settle_look(settle, &as_scope, cut_short, monotonic_ns);
    return settle_is_over(settle, &as_scope, &run, settle_ns, monotonic_ns);
}
