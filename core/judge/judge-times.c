#include "judge-times.h"

#include "judge-source.h"
#include "judge-state.h"

/* A window that begins this much before the first host was taken is no help any more: of the time
 * until the end, a quarter. */
#define NEAR_SHARE 4
/* Durations are rounded, and measured by different clocks. */
#define FIRST_SLACK_NS (INT64_C(120) * 1000 * 1000 * 1000)

enum start_basis judge_start(const struct scope_times *times, int64_t *ret_started_ns)
{
    int64_t latest = times->together > 0 && times->end >= 0 ? times->end - times->together : -1;
    bool is_near =
        times->goes_on || latest - times->window <= (times->end - times->window) / NEAR_SHARE;

    *ret_started_ns = times->first;
    if (times->first >= 0 && (latest < 0 || times->first - FIRST_SLACK_NS <= latest))
        return START_RECORDED;
    if (latest >= 0 && (times->window < 0 || times->window > latest || !is_near)) {
        *ret_started_ns = latest;
        return START_LATEST;
    }
    *ret_started_ns = times->window;
    if (times->window < 0)
        return START_UNKNOWN;
    return latest >= 0 || times->goes_on ? START_ABOUT : START_EARLIEST;
}

static void add_host(struct scope_times *times, const struct host_verdict *host, int64_t *last)
{
    if (host->started_ns >= 0 && (times->first < 0 || host->started_ns < times->first))
        times->first = host->started_ns;
    if (host->ended_ns > *last)
        *last = host->ended_ns;
    if (host->duration_ns > 0)
        times->together += host->duration_ns;
}

void judge_times(const struct judge_case *judged, const struct judge_scope *scope,
                 struct scope_verdict *ret)
{
    bool may_begin_with_window = !scope->is_subrun && judge_runner_was_seen(judged);
    struct scope_times times = {
        .first = -1,
        .window = may_begin_with_window ? judged->policy->since_ns : -1,
        .goes_on = !run_state_is_final(ret->state),
    };
    int64_t last = scope->end_ns;

    for (size_t i = 0; i < ret->host_count; i++)
        add_host(&times, &ret->hosts[i], &last);
    times.end = times.goes_on ? judged->now_ns : last;
    ret->start_basis = judge_start(&times, &ret->started_ns);
    ret->ended_ns = times.goes_on ? -1 : last;
    ret->duration_ns = ret->started_ns >= 0 && ret->ended_ns >= ret->started_ns
                           ? ret->ended_ns - ret->started_ns
                           : -1;
}
