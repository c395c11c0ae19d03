#include "timestamp.h"

#include <stdbool.h>
#include <time.h>

#include "clock.h"

/* int64_t nanoseconds end in the year 2262. */
#define YEAR_FIRST    1970
#define YEAR_LAST     2261
#define SECONDS_LIMIT (INT64_MAX / NS_PER_SECOND)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads exactly `count` digits and moves on; false: something else stands there. */
static bool take_digits(const char **text, int count, int *ret)
{
    int number = 0;

    for (int i = 0; i < count; i++) {
        if (!is_digit((*text)[i]))
            return false;
        number = number * 10 + ((*text)[i] - '0');
    }
    *text += count;
    *ret = number;
    return true;
}

static bool take_character(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

/* ".123" as ns, digits after the ninth are passed over; false: a point without digits. */
static bool take_fraction(const char **text, int64_t *ret_ns)
{
    int64_t unit = NS_PER_SECOND / 10;

    *ret_ns = 0;
    if (!take_character(text, '.'))
        return true;
    if (!is_digit(**text))
        return false;
    for (; is_digit(**text); (*text)++, unit /= 10)
        *ret_ns += (**text - '0') * unit;
    return true;
}

/* "Z", "+hh:mm", "+hhmm" or nothing, as seconds east of UTC. */
static bool take_zone(const char **text, int64_t *ret_seconds)
{
    int hours, minutes, sign;

    *ret_seconds = 0;
    if (take_character(text, 'Z'))
        return true;
    if (**text != '+' && **text != '-')
        return true;
    sign = **text == '-' ? -1 : 1;
    (*text)++;
    if (!take_digits(text, 2, &hours))
        return false;
    take_character(text, ':');
    if (!take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_seconds = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
    return true;
}

/* "2026-04-16T17:00:00" with `separator` between hours, minutes and seconds, as seconds since 1970;
 * -1: not a time, or one that no calendar has. */
static int64_t take_date_and_time(const char **text, char separator)
{
    struct tm broken = {0};
    struct tm normal;
    time_t seconds;

    if (!take_digits(text, 4, &broken.tm_year) || !take_character(text, '-') ||
        !take_digits(text, 2, &broken.tm_mon) || !take_character(text, '-') ||
        !take_digits(text, 2, &broken.tm_mday) || !take_character(text, 'T') ||
        !take_digits(text, 2, &broken.tm_hour) || !take_character(text, separator) ||
        !take_digits(text, 2, &broken.tm_min) || !take_character(text, separator) ||
        !take_digits(text, 2, &broken.tm_sec))
        return -1;
    if (broken.tm_year < YEAR_FIRST || broken.tm_year > YEAR_LAST)
        return -1;
    broken.tm_year -= 1900;
    broken.tm_mon -= 1;
    normal = broken;
    seconds = timegm(&normal);
    /* timegm turns 31 April into 1 May: a field that it changed was out of range. */
    if (normal.tm_mon != broken.tm_mon || normal.tm_mday != broken.tm_mday ||
        normal.tm_hour != broken.tm_hour || normal.tm_min != broken.tm_min ||
        normal.tm_sec != broken.tm_sec)
        return -1;
    return seconds;
}

int64_t timestamp_from_iso(const char *text)
{
    int64_t seconds, fraction_ns, zone_seconds;

    if (!text)
        return -1;
    seconds = take_date_and_time(&text, ':');
    if (seconds < 0 || !take_fraction(&text, &fraction_ns) || !take_zone(&text, &zone_seconds) ||
        *text != '\0' || seconds < zone_seconds)
        return -1;
    return (seconds - zone_seconds) * NS_PER_SECOND + fraction_ns;
}

int64_t timestamp_from_file_name(const char *text, size_t *ret_length)
{
    const char *end = text;
    int64_t seconds = take_date_and_time(&end, '-');
    int milliseconds = 0;

    *ret_length = 0;
    if (seconds < 0)
        return -1;
    if (*end == '-' && is_digit(end[1]) && is_digit(end[2]) && is_digit(end[3])) {
        end++;
        take_digits(&end, 3, &milliseconds);
    }
    take_character(&end, 'Z');
    *ret_length = (size_t)(end - text);
    return seconds * NS_PER_SECOND + milliseconds * INT64_C(1000000);
}

int64_t timestamp_seconds(const char *text)
{
    int64_t seconds = 0;
    int64_t fraction_ns;

    if (!text || !is_digit(*text))
        return -1;
    for (; is_digit(*text); text++) {
        seconds = seconds * 10 + (*text - '0');
        if (seconds >= SECONDS_LIMIT)
            return -1;
    }
    if (!take_fraction(&text, &fraction_ns) || *text != '\0')
        return -1;
    return seconds * NS_PER_SECOND + fraction_ns;
}
