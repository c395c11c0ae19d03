/* Times and durations as people read them; the same in every locale. */
#ifndef ATVM_CORE_RENDER_TIME_H
#define ATVM_CORE_RENDER_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define RENDER_TIME_SIZE 128

/* All times are nanoseconds since 1970-01-01 UTC. Each function fills `buffer` and returns it. */

/* "2026-04-16T17:00:00.000Z" (RFC 3339), rounded down. */
const char *render_rfc3339(int64_t time_ns, char buffer[RENDER_TIME_SIZE]);

/*
 * "2026-04-16 13:00:00 EDT (UTC-04:00)"; "2026-04-16 17:00:00 UTC". `zone` is a name of the zone
 * database or a POSIX TZ string; NULL is the system's (TZ, /etc/localtime); one that is neither
 * counts as UTC. TZ and what tzset() keeps are the same afterwards as before.
 */
const char *render_local_time(int64_t time_ns, const char *zone, char buffer[RENDER_TIME_SIZE]);
/* "14:20 EDT", with the date in front where it is another day than `today_ns`. */
const char *render_clock(int64_t time_ns, int64_t today_ns, const char *zone,
                         char buffer[RENDER_TIME_SIZE]);

/* Whether the C library can interpret the zone; what it cannot, it takes for UTC silently. */
bool render_time_zone_is_known(const char *zone);

/* "42s", "17m", "49h 13m", from three days on "3 days": for a line that is looked at while it
 * changes. "n/a" for -1. */
const char *render_rough_duration(int64_t duration_ns, char buffer[32]);

#endif
