#include "watch-notify.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "service-notify.h"

#define STATUS_INTERVAL_NS NS_PER_SECOND
/* Heartbeats in the time after which one is missed: sd_watchdog_enabled(3) asks for two. */
#define BEATS_PER_TIMEOUT 3

struct watch_notify {
    struct service_notify service;
    sd_event_source *heartbeat; /* NULL: nobody waits for one */
    uint64_t interval_us;
    int64_t round_limit_ns;
    int64_t round_ns; /* when the last one was made */
    bool rounds_end;
    bool ready_wanted, ready;
    char *wanted, *said; /* status lines */
    int64_t said_ns;
};

/* ---------------------------------------------------------------- saying */

/* What was not taken is said again with the next round or heartbeat. */
static void say_ready(struct watch_notify *notify)
{
    if (notify->ready_wanted && !notify->ready)
        notify->ready = service_notify_send(&notify->service, "READY=1");
}

static void say_status(struct watch_notify *notify)
{
    CLEANUP_FREE char *line = NULL;

    if (!notify->wanted || (notify->said && strcmp(notify->said, notify->wanted) == 0))
        return;
    line = memory_format("STATUS=%s", notify->wanted);
    if (!service_notify_send(&notify->service, line))
        return;
    notify->said_ns = clock_ns(CLOCK_BOOTTIME);
    free(notify->said);
    notify->said = TAKE_POINTER(notify->wanted);
}

/* ---------------------------------------------------------------- the heartbeat */

static bool goes_round(const struct watch_notify *notify)
{
    return notify->rounds_end ||
           clock_ns(CLOCK_MONOTONIC) - notify->round_ns <= notify->round_limit_ns;
}

static int on_heartbeat(sd_event_source *source, uint64_t time_us, void *user)
{
    struct watch_notify *notify = user;

    (void)time_us;
    say_ready(notify);
    say_status(notify);
    if (goes_round(notify))
        service_notify_send(&notify->service, "WATCHDOG=1");
    sd_event_source_set_time_relative(source, notify->interval_us);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void start_heartbeat(struct watch_notify *notify, sd_event *event)
{
    uint64_t timeout_us = 0;
    int status = sd_watchdog_enabled(0, &timeout_us);

    notify->interval_us = timeout_us / BEATS_PER_TIMEOUT;
    if (status > 0)
        status = sd_event_add_time_relative(event, &notify->heartbeat, CLOCK_MONOTONIC, 0, 0,
                                            on_heartbeat, notify);
    if (status < 0)
        log_warning("no heartbeat can be sent to the service manager: %s", strerror(-status));
}

/* ---------------------------------------------------------------- the watch's side */

struct watch_notify *watch_notify_new(sd_event *event, int64_t round_limit_ns)
{
    struct watch_notify *notify = memory_zeroed(1, sizeof(*notify));
    int error = service_notify_open(&notify->service);

    if (error < 0)
        log_warning("NOTIFY_SOCKET: %s; the service manager is not told how it goes",
                    strerror(-error));
    notify->round_limit_ns = round_limit_ns;
    notify->round_ns = clock_ns(CLOCK_MONOTONIC);
    if (notify->service.descriptor >= 0)
        start_heartbeat(notify, event);
    return notify;
}

void watch_notify_free(struct watch_notify *notify)
{
    if (!notify)
        return;
    if (notify->wanted)
        say_status(notify);
    service_notify_send(&notify->service, "STOPPING=1");
    service_notify_close(&notify->service);
    sd_event_source_disable_unref(notify->heartbeat);
    free(notify->wanted);
    free(notify->said);
    free(notify);
}

void watch_notify_ready(struct watch_notify *notify)
{
    notify->ready_wanted = true;
    say_ready(notify);
}

void watch_notify_status(struct watch_notify *notify, const char *line, bool final)
{
    int64_t age_ns = clock_ns(CLOCK_BOOTTIME) - notify->said_ns;

    free(notify->wanted);
    notify->wanted = memory_string(line);
    if (final || !notify->said || age_ns >= STATUS_INTERVAL_NS)
        say_status(notify);
}

void watch_notify_round(struct watch_notify *notify)
{
    notify->round_ns = clock_ns(CLOCK_MONOTONIC);
    say_ready(notify);
}

void watch_notify_rounds_end(struct watch_notify *notify)
{
    notify->rounds_end = true;
}
