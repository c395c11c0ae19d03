#include "status-look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "progress-output.h"
#include "settle.h"
#include "stale-files.h"
#include "status-builds.h"
#include "status-live.h"
#include "status-runner.h"

struct status_look {
    struct config *config;  /* with its sinks, to tell which posts are held */
    struct config *judging; /* the collectors' */
    struct run_settings *settings;
    struct build_status status;
    struct status_live *live; /* NULL: it was closed at the first look */
    bool warned;              /* of a damaged state */
    bool hinted;              /* at files from outside of the window */
};

struct status_look *status_look_new(const char *config_path, struct run_settings *settings,
                                    char **ret_error)
{
    struct status_look *look = memory_zeroed(1, sizeof(*look));

    look->settings = settings;
    look->config = config_load(config_path, settings->build, ret_error);
    if (look->config)
        look->judging = config_load(config_path, settings->build, ret_error);
    if (look->judging)
        return look;
    status_look_free(look);
    return NULL;
}

void status_look_free(struct status_look *look)
{
    if (!look)
        return;
    build_status_clear(&look->status);
    status_live_free(look->live);
    config_free(look->judging);
    config_free(look->config);
    free(look);
}

const struct build_status *status_look_status(const struct status_look *look)
{
    return &look->status;
}

/* ---------------------------------------------------------------- one look */

/* NULL where none was left, or it is damaged: what it does not say has to be found out. */
static struct state *state_of(const struct status_look *look)
{
    return look->status.state && look->status.state->found ? look->status.state : NULL;
}

static int unknown_build(const struct status_look *look, char **ret_error)
{
    *ret_error =
        memory_format("%s: no run of that name is known: nobody has watched it (nothing in "
                      "%s), no runner of it lives, and there is no log %s",
                      look->settings->build, look->config->state_root, look->config->run_log);
    return -ENOENT;
}

static void find_runner(struct status_look *look)
{
    struct status_runners runners;
    const struct status_runner *runner;

    status_runners_find(look->config, &runners);
    runner = status_runners_of(&runners, look->settings->build);
    look->status.runner = runner ? runner->pid : 0;
    if (runner && !look->status.state && runner->categorized)
        look->settings->categorized = true;
    status_runners_free(&runners);
}

/* An empty folder of that name in the state root says nothing. */
static bool has_trace(const struct status_look *look)
{
    const struct build_status *status = &look->status;
    const struct state *state = status->state;

    return (state && (state->found || state->warnings)) || status->posts.count > 0 ||
           status->watcher > 0 || status->runner > 0 || access(look->config->run_log, F_OK) == 0;
}

static int start_judging(struct status_look *look, char **ret_error)
{
    if (look->settings->since_ns < 0 && !has_trace(look))
        return unknown_build(look, ret_error);
    look->live = status_live_new(look->judging, look->settings, state_of(look), ret_error);
    return look->live ? 0 : -EINVAL;
}

static int judge_open_run(struct status_look *look, char **ret_error)
{
    int error = look->live ? 0 : start_judging(look, ret_error);

    if (!error)
        error = status_live_look(look->live, state_of(look), ret_error);
    if (error)
        return error;
    look->status.report = status_live_report(look->live);
    look->status.window = status_live_window(look->live);
    return 0;
}

static void warn_of_damage(struct status_look *look)
{
    if (look->warned || !look->status.state || !look->status.state->warnings)
        return;
    log_warning("%s", look->status.state->warnings);
    look->warned = true;
}

static void hint_at_stale_files(struct status_look *look)
{
    CLEANUP_FREE char *hint = stale_files_hint(look->status.report->verdict,
                                               look->settings->since_ns, look->config->time_zone);

    if (hint && !look->hinted)
        log_notice("%s: %s", look->settings->build, hint);
    look->hinted = true;
}

int status_look_refresh(struct status_look *look, char **ret_error)
{
    bool closed;
    int error;

    build_status_clear(&look->status);
    error = build_status_load(look->settings->build, look->config, clock_ns(CLOCK_REALTIME),
                              &look->status, ret_error);
    if (error)
        return error;
    warn_of_damage(look);
    closed = build_status_is_closed(&look->status);
    /* The rest of the time it is the collectors who look for it. */
    if (closed || !look->live)
        find_runner(look);
    if (closed)
        return 0;
    error = judge_open_run(look, ret_error);
    if (!error)
        hint_at_stale_files(look);
    return error;
}

/* ---------------------------------------------------------------- following */

static bool has_settled(const struct status_look *look, struct settle *settle)
{
    return settle_run_is_over(settle, look->status.report->verdict, false, look->config->settle_ns,
                              clock_ns(CLOCK_BOOTTIME));
}

/* A post that was tried and waits for another time is not waited for: that may take a day. */
static bool each_post_was_tried(const struct build_status *status)
{
    for (size_t i = 0; i < status->posts.count; i++)
        if (post_standing_of(&status->posts, status->posts.records[i], status->config) ==
                POST_WAITING &&
            status->posts.records[i]->attempts_kept == 0)
            return false;
    return true;
}

static bool is_over(const struct status_look *look, struct settle *settle)
{
    const struct build_status *status = &look->status;

    if (build_status_is_closed(status))
        return status->watcher == 0 || !look->live || each_post_was_tried(status);
    /* While somebody watches, it is for him to say. */
    return has_settled(look, settle) && status->watcher == 0;
}

int status_look_follow(struct status_look *look, FILE *progress, char **ret_error)
{
    struct progress_output output = {.stream = progress, .terminal = isatty(fileno(progress))};
    struct settle settle = {0};
    int error = 0;

    while (!error) {
        if (look->status.report)
            progress_output_update(&output, status_live_previous(look->live),
                                   look->status.report->verdict, look->status.report->now_ns);
        if (is_over(look, &settle))
            break;
        error = status_live_wait(look->live);
        if (error)
            *ret_error = memory_format("event loop: %s", strerror(-error));
        else
            error = status_look_refresh(look, ret_error);
    }
    progress_output_clear(&output);
    settle_clear(&settle);
    return error;
}
