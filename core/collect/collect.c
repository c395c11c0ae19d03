#include "collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "collect-child.h"
#include "collect-job.h"
#include "collect-log.h"
#include "collect-output.h"
#include "collect-progress.h"
#include "collect-suspects.h"
#include "log.h"
#include "memory.h"
#include "worker-process.h"

#define USEC_PER_SEC UINT64_C(1000000)

#define RESTART_DELAY_FIRST_US (USEC_PER_SEC / 10)
#define RESTART_DELAY_MAX_US   (30 * USEC_PER_SEC)
/* Loading and checking modules, on top of the time for a pass. */
#define START_TIMEOUT_US (10 * USEC_PER_SEC)
/* A worker that was never ready is started so often. */
#define STARTS_MAX 3
/* While something is waited for, a stopped worker is noticed this soon. */
#define TICK_US     USEC_PER_SEC
#define ACCURACY_US (USEC_PER_SEC / 100)
/* A tick that comes later than this tells that the watcher itself was held up. */
#define LATE_US (USEC_PER_SEC / 10)

struct collect {
    sd_event *event;
    const struct config *config;
    struct ledger *ledger;
    const struct collect_events *events;
    void *user;
    int64_t fixed_now_ns;
    struct json_object *job;
    struct collect_suspects *suspects;
    struct collect_log log;
    struct collect_child *child; /* NULL: none at the moment */
    struct ledger_reader *reader;
    struct collect_progress progress;
    uint64_t deadline_us; /* of what is waited for; CLOCK_MONOTONIC */
    uint64_t tick_set_us;
    sd_event_source *clock;   /* ticks while a worker starts or a pass is under way */
    sd_event_source *restart; /* waits to start another worker */
    bool pass_wanted;
    bool was_ready; /* some worker was */
    unsigned starts, failed_starts;
    uint64_t restart_delay_us;
};

static int64_t now_ns(const struct collect *collect)
{
    if (collect->fixed_now_ns >= 0)
        return collect->fixed_now_ns;
    return clock_ns(CLOCK_REALTIME);
}

/* Not sd_event_now: that stands still during a callback, and a pass may take longer than one. */
static uint64_t monotonic_us(void)
{
    return (uint64_t)(clock_ns(CLOCK_MONOTONIC) / NS_PER_US);
}

static uint64_t pass_timeout_us(const struct collect *collect)
{
    return (uint64_t)(collect->config->collect_timeout_ns / NS_PER_US);
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* ---------------------------------------------------------------- timers */

static void set_timer(sd_event_source *timer, uint64_t in_us)
{
    sd_event_source_set_time_relative(timer, in_us);
    sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* Looks at the worker again after a tick, or when its time is over. */
static void set_clock(struct collect *collect, uint64_t left_us)
{
    collect->tick_set_us = monotonic_us();
    set_timer(collect->clock, left_us < TICK_US ? left_us : TICK_US);
}

static void start_clock(struct collect *collect, uint64_t timeout_us)
{
    collect->deadline_us = monotonic_us() + timeout_us;
    set_clock(collect, timeout_us);
}

static void stop_clock(struct collect *collect)
{
    sd_event_source_set_enabled(collect->clock, SD_EVENT_OFF);
}

/* ---------------------------------------------------------------- what the worker says */

static void take_end(struct collect *collect, struct json_object *line)
{
    struct json_object *begin = collect->progress.begin;

    (void)line;
    if (begin && text_of(begin, "collector"))
        collect_suspects_clear(collect->suspects, text_of(begin, "collector"),
                               text_of(begin, "path"));
}

static void take_pass(struct collect *collect, struct json_object *line)
{
    collect_log_take_pass(&collect->log, line, clock_ns(CLOCK_MONOTONIC));
    if (text_of(line, "collector"))
        collect_suspects_clear(collect->suspects, text_of(line, "collector"), NULL);
}

static void take_hello(struct collect *collect, struct json_object *line)
{
    const char *version = text_of(line, "version");

    if (!version || strcmp(version, PACKAGE_VERSION) != 0)
        log_warning("the collect worker is of version %s, this watcher of version %s: restart the "
                    "watcher once the new version is installed",
                    version ? version : "(unknown)", PACKAGE_VERSION);
    collect->was_ready = true;
    collect->failed_starts = 0;
    stop_clock(collect);
}

static void take_watch(struct collect *collect, struct json_object *line)
{
    const char *path = text_of(line, "path");

    if (path && path[0] == '/' && collect->events->watch)
        collect->events->watch(collect->user, path);
}

static void take_log(struct collect *collect, struct json_object *line)
{
    collect_log_take(&collect->log, line, clock_ns(CLOCK_MONOTONIC));
}

static void take_done(struct collect *collect, struct json_object *line)
{
    (void)line;
    collect->restart_delay_us = RESTART_DELAY_FIRST_US;
    stop_clock(collect);
}

static const struct {
    const char *type;
    void (*take)(struct collect *collect, struct json_object *line);
} line_types[] = {{"end", take_end},     {"pass", take_pass}, {"hello", take_hello},
                  {"watch", take_watch}, {"log", take_log},   {"done", take_done}};

static void take_object(struct collect *collect, struct json_object *line)
{
    const char *type = text_of(line, "t");

    for (size_t i = 0; type && i < sizeof(line_types) / sizeof(line_types[0]); i++)
        if (strcmp(type, line_types[i].type) == 0)
            line_types[i].take(collect, line);
    collect_progress_take(&collect->progress, line);
}

/* Records are by far the most lines, and nothing in them is for this file: told by the end that the
 * worker gives them, they are not parsed a second time. */
static bool is_record(const char *line, size_t length)
{
    static const char ending[] = "\"t\":\"evidence\"}";
    const size_t size = sizeof(ending) - 1;

    return length >= size && memcmp(line + length - size, ending, size) == 0;
}

static void on_line(void *user, const char *line, size_t length)
{
    struct collect *collect = user;
    CLEANUP_FREE char *error = NULL;
    enum ledger_line kind;

    /* What follows a broken line is not believed. */
    if (collect->progress.broken || collect->progress.fatal)
        return;
    kind = ledger_reader_line(collect->reader, line, length, &error);
    if (kind == LEDGER_LINE_BAD) {
        collect_progress_break(&collect->progress,
                               memory_format("wrote a line that is no evidence: %s", error));
    } else if (is_record(line, length)) {
        collect_progress_add_record(&collect->progress, length);
    } else {
        CLEANUP_JSON struct json_object *object = json_tokener_parse(line);

        take_object(collect, object);
    }
}

static void on_error_line(void *user, const char *line, size_t length)
{
    struct collect *collect = user;

    collect_log_take_error(&collect->log, collect->progress.collector, line, length,
                           clock_ns(CLOCK_MONOTONIC));
}

/* ---------------------------------------------------------------- passes */

static void begin_pass(struct collect *collect)
{
    CLEANUP_FREE char *line =
        memory_format("{\"t\":\"collect\",\"now\":%" PRId64 ",\"timeout\":%" PRId64 "}\n",
                      now_ns(collect), collect->config->collect_timeout_ns);

    collect->pass_wanted = false;
    collect->progress.in_pass = true;
    collect->progress.again = false;
    start_clock(collect, pass_timeout_us(collect));
    collect_child_send(collect->child, line, strlen(line));
}

static void begin_wanted_pass(struct collect *collect)
{
    if (collect->pass_wanted && collect->child && collect->progress.ready &&
        !collect->progress.in_pass && !collect->progress.pass_over)
        begin_pass(collect);
}

void collect_request_pass(struct collect *collect)
{
    collect->pass_wanted = true;
    begin_wanted_pass(collect);
}

/* ---------------------------------------------------------------- setting a file aside */

/* Whether the ledger holds what this very file said before. */
static bool ledger_knows_file(const struct collect *collect, struct json_object *begin)
{
    struct json_object *inode = NULL, *device = NULL;

    json_object_object_get_ex(begin, "inode", &inode);
    json_object_object_get_ex(begin, "device", &device);
    for (size_t i = 0; i < collect->ledger->source_count; i++) {
        const struct ledger_source *source = collect->ledger->sources[i];

        if (!source->retired && strcmp(source->collector, text_of(begin, "collector")) == 0 &&
            strcmp(source->file.path, text_of(begin, "path")) == 0)
            return source->file.inode == json_object_get_uint64(inode) &&
                   source->file.device == json_object_get_uint64(device);
    }
    return false;
}

static void feed(struct ledger_reader *reader, struct json_object *line)
{
    CLEANUP_FREE char *error = NULL;
    const char *text = json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN);

    /* Both lines are made of ones that were taken before. */
    if (ledger_reader_line(reader, text, strlen(text), &error) != LEDGER_LINE_EVIDENCE)
        log_error("cannot note a damaged source: %s", error ? error : text);
}

/*
 * Ends the open unit in its collector's place: the source is damaged, and says nothing new. With
 * all its collector told of it (its name's stem decides whose host it is); and what the same file
 * said before stays, since a failure in it is still true.
 */
static void add_damaged(struct collect *collect, const char *reason)
{
    CLEANUP_JSON struct json_object *begin = TAKE_POINTER(collect->progress.begin);
    CLEANUP_JSON struct json_object *end = json_object_new_object();

    collect_output_add_text(begin, "mode",
                            ledger_knows_file(collect, begin) ? "append" : "replace");
    collect_output_add_text(end, "t", "end");
    collect_output_add_text(end, "quality", "damaged");
    collect_output_add_text(end, "reason", reason);
    collect_output_add_number(end, "time", now_ns(collect));
    feed(collect->reader, begin);
    feed(collect->reader, end);
}

static bool is_critical(const struct collect *collect, const char *collector)
{
    for (size_t i = 0; i < collect->config->collector_count; i++)
        if (strcmp(collect->config->collectors[i].name, collector) == 0)
            return collect->config->collectors[i].critical;
    return true;
}

/* Decides whether what the worker was busy with is to blame. */
static void suspect(struct collect *collect, enum collect_blame blame, const char *how)
{
    const char *collector = collect->progress.collector;
    const char *path = collect_progress_path(&collect->progress);
    CLEANUP_FREE char *reason = NULL;

    if (!collector)
        return;
    /* A critical collector that never got through its start-up is a start-up error. */
    if (!path && !collect->was_ready && is_critical(collect, collector))
        return;
    if (!collect_suspects_note(collect->suspects, collector, path, blame))
        return;
    if (!path) {
        log_error("collector %s is set aside for the rest of this watch: the collect worker %s in "
                  "it repeatedly, outside of any file",
                  collector, how);
        return;
    }
    reason = memory_format("the collect worker %s while reading it", how);
    log_error("%s is set aside as damaged for collector %s: %s", path, collector, reason);
    add_damaged(collect, reason);
}

/* ---------------------------------------------------------------- failure and restart */

static void drop_child(struct collect *collect, bool politely)
{
    stop_clock(collect);
    collect_child_free(TAKE_POINTER(collect->child), politely);
    ledger_reader_free(TAKE_POINTER(collect->reader));
    collect_progress_reset(&collect->progress);
}

/* Tells the owner that there will be no further worker; the last thing a callback does. */
static void give_up(struct collect *collect, const char *reason)
{
    drop_child(collect, false);
    sd_event_source_set_enabled(collect->restart, SD_EVENT_OFF);
    collect->events->failed(collect->user, reason);
}

static void schedule_restart(struct collect *collect, bool at_once)
{
    set_timer(collect->restart, at_once ? 0 : collect->restart_delay_us);
    if (at_once)
        return;
    collect->restart_delay_us *= 2;
    if (collect->restart_delay_us > RESTART_DELAY_MAX_US)
        collect->restart_delay_us = RESTART_DELAY_MAX_US;
}

/* The worker has ended, or is to be ended now: `how` completes "the collect worker ...". */
static void fail(struct collect *collect, enum collect_blame blame, const char *how)
{
    CLEANUP_FREE char *doing = collect_progress_text(&collect->progress);
    CLEANUP_FREE char *reason = memory_format("the collect worker %s", how);
    const char *path = collect_progress_path(&collect->progress);
    bool at_once = blame == COLLECT_BLAME_FAULT && path;

    log_warning("the collect worker %s %s; it is started anew", how, doing);
    ledger_add_gap(collect->ledger, collect->progress.collector, path, reason, now_ns(collect));
    suspect(collect, blame, how);
    if (!collect->was_ready && blame == COLLECT_BLAME_FAULT &&
        ++collect->failed_starts >= STARTS_MAX) {
        CLEANUP_FREE char *why =
            memory_format("the collect worker %s %s, %d times in a row", how, doing, STARTS_MAX);

        give_up(collect, why);
        return;
    }
    if (collect->progress.in_pass)
        collect->pass_wanted = true;
    drop_child(collect, false);
    schedule_restart(collect, at_once);
}

/* What happened since the last look, in the order in which it matters. May end with a callback of
 * the owner, which may free the session: nothing is touched after it. */
static void settle(struct collect *collect)
{
    bool again = collect->progress.again;

    if (collect->progress.fatal) {
        CLEANUP_FREE char *reason = TAKE_POINTER(collect->progress.fatal);

        give_up(collect, reason);
        return;
    }
    if (collect->progress.broken) {
        CLEANUP_FREE char *how = TAKE_POINTER(collect->progress.broken);

        fail(collect, COLLECT_BLAME_FAULT, how);
        return;
    }
    if (!collect->progress.pass_over) {
        begin_wanted_pass(collect);
        return;
    }
    collect->progress.pass_over = false;
    begin_wanted_pass(collect);
    collect->events->pass_done(collect->user, again);
}

static void on_settled(void *user)
{
    settle(user);
}

static void on_unusable(void *user, const char *reason)
{
    fail(user, COLLECT_BLAME_FAULT, reason);
}

/* Signals that come from people, from the kernel's search for memory, or from a service manager. */
static bool is_from_outside(const siginfo_t *status)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};

    if (status->si_code == CLD_EXITED)
        return false;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (status->si_status == signals[i])
            return true;
    return false;
}

static void on_ended(void *user, const siginfo_t *status)
{
    struct collect *collect = user;
    CLEANUP_FREE char *text = worker_process_status_text(status);
    CLEANUP_FREE char *how = NULL;

    if (collect->progress.fatal) {
        settle(collect);
        return;
    }
    if (status->si_code != CLD_EXITED && status->si_status == SIGSYS)
        how = memory_format("%s: it made a system call that collectors may not make", text);
    else
        how = TAKE_POINTER(text);
    fail(collect, is_from_outside(status) ? COLLECT_BLAME_OUTSIDE : COLLECT_BLAME_FAULT, how);
}

static int on_clock(sd_event_source *source, uint64_t time_us, void *user)
{
    struct collect *collect = user;
    CLEANUP_FREE char *how = NULL;
    uint64_t now = monotonic_us();

    (void)source;
    /* Time in which this side was held up is not the worker's: it may have waited for its pipe. */
    if (now > time_us + LATE_US)
        collect->deadline_us += now - collect->tick_set_us;
    if (collect_child_is_stopped(collect->child)) {
        fail(collect, COLLECT_BLAME_OUTSIDE, "was stopped by a signal");
        return 0;
    }
    if (now < collect->deadline_us) {
        set_clock(collect, collect->deadline_us - now);
        return 0;
    }
    /* Its last lines may still be in the pipe. */
    collect_child_drain(collect->child);
    if ((collect->progress.ready && !collect->progress.in_pass) || collect->progress.broken ||
        collect->progress.fatal) {
        settle(collect);
        return 0;
    }
    how = collect->progress.ready
              ? memory_format("did not finish its pass in %.1f s",
                              (double)pass_timeout_us(collect) / (double)USEC_PER_SEC)
              : memory_string("did not start up in time");
    fail(collect, COLLECT_BLAME_FAULT, how);
    return 0;
}

/* ---------------------------------------------------------------- starting */

static const struct collect_child_events child_events = {
    .line = on_line,
    .error_line = on_error_line,
    .settled = on_settled,
    .unusable = on_unusable,
    .ended = on_ended,
};

/* 0, or -errno. */
static int start(struct collect *collect)
{
    const char *job;
    int error;

    collect->child = collect_child_new(collect->event, &child_events, collect, &error);
    if (!collect->child)
        return error;
    collect->starts++;
    collect->reader = ledger_reader_new(collect->ledger);
    start_clock(collect, START_TIMEOUT_US + pass_timeout_us(collect));
    /* The job shares the list of what is set aside: it holds what has been added since. */
    job = json_object_to_json_string_ext(collect->job, JSON_C_TO_STRING_PLAIN);
    collect_child_send(collect->child, job, strlen(job));
    collect_child_send(collect->child, "\n", 1);
    return 0;
}

static int on_restart(sd_event_source *source, uint64_t time_us, void *user)
{
    struct collect *collect = user;
    int error = start(collect);

    (void)source;
    (void)time_us;
    if (error) {
        log_error("cannot start the collect worker: %s; trying again", strerror(-error));
        schedule_restart(collect, false);
    }
    return 0;
}

static int add_timers(struct collect *collect)
{
    int error = sd_event_add_time(collect->event, &collect->clock, CLOCK_MONOTONIC, UINT64_MAX,
                                  ACCURACY_US, on_clock, collect);

    if (error >= 0)
        error = sd_event_source_set_enabled(collect->clock, SD_EVENT_OFF);
    if (error >= 0)
        error = sd_event_add_time(collect->event, &collect->restart, CLOCK_MONOTONIC, UINT64_MAX,
                                  ACCURACY_US, on_restart, collect);
    if (error >= 0)
        error = sd_event_source_set_enabled(collect->restart, SD_EVENT_OFF);
    return error < 0 ? error : 0;
}

struct collect *collect_new(sd_event *event, const struct config *config,
                            const struct collect_run *run, int64_t fixed_now_ns,
                            struct ledger *ledger, const struct collect_events *events, void *user,
                            char **ret_error)
{
    struct collect *collect = memory_zeroed(1, sizeof(*collect));
    int error;

    collect->event = sd_event_ref(event);
    collect->config = config;
    collect->ledger = ledger;
    collect->events = events;
    collect->user = user;
    collect->fixed_now_ns = fixed_now_ns;
    collect->restart_delay_us = RESTART_DELAY_FIRST_US;
    collect->suspects = collect_suspects_new();
    collect->job = collect_job_to_json(config, run, collect_suspects_set_aside(collect->suspects),
                                       fixed_now_ns);
    error = add_timers(collect);
    if (!error)
        error = start(collect);
    if (!error)
        return collect;
    collect_free(collect);
    *ret_error = memory_format("cannot start the collect worker: %s", strerror(-error));
    return NULL;
}

void collect_free(struct collect *collect)
{
    if (!collect)
        return;
    drop_child(collect, collect->progress.ready && !collect->progress.in_pass);
    sd_event_source_disable_unref(collect->clock);
    sd_event_source_disable_unref(collect->restart);
    json_object_put(collect->job);
    collect_suspects_free(collect->suspects);
    collect_log_free(&collect->log);
    sd_event_unref(collect->event);
    free(collect);
}

unsigned collect_restarts(const struct collect *collect)
{
    return collect->starts > 0 ? collect->starts - 1 : 0;
}

pid_t collect_worker_pid(const struct collect *collect)
{
    return collect->child ? collect_child_pid(collect->child) : -1;
}
