#include "doctor-clock.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "clock.h"
#include "render-time.h"

/* A package is unpacked, and a program linked, on a machine whose clock may be a little ahead. */
#define AHEAD_NS (3600 * NS_PER_SECOND)
/* What the kernel lets the error grow to when nobody disciplines the clock; below it `timedatectl`
 * calls it synchronized, too (ntp_synced() of systemd). */
#define UNSYNCHRONIZED_US 16000000L

/* ---- what it amounts to */

static void judge_time(struct doctor_report *report, const struct clock_seen *seen)
{
    char now[RENDER_TIME_SIZE], then[RENDER_TIME_SIZE];

    render_local_time(seen->now_ns, seen->zone, now);
    if (seen->program_ns >= 0 && seen->now_ns < seen->program_ns - AHEAD_NS)
        doctor_problem(report, DOCTOR_BAD, "machine.clock", NULL,
                       doctor_as_root(report, "timedatectl set-ntp true"),
                       "it is said to be %s, but this program was installed %s: evidence would be "
                       "taken for stale",
                       now, render_local_time(seen->program_ns, seen->zone, then));
    else
        doctor_ok(report, "machine.clock", NULL, "it is %s", now);
}

static void judge_synchronization(struct doctor_report *report, const struct clock_seen *seen)
{
    if (seen->error)
        doctor_unseen(report, "machine.synchronized", NULL, "timedatectl", "adjtimex: %s",
                      strerror(-seen->error));
    else if (seen->max_error_us >= UNSYNCHRONIZED_US)
        doctor_problem(report, DOCTOR_WARN, "machine.synchronized", NULL,
                       doctor_as_root(report, "timedatectl set-ntp true"),
                       "nothing keeps the clock right: times in the status may be wrong, and "
                       "artifacts of machines with another time may count as stale");
    else
        doctor_ok(report, "machine.synchronized", NULL, "the clock is kept right to within %ld ms",
                  seen->max_error_us / 1000 + 1);
}

static void judge_zone(struct doctor_report *report, const struct clock_seen *seen)
{
    if (seen->zone || seen->zone_is_local)
        doctor_ok(report, "machine.time_zone", NULL, "times are shown in %s",
                  seen->zone ? seen->zone : "the system's time zone");
    else
        doctor_problem(report, DOCTOR_WARN, "machine.time_zone", NULL,
                       doctor_as_root(report, "timedatectl set-timezone \"$(tzselect)\""),
                       "there is no /etc/localtime: times are shown in UTC; name your own zone");
}

void doctor_judge_clock(struct doctor_report *report, const struct clock_seen *seen)
{
    judge_time(report, seen);
    judge_synchronization(report, seen);
    judge_zone(report, seen);
}

/* ---- looking */

void doctor_look_clock(const struct doctor_asked *asked, const struct config *config,
                       struct doctor_report *report)
{
    struct clock_seen seen = {.now_ns = asked->now_ns, .program_ns = -1};
    struct timex timex = {0};
    struct stat program;
    const char *zone = getenv("TZ");

    if (stat("/proc/self/exe", &program) == 0)
        seen.program_ns = program.st_mtim.tv_sec * NS_PER_SECOND + program.st_mtim.tv_nsec;
    if (adjtimex(&timex) < 0)
        seen.error = -errno;
    seen.max_error_us = timex.maxerror;
    seen.zone = config ? config->time_zone : NULL;
    seen.zone_is_local = (zone && *zone) || access("/etc/localtime", R_OK) == 0;
    doctor_judge_clock(report, &seen);
}
