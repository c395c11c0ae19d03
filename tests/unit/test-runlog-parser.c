/* What the run log parser believes where: batches, bounds of tables, output that looks like more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "byte-string.h"
#include "memory.h"
#include "runlog-records.h"

#define TITLE    "\n====================\n\n  Cloud Run Finished  \n\n"
#define RECORDED "🏁 Recorded Run: https://x/"
#define CONFIRMED                                                                                  \
    "Detected 'Recorded Run' after 'Cloud Run Finished' - results uploaded successfully.\n"
#define SPEC_RULE "\n────────────────────\n\n"
#define BORDER    "  ├──────────────────────┤\n"
#define BOTTOM    "  └──────────────────────┘\n"

/* A line of the cloud table. */
static char *row(const char *mark, const char *spec, const char *duration, const char *tests,
                 const char *passing, const char *failing, const char *skipped)
{
    /* printf counts bytes: a mark that is drawn in 1 column takes 3 */
    return memory_format("  │ %-*s  %-30s  %8s  %8s  %8s  %8s  %8s  %8s │\n", *mark ? 4 : 2, mark,
                         spec, duration, tests, passing, failing, "-", skipped);
}

static char *passed_row(const char *spec)
{
    return row("✔", spec, "1m", "3", "3", "-", "-");
}

static char *failed_row(const char *spec)
{
    return row("✖", spec, "1m", "3", "2", "1", "-");
}

/* The records of the pieces, put together in their order and freed where they are rows. */
static struct json_object *records_of(bool categorized, const char *first, ...)
{
    struct byte_string log = {0};
    struct json_object *records;
    va_list pieces;

    va_start(pieces, first);
    for (const char *piece = first; piece; piece = va_arg(pieces, const char *))
        byte_string_append(&log, piece, strlen(piece), (size_t)-1);
    va_end(pieces);
    records = runlog_records(log.bytes, log.length, categorized, true);
    byte_string_free(&log);
    return records;
}

static size_t rows(struct json_object *records)
{
    return runlog_record_count(records, "host-result", NULL, "cloud-row");
}

static int64_t batch_of(struct json_object *records, const char *host, const char *form)
{
    return record_number(runlog_record(records, "host-result", host, form, 0), "batch");
}

/* ---------------------------------------------------------------- bounds of tables (R4.3) */

static void rows_after_the_recorded_run_belong_to_a_plain_run(void **state)
{
    char *one = passed_row("a1-x.ts"), *two = failed_row("b2-y.ts"), *three = passed_row("c3-z.ts");
    struct json_object *records =
        records_of(false, "Extracted specPattern: ['a1-x.ts']\n", TITLE, one, BORDER, BOTTOM,
                   RECORDED "1\n", CONFIRMED, two, "some other line\n", three, BOTTOM, NULL);

    (void)state;
    assert_int_equal(rows(records), 3);
    assert_int_equal(batch_of(records, "c3-z", "cloud-row"), 1);
    json_object_put(records);
    free(one);
    free(two);
    free(three);
}

static void rows_after_the_recorded_run_are_nobodys_in_a_categorized_run(void **state)
{
    char *one = passed_row("a1-x.ts"), *two = passed_row("b2-y.ts");
    struct json_object *records =
        records_of(true, "Discovered 1 spec files\n", TITLE, one, BOTTOM, RECORDED "1\n", two,
                   BOTTOM, "Discovered 1 spec files\n", two, BOTTOM, NULL);

    (void)state;
    assert_int_equal(rows(records), 1);
    json_object_put(records);
    free(one);
    free(two);
}

static void a_plain_table_ends_at_the_next_pattern_and_at_the_next_table(void **state)
{
    char *one = passed_row("a1-x.ts"), *two = passed_row("b2-y.ts"), *three = passed_row("c3-z.ts");
    struct json_object *records = records_of(false, "Discovered 1 spec files\n", TITLE, one, BOTTOM,
                                             "Extracted specPattern: ['b2-y.ts']\n", three, TITLE,
                                             two, BOTTOM, TITLE, one, BOTTOM, NULL);

    (void)state;
    assert_int_equal(rows(records), 3);
    assert_int_equal(batch_of(records, "b2-y", "cloud-row"), 2);
    assert_null(runlog_record(records, "host-result", "c3-z", NULL, 0));
    assert_int_equal(
        record_number(runlog_record(records, "host-result", "a1-x", "cloud-row", 1), "batch"), 3);
    json_object_put(records);
    free(one);
    free(two);
    free(three);
}

static void a_sub_run_has_not_ended_before_its_table_has(void **state)
{
    char *one = passed_row("a1-x.ts"), *two = failed_row("b2-y.ts");
    struct json_object *cut =
        records_of(true, "Discovered 2 spec files\n", TITLE, one, CONFIRMED, two, NULL);
    struct json_object *whole =
        records_of(true, "Discovered 2 spec files\n", TITLE, one, CONFIRMED, two, BOTTOM, NULL);
    struct json_object *plain =
        records_of(false, "Discovered 2 spec files\n", TITLE, one, CONFIRMED, NULL);

    (void)state;
    assert_null(runlog_record(cut, "scope-ended", NULL, NULL, 0));
    assert_int_equal(rows(whole), 2);
    assert_int_equal(record_number(runlog_record(whole, "scope-ended", NULL, NULL, 0), "line"), 8);
    assert_non_null(runlog_record(plain, "scope-ended", NULL, NULL, 0));
    json_object_put(cut);
    json_object_put(whole);
    json_object_put(plain);
    free(one);
    free(two);
}

static void a_row_counts_only_when_a_later_line_proves_it_complete(void **state)
{
    char *one = row("✔", "a1-x.ts", "16m 13.9", "3", "3", "-", "-");
    char *rest = row("", "", "s", "", "", "", "");
    struct json_object *waiting = records_of(false, TITLE, one, NULL);
    struct json_object *between = records_of(false, TITLE, one, CONFIRMED, rest, BORDER, NULL);
    struct json_object *torn = records_of(false, TITLE, one, "  │     torn off here\n", rest, NULL);

    (void)state;
    assert_int_equal(rows(waiting), 0);
    assert_int_equal(rows(between), 1);
    assert_int_equal(
        record_number(runlog_record(between, "host-result", "a1-x", NULL, 0), "duration"),
        INT64_C(973900) * 1000000);
    assert_int_equal(rows(torn), 1);
    json_object_put(waiting);
    json_object_put(between);
    json_object_put(torn);
    free(one);
    free(rest);
}

static void a_name_over_three_lines_is_joined_and_a_cut_one_is_none(void **state)
{
    char *one = row("✖", "windows/atvm201-windows-server", "1s", "1", "-", "1", "-");
    char *two = row("", "-2025-datacenter-core-edition-", "", "", "", "", "");
    char *three = row("", "with-a-long-name.ts", "", "", "", "", "");
    struct json_object *records = records_of(false, TITLE, one, two, three, BOTTOM, NULL);
    struct json_object *cut = records_of(false, TITLE, one, two, BOTTOM, NULL);

    (void)state;
    assert_non_null(runlog_record(
        records, "host-result",
        "atvm201-windows-server-2025-datacenter-core-edition-with-a-long-name", NULL, 0));
    assert_int_equal(rows(cut), 0);
    json_object_put(records);
    json_object_put(cut);
    free(one);
    free(two);
    free(three);
}

static void a_mark_that_its_counts_contradict_is_no_pass(void **state)
{
    char *failing = row("✔", "a1-x.ts", "1s", "3", "2", "1", "-");
    char *skipped = row("✔", "b2-y.ts", "1s", "3", "2", "-", "1");
    char *unread = row("✔", "c3-z.ts", "1s", "x", "2", "-", "-");
    char *dummy = row("✖", "cypress/e2e/d4-w.ts", "0ms", "1", "-", "1", "-");
    struct json_object *records =
                           records_of(false, TITLE, failing, skipped, unread, dummy, BOTTOM, NULL),
                       *record;

    (void)state;
    record = runlog_record(records, "host-result", "a1-x", NULL, 0);
    assert_string_equal(record_text(record, "outcome"), "fail");
    record = runlog_record(records, "host-result", "b2-y", NULL, 0);
    assert_string_equal(record_text(record, "outcome"), "fail");
    record = runlog_record(records, "host-result", "c3-z", NULL, 0);
    assert_int_equal(record_number(record, "tests"), -1);
    record = runlog_record(records, "host-result", "d4-w", NULL, 0);
    assert_string_equal(record_text(record, "outcome"), "fail");
    assert_int_equal(record_number(record, "duration"), 0);
    json_object_put(records);
    free(failing);
    free(skipped);
    free(unread);
    free(dummy);
}

/* ---------------------------------------------------------------- batches */

static void a_batch_never_takes_the_name_of_the_one_before(void **state)
{
    struct json_object *records = records_of(
        true,
        "Category batch 1 of 3: redhat\nExtracted specPattern: ['a1-x.ts']\n"
        "Running command: npx cypress-cloud run --ci-build-id build-redhat\n"
        "Discovered 1 spec files\n" RECORDED "1\n" CONFIRMED "INFO Category batch 2 of 3: ubuntu\n"
        "18:20:00 INFO Running command: npx x --ci-build-id build-ubuntu --y\n"
        "Discovered 1 spec files\n" RECORDED "2\n"
        "Discovered 1 spec files\n" RECORDED "3\n",
        NULL);
    static const char *const scopes[] = {"build-redhat", "build-ubuntu", ""};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct json_object *url = runlog_record(records, "run-url", NULL, "recorded-run", i);

        assert_int_equal(record_number(url, "batch"), i + 1);
        assert_string_equal(record_text(url, "scope"), scopes[i]);
    }
    assert_int_equal(runlog_record_count(records, "scope-started", NULL, NULL), 5);
    assert_string_equal(record_text(runlog_record(records, "scope-started", NULL, NULL, 1), "text"),
                        "redhat");
    json_object_put(records);
}

static void a_batch_that_was_killed_ends_where_the_next_is_announced(void **state)
{
    struct json_object *records =
        records_of(true,
                   "Extracted specPattern: ['a1-x.ts']\nRunning command: npx --ci-build-id b-one\n"
                   "Discovered 1 spec files\nRunning: a1-x.ts (1/1)\n"
                   "    1) 3. Install\nExtracted specPattern: ['b2-y.ts']\n"
                   "Running command: npx --ci-build-id b-two\nRunning: b2-y.ts (1/1)\n",
                   NULL);
    struct json_object *failed = runlog_record(records, "host-result", "a1-x", "spec-text", 0);

    (void)state;
    assert_string_equal(record_text(failed, "outcome"), "fail");
    assert_string_equal(record_text(failed, "step"), "3. Install");
    assert_string_equal(record_text(failed, "scope"), "b-one");
    assert_int_equal(record_number(failed, "batch"), 1);
    assert_int_equal(
        record_number(runlog_record(records, "host-started", "b2-y", NULL, 0), "batch"), 2);
    json_object_put(records);
}

static void a_second_try_of_the_same_name_is_the_same_batch(void **state)
{
    struct json_object *records =
        records_of(false,
                   "Running command: npx --ci-build-id b\nDiscovered 1 spec files\n"
                   "Running command: npx --ci-build-id b\nRunning: a1-x.ts (1/1)\n",
                   NULL);

    (void)state;
    assert_int_equal(record_number(runlog_record(records, "host-started", NULL, NULL, 0), "batch"),
                     1);
    json_object_put(records);
}

static void end_lines_belong_to_the_batch_that_had_the_table(void **state)
{
    char *one = passed_row("a1-x.ts");
    struct json_object *records =
        records_of(true, "Running command: npx --ci-build-id b-one\n", TITLE, one, BOTTOM,
                   "Running command: npx --ci-build-id b-two\n", CONFIRMED, NULL);
    struct json_object *confirmed = runlog_record(records, "upload-confirmed", NULL, NULL, 0);

    (void)state;
    assert_int_equal(record_number(confirmed, "batch"), 1);
    assert_string_equal(record_text(confirmed, "scope"), "b-one");
    json_object_put(records);
    free(one);
}

static void a_pattern_may_go_on_over_lines(void **state)
{
    struct json_object *records =
        records_of(false,
                   "Extracted specPattern: [\n  'cypress/e2e/a1-x.ts',\n  \"b2-y.ts\"\n]\n"
                   "Discovered 2 spec files\n",
                   NULL);
    struct json_object *cut = records_of(false,
                                         "Extracted specPattern: [\n  'a1-x.ts',\n"
                                         "Discovered 2 spec files\n",
                                         NULL);

    (void)state;
    assert_non_null(runlog_record(records, "expected-host", "a1-x", NULL, 0));
    assert_non_null(runlog_record(records, "expected-host", "b2-y", NULL, 0));
    assert_int_equal(record_number(runlog_record(records, "fact", NULL, NULL, 0), "line"), 1);
    assert_non_null(runlog_record(cut, "expected-host", "a1-x", NULL, 0));
    json_object_put(records);
    json_object_put(cut);
}

/* ---------------------------------------------------------------- hosts */

static void of_several_specs_handed_out_each_begins_with_its_own_line(void **state)
{
    struct json_object *records =
        records_of(false, "Running: a1-x.ts, b2-y.ts, c3-z.ts (3/3)\n",
                   SPEC_RULE "  Running:  b2-y.ts                     (1 of 3)\n",
                   SPEC_RULE "  Runni…  c3-z…                         (2 of 3)\n", NULL);

    (void)state;
    assert_null(runlog_record(records, "host-started", "a1-x", NULL, 0));
    assert_non_null(runlog_record(records, "host-started", "b2-y", NULL, 0));
    assert_non_null(runlog_record(records, "host-started", "c3-z", NULL, 0));
    json_object_put(records);
}

static void a_host_is_mentioned_by_its_whole_name_only(void **state)
{
    static const struct {
        const char *line;
        bool names;
    } lines[] = {
        {"  cmc-e2e atvm7-a1", true},
        {"see atvm7-a1.", true},
        {"(cypress/e2e/atvm7-a1.ts)", true},
        {"atvm7-a1_2026-04-16.json", true},
        {"│ ✔ atvm7-a1.ts │", true},
        {"atvm7-a1", true},
        {"atvm7-a12", false},
        {"atvm7-a1.2", false},
        {"atvm7-a1-fc", false},
        {"xatvm7-a1", false},
        {"build-atvm7-a1", false},
        {"atvm7-", false},
        {"atvm7-a", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct json_object *records =
            records_of(false, "Extracted specPattern: ['atvm7-a1.ts', 'atvm70-b.ts']\n",
                       lines[i].line, "\n", NULL);

        if (runlog_record_count(records, "host-mentioned", "atvm7-a1", NULL) != lines[i].names)
            fail_msg("\"%s\" %s", lines[i].line, lines[i].names ? "names it" : "does not name it");
        json_object_put(records);
    }
}

static void a_command_line_is_no_mention(void **state)
{
    struct json_object *records =
        records_of(false,
                   "Extracted specPattern: ['a1-x.ts']\n"
                   "Running command: npx cypress-cloud run --spec cypress/a1-x.ts\n",
                   NULL);

    (void)state;
    assert_null(runlog_record(records, "host-mentioned", NULL, NULL, 0));
    json_object_put(records);
}

static void a_crash_is_told_with_its_dummy_row(void **state)
{
    char *dummy = row("✖", "cypress/e2e/a1-x.ts", "0ms", "1", "-", "1", "-");
    struct json_object *records =
        records_of(false,
                   "Running: cypress/e2e/a1-x.ts (1/1)\n"
                   " WARNING  Cypress runner crashed: \"exit code 134\"\n",
                   TITLE, dummy, BOTTOM, NULL);

    (void)state;
    assert_string_equal(
        record_text(runlog_record(records, "host-result", "a1-x", "cloud-row", 0), "message"),
        "Cypress runner crashed: \"exit code 134\"");
    json_object_put(records);
    free(dummy);
}

/* ---------------------------------------------------------------- what only looks like it */

#define FAILING_SPEC                                                                               \
    "Running: a1-x.ts (1/2)\n" SPEC_RULE "  Running:  a1-x.ts            (1 of 1)\n\n  s\n"        \
    "    1) 3. Install\n\n\n  0 passing (1s)\n  1 failing\n\n  1) s\n       3. Install:\n"         \
    "     Error: the log of the other machine:\n"

static void an_error_text_may_hold_a_whole_log(void **state)
{
    char *forged = passed_row("a1-x.ts");
    struct json_object *records = records_of(
        false, "Discovered 2 spec files\n", FAILING_SPEC, "Discovered 9 spec files\n",
        "🎥 Run URL: https://forged/\n", "Running: b2-y.ts (1/1)\n", "  Cloud Run Finished  \n",
        forged, BOTTOM, RECORDED "forged\n", CONFIRMED,
        " WARNING  Run cancelled: forged. Waiting for uploads\n", "Killed\nKeyboardInterrupt\n",
        "    ✓ 9. forged\n    2) 9. forged\n  2) forged\n\n  7) forged\n",
        "      at Context.eval (a.ts:1:2)\n\n\n  (Results)\n\n"
        "  ┌────┐\n  │ Tests: 1 │\n  │ Passing: 0 │\n  │ Failing: 1 │\n  │ Pending: 0 │\n"
        "  │ Skipped: 0 │\n  │ Spec Ran: a1-x.ts │\n  └────┘\n",
        NULL);
    struct json_object *box = runlog_record(records, "host-result", NULL, NULL, 0);

    (void)state;
    assert_int_equal(runlog_record_count(records, "host-result", NULL, NULL), 1);
    assert_string_equal(record_text(box, "outcome"), "fail");
    assert_string_equal(record_text(box, "step"), "3. Install");
    assert_string_equal(record_text(box, "steps"), "3. Install");
    assert_non_null(strstr(record_text(box, "excerpt"), "7) forged"));
    assert_int_equal(runlog_record_count(records, "run-url", NULL, NULL), 0);
    assert_int_equal(runlog_record_count(records, "scope-ended", NULL, NULL), 0);
    assert_int_equal(runlog_record_count(records, "scope-started", NULL, NULL), 1);
    assert_int_equal(runlog_record_count(records, "host-started", NULL, NULL), 1);
    assert_int_equal(runlog_record_count(records, "cancelled", NULL, NULL), 0);
    assert_int_equal(runlog_record_count(records, "interrupted", NULL, NULL), 0);
    json_object_put(records);
    free(forged);
}

static void output_of_a_test_ends_nothing(void **state)
{
    struct json_object *records = records_of(
        false, "Running: a1-x.ts (1/1)\n    ✓ 1. a\n", RECORDED "forged\n", CONFIRMED,
        "    Run cancelled: by the application\n  Cloud Run Finished\n    ✓ 2. b\n", NULL);

    (void)state;
    assert_null(runlog_record(records, "scope-ended", NULL, NULL, 0));
    assert_null(runlog_record(records, "cancelled", NULL, NULL, 0));
    json_object_put(records);
}

static void a_run_may_be_cancelled_while_a_spec_runs(void **state)
{
    struct json_object *records = records_of(
        false,
        "Running: a1-x.ts (1/1)\n    ✓ 1. a\n"
        " WARNING  Run cancelled: cancelled by user. Waiting for uploads to complete and\n",
        NULL);

    (void)state;
    assert_string_equal(record_text(runlog_record(records, "cancelled", NULL, NULL, 0), "text"),
                        "cancelled by user");
    json_object_put(records);
}

static void what_looks_like_a_kill_is_none_where_the_run_goes_on(void **state)
{
    struct json_object *records = records_of(
        false, "Running: a1-x.ts (1/1)\n    ✓ 1. a\nKilled\nmore output\n    ✓ 2. b\n", NULL);
    struct json_object *ended = records_of(false,
                                           "Discovered 1 spec files\n" RECORDED "1\n"
                                           "Terminated\n",
                                           NULL);

    (void)state;
    assert_int_equal(record_number(runlog_record(records, "interrupted", NULL, NULL, 0), "line"),
                     3);
    assert_int_equal(record_number(runlog_record(records, "host-started", NULL, NULL, 1), "line"),
                     5);
    assert_null(runlog_record(ended, "interrupted", NULL, NULL, 0));
    json_object_put(records);
    json_object_put(ended);
}

static void a_box_below_another_specs_text_is_no_pass(void **state)
{
    struct json_object *records =
        records_of(false,
                   "Running: a1-x.ts (1/2)\n    ✓ 1. a\n\n  (Results)\n\n  ┌────┐\n"
                   "  │ Tests: 1 │\n  │ Passing: 1 │\n  │ Failing: 0 │\n  │ Pending: 0 │\n"
                   "  │ Skipped: 0 │\n  │ Spec Ran: b2-y.ts │\n  └────┘\n",
                   NULL);

    (void)state;
    assert_string_equal(
        record_text(runlog_record(records, "host-result", "b2-y", NULL, 0), "outcome"), "");
    json_object_put(records);
}

static void a_box_that_lacks_a_count_is_no_pass(void **state)
{
    struct json_object *records =
        records_of(false,
                   "Running: a1-x.ts (1/2)\n    ✓ 1. a\n\n  (Results)\n\n  ┌────┐\n"
                   "  │ Tests: 1 │\n  │ Passing: 1 │\n  │ Pending: 0 │\n"
                   "  │ Skipped: 0 │\n  │ Spec Ran: a1-x.ts │\n  └────┘\n",
                   NULL);

    (void)state;
    assert_string_equal(
        record_text(runlog_record(records, "host-result", "a1-x", NULL, 0), "outcome"), "");
    json_object_put(records);
}

static void windows_line_ends_and_colours_change_nothing(void **state)
{
    size_t length;
    char *log = read_tree_file("tests/fixtures/15-late-host-rows/run.log", &length);
    struct byte_string changed = {0};
    struct json_object *plain, *other;

    (void)state;
    assert_non_null(log);
    for (size_t i = 0; i < length; i++) {
        if (log[i] == '\n')
            byte_string_append(&changed, "\x1b[39m\r", 6, (size_t)-1);
        if (i == 0 || log[i - 1] == '\n')
            byte_string_append(&changed, "\x1b[0m\x1b[90m", 9, (size_t)-1);
        byte_string_append_character(&changed, log[i], (size_t)-1);
    }
    plain = runlog_records(log, length, false, true);
    other = runlog_records(changed.bytes, changed.length, false, true);
    assert_string_equal(json_object_to_json_string(plain), json_object_to_json_string(other));
    json_object_put(plain);
    json_object_put(other);
    byte_string_free(&changed);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_after_the_recorded_run_belong_to_a_plain_run),
        cmocka_unit_test(rows_after_the_recorded_run_are_nobodys_in_a_categorized_run),
        cmocka_unit_test(a_plain_table_ends_at_the_next_pattern_and_at_the_next_table),
        cmocka_unit_test(a_sub_run_has_not_ended_before_its_table_has),
        cmocka_unit_test(a_row_counts_only_when_a_later_line_proves_it_complete),
        cmocka_unit_test(a_name_over_three_lines_is_joined_and_a_cut_one_is_none),
        cmocka_unit_test(a_mark_that_its_counts_contradict_is_no_pass),
        cmocka_unit_test(a_batch_never_takes_the_name_of_the_one_before),
        cmocka_unit_test(a_batch_that_was_killed_ends_where_the_next_is_announced),
        cmocka_unit_test(a_second_try_of_the_same_name_is_the_same_batch),
        cmocka_unit_test(end_lines_belong_to_the_batch_that_had_the_table),
        cmocka_unit_test(a_pattern_may_go_on_over_lines),
        cmocka_unit_test(of_several_specs_handed_out_each_begins_with_its_own_line),
        cmocka_unit_test(a_host_is_mentioned_by_its_whole_name_only),
        cmocka_unit_test(a_command_line_is_no_mention),
        cmocka_unit_test(a_crash_is_told_with_its_dummy_row),
        cmocka_unit_test(an_error_text_may_hold_a_whole_log),
        cmocka_unit_test(output_of_a_test_ends_nothing),
        cmocka_unit_test(a_run_may_be_cancelled_while_a_spec_runs),
        cmocka_unit_test(what_looks_like_a_kill_is_none_where_the_run_goes_on),
        cmocka_unit_test(a_box_below_another_specs_text_is_no_pass),
        cmocka_unit_test(a_box_that_lacks_a_count_is_no_pass),
        cmocka_unit_test(windows_line_ends_and_colours_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
