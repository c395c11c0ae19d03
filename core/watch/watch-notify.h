/*
 * What the service manager is told of the watch: that it is ready, how the run stands, and that the
 * loop goes round. Nothing here waits.
 */
#ifndef ATVM_CORE_WATCH_NOTIFY_H
#define ATVM_CORE_WATCH_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct watch_notify;

/*
 * round_limit_ns: how long at most may pass between two rounds of a loop that is well. The
 * heartbeat is a timer of the loop, so one that stands still sends none; one that turns without a
 * round for longer than that sends none either.
 */
struct watch_notify *watch_notify_new(sd_event *event, int64_t round_limit_ns);
/* Says STOPPING. Accepts NULL. */
void watch_notify_free(struct watch_notify *notify);

/* State, configuration and modules are good. Only the first call says so. */
void watch_notify_ready(struct watch_notify *notify);

/* The line that `systemctl status` shows. One that changes more often than once a second is not
 * said, unless it is `final`. */
void watch_notify_status(struct watch_notify *notify, const char *line, bool final);

/* A round was made: what could be seen was seen, and judged. */
void watch_notify_round(struct watch_notify *notify);

/* From now on nothing is looked at, only deliveries are waited for: there are no more rounds. */
void watch_notify_rounds_end(struct watch_notify *notify);

#endif
