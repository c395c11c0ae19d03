/* A run of several sub-runs, at one glance: pure. */
#include <stdio.h>
#include <stdlib.h>

#include "render-escape.h"
#include "render-secret.h"
#include "report.h"

static size_t count_passed(const struct scope_verdict *scope)
{
    size_t count = 0;

    for (size_t i = 0; i < scope->host_count; i++)
        count += scope->hosts[i].status == HOST_PASS;
    return count;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void add_total(struct obstack *text, const struct verdict *verdict)
{
    size_t hosts = 0, passed = 0;

    for (size_t i = 0; i < verdict->scope_count; i++) {
        hosts += verdict->scopes[i].host_count;
        passed += count_passed(&verdict->scopes[i]);
    }
    obstack_printf(text, "  %zu sub-run%s, %zu of %zu host%s passed\n", verdict->scope_count,
                   plural(verdict->scope_count), passed, hosts, plural(hosts));
}

char *render_run(const struct verdict *verdict)
{
    struct obstack text, memory;
    const char *reason;
    char *run;

    obstack_init(&text);
    obstack_init(&memory);
    reason = secret_mask(&memory, escape_line(&memory, verdict->reason));
    obstack_printf(&text, "%s: %s%s%s\n", escape_line(&memory, verdict->build),
                   run_state_name(verdict->state), *reason ? " - " : "", reason);
    if (verdict->categorized && verdict->scope_count > 0)
        add_total(&text, verdict);
    for (size_t i = 0; verdict->categorized && i < verdict->scope_count; i++) {
        const struct scope_verdict *scope = &verdict->scopes[i];

        obstack_printf(&text, "  %s - %s, %zu of %zu host%s passed\n",
                       escape_line(&memory, scope->name), run_state_name(scope->state),
                       count_passed(scope), scope->host_count, plural(scope->host_count));
    }
    obstack_1grow(&text, '\0');
    run = memory_string(obstack_finish(&text));
    obstack_free(&memory, NULL);
    obstack_free(&text, NULL);
    return run;
}
