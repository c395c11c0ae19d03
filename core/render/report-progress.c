#include "report.h"

#include <string.h>

/* The earliest start after `time_ns` of another host of the scope; -1: none. */
static int64_t next_start(const struct scope_verdict *scope, int64_t time_ns)
{
    int64_t next = -1;

    for (size_t i = 0; i < scope->host_count; i++) {
        int64_t started = scope->hosts[i].started_ns;

        if (started > time_ns && (next < 0 || started < next))
            next = started;
    }
    return next;
}

/* A host runs until the next one begins: the runner takes one at a time. */
static int64_t inferred_duration(const struct scope_verdict *scope, const struct host_verdict *host)
{
    int64_t end;

    if (host->started_ns < 0)
        return -1;
    end = next_start(scope, host->started_ns);
    if (end < 0)
        end = scope->ended_ns;
    return end >= host->started_ns ? end - host->started_ns : -1;
}

int64_t report_host_duration(const struct scope_verdict *scope, const struct host_verdict *host,
                             bool *ret_inferred)
{
    bool ignored;
    int64_t duration = host->duration_ns;

    ret_inferred = ret_inferred ? ret_inferred : &ignored;
    *ret_inferred = false;
    if (duration < 0 && host->started_ns >= 0 && host->ended_ns >= host->started_ns)
        duration = host->ended_ns - host->started_ns;
    if (duration >= 0 || host->status == HOST_RUNNING || host->status == HOST_NOT_STARTED)
        return duration;
    duration = inferred_duration(scope, host);
    *ret_inferred = duration >= 0;
    return duration;
}

static void measure(struct progress *progress, const char *name, int64_t duration_ns)
{
    if (progress->measured == 0 || duration_ns < progress->quickest_ns) {
        progress->quickest = name;
        progress->quickest_ns = duration_ns;
    }
    if (progress->measured == 0 || duration_ns > progress->longest_ns) {
        progress->longest = name;
        progress->longest_ns = duration_ns;
    }
    progress->measured++;
}

static int64_t elapsed(const struct scope_verdict *scope, int64_t now_ns)
{
    bool goes_on = scope->state == STATE_RUNNING || scope->state == STATE_HUNG;
    int64_t end = goes_on ? now_ns : scope->ended_ns;

    if (!goes_on && scope->duration_ns >= 0)
        return scope->duration_ns;
    return scope->started_ns >= 0 && end >= scope->started_ns ? end - scope->started_ns : -1;
}

/* What the running host still needs if it takes as long as the others did on average. */
static int64_t rest_of_running(const struct host_verdict *running, int64_t average_ns,
                               int64_t now_ns)
{
    int64_t spent = running->started_ns >= 0 ? now_ns - running->started_ns : 0;

    return spent < average_ns ? average_ns - spent : 0;
}

void report_progress(const struct scope_verdict *scope, int64_t now_ns, struct progress *ret)
{
    const struct host_verdict *running = NULL;
    int64_t sum_ns = 0;

    memset(ret, 0, sizeof(*ret));
    ret->hosts = scope->host_count;
    for (size_t i = 0; i < scope->host_count; i++) {
        const struct host_verdict *host = &scope->hosts[i];
        int64_t duration = report_host_duration(scope, host, NULL);

        if (host->status == HOST_RUNNING && !running)
            running = host;
        else if (host->status == HOST_RUNNING || host->status == HOST_NOT_STARTED)
            ret->remaining++;
        ret->finished += host_status_is_final(host->status);
        ret->failed += host->status == HOST_FAIL;
        if (duration >= 0 && (host->status == HOST_PASS || host->status == HOST_FAIL)) {
            measure(ret, host->name, duration);
            sum_ns += duration;
        }
    }
    ret->running = running ? running->name : NULL;
    ret->elapsed_ns = elapsed(scope, now_ns);
    ret->average_ns = ret->measured > 0 ? sum_ns / (int64_t)ret->measured : -1;
    ret->quickest_ns = ret->measured > 0 ? ret->quickest_ns : -1;
    ret->longest_ns = ret->measured > 0 ? ret->longest_ns : -1;
    ret->eta_ns = -1;
    if (scope->state == STATE_RUNNING && ret->measured > 0 && (running || ret->remaining > 0))
        ret->eta_ns = now_ns + (running ? rest_of_running(running, ret->average_ns, now_ns) : 0) +
                      ret->average_ns * (int64_t)ret->remaining;
}
