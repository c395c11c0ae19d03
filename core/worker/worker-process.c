#include "worker-process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

#define STANDARD_DESCRIPTORS 3

/* Of the caller's environment only these reach a worker. */
static const char *const passed_on[] = {
    "TZ", "ATVM_WATCHER_MODULE_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", NULL,
};

/* Both ends of the three standard pipes; -1 where there is no pipe. */
struct pipe_ends {
    int worker[STANDARD_DESCRIPTORS];
    int caller[STANDARD_DESCRIPTORS];
};

static void close_all(int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (descriptors[i] >= 0)
            close(descriptors[i]);
        descriptors[i] = -1;
    }
}

static int make_pipes(const struct worker_process_settings *settings, struct pipe_ends *ends)
{
    int wanted[STANDARD_DESCRIPTORS] = {settings->input, settings->output, settings->errors};

    for (size_t i = 0; i < STANDARD_DESCRIPTORS; i++)
        ends->worker[i] = ends->caller[i] = -1;
    for (size_t i = 0; i < STANDARD_DESCRIPTORS; i++) {
        int pair[2];

        if (wanted[i] != WORKER_PROCESS_PIPE)
            continue;
        if (pipe2(pair, O_CLOEXEC) < 0) {
            int error = -errno;

            close_all(ends->worker, STANDARD_DESCRIPTORS);
            close_all(ends->caller, STANDARD_DESCRIPTORS);
            return error;
        }
        ends->worker[i] = pair[i == STDIN_FILENO ? 0 : 1];
        ends->caller[i] = pair[i == STDIN_FILENO ? 1 : 0];
    }
    return 0;
}

static size_t count_strings(const char *const *strings)
{
    size_t count = 0;

    while (strings && strings[count])
        count++;
    return count;
}

static void add_own_variable(char **environment, size_t *count, const char *name)
{
    const char *value = getenv(name);

    if (value)
        environment[(*count)++] = memory_format("%s=%s", name, value);
}

/* The worker's environment; free with free_environment. */
static char **make_environment(const char *const *more)
{
    size_t room = count_strings(passed_on) + count_strings(more) + 3;
    char **environment = memory_zeroed(room, sizeof(*environment));
    size_t count = 0;

    environment[count++] = memory_string("LC_ALL=C.UTF-8");
    for (size_t i = 0; passed_on[i]; i++)
        add_own_variable(environment, &count, passed_on[i]);
    /* With raised privileges the dynamic linker ignored it for us; a worker is not to obey it. */
    if (!getauxval(AT_SECURE))
        add_own_variable(environment, &count, "LD_LIBRARY_PATH");
    for (size_t i = 0; more && more[i]; i++)
        environment[count++] = memory_string(more[i]);
    return environment;
}

static void free_environment(char **environment)
{
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
    free(environment);
}

/* ---- in the child, between fork and execve: async-signal-safe calls only */

struct child {
    const char *executable;
    const char *const *arguments;
    char *const *environment;
    int descriptors[STANDARD_DESCRIPTORS + WORKER_PROCESS_DESCRIPTORS_MAX];
    size_t descriptor_count;
    bool dies_with_parent;
    pid_t parent;
    int error_pipe; /* takes errno when something here fails; closed by a successful execve */
};

/* Moves every descriptor out of the way first, so that none is overwritten before its turn. */
static int place_descriptors(struct child *child)
{
    int above = (int)child->descriptor_count;

    child->error_pipe = fcntl(child->error_pipe, F_DUPFD_CLOEXEC, above);
    if (child->error_pipe < 0)
        return -1;
    for (size_t i = 0; i < child->descriptor_count; i++) {
        child->descriptors[i] = fcntl(child->descriptors[i], F_DUPFD_CLOEXEC, above);
        if (child->descriptors[i] < 0)
            return -1;
    }
    for (size_t i = 0; i < child->descriptor_count; i++)
        if (dup2(child->descriptors[i], (int)i) < 0)
            return -1;
    return close_range((unsigned)above, ~0U, CLOSE_RANGE_CLOEXEC);
}

static void reset_signals(void)
{
    struct sigaction default_action = {.sa_handler = SIG_DFL};
    sigset_t none;

    /* Not settable for SIGKILL, SIGSTOP and the C library's own; those need no reset. */
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &default_action, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int bind_to_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -1;
    /* It may have ended before the line above took effect. */
    if (getppid() != parent) {
        errno = ESRCH;
        return -1;
    }
    return 0;
}

static void __attribute__((noreturn)) run_child(struct child *child)
{
    int error;

    setsid();
    if ((!child->dies_with_parent || bind_to_parent(child->parent) == 0) &&
        place_descriptors(child) == 0) {
        reset_signals();
        execve(child->executable, (char *const *)child->arguments, child->environment);
    }
    error = errno;
    if (write(child->error_pipe, &error, sizeof(error)) != (ssize_t)sizeof(error))
        _exit(126);
    _exit(127);
}

/* ---- in the parent */

/* Forks with all signals blocked: no handler of ours may run in the child. */
static pid_t fork_child(struct child *child)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child->parent = getpid();
    pid = fork();
    if (pid == 0)
        run_child(child);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* 0 once execve has closed the pipe, else the -errno the child wrote. */
static int read_child_error(int descriptor)
{
    int error = 0;
    ssize_t length;

    do
        length = read(descriptor, &error, sizeof(error));
    while (length < 0 && errno == EINTR);
    if (length == 0)
        return 0;
    return length == (ssize_t)sizeof(error) && error > 0 ? -error : -EIO;
}

static void kill_and_reap(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* Starts the child and waits until it has become the new program. */
static int start_child(struct child *child, pid_t *ret_pid, int *ret_pidfd)
{
    int error_pipe[2];
    int error, pidfd;
    pid_t pid;

    if (pipe2(error_pipe, O_CLOEXEC) < 0)
        return -errno;
    child->error_pipe = error_pipe[1];
    pid = fork_child(child);
    error = pid < 0 ? -errno : 0;
    close(error_pipe[1]);
    if (!error)
        error = read_child_error(error_pipe[0]);
    close(error_pipe[0]);
    if (pid < 0)
        return error;
    pidfd = error ? -1 : pidfd_open(pid, 0);
    if (!error && pidfd < 0)
        error = -errno;
    if (error) {
        kill_and_reap(pid);
        return error;
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return 0;
}

static void describe_child(const struct worker_process_settings *settings,
                           const struct pipe_ends *ends, struct child *child)
{
    int given[STANDARD_DESCRIPTORS] = {settings->input, settings->output, settings->errors};

    child->executable = settings->executable ? settings->executable : "/proc/self/exe";
    child->arguments = settings->arguments;
    child->dies_with_parent = settings->dies_with_parent;
    for (size_t i = 0; i < STANDARD_DESCRIPTORS; i++)
        child->descriptors[i] = ends->worker[i] >= 0 ? ends->worker[i] : given[i];
    for (size_t i = 0; i < settings->descriptor_count; i++)
        child->descriptors[STANDARD_DESCRIPTORS + i] = settings->descriptors[i];
    child->descriptor_count = STANDARD_DESCRIPTORS + settings->descriptor_count;
}

int worker_process_spawn(const struct worker_process_settings *settings, struct worker_process *ret)
{
    struct child child = {0};
    struct pipe_ends ends;
    char **environment;
    pid_t pid = -1;
    int pidfd = -1;
    int error;

    if (settings->descriptor_count > WORKER_PROCESS_DESCRIPTORS_MAX)
        return -EINVAL;
    error = make_pipes(settings, &ends);
    if (error)
        return error;
    environment = make_environment(settings->environment);
    describe_child(settings, &ends, &child);
    child.environment = environment;
    error = start_child(&child, &pid, &pidfd);
    free_environment(environment);
    close_all(ends.worker, STANDARD_DESCRIPTORS);
    if (error) {
        close_all(ends.caller, STANDARD_DESCRIPTORS);
        return error;
    }
    *ret = (struct worker_process){pid, pidfd, ends.caller[0], ends.caller[1], ends.caller[2]};
    return 0;
}

int worker_process_signal(const struct worker_process *worker, int signal_number)
{
    return pidfd_send_signal(worker->pidfd, signal_number, NULL, 0) < 0 ? -errno : 0;
}

int worker_process_reap(struct worker_process *worker, siginfo_t *ret_status)
{
    while (waitid(P_PIDFD, (id_t)worker->pidfd, ret_status, WEXITED) < 0)
        if (errno != EINTR)
            return -errno;
    worker->pid = -1;
    close(take_descriptor(&worker->pidfd));
    return 0;
}

void worker_process_close(struct worker_process *worker)
{
    close_all(&worker->pidfd, 1);
    close_all(&worker->input, 1);
    close_all(&worker->output, 1);
    close_all(&worker->errors, 1);
}

char *worker_process_status_text(const siginfo_t *status)
{
    if (status->si_code == CLD_EXITED)
        return memory_format("ended with status %d", status->si_status);
    return memory_format("was killed by signal %d (%s)", status->si_status,
                         strsignal(status->si_status));
}
