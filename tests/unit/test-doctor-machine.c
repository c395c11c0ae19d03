/* What `doctor` makes of the machine: clock, space, limits of the kernel, permissions; by table. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "clock.h"
#include "doctor-clock.h"
#include "doctor-limits.h"
#include "doctor-permissions.h"
#include "doctor-scene.h"
#include "doctor-space.h"

/* ---- clock */

static void test_clock(void **state)
{
#define HOURS(count) ((count)*3600 * NS_PER_SECOND)
    static const struct {
        struct clock_seen seen;
        enum doctor_level levels[3]; /* clock, synchronized, time_zone */
        const char *words[3];
    } rows[] = {
        {{HOURS(10), HOURS(9), 0, 500, NULL, true},
         {DOCTOR_OK, DOCTOR_OK, DOCTOR_OK},
         {"1970-01-01 10:00:00", "within 1 ms", "system's time zone"}},
        {{HOURS(10), HOURS(11), 0, 15999999, "Europe/Berlin", false},
         {DOCTOR_OK, DOCTOR_OK, DOCTOR_OK},
         {"11:00:00", "16000 ms", "Europe/Berlin"}},
        {{HOURS(10), HOURS(11) + 1, 0, 16000000, NULL, false},
         {DOCTOR_BAD, DOCTOR_WARN, DOCTOR_WARN},
         {"installed 1970-01-01 11:00:00", "nothing keeps the clock right", "/etc/localtime"}},
        {{HOURS(10), -1, -EPERM, 0, NULL, true},
         {DOCTOR_OK, DOCTOR_WARN, DOCTOR_OK},
         {"", "not permitted", ""}},
    };
    static const char *const ids[] = {"machine.clock", "machine.synchronized", "machine.time_zone"};
    struct doctor_report *report = *state;

    setenv("TZ", "UTC", 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        report->count = 0;
        doctor_judge_clock(report, &rows[i].seen);
        assert_int_equal(report->count, 3);
        for (size_t j = 0; j < 3; j++)
            assert_row(&report->rows[j], ids[j], rows[i].levels[j], rows[i].words[j]);
    }
    assert_false(report->rows[1].looked);
}

/* What would keep it right has to be there first. */
static void test_synchronizing(void **state)
{
    struct doctor_report *report = *state;
    struct clock_seen seen = {.now_ns = 1, .program_ns = -1, .max_error_us = 16000000};

    doctor_judge_clock(report, &seen);
    assert_row(&report->rows[1], "machine.synchronized", DOCTOR_WARN, "nothing is installed");
    assert_string_equal(report->rows[1].cure,
                        "sudo apt-get install systemd-timesyncd && sudo timedatectl set-ntp true");
    seen.has_client = true;
    report->count = 0;
    doctor_judge_clock(report, &seen);
    assert_string_equal(report->rows[1].cure, "sudo timedatectl set-ntp true");
}

/* ---- space */

#define MIB UINT64_C(1048576)

static void test_space(void **state)
{
    static const struct {
        uint64_t free_bytes, total_bytes;
        enum doctor_level level;
    } rows[] = {
        {500000 * MIB, 1000000 * MIB, DOCTOR_OK},
        {2000 * MIB, 1000000 * MIB, DOCTOR_OK}, /* a small share of much */
        {1000 * MIB, 20000 * MIB, DOCTOR_WARN},
        {90 * MIB, 20000 * MIB, DOCTOR_BAD},
        {60 * MIB, 64 * MIB, DOCTOR_OK}, /* little, and all of it */
        {MIB, 4 * MIB, DOCTOR_OK},
        {MIB - 1, 1 * MIB, DOCTOR_BAD}, /* too little in any case */
        {0, 20000 * MIB, DOCTOR_BAD},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        report->count = 0;
        doctor_judge_space(report, &(struct space_seen){.what = "state root",
                                                        .path = "/var/lib/x",
                                                        .free_bytes = rows[i].free_bytes,
                                                        .total_bytes = rows[i].total_bytes});
        assert_int_equal(report->count, 1);
        assert_row(last(report), "machine.space", rows[i].level, "free for the state root");
    }
}

static void test_inodes(void **state)
{
    static const struct {
        uint64_t free, total;
        enum doctor_level level;
    } rows[] = {
        {1000000, 2000000, DOCTOR_OK}, {9000, 2000000, DOCTOR_WARN}, {900, 2000000, DOCTOR_BAD},
        {900, 1000, DOCTOR_OK},        {0, 2000000, DOCTOR_BAD},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        report->count = 0;
        doctor_judge_space(report, &(struct space_seen){.what = "state root",
                                                        .path = "/x",
                                                        .free_bytes = 5000 * MIB,
                                                        .total_bytes = 5000 * MIB,
                                                        .free_inodes = rows[i].free,
                                                        .total_inodes = rows[i].total});
        assert_int_equal(report->count, 2);
        assert_row(last(report), "machine.inodes", rows[i].level, "more files can be made");
    }
}

static void test_space_that_cannot_be_used_or_looked_at(void **state)
{
    struct doctor_report *report = *state;

    doctor_judge_space(report, &(struct space_seen){.what = "state root",
                                                    .path = "/x",
                                                    .read_only = true,
                                                    .free_bytes = 5000 * MIB,
                                                    .total_bytes = 5000 * MIB});
    assert_row(last(report), "machine.space", DOCTOR_BAD, "mounted read-only");
    doctor_judge_space(report,
                       &(struct space_seen){.what = "state root", .path = "/x", .error = -EACCES});
    assert_row(last(report), "machine.space", DOCTOR_WARN, "Permission denied");
    assert_false(last(report)->looked);
}

/* ---- limits of the kernel */

static void test_inotify(void **state)
{
    static const struct {
        struct inotify_seen seen;
        enum doctor_level level;
        const char *words, *cure;
    } rows[] = {
        {{128, 65536, 0, 0}, DOCTOR_OK, "can be watched", NULL},
        {{-1, -1, 0, 0}, DOCTOR_OK, "can be watched", NULL}, /* it worked, which is what counts */
        {{128, 65536, -EMFILE, 0},
         DOCTOR_WARN,
         "no more inotify instances",
         "sudo sysctl -w fs.inotify.max_user_instances=256"},
        {{128, 8192, 0, -ENOSPC},
         DOCTOR_WARN,
         "no more inotify watches",
         "sudo sysctl -w fs.inotify.max_user_watches=16384"},
        {{0, 8192, -EMFILE, 0},
         DOCTOR_WARN,
         "fs.inotify.max_user_instances is 0",
         "sudo sysctl -w fs.inotify.max_user_instances=524288"},
        {{128, 100, 0, 0},
         DOCTOR_WARN,
         "only 100 inotify watches",
         "sudo sysctl -w fs.inotify.max_user_watches=65536"},
        {{4, 65536, 0, 0},
         DOCTOR_WARN,
         "only 4 inotify instances",
         "sudo sysctl -w fs.inotify.max_user_instances=128"},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        doctor_judge_inotify(report, &rows[i].seen);
        assert_row(last(report), "machine.inotify", rows[i].level, rows[i].words);
        if (rows[i].cure)
            assert_string_equal(last(report)->cure, rows[i].cure);
    }
}

static void test_processes(void **state)
{
    static const struct {
        struct processes_seen seen;
        enum doctor_level level;
        bool looked;
        const char *words;
    } rows[] = {
        {{"/proc", true, 0, NULL}, DOCTOR_OK, true, "visible"},
        {{"/proc", true, -ENOENT, NULL}, DOCTOR_WARN, false, "hidepid"},
        {{"/proc", true, -EACCES, NULL}, DOCTOR_WARN, false, "hidepid"},
        {{"/proc", true, -EIO, NULL}, DOCTOR_WARN, false, "Input/output error"},
        {{"/made/up", false, -ENOENT, NULL}, DOCTOR_WARN, true, "option root"},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        doctor_judge_processes(report, &rows[i].seen);
        assert_row(last(report), "machine.processes", rows[i].level, rows[i].words);
        assert_int_equal(last(report)->looked, rows[i].looked);
    }
}

/* ---- permissions */

static void test_permissions(void **state)
{
    static const struct {
        struct path_seen seen;
        enum doctor_level level;
        const char *words, *cure;
    } rows[] = {
        {{PATH_CONFIG, "/f", 0, 0644, 0, 0, 0, 0}, DOCTOR_OK, "owner 0:0, mode 0644", NULL},
        {{PATH_CONFIG, "/f", 0, 0664, 0, 0, 0, 0}, DOCTOR_OK, "configuration", NULL},
        {{PATH_CONFIG, "/f", 0, 0664, 0, 7, 0, 0},
         DOCTOR_BAD,
         "its group may write",
         "chmod go-w /f"},
        {{PATH_CONFIG, "/f", 0, 0646, 0, 0, 0, 0},
         DOCTOR_BAD,
         "everybody may write",
         "chmod go-w /f"},
        {{PATH_CONFIG, "/f", 0, 0644, 9, 0, 0, 0},
         DOCTOR_BAD,
         "somebody else",
         "sudo chown root: /f"},
        {{PATH_CONFIG, "/f", 0, 0644, 9, 9, 0, 9}, DOCTOR_OK, "", NULL}, /* one's own */
        {{PATH_CONFIG, "/f", 0, 0664, 9, 9, 0, 9}, DOCTOR_WARN, "its group may write", NULL},
        {{PATH_CONFIG, "/f", 0, 0600, 0, 0, -EACCES, 9},
         DOCTOR_WARN,
         "Permission denied",
         "sudo atvm-watcher doctor"},
        /* Root's group, too: root refuses to load such a module. */
        {{PATH_MODULE, "/m", 0, 0775, 0, 0, 0, 0},
         DOCTOR_BAD,
         "its group may write",
         "chmod go-w /m"},
        {{PATH_MODULE, "/x/m", 0, 0777, 9, 0, 0, 0, .is_replaceable = true},
         DOCTOR_BAD,
         "others than root may write its folder",
         NULL},
        {{PATH_MODULE, "/m", 0, 0755, 9, 0, 0, 0},
         DOCTOR_BAD,
         "somebody else",
         "sudo chown root: /m"},
        {{PATH_MODULE_FOLDER, "/m", 0, 0777, 0, 0, 0, 0}, DOCTOR_BAD, "everybody", "chmod go-w /m"},
        {{PATH_ENVIRONMENT, "/e", 0, 0600, 0, 0, 0, 0}, DOCTOR_OK, "secrets", NULL},
        {{PATH_ENVIRONMENT, "/e", 0, 0640, 0, 0, 0, 0}, DOCTOR_OK, "", NULL},
        {{PATH_ENVIRONMENT, "/e", 0, 0640, 0, 7, 0, 0},
         DOCTOR_WARN,
         "its group may read",
         "chmod 600 /e"},
        {{PATH_ENVIRONMENT, "/e", 0, 0644, 0, 0, 0, 0},
         DOCTOR_BAD,
         "everybody may read",
         "chmod 600 /e"},
        {{PATH_ENVIRONMENT, "/e", -ENOENT, .may_be_gone = true}, DOCTOR_OK, "there is no", NULL},
        {{PATH_STATE_ROOT, "/f/s", -ENOTDIR, .may_be_gone = true, .named_in = "/etc/x.conf"},
         DOCTOR_BAD,
         "no folder",
         "${EDITOR:-vi} /etc/x.conf"},
        {{PATH_STATE_ROOT, "/proc/s", -ENOENT, .may_be_gone = true, .named_in = "/etc/x.conf",
          .named_line = 3, .obstacle = "/etc/x.conf:3: state_root: nothing can be made there"},
         DOCTOR_BAD,
         "nothing can be made there",
         "${EDITOR:-vi} +3 /etc/x.conf"},
        {{PATH_STATE_ROOT, "/s", 0, 0750, 9, 9, 0, 0}, DOCTOR_OK, "state root", NULL},
        {{PATH_STATE_ROOT, "/s", 0, 0777, 0, 0, 0, 0}, DOCTOR_BAD, "everybody", "chmod go-w /s"},
        {{PATH_STATE_ROOT, "/s", -EACCES, .may_be_gone = true},
         DOCTOR_WARN,
         "Permission denied",
         "sudo atvm-watcher doctor"},
        {{PATH_AUTOMATION_ROOT, "/a", 0, 0755, 9, 9, 0, 0}, DOCTOR_OK, "automation root", NULL},
        {{PATH_AUTOMATION_ROOT, "/a", 0, 0757, 9, 9, 0, 0},
         DOCTOR_WARN,
         "can be forged",
         "sudo chmod o-w /a"},
        {{PATH_AUTOMATION_ROOT, "/a", -ENOENT, .named_in = "/etc/x.conf"},
         DOCTOR_BAD,
         "there is no automation root",
         "${EDITOR:-vi} /etc/x.conf"},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        report->count = 0;
        doctor_judge_path(report, &rows[i].seen);
        assert_int_equal(report->count, 1);
        assert_row(last(report), "permissions.path", rows[i].level, rows[i].words);
        assert_int_equal(last(report)->looked,
                         rows[i].seen.read_error == 0 && rows[i].seen.error != -EACCES);
        if (rows[i].cure)
            assert_string_equal(last(report)->cure, rows[i].cure);
    }
}

static void test_each_fault_of_a_path_has_its_row(void **state)
{
    struct doctor_report *report = *state;

    doctor_judge_path(report, &(struct path_seen){PATH_ENVIRONMENT, "/e", 0, 0666, 9, 9, 0, 0});
    assert_int_equal(report->count, 3);
    assert_row(&report->rows[0], "permissions.path", DOCTOR_BAD, "belongs to somebody else");
    assert_row(&report->rows[1], "permissions.path", DOCTOR_BAD, "may write it");
    assert_row(&report->rows[2], "permissions.path", DOCTOR_BAD, "may read the webhook");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_clock),         TEST(test_space),
        TEST(test_synchronizing), TEST(test_space),
        TEST(test_inodes),        TEST(test_space_that_cannot_be_used_or_looked_at),
        TEST(test_inotify),       TEST(test_processes),
        TEST(test_permissions),   TEST(test_each_fault_of_a_path_has_its_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
