#include "progress-line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render-escape.h"
#include "render-host.h"
#include "render-time.h"

/* Of the error in an event line; the whole stands in the report. */
#define EVENT_ERROR_CHARACTERS 120

static void add_eta(struct obstack *line, const struct progress *progress, bool is_sub_run,
                    int64_t now_ns, const char *time_zone)
{
    char clock[RENDER_TIME_SIZE];

    if (progress->eta_ns >= 0)
        obstack_printf(line, ", ETA %s for the whole %s",
                       render_clock(progress->eta_ns, now_ns, time_zone, clock),
                       is_sub_run ? "sub-run" : "run");
}

char *progress_line(const struct verdict *verdict, const struct scope_verdict *scope,
                    int64_t now_ns, const char *time_zone)
{
    bool running = scope->state == STATE_RUNNING;
    struct obstack line, names; /* two, because one cannot hold two growing objects */
    struct progress progress;
    char duration[32], *text;

    report_progress(scope, now_ns, &progress);
    obstack_init(&line);
    obstack_init(&names);
    if (verdict->categorized)
        obstack_printf(&line, "%s: ", escape_line(&names, scope->name));
    if (!running)
        obstack_printf(&line, "%s: ", run_state_name(scope->state));
    obstack_printf(&line, "%zu/%zu hosts, %zu failed", progress.finished, progress.hosts,
                   progress.failed);
    if (progress.running)
        obstack_printf(&line, ", running %s", escape_line(&names, progress.running));
    if (progress.elapsed_ns >= 0)
        obstack_printf(&line, ", %s%s", render_rough_duration(progress.elapsed_ns, duration),
                       running ? " elapsed" : "");
    add_eta(&line, &progress, verdict->categorized, now_ns, time_zone);
    obstack_1grow(&line, '\0');
    text = memory_string(obstack_finish(&line));
    obstack_free(&names, NULL);
    obstack_free(&line, NULL);
    return text;
}

static enum host_status status_in(const struct scope_verdict *scope, const char *host)
{
    for (size_t i = 0; scope && i < scope->host_count; i++)
        if (strcmp(scope->hosts[i].name, host) == 0)
            return scope->hosts[i].status;
    return HOST_NOT_STARTED;
}

/* NULL: a change that is no event. */
static char *event_text(struct obstack *memory, const struct scope_verdict *scope,
                        const struct host_verdict *host, enum host_status before)
{
    bool had_result = before != HOST_RUNNING && before != HOST_NOT_STARTED, inferred;
    int64_t duration = report_host_duration(scope, host, &inferred);
    const char *name = escape_line(memory, host->name), *was, *failure, *details;

    if (host->status == before || host->status == HOST_NOT_STARTED)
        return NULL;
    was = had_result ? memory_format_in(memory, " (was %s)", host_status_name(before)) : "";
    if (host->status == HOST_RUNNING)
        return memory_format_in(memory, "%s started%s", name, was);
    failure = host->status == HOST_FAIL ? host_failure(memory, host, EVENT_ERROR_CHARACTERS) : "";
    details = host_details(memory, host, duration, inferred, NULL);
    return memory_format_in(memory, "%s %s%s%s%s%s%s%s", name, host_status_name(host->status), was,
                            *failure ? " - " : "", failure, *details ? " (" : "", details,
                            *details ? ")" : "");
}

void progress_events(const struct scope_verdict *previous, const struct scope_verdict *current,
                     void (*line)(void *user, const char *text), void *user)
{
    for (size_t i = 0; i < current->host_count; i++) {
        const struct host_verdict *host = &current->hosts[i];
        struct obstack memory;
        const char *text;

        obstack_init(&memory);
        text = event_text(&memory, current, host, status_in(previous, host->name));
        if (text)
            line(user, text);
        obstack_free(&memory, NULL);
    }
}
