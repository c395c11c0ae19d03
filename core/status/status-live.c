#include "status-live.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "judge-now.h"
#include "log.h"
#include "memory.h"
#include "run-asked.h"
#include "run-facts.h"

struct status_live {
    const struct config *config;
    struct run_settings *settings;
    struct judge_now *now;
    struct status_window window;
    bool unwatched; /* nobody told how the run was started */
    bool examined;  /* it was found out */
    struct run_facts *facts;
    struct report report;
    struct verdict *verdict, *previous;
};

/* ---------------------------------------------------------------- what is known beforehand */

static void complete_settings(struct status_live *live, const struct state *state)
{
    bool is_given = live->settings->since_ns >= 0;

    if (state)
        run_settings_recall(live->settings, state);
    live->window.since_ns = live->settings->since_ns;
    if (is_given)
        live->window.from = "--since";
}

static bool check(struct config *config, char **ret_error)
{
    CLEANUP_FREE char *warnings = NULL;

    config_drop_sinks(config);
    if (!config_check_root(config, ret_error) ||
        !config_check_modules(config, ret_error, &warnings))
        return false;
    if (warnings)
        log_warning("%s", warnings);
    return true;
}

static struct judge_now *start_collecting(const struct status_live *live, char **ret_error)
{
    const struct judge_now_settings settings = {
        .config = live->config, .run = live->settings, .now_ns = -1, .live = true};

    return judge_now_new(&settings, ret_error);
}

struct status_live *status_live_new(struct config *config, struct run_settings *settings,
                                    const struct state *state, char **ret_error)
{
    struct status_live *live;

    if (!check(config, ret_error))
        return NULL;
    live = memory_zeroed(1, sizeof(*live));
    live->config = config;
    live->settings = settings;
    live->unwatched = !state;
    live->window.since_ns = -1;
    complete_settings(live, state);
    live->facts = run_facts_new(settings, config);
    live->now = start_collecting(live, ret_error);
    if (live->now)
        return live;
    status_live_free(live);
    return NULL;
}

void status_live_free(struct status_live *live)
{
    if (!live)
        return;
    verdict_free(live->verdict);
    verdict_free(live->previous);
    judge_now_free(live->now);
    run_facts_free(live->facts);
    free(live);
}

/* ---------------------------------------------------------------- a run nobody watched */

/* The log and the processes of sub-runs are read in another way. */
static int look_for_sub_runs(struct status_live *live, char **ret_error)
{
    struct run_settings *settings = live->settings;

    if (settings->categorized ||
        !status_shows_sub_runs(judge_now_ledger(live->now), settings->build))
        return 0;
    settings->categorized = true;
    judge_now_free(live->now);
    live->now = start_collecting(live, ret_error);
    return live->now ? judge_now_look(live->now, ret_error) : -EIO;
}

static int find_window(struct status_live *live, char **ret_error)
{
    struct window_hints hints;

    if (live->window.since_ns >= 0)
        return 0;
    window_hints_find(live->config, judge_now_ledger(live->now), &hints);
    live->window = status_window_of(&hints);
    live->settings->since_ns = live->window.since_ns;
    if (live->window.since_ns >= 0)
        return 0;
    *ret_error = memory_format("%s: when this run began is not known: no watcher has noted it, no "
                               "runner lives, and %s does not tell when it was created; give "
                               "--since SECONDS",
                               live->settings->build, live->config->run_log);
    return -ENODATA;
}

/* ---------------------------------------------------------------- looking */

/* Its watcher's word that it is closed is not to be waited for longer than needed. */
static void watch_state(const struct status_live *live, const struct state *state)
{
    CLEANUP_FREE char *path = state ? memory_format("%s/state.json", state->folder) : NULL;

    if (path)
        judge_now_watch(live->now, path);
}

static void judge_what_was_found(struct status_live *live, struct state *state)
{
    verdict_free(live->previous);
    live->previous = live->verdict;
    live->report = (struct report){.facts = live->facts};
    live->verdict = judge_now_verdict(live->now, state, &live->report.now_ns);
    live->report.verdict = live->verdict;
}

int status_live_look(struct status_live *live, struct state *state, char **ret_error)
{
    int error = live->now ? judge_now_look(live->now, ret_error) : -EIO;

    if (error == 0 && live->unwatched && !live->examined)
        error = look_for_sub_runs(live, ret_error);
    if (error == 0 && !live->examined)
        error = find_window(live, ret_error);
    if (error != 0)
        return error;
    live->examined = true;
    watch_state(live, state);
    judge_what_was_found(live, state);
    return 0;
}

const struct report *status_live_report(const struct status_live *live)
{
    return &live->report;
}

const struct verdict *status_live_previous(const struct status_live *live)
{
    return live->previous;
}

struct status_window status_live_window(const struct status_live *live)
{
    return live->window;
}

int status_live_wait(struct status_live *live)
{
    return judge_now_wait(live->now, live->config->poll_interval_ns);
}
