/* What the facts that `doctor` gathers amount to, by table, and how it is shown. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "doctor-config.h"
#include "doctor-journal.h"
#include "doctor-service.h"
#include "doctor-sinks.h"
#include "doctor-scene.h"
#include "doctor-versions.h"
#include "option.h"

/* ---- rows */

static void test_words_for_the_shell_are_quoted(void **state)
{
    struct doctor_report *report = *state;

    assert_string_equal(doctor_word(report, "/var/lib/a-b_c.1"), "/var/lib/a-b_c.1");
    assert_string_equal(doctor_word(report, ""), "''");
    assert_string_equal(doctor_word(report, "a b;$(c)"), "'a b;$(c)'");
    assert_string_equal(doctor_word(report, "it's"), "'it'\\''s'");
    assert_string_equal(doctor_edit(report, "/a b", 7), "${EDITOR:-vi} +7 '/a b'");
}

static void test_what_was_found_can_harm_no_terminal_and_tells_no_secret(void **state)
{
    struct doctor_report *report = *state;

    doctor_problem(report, DOCTOR_WARN, "config.file", "sub\033[2Jject", "cure\n",
                   "one\ntwo \033[31m https://chat.example/hooks/abcdefghijklmnop");
    assert_string_equal(last(report)->subject, "subject");
    assert_string_equal(last(report)->cure, "cure");
    assert_string_equal(last(report)->found, "one two https://chat.example/hooks/***");
}

static void add_three(struct doctor_report *report)
{
    doctor_ok(report, "machine.clock", NULL, "it is noon");
    doctor_unseen(report, "config.environment", "/e", "sudo this", "Permission denied");
    doctor_problem(report, DOCTOR_BAD, "config.file", NULL, "mend it", "it is broken");
}

static void test_text_is_grouped_aligned_and_counted(void **state)
{
    static const struct doctor_text_style plain = {false, false}, coloured = {true, true};
    struct doctor_report *report = *state;
    char *text;

    add_three(report);
    text = doctor_report_text(report, &plain);
    assert_string_equal(text, "Configuration\n"
                              "  warn  config.environment  /e: could not look: Permission denied\n"
                              "                            -> sudo this\n"
                              "  bad   config.file         it is broken\n"
                              "                            -> mend it\n"
                              "Machine\n"
                              "  ok    machine.clock       it is noon\n"
                              "1 bad, 1 warn, 1 ok\n");
    free(text);
    text = doctor_report_text(report, &coloured);
    assert_non_null(strstr(text, "  \033[33mwarn\033[0m  config.environment  /e:"));
    assert_non_null(strstr(text, "  \033[1;31mbad\033[0m   config.file "));
    assert_null(strstr(text, "Machine"));
    free(text);
}

static void test_json_has_every_row(void **state)
{
    struct doctor_report *report = *state;
    struct json_object *object;

    add_three(report);
    object = doctor_report_json(report, "e2e", 0);
    assert_string_equal(
        json_object_to_json_string_ext(object,
                                       JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
        "{\"schema\":\"atvm.doctor/1\",\"time\":\"1970-01-01T00:00:00.000Z\",\"build\":\"e2e\","
        "\"worst\":\"bad\",\"rows\":["
        "{\"id\":\"machine.clock\",\"subject\":null,\"level\":\"ok\",\"looked\":true,"
        "\"found\":\"it is noon\",\"cure\":null},"
        "{\"id\":\"config.environment\",\"subject\":\"/e\",\"level\":\"warn\",\"looked\":false,"
        "\"found\":\"Permission denied\",\"cure\":\"sudo this\"},"
        "{\"id\":\"config.file\",\"subject\":null,\"level\":\"bad\",\"looked\":true,"
        "\"found\":\"it is broken\",\"cure\":\"mend it\"}]}");
    json_object_put(object);
    report->count = 0;
    assert_int_equal(doctor_worst(report), DOCTOR_OK);
}

/* ---- versions */

static void test_the_installed_program(void **state)
{
    static const struct {
        struct build_of_file installed;
        enum doctor_level level;
        bool looked;
        const char *words;
    } rows[] = {
        {{"/i", 0, "aaaa"}, DOCTOR_OK, true, "is this one"},
        {{"/i", 0, "bbbb"}, DOCTOR_WARN, true, "another build than this one, with build id bbbb"},
        {{"/i", -ENOENT, NULL}, DOCTOR_WARN, true, "nothing is installed"},
        {{"/i", -EACCES, NULL}, DOCTOR_WARN, false, "Permission denied"},
        {{"/i", -ENODATA, NULL}, DOCTOR_WARN, false, "No data"},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct programs_seen seen = {{"/this", 0, "aaaa"}, rows[i].installed};

        report->count = 0;
        doctor_judge_programs(report, &seen);
        assert_int_equal(report->count, 2);
        assert_row(&report->rows[0], "versions.this", DOCTOR_OK, "build id aaaa");
        assert_row(&report->rows[1], "versions.installed", rows[i].level, rows[i].words);
        assert_int_equal(report->rows[1].looked, rows[i].looked);
    }
}

static void test_a_running_watcher(void **state)
{
    static char version[] = "0.9", build_id[] = "aaaa", junit[] = "junit", path[] = "/m/junit.so",
                junit_id[] = "cccc";
    static struct identity_module module = {junit, path, version, junit_id};
    static const struct watcher_identity identity = {42, 0, version, build_id, NULL, &module, 1, 1};
    static const struct {
        pid_t pid;
        const char *unit;
        int error;
        struct build_of_file program, module;
        enum doctor_level level;
        bool looked;
        const char *words, *cure;
    } rows[] = {
        {42,
         NULL,
         0,
         {"/p", 0, "aaaa"},
         {"/m", 0, "cccc"},
         DOCTOR_OK,
         true,
         "(process 42) is 0.9, build id aaaa, and it and its modules are those on disk",
         NULL},
        {42,
         "u@b.service",
         0,
         {"/p", 0, "bbbb"},
         {"/m", 0, "cccc"},
         DOCTOR_WARN,
         true,
         "installed: the program (build id bbbb)",
         "sudo systemctl restart u@b.service"},
        {42,
         NULL,
         0,
         {"/p", 0, "aaaa"},
         {"/m", 0, "dddd"},
         DOCTOR_WARN,
         true,
         "installed: module junit (build id dddd)",
         "kill 42 && tail --pid=42 -f /dev/null && atvm-watcher run e2e"},
        {42,
         NULL,
         0,
         {"/p", 0, "bbbb"},
         {"/m", 0, "dddd"},
         DOCTOR_WARN,
         true,
         "the program (build id bbbb), module junit (build id dddd)",
         NULL},
        {42,
         NULL,
         0,
         {"/p", -ENOENT, NULL},
         {"/m", 0, "cccc"},
         DOCTOR_WARN,
         false,
         "/p: No such file",
         NULL},
        {42,
         NULL,
         0,
         {"/p", 0, "aaaa"},
         {"/m", -EACCES, NULL},
         DOCTOR_WARN,
         false,
         "/m: Permission denied",
         NULL},
        {43,
         NULL,
         0,
         {"/p", 0, "aaaa"},
         {"/m", 0, "cccc"},
         DOCTOR_WARN,
         false,
         "does not say which build it is",
         NULL}, /* what stands there is another process's */
        {42,
         NULL,
         -ENOENT,
         {NULL},
         {NULL},
         DOCTOR_WARN,
         false,
         "does not say which build it is",
         NULL},
        {42,
         NULL,
         -EACCES,
         {NULL},
         {NULL},
         DOCTOR_WARN,
         false,
         "Permission denied",
         "sudo atvm-watcher doctor"},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        doctor_judge_running(report, &(struct running_seen){
                                         .build = "e2e",
                                         .pid = rows[i].pid,
                                         .unit = rows[i].unit,
                                         .error = rows[i].error,
                                         .identity = rows[i].error ? NULL : &identity,
                                         .program = &rows[i].program,
                                         .modules = &rows[i].module,
                                     });
        assert_row(last(report), "versions.running", rows[i].level, rows[i].words);
        assert_int_equal(last(report)->looked, rows[i].looked);
        if (rows[i].cure)
            assert_string_equal(last(report)->cure, rows[i].cure);
    }
}

/* ---- sinks */

static void test_sinks(void **state)
{
    static const struct {
        enum deliver_readiness readiness;
        bool critical;
        const char *words; /* what the probe brought */
        int environment_error;
        const char *id;
        enum doctor_level level;
        bool looked;
        const char *found;
    } rows[] = {
        {DELIVER_READY, true, "5 it answers\n5 until 2030", 0, "sinks.reach", DOCTOR_OK, true,
         "it answers; until 2030"},
        {DELIVER_READY, true, NULL, 0, "sinks.reach", DOCTOR_OK, true, "can be reached"},
        {DELIVER_READY, true, "5 it answers\n4 http", 0, "sinks.reach", DOCTOR_WARN, true, "http"},
        {DELIVER_UNREACHABLE, true, "4 http\n3 refused", 0, "sinks.reach", DOCTOR_BAD, true,
         "refused"},
        {DELIVER_READY, true, "5 it answers\n4 http", 0, "sinks.reach", DOCTOR_WARN, true,
         "it answers; but http"},
        /* What another user may not is no word about the watcher's. */
        {DELIVER_UNREACHABLE, true, "3 /log: Permission denied; mend", 0, "sinks.reach",
         DOCTOR_WARN, false, "Permission denied; mend; but that is so for this user"},
        {DELIVER_UNREACHABLE, false, "3 refused", 0, "sinks.reach", DOCTOR_WARN, true, "refused"},
        {DELIVER_NO_PROBE, true, NULL, 0, "sinks.ready", DOCTOR_OK, true, "was not looked at"},
        {DELIVER_MISCONFIGURED, true, "3 channel", 0, "sinks.ready", DOCTOR_BAD, true, "channel"},
        {DELIVER_UNREADY, true, "3 no webhook", 0, "sinks.ready", DOCTOR_BAD, true, "no webhook"},
        {DELIVER_UNREADY, true, "3 no webhook", -ENOENT, "sinks.ready", DOCTOR_BAD, true,
         "no webhook"},
        /* It may only be missing for whoever may not read where it stands. */
        {DELIVER_UNREADY, true, "3 no webhook", -EACCES, "sinks.ready", DOCTOR_WARN, false,
         "/env cannot be read here"},
    };
    static char name[] = "chat";
    struct doctor_report *report = *state;
    struct json_object *description = json_object_new_object();
    struct json_object *options = json_object_new_array();
    static const struct atvm_option webhook = {"webhook", ATVM_OPTION_SECRET, 0, "WEBHOOK", 0, 0,
                                               NULL,      "the address"};

    json_object_array_add(options, option_to_json(&webhook));
    json_object_object_add(description, "options", options);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct config_module sink = {
            .name = name, .critical = rows[i].critical, .description = description};

        doctor_judge_sink(report, &(struct sink_seen){
                                      .sink = &sink,
                                      .readiness = rows[i].readiness,
                                      .words = rows[i].words,
                                      .environment_file = "/env",
                                      .environment_error = rows[i].environment_error,
                                  });
        assert_row(last(report), rows[i].id, rows[i].level, rows[i].found);
        assert_string_equal(last(report)->subject, "chat");
        assert_int_equal(last(report)->looked, rows[i].looked);
    }
    json_object_put(description);
}

/* ---- service and journal */

static void test_units(void **state)
{
    static char loaded[] = "loaded", missing[] = "not-found", broken[] = "bad-setting",
                active[] = "active", failed[] = "failed", result[] = "exit-code", none[] = "";
    static const struct {
        struct unit_status status;
        enum doctor_level level;
        const char *words;
    } rows[] = {
        {{loaded, active, none, none, none}, DOCTOR_OK, "is installed"},
        {{missing, active, none, none, none}, DOCTOR_WARN, "knows no such unit"},
        {{broken, active, none, none, none}, DOCTOR_BAD, "bad-setting"},
    };
    static const struct unit_status sound = {loaded, active, none, none, none},
                                    down = {loaded, failed, none, result, none, .exit_status = 4},
                                    held = {loaded, failed, none, result, none, .exit_status = 5};
    struct doctor_report *report = *state;
    struct unit_seen seen = {.unit = "atvm-run-watcher@e2e.service"};

    for (size_t i = 0; i < COUNT(rows); i++) {
        seen.status = &rows[i].status;
        doctor_judge_template(report, &seen);
        assert_row(last(report), "service.unit", rows[i].level, rows[i].words);
    }
    report->count = 0;
    seen.status = &sound;
    doctor_judge_instance(report, "e2e", &seen);
    assert_int_equal(report->count, 0);
    seen.status = &down;
    doctor_judge_instance(report, "e2e", &seen);
    assert_row(last(report), "service.instance", DOCTOR_BAD, "failed (exit-code, status 4)");
    assert_string_equal(last(report)->cure, "sudo systemctl start atvm-run-watcher@e2e.service");
    seen.status = &held;
    doctor_judge_instance(report, "e2e", &seen);
    assert_row(last(report), "service.instance", DOCTOR_WARN, "a post was held");
    seen = (struct unit_seen){.unit = "u", .error = -EACCES, .error_text = "access denied"};
    doctor_judge_template(report, &seen);
    assert_row(last(report), "service.unit", DOCTOR_WARN, "access denied");
    assert_false(last(report)->looked);
    doctor_judge_instance(report, "e2e", &seen);
    assert_row(last(report), "service.instance", DOCTOR_WARN, "access denied");
    assert_false(last(report)->looked);
}

static void test_only_resetting_what_is_not_loaded_is_noise(void **state)
{
    (void)state;
    assert_true(journal_message_is_noise(
        "Failed to reset failed state of unit atvm-run-watcher@e2e.service: Unit "
        "atvm-run-watcher@e2e.service not loaded."));
    assert_true(journal_message_is_noise("systemctl reset-failed: exit status 1"));
    assert_false(journal_message_is_noise("atvm-run-watcher@e2e.service: Failed with result"));
}

static void test_journal(void **state)
{
    static const struct journal_entry entries[] = {
        {4, "u", "first warning"},
        {3, "u", "the error"},
        {4, "u", "second warning"},
        {3, "u", "Failed to reset failed state of unit u: Unit u not loaded."},
        {3, "u", "refused, and settled since", .is_settled = true},
        {4, "u", "another warning"},
    };
    static const struct {
        struct journal_seen seen;
        const char *id;
        enum doctor_level level;
        bool looked;
        const char *words, *cure;
    } rows[] = {
        {{.entries = entries, .count = 0}, "journal.recent", DOCTOR_OK, true, "no error", NULL},
        {{.entries = entries, .count = 1},
         "journal.recent",
         DOCTOR_WARN,
         true,
         "0 errors, 1 warning; the last: first warning",
         "journalctl -u 'atvm-run-watcher@*' --since=-10min -p warning"},
        {{.entries = entries, .count = 4, .build = "e2e"},
         "journal.recent",
         DOCTOR_BAD,
         true,
         "1 error, 2 warnings; the last: the error",
         "journalctl -u atvm-run-watcher@e2e --since=-10min -p warning"},
        {{.entries = entries + 3, .count = 1}, "journal.recent", DOCTOR_OK, true, "no error", NULL},
        {{.entries = entries, .count = 2, .is_cut = true},
         "journal.recent",
         DOCTOR_BAD,
         true,
         "at least 1 error",
         NULL},
        {{.entries = entries + 3, .count = 2},
         "journal.recent",
         DOCTOR_OK,
         true,
         "1 error or warning, all of runs that are closed",
         NULL},
        {{.entries = entries + 4, .count = 2},
         "journal.recent",
         DOCTOR_WARN,
         true,
         "0 errors, 1 warning; the last: another warning",
         NULL},
        {{.is_hidden = true}, "journal.access", DOCTOR_WARN, false, "may not be read", NULL},
        {{.is_absent = true}, "journal.access", DOCTOR_WARN, false, "there is no journal", NULL},
        {{.error = -EBADMSG}, "journal.access", DOCTOR_WARN, false, "Bad message", NULL},
    };
    struct doctor_report *report = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        report->count = 0;
        doctor_judge_journal(report, &rows[i].seen);
        assert_int_equal(report->count, 1);
        assert_row(last(report), rows[i].id, rows[i].level, rows[i].words);
        assert_int_equal(last(report)->looked, rows[i].looked);
        if (rows[i].cure)
            assert_string_equal(last(report)->cure, rows[i].cure);
    }
}

/* ---- configuration */

static void test_a_configuration_that_cannot_be_read_leaves_nothing_ok(void **state)
{
    static const struct service_environment none = {.error = -ENOENT, .secrets = -1};
    struct doctor_report *report = *state;
    const struct config_seen seen = {
        .problems = "/etc/atvm-watcher.conf:12: syntax error\n/etc/atvm-watcher.conf: unreadable",
        .environment_file = "/env",
        .environment = &none,
    };

    doctor_judge_config(report, &seen);
    assert_row(&report->rows[0], "config.file", DOCTOR_BAD, ":12: syntax error");
    assert_string_equal(report->rows[0].cure, "${EDITOR:-vi} +12 /etc/atvm-watcher.conf");
    assert_row(&report->rows[1], "config.file", DOCTOR_BAD, "unreadable");
    assert_string_equal(report->rows[1].cure, "${EDITOR:-vi} /etc/atvm-watcher.conf");
    assert_row(&report->rows[2], "config.file", DOCTOR_WARN, "nothing is known of state root");
    assert_false(report->rows[2].looked);
    assert_row(&report->rows[3], "config.environment", DOCTOR_OK, "there is none");
    assert_int_equal(report->count, 5);
}

static void test_variables_are_mended_where_they_come_from(void **state)
{
    static char name[] = "ATVM_WATCHER_STATE_ROT", *names[] = {name};
    struct doctor_report *report = *state;
    struct service_environment environment = {.secrets = -1};
    struct config_seen seen = {
        .unknown_variables = "environment variable ATVM_WATCHER_STATE_ROT: nothing reads it",
        .environment_file = "/env",
        .environment = &environment,
    };
    const struct doctor_row *row = NULL;

    for (int from_file = 0; from_file <= 1; from_file++) {
        environment.settings = (struct name_list){names, (size_t)from_file, (size_t)from_file};
        report->count = 0;
        doctor_judge_config(report, &seen);
        row = last(report);
        assert_row(row, "config.variables", DOCTOR_WARN, "nothing reads it");
        assert_string_equal(row->cure,
                            from_file ? "${EDITOR:-vi} /env" : "unset ATVM_WATCHER_STATE_ROT");
    }
    environment = (struct service_environment){.error = -EACCES, .secrets = -1};
    report->count = 0;
    doctor_judge_config(report, &seen);
    row = &report->rows[1];
    assert_row(row, "config.environment", DOCTOR_WARN, "Permission denied");
    assert_false(row->looked);
}

static void test_modules_that_cannot_be_used(void **state)
{
    static char file[] = "/etc/x.conf", junit[] = "junit", extra[] = "extra";
    static const struct service_environment none = {.error = -ENOENT, .secrets = -1};
    struct doctor_report *report = *state;
    struct config_module collectors[] = {{.name = junit, .critical = true}, {.name = extra}};
    struct config config = {.file = file, .collectors = collectors, .collector_count = 2};
    const struct config_seen seen = {
        .config = &config,
        .module_errors = "/etc/x.conf:3: collector \"junit\": no such option",
        .module_warnings = "/etc/x.conf:4: collector \"extra\": there is no module\n"
                           "/etc/x.conf:5: collector \"extra\": twice",
        .environment_file = "/env",
        .environment = &none,
    };

    doctor_judge_config(report, &seen);
    assert_row(&report->rows[0], "config.file", DOCTOR_OK, "makes sense");
    assert_row(&report->rows[3], "modules.load", DOCTOR_BAD, "no such option");
    assert_string_equal(report->rows[3].cure, "${EDITOR:-vi} +3 /etc/x.conf");
    assert_row(&report->rows[4], "modules.load", DOCTOR_WARN, "there is no module; and ");
    assert_string_equal(report->rows[4].cure, "${EDITOR:-vi} +4 /etc/x.conf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words_for_the_shell_are_quoted),
        TEST(test_what_was_found_can_harm_no_terminal_and_tells_no_secret),
        TEST(test_text_is_grouped_aligned_and_counted),
        TEST(test_json_has_every_row),
        TEST(test_the_installed_program),
        TEST(test_a_running_watcher),
        TEST(test_sinks),
        TEST(test_units),
        TEST(test_only_resetting_what_is_not_loaded_is_noise),
        TEST(test_journal),
        TEST(test_a_configuration_that_cannot_be_read_leaves_nothing_ok),
        TEST(test_variables_are_mended_where_they_come_from),
        TEST(test_modules_that_cannot_be_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
