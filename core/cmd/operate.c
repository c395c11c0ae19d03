#include "operate.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "kept-run.h"
#include "log.h"
#include "memory.h"
#include "operate-service.h"
#include "owner-rights.h"
#include "path-watch.h"
#include "secret-environment.h"
#include "service-environment.h"
#include "sink-check.h"
#include "start-environment.h"
#include "state-lock.h"
#include "state.h"

/* How often the lock is tried while an answer is waited for: its holder may have ended. */
#define LOCK_INTERVAL_US (200 * 1000)

/* One run of a command. */
struct operation {
    struct operate *operate;
    struct config *config;
    char *folder;        /* of the build */
    struct stat owner;   /* of that */
    struct state *state; /* owned; NULL: somebody else has it */
    int *secrets;        /* of the environment; -1: none */
    bool by_watcher;     /* who carried it out */
    struct request_answer answer;
    bool printed;              /* the answer */
    struct post_summary posts; /* after a delivery of our own */
    bool delivered;            /* there was one */
    bool handed_over;          /* to the service */
    struct service_sent sent;  /* what came of that */
};

/* ---- which build */

static int report_no_access(const char *path, int error)
{
    log_error("%s: %s; changing a run needs to be root, or the user that watches", path,
              strerror(error));
    return COMMAND_STATE;
}

static int find_build(struct operation *operation)
{
    int error;

    operation->folder =
        memory_format("%s/%s", operation->config->state_root, operation->operate->build);
    if (stat(operation->folder, &operation->owner) < 0) {
        if (errno == ENOENT)
            return operate_report_unknown(operation->config, operation->operate->build);
        return report_no_access(operation->folder, errno);
    }
    error = owner_rights_take(&operation->owner);
    if (error < 0) {
        log_error("%s: its owner's rights cannot be taken: %s", operation->folder,
                  strerror(-error));
        return COMMAND_STATE;
    }
    return access(operation->folder, W_OK | X_OK) == 0 ? COMMAND_OK
                                                       : report_no_access(operation->folder, errno);
}

/* ---- who asks */

static char *user_name(void)
{
    const struct passwd *entry = getpwuid(getuid());

    return entry ? memory_string(entry->pw_name) : memory_format("user %d", (int)getuid());
}

/* "root (as sudo of ann)". */
static char *who_asks(void)
{
    CLEANUP_FREE char *name = user_name();
    const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;

    return sudo && *sudo ? memory_format("%s (as sudo of %.64s)", name, sudo) : TAKE_POINTER(name);
}

/* ---- the lock */

/* COMMAND_OK, OPERATE_NO_ANSWER where somebody else has it (nothing said), else reported. */
static int take_lock(struct operation *operation)
{
    CLEANUP_FREE char *error = NULL;
    int status = state_open(operation->config->state_root, operation->operate->build,
                            STATE_OWN_BRIEFLY, clock_ns(CLOCK_REALTIME), &operation->state, &error);

    if (status == -EBUSY)
        return OPERATE_NO_ANSWER;
    if (status < 0) {
        log_error("%s%s", error,
                  status == -EACCES || status == -EROFS || status == -EPERM
                      ? "; changing a run needs to be root, or the user that watches"
                      : "");
        return COMMAND_STATE;
    }
    if (operation->state->warnings)
        log_warning("%s", operation->state->warnings);
    return COMMAND_OK;
}

/* ---- carrying it out */

/* A message that is made needs to know how its sinks want it, which their modules say. */
static bool knows_its_sinks(const struct operation *operation)
{
    CLEANUP_FREE char *error = NULL, *warnings = NULL;
    bool known = operation->operate->request.command != REQUEST_CORRECT ||
                 config_check_modules(operation->config, &error, &warnings);

    if (!known)
        log_error("%s", error);
    if (warnings)
        log_warning("%s", warnings);
    return known;
}

static int carry_out(struct operation *operation)
{
    const struct kept_run_settings settings = {
        .config = operation->config,
        .state = operation->state,
        .look = operation->operate->look,
    };
    CLEANUP_FREE char *error = NULL;
    struct kept_run *run = NULL;

    if (!knows_its_sinks(operation))
        return COMMAND_USAGE;
    if (kept_run_open(&settings, &run, &error) < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    kept_run_carry_out(run, &operation->operate->request, &operation->answer);
    kept_run_free(run);
    return COMMAND_OK;
}

/* ---- asking whoever has the build */

struct waiting {
    sd_event *event;
    sd_event_source *timer, *deadline;
    struct path_watch *paths;
    bool over; /* the time, or the operator's patience */
};

static void on_change(void *user)
{
    (void)user; /* the loop turns */
}

static int on_turn(sd_event_source *source, uint64_t time_us, void *user)
{
    (void)time_us;
    (void)user;
    sd_event_source_set_time_relative(source, LOCK_INTERVAL_US);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_deadline(sd_event_source *source, uint64_t time_us, void *user)
{
    struct waiting *waiting = user;

    (void)source;
    (void)time_us;
    waiting->over = true;
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *signal, void *user)
{
    struct waiting *waiting = user;

    (void)source;
    (void)signal;
    waiting->over = true;
    return 0;
}

static int open_waiting(struct waiting *waiting, int64_t wait_ns)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t signals;
    int error = sd_event_new(&waiting->event);

    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
        sigaddset(&signals, ending[i]);
    if (error >= 0 && sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        error = -errno;
    for (size_t i = 0; i < sizeof(ending) / sizeof(*ending) && error >= 0; i++)
        error = sd_event_add_signal(waiting->event, NULL, ending[i], on_signal, waiting);
    if (error >= 0)
        error = sd_event_add_time_relative(waiting->event, &waiting->timer, CLOCK_MONOTONIC,
                                           LOCK_INTERVAL_US, 1000, on_turn, waiting);
    if (error >= 0)
        error = sd_event_add_time_relative(waiting->event, &waiting->deadline, CLOCK_MONOTONIC,
                                           (uint64_t)wait_ns / 1000, 1000, on_deadline, waiting);
    if (error < 0)
        return error;
    waiting->paths = path_watch_new(waiting->event, on_change, waiting);
    return 0;
}

static void close_waiting(struct waiting *waiting)
{
    path_watch_free(waiting->paths);
    sd_event_source_disable_unref(waiting->timer);
    sd_event_source_disable_unref(waiting->deadline);
    sd_event_unref(waiting->event);
}

/* 1: the answer is there; 0: not yet; else -errno (reported). */
static int read_answer(struct operation *operation)
{
    CLEANUP_FREE char *error = NULL, *unread = NULL;
    const char *id = operation->operate->request.id;
    int status = request_read_answer(operation->folder, id, &operation->answer, &error);

    if (status == -ENOENT)
        return 0;
    if (status < 0) {
        log_error("%s", error);
        return status;
    }
    operation->by_watcher = true;
    if (request_forget_answer(operation->folder, id, &unread) < 0)
        log_warning("%s", unread);
    return 1;
}

/* Whoever had the build has ended. What it left half done of this request is finished here. */
static int finish_as_owner(struct operation *operation)
{
    CLEANUP_FREE char *error = NULL;
    const char *id = operation->operate->request.id;
    int answered = read_answer(operation);
    int status;

    if (answered != 0)
        return answered > 0 ? COMMAND_OK : COMMAND_STATE;
    if (request_take_up(operation->folder, id, &error) < 0) {
        log_error("%s", error ? error : "the request is gone, and nobody answered it");
        return COMMAND_STATE;
    }
    status = carry_out(operation);
    if (status == COMMAND_OK &&
        (request_answer(operation->folder, id, &operation->answer, &error) < 0 ||
         request_forget_answer(operation->folder, id, &error) < 0))
        log_warning("%s", error);
    return status;
}

static int give_up(struct operation *operation)
{
    CLEANUP_FREE char *error = NULL, *lock = memory_format("%s/lock", operation->folder);
    CLEANUP_FREE char *look =
        config_command(operation->config, "status %s", operation->operate->build);
    CLEANUP_FREE char *list =
        config_command(operation->config, "queue list %s --all", operation->operate->build);
    const struct request *request = &operation->operate->request;
    int status = request_withdraw(operation->folder, request->id, &error);

    if (status == -ENOENT && read_answer(operation) == 1)
        return COMMAND_OK;
    if (status == 0)
        log_error("%s: process %d has it and gave no answer in time; the request was withdrawn: "
                  "nothing was changed. `%s` shows whether it lives",
                  operation->operate->build, (int)state_lock_holder(lock), look);
    else if (status == -ENOENT)
        log_error("%s: the request was taken up, but is not answered yet: it is carried out, once. "
                  "`%s` shows what became of it",
                  operation->operate->build, list);
    else
        log_error("%s; the request stays, and is carried out when its turn comes", error);
    return OPERATE_NO_ANSWER;
}

static int wait_for_answer(struct operation *operation, struct waiting *waiting)
{
    for (;;) {
        int answered = read_answer(operation);
        int status;

        if (answered != 0)
            return answered > 0 ? COMMAND_OK : COMMAND_STATE;
        if (waiting->over)
            return give_up(operation);
        status = take_lock(operation);
        if (status == COMMAND_OK)
            return finish_as_owner(operation);
        if (status != OPERATE_NO_ANSWER)
            return status;
        status = sd_event_run(waiting->event, UINT64_MAX);
        if (status < 0) {
            log_error("event loop: %s", strerror(-status));
            return give_up(operation);
        }
    }
}

static int submit_and_wait(struct operation *operation, struct waiting *waiting)
{
    CLEANUP_FREE char *path = requests_path(operation->folder);
    CLEANUP_FREE char *error = NULL;

    if (request_submit(operation->folder, &operation->operate->request, &error) < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    path_watch_add(waiting->paths, path);
    return wait_for_answer(operation, waiting);
}

/* From before the request is there: an interruption is to withdraw it, not to leave it behind. */
static int ask(struct operation *operation)
{
    struct waiting waiting = {0};
    int status = open_waiting(&waiting, operation->operate->wait_ns);

    if (status < 0) {
        log_error("event loop: %s; nothing was asked of the watcher", strerror(-status));
        status = COMMAND_STATE;
    } else {
        status = submit_and_wait(operation, &waiting);
    }
    close_waiting(&waiting);
    return status;
}

/* ---- delivering what is to be sent: the service does it, or this process */

static void send_by_service(struct operation *operation, struct unit_control *units)
{
    const struct operate *operate = operation->operate;
    CLEANUP_FREE char *error = NULL;

    /* The service needs the lock. */
    state_close(operation->state);
    operation->state = NULL;
    if (operate_service_send(units, operation->config, operate->build, operation->folder,
                             operate->wait_ns, &operation->sent, &error) < 0) {
        log_error("%s: stored, but not sent: %s", operate->build, error);
        return;
    }
    operation->handed_over = true;
    operate_service_report(operation->config, operate->build, &operation->sent);
}

/* false: there is no service for it. */
static bool leave_to_service(struct operation *operation)
{
    struct unit_control *units = NULL;
    int error = owner_rights_give_back();

    if (!error)
        units = operate_service_open(operation->config, operation->operate->build);
    if (units) {
        send_by_service(operation, units);
        unit_control_close(units);
        return true;
    }
    error = error ? error : owner_rights_take(&operation->owner);
    if (error < 0)
        log_error("%s: stored, but not sent: its owner's rights cannot be given back and taken "
                  "again: %s",
                  operation->folder, strerror(-error));
    return error < 0;
}

static void say_not_ready(const struct operation *operation, const char *why)
{
    int unreadable =
        *operation->secrets < 0 ? service_secrets_unreadable(START_ENVIRONMENT_FILE) : 0;
    CLEANUP_FREE char *longer =
        memory_format("%s; but %s cannot be read by this user", why, START_ENVIRONMENT_FILE);

    operate_service_advise(operation->config, operation->operate->build,
                           unreadable && unreadable != -ENOENT ? longer : why);
}

static bool sinks_are_ready(struct operation *operation, int terminal)
{
    CLEANUP_FREE char *error = NULL, *warnings = NULL;
    struct sink_findings findings = {0};
    const char *why = NULL;

    if (!config_check_modules(operation->config, &error, &warnings)) {
        operate_service_advise(operation->config, operation->operate->build, error);
        return false;
    }
    if (secret_environment_take(operation->config, operation->secrets) < 0) {
        operate_service_advise(operation->config, operation->operate->build,
                               "a secret in the environment cannot be passed on");
        return false;
    }
    findings = sink_check(operation->config, terminal, *operation->secrets);
    why = findings.misconfigured ? findings.misconfigured : findings.unready;
    if (why)
        say_not_ready(operation, why);
    sink_findings_clear(&findings);
    return !why;
}

/* The standard output of --json is no place for a message. */
static void deliver(struct operation *operation)
{
    CLEANUP_CLOSE int terminal =
        fcntl(operation->operate->json ? STDERR_FILENO : STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    CLEANUP_FREE char *error = NULL;

    if (leave_to_service(operation) || !sinks_are_ready(operation, terminal))
        return;
    if (kept_run_deliver(operation->config, operation->state, terminal, *operation->secrets,
                         &operation->posts, &error) < 0) {
        operate_service_advise(operation->config, operation->operate->build, error);
        return;
    }
    operation->delivered = true;
    if (operation->posts.outstanding > 0)
        operate_service_advise(operation->config, operation->operate->build,
                               "it could not be delivered yet");
}

/* ---- what came of it */

static int exit_status(const struct operation *operation)
{
    switch (operation->answer.outcome) {
    case REQUEST_LEFT:
        return OPERATE_LEFT;
    case REQUEST_REFUSED:
        return COMMAND_FAILED;
    case REQUEST_FAILED:
        return COMMAND_STATE;
    default:
        break;
    }
    if (operation->answer.sent == 0 || operation->by_watcher)
        return COMMAND_OK;
    if (operation->handed_over)
        return operation->sent.held == 0 && !operation->sent.unknown ? COMMAND_OK
                                                                     : OPERATE_NOT_SENT;
    return operation->delivered && operation->posts.outstanding == 0 &&
                   !post_is_held(&operation->posts)
               ? COMMAND_OK
               : OPERATE_NOT_SENT;
}

static struct json_object *lines_to_json(const char *text)
{
    struct json_object *array = json_object_new_array();

    while (*text) {
        size_t length = strcspn(text, "\n");

        json_object_array_add(array, json_object_new_string_len(text, (int)length));
        text += length + (text[length] == '\n');
    }
    return array;
}

static void print_json(const struct operation *operation, int status)
{
    CLEANUP_JSON struct json_object *object = json_object_new_object();
    const struct request_answer *answer = &operation->answer;

    json_object_object_add(object, "schema", json_object_new_string("atvm.operation/1"));
    json_object_object_add(object, "build", json_object_new_string(operation->operate->build));
    json_object_object_add(
        object, "command",
        json_object_new_string(request_command_name(operation->operate->request.command)));
    json_object_object_add(object, "outcome",
                           json_object_new_string(request_outcome_name(answer->outcome)));
    json_object_object_add(object, "messages", lines_to_json(answer->text));
    json_object_object_add(object, "to_be_sent", json_object_new_int64(answer->sent));
    json_object_object_add(object, "carried_out_by",
                           json_object_new_string(operation->by_watcher ? "watcher" : "command"));
    json_object_object_add(object, "sent_by_service",
                           json_object_new_boolean(operation->handed_over));
    json_object_object_add(object, "exit_status", json_object_new_int(status));
    command_print_json(object);
}

/* For people, once. */
static void print_answer(struct operation *operation)
{
    const struct request_answer *answer = &operation->answer;
    bool bad = answer->outcome == REQUEST_REFUSED || answer->outcome == REQUEST_FAILED;

    if (operation->operate->json || operation->printed)
        return;
    operation->printed = true;
    if (bad)
        log_error("%s", answer->text);
    else
        puts(answer->text);
    fflush(stdout);
}

static int report(struct operation *operation)
{
    int status = exit_status(operation);

    if (operation->operate->json)
        print_json(operation, status);
    else
        print_answer(operation);
    return status;
}

/* ---- the whole */

static int run_locked(struct operation *operation)
{
    int status = take_lock(operation);

    if (status == COMMAND_OK)
        status = carry_out(operation);
    else if (status == OPERATE_NO_ANSWER)
        status = ask(operation);
    if (status != COMMAND_OK)
        return status;
    if (operation->answer.sent > 0 && operation->state && !operation->by_watcher) {
        /* What is done comes before what follows from it. */
        print_answer(operation);
        deliver(operation);
    }
    return report(operation);
}

/* As `run` by hand: what the environment says stands before what the service has. */
static void take_secrets_of_service(struct operation *operation)
{
    struct service_environment environment;

    if (*operation->secrets >= 0)
        return;
    environment = service_environment_take_secrets(START_ENVIRONMENT_FILE);
    if (environment.error && environment.error != -ENOENT && environment.error != -EACCES)
        log_warning("%s: %s; the secrets in it are not known here", START_ENVIRONMENT_FILE,
                    strerror(-environment.error));
    *operation->secrets = take_descriptor(&environment.secrets);
    service_environment_release(&environment);
}

int operate_run(struct operate *operate, int *secrets)
{
    struct operation operation = {.operate = operate, .secrets = secrets};
    CLEANUP_FREE char *error = NULL;
    CLEANUP_FREE char *id = request_new_id(clock_ns(CLOCK_REALTIME));
    CLEANUP_FREE char *by = who_asks();
    int status = COMMAND_USAGE, error_number;

    operate->request.id = id;
    operate->request.by = by;
    operate->request.time_ns = clock_ns(CLOCK_REALTIME);
    take_secrets_of_service(&operation);
    operation.config = config_load(operate->config_path, operate->build, &error);
    if (error)
        log_error("%s", error);
    if (operation.config)
        status = find_build(&operation);
    if (status == COMMAND_OK && operation.config)
        status = run_locked(&operation);
    request_answer_clear(&operation.answer);
    state_close(operation.state);
    config_free(operation.config);
    free(operation.folder);
    /* LeakSanitizer, which looks at the end, needs the rights the process had. */
    error_number = owner_rights_give_back();
    if (error_number < 0)
        log_warning("root's rights cannot be taken back: %s", strerror(-error_number));
    return status;
}
