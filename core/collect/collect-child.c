#include "collect-child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "collect-lines.h"
#include "ledger.h"
#include "memory.h"
#include "worker-process.h"

#define ERROR_LINE_MAX 4096
/* How long an end is waited for: after the end of input, and after SIGKILL. */
#define POLITE_MS 1000
#define KILLED_MS 200
/* Reads of one wake-up, so that a flood does not keep the loop from its other sources. */
#define READS_AT_ONCE 16
/* Enough for a full pipe (1 MiB at most without privileges, pipe(7)), and an end to a worker that
 * never stops writing. */
#define READS_OF_PIPE 64

struct collect_child {
    sd_event *event;
    const struct collect_child_events *events;
    void *user;
    struct worker_process process;
    struct collect_lines output, errors;
    char *input; /* what is still to be written to its standard input */
    size_t input_length, input_capacity;
    sd_event_source *input_source, *output_source, *errors_source, *exit_source;
};

/* ---------------------------------------------------------------- its input */

/* write(2) to a pipe that nobody reads raises SIGPIPE; here that is EPIPE only. */
static ssize_t write_without_signal(int descriptor, const char *bytes, size_t length)
{
    const struct timespec at_once = {0, 0};
    sigset_t pipe_signal, before, pending;
    bool was_pending;
    ssize_t written;
    int error;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_signal, &before);
    written = write(descriptor, bytes, length);
    error = errno;
    if (written < 0 && error == EPIPE && !was_pending)
        sigtimedwait(&pipe_signal, NULL, &at_once);
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

/* A worker that no longer reads has ended or will be found overdue: no error of this call. */
static void write_input(struct collect_child *child)
{
    ssize_t written = write_without_signal(child->process.input, child->input, child->input_length);

    if (written > 0) {
        child->input_length -= (size_t)written;
        memmove(child->input, child->input + written, child->input_length);
    } else if (errno != EAGAIN && errno != EINTR) {
        child->input_length = 0;
    }
    sd_event_source_set_enabled(child->input_source,
                                child->input_length > 0 ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_input(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    (void)source;
    (void)descriptor;
    (void)events;
    write_input(user);
    return 0;
}

void collect_child_send(struct collect_child *child, const char *text, size_t length)
{
    while (child->input_capacity - child->input_length < length)
        memory_grow(&child->input, child->input_capacity, &child->input_capacity, 1);
    memcpy(child->input + child->input_length, text, length);
    child->input_length += length;
    write_input(child);
}

/* ---------------------------------------------------------------- its output */

/* Reads until nothing is there, at most `reads` times; the last result of collect_lines_read. */
static int read_lines(struct collect_child *child, struct collect_lines *lines, int descriptor,
                      collect_lines_take take, unsigned reads)
{
    int result = 1;

    while (reads-- > 0 && result > 0)
        result = collect_lines_read(lines, descriptor, take, child->user);
    return result;
}

static int on_output(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    struct collect_child *child = user;
    CLEANUP_FREE char *reason = NULL;
    int result = read_lines(child, &child->output, descriptor, child->events->line, READS_AT_ONCE);

    (void)events;
    if (result == 0)
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
    if (result >= 0 || result == -EAGAIN) {
        child->events->settled(child->user);
        return 0;
    }
    if (result == -EMSGSIZE)
        reason = memory_format("wrote a line of more than %d bytes", LEDGER_LINE_MAX);
    else
        reason = memory_format("cannot be read from: %s", strerror(-result));
    child->events->unusable(child->user, reason);
    return 0;
}

static int read_errors(struct collect_child *child, unsigned reads)
{
    int result =
        read_lines(child, &child->errors, child->process.errors, child->events->error_line, reads);

    /* A very long line is told in pieces. */
    if (result == -EMSGSIZE || result == 0)
        collect_lines_flush(&child->errors, child->events->error_line, child->user);
    return result;
}

static int on_errors(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    int result = read_errors(user, READS_AT_ONCE);

    (void)descriptor;
    (void)events;
    if (result <= 0 && result != -EAGAIN && result != -EMSGSIZE)
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
    return 0;
}

void collect_child_drain(struct collect_child *child)
{
    read_lines(child, &child->output, child->process.output, child->events->line, READS_OF_PIPE);
    read_errors(child, READS_OF_PIPE);
}

/* The last words, which may lack a newline. */
static void drain_errors(struct collect_child *child)
{
    read_errors(child, READS_OF_PIPE);
    collect_lines_flush(&child->errors, child->events->error_line, child->user);
}

/* ---------------------------------------------------------------- its end */

static int on_exit_of_child(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    struct collect_child *child = user;
    siginfo_t status = {0};

    (void)descriptor;
    (void)events;
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    collect_child_drain(child);
    drain_errors(child);
    /* Where somebody else has reaped it (SIGCHLD is ignored), how it ended is not known. */
    if (worker_process_reap(&child->process, &status) < 0)
        status.si_code = CLD_EXITED;
    child->events->ended(child->user, &status);
    return 0;
}

bool collect_child_is_stopped(const struct collect_child *child)
{
    siginfo_t status = {0};

    return child->process.pidfd >= 0 &&
           waitid(P_PIDFD, (id_t)child->process.pidfd, &status, WSTOPPED | WNOHANG | WNOWAIT) ==
               0 &&
           status.si_code == CLD_STOPPED;
}

static bool ends_within(const struct worker_process *process, int milliseconds)
{
    struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
    int result;

    do
        result = poll(&ended, 1, milliseconds);
    while (result < 0 && errno == EINTR);
    return result > 0;
}

static int reap_later(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    siginfo_t status;

    (void)descriptor;
    (void)events;
    (void)user;
    /* It has ended, so that this does not wait. */
    waitid(P_PIDFD, (id_t)sd_event_source_get_io_fd(source), &status, WEXITED);
    sd_event_source_disable_unref(source);
    return 0;
}

/* Lets the loop reap a process that SIGKILL has not ended yet. */
static void leave_to_loop(sd_event *event, struct worker_process *process)
{
    sd_event_source *source = NULL;

    if (sd_event_add_io(event, &source, process->pidfd, EPOLLIN, reap_later, NULL) < 0)
        return;
    sd_event_source_set_io_fd_own(source, 1);
    process->pidfd = -1;
    process->pid = -1;
}

static void end_process(struct collect_child *child, bool politely)
{
    siginfo_t status;

    if (child->process.pid < 0)
        return;
    if (politely) {
        close(take_descriptor(&child->process.input));
        if (ends_within(&child->process, POLITE_MS)) {
            worker_process_reap(&child->process, &status);
            return;
        }
    }
    worker_process_signal(&child->process, SIGKILL);
    if (ends_within(&child->process, KILLED_MS))
        worker_process_reap(&child->process, &status);
    else
        leave_to_loop(child->event, &child->process);
}

/* ---------------------------------------------------------------- making and freeing */

static int add_source(struct collect_child *child, sd_event_source **ret, int descriptor,
                      uint32_t events, sd_event_io_handler_t handler)
{
    return sd_event_add_io(child->event, ret, descriptor, events, handler, child);
}

static int add_sources(struct collect_child *child)
{
    struct worker_process *process = &child->process;
    int error = 0;

    if (fcntl(process->input, F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(process->output, F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(process->errors, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    error = add_source(child, &child->input_source, process->input, EPOLLOUT, on_input);
    if (error >= 0)
        error = sd_event_source_set_enabled(child->input_source, SD_EVENT_OFF);
    if (error >= 0)
        error = add_source(child, &child->output_source, process->output, EPOLLIN, on_output);
    if (error >= 0)
        error = add_source(child, &child->errors_source, process->errors, EPOLLIN, on_errors);
    if (error >= 0)
        error = add_source(child, &child->exit_source, process->pidfd, EPOLLIN, on_exit_of_child);
    return error < 0 ? error : 0;
}

struct collect_child *collect_child_new(sd_event *event, const struct collect_child_events *events,
                                        void *user, int *ret_error)
{
    static const char *const arguments[] = {"atvm-watcher", "worker", "collect", NULL};
    const struct worker_process_settings settings = {
        .arguments = arguments,
        .input = WORKER_PROCESS_PIPE,
        .output = WORKER_PROCESS_PIPE,
        .errors = WORKER_PROCESS_PIPE,
        .dies_with_parent = true,
    };
    struct collect_child *child = memory_zeroed(1, sizeof(*child));

    child->event = sd_event_ref(event);
    child->events = events;
    child->user = user;
    child->process = WORKER_PROCESS_NONE;
    child->output.limit = LEDGER_LINE_MAX;
    child->errors.limit = ERROR_LINE_MAX;
    *ret_error = worker_process_spawn(&settings, &child->process);
    if (*ret_error == 0)
        *ret_error = add_sources(child);
    if (*ret_error == 0)
        return child;
    collect_child_free(child, false);
    return NULL;
}

void collect_child_free(struct collect_child *child, bool politely)
{
    if (!child)
        return;
    sd_event_source_disable_unref(child->input_source);
    sd_event_source_disable_unref(child->output_source);
    sd_event_source_disable_unref(child->errors_source);
    sd_event_source_disable_unref(child->exit_source);
    end_process(child, politely);
    if (child->process.errors >= 0)
        drain_errors(child);
    worker_process_close(&child->process);
    collect_lines_free(&child->output);
    collect_lines_free(&child->errors);
    free(child->input);
    sd_event_unref(child->event);
    free(child);
}

pid_t collect_child_pid(const struct collect_child *child)
{
    return child->process.pid;
}
