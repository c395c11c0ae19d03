/* The line that the service manager shows of a watcher: as it goes, and as its last word. */
#ifndef ATVM_CORE_WATCH_STANDING_H
#define ATVM_CORE_WATCH_STANDING_H

#include "config.h"
#include "state.h"
#include "verdict.h"
#include "watch-close.h"
#include "watch-notify.h"

/* What it is about. Nothing is owned. */
struct watch_standing {
    struct watch_notify *notify;
    const struct config *config;
    const struct state *state;
    const struct verdict *verdict; /* NULL: the run was closed before */
    const char *time_zone;
};

/* After each round; the first one makes the service ready. */
void watch_standing_say(const struct watch_standing *standing);
/* No rounds are made any more. A delivery may be tried for a day. */
void watch_standing_say_delivering(const struct watch_standing *standing);
/* What became of it, before the end: of a service that has failed the service manager keeps it. */
void watch_standing_say_end(const struct watch_standing *standing, const struct watch_close *closing);

#endif
