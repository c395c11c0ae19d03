#include "render-time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "report.h"

#define ZONE_DATABASE "/usr/share/zoneinfo" /* where glibc looks when TZDIR is not set */

#define MINUTES_PER_DAY (24 * 60)
/* From then on nobody counts hours. */
#define ROUGH_DAYS_FROM (3 * MINUTES_PER_DAY)

struct local_time {
    struct tm broken_down;
    char abbreviation[16];
};

static int64_t whole_seconds(int64_t time_ns)
{
    return time_ns / NS_PER_SECOND - (time_ns % NS_PER_SECOND < 0);
}

const char *render_rfc3339(int64_t time_ns, char buffer[RENDER_TIME_SIZE])
{
    time_t seconds = (time_t)whole_seconds(time_ns);
    int milliseconds = (int)((time_ns - (int64_t)seconds * NS_PER_SECOND) / NS_PER_MS);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    snprintf(buffer, RENDER_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds);
    return buffer;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "EST5EDT,M3.2.0,M11.1.0", "<-03>3": a name, then an offset (POSIX, TZ). */
static bool is_posix_zone(const char *zone)
{
    size_t name = 0;

    if (zone[0] == '<') {
        name = strcspn(zone, ">");
        return zone[name] && zone[name + 1] && strchr("+-0123456789", zone[name + 1]);
    }
    while (is_letter(zone[name]))
        name++;
    return name >= 3 && zone[name] && strchr("+-0123456789", zone[name]);
}

bool render_time_zone_is_known(const char *zone)
{
    const char *folder = getenv("TZDIR");
    CLEANUP_FREE char *path = NULL;
    struct stat status;

    if (!zone || !*zone || is_posix_zone(zone))
        return true;
    zone += *zone == ':';
    path = zone[0] == '/'
               ? memory_string(zone)
               : memory_format("%s/%s", folder && *folder ? folder : ZONE_DATABASE, zone);
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void break_down(int64_t time_ns, struct local_time *ret)
{
    time_t seconds = (time_t)whole_seconds(time_ns);

    localtime_r(&seconds, &ret->broken_down);
    snprintf(ret->abbreviation, sizeof(ret->abbreviation), "%s",
             ret->broken_down.tm_zone ? ret->broken_down.tm_zone : "");
    ret->broken_down.tm_zone = NULL; /* the C library's, good only until the next tzset() */
}

/* The C library knows one zone at a time, named by TZ: it is lent for the time of one conversion.
 */
static void to_local(int64_t time_ns, const char *zone, struct local_time *ret)
{
    const char *current = getenv("TZ");
    CLEANUP_FREE char *saved = memory_string(current);

    if (zone)
        setenv("TZ", render_time_zone_is_known(zone) ? zone : "UTC0", 1);
    tzset();
    break_down(time_ns, ret);
    if (!zone)
        return;
    if (saved)
        setenv("TZ", saved, 1);
    else
        unsetenv("TZ");
    tzset();
}

/* " EDT (UTC-04:00)"; one of the two where the other says nothing new. */
static void format_zone(const struct local_time *local, char *buffer, size_t size)
{
    long offset = local->broken_down.tm_gmtoff, minutes = labs(offset) / 60;
    char sign = offset < 0 ? '-' : '+';

    if (offset == 0 && (strcmp(local->abbreviation, "UTC") == 0 || !local->abbreviation[0]))
        snprintf(buffer, size, " UTC");
    else if (!is_letter(local->abbreviation[0]))
        snprintf(buffer, size, " UTC%c%02ld:%02ld", sign, minutes / 60, minutes % 60);
    else
        snprintf(buffer, size, " %s (UTC%c%02ld:%02ld)", local->abbreviation, sign, minutes / 60,
                 minutes % 60);
}

const char *render_local_time(int64_t time_ns, const char *zone, char buffer[RENDER_TIME_SIZE])
{
    struct local_time local;
    const struct tm *tm = &local.broken_down;
    char zone_text[48];

    to_local(time_ns, zone, &local);
    format_zone(&local, zone_text, sizeof(zone_text));
    snprintf(buffer, RENDER_TIME_SIZE, "%04d-%02d-%02d %02d:%02d:%02d%s", tm->tm_year + 1900,
             tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec, zone_text);
    return buffer;
}

const char *render_clock(int64_t time_ns, int64_t today_ns, const char *zone,
                         char buffer[RENDER_TIME_SIZE])
{
    struct local_time local, today;
    const struct tm *tm = &local.broken_down;
    char zone_text[48], date[32] = "";

    to_local(time_ns, zone, &local);
    to_local(today_ns, zone, &today);
    if (tm->tm_yday != today.broken_down.tm_yday || tm->tm_year != today.broken_down.tm_year)
        snprintf(date, sizeof(date), "%04d-%02d-%02d ", tm->tm_year + 1900, tm->tm_mon + 1,
                 tm->tm_mday);
    format_zone(&local, zone_text, sizeof(zone_text));
    zone_text[strcspn(zone_text, "(")] = '\0';
    snprintf(buffer, RENDER_TIME_SIZE, "%s%02d:%02d%s", date, tm->tm_hour, tm->tm_min, zone_text);
    if (buffer[strlen(buffer) - 1] == ' ')
        buffer[strlen(buffer) - 1] = '\0';
    return buffer;
}

const char *render_duration(int64_t duration_ns, char buffer[32])
{
    int64_t seconds = duration_ns / NS_PER_SECOND;
    int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

    if (duration_ns < 0)
        snprintf(buffer, 32, "n/a");
    else if (seconds == 0 && duration_ns > 0)
        snprintf(buffer, 32, "%dms", (int)(duration_ns / NS_PER_MS));
    else if (minutes == 0)
        snprintf(buffer, 32, "%ds", (int)seconds);
    else if (hours == 0)
        snprintf(buffer, 32, "%dm %ds", (int)minutes, (int)(seconds % 60));
    else if (days == 0)
        snprintf(buffer, 32, "%dh %dm %ds", (int)hours, (int)(minutes % 60), (int)(seconds % 60));
    else
        snprintf(buffer, 32, "%dd %dh %dm %ds", (int)days, (int)(hours % 24), (int)(minutes % 60),
                 (int)(seconds % 60));
    return buffer;
}

const char *render_rough_duration(int64_t duration_ns, char buffer[32])
{
    int64_t minutes = duration_ns / NS_PER_SECOND / 60;

    if (minutes < 1)
        return render_duration(duration_ns, buffer);
    if (minutes < 60)
        snprintf(buffer, 32, "%dm", (int)minutes);
    else if (minutes >= ROUGH_DAYS_FROM)
        snprintf(buffer, 32, "%" PRId64 " days", minutes / MINUTES_PER_DAY);
    else
        snprintf(buffer, 32, "%" PRId64 "h %dm", minutes / 60, (int)(minutes % 60));
    return buffer;
}
