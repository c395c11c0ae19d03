#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "memory.h"
#include "worker-process.h"

/* Bytes of a worker's answer that are read; a pipe holds more. */
#define WORDS_MAX 16384

struct deliver {
    struct worker_process worker;
    char *sink;
    sd_event_source *exit_source, *timer;
    bool asked_to_end; /* SIGTERM was sent */
    int64_t grace_ns;
    deliver_ended ended;
    void *user;
};

/* ---- what the worker gets */

/* The worker's numbers of the descriptors it inherits, in the order in which they are given. */
struct inherited {
    int descriptors[3];
    size_t count;
};

/* Returns the number in the worker; -1 for a descriptor that is not there. */
static int inherit(struct inherited *inherited, int descriptor)
{
    if (descriptor < 0)
        return -1;
    inherited->descriptors[inherited->count] = descriptor;
    return STDERR_FILENO + 1 + (int)inherited->count++;
}

static int64_t grace_of(const struct deliver_settings *settings)
{
    return settings->grace_ns > 0 ? settings->grace_ns : DELIVER_GRACE_NS;
}

/* What the sink is asked with besides the message's key: the name the other side gave. */
static void add_question(struct json_object *job, const struct outbox_record *record)
{
    size_t last = record->attempts_kept;
    const char *remote_id = last > 0 ? record->attempts[last - 1].receipt.remote_id : NULL;

    json_object_object_add(job, "confirm", json_object_new_boolean(true));
    if (remote_id)
        json_object_object_add(job, "remote_id", json_object_new_string(remote_id));
}

static struct json_object *job_to_json(const struct deliver_settings *settings, bool probe,
                                       struct inherited *inherited)
{
    struct json_object *job = json_object_new_object();
    struct json_object *sink = json_object_new_object();

    json_object_object_add(sink, "name", json_object_new_string(settings->sink->name));
    json_object_object_add(sink, "module", json_object_new_string(settings->sink->module));
    json_object_object_add(sink, "options",
                           settings->sink->options ? json_object_get(settings->sink->options)
                                                   : json_object_new_object());
    json_object_object_add(job, "t", json_object_new_string("job"));
    json_object_object_add(job, "sink", sink);
    if (settings->record) {
        json_object_object_add(job, "message", outbox_message_to_json(&settings->record->message));
        json_object_object_add(job, "attempt",
                               json_object_new_int(settings->record->attempt_count));
    }
    if (settings->confirm)
        add_question(job, settings->record);
    if (probe)
        json_object_object_add(job, "probe", json_object_new_boolean(true));
    json_object_object_add(job, "timeout", json_object_new_int64(settings->timeout_ns));
    json_object_object_add(job, "grace", json_object_new_int64(grace_of(settings)));
    json_object_object_add(job, "receipt",
                           json_object_new_int(inherit(inherited, settings->receipt)));
    json_object_object_add(job, "terminal",
                           json_object_new_int(inherit(inherited, settings->terminal)));
    json_object_object_add(job, "secrets",
                           json_object_new_int(inherit(inherited, settings->secrets)));
    return job;
}

/* A file in memory: unlike a pipe it takes a message of any size without the reader's help. */
static int file_with(const char *text)
{
    CLEANUP_CLOSE int descriptor = memfd_create("atvm-deliver-job", MFD_CLOEXEC);
    size_t length = strlen(text);

    if (descriptor < 0)
        return -errno;
    while (length > 0) {
        ssize_t written = write(descriptor, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        text += written;
        length -= (size_t)written;
    }
    return lseek(descriptor, 0, SEEK_SET) < 0 ? -errno : take_descriptor(&descriptor);
}

static int spawn(const struct deliver_settings *settings, bool probe, struct worker_process *ret)
{
    static const char *const arguments[] = {"atvm-watcher", "worker", "deliver", NULL};
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    CLEANUP_FREE char *variable =
        credentials ? memory_format("CREDENTIALS_DIRECTORY=%s", credentials) : NULL;
    const char *const environment[] = {variable, NULL};
    struct inherited inherited = {.count = 0};
    struct json_object *job = job_to_json(settings, probe, &inherited);
    CLEANUP_CLOSE int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CLEANUP_CLOSE int input = -1;

    input = file_with(json_object_to_json_string_ext(job, JSON_C_TO_STRING_PLAIN));
    json_object_put(job);
    if (nowhere < 0 || input < 0)
        return input < 0 ? input : -errno;
    return worker_process_spawn(
        &(struct worker_process_settings){
            .executable = settings->executable,
            .arguments = arguments,
            .environment = environment,
            .input = input,
            .output = settings->record ? nowhere : WORKER_PROCESS_PIPE,
            .errors = STDERR_FILENO,
            .descriptors = inherited.descriptors,
            .descriptor_count = inherited.count,
        },
        ret);
}

/* ---- its end */

static int on_end(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    struct deliver *deliver = user;
    CLEANUP_FREE char *ending = NULL;
    siginfo_t status = {0};

    (void)descriptor;
    (void)events;
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_enabled(deliver->timer, SD_EVENT_OFF);
    ending = worker_process_reap(&deliver->worker, &status) < 0
                 ? memory_string("ended in an unknown way")
                 : worker_process_status_text(&status);
    deliver->ended(deliver->user, ending);
    return 0;
}

static void log_signal(const struct deliver *deliver, int error, const char *what)
{
    if (error)
        log_error("sink %s: could not end its deliver worker (process %d): %s", deliver->sink,
                  (int)deliver->worker.pid, strerror(-error));
    else
        log_warning("sink %s: its deliver worker (process %d) is late: %s", deliver->sink,
                    (int)deliver->worker.pid, what);
}

static int on_timeout(sd_event_source *source, uint64_t time, void *user)
{
    struct deliver *deliver = user;

    (void)time;
    if (deliver->asked_to_end) {
        log_signal(deliver, worker_process_signal(&deliver->worker, SIGKILL), "killed");
        return 0;
    }
    deliver->asked_to_end = true;
    log_signal(deliver, worker_process_signal(&deliver->worker, SIGTERM), "asked to end");
    sd_event_source_set_time_relative(source, (uint64_t)deliver->grace_ns / 1000);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- start and end */

static int listen_to(sd_event *event, struct deliver *deliver, int64_t timeout_ns)
{
    int error = sd_event_add_time_relative(event, &deliver->timer, CLOCK_MONOTONIC,
                                           (uint64_t)timeout_ns / 1000, 0, on_timeout, deliver);

    if (error >= 0)
        error = sd_event_add_io(event, &deliver->exit_source, deliver->worker.pidfd, EPOLLIN,
                                on_end, deliver);
    return error < 0 ? error : 0;
}

int deliver_start(sd_event *event, const struct deliver_settings *settings, deliver_ended ended,
                  void *user, struct deliver **ret, char **ret_error)
{
    struct deliver *deliver = memory_zeroed(1, sizeof(*deliver));
    int error;

    deliver->worker = WORKER_PROCESS_NONE;
    deliver->sink = memory_string(settings->sink->name);
    deliver->grace_ns = grace_of(settings);
    deliver->ended = ended;
    deliver->user = user;
    error = spawn(settings, false, &deliver->worker);
    if (error) {
        *ret_error = memory_format("sink %s: could not start a deliver worker: %s", deliver->sink,
                                   strerror(-error));
    } else {
        error = listen_to(event, deliver, settings->timeout_ns);
        if (error)
            *ret_error = memory_format("sink %s: could not wait for its deliver worker: %s",
                                       deliver->sink, strerror(-error));
    }
    if (error)
        deliver_free(deliver);
    else
        *ret = deliver;
    return error;
}

void deliver_free(struct deliver *deliver)
{
    if (!deliver)
        return;
    sd_event_source_disable_unref(deliver->exit_source);
    sd_event_source_disable_unref(deliver->timer);
    worker_process_close(&deliver->worker);
    free(deliver->sink);
    free(deliver);
}

/* ---- before there is anything to deliver */

/* Its own timer ends the worker in time, unless it dies before it has set that. 0 or -errno. */
static int wait_for_end(struct worker_process *worker, int64_t limit_ns, siginfo_t *ret_status)
{
    int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + limit_ns;
    struct pollfd pollfd = {.fd = worker->pidfd, .events = POLLIN};

    for (;;) {
        int64_t left_ns = end_ns - clock_ns(CLOCK_MONOTONIC);

        if (left_ns <= 0 && worker_process_signal(worker, SIGKILL) < 0)
            return -ETIMEDOUT;
        if (left_ns <= 0 || poll(&pollfd, 1, (int)(left_ns / NS_PER_MS) + 1) > 0)
            return worker_process_reap(worker, ret_status);
    }
}

/* What the worker wrote, without its last newline; NULL: nothing. */
static char *words_of(const struct worker_process *worker)
{
    char words[WORDS_MAX];
    size_t length = 0;
    ssize_t got;

    while (length < sizeof(words) - 1 &&
           (got = read(worker->output, words + length, sizeof(words) - 1 - length)) > 0)
        length += (size_t)got;
    while (length > 0 && words[length - 1] == '\n')
        length--;
    words[length] = '\0';
    return length > 0 ? memory_string(words) : NULL;
}

static char *on_one_line(char *words)
{
    for (char *newline = words; newline && (newline = strchr(newline, '\n'));)
        *newline = ' ';
    return words;
}

/* The worker's own answer; -1: it gave none. */
static int answer_of(const siginfo_t *status)
{
    return status->si_code == CLD_EXITED && (status->si_status == DELIVER_READY ||
                                             (status->si_status >= DELIVER_MISCONFIGURED &&
                                              status->si_status <= DELIVER_NO_PROBE))
               ? status->si_status
               : -1;
}

static char *no_answer(const siginfo_t *status)
{
    CLEANUP_FREE char *ending = worker_process_status_text(status);

    return memory_format("its process %s while it looked whether it can work; rebuild or "
                         "reinstall the module",
                         ending);
}

/* Runs a worker without a message to its end. 0 or -errno; what it wrote can then be read. */
static int ask(const struct deliver_settings *settings, bool probe, struct worker_process *worker,
               siginfo_t *ret_status, char **ret_error)
{
    int error = spawn(settings, probe, worker);

    if (!error)
        error = wait_for_end(worker, settings->timeout_ns + 3 * grace_of(settings), ret_status);
    if (error)
        *ret_error = memory_format("could not ask it in a process of its own: %s; check the limits "
                                   "on processes and open files",
                                   strerror(-error));
    return error;
}

enum deliver_readiness deliver_check(const struct deliver_settings *settings, char **ret_error)
{
    struct worker_process worker = WORKER_PROCESS_NONE;
    siginfo_t status = {0};
    int answer = DELIVER_UNREADY;

    *ret_error = NULL;
    if (ask(settings, false, &worker, &status, ret_error) == 0) {
        answer = answer_of(&status);
        if (answer != DELIVER_READY)
            *ret_error = on_one_line(answer > 0 ? words_of(&worker) : NULL);
        if (answer != DELIVER_READY && !*ret_error)
            *ret_error = no_answer(&status);
    }
    worker_process_close(&worker);
    return answer < 0 ? DELIVER_UNREADY : (enum deliver_readiness)answer;
}

static char *as_error(char *reason)
{
    CLEANUP_FREE char *given = on_one_line(reason);

    return memory_format("%d %s", ATVM_LOG_ERROR, given);
}

enum deliver_readiness deliver_probe(const struct deliver_settings *settings, char **ret_words)
{
    struct worker_process worker = WORKER_PROCESS_NONE;
    siginfo_t status = {0};
    int answer = DELIVER_UNREADY;
    char *error = NULL;

    *ret_words = NULL;
    if (ask(settings, true, &worker, &status, &error) == 0) {
        answer = answer_of(&status);
        if (answer < 0)
            error = no_answer(&status);
        else
            *ret_words = words_of(&worker);
    }
    if (error)
        *ret_words = as_error(error);
    worker_process_close(&worker);
    return answer < 0 ? DELIVER_UNREADY : (enum deliver_readiness)answer;
}
