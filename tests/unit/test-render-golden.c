/*
 * Whole messages and reports, against tests/golden: the same bytes in every locale and time zone.
 * After a wanted change: ATVM_REGENERATE_GOLDEN=1 <build>/tests/unit/test-render-golden, then read
 * the difference.
 */
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "cleanup.h"
#include "test-render-samples.h"

/* Decimal comma, point between thousands; written for the test run by localedef. */
#define COMMA_LOCALE "de_DE.UTF-8"

static char locale_folder[] = "/tmp/test-render-golden-XXXXXX";
static bool have_comma_locale;

static char *golden_path(const char *name, const char *ending)
{
    return memory_format("%s/tests/golden/%s.%s", getenv("top_srcdir"), name, ending);
}

static char *read_file(const char *path)
{
    CLEANUP_FILE FILE *file = fopen(path, "re");
    struct stat status;
    char *text;

    if (!file || fstat(fileno(file), &status) != 0)
        fail_msg("%s: cannot be read; make it with ATVM_REGENERATE_GOLDEN=1", path);
    text = memory_zeroed((size_t)status.st_size + 1, 1);
    assert_int_equal(fread(text, 1, (size_t)status.st_size, file), status.st_size);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void check(const char *name, const char *ending, char *text)
{
    CLEANUP_FREE char *path = golden_path(name, ending);
    CLEANUP_FREE char *owned = text;

    if (getenv("ATVM_REGENERATE_GOLDEN"))
        write_file(path, owned);
    else {
        CLEANUP_FREE char *expected = read_file(path);

        assert_string_equal(owned, expected);
    }
}

static void check_all(void)
{
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample;

        samples[i](&sample);
        check(sample.name, "txt", render_text(&sample.report, &sample.scopes[0]));
        check(sample.name, "md", render_markdown(&sample.report, &sample.scopes[0]));
        check(sample.name, "json", render_json(&sample.report));
    }
}

static void reports_are_as_recorded(void **state)
{
    (void)state;
    check_all();
}

static void the_system_time_zone_changes_nothing(void **state)
{
    static const char *const zones[] = {"Asia/Kathmandu", "America/St_Johns", "UTC0", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        setenv("TZ", zones[i], 1);
        check_all();
        assert_string_equal(getenv("TZ"), zones[i]);
    }
    unsetenv("TZ");
    check_all();
    assert_null(getenv("TZ"));
}

static void a_decimal_comma_changes_nothing(void **state)
{
    char number[16];

    (void)state;
    if (!have_comma_locale)
        skip();
    assert_non_null(setlocale(LC_ALL, COMMA_LOCALE));
    snprintf(number, sizeof(number), "%.1f", 0.5);
    assert_string_equal(number, "0,5"); /* the locale is really in force */
    check_all();
    setlocale(LC_ALL, "C");
}

static void the_utf8_locale_changes_nothing(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "C.UTF-8"))
        skip();
    check_all();
    setlocale(LC_ALL, "C");
}

static bool run(const char *const argv[])
{
    extern char **environ;
    posix_spawn_file_actions_t quiet;
    pid_t child = -1;
    int status = -1, error;

    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    error = posix_spawnp(&child, argv[0], &quiet, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    return error == 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
}

/* localedef ends with 1 for mere warnings: what counts is whether the locale is there. */
static int make_locale(void **state)
{
    CLEANUP_FREE char *folder = NULL, *numeric = NULL;

    (void)state;
    if (!mkdtemp(locale_folder))
        return -1;
    folder = memory_format("%s/" COMMA_LOCALE, locale_folder);
    numeric = memory_format("%s/LC_NUMERIC", folder);
    setenv("LOCPATH", locale_folder, 1);
    have_comma_locale = run((const char *const[]){"localedef", "--no-archive", "-i", "de_DE", "-f",
                                                  "UTF-8", folder, NULL}) &&
                        access(numeric, R_OK) == 0;
    return 0;
}

static int remove_locale(void **state)
{
    (void)state;
    return run((const char *const[]){"rm", "-rf", "--", locale_folder, NULL}) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_as_recorded),
        cmocka_unit_test(the_system_time_zone_changes_nothing),
        cmocka_unit_test(a_decimal_comma_changes_nothing),
        cmocka_unit_test(the_utf8_locale_changes_nothing),
    };

    return cmocka_run_group_tests(tests, make_locale, remove_locale);
}
