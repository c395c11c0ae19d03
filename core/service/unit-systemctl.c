#include "unit-systemctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "worker-process.h"

#define SYSTEMCTL   "/usr/bin/systemctl"
#define SYSTEMD_RUN "/usr/bin/systemd-run"
/* Kept of what a program said; `show` of the properties asked for is far below it. */
#define OUTPUT_MAX 16384
/* For what only asks. */
#define QUERY_TIMEOUT_NS (25 * NS_PER_SECOND)
/* How often it is looked whether the program has ended. */
#define LOOK_INTERVAL_MS 1000

bool unit_systemctl_is_usable(void)
{
    return sd_booted() > 0 && access(SYSTEMCTL, X_OK) == 0;
}

/* ---------------------------------------------------------------- running a program */

struct program {
    struct worker_process process;
    char output[OUTPUT_MAX + 1]; /* both outputs; what is more is dropped */
    size_t length;
};

/* false: the end of the output. */
static bool take_output(struct program *program)
{
    char dropped[1024];
    bool full = program->length == OUTPUT_MAX;
    ssize_t got = full ? read(program->process.output, dropped, sizeof(dropped))
                       : read(program->process.output, program->output + program->length,
                              OUTPUT_MAX - program->length);

    if (got > 0 && !full)
        program->length += (size_t)got;
    return got > 0 || (got < 0 && errno == EINTR);
}

/* Until the program has closed its output, which it does at its end. */
static int read_output(struct program *program, int64_t deadline_ns)
{
    for (;;) {
        struct pollfd waiting = {.fd = program->process.output, .events = POLLIN};
        int64_t left_ns = deadline_ns - clock_ns(CLOCK_MONOTONIC);
        int ready;

        if (left_ns <= 0)
            return -ETIMEDOUT;
        ready = poll(&waiting, 1,
                     (int)(left_ns / NS_PER_MS < LOOK_INTERVAL_MS ? left_ns / NS_PER_MS + 1
                                                                  : LOOK_INTERVAL_MS));
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready > 0 && !take_output(program))
            return 0;
    }
}

static int start_program(const char *const *arguments, struct program *program)
{
    CLEANUP_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct worker_process_settings settings = {
        .executable = arguments[0],
        .arguments = arguments,
        .input = nothing,
        .output = WORKER_PROCESS_PIPE,
        .errors = nothing,
        .dies_with_parent = true,
    };

    if (nothing < 0)
        return -errno;
    return worker_process_spawn(&settings, &program->process);
}

/* A request that has been made goes on when whoever made it is gone. */
static int end_program(struct program *program, int status)
{
    siginfo_t end = {0};
    int error;

    if (status < 0)
        worker_process_signal(&program->process, SIGKILL);
    error = worker_process_reap(&program->process, &end);
    worker_process_close(&program->process);
    program->output[program->length] = '\0';
    if (status < 0 || error < 0)
        return status < 0 ? status : error;
    return end.si_code == CLD_EXITED ? end.si_status : -EIO;
}

/* The exit status, or -errno: -ETIMEDOUT after timeout_ns. */
static int run(const char *const *arguments, int64_t timeout_ns, struct program *program)
{
    int status;

    program->length = 0;
    status = start_program(arguments, program);
    if (status < 0)
        return status;
    return end_program(program, read_output(program, clock_ns(CLOCK_MONOTONIC) + timeout_ns));
}

/* ---------------------------------------------------------------- asking */

/* The value of a line "NAME=value"; NULL: another line. */
static const char *value_of(const char *line, const char *name)
{
    size_t length = strlen(name);

    return strncmp(line, name, length) == 0 && line[length] == '=' ? line + length + 1 : NULL;
}

static char *text_of(const char *text, const char *name)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *value = value_of(line, name);

        if (value)
            return memory_format("%.*s", (int)strcspn(value, "\n"), value);
    }
    return memory_string("");
}

static int64_t number_of(const char *text, const char *name)
{
    CLEANUP_FREE char *value = text_of(text, name);

    return strtoll(value, NULL, 10);
}

void unit_systemctl_parse(const char *text, struct unit_status *ret)
{
    *ret = (struct unit_status){
        .load_state = text_of(text, "LoadState"),
        .active_state = text_of(text, "ActiveState"),
        .sub_state = text_of(text, "SubState"),
        .result = text_of(text, "Result"),
        .status_text = text_of(text, "StatusText"),
        .exit_code = (int32_t)number_of(text, "ExecMainCode"),
        .exit_status = (int32_t)number_of(text, "ExecMainStatus"),
        .main_pid = number_of(text, "MainPID"),
    };
}

int unit_systemctl_query(const char *unit, struct unit_status *ret, char **ret_error)
{
    static const char properties[] = "--property=LoadState,ActiveState,SubState,Result,StatusText,"
                                     "ExecMainCode,ExecMainStatus,MainPID";
    const char *const arguments[] = {SYSTEMCTL, "show", properties, "--", unit, NULL};
    struct program program;
    int status = run(arguments, QUERY_TIMEOUT_NS, &program);

    if (status != 0) {
        *ret_error = status < 0 ? memory_string(strerror(-status))
                                : memory_format(SYSTEMCTL " show: exit status %d", status);
        return status < 0 ? status : -EIO;
    }
    unit_systemctl_parse(program.output, ret);
    return 0;
}

/* ---------------------------------------------------------------- jobs */

/* Exit status 5 of systemctl: there is no such unit (systemctl(1)). */
static int status_to_error(int status, char **ret_error)
{
    if (status < 0 && status != -ETIMEDOUT)
        *ret_error = memory_string(strerror(-status));
    if (status <= 0)
        return status;
    return status == 5 ? -ENOENT : -EIO;
}

static int request_job(const char *verb, const char *unit, int64_t timeout_ns, char **ret_error)
{
    const char *const arguments[] = {SYSTEMCTL, verb, "--quiet", "--", unit, NULL};
    struct program program;

    return status_to_error(run(arguments, timeout_ns, &program), ret_error);
}

int unit_systemctl_start(const char *unit, int64_t timeout_ns, char **ret_error)
{
    const char *const reset[] = {SYSTEMCTL, "reset-failed", "--quiet", "--", unit, NULL};
    struct program ignored;

    /* Of a unit that is not loaded there is nothing to reset, and that is no news. */
    run(reset, QUERY_TIMEOUT_NS, &ignored);
    return request_job("start", unit, timeout_ns, ret_error);
}

int unit_systemctl_stop(const char *unit, int64_t timeout_ns, char **ret_error)
{
    return request_job("stop", unit, timeout_ns, ret_error);
}

/* ---------------------------------------------------------------- transient units */

/* An argument list that grows; its strings are borrowed, or made by format() and freed with it. */
struct arguments {
    const char **words;
    size_t count, capacity;
    struct obstack memory;
};

static void add(struct arguments *arguments, const char *word)
{
    memory_grow(&arguments->words, arguments->count, &arguments->capacity,
                sizeof(*arguments->words));
    arguments->words[arguments->count++] = word;
}

static void add_option(struct arguments *arguments, const char *name, const char *value)
{
    if (value)
        add(arguments, memory_format_in(&arguments->memory, "%s%s", name, value));
}

static void describe(struct arguments *arguments, const struct transient_service *service)
{
    add(arguments, SYSTEMD_RUN);
    add(arguments, "--quiet");
    add(arguments, "--collect");
    add(arguments, "--service-type=exec");
    add_option(arguments, "--unit=", service->unit);
    add_option(arguments, "--description=", service->description);
    add_option(arguments, "--working-directory=", service->working_directory);
    add_option(arguments, "--property=StandardOutput=append:", service->output_path);
    add_option(arguments, "--property=StandardError=append:", service->output_path);
    for (size_t i = 0; service->environment && service->environment[i]; i++)
        add_option(arguments, "--setenv=", service->environment[i]);
    add(arguments, "--");
    for (size_t i = 0; service->arguments[i]; i++)
        add(arguments, service->arguments[i]);
    add(arguments, NULL);
}

int unit_systemctl_start_transient(const struct transient_service *service, int64_t timeout_ns,
                                   char **ret_error)
{
    struct arguments arguments = {0};
    struct unit_status there;
    struct program program;
    int status = unit_systemctl_query(service->unit, &there, ret_error);

    if (status < 0)
        return status;
    status = unit_status_is_running(&there) ? -EEXIST : 0;
    unit_status_clear(&there);
    if (status < 0)
        return status;
    obstack_init(&arguments.memory);
    describe(&arguments, service);
    status = status_to_error(run(arguments.words, timeout_ns, &program), ret_error);
    obstack_free(&arguments.memory, NULL);
    free(arguments.words);
    return status;
}
