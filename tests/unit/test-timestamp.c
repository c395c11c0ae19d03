#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "timestamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS           INT64_C(1000000000)
/* 2026-04-16T17:00:00Z */
#define NOON (INT64_C(1776358800) * NS)

struct row {
    const char *text;
    int64_t expected;
};

static void iso_times_are_read_to_the_last_character(void **state)
{
    static const struct row rows[] = {
        {"1970-01-01T00:00:00", 0},
        {"2026-04-16T17:00:00", NOON},
        {"2026-04-16T17:00:00Z", NOON},
        {"2026-04-16T17:00:00.250Z", NOON + 250000000},
        {"2026-04-16T17:00:00.123456789123", NOON + 123456789},
        {"2026-04-16T19:00:00+02:00", NOON},
        {"2026-04-16T19:30:00+0230", NOON},
        {"2026-04-16T12:00:00.5-05:00", NOON + 500000000},
        {"2024-02-29T00:00:00", INT64_C(1709164800) * NS},
        /* no such time */
        {"2026-02-29T00:00:00", -1},
        {"2026-13-01T00:00:00", -1},
        {"2026-00-10T00:00:00", -1},
        {"2026-04-31T00:00:00", -1},
        {"2026-04-16T24:00:00", -1},
        {"2026-04-16T17:60:00", -1},
        {"2026-04-16T17:00:60", -1},
        {"1969-12-31T23:59:59", -1},
        {"1970-01-01T00:00:00+00:01", -1},
        {"9999-01-01T00:00:00", -1},
        /* no such form */
        {"", -1},
        {"2026-04-16", -1},
        {"2026-04-16 17:00:00", -1},
        {"2026-04-16T17:00", -1},
        {"2026-4-16T17:00:00", -1},
        {"2026-04-16T17:00:00.", -1},
        {"2026-04-16T17:00:00ZZ", -1},
        {"2026-04-16T17:00:00 ", -1},
        {"2026-04-16T17:00:00+2", -1},
        {"2026-04-16T17:00:00+24:00", -1},
        {" 2026-04-16T17:00:00", -1},
        {"Thu Apr 16 2026", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (timestamp_from_iso(rows[i].text) != rows[i].expected)
            fail_msg("\"%s\" gave %jd", rows[i].text, (intmax_t)timestamp_from_iso(rows[i].text));
    assert_int_equal(timestamp_from_iso(NULL), -1);
}

static void times_in_file_names_say_how_long_they_are(void **state)
{
    static const struct {
        const char *text;
        int64_t expected;
        size_t length;
    } rows[] = {
        {"2026-04-16T17-00-00", NOON, 19},
        {"2026-04-16T17-00-00.json", NOON, 19},
        {"2026-04-16T17-00-00_001", NOON, 19},
        {"2026-04-16T17-00-00-250Z.txt", NOON + 250000000, 24},
        {"2026-04-16T17-00-00Z", NOON, 20},
        {"2026-04-16T17:00:00", -1, 0},
        {"2026-04-16T25-00-00", -1, 0},
        {"2026-04-16", -1, 0},
        {"", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = 99;

        if (timestamp_from_file_name(rows[i].text, &length) != rows[i].expected ||
            length != rows[i].length)
            fail_msg("\"%s\" gave a length of %zu", rows[i].text, length);
    }
}

static void seconds_are_plain_decimal_numbers(void **state)
{
    static const struct row rows[] = {
        {"0", 0},
        {"0.000", 0},
        {"912.0450", 912 * NS + 45000000},
        {"7", 7 * NS},
        {"0.0000000019", 1},
        {"", -1},
        {"-1", -1},
        {"NaN", -1},
        {"Infinity", -1},
        {"1e3", -1},
        {"1,5", -1},
        {"1.", -1},
        {".5", -1},
        {" 1", -1},
        {"1 ", -1},
        {"9223372036", -1},
        {"99999999999999999999999999", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (timestamp_seconds(rows[i].text) != rows[i].expected)
            fail_msg("\"%s\" gave %jd", rows[i].text, (intmax_t)timestamp_seconds(rows[i].text));
    assert_int_equal(timestamp_seconds(NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_times_are_read_to_the_last_character),
        cmocka_unit_test(times_in_file_names_say_how_long_they_are),
        cmocka_unit_test(seconds_are_plain_decimal_numbers),
    };

    return cmocka_run_group_tests_name("timestamp", tests, NULL, NULL);
}
