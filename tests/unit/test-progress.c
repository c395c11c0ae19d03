/* How a run stands: averages, the time it should end, progress and event lines, times as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "progress-line.h"
#include "render-time.h"
#include "test-render-samples.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define AT(seconds)     (SAMPLE_START_NS + SECONDS(seconds))

static struct host_verdict started(const char *name, enum host_status status, double start,
                                   double duration)
{
    struct host_verdict host = sample_host(name, status);

    host.started_ns = AT(start);
    host.duration_ns = duration < 0 ? -1 : SECONDS(duration);
    return host;
}

static struct scope_verdict running_scope(struct host_verdict *hosts, size_t count)
{
    return (struct scope_verdict){.name = "build",
                                  .state = STATE_RUNNING,
                                  .started_ns = SAMPLE_START_NS,
                                  .ended_ns = -1,
                                  .duration_ns = -1,
                                  .hosts = hosts,
                                  .host_count = count};
}

static void eta_is_that_of_the_whole_remaining_run(void **state)
{
    struct host_verdict hosts[] = {
        started("a", HOST_PASS, 0, 600), started("b", HOST_FAIL, 600, 200),
        started("c", HOST_RUNNING, 800, -1), sample_host("d", HOST_NOT_STARTED),
        sample_host("e", HOST_NOT_STARTED)};
    struct scope_verdict scope = running_scope(hosts, COUNT_OF(hosts));
    struct progress progress;

    (void)state;
    report_progress(&scope, AT(900), &progress);
    assert_int_equal(progress.hosts, 5);
    assert_int_equal(progress.finished, 2);
    assert_int_equal(progress.failed, 1);
    assert_int_equal(progress.remaining, 2);
    assert_string_equal(progress.running, "c");
    assert_int_equal(progress.elapsed_ns, SECONDS(900));
    assert_int_equal(progress.average_ns, SECONDS(400));
    assert_string_equal(progress.quickest, "b");
    assert_string_equal(progress.longest, "a");
    /* c has 300 s of an average host left, d and e take one each */
    assert_int_equal(progress.eta_ns, AT(900 + 300 + 2 * 400));

    report_progress(&scope, AT(1500), &progress); /* c has taken longer than the average */
    assert_int_equal(progress.eta_ns, AT(1500 + 2 * 400));
}

static void without_a_finished_host_there_is_no_eta(void **state)
{
    struct host_verdict hosts[] = {started("a", HOST_RUNNING, 0, -1),
                                   sample_host("b", HOST_NOT_STARTED)};
    struct scope_verdict scope = running_scope(hosts, COUNT_OF(hosts));
    struct progress progress;

    (void)state;
    report_progress(&scope, AT(60), &progress);
    assert_int_equal(progress.average_ns, -1);
    assert_int_equal(progress.quickest_ns, -1);
    assert_null(progress.quickest);
    assert_int_equal(progress.eta_ns, -1);

    report_progress(&(struct scope_verdict){.started_ns = -1, .ended_ns = -1, .duration_ns = -1},
                    AT(60), &progress);
    assert_int_equal(progress.elapsed_ns, -1);
    assert_int_equal(progress.eta_ns, -1);
}

static void a_scope_that_is_over_has_no_eta(void **state)
{
    struct host_verdict hosts[] = {started("a", HOST_PASS, 0, 600),
                                   sample_host("b", HOST_NOT_STARTED)};
    struct scope_verdict scope = running_scope(hosts, COUNT_OF(hosts));
    struct progress progress;

    (void)state;
    scope.state = STATE_TERMINATED;
    report_progress(&scope, AT(5000), &progress);
    assert_int_equal(progress.eta_ns, -1);
    assert_int_equal(progress.elapsed_ns, -1); /* nobody knows when it ended */
    scope.ended_ns = AT(700);
    report_progress(&scope, AT(5000), &progress);
    assert_int_equal(progress.elapsed_ns, SECONDS(700));
}

static void durations_follow_from_the_order_of_starts(void **state)
{
    struct host_verdict hosts[] = {started("b", HOST_PASS, 600, -1), started("a", HOST_PASS, 0, -1),
                                   started("c", HOST_FAIL, 1000, -1),
                                   sample_host("d", HOST_MISSING)};
    struct scope_verdict scope = running_scope(hosts, COUNT_OF(hosts));
    bool inferred = false;

    (void)state;
    scope.state = STATE_FAILED;
    scope.ended_ns = AT(1300);
    assert_int_equal(report_host_duration(&scope, &hosts[1], &inferred), SECONDS(600));
    assert_true(inferred);
    assert_int_equal(report_host_duration(&scope, &hosts[0], NULL), SECONDS(400));
    assert_int_equal(report_host_duration(&scope, &hosts[2], NULL), SECONDS(300));
    assert_int_equal(report_host_duration(&scope, &hosts[3], &inferred), -1);
    assert_false(inferred);

    hosts[2].ended_ns = AT(1100); /* recorded as two times instead of a duration */
    assert_int_equal(report_host_duration(&scope, &hosts[2], &inferred), SECONDS(100));
    assert_false(inferred);
    hosts[2].duration_ns = SECONDS(90);
    assert_int_equal(report_host_duration(&scope, &hosts[2], NULL), SECONDS(90));
}

static void one_line_says_how_a_run_stands(void **state)
{
    struct host_verdict hosts[] = {started("atvm118-debian12.5.0", HOST_PASS, 0, 1080),
                                   started("atvm71\033[31m-redhat9.1", HOST_RUNNING, 1080, -1),
                                   sample_host("atvm98-oracle9.4", HOST_NOT_STARTED)};
    struct scope_verdict scope = running_scope(hosts, COUNT_OF(hosts));
    const struct verdict plain = {.build = "build"}, categorized = {.categorized = true};
    char *line = progress_line(&plain, &scope, AT(1380), "America/New_York");

    (void)state;
    assert_string_equal(line, "1/3 hosts, 0 failed, running atvm71-redhat9.1, 23m elapsed, "
                              "ETA 13:54 EDT for the whole run");
    free(line);

    line = progress_line(&plain, &scope, AT(1380),
                         "Asia/Tokyo"); /* there it is after midnight, now too */
    assert_non_null(strstr(line, "ETA 02:54 JST for the whole run"));
    free(line);

    scope.name = "ubuntu";
    line = progress_line(&categorized, &scope, AT(1380), "UTC");
    assert_string_equal(line, "ubuntu: 1/3 hosts, 0 failed, running atvm71-redhat9.1, 23m elapsed, "
                              "ETA 17:54 UTC for the whole sub-run");
    free(line);

    hosts[1].status = HOST_FAIL;
    hosts[2].status = HOST_MISSING;
    scope.state = STATE_UNKNOWN;
    scope.duration_ns = SECONDS(3725);
    line = progress_line(&plain, &scope, AT(9000), "UTC");
    assert_string_equal(line, "UNKNOWN: 2/3 hosts, 1 failed, 1h 2m");
    free(line);

    scope = running_scope(NULL, 0);
    scope.started_ns = -1;
    line = progress_line(&plain, &scope, AT(0), "UTC");
    assert_string_equal(line, "0/0 hosts, 0 failed");
    free(line);
}

static void collect_line(void *user, const char *text)
{
    char *lines = user;

    strcat(strcat(lines, text), "\n");
}

static const char *events(const struct scope_verdict *previous, const struct scope_verdict *current)
{
    static char lines[1000];

    lines[0] = '\0';
    progress_events(previous, current, collect_line, lines);
    return lines;
}

static void an_event_is_what_changed_for_a_host(void **state)
{
    struct host_verdict before[] = {started("a", HOST_RUNNING, 0, -1),
                                    sample_host("b", HOST_NOT_STARTED)};
    struct host_verdict after[] = {started("a", HOST_PASS, 0, 1032),
                                   started("b", HOST_RUNNING, 1032, -1),
                                   sample_host("c", HOST_NOT_STARTED)};
    struct scope_verdict previous = running_scope(before, COUNT_OF(before));
    struct scope_verdict current = running_scope(after, COUNT_OF(after));

    (void)state;
    after[0].tests = after[0].passed = 22;
    assert_string_equal(events(NULL, &previous), "a started\n");
    assert_string_equal(events(&previous, &current), "a PASS (22 tests, 17m 12s)\nb started\n");
    assert_string_equal(events(&current, &current), "");

    previous = current;
    before[0] = after[0];
    before[1] = after[1];
    previous.hosts = before;
    previous.host_count = COUNT_OF(before);
    after[0].status = HOST_FAIL;
    after[0].step = "9. Trigger cmotion";
    after[0].error = "timed out\n    at x";
    after[0].passed = 21;
    after[0].failed = 1;
    after[1].status = HOST_UNKNOWN;
    after[1].duration_ns = -1;
    assert_string_equal(events(&previous, &current),
                        "a FAIL (was PASS) - 9. Trigger cmotion - timed out at x (22 tests, 21 "
                        "passed, 1 failed, 17m 12s)\n"
                        "b UNKNOWN\n");
}

static void durations_are_readable(void **state)
{
    static const struct {
        int64_t ns;
        const char *exact, *rough;
    } table[] = {
        {-1, "n/a", "n/a"},
        {0, "0s", "0s"},
        {INT64_C(850000000), "850ms", "850ms"},
        {SECONDS(42) + 999999999, "42s", "42s"},
        {SECONDS(1500), "25m 0s", "25m"},
        {SECONDS(4394), "1h 13m 14s", "1h 13m"},
        {SECONDS(90061), "1d 1h 1m 1s", "25h 1m"},
        {SECONDS(3 * 86400 - 1), "2d 23h 59m 59s", "71h 59m"},
        {SECONDS(3 * 86400), "3d 0h 0m 0s", "3 days"},
        {SECONDS(20181000), "233d 13h 50m 0s", "233 days"},
    };
    char buffer[32];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_string_equal(render_duration(table[i].ns, buffer), table[i].exact);
        assert_string_equal(render_rough_duration(table[i].ns, buffer), table[i].rough);
    }
}

static void local_times_name_their_zone(void **state)
{
    static const struct {
        const char *zone;
        int64_t ns;
        const char *expected;
    } table[] = {
        {"America/New_York", AT(0), "2026-04-16 13:00:00 EDT (UTC-04:00)"},
        {"UTC", AT(0), "2026-04-16 17:00:00 UTC"},
        {"Asia/Kathmandu", AT(0), "2026-04-16 22:45:00 UTC+05:45"},
        {"<-03>3", AT(0), "2026-04-16 14:00:00 UTC-03:00"},
        /* the hour that comes twice when summer time ends: 2026-11-01 05:30 and 06:30 UTC */
        {"America/New_York", INT64_C(1793511000) * 1000000000,
         "2026-11-01 01:30:00 EDT (UTC-04:00)"},
        {"America/New_York", INT64_C(1793514600) * 1000000000,
         "2026-11-01 01:30:00 EST (UTC-05:00)"},
        /* no zone of that name: UTC, and it says so */
        {"Mars/Olympus_Mons", AT(0), "2026-04-16 17:00:00 UTC"},
        {"UTC", -1, "1969-12-31 23:59:59 UTC"},
    };
    char buffer[RENDER_TIME_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_string_equal(render_local_time(table[i].ns, table[i].zone, buffer),
                            table[i].expected);
    assert_true(render_time_zone_is_known("Europe/Berlin"));
    assert_true(render_time_zone_is_known("EST5EDT,M3.2.0,M11.1.0"));
    assert_false(render_time_zone_is_known("Mars/Olympus_Mons"));
    assert_false(render_time_zone_is_known("Europe"));
}

static void a_clock_names_the_day_only_when_it_is_another(void **state)
{
    char buffer[RENDER_TIME_SIZE];

    (void)state;
    assert_string_equal(render_clock(AT(4800), AT(0), "America/New_York", buffer), "14:20 EDT");
    assert_string_equal(render_clock(AT(40000), AT(0), "America/New_York", buffer),
                        "2026-04-17 00:06 EDT");
    assert_string_equal(render_clock(AT(0), AT(0), "Asia/Kathmandu", buffer), "22:45 UTC+05:45");
}

static void the_zone_of_the_process_stays_what_it_was(void **state)
{
    char buffer[RENDER_TIME_SIZE];
    time_t moment = 1776358800;

    (void)state;
    setenv("TZ", "Asia/Tokyo", 1);
    assert_string_equal(render_local_time(AT(0), NULL, buffer),
                        "2026-04-17 02:00:00 JST (UTC+09:00)");
    render_local_time(AT(0), "America/New_York", buffer);
    assert_string_equal(getenv("TZ"), "Asia/Tokyo");
    assert_int_equal(localtime(&moment)->tm_hour, 2);
    unsetenv("TZ");
    render_local_time(AT(0), "America/New_York", buffer);
    assert_null(getenv("TZ"));
}

static void utc_times_follow_rfc_3339(void **state)
{
    char buffer[RENDER_TIME_SIZE];

    (void)state;
    assert_string_equal(render_rfc3339(SAMPLE_START_NS, buffer), "2026-04-16T17:00:00.000Z");
    assert_string_equal(render_rfc3339(SAMPLE_START_NS + 1999999, buffer),
                        "2026-04-16T17:00:00.001Z");
    assert_string_equal(render_rfc3339(-1, buffer), "1969-12-31T23:59:59.999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eta_is_that_of_the_whole_remaining_run),
        cmocka_unit_test(without_a_finished_host_there_is_no_eta),
        cmocka_unit_test(a_scope_that_is_over_has_no_eta),
        cmocka_unit_test(durations_follow_from_the_order_of_starts),
        cmocka_unit_test(one_line_says_how_a_run_stands),
        cmocka_unit_test(an_event_is_what_changed_for_a_host),
        cmocka_unit_test(durations_are_readable),
        cmocka_unit_test(local_times_name_their_zone),
        cmocka_unit_test(a_clock_names_the_day_only_when_it_is_another),
        cmocka_unit_test(the_zone_of_the_process_stays_what_it_was),
        cmocka_unit_test(utc_times_follow_rfc_3339),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
