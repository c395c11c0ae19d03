#include "launch-obstacle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "outbox.h"
#include "state-lock.h"
#include "status-runner.h"

static void add(char **obstacles, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char **obstacles, const char *format, ...)
{
    CLEANUP_FREE char *earlier = *obstacles, *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    *obstacles = memory_format("%s%s%s", earlier ? earlier : "", earlier ? "\n" : "", text);
}

static int add_unit(struct unit_control *units, const char *unit, char **obstacles,
                    char **ret_error)
{
    struct unit_status status;
    int error = unit_query(units, unit, &status, ret_error);

    if (error < 0)
        return error;
    if (unit_status_is_running(&status))
        add(obstacles, "the unit %s is %s; wait for its end, or end it: systemctl stop '%s'", unit,
            status.active_state, unit);
    unit_status_clear(&status);
    return 0;
}

static void add_runner(const struct config *config, const char *build, char **obstacles)
{
    struct status_runners runners = {0};
    const struct status_runner *runner;

    status_runners_find(config, &runners);
    runner = status_runners_of(&runners, build);
    if (runner)
        add(obstacles, "a runner of %s lives: process %d; wait for its end, or end it", build,
            (int)runner->pid);
    status_runners_free(&runners);
}

static void add_watcher(const char *folder, const char *build, char **obstacles)
{
    CLEANUP_FREE char *lock = memory_format("%s/lock", folder);
    pid_t holder = state_lock_holder(lock);

    if (holder > 0)
        add(obstacles, "a watcher of %s lives: process %d; wait for its end, or end it", build,
            (int)holder);
}

/* Delivered, or filed with its reason in the quarantine. */
static bool is_settled(const struct outbox_record *record)
{
    return record->state == OUTBOX_DELIVERED || record->state == OUTBOX_QUARANTINED;
}

static int add_posts(const char *folder, const char *build, char **obstacles, char **ret_error)
{
    struct outbox_list posts = {0};
    int error = outbox_look_all(folder, clock_ns(CLOCK_REALTIME), &posts, ret_error);

    if (error < 0)
        return error;
    for (size_t i = 0; i < posts.count; i++)
        if (!is_settled(posts.records[i]))
            add(obstacles,
                "a post of %s to %s is not settled: it is %s; see: atvm-watcher status %s",
                posts.records[i]->message.scope, posts.records[i]->sink,
                outbox_state_name(posts.records[i]->state), build);
    outbox_list_free(&posts);
    return 0;
}

int launch_obstacle(const struct config *config, const char *build, const char *runner_unit,
                    struct unit_control *units, char **ret_error)
{
    CLEANUP_FREE char *folder = memory_format("%s/%s", config->state_root, build);
    CLEANUP_FREE char *watcher_unit = unit_of_watcher(build), *obstacles = NULL;
    int error = add_unit(units, watcher_unit, &obstacles, ret_error);

    if (!error)
        error = add_unit(units, runner_unit, &obstacles, ret_error);
    if (!error)
        error = add_posts(folder, build, &obstacles, ret_error);
    if (error)
        return error;
    add_runner(config, build, &obstacles);
    add_watcher(folder, build, &obstacles);
    *ret_error = TAKE_POINTER(obstacles);
    return *ret_error ? -EBUSY : 0;
}
