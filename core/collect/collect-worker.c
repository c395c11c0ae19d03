#include "collect.h"

#include <atvm/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "collect-host.h"
#include "collect-job.h"
#include "collect-output.h"
#include "containment.h"
#include "evidence-line.h"
#include "memory.h"
#include "module.h"

/* Exit statuses: the job is done (end of input), and start-up failed ("fatal" was written). */
#define STATUS_DONE  0
#define STATUS_FATAL 2

/* Where the protocol's own descriptors go: out of the way of a module that uses 0 or 1. */
#define PROTOCOL_DESCRIPTOR_FIRST 10

/* An instance that broke is created anew with the next pass, then after a growing wait. */
#define BROKEN_WAIT_FIRST_NS NS_PER_SECOND
#define BROKEN_WAIT_MAX_NS   INT64_C(60000000000)

/* A collector returns before its deadline if it can; the rest of the pass is left for the others
 * and for writing. */
#define COLLECTOR_SHARE_NUMERATOR   3
#define COLLECTOR_SHARE_DENOMINATOR 4

struct collector {
    const struct collect_job_collector *job;
    struct module *module;
    struct collect_host *host;
    void *instance;         /* NULL: broken, to be created anew */
    int64_t broken_wait_ns; /* 0: it is not broken */
    int64_t retry_ns;       /* CLOCK_MONOTONIC */
    char *broken_reason;
    bool set_aside;
};

struct worker {
    FILE *input;
    struct collect_output output;
    struct collect_job *job;
    struct collector *collectors; /* in the order in which they are asked */
    size_t collector_count;
};

/* ---------------------------------------------------------------- lines */

static void write_breadcrumb(struct worker *worker, const char *collector)
{
    struct json_object *at = json_object_new_object();

    collect_output_add_text(at, "collector", collector);
    collect_output_line(&worker->output, "at", at);
    collect_output_flush(&worker->output);
}

static void write_fatal(struct worker *worker, const char *collector, const char *reason)
{
    struct json_object *fatal = json_object_new_object();

    collect_output_add_text(fatal, "collector", collector);
    collect_output_add_text(fatal, "reason", reason);
    collect_output_line(&worker->output, "fatal", fatal);
    collect_output_flush(&worker->output);
}

static void write_gap(struct worker *worker, const char *collector, const char *reason)
{
    struct json_object *gap = json_object_new_object();

    collect_output_add_text(gap, "collector", collector);
    collect_output_add_text(gap, "reason", reason);
    collect_output_add_number(gap, "time", collect_host_now(worker->job));
    collect_output_line(&worker->output, "gap", gap);
}

static void write_pass(struct worker *worker, const char *collector, int32_t result,
                       const char *reason)
{
    struct json_object *pass = json_object_new_object();

    collect_output_add_text(pass, "collector", collector);
    collect_output_add_text(pass, "result", evidence_collect_result_name(result));
    collect_output_add_text(pass, "reason", reason);
    collect_output_add_number(pass, "time", collect_host_now(worker->job));
    collect_output_line(&worker->output, "pass", pass);
}

static void write_hello(struct worker *worker)
{
    struct json_object *hello = json_object_new_object();
    struct json_object *modules = json_object_new_array();

    for (size_t i = 0; i < worker->collector_count; i++) {
        const struct collector *collector = &worker->collectors[i];
        struct json_object *module = json_object_new_object();

        collect_output_add_text(module, "name", collector->job->name);
        collect_output_add_text(module, "module", collector->module->collector.name);
        collect_output_add_text(module, "version", collector->module->collector.version);
        collect_output_add_text(module, "path", collector->module->path);
        json_object_array_add(modules, module);
    }
    collect_output_add_text(hello, "version", PACKAGE_VERSION);
    json_object_object_add(hello, "modules", modules);
    collect_output_line(&worker->output, "hello", hello);
    collect_output_flush(&worker->output);
}

/* ---------------------------------------------------------------- one collector */

static void collector_free(struct collector *collector)
{
    if (collector->instance)
        collector->module->collector.destroy(collector->instance);
    collect_host_free(collector->host);
    module_free(collector->module);
    free(collector->broken_reason);
}

static const char *reason_of(const struct collector *collector, const char *otherwise)
{
    const char *failure = collect_host_failure(collector->host);

    return failure ? failure : otherwise;
}

/* Calls an optional callback of the start-up. */
static bool call(struct collector *collector, int32_t (*callback)(void *self))
{
    int32_t result;

    if (!callback)
        return true;
    collect_host_enter(collector->host, false, INT64_MAX);
    result = callback(collector->instance);
    collect_host_leave(collector->host);
    return result == ATVM_OK;
}

/* create, configure, check. NULL, or why it failed (lives until the next call into the module). */
static const char *collector_create(struct collector *collector)
{
    const struct atvm_collector *module = &collector->module->collector;

    collect_host_enter(collector->host, false, INT64_MAX);
    collector->instance = module->create(collect_host_table(collector->host));
    collect_host_leave(collector->host);
    if (!collector->instance)
        return reason_of(collector, "create failed and the module does not say why");
    if (call(collector, module->configure) && call(collector, module->check))
        return NULL;
    module->destroy(TAKE_POINTER(collector->instance));
    return reason_of(collector, "configure or check failed and the module does not say why");
}

static void note_broken(struct collector *collector, const char *reason)
{
    char *copy = memory_string(reason);

    free(collector->broken_reason);
    collector->broken_reason = copy;
    collector->retry_ns = clock_ns(CLOCK_MONOTONIC) + collector->broken_wait_ns;
    collector->broken_wait_ns =
        collector->broken_wait_ns ? 2 * collector->broken_wait_ns : BROKEN_WAIT_FIRST_NS;
    if (collector->broken_wait_ns > BROKEN_WAIT_MAX_NS)
        collector->broken_wait_ns = BROKEN_WAIT_MAX_NS;
}

/* false: it is broken, and now is not the time to try again or that failed too. */
static bool revive(struct collector *collector)
{
    const char *problem;

    if (collector->instance)
        return true;
    if (clock_ns(CLOCK_MONOTONIC) < collector->retry_ns)
        return false;
    problem = collector_create(collector);
    if (problem)
        note_broken(collector, problem);
    return !problem;
}

static int32_t collect_with(struct collector *collector, int64_t deadline_ns)
{
    const struct atvm_collector *module = &collector->module->collector;
    int32_t result;

    collect_host_enter(collector->host, true, deadline_ns);
    result = module->collect(collector->instance);
    collect_host_leave(collector->host);
    if (result == ATVM_COLLECT_BROKEN || !evidence_collect_result_name(result)) {
        note_broken(collector, reason_of(collector, result == ATVM_COLLECT_BROKEN
                                                        ? "the module does not say why"
                                                        : "collect returned no known result"));
        module->destroy(TAKE_POINTER(collector->instance));
        return ATVM_COLLECT_BROKEN;
    }
    collector->broken_wait_ns = 0;
    return result;
}

static void pass_of(struct worker *worker, struct collector *collector, int64_t deadline_ns)
{
    const char *name = collector->job->name;
    int32_t result = ATVM_COLLECT_BROKEN;

    if (collector->set_aside) {
        write_pass(worker, name, ATVM_COLLECT_UNAVAILABLE,
                   "it crashed or hung repeatedly outside of any file and is set aside");
        return;
    }
    write_breadcrumb(worker, name);
    if (revive(collector))
        result = collect_with(collector, deadline_ns);
    if (result == ATVM_COLLECT_BROKEN)
        write_pass(worker, name, result, collector->broken_reason);
    else
        write_pass(worker, name, result, collect_host_failure(collector->host));
    collect_output_flush(&worker->output);
}

/* ---------------------------------------------------------------- start-up */

/* A collector that fails to start: the end of the worker where it is critical, else a gap. */
static bool give_up(struct worker *worker, const struct collect_job_collector *job,
                    const char *reason)
{
    if (job->critical)
        write_fatal(worker, job->name, reason);
    else
        write_gap(worker, job->name, reason);
    return !job->critical;
}

/* Loads one module. true: go on (it may have been left out). */
static bool load(struct worker *worker, const struct collect_job_collector *job)
{
    CLEANUP_FREE char *error = NULL;
    struct collector *collector = &worker->collectors[worker->collector_count];
    struct module *module;

    write_breadcrumb(worker, job->name);
    module = module_load(job->module, ATVM_KIND_COLLECTOR, &error);
    if (!module)
        return give_up(worker, job, error);
    if (containment_refusal(module->collector.needs)) {
        const char *refusal = containment_refusal(module->collector.needs);

        error = memory_format("%s: %s", module->path, refusal);
        module_free(module);
        return give_up(worker, job, error);
    }
    *collector = (struct collector){.job = job, .module = module};
    collector->host = collect_host_new(worker->job, job, &module->collector, &worker->output);
    collector->set_aside = collect_job_is_set_aside(worker->job, job->name, NULL);
    worker->collector_count++;
    return true;
}

static bool load_all(struct worker *worker)
{
    for (size_t i = 0; i < worker->job->collector_count; i++)
        if (!load(worker, &worker->job->collectors[i]))
            return false;
    return true;
}

/* The process table is looked at before the files: a runner that was gone had written its last byte
 * by then. */
static void put_process_tables_first(struct worker *worker)
{
    size_t first = 0;

    for (size_t i = 0; i < worker->collector_count; i++) {
        struct collector collector = worker->collectors[i];

        if (!(collector.module->collector.needs & ATVM_NEED_PROCESSES))
            continue;
        memmove(&worker->collectors[first + 1], &worker->collectors[first],
                (i - first) * sizeof(collector));
        worker->collectors[first++] = collector;
    }
}

static bool contain(struct worker *worker)
{
    struct containment containment = {.address_space = CONTAINMENT_ADDRESS_SPACE_DEFAULT};
    CLEANUP_FREE char *reason = NULL;
    const char *step;
    int error;

    for (size_t i = 0; i < worker->collector_count; i++)
        containment.needs |= worker->collectors[i].module->collector.needs;
    error = containment_enter(&containment, &step);
    if (!error)
        return true;
    reason = memory_format("cannot confine the collect worker (%s): %s; nothing is read without "
                           "confinement: check that the kernel offers seccomp",
                           step, strerror(-error));
    write_fatal(worker, NULL, reason);
    return false;
}

static void leave_out(struct worker *worker, size_t index)
{
    collector_free(&worker->collectors[index]);
    worker->collector_count--;
    memmove(&worker->collectors[index], &worker->collectors[index + 1],
            (worker->collector_count - index) * sizeof(worker->collectors[0]));
}

static bool create_all(struct worker *worker)
{
    for (size_t i = 0; i < worker->collector_count;) {
        struct collector *collector = &worker->collectors[i];
        const char *problem;

        write_breadcrumb(worker, collector->job->name);
        problem = collector->set_aside ? NULL : collector_create(collector);
        if (!problem) {
            i++;
            continue;
        }
        if (!give_up(worker, collector->job, problem))
            return false;
        leave_out(worker, i);
    }
    return true;
}

static bool start(struct worker *worker)
{
    worker->collectors =
        memory_zeroed(worker->job->collector_count + 1, sizeof(*worker->collectors));
    if (!load_all(worker))
        return false;
    put_process_tables_first(worker);
    if (!contain(worker) || !create_all(worker))
        return false;
    write_hello(worker);
    return true;
}

/* ---------------------------------------------------------------- passes */

/* The pass's time limit in ns; -1: the line asks for no pass. */
static int64_t timeout_of(const char *line)
{
    CLEANUP_JSON struct json_object *request = json_tokener_parse(line);
    struct json_object *type = NULL, *timeout = NULL;

    if (!json_object_object_get_ex(request, "t", &type) || !json_object_get_string(type) ||
        strcmp(json_object_get_string(type), "collect") != 0 ||
        !json_object_object_get_ex(request, "timeout", &timeout))
        return -1;
    return json_object_get_int64(timeout);
}

static void serve(struct worker *worker)
{
    CLEANUP_FREE char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, worker->input) > 0) {
        int64_t timeout = timeout_of(line);
        int64_t deadline;

        if (timeout < 0) {
            collect_host_log(&worker->output, NULL, ATVM_LOG_ERROR,
                             "the collect worker was sent a line that asks for no pass");
            continue;
        }
        deadline = clock_ns(CLOCK_MONOTONIC) +
                   timeout / COLLECTOR_SHARE_DENOMINATOR * COLLECTOR_SHARE_NUMERATOR;
        for (size_t i = 0; i < worker->collector_count; i++)
            pass_of(worker, &worker->collectors[i], deadline);
        collect_output_line(&worker->output, "done", NULL);
        collect_output_flush(&worker->output);
    }
}

/* ---------------------------------------------------------------- the process */

static int move_away(int descriptor)
{
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, PROTOCOL_DESCRIPTOR_FIRST);

    return moved < 0 ? -errno : moved;
}

/* What a module prints to standard output goes where standard error goes, and it reads nothing from
 * standard input: neither can touch the protocol. */
static int protect_protocol(struct worker *worker)
{
    int input = move_away(STDIN_FILENO);
    int output = move_away(STDOUT_FILENO);
    CLEANUP_CLOSE int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (input < 0 || output < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return -1;
    worker->output.descriptor = output;
    worker->input = fdopen(input, "re");
    return worker->input ? 0 : -1;
}

static bool read_job(struct worker *worker)
{
    CLEANUP_FREE char *line = NULL;
    CLEANUP_FREE char *error = NULL;
    size_t room = 0;
    ssize_t length = getline(&line, &room, worker->input);

    worker->job = collect_job_parse(line ? line : "", length > 0 ? (size_t)length : 0, &error);
    if (!worker->job)
        write_fatal(worker, NULL, error);
    return worker->job;
}

static void worker_release(struct worker *worker)
{
    for (size_t i = 0; i < worker->collector_count; i++)
        collector_free(&worker->collectors[i]);
    free(worker->collectors);
    collect_job_free(worker->job);
    collect_output_free(&worker->output);
    fclose(worker->input);
}

int collect_worker_main(void)
{
    struct worker worker = {0};
    int status = STATUS_FATAL;

    /* Started by way of /proc/self/exe it would be called "exe". */
    prctl(PR_SET_NAME, "atvm-collect");
    /* A closed pipe is noticed where it is written to. */
    signal(SIGPIPE, SIG_IGN);
    if (protect_protocol(&worker) < 0) {
        fprintf(stderr, "the collect worker cannot set up its descriptors: %s\n", strerror(errno));
        return STATUS_FATAL;
    }
    if (read_job(&worker) && start(&worker)) {
        serve(&worker);
        status = STATUS_DONE;
    }
    worker_release(&worker);
    return status;
}
