#include "operate-service.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "log.h"
#include "outbox.h"
#include "status-builds.h"
#include "watch-command.h"

#define LOOK_INTERVAL_US (100 * 1000)

/* ---- whether there is one */

static bool is_installed(struct unit_control *units, const char *unit)
{
    CLEANUP_FREE char *ignored = NULL;
    struct unit_status status = {0};
    bool loaded =
        unit_query(units, unit, &status, &ignored) == 0 && strcmp(status.load_state, "loaded") == 0;

    unit_status_clear(&status);
    return loaded;
}

struct unit_control *operate_service_open(const struct config *config, const char *build)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build), *ignored = NULL;
    struct unit_control *units = NULL;

    if (geteuid() != 0 || !watch_command_is_unit(config, build) ||
        unit_control_open(&units, &ignored) < 0)
        return NULL;
    if (is_installed(units, unit))
        return units;
    unit_control_close(units);
    return NULL;
}

/* ---- letting it send */

/* What is put off until later is not waited for. */
static bool is_due(const struct outbox_record *record, int64_t now_ns)
{
    return record->state == OUTBOX_SENDING || record->next_attempt_ns <= now_ns;
}

/* Whether the service has something to do now. */
static bool look(const struct config *config, const char *folder, struct service_sent *ret)
{
    CLEANUP_FREE char *ignored = NULL;
    struct outbox_list list = {0};
    int64_t now_ns = clock_ns(CLOCK_REALTIME);
    bool due = false;

    *ret = (struct service_sent){0};
    ret->unknown = outbox_look_all(folder, now_ns, &list, &ignored) < 0;
    if (ret->unknown)
        return false;
    for (size_t i = 0; i < list.count; i++) {
        enum post_standing standing = post_standing_of(&list, list.records[i], config);

        ret->waiting += standing == POST_WAITING;
        ret->held += standing == POST_HELD;
        due |= standing == POST_WAITING && is_due(list.records[i], now_ns);
    }
    outbox_list_free(&list);
    return due;
}

static bool is_running(struct unit_control *units, const char *unit)
{
    CLEANUP_FREE char *ignored = NULL;
    struct unit_status status = {0};
    bool running =
        unit_query(units, unit, &status, &ignored) < 0 || unit_status_is_running(&status);

    unit_status_clear(&status);
    return running;
}

static void wait_until_sent(struct unit_control *units, const struct config *config,
                            const char *unit, const char *folder, int64_t until_ns,
                            struct service_sent *ret)
{
    while (look(config, folder, ret) && clock_ns(CLOCK_MONOTONIC) < until_ns) {
        if (!is_running(units, unit)) {
            look(config, folder, ret);
            return;
        }
        usleep(LOOK_INTERVAL_US);
    }
}

int operate_service_send(struct unit_control *units, const struct config *config, const char *build,
                         const char *folder, int64_t wait_ns, struct service_sent *ret,
                         char **ret_error)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build);
    int64_t until_ns = clock_ns(CLOCK_MONOTONIC) + wait_ns;
    int error = unit_start(units, unit, wait_ns, ret_error);

    if (error < 0 && error != -ETIMEDOUT)
        return error;
    wait_until_sent(units, config, unit, folder, until_ns, ret);
    return 0;
}

/* ---- what came of it */

void operate_service_report(const struct config *config, const char *build,
                            const struct service_sent *sent)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build);
    CLEANUP_FREE char *list = config_command(config, "queue list %s", build);

    if (sent->unknown)
        log_warning("%s: handed to %s, but its messages cannot be read, so what came of it is not "
                    "known: `%s` says why",
                    build, unit, list);
    else if (sent->held > 0)
        log_error("%s: handed to %s; now %zu of its messages %s held: `%s` shows which and why",
                  build, unit, sent->held, sent->held == 1 ? "is" : "are", list);
    else if (sent->waiting > 0)
        log_notice("%s: handed to %s, which sends it; `%s` shows how far it is", build, unit, list);
    else
        log_notice("%s: handed to %s, which has delivered it", build, unit);
}

void operate_service_advise(const struct config *config, const char *build, const char *why)
{
    CLEANUP_FREE char *by_hand = config_command(config, "run %s", build);
    CLEANUP_FREE char *unit = watch_command(config, build);

    if (watch_command_is_unit(config, build))
        log_notice(
            "%s: stored; %s. This sends it: `%s`, or with the secret in the environment: `%s`",
            build, why, unit, by_hand);
    else
        log_notice("%s: stored; %s. With the secret in the environment, this sends it: `%s`", build,
                   why, by_hand);
}
