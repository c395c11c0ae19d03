#include "render-host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render-escape.h"
#include "render-secret.h"
#include "rules.h"

const char *host_fact_text(const struct host_fact *facts, size_t count, const char *host)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(facts[i].host, host) == 0)
            return facts[i].text;
    return NULL;
}

/* ", " where something stands before. */
static const char *separator(struct obstack *memory)
{
    return obstack_object_size(memory) > 0 ? ", " : "";
}

static void add_count(struct obstack *memory, int64_t count, const char *what)
{
    if (count > 0)
        obstack_printf(memory, "%s%" PRId64 " %s", separator(memory), count, what);
}

/* Of a host that passed whole, the number of tests says all. */
static void add_counts(struct obstack *memory, const struct host_verdict *host)
{
    if (host->tests >= 0)
        obstack_printf(memory, "%s%" PRId64 " test%s", separator(memory), host->tests,
                       host->tests == 1 ? "" : "s");
    if (host->passed != host->tests)
        add_count(memory, host->passed, "passed");
    add_count(memory, host->failed, "failed");
    add_count(memory, host->pending, "pending");
    add_count(memory, host->skipped, "skipped");
}

char *host_details(struct obstack *memory, const struct host_verdict *host, int64_t duration_ns,
                   bool inferred, const char *kernel)
{
    char *clean_kernel = kernel ? escape_line(memory, kernel) : NULL;
    char duration[32];

    add_counts(memory, host);
    if (duration_ns >= 0)
        obstack_printf(memory, "%s%s%s", separator(memory), inferred ? "about " : "",
                       render_duration(duration_ns, duration));
    if (clean_kernel)
        obstack_printf(memory, "%skernel %s", separator(memory), clean_kernel);
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

char *host_failure(struct obstack *memory, const struct host_verdict *host, size_t error_characters)
{
    char *step = secret_mask(memory, escape_line(memory, host->step));
    char *error = secret_mask(memory, escape_line(memory, host->error));

    if (error_characters == 0 || !*error)
        return step;
    error = escape_shorten(memory, error, error_characters);
    return *step ? memory_format_in(memory, "%s - %s", step, error) : error;
}

const char *host_doubt(const struct host_verdict *host)
{
    const struct decision *status = &host->decisions[QUESTION_STATUS];
    const char *rule = host->rule;

    if (host->status != HOST_UNKNOWN && host->status != HOST_MISSING)
        return NULL;
    /* That nothing proves anything says less than what is wrong with the best that is there. */
    if (rule && (strcmp(rule, "no-proof") == 0 || strcmp(rule, "left-nothing") == 0) &&
        status->candidate_count > 0)
        rule = status->candidates[0].rule;
    return rule_sentence(rule);
}
