/*
 * Starting workers. The program starts itself: with an argument it plays the worker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"
#include "worker-process.h"

extern char **environ;

/* ---- the worker's side */

static int play_environment(void)
{
    for (char **variable = environ; *variable; variable++)
        puts(*variable);
    return 0;
}

static int play_descriptors(void)
{
    CLEANUP_DIR DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(folder))
            puts(entry->d_name);
    return 0;
}

/* Sanitizers handle these from the first moment of a program on. */
static bool is_sanitizers(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE;
}

static int play_signals(void)
{
    struct sigaction action;
    sigset_t mask;
    int special = 0;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < SIGRTMIN; number++)
        if (sigaction(number, NULL, &action) == 0)
            special += (action.sa_handler != SIG_DFL && !is_sanitizers(number)) ||
                       sigismember(&mask, number);
    printf("%d special, %s\n", special, getsid(0) == getpid() ? "own session" : "same session");
    return 0;
}

static int play_copy(void)
{
    char buffer[64];
    ssize_t length = read(3, buffer, sizeof(buffer));

    if (length < 0 || write(STDOUT_FILENO, buffer, (size_t)length) != length)
        return 1;
    fputs("to standard error", stderr);
    return 7;
}

static int play_wait(void)
{
    char byte;

    puts("waiting");
    fflush(stdout);
    return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}

/* Starts a worker that waits, says its pid, and ends without a word to it. */
static int play_parent(void)
{
    static const char *const arguments[] = {"test", "wait", NULL};
    struct worker_process worker;
    struct worker_process_settings settings = {.arguments = arguments,
                                               .input = STDIN_FILENO,
                                               .output = STDERR_FILENO,
                                               .errors = STDERR_FILENO,
                                               .dies_with_parent = true};

    if (worker_process_spawn(&settings, &worker) != 0)
        return 1;
    printf("%d\n", (int)worker.pid);
    fflush(stdout);
    _exit(0);
}

static int play(const char *part)
{
    static const struct {
        const char *name;
        int (*play)(void);
    } parts[] = {{"environment", play_environment},
                 {"descriptors", play_descriptors},
                 {"signals", play_signals},
                 {"copy", play_copy},
                 {"wait", play_wait},
                 {"parent", play_parent}};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(parts[i].name, part) == 0)
            return parts[i].play();
    return 99;
}

/* ---- the caller's side */

static char *read_all(int descriptor)
{
    char *text = memory_zeroed(1, 65536);
    size_t length = 0;
    ssize_t got;

    while ((got = read(descriptor, text + length, 65535 - length)) > 0)
        length += (size_t)got;
    return text;
}

static struct worker_process start(const char *part, struct worker_process_settings settings)
{
    const char *const arguments[] = {"test", part, NULL};
    struct worker_process worker = WORKER_PROCESS_NONE;

    settings.arguments = arguments;
    assert_int_equal(worker_process_spawn(&settings, &worker), 0);
    return worker;
}

static const struct worker_process_settings all_pipes = {
    .input = WORKER_PROCESS_PIPE, .output = WORKER_PROCESS_PIPE, .errors = WORKER_PROCESS_PIPE};

/* All a worker writes to its standard output until it ends by itself with `status`. */
static char *output_of(const char *part, struct worker_process_settings settings, int status)
{
    struct worker_process worker = start(part, settings);
    char *output = read_all(worker.output);
    siginfo_t end;

    assert_int_equal(worker_process_reap(&worker, &end), 0);
    assert_int_equal(end.si_code, CLD_EXITED);
    assert_int_equal(end.si_status, status);
    worker_process_close(&worker);
    return output;
}

static void test_environment_holds_nothing_of_the_callers_but_the_named(void **state)
{
    static const char *const more[] = {"CREDENTIALS=folder", NULL};
    struct worker_process_settings settings = all_pipes;
    CLEANUP_FREE char *output = NULL;

    (void)state;
    setenv("MATTERMOST_ATVM_WEBHOOK", "https://secret.example", 1);
    setenv("PATH_OF_OURS", "x", 1);
    setenv("TZ", "Europe/Berlin", 1);
    setenv("ATVM_WATCHER_MODULE_PATH", "/some/where", 1);
    settings.environment = more;
    output = output_of("environment", settings, 0);
    assert_null(strstr(output, "secret"));
    assert_null(strstr(output, "PATH_OF_OURS"));
    assert_null(strstr(output, "HOME="));
    assert_non_null(strstr(output, "LC_ALL=C.UTF-8\n"));
    assert_non_null(strstr(output, "TZ=Europe/Berlin\n"));
    assert_non_null(strstr(output, "ATVM_WATCHER_MODULE_PATH=/some/where\n"));
    assert_non_null(strstr(output, "CREDENTIALS=folder\n"));
}

static void test_only_given_descriptors_are_open(void **state)
{
    CLEANUP_CLOSE int leaked = open("/dev/null", O_RDONLY);
    CLEANUP_CLOSE int given = open("/dev/null", O_RDONLY);
    CLEANUP_CLOSE int leaked_high = fcntl(leaked, F_DUPFD, 200);
    struct worker_process_settings settings = all_pipes;
    CLEANUP_FREE char *without = NULL;
    CLEANUP_FREE char *with = NULL;

    (void)state;
    assert_true(leaked >= 0 && given >= 0 && leaked_high >= 200);
    without = output_of("descriptors", settings, 0);
    settings.descriptors = &given;
    settings.descriptor_count = 1;
    with = output_of("descriptors", settings, 0);
    assert_string_equal(without, "0\n1\n2\n");
    assert_string_equal(with, "0\n1\n2\n3\n");
}

static void test_signal_mask_and_dispositions_are_reset(void **state)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    CLEANUP_FREE char *output = NULL;
    sigset_t blocked, old;

    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    sigaction(SIGPIPE, &ignore, &before);
    output = output_of("signals", all_pipes, 0);
    sigaction(SIGPIPE, &before, NULL);
    sigprocmask(SIG_SETMASK, &old, NULL);
    assert_string_equal(output, "0 special, own session\n");
}

static void test_given_descriptors_keep_their_order_even_when_crossed(void **state)
{
    struct worker_process_settings settings = all_pipes;
    struct worker_process worker;
    CLEANUP_FREE char *output = NULL;
    CLEANUP_FREE char *errors = NULL;
    CLEANUP_FREE char *text = NULL;
    int content[2];
    int to_output[2];
    siginfo_t end;

    (void)state;
    assert_int_equal(pipe2(content, O_CLOEXEC), 0);
    assert_int_equal(pipe2(to_output, O_CLOEXEC), 0);
    assert_int_equal(write(content[1], "payload", 7), 7);
    close(content[1]);
    settings.output = to_output[1];
    settings.descriptors = &content[0];
    settings.descriptor_count = 1;
    worker = start("copy", settings);
    assert_int_equal(worker.output, -1);
    close(to_output[1]);
    output = read_all(to_output[0]);
    errors = read_all(worker.errors);
    assert_int_equal(worker_process_reap(&worker, &end), 0);
    text = worker_process_status_text(&end);
    assert_string_equal(output, "payload");
    assert_string_equal(errors, "to standard error");
    assert_string_equal(text, "ended with status 7");
    worker_process_close(&worker);
    close(content[0]);
    close(to_output[0]);
}

static void test_pidfd_tells_of_a_killed_worker(void **state)
{
    struct worker_process worker = start("wait", all_pipes);
    struct pollfd ended = {.fd = worker.pidfd, .events = POLLIN};
    CLEANUP_FREE char *text = NULL;
    char byte;
    siginfo_t end;

    (void)state;
    assert_int_equal(read(worker.output, &byte, 1), 1);
    assert_int_equal(poll(&ended, 1, 0), 0);
    assert_int_equal(worker_process_signal(&worker, SIGKILL), 0);
    assert_int_equal(poll(&ended, 1, 10000), 1);
    assert_int_equal(worker_process_reap(&worker, &end), 0);
    assert_int_equal(worker.pid, -1);
    assert_int_equal(worker.pidfd, -1);
    text = worker_process_status_text(&end);
    assert_string_equal(text, "was killed by signal 9 (Killed)");
    worker_process_close(&worker);
}

static void test_a_program_that_cannot_run_is_an_error_at_once(void **state)
{
    static const char *const arguments[] = {"test", NULL};
    struct worker_process_settings settings = all_pipes;
    struct worker_process worker = WORKER_PROCESS_NONE;

    (void)state;
    settings.arguments = arguments;
    settings.executable = "/nowhere/atvm-watcher";
    assert_int_equal(worker_process_spawn(&settings, &worker), -ENOENT);
    settings.executable = "/dev/null";
    assert_int_equal(worker_process_spawn(&settings, &worker), -EACCES);
    assert_int_equal(worker.pid, -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_too_many_descriptors_are_refused(void **state)
{
    struct worker_process_settings settings = all_pipes;
    struct worker_process worker = WORKER_PROCESS_NONE;

    (void)state;
    settings.descriptor_count = WORKER_PROCESS_DESCRIPTORS_MAX + 1;
    assert_int_equal(worker_process_spawn(&settings, &worker), -EINVAL);
}

static void test_worker_dies_with_its_parent(void **state)
{
    struct worker_process parent = start("parent", all_pipes);
    CLEANUP_FREE char *said = NULL;
    CLEANUP_FREE char *pid = NULL;
    siginfo_t end;

    (void)state;
    pid = read_all(parent.output);
    assert_true(atoi(pid) > 1);
    assert_int_equal(worker_process_reap(&parent, &end), 0);
    assert_int_equal(end.si_status, 0);
    /* The grandchild holds this pipe until it ends; the input it waits for stays open, in here. */
    said = read_all(parent.errors);
    assert_true(strcmp(said, "") == 0 || strcmp(said, "waiting\n") == 0);
    worker_process_close(&parent);
}

int main(int count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment_holds_nothing_of_the_callers_but_the_named),
        cmocka_unit_test(test_only_given_descriptors_are_open),
        cmocka_unit_test(test_signal_mask_and_dispositions_are_reset),
        cmocka_unit_test(test_given_descriptors_keep_their_order_even_when_crossed),
        cmocka_unit_test(test_pidfd_tells_of_a_killed_worker),
        cmocka_unit_test(test_a_program_that_cannot_run_is_an_error_at_once),
        cmocka_unit_test(test_too_many_descriptors_are_refused),
        cmocka_unit_test(test_worker_dies_with_its_parent),
    };

    if (count > 1)
        return play(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
