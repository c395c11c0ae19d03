#include "doctor-clock.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "render-time.h"

/* A package is unpacked, and a program linked, on a machine whose clock may be a little ahead. */
#define AHEAD_NS (3600 * NS_PER_SECOND)
/* What the kernel lets the error grow to when nobody disciplines the clock; below it `timedatectl`
 * calls it synchronized, too (ntp_synced() of systemd). */
#define UNSYNCHRONIZED_US 16000000L

/* ---- what it amounts to */

/* The command that has the clock kept right. */
static const char *synchronize(struct doctor_report *report, const struct clock_seen *seen)
{
    const char *on = doctor_as_root(report, "timedatectl set-ntp true");

    return seen->has_client
               ? on
               : doctor_text(report, "%s && %s",
                             doctor_as_root(report, "apt-get install systemd-timesyncd"), on);
}

static void judge_time(struct doctor_report *report, const struct clock_seen *seen)
{
    char now[RENDER_TIME_SIZE], then[RENDER_TIME_SIZE];

    render_local_time(seen->now_ns, seen->zone, now);
    if (seen->program_ns >= 0 && seen->now_ns < seen->program_ns - AHEAD_NS)
        doctor_problem(report, DOCTOR_BAD, "machine.clock", NULL, synchronize(report, seen),
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
        doctor_problem(report, DOCTOR_WARN, "machine.synchronized", NULL, synchronize(report, seen),
                       "nothing keeps the clock right%s: times in the status may be wrong, and "
                       "artifacts of machines with another time may count as stale",
                       seen->has_client ? ""
                                        : ", and nothing is installed that would (chrony and "
                                          "ntpsec would, too)");
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

static bool holds_lists(const char *folder)
{
    CLEANUP_DIR DIR *stream = opendir(folder);
    const struct dirent *entry;

    while (stream && (entry = readdir(stream)))
        if (fnmatch("*.list", entry->d_name, 0) == 0)
            return true;
    return false;
}

/* Where whoever can keep the clock right says so: systemd-timedated.service(8). */
static bool has_client(void)
{
    static const char *const folders[] = {"/etc/systemd/ntp-units.d", "/run/systemd/ntp-units.d",
                                          "/usr/local/lib/systemd/ntp-units.d",
                                          "/usr/lib/systemd/ntp-units.d"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (holds_lists(folders[i]))
            return true;
    return false;
}

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
    seen.has_client = has_client();
    seen.zone = config ? config->time_zone : NULL;
    seen.zone_is_local = (zone && *zone) || access("/etc/localtime", R_OK) == 0;
    doctor_judge_clock(report, &seen);
}
