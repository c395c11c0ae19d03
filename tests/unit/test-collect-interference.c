/*
 * Collect workers that are killed or stopped from outside, in a file or idle: the ledger says the
 * same of all files as without, and holds a gap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "collect-session.h"
#include "memory.h"

/* Runs until the worker waits inside of a file: a FIFO that the test is the writer of. Returns its
 * end. */
static int run_until_worker_reads(struct session *session, const char *name)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", session->folder, name);

    for (int turns = 0; turns < 10000; turns++) {
        int descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

        if (descriptor >= 0)
            return descriptor;
        assert_int_equal(errno, ENXIO);
        session_turn(session);
    }
    fail_msg("the worker never opened %s", name);
    return -1;
}

static void finish_reading(struct session *session, const char *name)
{
    CLEANUP_CLOSE int descriptor = run_until_worker_reads(session, name);

    assert_int_equal(write(descriptor, "pass atvm4-d\n", 13), 13);
}

static void add_fifo(struct session *session, const char *name)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", session->folder, name);

    assert_int_equal(mkfifo(path, 0600), 0);
}

/* The ledger of a pass during which the worker gets `signal_number` so many times inside of a file
 * that is none the worse for it. */
static char *sources_with_interference(struct session *session, int signal_number, unsigned times)
{
    session_add_three_files(session);
    add_fifo(session, "slow");
    session_request(session);
    for (unsigned i = 0; i < times; i++) {
        int descriptor = run_until_worker_reads(session, "slow");

        assert_int_equal(collect_restarts(session->collect), i);
        assert_int_equal(kill(collect_worker_pid(session->collect), signal_number), 0);
        session_run_until_restarts(session, i + 1);
        close(descriptor);
    }
    finish_reading(session, "slow");
    session_run_until_passes(session, 1);
    return session_sources(session);
}

static char *expected_sources(const struct session *session)
{
    return memory_format("folder %s/a quality 1 (-)\n"
                         "  claim 5 outcome 1 host atvm1-a text -\n"
                         "folder %s/b quality 1 (-)\n"
                         "  claim 5 outcome 2 host atvm2-b text -\n"
                         "folder %s/slow quality 1 (-)\n"
                         "  claim 5 outcome 1 host atvm4-d text -\n"
                         "folder %s/z quality 1 (-)\n"
                         "  claim 5 outcome 1 host atvm3-c text -\n",
                         session->folder, session->folder, session->folder, session->folder);
}

static void check_interference(struct session *session, int signal_number, unsigned times,
                               const char *words)
{
    CLEANUP_FREE char *sources = sources_with_interference(session, signal_number, times);
    CLEANUP_FREE char *expected = expected_sources(session);

    assert_string_equal(sources, expected);
    assert_int_equal(session->ledger->gap_count, times);
    for (unsigned i = 0; i < times; i++) {
        assert_words(session->ledger->gaps[i].path, "/slow");
        assert_words(session->ledger->gaps[i].reason, words);
    }
    assert_int_equal(collect_restarts(session->collect), times);
    assert_int_equal(ledger_pass_of(session->ledger, "folder")->result, ATVM_COLLECT_COMPLETE);
}

static void test_an_undisturbed_pass_for_comparison(void **state)
{
    check_interference(*state, 0, 0, "");
}

static void test_a_killed_worker_changes_nothing_but_a_gap(void **state)
{
    check_interference(*state, SIGKILL, 1, "the collect worker was killed by signal 9 (Killed)");
}

static void test_a_worker_killed_thrice_in_one_file_changes_nothing_but_gaps(void **state)
{
    check_interference(*state, SIGKILL, 3, "the collect worker was killed by signal 9 (Killed)");
}

static void test_a_terminated_worker_changes_nothing_but_a_gap(void **state)
{
    check_interference(*state, SIGTERM, 1, "the collect worker was killed by signal 15");
}

static void test_a_stopped_worker_is_replaced_and_changes_nothing_but_a_gap(void **state)
{
    check_interference(*state, SIGSTOP, 1, "the collect worker was stopped by a signal");
}

static void test_a_crash_that_does_not_repeat_changes_nothing_but_a_gap(void **state)
{
    check_interference(*state, SIGBUS, 1, "the collect worker ");
}

static void test_failures_count_only_in_a_row(void **state)
{
    struct session *session = *state;

    session_add_three_files(session);
    add_fifo(session, "slow");
    for (unsigned i = 0; i < 3; i++) {
        int descriptor;

        session_request(session);
        descriptor = run_until_worker_reads(session, "slow");
        assert_int_equal(kill(collect_worker_pid(session->collect), SIGBUS), 0);
        session_run_until_restarts(session, i + 1);
        close(descriptor);
        finish_reading(session, "slow");
        session_run_until_passes(session, i + 1);
    }
    assert_int_equal(session_source(session, "slow")->quality, ATVM_QUALITY_WHOLE);
    assert_int_equal(session->ledger->gap_count, 3);
}

static void test_a_worker_that_is_killed_while_idle_is_replaced(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *before = NULL;
    CLEANUP_FREE char *after = NULL;

    session_add_three_files(session);
    session_pass(session);
    before = session_sources(session);
    assert_int_equal(kill(collect_worker_pid(session->collect), SIGKILL), 0);
    session_run_until_restarts(session, 1);
    assert_int_equal(session->ledger->gap_count, 1);
    assert_null(session->ledger->gaps[0].path);
    assert_int_equal(session->passes, 1);
    session_pass(session);
    after = session_sources(session);
    assert_string_equal(after, before);
}

static void test_a_worker_that_is_stopped_while_idle_is_replaced_with_the_next_pass(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *before = NULL;
    CLEANUP_FREE char *after = NULL;

    session_add_three_files(session);
    session_pass(session);
    before = session_sources(session);
    assert_int_equal(kill(collect_worker_pid(session->collect), SIGSTOP), 0);
    session_pass(session);
    after = session_sources(session);
    assert_string_equal(after, before);
    assert_int_equal(collect_restarts(session->collect), 1);
}

static void test_no_worker_is_left_behind(void **state)
{
    struct session *session = *state;
    pid_t worker;

    session_add_three_files(session);
    add_fifo(session, "slow");
    session_request(session);
    close(run_until_worker_reads(session, "slow"));
    worker = collect_worker_pid(session->collect);
    assert_true(worker > 1);
    collect_free(session->collect);
    session->collect = NULL;
    assert_int_equal(kill(worker, 0), -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, session_setup, session_teardown)

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_an_undisturbed_pass_for_comparison),
        TEST(test_a_killed_worker_changes_nothing_but_a_gap),
        TEST(test_a_worker_killed_thrice_in_one_file_changes_nothing_but_gaps),
        TEST(test_a_terminated_worker_changes_nothing_but_a_gap),
        TEST(test_a_stopped_worker_is_replaced_and_changes_nothing_but_a_gap),
        TEST(test_a_crash_that_does_not_repeat_changes_nothing_but_a_gap),
        TEST(test_failures_count_only_in_a_row),
        TEST(test_a_worker_that_is_killed_while_idle_is_replaced),
        TEST(test_a_worker_that_is_stopped_while_idle_is_replaced_with_the_next_pass),
        TEST(test_no_worker_is_left_behind),
    };
    int status = collect_session_worker(argument_count, arguments);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
