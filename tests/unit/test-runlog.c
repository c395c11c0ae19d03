/* The runlog collector on real files: growth, truncation, rotation, deletion, odd files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <atvm/plugin.h>

#include "fake-host.h"
#include "log-follower.h"
#include "memory.h"
#include "runlog-records.h"

#define NS    INT64_C(1000000000)
#define LATER (INT64_C(4102444800) * NS) /* long after every write: nobody is in mid-line */

extern const struct atvm_collector atvm_collector;

struct test {
    char folder[32];
    char *log, *launch_log;
    struct fake_host *fake;
    void *collector;
};

static void open_collector(struct test *test)
{
    struct atvm_run *run;

    test->fake = fake_host_new(atvm_collector.options, atvm_collector.option_count);
    run = fake_host_run(test->fake);
    run->run_log = test->log;
    run->launch_log = test->launch_log;
    fake_host_set_now(test->fake, LATER);
    test->collector = atvm_collector.create(fake_host_table(test->fake));
    assert_non_null(test->collector);
    assert_int_equal(atvm_collector.configure(test->collector), ATVM_OK);
}

static void close_collector(struct test *test)
{
    atvm_collector.destroy(test->collector);
    fake_host_free(test->fake);
}

static int set_up(void **state)
{
    struct test *test = memory_zeroed(1, sizeof(*test));

    strcpy(test->folder, "/tmp/runlog-XXXXXX");
    if (!mkdtemp(test->folder))
        return -1;
    test->log = memory_format("%s/run.log", test->folder);
    test->launch_log = memory_format("%s/launch.log", test->folder);
    open_collector(test);
    *state = test;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct test *test = *state;
    int result = nftw(test->folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);

    close_collector(test);
    free(test->log);
    free(test->launch_log);
    free(test);
    return result;
}

/* ---------------------------------------------------------------- files and passes */

static void write_file(const char *path, const char *bytes, size_t length, int flags)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | flags, 0600);

    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, length), (ssize_t)length);
    assert_int_equal(close(descriptor), 0);
}

static void append(const struct test *test, const char *text)
{
    write_file(test->log, text, strlen(text), O_APPEND);
}

static void rewrite(const struct test *test, const char *text)
{
    write_file(test->log, text, strlen(text), O_TRUNC);
}

static int32_t collect(const struct test *test)
{
    return atvm_collector.collect(test->collector);
}

static void collect_all(const struct test *test)
{
    int passes = 0;
    int32_t result;

    while ((result = collect(test)) == ATVM_COLLECT_AGAIN)
        assert_in_range(++passes, 1, 100);
    assert_int_equal(result, ATVM_COLLECT_COMPLETE);
}

static size_t unit_count(const struct test *test)
{
    return json_object_array_length(fake_host_units(test->fake));
}

static struct json_object *unit_at(const struct test *test, size_t index)
{
    return json_object_array_get_idx(fake_host_units(test->fake), index);
}

static const char *mode_of(const struct test *test, size_t index)
{
    return record_text(json_object_object_get(unit_at(test, index), "begin"), "mode");
}

/* What all units said, in order; the caller puts it. */
static struct json_object *said(const struct test *test)
{
    struct json_object *all = json_object_new_array();

    for (size_t i = 0; i < unit_count(test); i++) {
        struct json_object *records = json_object_object_get(unit_at(test, i), "evidence");

        for (size_t j = 0; j < json_object_array_length(records); j++)
            json_object_array_add(all, json_object_get(json_object_array_get_idx(records, j)));
    }
    return all;
}

static void assert_said_what_is_in(const struct test *test, const char *text, size_t length)
{
    struct json_object *got = said(test), *want = runlog_records(text, length, false, true);

    assert_string_equal(json_object_to_json_string(got), json_object_to_json_string(want));
    json_object_put(got);
    json_object_put(want);
}

static char *read_fixture(const char *name, size_t *ret_length)
{
    char path[200];
    char *log;

    snprintf(path, sizeof(path), "tests/fixtures/%s/run.log", name);
    log = read_tree_file(path, ret_length);
    assert_non_null(log);
    return log;
}

/* ---------------------------------------------------------------- growth */

static void an_absent_log_says_nothing_and_is_watched(void **state)
{
    const struct test *test = *state;

    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 0);
    assert_true(fake_host_watches(test->fake, test->log) > 0);
    assert_true(fake_host_watches(test->fake, test->launch_log) > 0);
}

static void an_empty_log_is_a_source_without_evidence(void **state)
{
    const struct test *test = *state;

    rewrite(test, "");
    collect_all(test);
    assert_int_equal(unit_count(test), 1);
    assert_string_equal(mode_of(test, 0), "replace");
    assert_string_equal(record_text(unit_at(test, 0), "quality"), "whole");
    collect_all(test);
    assert_int_equal(unit_count(test), 1);
}

static void what_is_added_is_appended(void **state)
{
    const struct test *test = *state;
    struct json_object *begin;

    append(test, "Extracted specPattern: ['a1-x.ts']\nRunning: a1-x");
    collect_all(test);
    append(test, ".ts (1/1)\n");
    collect_all(test);
    collect_all(test);
    assert_int_equal(unit_count(test), 2);
    assert_string_equal(mode_of(test, 0), "replace");
    assert_string_equal(mode_of(test, 1), "append");
    begin = json_object_object_get(unit_at(test, 1), "begin");
    assert_string_equal(record_text(begin, "path"), test->log);
    assert_string_equal(record_text(begin, "kind"), "log");
    assert_int_equal(record_number(begin, "size"), 58);
    assert_true(record_number(begin, "mtime") > 0);
    assert_true(record_number(begin, "inode") > 0);
    assert_int_equal(record_number(fake_host_find(test->fake, "host-started", "a1-x"), "line"), 2);
}

static void a_log_that_grows_by_single_bytes_says_the_same_as_at_once(void **state)
{
    const struct test *test = *state;
    size_t length;
    char *log = read_fixture("54-skipped-in-table", &length);

    for (size_t i = 0; i < length; i++) {
        write_file(test->log, log + i, 1, O_APPEND);
        fake_host_set_now(test->fake, 0); /* the writer is always at it */
        collect_all(test);
    }
    assert_null(fake_host_find(test->fake, "gap", NULL));
    assert_said_what_is_in(test, log, length);
    free(log);
}

static void a_log_that_grows_in_random_pieces_says_the_same_as_at_once(void **state)
{
    static const char *const names[] = {"15-late-host-rows", "33-huge-error-and-ansi",
                                        "35-forty-hosts", "52-interrupted-by-keyboard"};
    struct test *test = *state;
    unsigned seed = 4711;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t length, at = 0;
        char *log = read_fixture(names[i], &length);

        while (at < length) {
            size_t piece = 1 + (size_t)rand_r(&seed) % 3000;

            piece = piece > length - at ? length - at : piece;
            write_file(test->log, log + at, piece, O_APPEND);
            at += piece;
            collect_all(test);
        }
        assert_said_what_is_in(test, log, length);
        free(log);
        close_collector(test);
        assert_int_equal(unlink(test->log), 0);
        open_collector(test);
    }
}

static void a_log_cut_at_any_byte_gives_no_false_pass(void **state)
{
    struct test *test = *state;
    size_t length;
    char *log = read_fixture("02-fail-all-sources-agree", &length);

    write_file(test->log, log, length, O_TRUNC);
    for (size_t cut = length; cut > 0; cut -= cut > 37 ? 37 : cut) {
        struct json_object *records;

        assert_int_equal(truncate(test->log, (off_t)cut), 0);
        fake_host_clear(test->fake);
        collect_all(test);
        assert_string_equal(mode_of(test, 0), "replace");
        records = said(test);
        for (size_t i = 0; i < json_object_array_length(records); i++)
            assert_string_not_equal(record_text(json_object_array_get_idx(records, i), "outcome"),
                                    "pass");
        json_object_put(records);
    }
    free(log);
}

/* ---------------------------------------------------------------- the last line */

static void an_unfinished_last_line_counts_only_where_it_is_a_kill(void **state)
{
    const struct test *test = *state;

    append(test, "Running: a1-x.ts (1/1)\nKeyboardInterrupt");
    fake_host_set_now(test->fake, 0);
    collect_all(test);
    assert_null(fake_host_find(test->fake, "interrupted", NULL));
    fake_host_set_now(test->fake, LATER);
    collect_all(test);
    assert_int_equal(record_number(fake_host_find(test->fake, "interrupted", NULL), "line"), 2);
    assert_int_equal(unit_count(test), 2);
    append(test, "\n");
    collect_all(test);
    {
        struct json_object *records = said(test);

        assert_int_equal(runlog_record_count(records, "interrupted", NULL, NULL), 1);
        json_object_put(records);
    }
}

static void an_unfinished_url_does_not_count(void **state)
{
    const struct test *test = *state;

    append(test, "Discovered 1 spec files\n🏁 Recorded Run: https://app.currents.dev/run/aff3c6");
    collect_all(test);
    assert_null(fake_host_find(test->fake, "run-url", NULL));
    append(test, "9ce\n");
    collect_all(test);
    assert_string_equal(record_text(fake_host_find(test->fake, "run-url", NULL), "text"),
                        "https://app.currents.dev/run/aff3c69ce");
}

static void a_whole_confirmation_without_newline_counts(void **state)
{
    const struct test *test = *state;

    append(test, "Discovered 1 spec files\n"
                 "Detected 'Recorded Run' after 'Cloud Run Finished' - results uploaded "
                 "successfully.");
    collect_all(test);
    assert_non_null(fake_host_find(test->fake, "upload-confirmed", NULL));
    append(test, "\n");
    collect_all(test);
    {
        struct json_object *records = said(test);

        assert_int_equal(runlog_record_count(records, "upload-confirmed", NULL, NULL), 1);
        json_object_put(records);
    }
}

/* ---------------------------------------------------------------- other files in its place */

static void a_truncated_log_is_read_anew(void **state)
{
    const struct test *test = *state;

    append(test, "Extracted specPattern: ['a1-x.ts']\nRunning: a1-x.ts (1/1)\n");
    collect_all(test);
    rewrite(test, "Running: b2-y.ts (1/1)\n");
    collect_all(test);
    assert_int_equal(unit_count(test), 2);
    assert_string_equal(mode_of(test, 1), "replace");
    assert_int_equal(record_number(fake_host_find(test->fake, "host-started", "b2-y"), "line"), 1);
}

static void a_rewritten_log_that_is_longer_is_read_anew(void **state)
{
    const struct test *test = *state;

    append(test, "Running: a1-x.ts (1/1)\n");
    collect_all(test);
    rewrite(test, "Extracted specPattern: ['b2-y.ts']\nRunning: b2-y.ts (1/1)\n");
    collect_all(test);
    assert_string_equal(mode_of(test, 1), "replace");
    assert_int_equal(record_number(fake_host_find(test->fake, "host-started", "b2-y"), "line"), 2);
}

static void a_rotated_log_is_read_to_its_end_before_the_new_one(void **state)
{
    const struct test *test = *state;
    char *old = memory_format("%s.1", test->log);

    append(test, "Running: a1-x.ts (1/1)\n");
    collect_all(test);
    append(test, "\n====================\nRunning: b2-y.ts (2/3)\n");
    assert_int_equal(rename(test->log, old), 0);
    append(test, "Running: c3-z.ts (3/3)\n");
    collect_all(test);
    assert_int_equal(unit_count(test), 3);
    assert_string_equal(mode_of(test, 1), "append");
    assert_string_equal(mode_of(test, 2), "replace");
    assert_non_null(fake_host_find(test->fake, "host-started", "b2-y"));
    assert_int_equal(record_number(fake_host_find(test->fake, "host-started", "c3-z"), "line"), 1);
    free(old);
}

static void a_deleted_log_is_read_on_while_its_writer_goes_on(void **state)
{
    const struct test *test = *state;
    int writer = open(test->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const char line[] = "🏁 Recorded Run: https://x/1\n";

    assert_true(writer >= 0);
    append(test, "Running: a1-x.ts (1/1)\n\n  (Results)\n");
    collect_all(test);
    assert_int_equal(unlink(test->log), 0);
    collect_all(test);
    assert_int_equal(unit_count(test), 1);
    assert_int_equal(write(writer, line, sizeof(line) - 1), (ssize_t)sizeof(line) - 1);
    assert_int_equal(close(writer), 0);
    collect_all(test);
    assert_string_equal(record_text(fake_host_find(test->fake, "run-url", NULL), "text"),
                        "https://x/1");
}

static void assert_refused(const struct test *test, const char *what)
{
    struct json_object *unit;

    collect_all(test);
    collect_all(test);
    assert_int_equal(unit_count(test), 1);
    unit = unit_at(test, 0);
    assert_string_equal(record_text(unit, "quality"), "damaged");
    assert_non_null(strstr(record_text(unit, "reason"), what));
    assert_null(json_object_object_get(json_object_object_get(unit, "begin"), "size"));
    assert_int_equal(fake_host_warnings(test->fake), 1);
}

static void a_fifo_in_its_place_is_not_opened(void **state)
{
    const struct test *test = *state;

    assert_int_equal(mkfifo(test->log, 0600), 0);
    assert_refused(test, "FIFO");
    assert_int_equal(unlink(test->log), 0);
    append(test, "Running: a1-x.ts (1/1)\n");
    collect_all(test);
    assert_non_null(fake_host_find(test->fake, "host-started", "a1-x"));
}

static void a_folder_in_its_place_is_not_opened(void **state)
{
    const struct test *test = *state;

    assert_int_equal(mkdir(test->log, 0700), 0);
    assert_refused(test, "folder");
}

static void a_symbolic_link_is_not_followed(void **state)
{
    const struct test *test = *state;
    char *other = memory_format("%s/other", test->folder);

    write_file(other, "Running: a1-x.ts (1/1)\n", 23, 0);
    assert_int_equal(symlink(other, test->log), 0);
    assert_refused(test, "symbolic link");
    free(other);
}

static void a_log_that_is_set_aside_is_left_alone(void **state)
{
    const struct test *test = *state;

    append(test, "Running: a1-x.ts (1/1)\n");
    fake_host_set_aside(test->fake, test->log);
    collect_all(test);
    assert_int_equal(unit_count(test), 0);
}

/* ---------------------------------------------------------------- hostile content */

static void a_line_of_many_megabytes_is_cut_and_passed_over(void **state)
{
    const struct test *test = *state;
    char *block = malloc(1024 * 1024);

    assert_non_null(block);
    memset(block, 'x', 1024 * 1024);
    append(test, "Running: a1-x.ts (1/2)\n");
    for (int i = 0; i < 40; i++)
        write_file(test->log, block, 1024 * 1024, O_APPEND);
    append(test, "\n\n====================\n\nRunning: b2-y.ts (2/2)\n");
    assert_int_equal(collect(test), ATVM_COLLECT_AGAIN);
    assert_string_equal(record_text(unit_at(test, 0), "quality"), "growing");
    collect_all(test);
    assert_int_equal(record_number(fake_host_find(test->fake, "host-started", "b2-y"), "line"), 6);
    free(block);
}

static void a_pass_ends_before_its_deadline(void **state)
{
    const struct test *test = *state;
    char *block = malloc(1024 * 1024);

    assert_non_null(block);
    memset(block, '\n', 1024 * 1024);
    write_file(test->log, block, 1024 * 1024, 0);
    append(test, "Running: a1-x.ts (1/1)\n");
    fake_host_set_deadline(test->fake, 0);
    assert_int_equal(collect(test), ATVM_COLLECT_AGAIN);
    assert_null(fake_host_find(test->fake, "host-started", NULL));
    collect_all(test);
    assert_non_null(fake_host_find(test->fake, "host-started", "a1-x"));
    free(block);
}

static void a_hole_of_nuls_hides_no_line(void **state)
{
    const struct test *test = *state;
    int descriptor = open(test->log, O_WRONLY | O_CREAT, 0600);

    assert_true(descriptor >= 0);
    assert_int_equal(ftruncate(descriptor, 3 * LOG_LINE_MAX), 0);
    assert_int_equal(close(descriptor), 0);
    append(test, "Running: a1-x.ts (1/1)\n");
    collect_all(test);
    assert_non_null(fake_host_find(test->fake, "host-started", "a1-x"));
}

static void bytes_that_are_no_utf8_are_told_once(void **state)
{
    const struct test *test = *state;
    struct json_object *fact;

    append(test, "one\ntwo \xff\nthree \xfe\nExtracted specPattern: ['a\xff.ts']\n");
    collect_all(test);
    fact = fake_host_find(test->fake, "fact", NULL);
    assert_string_equal(record_text(fact, "entity"), "encoding");
    assert_string_equal(record_text(fact, "text"), "invalid UTF-8 at byte 8");
    assert_int_equal(record_number(fact, "line"), 2);
    {
        struct json_object *records = said(test);

        assert_int_equal(runlog_record_count(records, "fact", NULL, NULL), 2);
        json_object_put(records);
    }
    assert_non_null(fake_host_find(test->fake, "expected-host", "a\xef\xbf\xbd"));
}

static void the_launch_log_gives_facts_and_no_results(void **state)
{
    const struct test *test = *state;
    static const char text[] = "Extracted specPattern: ['a1-x.ts']\nRunning: a1-x.ts (1/1)\n"
                               "  Cloud Run Finished  \nTerminated\nbad \xff\n";

    write_file(test->launch_log, text, sizeof(text) - 1, 0);
    collect_all(test);
    assert_int_equal(unit_count(test), 1);
    assert_string_equal(record_text(json_object_object_get(unit_at(test, 0), "begin"), "kind"),
                        "launch-log");
    {
        struct json_object *records = said(test);

        assert_int_equal(json_object_array_length(records), 2);
        assert_int_equal(runlog_record_count(records, "fact", NULL, NULL), 2);
        json_object_put(records);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_absent_log_says_nothing_and_is_watched),
        TEST(an_empty_log_is_a_source_without_evidence),
        TEST(what_is_added_is_appended),
        TEST(a_log_that_grows_by_single_bytes_says_the_same_as_at_once),
        TEST(a_log_that_grows_in_random_pieces_says_the_same_as_at_once),
        TEST(a_log_cut_at_any_byte_gives_no_false_pass),
        TEST(an_unfinished_last_line_counts_only_where_it_is_a_kill),
        TEST(an_unfinished_url_does_not_count),
        TEST(a_whole_confirmation_without_newline_counts),
        TEST(a_truncated_log_is_read_anew),
        TEST(a_rewritten_log_that_is_longer_is_read_anew),
        TEST(a_rotated_log_is_read_to_its_end_before_the_new_one),
        TEST(a_deleted_log_is_read_on_while_its_writer_goes_on),
        TEST(a_fifo_in_its_place_is_not_opened),
        TEST(a_folder_in_its_place_is_not_opened),
        TEST(a_symbolic_link_is_not_followed),
        TEST(a_log_that_is_set_aside_is_left_alone),
        TEST(a_line_of_many_megabytes_is_cut_and_passed_over),
        TEST(a_pass_ends_before_its_deadline),
        TEST(a_hole_of_nuls_hides_no_line),
        TEST(bytes_that_are_no_utf8_are_told_once),
        TEST(the_launch_log_gives_facts_and_no_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
