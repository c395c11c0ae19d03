#include "config-value.h"

#include <inttypes.h>
#include <string.h>

#include "config.h"
#include "memory.h"

struct unit {
    const char *name;
    int64_t factor;
};

#define MILLISECOND INT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)

/* From large to small, as the writers need them. */
static const struct unit duration_units[] = {{"d", 86400 * SECOND}, {"h", 3600 * SECOND},
                                             {"m", 60 * SECOND},    {"s", SECOND},
                                             {"ms", MILLISECOND},   {NULL, 0}};
static const struct unit size_units[] = {
    {"G", INT64_C(1) << 30}, {"M", INT64_C(1) << 20}, {"K", INT64_C(1) << 10}, {"", 1}, {NULL, 0}};

/* Digits and one unit, nothing else: no sign, blank or fraction. */
static bool parse_number_with_unit(const char *text, const struct unit *units, int64_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    int64_t number = 0;

    if (digits == 0)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text[i] - '0', &number))
            return false;
    }
    for (const struct unit *unit = units; unit->name; unit++) {
        if (strcmp(text + digits, unit->name) == 0)
            return !__builtin_mul_overflow(number, unit->factor, ret);
    }
    return false;
}

bool config_parse_duration(const char *text, int64_t *ret_ns)
{
    return parse_number_with_unit(text, duration_units, ret_ns);
}

bool config_parse_size(const char *text, int64_t *ret_bytes)
{
    return parse_number_with_unit(text, size_units, ret_bytes);
}

static char *in_largest_unit(int64_t number, const struct unit *units)
{
    const struct unit *unit = units;

    while (unit[1].name && (number == 0 || number % unit->factor != 0))
        unit++;
    return memory_format("%" PRId64 "%s", number / unit->factor, unit->name);
}

char *config_duration_text(int64_t ns)
{
    return ns == 0 ? memory_string("0s") : in_largest_unit(ns, duration_units);
}

char *config_size_text(int64_t bytes)
{
    return in_largest_unit(bytes, size_units);
}
