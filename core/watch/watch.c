#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "collect.h"
#include "evidence-recall.h"
#include "judge-now.h"
#include "ledger.h"
#include "log-event.h"
#include "memory.h"
#include "operator.h"
#include "path-watch.h"
#include "progress-output.h"
#include "runner-exit.h"
#include "settle.h"
#include "stuck-runner.h"
#include "stuck-runner-decide.h"
#include "watch-close.h"
#include "watch-notify.h"
#include "watch-requests.h"
#include "watch-standing.h"
#include "watch-words.h"

/* Between two rounds lie a poll interval and a pass; one that hangs is ended and made again, with a
 * new worker, and as many files may hang one after the other. */
#define HANGING_PASSES_MAX 5

/* After a change, others often follow at once: one pass for all of them. */
#define CHANGE_DELAY_US (50 * 1000)
#define AGAIN_DELAY_US  (200 * 1000)

/* Whoever makes room on a full disk should not have to wait longer. */
#define WRITE_AGAIN_MAX_NS (60 * NS_PER_SECOND)

struct watch {
    const struct config *config;
    const struct run_settings *settings;
    const struct run_facts *facts;
    struct state *state;
    sd_event *event;
    struct ledger *ledger;
    struct collect *collect;
    struct path_watch *paths;
    struct watch_close *closing;
    struct watch_requests *requests;
    struct settle settle, settle_run;
    struct verdict *verdict; /* of the last pass; NULL: none yet */
    int64_t latest_ns;       /* the latest time that the wall clock ever showed */
    sd_event_source *poll, *soon, *release;
    struct runner_exit *runner;
    struct stuck_runner *stuck; /* it is being ended */
    const char **stuck_note;    /* in the verdict: what is done about it; NULL: nothing */
    struct progress_output progress;
    struct watch_notify *notify;
    bool spoke_of_stale_files;
    int write_failures;     /* of the state folder, in a row */
    int64_t write_again_ns; /* not before; by CLOCK_BOOTTIME */
};

/* ---------------------------------------------------------------- when to look */

static void arm(sd_event_source *timer, uint64_t delay_us)
{
    int error = sd_event_source_set_time_relative(timer, delay_us);

    if (error >= 0)
        error = sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
    if (error < 0)
        log_error("timer: %s; the next poll is waited for instead", strerror(-error));
}

static void look_soon(struct watch *watch, uint64_t delay_us)
{
    int enabled = SD_EVENT_OFF;

    sd_event_source_get_enabled(watch->soon, &enabled);
    if (enabled == SD_EVENT_OFF)
        arm(watch->soon, delay_us);
}

static int on_look(sd_event_source *source, uint64_t time_us, void *user)
{
    struct watch *watch = user;

    (void)source;
    (void)time_us;
    if (watch->collect)
        collect_request_pass(watch->collect);
    return 0;
}

static int on_poll(sd_event_source *source, uint64_t time_us, void *user)
{
    struct watch *watch = user;

    arm(source, (uint64_t)watch->config->poll_interval_ns / 1000);
    return on_look(source, time_us, user);
}

static void on_change(void *user)
{
    look_soon(user, CHANGE_DELAY_US);
}

static void on_watch_path(void *user, const char *path)
{
    struct watch *watch = user;

    path_watch_add(watch->paths, path);
}

/* ---------------------------------------------------------------- what was seen */

/* *ret_may_close false: whether the run was cancelled is not known. */
static struct verdict *judge_as_of(const struct watch *watch, int64_t now_ns, bool *ret_may_close)
{
    int error = 0;
    struct verdict *verdict = judge_with_state(watch->ledger, watch->settings, watch->config,
                                               watch->state, watch->latest_ns, now_ns, &error);

    if (error < 0)
        log_error("%s: the cancellation marker could not be looked for: %s; nothing is closed or "
                  "posted while that is so",
                  watch->state->folder, strerror(-error));
    *ret_may_close = error == 0;
    return verdict;
}

static void remember(struct watch *watch, const struct verdict *verdict)
{
    if (verdict->runner_seen)
        watch->state->runner_seen = true;
    /* Once a sub-run has begun, log and config may name its batch only: no whole scope. */
    if (verdict->categorized && watch->state->expected_host_count == 0 &&
        verdict->expected_count > 0 && verdict->scope_count == 0)
        state_set_expected_hosts(watch->state, verdict->expected, verdict->expected_count);
}

static struct watch_standing standing_of(const struct watch *watch)
{
    return (struct watch_standing){.notify = watch->notify,
                                   .config = watch->config,
                                   .state = watch->state,
                                   .verdict = watch->verdict,
                                   .time_zone = watch->facts->time_zone};
}

static void say_end(const struct watch *watch)
{
    const struct watch_standing standing = standing_of(watch);

    if (watch->notify && watch->closing)
        watch_standing_say_end(&standing, watch->closing);
}

/* ---------------------------------------------------------------- closing */

/* The run of a categorized build ends apart from its sub-runs. */
static bool run_has_settled(struct watch *watch, int64_t monotonic_ns)
{
    return settle_run_is_over(&watch->settle_run, watch->verdict, watch->settle.cut_short,
                              watch->config->settle_ns, monotonic_ns);
}

static int close_scopes(struct watch *watch, int64_t monotonic_ns)
{
    int status = 0;

    for (size_t i = 0; i < watch->verdict->scope_count && status == 0; i++) {
        const struct scope_verdict *scope = &watch->verdict->scopes[i];

        if (settle_is_over(&watch->settle, watch->verdict, scope, watch->config->settle_ns,
                           monotonic_ns))
            status = watch_close_scope(watch->closing, watch->verdict, scope, watch->ledger);
    }
    if (status == 0 && run_has_settled(watch, monotonic_ns) &&
        watch_close_all_scopes_closed(watch->closing, watch->verdict))
        status = watch_close_run(watch->closing, watch->verdict, watch->ledger);
    return status;
}

/* A final state waits for a second look and for its settling time. */
static void look_again_when_settled(struct watch *watch)
{
    bool final = run_state_is_final(watch->verdict->state);

    for (size_t i = 0; i < watch->verdict->scope_count; i++)
        final |= run_state_is_final(watch->verdict->scopes[i].state) &&
                 !watch_close_is_closed(watch->closing, watch->verdict->scopes[i].name);
    if (final)
        look_soon(watch, (uint64_t)watch->config->settle_ns / 1000 + 1000);
}

static int on_release_worker(sd_event_source *source, void *user)
{
    struct watch *watch = user;

    (void)source;
    collect_free(TAKE_POINTER(watch->collect));
    return 0;
}

/* The worker is released from the loop, not from within one of its own calls. */
static void stop_looking(struct watch *watch)
{
    progress_output_clear(&watch->progress);
    sd_event_source_set_enabled(watch->poll, SD_EVENT_OFF);
    sd_event_source_set_enabled(watch->soon, SD_EVENT_OFF);
    sd_event_source_set_enabled(watch->release, SD_EVENT_ONESHOT);
    runner_exit_follow(watch->runner, -1);
}

static void end_when_done(void *user)
{
    struct watch *watch = user;
    enum watch_close_end end = watch_close_end(watch->closing);

    if (end != WATCH_CLOSE_OPEN && !watch->stuck)
        sd_event_exit(watch->event, end == WATCH_CLOSE_HELD ? WATCH_HELD : WATCH_CLOSED);
}

static void deliver_to_the_end(struct watch *watch)
{
    const struct watch_standing standing = standing_of(watch);

    if (watch_close_end(watch->closing) == WATCH_CLOSE_OPEN)
        watch_standing_say_delivering(&standing);
    else
        watch_notify_ready(watch->notify);
    end_when_done(watch);
}

/* ---------------------------------------------------------------- a runner that does not exit */

static bool runner_is_to_end(const struct watch *watch, bool closed)
{
    return stuck_runner_is_to_end(&(struct stuck_runner_case){
        .terminate = watch->config->terminate_stuck_runner,
        .closed = closed,
        .cancelled = state_cancelled(watch->state) != 0,
        .verdict = watch->verdict,
        .now_ns = clock_ns(CLOCK_REALTIME),
        .stuck_after_ns = watch->config->stuck_after_ns,
    });
}

/* The message leaves before the runner is touched: it can only say what is intended. */
static void announce_end_of_runner(struct watch *watch)
{
    struct verdict *verdict = watch->verdict;

    watch->stuck_note = NULL;
    if (runner_is_to_end(watch, true))
        watch->stuck_note =
            verdict_add_note(verdict, &verdict->scopes[verdict->scope_count - 1],
                             "on_stuck_runner = \"terminate\": the runner is to be ended once this "
                             "status is on disk");
}

static void say_end_of_runner(struct watch *watch, int32_t level, const char *outcome)
{
    CLEANUP_FREE char *build = memory_format("BUILD=%s", watch->settings->build);
    const char *const fields[] = {build, "DECISION=runner-ended", NULL};

    log_line(level, fields, "%s: on_stuck_runner = \"terminate\": %s", watch->settings->build,
             outcome);
    *watch->stuck_note =
        memory_format_in(&watch->verdict->memory, "on_stuck_runner = \"terminate\": %s", outcome);
    (void)watch_close_amend(watch->closing, watch->verdict);
}

static void on_runner_ended(void *user, const char *outcome)
{
    struct watch *watch = user;

    say_end_of_runner(watch, ATVM_LOG_NOTICE, outcome);
    stuck_runner_free(TAKE_POINTER(watch->stuck));
    end_when_done(watch);
}

/* Only after everything is on disk: the closed state, and what is to be posted. */
static void end_runner(struct watch *watch)
{
    CLEANUP_FREE char *error = NULL, *outcome = NULL;

    if (!watch->stuck_note || !runner_is_to_end(watch, scope_state_is_closed(&watch->state->run)))
        return;
    watch->stuck = stuck_runner_new(watch->event,
                                    &(struct stuck_runner_settings){
                                        .config = watch->config,
                                        .build = watch->settings->build,
                                        .ledger = watch->ledger,
                                        .before_ns = stuck_runner_last_sign(watch->verdict),
                                    },
                                    on_runner_ended, watch, &error);
    if (watch->stuck)
        return;
    outcome = memory_format("the runner was left alone: %s", error);
    say_end_of_runner(watch, ATVM_LOG_WARNING, outcome);
}

/* ---------------------------------------------------------------- a round */

static void write_later(struct watch *watch, int64_t monotonic_ns)
{
    int64_t wait_ns = watch->config->retry_first_ns;

    for (int i = 0; i < watch->write_failures && wait_ns < WRITE_AGAIN_MAX_NS; i++)
        wait_ns *= 2;
    if (wait_ns > WRITE_AGAIN_MAX_NS)
        wait_ns = WRITE_AGAIN_MAX_NS;
    watch->write_failures++;
    watch->write_again_ns = monotonic_ns + wait_ns;
    log_warning("%s: the watcher goes on, and writes this again in %lld s", watch->state->build,
                (long long)(wait_ns / NS_PER_SECOND));
    look_soon(watch, (uint64_t)wait_ns / 1000 + 1);
}

/* Makes what was judged durable. */
static int write_round(struct watch *watch, bool may_close, int64_t now_ns, int64_t monotonic_ns)
{
    int status;

    if (monotonic_ns < watch->write_again_ns)
        return 0;
    status = watch_close_note(watch->closing, watch->verdict, watch->ledger, now_ns);
    if (status == 0 && may_close)
        status = close_scopes(watch, monotonic_ns);
    if (!watch_close_may_recover(status)) {
        watch->write_failures = 0;
        return status;
    }
    write_later(watch, monotonic_ns);
    return 0;
}

static int judge_round(struct watch *watch, bool cut_short)
{
    int64_t now_ns = clock_ns(CLOCK_REALTIME), monotonic_ns = clock_ns(CLOCK_BOOTTIME);
    struct verdict *previous = watch->verdict;
    bool may_close;

    if (now_ns > watch->latest_ns)
        watch->latest_ns = now_ns;
    watch->verdict = judge_as_of(watch, now_ns, &may_close);
    remember(watch, watch->verdict);
    runner_exit_follow(watch->runner, watch->verdict->runner.pid);
    settle_look(&watch->settle, watch->verdict, cut_short, monotonic_ns);
    announce_end_of_runner(watch);
    progress_output_update(&watch->progress, previous, watch->verdict, now_ns);
    verdict_free(previous);
    return write_round(watch, may_close, now_ns, monotonic_ns);
}

/* Once, for whoever waits for a run that is long over. */
static void speak_of_stale_files(struct watch *watch)
{
    CLEANUP_FREE char *words = watch_words_of_stale_files(watch->state, watch->settings->since_ns,
                                                          watch->verdict, watch->facts->time_zone);

    if (words && !watch->spoke_of_stale_files)
        log_notice("%s", words);
    watch->spoke_of_stale_files = true;
}

static void on_pass_done(void *user, bool again)
{
    struct watch *watch = user;
    struct watch_standing standing;

    if (judge_round(watch, again) != 0) {
        sd_event_exit(watch->event, WATCH_STATE);
        return;
    }
    standing = standing_of(watch);
    watch_standing_say(&standing);
    if (!again)
        speak_of_stale_files(watch);
    if (watch_close_is_closed(watch->closing, watch->verdict->build)) {
        stop_looking(watch);
        end_runner(watch);
        deliver_to_the_end(watch);
    } else if (again)
        look_soon(watch, AGAIN_DELAY_US);
    else
        look_again_when_settled(watch);
}

static void on_collect_failed(void *user, const char *reason)
{
    struct watch *watch = user;

    log_error("%s", reason);
    sd_event_exit(watch->event, WATCH_USAGE);
}

/* ---------------------------------------------------------------- what operators ask for */

/* A closed run is judged as of its close, or its correction: what lies there since may be another
 * run's. */
static struct verdict *judge_for_operator(void *user)
{
    const struct watch *watch = user;
    int64_t judged_ns = state_judged_ns(watch->state);
    bool may_close;

    return judge_as_of(watch, judged_ns >= 0 ? judged_ns : clock_ns(CLOCK_REALTIME), &may_close);
}

static void on_request(void *user, const struct request *request, struct request_answer *ret)
{
    struct watch *watch = user;
    const struct operator_scene scene = {
        .config = watch->config,
        .state = watch->state,
        .closing = watch->closing,
        .ledger = watch->ledger,
        .judge = judge_for_operator,
        .user = watch,
        .watching = true,
    };
    bool was_closed = scope_state_is_closed(&watch->state->run);

    progress_output_clear(&watch->progress);
    operator_carry_out(&scene, request, ret);
    if (!scope_state_is_closed(&watch->state->run)) {
        look_soon(watch, CHANGE_DELAY_US);
    } else if (was_closed) {
        end_when_done(watch);
    } else {
        stop_looking(watch);
        deliver_to_the_end(watch);
    }
}

/* ---------------------------------------------------------------- start and end */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *signal, void *user)
{
    struct watch *watch = user;
    const struct log_event stopped = {.id = LOG_EVENT_STOPPED, .build = watch->settings->build};
    CLEANUP_FREE char *open =
        watch_words_of_stop(&watch->state->run, watch_close_end(watch->closing));

    (void)source;
    progress_output_clear(&watch->progress);
    log_event(ATVM_LOG_NOTICE, &stopped, "%s: stopped by signal %u %s", watch->settings->build,
              signal->ssi_signo, open);
    sd_event_exit(watch->event, WATCH_STOPPED);
    return 0;
}

static int add_timer(struct watch *watch, sd_event_source **ret, sd_event_time_handler_t handler,
                     int enabled)
{
    int error =
        sd_event_add_time_relative(watch->event, ret, CLOCK_BOOTTIME, 0, 1000, handler, watch);

    return error < 0 ? error : sd_event_source_set_enabled(*ret, enabled);
}

static int block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    return sigprocmask(SIG_BLOCK, &signals, NULL) < 0 ? -errno : 0;
}

static int open_event_loop(struct watch *watch)
{
    int error = block_signals();

    if (error >= 0)
        error = sd_event_new(&watch->event);
    if (error >= 0)
        error = sd_event_add_signal(watch->event, NULL, SIGTERM, on_signal, watch);
    if (error >= 0)
        error = sd_event_add_signal(watch->event, NULL, SIGINT, on_signal, watch);
    if (error >= 0)
        error = add_timer(watch, &watch->poll, on_poll, SD_EVENT_ONESHOT);
    if (error >= 0)
        error = add_timer(watch, &watch->soon, on_look, SD_EVENT_OFF);
    if (error >= 0)
        error = sd_event_add_defer(watch->event, &watch->release, on_release_worker, watch);
    if (error >= 0)
        error = sd_event_source_set_enabled(watch->release, SD_EVENT_OFF);
    if (error < 0)
        log_error("event loop: %s", strerror(-error));
    return error;
}

static bool start_collecting(struct watch *watch)
{
    static const struct collect_events events = {on_pass_done, on_collect_failed, on_watch_path};
    CLEANUP_FREE char *marker = memory_format("%s/cancelled", watch->state->folder);
    CLEANUP_FREE char *error = NULL, *config_path = NULL;
    struct collect_run run;

    run_settings_to_collect(watch->settings, watch->config, &run, &config_path);
    watch->paths = path_watch_new(watch->event, on_change, watch);
    path_watch_add(watch->paths, marker);
    watch->collect =
        collect_new(watch->event, watch->config, &run, -1, watch->ledger, &events, watch, &error);
    if (!watch->collect)
        log_error("%s", error);
    return watch->collect != NULL;
}

static int loop(struct watch *watch, int terminal, int secrets)
{
    CLEANUP_FREE char *error = NULL;
    int status;

    watch->closing = watch_close_new(watch->event, watch->config, watch->facts, watch->state,
                                     terminal, secrets, false, end_when_done, watch, &error);
    if (!watch->closing) {
        log_error("%s", error);
        return WATCH_STATE;
    }
    watch->requests = watch_requests_new(watch->event, watch->state->folder,
                                         watch->config->poll_interval_ns, on_request, watch);
    if (!watch->requests)
        return WATCH_STATE;
    evidence_recall(watch->ledger, watch->state->folder, scope_state_is_closed(&watch->state->run));
    watch_requests_look(watch->requests);
    if (scope_state_is_closed(&watch->state->run))
        deliver_to_the_end(watch);
    else if (!start_collecting(watch))
        return WATCH_USAGE;
    status = sd_event_loop(watch->event);
    if (status < 0) {
        log_error("event loop: %s", strerror(-status));
        return WATCH_STATE;
    }
    return status;
}

static int64_t round_limit_ns(const struct config *config)
{
    return config->poll_interval_ns + HANGING_PASSES_MAX * config->collect_timeout_ns;
}

int watch_run(const struct config *config, const struct run_settings *settings,
              const struct run_facts *facts, struct state *state, int terminal, int secrets,
              FILE *progress)
{
    struct watch watch = {
        .config = config,
        .settings = settings,
        .facts = facts,
        .state = state,
        .progress = {.stream = progress,
                     .terminal = progress && isatty(fileno(progress)),
                     .time_zone = facts->time_zone},
    };
    int status = WATCH_STATE;

    watch.ledger = ledger_new();
    if (open_event_loop(&watch) >= 0) {
        watch.notify = watch_notify_new(watch.event, round_limit_ns(config));
        watch.runner = runner_exit_new(watch.event, on_change, &watch);
        status = loop(&watch, terminal, secrets);
    }
    say_end(&watch);
    progress_output_clear(&watch.progress);
    runner_exit_free(watch.runner);
    stuck_runner_free(watch.stuck);
    collect_free(watch.collect);
    watch_requests_free(watch.requests);
    watch_close_save(watch.closing, watch.ledger);
    watch_close_free(watch.closing);
    path_watch_free(watch.paths);
    watch_notify_free(watch.notify);
    sd_event_source_disable_unref(watch.poll);
    sd_event_source_disable_unref(watch.soon);
    sd_event_source_disable_unref(watch.release);
    sd_event_unref(watch.event);
    settle_clear(&watch.settle);
    settle_clear(&watch.settle_run);
    verdict_free(watch.verdict);
    ledger_free(watch.ledger);
    return status;
}
