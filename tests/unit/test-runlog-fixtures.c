/* Recorded run logs against their truth (expected.json), whole and cut off anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runlog-parser.h"
#include "runlog-records.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A scenario and what its log holds. */
struct scenario {
    const char *name;
    size_t batches, rows, totals, ends; /* ends: how often a scope's end is told */
};

static const struct scenario scenarios[] = {
    {"01-pass-all-sources-agree", 1, 1, 1, 2},
    {"02-fail-all-sources-agree", 1, 1, 1, 2},
    {"03-check-xml-only-false-pass", 1, 1, 1, 2},
    {"06-ctr-json-dicts-cons-error-harmless", 1, 1, 1, 2},
    {"09-txt-harmless-error-words", 1, 1, 1, 2},
    {"14-wrapped-durations-four-hosts", 1, 4, 1, 2},
    {"15-late-host-rows", 1, 3, 1, 2},
    {"16-categorized-no-fresh-specpattern", 3, 3, 3, 6},
    {"18-flow-fc-gate", 1, 1, 1, 2},
    {"19-flow-iscsi-gate-reboot", 1, 1, 1, 2},
    {"20-flow-both", 1, 1, 1, 2},
    {"21-flow-install-only", 1, 1, 1, 2},
    {"22-specpattern-from-config", 1, 1, 1, 2},
    {"23-conflict-stale-xml-vs-table", 1, 1, 1, 2},
    {"25-killed-midway", 1, 0, 0, 0},
    {"26-hang-after-upload", 1, 1, 1, 2},
    {"27-running", 1, 0, 0, 0},
    {"28-hung-silent", 1, 0, 0, 0},
    {"29-before-each-hook-failure", 1, 1, 1, 2},
    {"31-check-row-in-table", 1, 3, 1, 2},
    {"32-retries-passed-at-second-attempt", 1, 1, 1, 2},
    {"33-huge-error-and-ansi", 1, 1, 1, 2},
    {"35-forty-hosts", 1, 40, 1, 2},
    {"36-missing-host-in-table", 1, 2, 1, 2},
    {"37-subrun-in-progress", 2, 1, 1, 2},
    {"38-cancelled-in-cloud", 1, 1, 1, 2},
    {"39-zero-specs-green", 1, 0, 1, 2},
    {"47-derived-failure-against-passing-row", 1, 1, 1, 2},
    {"48-categorized-row-missing-for-child", 2, 2, 2, 4},
    {"51-prefix-build-names", 1, 1, 1, 2},
    {"52-interrupted-by-keyboard", 1, 0, 0, 0},
    {"54-skipped-in-table", 1, 1, 1, 2},
};

struct recorded_run {
    const char *name;
    char *log;
    size_t length;
    bool categorized;
    struct json_object *expected, *records;
};

static char *read_scenario_file(const char *name, const char *file, size_t *ret_length)
{
    char path[300];
    char *content;

    snprintf(path, sizeof(path), "tests/fixtures/%s/%s", name, file);
    content = read_tree_file(path, ret_length);
    if (!content)
        fail_msg("%s is missing", path);
    return content;
}

static struct json_object *read_scenario_json(const char *name, const char *file)
{
    size_t length;
    char *content = read_scenario_file(name, file, &length);
    struct json_object *object = json_tokener_parse(content);

    assert_non_null(object);
    free(content);
    return object;
}

static struct recorded_run open_run(const char *name)
{
    struct recorded_run run = {.name = name};
    struct json_object *input = read_scenario_json(name, "input.json");

    run.log = read_scenario_file(name, "run.log", &run.length);
    run.expected = read_scenario_json(name, "expected.json");
    run.categorized = json_object_get_boolean(json_object_object_get(input, "categorized"));
    run.records = runlog_records(run.log, run.length, run.categorized, true);
    json_object_put(input);
    return run;
}

static void close_run(struct recorded_run *run)
{
    json_object_put(run->records);
    json_object_put(run->expected);
    free(run->log);
}

static int64_t last_batch(struct json_object *records)
{
    int64_t last = 0;

    for (size_t i = 0; i < json_object_array_length(records); i++) {
        int64_t batch = record_number(json_object_array_get_idx(records, i), "batch");

        assert_true(batch >= last || batch == last);
        last = batch > last ? batch : last;
    }
    return last;
}

static void every_log_has_its_batches_rows_and_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct recorded_run run = open_run(scenarios[i].name);
        size_t rows = runlog_record_count(run.records, "host-result", NULL, "cloud-row");
        size_t totals = runlog_record_count(run.records, "scope-totals", NULL, "cloud-totals");
        size_t ends = runlog_record_count(run.records, "scope-ended", NULL, NULL);
        size_t batches = (size_t)last_batch(run.records);

        if (batches != scenarios[i].batches || rows != scenarios[i].rows ||
            totals != scenarios[i].totals || ends != scenarios[i].ends)
            fail_msg("%s: %zu batches, %zu rows, %zu totals rows, %zu ends", run.name, batches,
                     rows, totals, ends);
        close_run(&run);
    }
}

static void compare_count(const struct recorded_run *run, struct json_object *want,
                          struct json_object *record, const char *key)
{
    struct json_object *value = json_object_object_get(want, key);

    if (value && json_object_get_int64(value) != record_number(record, key))
        fail_msg("%s: %s of %s is %lld, want %lld", run->name, key, record_text(want, "host"),
                 (long long)record_number(record, key), (long long)json_object_get_int64(value));
}

static void compare_detail(const struct recorded_run *run, struct json_object *want,
                           struct json_object *record)
{
    struct json_object *detail = json_object_object_get(want, "detail");
    const char *step = record_text(detail, "step"), *error = record_text(detail, "error_contains");

    if (!detail)
        return;
    if (*step && strcmp(step, record_text(record, "step")) != 0)
        fail_msg("%s: step \"%s\", want \"%s\"", run->name, record_text(record, "step"), step);
    if (*error && (!strstr(record_text(record, "message"), error) ||
                   !strstr(record_text(record, "excerpt"), error)))
        fail_msg("%s: the error lacks \"%s\"", run->name, error);
}

/* A table row is truncated to a tenth of a second, a box to a second. */
static void compare_duration(const struct recorded_run *run, struct json_object *want,
                             struct json_object *record)
{
    struct json_object *value = json_object_object_get(want, "duration_s");
    double got = (double)record_number(record, "duration") / 1e9, wanted;

    if (!value)
        return;
    wanted = json_object_get_double(value);
    if (got < wanted - 1.1 || got > wanted + 1.1)
        fail_msg("%s: %s took %f s, want %f", run->name, record_text(want, "host"), got, wanted);
}

static void compare_record(const struct recorded_run *run, struct json_object *want,
                           struct json_object *record)
{
    static const char *const counts[] = {"tests", "passed", "failed", "pending"};
    bool passed = strcmp(record_text(record, "outcome"), "pass") == 0;

    if (passed != (strcmp(record_text(want, "status"), "PASS") == 0))
        fail_msg("%s: %s is %s, want %s", run->name, record_text(want, "host"),
                 record_text(record, "outcome"), record_text(want, "status"));
    for (size_t i = 0; i < COUNT(counts); i++)
        compare_count(run, want, record, counts[i]);
    compare_duration(run, want, record);
    if (!passed)
        compare_detail(run, want, record);
}

static void rows_and_boxes_tell_the_truth(void **state)
{
    static const char *const forms[] = {"cloud-row", "results-box"};
    size_t compared = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct recorded_run run = open_run(scenarios[i].name);
        struct json_object *hosts = json_object_object_get(run.expected, "hosts");

        for (size_t j = 0; j < json_object_array_length(hosts); j++) {
            struct json_object *want = json_object_array_get_idx(hosts, j);

            for (size_t k = 0; k < COUNT(forms); k++) {
                struct json_object *record = runlog_record(run.records, "host-result",
                                                           record_text(want, "host"), forms[k], 0);

                if (record)
                    compare_record(&run, want, record);
                compared += record != NULL;
            }
        }
        close_run(&run);
    }
    assert_in_range(compared, 140, 170);
}

static void cypress_own_rows_are_told_only_where_no_box_was_closed(void **state)
{
    static const char bottom[] = "└";
    struct recorded_run run = open_run("54-skipped-in-table");
    char *results = strstr(run.log, "(Results)"), *border = strstr(results, bottom);
    struct json_object *records, *row;

    (void)state;
    assert_int_equal(runlog_record_count(run.records, "host-result", NULL, "cypress-row"), 0);
    *border = ' ';
    records = runlog_records(run.log, run.length, false, true);
    assert_null(runlog_record(records, "host-result", NULL, "results-box", 0));
    /* the text's own failures are told then, and the row counts as its numbers say: its mark does
       not know skipped tests */
    assert_non_null(runlog_record(records, "host-result", "atvm71-redhat9.1", "spec-text", 0));
    row = runlog_record(records, "host-result", "atvm71-redhat9.1", "cypress-row", 0);
    assert_string_equal(record_text(row, "outcome"), "fail");
    assert_int_equal(record_number(row, "skipped"), 16);
    assert_int_equal(record_number(row, "duration"), INT64_C(444000000000));
    json_object_put(records);
    close_run(&run);
}

static void plain_runs_tell_their_url_and_expected_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct recorded_run run = open_run(scenarios[i].name);
        struct json_object *hosts = json_object_object_get(run.expected, "hosts");
        const char *url = record_text(run.expected, "currents_url");
        struct json_object *record = runlog_record(run.records, "run-url", NULL, NULL, 0);
        bool has_pattern = runlog_record(run.records, "fact", NULL, NULL, 0) != NULL;

        if (!run.categorized && *url)
            assert_string_equal(record_text(record, "text"), url);
        for (size_t j = 0; !run.categorized && has_pattern && j < json_object_array_length(hosts);
             j++)
            if (!runlog_record(run.records, "expected-host",
                               record_text(json_object_array_get_idx(hosts, j), "host"), NULL, 0))
                fail_msg("%s: a host of the specPattern is not expected", run.name);
        close_run(&run);
    }
}

static void batches_of_a_categorized_run_do_not_run_into_each_other(void **state)
{
    static const char *const names[] = {"16-categorized-no-fresh-specpattern",
                                        "37-subrun-in-progress",
                                        "48-categorized-row-missing-for-child"};
    static const char *const announced[] = {"e2e-redhat9.6-ubuntu24.04-w2k25-fc-redhat",
                                            "e2e-redhat9.6-ubuntu24.04-w2k25-fc-ubuntu", ""};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct recorded_run run = open_run(names[i]);
        struct json_object *subruns = json_object_object_get(run.expected, "subruns");

        for (size_t j = 0; j < json_object_array_length(subruns); j++) {
            struct json_object *subrun = json_object_array_get_idx(subruns, j);
            struct json_object *hosts = json_object_object_get(subrun, "hosts");
            struct json_object *url = runlog_record(run.records, "run-url", NULL, "run-url", j);

            assert_int_equal(record_number(url, "batch"), j + 1);
            assert_string_equal(record_text(url, "text"), record_text(subrun, "currents_url"));
            if (i == 0)
                assert_string_equal(record_text(url, "scope"), announced[j]);
            else
                assert_string_equal(record_text(url, "scope"), record_text(subrun, "name"));
            for (size_t k = 0; k < json_object_array_length(hosts); k++) {
                const char *host = record_text(json_object_array_get_idx(hosts, k), "host");
                struct json_object *row =
                    runlog_record(run.records, "host-result", host, "cloud-row", 0);

                if (row)
                    assert_int_equal(record_number(row, "batch"), j + 1);
            }
        }
        close_run(&run);
    }
}

static void special_ends_are_told(void **state)
{
    struct recorded_run cancelled = open_run("38-cancelled-in-cloud");
    struct recorded_run interrupted = open_run("52-interrupted-by-keyboard");
    struct recorded_run empty = open_run("39-zero-specs-green");
    struct json_object *record;

    (void)state;
    record = runlog_record(cancelled.records, "cancelled", NULL, NULL, 0);
    assert_string_equal(record_text(record, "text"), "cancelled by user");
    assert_null(runlog_record(cancelled.records, "host-mentioned", "atvm98-oracle9.4", NULL, 0));

    record = runlog_record(interrupted.records, "interrupted", NULL, NULL, 0);
    assert_string_equal(record_text(record, "text"), "KeyboardInterrupt");
    assert_int_equal(record_number(record, "line"), 131);

    record = runlog_record(empty.records, "scope-totals", NULL, NULL, 0);
    assert_string_equal(record_text(record, "text"), "No specs executed");
    assert_int_equal(record_number(record, "tests"), 0);
    assert_null(runlog_record(empty.records, "host-mentioned", NULL, NULL, 0));
    close_run(&cancelled);
    close_run(&interrupted);
    close_run(&empty);
}

static void the_bookkeeping_row_is_no_host(void **state)
{
    struct recorded_run run = open_run("31-check-row-in-table");
    struct json_object *record;

    (void)state;
    record = runlog_record(run.records, "host-result", "check-xml-files", "cloud-row", 0);
    assert_string_equal(record_text(record, "basis"), "bookkeeping");
    record = runlog_record(run.records, "host-result", "check-xml-files", "results-box", 0);
    assert_string_equal(record_text(record, "basis"), "bookkeeping");
    assert_null(runlog_record(run.records, "expected-host", "check-xml-files", NULL, 0));
    assert_null(runlog_record(run.records, "host-started", "check-xml-files", NULL, 0));
    close_run(&run);
}

/* ---------------------------------------------------------------- the printed tables */

static void a_table_of_durations_is_read_row_by_row(void **state)
{
    static const int64_t ms[] = {0,       1,        999,      1000,     1000,    9900,
                                 59900,   59900,    60000,    60100,    119900,  600000,
                                 605000,  659900,   660000,   3599900,  3600000, 3600100,
                                 3661000, 36000000, 86399900, 86400000, 90061100};
    size_t length;
    char *table = read_tree_file("tests/fixtures-raw/cloud-table-durations.txt", &length);
    struct json_object *records = runlog_records(table, length, false, true);
    struct json_object *totals = runlog_record(records, "scope-totals", NULL, NULL, 0);

    (void)state;
    assert_int_equal(runlog_record_count(records, "host-result", NULL, "cloud-row"), COUNT(ms));
    for (size_t i = 0; i < COUNT(ms); i++)
        assert_int_equal(
            record_number(runlog_record(records, "host-result", NULL, NULL, i), "duration"),
            ms[i] * 1000000);
    assert_int_equal(record_number(totals, "duration"), INT64_C(316219900) * 1000000);
    json_object_put(records);
    free(table);
}

static void a_table_is_the_same_with_and_without_colour(void **state)
{
    static const char *const files[] = {"tests/fixtures-raw/cloud-table-four.txt",
                                        "tests/fixtures-raw/cloud-table-four-1.5.4.txt",
                                        "tests/fixtures-raw/cloud-table-four-ansi.txt"};

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t length;
        char *table = read_tree_file(files[i], &length);
        struct json_object *records = runlog_records(table, length, false, true), *row;

        row = runlog_record(records, "host-result", "atvm201-windows-server-2025-datacenter-core",
                            "cloud-row", 0);
        assert_string_equal(record_text(row, "outcome"), "fail");
        assert_int_equal(record_number(row, "duration"), INT64_C(4385200) * 1000000);
        assert_int_equal(record_number(row, "skipped"), 1);
        row = runlog_record(records, "host-result", "atvm121-ubuntu24.04", "cloud-row", 0);
        assert_int_equal(record_number(row, "duration"), INT64_C(973900) * 1000000);
        assert_int_equal(runlog_record_count(records, "host-result", NULL, NULL), 4);
        assert_int_equal(
            record_number(runlog_record(records, "scope-totals", NULL, NULL, 0), "duration"),
            INT64_C(8964900) * 1000000);
        assert_int_equal(runlog_record_count(records, "scope-ended", NULL, NULL), 1);
        json_object_put(records);
        free(table);
    }
}

/* ---------------------------------------------------------------- cut off anywhere */

struct forbidden_pass {
    struct json_object *expected;
    const char *name;
    size_t seen;
};

static void forbid_false_pass(void *user, const struct atvm_evidence *evidence)
{
    struct forbidden_pass *forbidden = user;
    struct json_object *hosts = json_object_object_get(forbidden->expected, "hosts");

    forbidden->seen++;
    if (evidence->claim != ATVM_CLAIM_HOST_RESULT || evidence->outcome != ATVM_OUTCOME_PASS ||
        evidence->basis == ATVM_BASIS_BOOKKEEPING)
        return;
    for (size_t i = 0; i < json_object_array_length(hosts); i++) {
        struct json_object *host = json_object_array_get_idx(hosts, i);

        if (strcmp(record_text(host, "host"), evidence->host) == 0 &&
            strcmp(record_text(host, "status"), "FAIL") == 0)
            fail_msg("%s: a PASS of %s in line %lld", forbidden->name, evidence->host,
                     (long long)evidence->locator);
    }
}

/* A log that is cut at a byte gives the records of its whole lines, and its rest as a tail: so all
 * cuts in one line are tried after the lines before it. */
static void cut_at_every_byte(const struct recorded_run *run)
{
    const struct runlog_settings settings = {.categorized = run->categorized};
    struct forbidden_pass forbidden = {run->expected, run->name, 0};
    struct runlog_parser *parser = runlog_parser_new(&settings, forbid_false_pass, &forbidden);
    const char *at = run->log, *end = run->log + run->length;
    int64_t number = 0;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);

        number++;
        for (size_t cut = 1; cut <= length; cut++)
            runlog_parser_tail(parser, at, cut, number);
        if (newline)
            runlog_parser_line(parser, at, length, number, at - run->log);
        at += newline ? length + 1 : length;
    }
    runlog_parser_free(parser);
    assert_true(forbidden.seen > 3);
}

static void no_cut_turns_a_fail_into_a_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct recorded_run run = open_run(scenarios[i].name);

        cut_at_every_byte(&run);
        close_run(&run);
    }
}

/* Bytes lost in the middle join what stood before and after them. */
static void no_hole_turns_a_fail_into_a_pass(void **state)
{
    static const char *const names[] = {"02-fail-all-sources-agree", "15-late-host-rows",
                                        "54-skipped-in-table",
                                        "16-categorized-no-fresh-specpattern"};
    unsigned seed = 20261123;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct recorded_run run = open_run(names[i]);
        char *holed = malloc(run.length);

        assert_non_null(holed);
        for (int round = 0; round < 200; round++) {
            size_t start = (size_t)rand_r(&seed) % run.length;
            size_t length = (size_t)rand_r(&seed) % (run.length - start);
            struct forbidden_pass forbidden = {run.expected, run.name, 0};
            struct json_object *records;

            memcpy(holed, run.log, start);
            memcpy(holed + start, run.log + start + length, run.length - start - length);
            records = runlog_records(holed, run.length - length, run.categorized, true);
            for (size_t j = 0; j < json_object_array_length(records); j++) {
                struct json_object *record = json_object_array_get_idx(records, j);
                struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT);

                if (strcmp(record_text(record, "outcome"), "pass") != 0 ||
                    strcmp(record_text(record, "claim"), "host-result") != 0)
                    continue;
                evidence.outcome = ATVM_OUTCOME_PASS;
                evidence.host = record_text(record, "host");
                forbid_false_pass(&forbidden, &evidence);
            }
            json_object_put(records);
        }
        free(holed);
        close_run(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_log_has_its_batches_rows_and_ends),
        cmocka_unit_test(rows_and_boxes_tell_the_truth),
        cmocka_unit_test(cypress_own_rows_are_told_only_where_no_box_was_closed),
        cmocka_unit_test(plain_runs_tell_their_url_and_expected_hosts),
        cmocka_unit_test(batches_of_a_categorized_run_do_not_run_into_each_other),
        cmocka_unit_test(special_ends_are_told),
        cmocka_unit_test(the_bookkeeping_row_is_no_host),
        cmocka_unit_test(a_table_of_durations_is_read_row_by_row),
        cmocka_unit_test(a_table_is_the_same_with_and_without_colour),
        cmocka_unit_test(no_cut_turns_a_fail_into_a_pass),
        cmocka_unit_test(no_hole_turns_a_fail_into_a_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
