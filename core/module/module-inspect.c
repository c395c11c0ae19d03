#include "module-inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "module-folder.h"

#define TIMEOUT_MS 10000
/* A description takes a few KiB; more is no description. */
#define OUTPUT_MAX (1024 * 1024)

/* What the worker writes to one of its descriptors. */
struct output {
    int descriptor; /* our end; -1 once it has ended */
    char *text;     /* NUL-terminated */
    size_t length, capacity;
};

struct worker {
    pid_t pid;
    int pidfd;
    struct output output, error;
};

/* How the worker ended. */
enum ending { ENDED, TIMED_OUT, WROTE_TOO_MUCH };

static void release_worker(struct worker *worker)
{
    cleanup_close_descriptor(&worker->pidfd);
    cleanup_close_descriptor(&worker->output.descriptor);
    cleanup_close_descriptor(&worker->error.descriptor);
    free(worker->output.text);
    free(worker->error.text);
}

/* ---- starting it ---- */

/* A worker that runs foreign constructors gets only what a program needs to start. */
static bool is_passed_on(const char *variable)
{
    static const char *const beginnings[] = {"PATH=",
                                             "HOME=",
                                             "LANG=",
                                             "LC_",
                                             "TZ=",
                                             "LD_",
                                             "ATVM_WATCHER_MODULE_PATH=",
                                             "ASAN_OPTIONS=",
                                             "UBSAN_OPTIONS=",
                                             "LSAN_OPTIONS="};

    for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
        if (strncmp(variable, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

/* The strings are those of environ; free the array. */
static char **worker_environment(void)
{
    size_t count = 0, kept = 0;
    char **variables;

    while (environ[count])
        count++;
    variables = memory_zeroed(count + 1, sizeof(*variables));
    for (size_t i = 0; i < count; i++) {
        if (is_passed_on(environ[i]))
            variables[kept++] = environ[i];
    }
    return variables;
}

/* No signal stays blocked or ignored (the watcher blocks SIGCHLD), and a group of its own lets
 * everything be killed that a constructor starts. */
static int spawn(const char *program, const char **arguments, int output, int error, pid_t *ret_pid)
{
    CLEANUP_FREE char **environment = worker_environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int result;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    result = posix_spawn(ret_pid, program, &actions, &attributes, (char **)(uintptr_t)arguments,
                         environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}

/* 0, or -errno; whatever was opened is released with release_worker. */
static int start_worker(const char *program, const char *kind, const char *path,
                        struct worker *worker)
{
    const char *arguments[] = {"atvm-watcher", "worker", "describe", kind, path, NULL};
    int output[2] = {-1, -1}, error[2] = {-1, -1};
    CLEANUP_CLOSE int output_end = -1, error_end = -1;
    int result;

    if (pipe2(output, O_CLOEXEC) < 0)
        return -errno;
    worker->output.descriptor = output[0];
    output_end = output[1];
    if (pipe2(error, O_CLOEXEC) < 0)
        return -errno;
    worker->error.descriptor = error[0];
    error_end = error[1];
    if (fcntl(output[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(error[0], F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    result = spawn(program, arguments, output_end, error_end, &worker->pid);
    if (result < 0)
        return result;
    worker->pidfd = (int)syscall(SYS_pidfd_open, worker->pid, 0);
    return worker->pidfd < 0 ? -errno : 0;
}

/* ---- listening to it ---- */

/* Reads what is there now. false: more than a description can be. */
static bool read_output(struct output *output)
{
    char bytes[4096];
    ssize_t count = 0;

    while (output->descriptor >= 0 && output->length < OUTPUT_MAX) {
        count = read(output->descriptor, bytes, sizeof(bytes));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return true;
        if (count <= 0)
            break;
        while (output->capacity < output->length + (size_t)count + 1)
            memory_grow(&output->text, output->capacity, &output->capacity, 1);
        memcpy(output->text + output->length, bytes, (size_t)count);
        output->length += (size_t)count;
        output->text[output->length] = '\0';
    }
    if (count > 0)
        return false;
    cleanup_close_descriptor(&output->descriptor);
    output->descriptor = -1;
    return true;
}

static int64_t monotonic_ms(void)
{
    return clock_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}

/* Until the worker has ended; a grandchild that keeps the pipes open does not count. */
static enum ending listen_to(struct worker *worker, int timeout_ms)
{
    int64_t deadline = monotonic_ms() + timeout_ms;

    for (;;) {
        struct pollfd watched[] = {{worker->output.descriptor, POLLIN, 0},
                                   {worker->error.descriptor, POLLIN, 0},
                                   {worker->pidfd, POLLIN, 0}};
        int64_t left = deadline - monotonic_ms();

        if (left <= 0)
            return TIMED_OUT;
        if (poll(watched, 3, (int)left) < 0)
            continue;
        if (!read_output(&worker->output) || !read_output(&worker->error))
            return WROTE_TOO_MUCH;
        if (watched[2].revents)
            return ENDED;
    }
}

/* Kills whatever is left of the worker's group and takes its status; -1 where that is not known. */
static int end_worker(const struct worker *worker)
{
    int status = 0;

    kill(-worker->pid, SIGKILL);
    while (waitpid(worker->pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

/* ---- what it amounted to ---- */

static char *first_line(const char *text)
{
    return text ? memory_format("%.*s", (int)strcspn(text, "\n"), text) : NULL;
}

static char *death(const char *path, int status, const char *last_words)
{
    CLEANUP_FREE char *words = first_line(last_words);
    CLEANUP_FREE char *how = WIFSIGNALED(status) ? memory_format("signal %d, %s", WTERMSIG(status),
                                                                 strsignal(WTERMSIG(status)))
                                                 : memory_format("status %d", WEXITSTATUS(status));

    return memory_format("%s: its process died while the module was being loaded (%s)%s%s; rebuild "
                         "or reinstall the module, or remove it",
                         path, how, words && *words ? ": " : "", words ? words : "");
}

static struct json_object *read_description(const char *path, const struct worker *worker,
                                            char **ret_error)
{
    struct json_object *description =
        worker->output.text ? json_tokener_parse(worker->output.text) : NULL;

    if (json_object_is_type(description, json_type_object))
        return description;
    json_object_put(description);
    *ret_error = memory_format("%s: the describe worker answered something that is no description; "
                               "a module must not write to standard output while it is loaded",
                               path);
    return NULL;
}

static struct json_object *answer(const char *path, const struct worker *worker, int status,
                                  char **ret_error)
{
    const char *words = worker->error.text;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return read_description(path, worker, ret_error);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2 && words && *words)
        *ret_error = first_line(words);
    else
        *ret_error = death(path, status, words);
    return NULL;
}

static const char *kind_name(enum atvm_kind kind)
{
    switch (kind) {
    case ATVM_KIND_COLLECTOR:
        return "collector";
    case ATVM_KIND_SINK:
        return "sink";
    default:
        return "any";
    }
}

static struct json_object *ask(const struct module_inspector *inspector, struct worker *worker,
                               const char *path, char **ret_error)
{
    enum ending ending = listen_to(worker, inspector->timeout_ms);
    int status = end_worker(worker);

    switch (ending) {
    case TIMED_OUT:
        *ret_error = memory_format("%s: loading did not end within %d ms and was stopped; rebuild "
                                   "or reinstall the module, or remove it",
                                   path, inspector->timeout_ms);
        return NULL;
    case WROTE_TOO_MUCH:
        *ret_error = memory_format("%s: wrote more than %d bytes while it was being loaded and was "
                                   "stopped; rebuild or reinstall the module, or remove it",
                                   path, OUTPUT_MAX);
        return NULL;
    case ENDED:
        break;
    }
    return answer(path, worker, status, ret_error);
}

struct json_object *module_inspect(const struct module_inspector *inspector, const char *name,
                                   enum atvm_kind kind, char **ret_error)
{
    static const struct module_inspector usual = {"/proc/self/exe", TIMEOUT_MS};
    CLEANUP_FREE char *path = module_find(name, ret_error);
    struct worker worker = {
        .pid = -1, .pidfd = -1, .output.descriptor = -1, .error.descriptor = -1};
    struct json_object *description = NULL;
    int error;

    if (!path)
        return NULL;
    if (!inspector)
        inspector = &usual;
    error = start_worker(inspector->program, kind_name(kind), path, &worker);
    if (error < 0 && worker.pid > 0)
        end_worker(&worker);
    if (error < 0)
        *ret_error = memory_format("%s: the describe worker %s could not be started: %s; check the "
                                   "limits on processes and open files",
                                   path, inspector->program, strerror(-error));
    else
        description = ask(inspector, &worker, path, ret_error);
    release_worker(&worker);
    return description;
}
