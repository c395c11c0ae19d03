/*
 * The watcher's side of the collect worker: workers that crash, hang, cannot start, or lie.
 * Whatever happens, the ledger says the same of the files that can be read, and what could not be
 * looked at is a gap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "collect-limits.h"
#include "collect-session.h"
#include "containment-filter.h"
#include "memory.h"

/* AddressSanitizer turns a SIGSEGV into its report and an exit. */
#if CONTAINMENT_UNDER_SANITIZERS
#define CRASH_WORDS "the collect worker ended with status 1"
#else
#define CRASH_WORDS "the collect worker was killed by signal 11"
#endif

static void assert_three_files(const struct session *session)
{
    assert_int_equal(session_source(session, "a")->records[0].outcome, ATVM_OUTCOME_PASS);
    assert_int_equal(session_source(session, "b")->records[0].outcome, ATVM_OUTCOME_FAIL);
    assert_int_equal(session_source(session, "z")->records[0].outcome, ATVM_OUTCOME_PASS);
}

static void set_option(struct session *session, const char *name, const char *value)
{
    struct config *config = &session->config;

    json_object_object_add(config->collectors[config->collector_count - 1].options, name,
                           json_object_new_string(value));
}

/* ---------------------------------------------------------------- passes */

static void test_requests_during_a_pass_are_one_more_pass(void **state)
{
    struct session *session = *state;

    session_add_three_files(session);
    session_request(session);
    for (int i = 0; i < 5; i++)
        collect_request_pass(session->collect);
    session_run_until_passes(session, 1);
    for (int i = 0; i < 30; i++)
        session_turn(session);
    assert_int_equal(session->passes, 1);
    collect_request_pass(session->collect);
    collect_request_pass(session->collect);
    collect_request_pass(session->collect);
    session_run_until_passes(session, 3);
    for (int i = 0; i < 30; i++)
        session_turn(session);
    assert_int_equal(session->passes, 3);
}

static void test_results_of_passes_are_in_the_ledger(void **state)
{
    static const struct {
        const char *option;
        int32_t result;
        bool again;
        const char *reason;
    } cases[] = {
        {"again", ATVM_COLLECT_AGAIN, true, "the option result says so"},
        {"unavailable", ATVM_COLLECT_UNAVAILABLE, false, "the option result says so"},
        {"broken", ATVM_COLLECT_BROKEN, false, "the option result says so"},
    };
    struct session *session = *state;

    session_add_folder(session);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ledger_pass *pass;

        set_option(session, "result", cases[i].option);
        collect_free(session->collect);
        session->collect = NULL;
        session_pass(session);
        pass = ledger_pass_of(session->ledger, "folder");
        assert_int_equal(pass->result, cases[i].result);
        assert_string_equal(pass->reason, cases[i].reason);
        assert_int_equal(session->again, cases[i].again);
    }
}

static unsigned count_words(const char *text, const char *words)
{
    unsigned count = 0;

    for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
        count++;
    return count;
}

static void test_a_collector_that_cannot_look_is_said_once_and_when_it_can_again(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *elsewhere = memory_format("%s.elsewhere", session->folder);
    CLEANUP_FREE char *log = NULL;

    session_add_folder(session);
    assert_int_equal(rename(session->folder, elsewhere), 0);
    session_pass(session);
    session_pass(session);
    assert_int_equal(rename(elsewhere, session->folder), 0);
    session_pass(session);
    session_pass(session);
    log = session_log(session);
    assert_int_equal(count_words(log, "warning: collector folder: could not look: the folder is "
                                      "gone;[31m mend that\n"),
                     1);
    assert_int_equal(count_words(log, "could not look"), 1);
    assert_int_equal(count_words(log, "notice: collector folder: can look again\n"), 1);
    assert_int_equal(count_words(log, "can look again"), 1);
}

static void test_a_broken_instance_is_created_anew_and_the_files_are_read_again(void **state)
{
    struct session *session = *state;

    session_add_three_files(session);
    set_option(session, "result", "broken");
    session_pass(session);
    session_remove_file(session, "a");
    session_add_file(session, "c", "pass atvm4-d\n");
    session_pass(session);
    assert_true(session_has_source(session, "c"));
    assert_int_equal(ledger_pass_of(session->ledger, "folder")->result, ATVM_COLLECT_BROKEN);
    /* Broken twice: now it waits, and looks at nothing. */
    session_add_file(session, "d", "pass atvm5-e\n");
    session_pass(session);
    assert_false(session_has_source(session, "d"));
    assert_int_equal(ledger_pass_of(session->ledger, "folder")->result, ATVM_COLLECT_BROKEN);
    assert_string_equal(ledger_pass_of(session->ledger, "folder")->reason,
                        "the option result says so");
    assert_int_equal(collect_restarts(session->collect), 0);
}

/* ---------------------------------------------------------------- files that take the worker down
 */

static void check_set_aside(struct session *session, const char *name, const char *words)
{
    const struct ledger_source *source = session_source(session, name);
    CLEANUP_FREE char *log = session_log(session);

    assert_three_files(session);
    assert_int_equal(source->quality, ATVM_QUALITY_DAMAGED);
    assert_int_equal(source->record_count, 0);
    assert_words(source->reason, words);
    assert_words(source->reason, "while reading it");
    assert_string_equal(source->file.kind, "junit");
    assert_string_equal(source->file.stem, name);
    assert_int_equal(session->ledger->gap_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(session->ledger->gaps[i].collector, "folder");
        assert_string_equal(session->ledger->gaps[i].path, source->file.path);
        assert_words(session->ledger->gaps[i].reason, words);
        assert_int_equal(session->ledger->gaps[i].time_ns, SESSION_NOW_NS);
    }
    assert_int_equal(collect_restarts(session->collect), 2);
    assert_words(log, "is set aside as damaged for collector folder");
    /* It stays aside. */
    session_pass(session);
    assert_int_equal(collect_restarts(session->collect), 2);
    assert_int_equal(session_source(session, name)->quality, ATVM_QUALITY_DAMAGED);
}

static void test_a_file_that_crashes_the_worker_twice_is_set_aside(void **state)
{
    struct session *session = *state;

    session_add_three_files(session);
    session_add_file(session, "crash", "");
    session_pass(session);
    check_set_aside(session, "crash", CRASH_WORDS);
}

static void test_a_file_that_ends_the_worker_twice_is_set_aside(void **state)
{
    struct session *session = *state;

    session_add_three_files(session);
    session_add_file(session, "exit", "");
    session_pass(session);
    check_set_aside(session, "exit", "the collect worker ended with status 7");
}

static void test_a_file_that_hangs_the_worker_twice_is_set_aside(void **state)
{
    struct session *session = *state;

    session->config.collect_timeout_ns = INT64_C(400000000);
    session_add_three_files(session);
    session_add_file(session, "hang", "");
    session_pass(session);
    check_set_aside(session, "hang", "the collect worker did not finish its pass in 0.4 s");
}

/* The watcher sleeps through the whole time of a pass while its worker waits for room in the pipe.
 */
static void test_time_in_which_the_watcher_was_busy_is_not_the_workers(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *content = memory_zeroed(5000, 11);

    session->config.collect_timeout_ns = INT64_C(600000000);
    session_add_three_files(session);
    session_pass(session);
    for (size_t i = 0; i < 5000; i++)
        memcpy(content + 10 * i, "pass atvm\n", 10);
    session_add_file(session, "large", content);
    collect_request_pass(session->collect);
    usleep(800000);
    session_run_until_passes(session, 2);
    assert_int_equal(collect_restarts(session->collect), 0);
    assert_int_equal(session->ledger->gap_count, 0);
    assert_int_equal(session_source(session, "large")->record_count, 5000);
}

static void test_several_bad_files_cost_only_themselves(void **state)
{
    struct session *session = *state;

    session_add_three_files(session);
    session_add_file(session, "crash", "");
    session_add_file(session, "exec", "");
    session_add_file(session, "exit", "");
    session_pass(session);
    assert_three_files(session);
    assert_int_equal(session_source(session, "crash")->quality, ATVM_QUALITY_DAMAGED);
    assert_int_equal(session_source(session, "exec")->quality, ATVM_QUALITY_DAMAGED);
    assert_int_equal(session_source(session, "exit")->quality, ATVM_QUALITY_DAMAGED);
    assert_int_equal(collect_restarts(session->collect), 6);
}

/* What the ledger held of a file before it was set aside must not be lost: the same file again, now
 * as one that crashes (a hard link keeps the identity). */
static void test_what_a_file_said_before_it_was_set_aside_stays(void **state)
{
    struct session *session = *state;
    struct stat status;
    CLEANUP_FREE char *path = memory_format("%s/crash", session->folder);
    CLEANUP_FREE char *begin = NULL;
    CLEANUP_FREE char *error = NULL;
    struct ledger_reader *reader = ledger_reader_new(session->ledger);
    static const char failure[] =
        "{\"t\":\"evidence\",\"claim\":\"host-result\",\"outcome\":\"fail\",\"host\":\"atvm9-x\"}";
    static const char end[] = "{\"t\":\"end\",\"quality\":\"whole\",\"time\":1}";

    session_add_three_files(session);
    session_add_file(session, "crash", "");
    assert_int_equal(stat(path, &status), 0);
    begin =
        memory_format("{\"t\":\"begin\",\"collector\":\"folder\",\"mode\":\"replace\",\"path\":"
                      "\"%s\",\"kind\":\"junit\",\"device\":%llu,\"inode\":%llu}",
                      path, (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
    assert_int_equal(ledger_reader_line(reader, begin, strlen(begin), &error),
                     LEDGER_LINE_EVIDENCE);
    assert_int_equal(ledger_reader_line(reader, failure, strlen(failure), &error),
                     LEDGER_LINE_EVIDENCE);
    assert_int_equal(ledger_reader_line(reader, end, strlen(end), &error), LEDGER_LINE_EVIDENCE);
    ledger_reader_free(reader);
    session_pass(session);
    assert_int_equal(session_source(session, "crash")->quality, ATVM_QUALITY_DAMAGED);
    assert_int_equal(session_source(session, "crash")->record_count, 1);
    assert_int_equal(session_source(session, "crash")->records[0].outcome, ATVM_OUTCOME_FAIL);
}

static void test_a_collector_that_crashes_outside_of_files_does_not_stop_the_others(void **state)
{
    struct session *session = *state;
    struct json_object *options = json_object_new_object();
    CLEANUP_FREE char *log = NULL;

    json_object_object_add(options, "folder", json_object_new_string("/nowhere"));
    json_object_object_add(options, "result", json_object_new_string("crash"));
    session_add_collector(session, "crasher", "test-folder", options, true);
    session_add_three_files(session);
    session_pass(session);
    assert_three_files(session);
    assert_int_equal(collect_restarts(session->collect), 2);
    assert_int_equal(ledger_pass_of(session->ledger, "crasher")->result, ATVM_COLLECT_UNAVAILABLE);
    assert_int_equal(ledger_pass_of(session->ledger, "folder")->result, ATVM_COLLECT_COMPLETE);
    assert_int_equal(session->ledger->gap_count, 2);
    assert_null(session->ledger->gaps[0].path);
    assert_string_equal(session->ledger->gaps[0].collector, "crasher");
    log = session_log(session);
    assert_words(log, "collector crasher is set aside");
}

/* ---------------------------------------------------------------- start-up */

static void test_a_failing_start_up_is_told_in_the_modules_words(void **state)
{
    static const char *const steps[] = {"configure", "check"};
    struct session *session = *state;

    session_add_folder(session);
    for (size_t i = 0; i < 2; i++) {
        CLEANUP_FREE char *words = memory_format(
            "collector folder: %s fails because the option fail_in says so", steps[i]);

        set_option(session, "fail_in", steps[i]);
        collect_free(session->collect);
        session->collect = NULL;
        free(TAKE_POINTER(session->failure));
        assert_string_equal(session_run_until_failure(session), words);
        assert_int_equal(collect_worker_pid(session->collect), -1);
    }
}

static void test_a_missing_module_is_a_failing_start_up(void **state)
{
    struct session *session = *state;

    session_add_collector(session, "missing", "no-such-module", NULL, true);
    assert_words(session_run_until_failure(session), "collector missing: ");
    assert_words(session->failure, "no-such-module.so");
}

static void test_a_module_that_needs_the_network_is_refused(void **state)
{
    struct session *session = *state;

    session_add_collector(session, "scrape", "test-host-network", NULL, true);
    assert_words(session_run_until_failure(session), "collector scrape: ");
    assert_words(session->failure, "test-host-network.so: it needs the network");
}

static void test_what_is_not_critical_is_left_out_with_a_gap(void **state)
{
    struct session *session = *state;
    struct json_object *options = json_object_new_object();

    json_object_object_add(options, "folder", json_object_new_string("/nowhere"));
    json_object_object_add(options, "fail_in", json_object_new_string("check"));
    session_add_collector(session, "missing", "no-such-module", NULL, false);
    session_add_collector(session, "scrape", "test-host-network", NULL, false);
    session_add_collector(session, "failing", "test-folder", options, false);
    session_add_three_files(session);
    session_pass(session);
    assert_three_files(session);
    assert_int_equal(session->ledger->gap_count, 3);
    assert_string_equal(session->ledger->gaps[0].collector, "missing");
    assert_words(session->ledger->gaps[0].reason, "no-such-module");
    assert_string_equal(session->ledger->gaps[1].collector, "scrape");
    assert_words(session->ledger->gaps[1].reason, "needs the network");
    assert_string_equal(session->ledger->gaps[2].collector, "failing");
    assert_words(session->ledger->gaps[2].reason, "check fails");
    assert_int_equal(session->ledger->pass_count, 1);
}

static void test_a_crash_in_the_start_up_of_a_critical_module_is_a_failing_start_up(void **state)
{
    struct session *session = *state;

    session_add_folder(session);
    set_option(session, "fail_in", "crash");
    assert_words(session_run_until_failure(session), "while collector folder was at work");
    assert_words(session->failure, "3 times in a row");
}

static void test_a_crash_in_the_start_up_of_another_module_sets_it_aside(void **state)
{
    struct session *session = *state;
    struct json_object *options = json_object_new_object();

    json_object_object_add(options, "folder", json_object_new_string("/nowhere"));
    json_object_object_add(options, "fail_in", json_object_new_string("crash"));
    session_add_collector(session, "crasher", "test-folder", options, false);
    session_add_three_files(session);
    session_pass(session);
    assert_three_files(session);
    assert_int_equal(ledger_pass_of(session->ledger, "crasher")->result, ATVM_COLLECT_UNAVAILABLE);
    assert_words(ledger_pass_of(session->ledger, "crasher")->reason, "set aside");
}

/* ---------------------------------------------------------------- workers that lie */

#define HELLO "{\"t\":\"hello\",\"version\":\"0.0.1\",\"modules\":[]}\n"

/* A worker that is no collect worker at all: what it writes was chosen by the one free variable
 * that a worker inherits. */
static int play_liar(const char *lie)
{
    /* In one write, so that the watcher sees both lines at once. */
    static const char hello_and_done[] = HELLO "{\"t\":\"done\"}\n";
    static char line[2 * LEDGER_LINE_MAX];
    size_t hello_length = strlen(strcmp(lie, "done") == 0 ? hello_and_done : HELLO);

    if (write(STDOUT_FILENO, hello_and_done, hello_length) < 0)
        return 1;
    memset(line, 'x', sizeof(line) - 1);
    puts(strcmp(lie, "long") == 0 ? line : lie);
    fflush(stdout);
    while (getc(stdin) != EOF)
        continue;
    return 0;
}

static void check_liar(struct session *session, const char *lie, const char *words)
{
    setenv("ATVM_WATCHER_MODULE_PATH", lie, 1);
    session_add_folder(session);
    session_request(session);
    session_run_until_restarts(session, 1);
    unsetenv("ATVM_WATCHER_MODULE_PATH");
    assert_true(session->ledger->gap_count >= 1);
    assert_words(session->ledger->gaps[0].reason, words);
    assert_int_equal(session->ledger->source_count, 0);
}

static void test_a_line_that_is_no_evidence_ends_the_worker(void **state)
{
    check_liar(*state, "no JSON", "wrote a line that is no evidence: not a JSON object");
}

static void test_a_record_outside_of_a_source_ends_the_worker(void **state)
{
    check_liar(*state, "{\"t\":\"evidence\",\"claim\":\"fact\"}",
               "wrote a line that is no evidence: \"evidence\" outside of a unit");
}

static void test_a_line_beyond_the_limit_ends_the_worker(void **state)
{
    check_liar(*state, "long", "wrote a line of more than 1048576 bytes");
}

static void test_a_pass_that_was_not_asked_for_ends_the_worker(void **state)
{
    check_liar(*state, "done", "ended a pass that was not asked for");
}

static void test_another_version_is_logged(void **state)
{
    CLEANUP_FREE char *log = NULL;

    check_liar(*state, "no JSON", "no evidence");
    log = session_log(*state);
    assert_words(
        log, "the collect worker is of version 0.0.1, this watcher of version " PACKAGE_VERSION);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, session_setup, session_teardown)

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_requests_during_a_pass_are_one_more_pass),
        TEST(test_results_of_passes_are_in_the_ledger),
        TEST(test_a_collector_that_cannot_look_is_said_once_and_when_it_can_again),
        TEST(test_a_broken_instance_is_created_anew_and_the_files_are_read_again),
        TEST(test_a_file_that_crashes_the_worker_twice_is_set_aside),
        TEST(test_a_file_that_ends_the_worker_twice_is_set_aside),
        TEST(test_a_file_that_hangs_the_worker_twice_is_set_aside),
        TEST(test_time_in_which_the_watcher_was_busy_is_not_the_workers),
        TEST(test_several_bad_files_cost_only_themselves),
        TEST(test_what_a_file_said_before_it_was_set_aside_stays),
        TEST(test_a_collector_that_crashes_outside_of_files_does_not_stop_the_others),
        TEST(test_a_failing_start_up_is_told_in_the_modules_words),
        TEST(test_a_missing_module_is_a_failing_start_up),
        TEST(test_a_module_that_needs_the_network_is_refused),
        TEST(test_what_is_not_critical_is_left_out_with_a_gap),
        TEST(test_a_crash_in_the_start_up_of_a_critical_module_is_a_failing_start_up),
        TEST(test_a_crash_in_the_start_up_of_another_module_sets_it_aside),
        TEST(test_a_line_that_is_no_evidence_ends_the_worker),
        TEST(test_a_record_outside_of_a_source_ends_the_worker),
        TEST(test_a_line_beyond_the_limit_ends_the_worker),
        TEST(test_a_pass_that_was_not_asked_for_ends_the_worker),
        TEST(test_another_version_is_logged),
    };
    const char *lie = getenv("ATVM_WATCHER_MODULE_PATH");
    int status;

    if (argument_count > 1 && lie)
        return play_liar(lie);
    status = collect_session_worker(argument_count, arguments);
    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
