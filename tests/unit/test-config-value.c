/* Durations, sizes and names of builds: what is one and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cleanup.h"
#include "config-value.h"
#include "config.h"
#include "memory.h"

#define SECOND INT64_C(1000000000)

static void durations_are_a_number_and_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ns; /* -1: no duration */
    } cases[] = {
        {"250ms", SECOND / 4},
        {"5s", 5 * SECOND},
        {"10m", 600 * SECOND},
        {"2h", 7200 * SECOND},
        {"1d", 86400 * SECOND},
        {"0s", 0},
        {"106751d", INT64_C(106751) * 86400 * SECOND},
        {"106752d", -1},
        {"99999999999999999999s", -1},
        {"5", -1},
        {"s", -1},
        {"", -1},
        {"5 s", -1},
        {"-5s", -1},
        {"+5s", -1},
        {"1.5h", -1},
        {"5S", -1},
        {"5sec", -1},
        {"1h30m", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t ns = -1;
        bool good = config_parse_duration(cases[i].text, &ns);

        if (good != (cases[i].ns >= 0) || (good && ns != cases[i].ns))
            fail_msg("\"%s\" gave %d, %lld", cases[i].text, good, (long long)ns);
    }
}

static void sizes_are_a_number_and_perhaps_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: no size */
    } cases[] = {
        {"123", 123},        {"0", 0},        {"64K", 65536},
        {"16M", 16 << 20},   {"1G", 1 << 30}, {"8589934591G", INT64_C(8589934591) << 30},
        {"8589934592G", -1}, {"K", -1},       {"", -1},
        {"1k", -1},          {"1KB", -1},     {"-1", -1},
        {"1 K", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t bytes = -1;
        bool good = config_parse_size(cases[i].text, &bytes);

        if (good != (cases[i].bytes >= 0) || (good && bytes != cases[i].bytes))
            fail_msg("\"%s\" gave %d, %lld", cases[i].text, good, (long long)bytes);
    }
}

static void values_are_written_in_their_largest_unit(void **state)
{
    CLEANUP_FREE char *day = config_duration_text(86400 * SECOND);
    CLEANUP_FREE char *seconds = config_duration_text(90 * SECOND);
    CLEANUP_FREE char *milliseconds = config_duration_text(SECOND / 4);
    CLEANUP_FREE char *nothing = config_duration_text(0);
    CLEANUP_FREE char *kilobytes = config_size_text(65536);
    CLEANUP_FREE char *bytes = config_size_text(1000);

    (void)state;
    assert_string_equal(day, "1d");
    assert_string_equal(seconds, "90s");
    assert_string_equal(milliseconds, "250ms");
    assert_string_equal(nothing, "0s");
    assert_string_equal(kilobytes, "64K");
    assert_string_equal(bytes, "1000");
}

static void build_names_are_safe_as_file_names(void **state)
{
    static const char *const good[] = {"e2e-redhat9.6-ubuntu24.04-w2k25-fc", "a", "9", "A_b.c-d"};
    static const char *const bad[] = {"", ".", "..", "-x", "_x", "a/b", "a b", "a\nb", "a%b", "ü"};
    CLEANUP_FREE char *longest = memory_format("%0200d", 1), *longer = memory_format("%0201d", 1);

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(config_build_name_is_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(config_build_name_is_valid(bad[i]));
    assert_true(config_build_name_is_valid(longest));
    assert_false(config_build_name_is_valid(longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_a_number_and_a_unit),
        cmocka_unit_test(sizes_are_a_number_and_perhaps_a_unit),
        cmocka_unit_test(values_are_written_in_their_largest_unit),
        cmocka_unit_test(build_names_are_safe_as_file_names),
    };

    return cmocka_run_group_tests_name("config-value", tests, NULL, NULL);
}
