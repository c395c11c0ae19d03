#include "judge-state.h"

#include <inttypes.h>
#include <string.h>

#include "judge-host.h"

#define NAMED_MAX 5 /* hosts in a reason; the rest is counted */

bool judge_runner_was_seen(const struct judge_case *judged)
{
    return judged->policy->runner_seen || judged->runner.alive || judged->trace_seen;
}

/* "Could not look" is never "no runner". */
static bool runner_may_live(const struct judge_case *judged)
{
    return judged->runner.alive || !judged->runner.looked;
}

static bool in_start_grace(const struct judge_case *judged)
{
    const struct policy *policy = judged->policy;
    int64_t from = policy->watched_ns > policy->since_ns ? policy->watched_ns : policy->since_ns;

    return !judge_runner_was_seen(judged) && judged->now_ns - from < policy->start_grace_ns;
}

bool judge_may_go_on(const struct judge_case *judged, const struct judge_scope *scope)
{
    return !judge_scope_has_end_proof(scope) && (runner_may_live(judged) || in_start_grace(judged));
}

static bool is_silent(const struct judge_case *judged, int64_t window_ns)
{
    int64_t last = judged->last_progress_ns > judged->policy->since_ns ? judged->last_progress_ns
                                                                       : judged->policy->since_ns;

    return judged->now_ns - last >= window_ns;
}

/* ---------------------------------------------------------------- what the hosts add up to */

struct tally {
    size_t total, passed, failed, open; /* open: without a final result */
};

static struct tally tally_of(const struct scope_verdict *scope)
{
    struct tally tally = {.total = scope->host_count};

    for (size_t i = 0; i < scope->host_count; i++) {
        enum host_status status = scope->hosts[i].status;

        if (!host_status_is_final(status))
            tally.open++;
        else if (status == HOST_FAIL)
            tally.failed++;
        else
            tally.passed++;
    }
    return tally;
}

/* "a, b and 3 more", of all that are named one after the other. */
static const char *add_name(struct obstack *memory, const char *so_far, size_t place, size_t count,
                            const char *name)
{
    if (place < NAMED_MAX)
        return memory_format_in(memory, "%s%s%s", so_far, place > 0 ? ", " : "", name);
    return place == NAMED_MAX
               ? memory_format_in(memory, "%s and %zu more", so_far, count - NAMED_MAX)
               : so_far;
}

static const char *name_failed(struct obstack *memory, const struct scope_verdict *scope,
                               size_t count)
{
    const char *names = "";

    for (size_t i = 0, place = 0; i < scope->host_count; i++)
        if (scope->hosts[i].status == HOST_FAIL)
            names = add_name(memory, names, place++, count, scope->hosts[i].name);
    return names;
}

static const char *name_open(struct obstack *memory, const struct scope_verdict *scope,
                             size_t count)
{
    const char *names = "";

    for (size_t i = 0, place = 0; i < scope->host_count; i++) {
        const struct host_verdict *host = &scope->hosts[i];

        if (!host_status_is_final(host->status))
            names = add_name(
                memory, names, place++, count,
                memory_format_in(memory, "%s (%s)", host->name, host_status_name(host->status)));
    }
    return names;
}

static const char *hosts_word(size_t count)
{
    return count == 1 ? "host" : "hosts";
}

static void set(struct scope_verdict *ret, enum run_state state, const char *rule,
                const char *reason)
{
    ret->state = state;
    ret->rule = rule;
    ret->reason = reason;
}

static void set_all_passed(struct obstack *memory, struct scope_verdict *ret, size_t total)
{
    set(ret, STATE_COMPLETED, "ended-all-passed",
        total == 1 ? "the host passed" : memory_format_in(memory, "all %zu hosts passed", total));
}

/* Only a list of what was meant, or the table of all that ran, shows that no host is missing. */
static bool hosts_are_known(const struct judge_case *judged, const struct judge_scope *scope)
{
    return judged->expected_count > 0 || scope->has_totals;
}

static void set_ended(const struct judge_case *judged, const struct judge_scope *scope,
                      struct scope_verdict *ret, const struct tally *tally)
{
    struct obstack *memory = judged->memory;

    if (tally->total == 0)
        set(ret, STATE_UNKNOWN, "ended-without-hosts", "it has ended, but names no host");
    else if (tally->open > 0)
        set(ret, STATE_UNKNOWN, "ended-without-result",
            memory_format_in(memory, "it has ended, but there is no result of %s",
                             name_open(memory, ret, tally->open)));
    else if (tally->failed > 0)
        set(ret, STATE_FAILED, "ended-with-failures",
            memory_format_in(memory, "%zu of %zu %s failed: %s", tally->failed, tally->total,
                             hosts_word(tally->total), name_failed(memory, ret, tally->failed)));
    else if (!hosts_are_known(judged, scope))
        set(ret, STATE_UNKNOWN, "expected-hosts-not-known",
            memory_format_in(memory,
                             "it has ended and %zu %s passed, but nothing says which hosts were "
                             "meant: no list, specPattern or table",
                             tally->total, hosts_word(tally->total)));
    else
        set_all_passed(memory, ret, tally->total);
}

/* ---------------------------------------------------------------- state of a scope (R1.5) */

/* "35m", "6h 5m". */
static const char *hours_and_minutes(struct obstack *memory, int64_t duration_ns)
{
    int64_t minutes = duration_ns / (60 * INT64_C(1000000000));

    return minutes < 60
               ? memory_format_in(memory, "%" PRId64 "m", minutes)
               : memory_format_in(memory, "%" PRId64 "h %" PRId64 "m", minutes / 60, minutes % 60);
}

static const char *silence(const struct judge_case *judged)
{
    int64_t last =
        judged->last_progress_ns >= 0 ? judged->last_progress_ns : judged->policy->since_ns;
    const char *since = hours_and_minutes(judged->memory, judged->now_ns - last);

    if (judged->runner.looked)
        return memory_format_in(judged->memory,
                                "the runner (process %" PRId64 ") is alive, but log and artifacts "
                                "have not changed for %s",
                                judged->runner.pid, since);
    return memory_format_in(judged->memory,
                            "whether the runner lives is not known, for the process table could "
                            "not be looked at, and log and artifacts have not changed for %s",
                            since);
}

static void set_going_on(const struct judge_case *judged, struct scope_verdict *ret,
                         const struct tally *tally)
{
    if (is_silent(judged, judged->policy->hang_after_ns))
        set(ret, STATE_HUNG, "silent", silence(judged));
    else
        set(ret, STATE_RUNNING, "going-on",
            memory_format_in(judged->memory, "%zu of %zu %s finished",
                             tally->passed + tally->failed, tally->total,
                             hosts_word(tally->total)));
}

static void set_without_runner(const struct judge_case *judged, const struct judge_scope *scope,
                               struct scope_verdict *ret)
{
    if (scope->interrupted)
        set(ret, STATE_TERMINATED, "log-ends-in-interrupt",
            "the log ends in an interrupt, and the runner is gone");
    else if (judge_runner_was_seen(judged))
        set(ret, STATE_TERMINATED, "runner-gone-without-end",
            "the runner is gone, and nothing shows that it came to its end");
    else if (in_start_grace(judged))
        set(ret, STATE_RUNNING, "waiting-for-the-runner",
            "no runner, log or artifact has been seen yet");
    else
        set(ret, STATE_UNKNOWN, "runner-never-seen",
            "no runner, log or artifact was seen since the start");
}

/* Results are final and the upload is confirmed, but the runner stays (R1.6). */
static bool runner_is_stuck(const struct judge_case *judged, const struct judge_scope *scope,
                            const struct tally *tally)
{
    int64_t confirmed_ns =
        judged->last_progress_ns > scope->end_ns ? judged->last_progress_ns : scope->end_ns;

    return tally->open == 0 && tally->total > 0 && confirmed_ns >= 0 &&
           judged->now_ns - confirmed_ns >= judged->policy->stuck_after_ns;
}

static const char *stuck_note(const struct judge_case *judged)
{
    if (!judged->runner.looked)
        return "whether the runner has exited is not known: the process table could not be looked "
               "at";
    if (judged->runner.defunct_child >= 0)
        return memory_format_in(
            judged->memory,
            "the runner did not exit: process %lld is still alive, with the defunct child %lld",
            (long long)judged->runner.pid, (long long)judged->runner.defunct_child);
    return memory_format_in(judged->memory, "the runner did not exit: process %lld is still alive",
                            (long long)judged->runner.pid);
}

void judge_scope_state(const struct judge_case *judged, const struct judge_scope *scope,
                       struct scope_verdict *ret, const char **ret_note)
{
    struct tally tally = tally_of(ret);
    bool ended = judge_scope_has_end_proof(scope);
    bool waits_for_runner = ended && !scope->is_subrun && runner_may_live(judged);

    *ret_note = NULL;
    if (judged->policy->cancelled && !(scope->is_subrun && ended))
        set(ret, STATE_CANCELLED, "cancelled-by-operator", "cancelled by the operator");
    else if (judged->log_unread)
        set(ret, STATE_RUNNING, "log-not-read-yet", "the log has not been read to its end yet");
    else if (scope->cancelled)
        set(ret, STATE_CANCELLED, "cancelled-in-the-log",
            memory_format_in(judged->memory, "the log says that the run was cancelled: %s",
                             scope->cancelled));
    else if (waits_for_runner && runner_is_stuck(judged, scope, &tally)) {
        set_ended(judged, scope, ret, &tally);
        *ret_note = stuck_note(judged);
    } else if (ended && !waits_for_runner)
        set_ended(judged, scope, ret, &tally);
    else if (runner_may_live(judged))
        set_going_on(judged, ret, &tally);
    else
        set_without_runner(judged, scope, ret);
    ret->post = run_state_is_posted(ret->state);
}

/* ---------------------------------------------------------------- state of a run */

static bool *claimed_hosts(const struct judge_case *judged, const struct verdict *verdict)
{
    bool *claimed = memory_array_in(judged->memory, NULL, judged->host_count, sizeof(*claimed));

    for (size_t i = 0; i < verdict->scope_count; i++)
        for (size_t j = 0; j < verdict->scopes[i].host_count; j++) {
            size_t place = name_index_find(&judged->host_index, judged->hosts,
                                           verdict->scopes[i].hosts[j].name);

            if (place != NAME_INDEX_NONE)
                claimed[place] = true;
        }
    return claimed;
}

/* *ret_names: those that no sub-run has taken. */
static size_t unclaimed_hosts(const struct judge_case *judged, const struct verdict *verdict,
                              const char **ret_names)
{
    const bool *claimed = claimed_hosts(judged, verdict);
    size_t count = 0;

    for (size_t i = 0; i < judged->host_count; i++)
        count += !claimed[i];
    *ret_names = "";
    for (size_t i = 0, place = 0; i < judged->host_count; i++)
        if (!claimed[i])
            *ret_names = add_name(judged->memory, *ret_names, place++, count, judged->hosts[i]);
    return count;
}

static bool all_are_final(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->scope_count; i++)
        if (!run_state_is_final(verdict->scopes[i].state))
            return false;
    return true;
}

/* Somebody said beforehand which hosts there are, and each has its sub-run. */
static bool all_are_taken(const struct judge_case *judged, const struct verdict *verdict,
                          size_t unclaimed)
{
    return unclaimed == 0 && verdict->scope_count > 0 && judged->policy->host_count > 0;
}

/* Nothing more is to come although the runner may live: since the last sign of life, or the last
 * end that a result tells of, it has had its time to exit (R1.6). */
static bool runner_only_stays(const struct judge_case *judged, const struct verdict *verdict)
{
    int64_t window_ns = judged->policy->stuck_after_ns;

    for (size_t i = 0; i < verdict->scope_count; i++)
        if (judged->now_ns - verdict->scopes[i].ended_ns < window_ns)
            return false;
    return all_are_final(verdict) && is_silent(judged, window_ns);
}

static const char *what_may_come(const struct judge_case *judged, size_t unclaimed,
                                 const char *names)
{
    if (unclaimed > 0)
        return memory_format_in(judged->memory, "%zu %s not begun: %s", unclaimed,
                                hosts_word(unclaimed), names);
    return judged->policy->host_count > 0 ? "every host was taken, but the runner has not exited"
                                          : "another batch may come";
}

/* Hosts that no sub-run has claimed count as one more sub-run (R1.5). Without a list of what is
 * expected nobody knows whether another batch comes, until the runner is gone. */
static struct scope_verdict state_of_rest(const struct judge_case *judged,
                                          const struct verdict *verdict)
{
    struct scope_verdict rest = {.state = STATE_COMPLETED, .reason = ""};
    struct tally none = {.total = 0};
    const char *names;
    size_t unclaimed = unclaimed_hosts(judged, verdict, &names);
    bool all_taken = all_are_taken(judged, verdict, unclaimed);

    if (all_taken && (judged->policy->cancelled || runner_only_stays(judged, verdict)))
        return rest;
    if (judged->policy->cancelled) {
        set(&rest, STATE_CANCELLED, "cancelled-by-operator", "cancelled by the operator");
    } else if (judged->log_unread) {
        set(&rest, STATE_RUNNING, "log-not-read-yet", "the log has not been read to its end yet");
    } else if (runner_may_live(judged)) {
        set_going_on(judged, &rest, &none);
        if (rest.state == STATE_RUNNING)
            rest.reason = what_may_come(judged, unclaimed, names);
    } else if (verdict->scope_count == 0) {
        set_without_runner(judged, &(struct judge_scope){.is_subrun = true}, &rest);
    } else if (unclaimed > 0) {
        set(&rest, STATE_UNKNOWN, "hosts-of-no-sub-run",
            memory_format_in(judged->memory, "it has ended, but no sub-run took %s", names));
    }
    return rest;
}

static int severity(enum run_state state)
{
    static const enum run_state order[] = {STATE_CANCELLED,  STATE_HUNG,    STATE_RUNNING,
                                           STATE_TERMINATED, STATE_UNKNOWN, STATE_FAILED,
                                           STATE_COMPLETED};
    int place = 0;

    while (order[place] != state && place < (int)(sizeof(order) / sizeof(order[0])) - 1)
        place++;
    return place;
}

void judge_run_state(const struct judge_case *judged, struct verdict *verdict)
{
    struct scope_verdict worst;

    if (!verdict->categorized) {
        verdict->state = verdict->scopes[0].state;
        verdict->reason = verdict->scopes[0].reason;
        verdict->rule = verdict->scopes[0].rule;
        return;
    }
    worst = state_of_rest(judged, verdict);
    verdict->more_may_come = !run_state_is_final(worst.state);
    for (size_t i = 0; i < verdict->scope_count; i++) {
        const struct scope_verdict *scope = &verdict->scopes[i];

        if (severity(scope->state) < severity(worst.state) ||
            (scope->state == worst.state && !*worst.reason)) {
            worst.state = scope->state;
            worst.rule = scope->rule;
            worst.reason = memory_format_in(judged->memory, "%s: %s", scope->name, scope->reason);
        }
    }
    verdict->state = worst.state;
    verdict->rule = worst.rule;
    verdict->reason = worst.reason;
}
