#include "duration.h"

#include <stdbool.h>

#include "clock.h"

#define LONGEST (INT64_C(10000) * 86400 * NS_PER_SECOND) /* far beyond any run */

struct unit {
    struct text name;
    int64_t ns;
};

/* Longer names stand before those they begin with. */
static const struct unit units[] = {
    {{"milliseconds", 12}, NS_PER_MS},
    {{"millisecond", 11}, NS_PER_MS},
    {{"days", 4}, 86400 * NS_PER_SECOND},
    {{"day", 3}, 86400 * NS_PER_SECOND},
    {{"hours", 5}, 3600 * NS_PER_SECOND},
    {{"hour", 4}, 3600 * NS_PER_SECOND},
    {{"minutes", 7}, 60 * NS_PER_SECOND},
    {{"minute", 6}, 60 * NS_PER_SECOND},
    {{"seconds", 7}, NS_PER_SECOND},
    {{"second", 6}, NS_PER_SECOND},
    {{"ms", 2}, NS_PER_MS},
    {{"d", 1}, 86400 * NS_PER_SECOND},
    {{"h", 1}, 3600 * NS_PER_SECOND},
    {{"m", 1}, 60 * NS_PER_SECOND},
    {{"s", 1}, NS_PER_SECOND},
};

/* ns of the unit taken off the front of *rest; 0: there is none. */
static int64_t take_unit(struct text *rest)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (text_take(rest, units[i].name))
            return units[i].ns;
    return 0;
}

/* Thousandths of the number taken off the front, which may have a fraction; -1: no number. */
static int64_t take_thousandths(struct text *rest)
{
    int64_t whole = text_take_number(rest), fraction = 0;

    if (whole < 0 || whole > INT64_C(1000000000))
        return -1;
    if (rest->length > 0 && rest->bytes[0] == '.') {
        int64_t place = 100;

        *rest = text_from(*rest, 1);
        while (rest->length > 0 && rest->bytes[0] >= '0' && rest->bytes[0] <= '9') {
            fraction += place * (rest->bytes[0] - '0');
            place /= 10;
            *rest = text_from(*rest, 1);
        }
    }
    return whole * 1000 + fraction;
}

/* "16:13" and "1:02:03": parts of 60, the last is seconds. */
static int64_t parse_clock(struct text text)
{
    int64_t seconds = text_take_number(&text);
    int parts = 1;

    if (seconds < 0 || seconds > 1000000)
        return -1;
    while (parts < 3 && text.length >= 3 && text.bytes[0] == ':') {
        struct text digits = {text.bytes + 1, 2};
        int64_t part = text_number(digits);

        if (part < 0 || part > 59)
            return -1;
        seconds = seconds * 60 + part;
        text = text_from(text, 3);
        parts++;
    }
    return text.length == 0 && parts > 1 ? seconds * NS_PER_SECOND : -1;
}

static int64_t parse_units(struct text text)
{
    int64_t total = 0;

    while (text.length > 0) {
        int64_t thousandths = take_thousandths(&text), unit;

        if (thousandths < 0)
            return -1;
        text = text_trim(text);
        unit = text.length == 0 ? NS_PER_SECOND : take_unit(&text);
        if (unit == 0 || thousandths / 1000 > LONGEST / unit)
            return -1;
        total += thousandths * (unit / 1000);
        if (total > LONGEST)
            return -1;
        text_take(&text, TEXT(","));
        text = text_trim(text);
    }
    return total;
}

int64_t duration_parse(struct text text)
{
    text = text_trim(text);
    if (text.length == 0)
        return -1;
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] == ':')
            return parse_clock(text);
    return parse_units(text);
}
