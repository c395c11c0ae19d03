#include "judge-now.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "cleanup.h"
#include "clock.h"
#include "collect.h"
#include "ledger-file.h"
#include "log.h"
#include "memory.h"
#include "path-watch.h"

/* How often a collector may ask for another pass within one look. */
#define PASSES_MAX      100
#define PASSES_MAX_LIVE 25
/* Between them: what is being written gets time to be finished. */
#define AGAIN_DELAY_US (100 * 1000)
/* After a change, others often follow at once: one look for all of them. */
#define CHANGE_DELAY_US (50 * 1000)

struct judge_now {
    struct judge_now_settings settings;
    sd_event *event;
    sd_event_source *timer;
    struct ledger *ledger;
    struct collect *collect;
    struct path_watch *paths; /* NULL: nothing is waited for */
    char *config_path;
    unsigned passes;
    bool over;     /* the look, or the waiting */
    bool waiting;  /* for a change */
    bool changed;  /* something did, and its delay runs */
    char *failure; /* why there is no worker */
};

/* ---------------------------------------------------------------- the loop */

static void arm(struct judge_now *now, uint64_t delay_us)
{
    sd_event_source_set_time_relative(now->timer, delay_us);
    sd_event_source_set_enabled(now->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t time_us, void *user)
{
    struct judge_now *now = user;

    (void)source;
    (void)time_us;
    if (now->waiting)
        now->over = true;
    else
        collect_request_pass(now->collect);
    return 0;
}

static void on_change(void *user)
{
    struct judge_now *now = user;

    if (now->waiting && !now->changed)
        arm(now, CHANGE_DELAY_US);
    now->changed = true;
}

/* Not sd_event_loop: that can be run only once. */
static int run_until_over(struct judge_now *now)
{
    int status = 0;

    now->over = false;
    while (!now->over && status >= 0)
        status = sd_event_run(now->event, UINT64_MAX);
    sd_event_source_set_enabled(now->timer, SD_EVENT_OFF);
    return status < 0 ? status : 0;
}

/* ---------------------------------------------------------------- the worker */

static void on_pass_done(void *user, bool again)
{
    struct judge_now *now = user;
    bool live = now->settings.live;

    if (!again || ++now->passes >= (live ? PASSES_MAX_LIVE : PASSES_MAX))
        now->over = true;
    else if (live)
        arm(now, AGAIN_DELAY_US);
    else
        collect_request_pass(now->collect);
}

static void on_failed(void *user, const char *reason)
{
    struct judge_now *now = user;

    free(now->failure);
    now->failure = memory_string(reason);
    now->over = true;
}

static void on_watch(void *user, const char *path)
{
    struct judge_now *now = user;

    if (now->paths)
        path_watch_add(now->paths, path);
}

static int open_loop(struct judge_now *now)
{
    int status = sd_event_new(&now->event);

    if (status >= 0)
        status = sd_event_add_time_relative(now->event, &now->timer, CLOCK_BOOTTIME, 0, 1000,
                                            on_timer, now);
    if (status >= 0)
        status = sd_event_source_set_enabled(now->timer, SD_EVENT_OFF);
    return status;
}

struct judge_now *judge_now_new(const struct judge_now_settings *settings, char **ret_error)
{
    static const struct collect_events events = {on_pass_done, on_failed, on_watch};
    struct judge_now *now = memory_zeroed(1, sizeof(*now));
    struct collect_run run;
    int status;

    now->settings = *settings;
    now->ledger = ledger_new();
    status = open_loop(now);
    if (status < 0) {
        *ret_error = memory_format("event loop: %s", strerror(-status));
        judge_now_free(now);
        return NULL;
    }
    if (settings->live)
        now->paths = path_watch_new(now->event, on_change, now);
    run_settings_to_collect(settings->run, settings->config, &run, &now->config_path);
    now->collect = collect_new(now->event, settings->config, &run, settings->now_ns, now->ledger,
                               &events, now, ret_error);
    if (now->collect)
        return now;
    judge_now_free(now);
    return NULL;
}

void judge_now_free(struct judge_now *now)
{
    if (!now)
        return;
    collect_free(now->collect);
    path_watch_free(now->paths);
    sd_event_source_disable_unref(now->timer);
    sd_event_unref(now->event);
    ledger_free(now->ledger);
    free(now->config_path);
    free(now->failure);
    free(now);
}

/* ---------------------------------------------------------------- looking and waiting */

int judge_now_look(struct judge_now *now, char **ret_error)
{
    int status = 0;

    now->passes = 0;
    now->waiting = now->changed = false;
    if (!now->failure) {
        collect_request_pass(now->collect);
        status = run_until_over(now);
    }
    if (status < 0)
        *ret_error = memory_format("event loop: %s", strerror(-status));
    else if (now->failure) {
        *ret_error = memory_string(now->failure);
        status = -EINVAL;
    }
    return status;
}

int judge_now_recall(struct judge_now *now, const char *path, char **ret_error)
{
    int error = ledger_read_file(now->ledger, path, ret_error);

    if (error && error != -ENOENT)
        return error;
    ledger_forget_passes(now->ledger);
    return judge_now_look(now, ret_error);
}

void judge_now_watch(struct judge_now *now, const char *path)
{
    path_watch_add(now->paths, path);
}

int judge_now_wait(struct judge_now *now, int64_t timeout_ns)
{
    /* What changed during the look may have come too late for it. */
    arm(now, now->changed ? CHANGE_DELAY_US : (uint64_t)timeout_ns / 1000);
    now->waiting = true;
    return run_until_over(now);
}

/* ---------------------------------------------------------------- judging */

const struct ledger *judge_now_ledger(const struct judge_now *now)
{
    return now->ledger;
}

int policy_add_state(struct policy *policy, const struct state *state)
{
    int cancelled = state_cancelled(state);

    policy->cancelled = policy->cancelled || cancelled > 0;
    policy->runner_seen = state->runner_seen;
    policy->until_ns = state->run.last_seen_ns;
    policy->watched_ns = state->run.first_seen_ns;
    /* The runner of a categorized run rewrites the config for each batch: what it named first, when
     * watching started, is the whole scope (R1.5). */
    if (policy->host_count == 0 && state->expected_host_count > 0) {
        policy->hosts = (const char *const *)state->expected_hosts;
        policy->host_count = state->expected_host_count;
    }
    return cancelled < 0 ? cancelled : 0;
}

void verdict_add_state(struct verdict *verdict, struct state *state)
{
    for (size_t i = 0; i < verdict->scope_count; i++) {
        struct scope_verdict *scope = &verdict->scopes[i];
        const struct scope_state *known = state_find_scope(state, scope->name);

        if (!scope->run_url && known && known->run_url)
            scope->run_url = memory_string_in(&verdict->memory, known->run_url);
    }
    if (!verdict->run_url && verdict->scope_count == 1)
        verdict->run_url = verdict->scopes[0].run_url;
}

struct verdict *judge_with_state(const struct ledger *ledger, const struct run_settings *settings,
                                 const struct config *config, struct state *state, int64_t until_ns,
                                 int64_t now_ns, int *ret_error)
{
    struct verdict *verdict;
    struct policy policy;

    run_settings_to_policy(settings, config, &policy);
    *ret_error = policy_add_state(&policy, state);
    if (until_ns > policy.until_ns)
        policy.until_ns = until_ns;
    verdict = judge(ledger, &policy, now_ns);
    verdict_add_state(verdict, state);
    return verdict;
}

struct verdict *judge_now_verdict(const struct judge_now *now, struct state *state,
                                  int64_t *ret_now_ns)
{
    struct verdict *verdict;
    struct policy policy;
    int error = 0;

    *ret_now_ns = now->settings.now_ns >= 0 ? now->settings.now_ns : clock_ns(CLOCK_REALTIME);
    run_settings_to_policy(now->settings.run, now->settings.config, &policy);
    if (state)
        error = policy_add_state(&policy, state);
    if (error < 0)
        log_warning("%s: the cancellation marker could not be looked for: %s; shown as not "
                    "cancelled",
                    state->folder, strerror(-error));
    verdict = judge(now->ledger, &policy, *ret_now_ns);
    if (state)
        verdict_add_state(verdict, state);
    return verdict;
}
