#include "kept-run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "clock.h"
#include "judge-now.h"
#include "ledger-file.h"
#include "log.h"
#include "memory.h"
#include "run-asked.h"
#include "run-facts.h"

struct kept_run {
    struct config *config;
    struct state *state;
    struct run_settings settings;
    struct run_facts *facts;
    struct ledger *ledger;
    struct judge_now *now; /* NULL: only what was kept counts */
    sd_event *event;
    struct watch_close *closing;
};

/* ---- what was told and seen */

static int recall_evidence(struct kept_run *run, char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/evidence.jsonl", run->state->folder);
    int error = ledger_read_file(run->ledger, path, ret_error);

    return error == -ENOENT ? 0 : error;
}

static int look(struct kept_run *run, char **ret_error)
{
    CLEANUP_FREE char *evidence = memory_format("%s/evidence.jsonl", run->state->folder);
    const struct judge_now_settings settings = {
        .config = run->config, .run = &run->settings, .now_ns = -1, .live = true};

    if (!config_check_root(run->config, ret_error))
        return -EINVAL;
    run->now = judge_now_new(&settings, ret_error);
    if (!run->now)
        return -EIO;
    return judge_now_recall(run->now, evidence, ret_error);
}

/* ---- judging */

/* What was kept says nothing about the time after it was written. */
static int64_t time_of_judgement(const struct kept_run *run)
{
    CLEANUP_FREE char *evidence = memory_format("%s/evidence.jsonl", run->state->folder);
    struct stat status;

    if (scope_state_is_closed(&run->state->run))
        return state_judged_ns(run->state);
    if (stat(evidence, &status) < 0)
        return clock_ns(CLOCK_REALTIME);
    return (int64_t)status.st_mtim.tv_sec * NS_PER_SECOND + status.st_mtim.tv_nsec;
}

static struct verdict *judge_run(void *user)
{
    const struct kept_run *run = user;
    int64_t now_ns;
    /* Where the marker cannot be looked for, nothing was asked that depends on it: cancelling has
       just written it, and correcting has found none. */
    int error;

    if (run->now)
        return judge_now_verdict(run->now, run->state, &now_ns);
    return judge_with_state(run->ledger, &run->settings, run->config, run->state, -1,
                            time_of_judgement(run), &error);
}

/* ---- a request */

static void ignore_settled(void *user)
{
    (void)user;
}

/* Children are waited for by descriptor, which needs their signal blocked. */
static int open_loop(sd_event **ret, char **ret_error)
{
    sigset_t signals;
    int error;

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    error = sigprocmask(SIG_BLOCK, &signals, NULL) < 0 ? -errno : sd_event_new(ret);
    if (error < 0)
        *ret_error = memory_format("event loop: %s", strerror(-error));
    return error < 0 ? error : 0;
}

static int open_closing(struct kept_run *run, char **ret_error)
{
    run->closing = watch_close_new(run->event, run->config, run->facts, run->state, -1, -1, true,
                                   ignore_settled, NULL, ret_error);
    return run->closing ? 0 : -EIO;
}

int kept_run_open(const struct kept_run_settings *settings, struct kept_run **ret, char **ret_error)
{
    struct kept_run *run = memory_zeroed(1, sizeof(*run));
    int error;

    run->config = settings->config;
    run->state = settings->state;
    run->ledger = ledger_new();
    run->settings =
        (struct run_settings){.build = memory_string(run->state->build), .since_ns = -1};
    run_settings_recall(&run->settings, run->state);
    run->facts = run_facts_new(&run->settings, run->config);
    error = open_loop(&run->event, ret_error);
    if (!error)
        error = recall_evidence(run, ret_error);
    if (!error && settings->look)
        error = look(run, ret_error);
    if (!error)
        error = open_closing(run, ret_error);
    if (error)
        kept_run_free(run);
    else
        *ret = run;
    return error;
}

void kept_run_free(struct kept_run *run)
{
    if (!run)
        return;
    watch_close_free(run->closing);
    sd_event_unref(run->event);
    judge_now_free(run->now);
    ledger_free(run->ledger);
    run_facts_free(run->facts);
    run_settings_free(&run->settings);
    free(run);
}

void kept_run_carry_out(struct kept_run *run, const struct request *request,
                        struct request_answer *ret)
{
    const struct operator_scene scene = {
        .config = run->config,
        .state = run->state,
        .closing = run->closing,
        .ledger = run->now ? judge_now_ledger(run->now) : run->ledger,
        .judge = judge_run,
        .user = run,
    };

    operator_carry_out(&scene, request, ret);
}

/* ---- delivering */

static int deliver_all(sd_event *event, struct post *post, char **ret_error)
{
    int error = 0;

    while (post_is_sending(post) && error >= 0)
        error = sd_event_run(event, UINT64_MAX);
    if (error < 0)
        *ret_error = memory_format("event loop: %s", strerror(-error));
    return error < 0 ? error : 0;
}

int kept_run_deliver(const struct config *config, struct state *state, int terminal, int secrets,
                     struct post_summary *ret, char **ret_error)
{
    const struct post_settings settings = {
        .config = config, .state = state, .terminal = terminal, .secrets = secrets};
    struct post *post = NULL;
    sd_event *event = NULL;
    int error = open_loop(&event, ret_error);

    if (!error)
        error = post_new(event, &settings, &post, ret_error);
    if (!error)
        error = deliver_all(event, post, ret_error);
    if (!error)
        *ret = post_summarize(post, NULL);
    post_free(post);
    sd_event_unref(event);
    return error;
}
