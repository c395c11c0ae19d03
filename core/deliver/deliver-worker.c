/* The deliver worker: one sink, one message, one receipt. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "containment.h"
#include "deliver-host.h"
#include "deliver.h"
#include "json-file.h"
#include "log.h"
#include "memory.h"
#include "module.h"

/* What the worker was told to do; see doc/outbox.md. Strings live in `document`. */
struct job {
    struct json_object *document;
    const char *name, *module;
    struct json_object *options;
    bool is_check;         /* there is no message: the sink is only asked whether it can work */
    bool probe;            /* and then whether it reaches the other side */
    bool confirm;          /* the sink is asked whether the message has arrived */
    const char *remote_id; /* for that: the name the other side gave; NULL */
    struct outbox_message message;
    int32_t attempt;
    int64_t timeout_ns, grace_ns;
    int32_t receipt, terminal, secrets;
};

/* ---- the job */

static int read_input(char **ret_text, size_t *ret_length)
{
    CLEANUP_FREE char *text = NULL;
    size_t length = 0, capacity = 0;

    for (;;) {
        ssize_t got;

        memory_grow(&text, length, &capacity, 1);
        got = read(STDIN_FILENO, text + length, capacity - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    *ret_text = TAKE_POINTER(text);
    *ret_length = length;
    return 0;
}

static const struct json_member job_members[] = {
    {"attempt", JSON_MEMBER_INT32, offsetof(struct job, attempt)},
    {"timeout", JSON_MEMBER_INT64, offsetof(struct job, timeout_ns)},
    {"grace", JSON_MEMBER_INT64, offsetof(struct job, grace_ns)},
    {"receipt", JSON_MEMBER_INT32, offsetof(struct job, receipt)},
    {"terminal", JSON_MEMBER_INT32, offsetof(struct job, terminal)},
    {"secrets", JSON_MEMBER_INT32, offsetof(struct job, secrets)},
    {"probe", JSON_MEMBER_BOOLEAN, offsetof(struct job, probe)},
    {"confirm", JSON_MEMBER_BOOLEAN, offsetof(struct job, confirm)},
    {NULL},
};

static const char *string_at(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static bool parse_sink(struct json_object *document, struct job *job)
{
    struct json_object *sink = NULL;

    if (!json_object_object_get_ex(document, "sink", &sink) ||
        !json_object_is_type(sink, json_type_object))
        return false;
    job->name = string_at(sink, "name");
    job->module = string_at(sink, "module");
    json_object_object_get_ex(sink, "options", &job->options);
    return job->name && job->module && json_object_is_type(job->options, json_type_object);
}

static bool parse_message(struct json_object *document, struct job *job)
{
    struct json_object *message = NULL;

    job->is_check = !json_object_object_get_ex(document, "message", &message);
    if (job->is_check)
        return true;
    return job->receipt > STDERR_FILENO && json_object_is_type(message, json_type_object) &&
           outbox_message_from_json(message, &job->message) && job->message.body;
}

static bool parse_job(struct json_object *document, struct job *job)
{
    return json_members_read(job_members, document, job) && job->timeout_ns > 0 &&
           job->grace_ns > 0 && parse_sink(document, job) && parse_message(document, job);
}

static bool read_job(struct job *job)
{
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;

    if (read_input(&text, &length))
        return false;
    job->document = json_object_of(text, length);
    job->remote_id = string_at(job->document, "remote_id");
    return job->document && parse_job(job->document, job);
}

static void job_clear(struct job *job)
{
    outbox_message_clear(&job->message);
    json_object_put(job->document);
}

/* ---- the process */

/* Ends this process without fail when the watcher that would have is gone. A timer of the kernel's
 * with SIGKILL: no module can stop it. */
static int arm_end(int64_t end_ns)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec time = {
        .it_value = {(time_t)(end_ns / NS_PER_SECOND), (long)(end_ns % NS_PER_SECOND)}};
    timer_t timer;

    if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
        timer_settime(timer, 0, &time, NULL) < 0)
        return -errno;
    return 0;
}

/* What a module starts must not keep the receipt file locked, nor learn secrets. */
static int keep_descriptors_here(const struct job *job)
{
    const int descriptors[] = {job->receipt, job->terminal, job->secrets};

    for (size_t i = 0; i < sizeof(descriptors) / sizeof(*descriptors); i++)
        if (descriptors[i] >= 0 && fcntl(descriptors[i], F_SETFD, FD_CLOEXEC) < 0)
            return -errno;
    return 0;
}

static int set_up_process(const struct job *job)
{
    sigset_t termination;
    int error;

    /* Secrets come into this memory: no core dump, no ptrace by others. */
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return -errno;
    /* See host_cancelled in deliver-host.c. */
    sigemptyset(&termination);
    sigaddset(&termination, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &termination, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    error = keep_descriptors_here(job);
    return error ? error : arm_end(job->timeout_ns + 2 * job->grace_ns);
}

/* ---- the delivery */

static struct atvm_message message_of(const struct job *job)
{
    return (struct atvm_message){
        .struct_size = sizeof(struct atvm_message),
        .kind = job->message.kind,
        .format = job->message.format,
        .part = job->message.part,
        .parts = job->message.parts,
        .attempt = job->attempt,
        .key = job->message.key,
        .build = job->message.build,
        .scope = job->message.scope,
        .title = job->message.title,
        .supersedes = job->message.supersedes,
        .body = job->message.body,
        .body_length = strlen(job->message.body),
        .descriptor = -1,
        .descriptor_size = -1,
    };
}

/* Writes a receipt in the worker's own name. */
static void answer(const struct job *job, int32_t outcome, const char *reason, const char *remedy)
{
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(outcome);
    CLEANUP_FREE char *line = NULL;
    CLEANUP_FREE char *error = NULL;

    receipt.reason = reason;
    receipt.remedy = remedy;
    line = outbox_receipt_line(&receipt);
    if (deliver_receipt_append(job->receipt, line, &error))
        log_error("sink %s: %s; its answer is lost", job->name, error);
}

/* Before a sink is asked to deliver nothing can have been sent. A later start may find the cause
 * mended, so this is no rejection. That it cannot be asked for an earlier delivery says nothing
 * about that. Returns the exit status. */
static int answer_not_ready(const struct job *job, enum deliver_readiness readiness,
                            const char *step, const char *why)
{
    CLEANUP_FREE char *reason =
        memory_format("%s: %s", step, why ? why : "the module gave no reason");

    if (job->is_check && job->probe)
        deliver_say(stdout, ATVM_LOG_ERROR, reason);
    else if (job->is_check)
        puts(reason);
    else
        answer(job, job->confirm ? ATVM_UNCERTAIN : ATVM_RETRY, reason,
               "check-config says more about it");
    return readiness;
}

static void deliver(const struct job *job, const struct atvm_sink *sink, void *self,
                    const struct deliver_host *host)
{
    const struct atvm_message message = message_of(job);
    const char *why;

    if (sink->deliver(self, &message) == ATVM_OK && deliver_host_answered(host))
        return;
    why = deliver_host_failure(host);
    if (!deliver_host_answered(host))
        answer(job, deliver_host_committed(host) ? ATVM_UNCERTAIN : ATVM_RETRY,
               why ? why : "the sink gave no receipt", NULL);
}

static void confirm(const struct job *job, const struct atvm_sink *sink, void *self,
                    const struct deliver_host *host)
{
    const char *why;

    if (sink->confirm && sink->confirm(self, job->message.key, job->remote_id) == ATVM_OK &&
        deliver_host_answered(host))
        return;
    why = deliver_host_failure(host);
    answer(job, ATVM_UNCERTAIN, why ? why : "the sink gave no answer", NULL);
}

/* Up to the point at which it could deliver. */
static int make_ready(const struct job *job, const struct atvm_sink *sink, void *self,
                      const struct deliver_host *host)
{
    if (!self)
        return answer_not_ready(job, DELIVER_MISCONFIGURED, "create", deliver_host_failure(host));
    if (sink->configure && sink->configure(self) != ATVM_OK)
        return answer_not_ready(job, DELIVER_MISCONFIGURED, "configure",
                                deliver_host_failure(host));
    if (sink->check && sink->check(self) != ATVM_OK)
        return answer_not_ready(job, DELIVER_UNREADY, "check", deliver_host_failure(host));
    return DELIVER_READY;
}

static int probe(const struct job *job, const struct atvm_sink *sink, void *self,
                 const struct deliver_host *host)
{
    if (!sink->probe)
        return DELIVER_NO_PROBE;
    if (sink->probe(self) != ATVM_OK)
        return answer_not_ready(job, DELIVER_UNREACHABLE, "probe", deliver_host_failure(host));
    return DELIVER_READY;
}

static int use_sink(const struct job *job, const struct atvm_sink *sink)
{
    struct deliver_host *host;
    void *self;
    int status;

    host = deliver_host_new(&(struct deliver_host_settings){
        .module = sink,
        .name = job->name,
        .options = job->options,
        .receipt = job->receipt,
        .terminal = job->terminal,
        .secrets = job->secrets,
        .deadline_ns = clock_ns(CLOCK_MONOTONIC) + job->timeout_ns,
        .said = job->is_check && job->probe ? stdout : NULL,
    });
    self = sink->create(deliver_host_table(host));
    status = make_ready(job, sink, self, host);
    if (status == DELIVER_READY && job->confirm)
        confirm(job, sink, self, host);
    else if (status == DELIVER_READY && !job->is_check)
        deliver(job, sink, self, host);
    else if (status == DELIVER_READY && job->probe)
        status = probe(job, sink, self, host);
    sink->destroy(self);
    deliver_host_free(host);
    return status;
}

/* From here on the module can do what it says it needs. NULL, or what went wrong (free it). */
static char *confine(const struct atvm_sink *sink)
{
    const struct containment containment = {
        .needs = sink->needs, .address_space = CONTAINMENT_ADDRESS_SPACE_DEFAULT, .delivers = true};
    const char *step;
    int error = containment_enter(&containment, &step);

    return error ? memory_format("%s: %s; nothing is sent without confinement: check that the "
                                 "kernel offers seccomp",
                                 step, strerror(-error))
                 : NULL;
}

static int work(const struct job *job)
{
    CLEANUP_FREE char *error = NULL;
    struct module *module;
    int failed = set_up_process(job);
    int status;

    if (failed)
        return answer_not_ready(job, DELIVER_UNREADY, "set up the worker", strerror(-failed));
    module = module_load(job->module, ATVM_KIND_SINK, &error);
    if (!module)
        return answer_not_ready(job, DELIVER_UNREADY, "load", error);
    error = confine(&module->sink);
    status = error ? answer_not_ready(job, DELIVER_UNREADY, "confine the worker", error)
                   : use_sink(job, &module->sink);
    module_free(module);
    return status;
}

int deliver_worker_main(void)
{
    struct job job = {.receipt = -1, .terminal = -1, .secrets = -1};
    int status = EXIT_FAILURE;

    if (read_job(&job)) {
        int readiness = work(&job);

        /* It answers a check; of a delivery the receipt alone speaks. */
        status = job.is_check ? readiness : EXIT_SUCCESS;
    } else
        log_error("the deliver worker got no job on its standard input: atvm-watcher starts it "
                  "itself");
    job_clear(&job);
    return status;
}
