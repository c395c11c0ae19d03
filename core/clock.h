/* The clocks of the machine, in the unit that all times of this program have. Needs no library, so
 * that modules can use it, too. */
#ifndef ATVM_CORE_CLOCK_H
#define ATVM_CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_US     INT64_C(1000)

/* The time of `clock` in nanoseconds: CLOCK_REALTIME since 1970-01-01 UTC, CLOCK_MONOTONIC and
 * CLOCK_BOOTTIME since the machine started. Cannot fail for these three. */
static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

#endif
