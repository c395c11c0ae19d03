#include "start-obstacle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "memory.h"
#include "outbox.h"
#include "state-lock.h"
#include "status-runner.h"
#include "watch-command.h"

static void __attribute__((format(printf, 2, 3))) add(char **obstacles, const char *format, ...)
{
    CLEANUP_FREE char *earlier = *obstacles, *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    *obstacles = memory_format("%s%s%s", earlier ? earlier : "", earlier ? "\n" : "", text);
}

/* A unit that waits for its restart has no process, and the build's lock is free. */
static int look_for_unit(const struct config *config, const char *build, struct unit_control *units,
                         char **obstacles, char **ret_error)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build);
    CLEANUP_FREE char *cancel = config_command(config, "cancel --build-name %s", build);
    CLEANUP_FREE char *stop = systemctl_command("stop '%s'", unit);
    struct unit_status status;
    int error = unit_query(units, unit, &status, ret_error);

    if (error < 0)
        return error;
    if (unit_status_is_running(&status))
        add(obstacles,
            "%s is being watched: %s is %s (%s); wait for its end, end it without a post (`%s`), "
            "or stop only the watching (`%s`)",
            build, unit, status.active_state, status.sub_state, cancel, stop);
    unit_status_clear(&status);
    return 0;
}

static void look_for_watcher(const struct config *config, const char *folder, const char *build,
                             char **obstacles)
{
    CLEANUP_FREE char *cancel = config_command(config, "cancel --build-name %s", build);
    CLEANUP_FREE char *lock = memory_format("%s/lock", folder);
    pid_t holder = state_lock_holder(lock);

    if (holder > 0 && !*obstacles)
        add(obstacles,
            "%s is being watched: process %d has it; wait for its end, or end it without a post: "
            "`%s`",
            build, (int)holder, cancel);
}

static int look_for_runner_unit(const char *build, const char *unit, struct unit_control *units,
                                char **obstacles, char **ret_error)
{
    CLEANUP_FREE char *stop = systemctl_command("stop '%s'", unit);
    struct unit_status status;
    int error = unit_query(units, unit, &status, ret_error);

    if (error < 0)
        return error;
    if (unit_status_is_running(&status))
        add(obstacles, "%s has a runner: %s is %s; wait for its end, or end it: `%s`", build, unit,
            status.active_state, stop);
    unit_status_clear(&status);
    return 0;
}

static void look_for_runner(const struct config *config, const char *build, char **obstacles)
{
    CLEANUP_FREE char *watch = watch_command(config, build);
    struct status_runners runners = {0};
    const struct status_runner *runner;

    status_runners_find(config, &runners);
    runner = status_runners_of(&runners, build);
    if (runner)
        add(obstacles,
            "a runner of %s lives: process %d; wait for its end, or watch what it does from now "
            "on: "
            "`%s`",
            build, (int)runner->pid, watch);
    status_runners_free(&runners);
}

/* It was refused for good, and its folder would go to the history with the rest. */
static void add_quarantined(const char *folder, const struct outbox_record *post, const char *retry,
                            const char *drop, char **obstacles)
{
    CLEANUP_FREE char *path = outbox_quarantine_path(folder, post);

    add(obstacles,
        "the post of %s to %s is not settled: it is quarantined, and %s%sreason.json says why; "
        "once that is mended, send it: `%s`; or give it up: `%s`",
        post->message.scope, post->sink, path ? path : "", path ? "/" : "", retry, drop);
}

static void add_post(const struct config *config, const char *folder,
                     const struct outbox_record *post, const char *build, char **obstacles)
{
    CLEANUP_FREE char *selection = outbox_selection(post, build);
    CLEANUP_FREE char *resolve = config_command(config, "resolve %s --posted%s", build, selection);
    CLEANUP_FREE char *retry = config_command(config, "queue retry %s%s", build, selection);
    CLEANUP_FREE char *drop =
        config_command(config, "queue drop %s%s --reason 'given up'", build, selection);
    CLEANUP_FREE char *deliver = watch_command(config, build);

    if (post->dropped)
        return;
    if (post->state == OUTBOX_UNCERTAIN)
        add(obstacles,
            "the post of %s to %s is not settled: nobody knows whether it arrived; look there, "
            "then: `%s`, or the same with --resend in place of --posted",
            post->message.scope, post->sink, resolve);
    else if (post->state == OUTBOX_QUARANTINED)
        add_quarantined(folder, post, retry, drop, obstacles);
    else if (!outbox_state_is_settled(post->state))
        add(obstacles,
            "the post of %s to %s is not settled: it is %s; let it be delivered: `%s`; or give it "
            "up: `%s`",
            post->message.scope, post->sink, outbox_state_name(post->state), deliver, drop);
}

static int look_for_posts(const struct config *config, const char *folder, const char *build,
                          char **obstacles, char **ret_error)
{
    struct outbox_list posts = {0};
    int error = outbox_look_all(folder, clock_ns(CLOCK_REALTIME), &posts, ret_error);

    if (error < 0)
        return error;
    for (size_t i = 0; i < posts.count; i++)
        add_post(config, folder, posts.records[i], build, obstacles);
    outbox_list_free(&posts);
    return 0;
}

int start_obstacle(const struct config *config, const char *build, const char *runner_unit,
                   struct unit_control *units, char **ret_error)
{
    CLEANUP_FREE char *folder = memory_format("%s/%s", config->state_root, build);
    CLEANUP_FREE char *obstacles = NULL;
    int error = look_for_unit(config, build, units, &obstacles, ret_error);

    if (!error)
        look_for_watcher(config, folder, build, &obstacles);
    if (!error && runner_unit)
        error = look_for_runner_unit(build, runner_unit, units, &obstacles, ret_error);
    if (error)
        return error;
    look_for_runner(config, build, &obstacles);
    error = look_for_posts(config, folder, build, &obstacles, ret_error);
    if (!error && obstacles) {
        *ret_error = TAKE_POINTER(obstacles);
        error = -EBUSY;
    }
    return error;
}
