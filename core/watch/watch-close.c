#include "watch-close.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "log-event.h"
#include "memory.h"
#include "message-tag.h"
#include "post.h"
#include "report.h"
#include "reserve.h"
#include "verdict-summary.h"

/* How old the evidence snapshot of a run that goes on may be. A restart reads everything anew; the
 * snapshot is for what is gone by then, and for explain. */
#define SNAPSHOT_INTERVAL_NS (30 * NS_PER_SECOND)

struct watch_close {
    const struct config *config;
    const struct run_facts *facts;
    struct state *state;
    struct post *post;
    bool kept_runner_seen;      /* what the run's state.json has of it */
    size_t kept_expected_hosts; /* and of those */
    uint64_t snapshot_changes;  /* of the ledger, when the snapshot was written */
    int64_t snapshot_ns;        /* when the last one of a run that goes on was tried; -1: not yet */
    bool unsaved;               /* what was noted last may not stand on disk */
    bool no_reserve;            /* and it was said */
    void (*settled)(void *user);
    void *user;
};

/* Reports an error of the state folder once, and hands the code on. A pointer to the text, so that
 * it is read after the call that is an argument here has set it. */
static int report(int status, char *const *error)
{
    if (status < 0)
        log_error("%s", *error ? *error : strerror(-status));
    return status;
}

/* ---------------------------------------------------------------- noting */

static void log_transition(const struct watch_close *closing, const struct scope_state *state,
                           const struct scope_verdict *scope)
{
    const char *from = state->state ? run_state_name(state->state) : "";
    const char *to = run_state_name(scope->state);
    const struct log_event event = {.id = LOG_EVENT_STATE,
                                    .build = closing->state->build,
                                    .scope = scope->name,
                                    .from = from,
                                    .to = to,
                                    .rule = scope->rule};

    log_event(ATVM_LOG_INFO, &event, "%s: %s%s%s: %s", scope->name, from, *from ? " -> " : "", to,
              scope->reason);
}

/* The status that was noted last; "": none. */
static const char *noted_status(const struct scope_state *state, const char *host)
{
    for (size_t i = 0; i < state->host_count; i++)
        if (strcmp(state->hosts[i].name, host) == 0)
            return state->hosts[i].status;
    return "";
}

static void log_hosts(const struct watch_close *closing, const struct scope_state *state,
                      const struct scope_verdict *scope)
{
    for (size_t i = 0; i < scope->host_count; i++) {
        const struct host_verdict *host = &scope->hosts[i];
        const char *from = noted_status(state, host->name), *to = host_status_name(host->status);
        const struct log_event event = {.id = LOG_EVENT_HOST,
                                        .build = closing->state->build,
                                        .scope = scope->name,
                                        .host = host->name,
                                        .from = from,
                                        .to = to,
                                        .rule = host->rule};

        if (strcmp(from, to) != 0)
            log_event(ATVM_LOG_INFO, &event, "%s: %s: %s%s%s", scope->name, host->name, from,
                      *from ? " -> " : "", to);
    }
}

static bool hosts_changed(const struct scope_state *state, const struct scope_verdict *scope)
{
    if (state->host_count != scope->host_count)
        return true;
    for (size_t i = 0; i < scope->host_count; i++)
        if (strcmp(state->hosts[i].name, scope->hosts[i].name) != 0 ||
            strcmp(state->hosts[i].status, host_status_name(scope->hosts[i].status)) != 0)
            return true;
    return false;
}

static int note_scope(struct watch_close *closing, const struct scope_verdict *scope,
                      int64_t now_ns)
{
    CLEANUP_FREE char *error = NULL;
    struct scope_state *state;
    bool changed;
    int status = state_add_scope(closing->state, scope->name, now_ns, &state, &error);

    if (status == 0 && scope->run_url)
        status = state_note_url(closing->state, state, scope->run_url, &error);
    if (status < 0)
        return report(status, &error);
    if (scope_state_is_closed(state))
        return 0;
    changed = closing->unsaved || state->state != scope->state || hosts_changed(state, scope);
    if (!changed)
        return 0;
    log_hosts(closing, state, scope);
    if (state->state != scope->state)
        log_transition(closing, state, scope);
    scope_state_note(state, scope->state, scope->reason, now_ns);
    scope_state_set_hosts(state, scope->hosts, scope->host_count);
    return report(state_save(closing->state, state, &error), &error);
}

/* The run of a categorized build has a state of its own, and no hosts. */
static int note_run(struct watch_close *closing, const struct verdict *verdict, int64_t now_ns)
{
    struct scope_verdict run = {
        .name = verdict->build, .state = verdict->state, .reason = verdict->reason};

    return verdict->categorized ? note_scope(closing, &run, now_ns) : 0;
}

/* ---------------------------------------------------------------- closing */

bool watch_close_is_closed(const struct watch_close *closing, const char *scope)
{
    const struct scope_state *state = state_find_scope(closing->state, scope);

    return state && scope_state_is_closed(state);
}

bool watch_close_all_scopes_closed(const struct watch_close *closing, const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->scope_count; i++)
        if (!watch_close_is_closed(closing, verdict->scopes[i].name))
            return false;
    return true;
}

static int write_ledger(void *user, FILE *stream)
{
    return ledger_write(user, stream);
}

static int write_evidence(struct watch_close *closing, const struct ledger *ledger)
{
    CLEANUP_FREE char *error = NULL;
    int status =
        state_write_evidence(closing->state, write_ledger, (struct ledger *)ledger, &error);

    if (status == 0)
        closing->snapshot_changes = ledger->changes;
    return report(status, &error);
}

static bool snapshot_is_due(const struct watch_close *closing, const struct ledger *ledger,
                            int64_t now_ns)
{
    int64_t age_ns = now_ns - closing->snapshot_ns;

    /* A clock that was set back makes the age negative: then it is due as well. */
    return ledger->changes != closing->snapshot_changes &&
           (closing->snapshot_ns < 0 || age_ns < 0 || age_ns >= SNAPSHOT_INTERVAL_NS);
}

/* What a later watcher could not find out anew: the hosts that a categorized run named first, and
 * that there was a runner. */
static int keep_what_was_learned(struct watch_close *closing)
{
    CLEANUP_FREE char *error = NULL;
    struct state *state = closing->state;
    int status;

    if (closing->kept_runner_seen == state->runner_seen &&
        closing->kept_expected_hosts == state->expected_host_count)
        return 0;
    status = state_save(state, &state->run, &error);
    if (status == 0) {
        closing->kept_runner_seen = state->runner_seen;
        closing->kept_expected_hosts = state->expected_host_count;
    }
    return report(status, &error);
}

/* Said once when the room is missing, and once when it is there again. */
static void keep_reserve(struct watch_close *closing)
{
    CLEANUP_FREE char *error = NULL;
    bool missing = reserve_make(closing->state->folder, &error) < 0;

    if (missing && !closing->no_reserve)
        log_warning("%s; should the disk be full, posts wait until there is room: make some",
                    error);
    if (!missing && closing->no_reserve)
        log_notice("%s: there is room again", closing->state->folder);
    closing->no_reserve = missing;
}

int watch_close_note(struct watch_close *closing, const struct verdict *verdict,
                     const struct ledger *ledger, int64_t now_ns)
{
    int status;

    keep_reserve(closing);
    status = keep_what_was_learned(closing);
    if (status == 0)
        status = note_run(closing, verdict, now_ns);
    for (size_t i = 0; i < verdict->scope_count && status == 0; i++)
        status = note_scope(closing, &verdict->scopes[i], now_ns);
    closing->unsaved = status < 0;
    /* No post waits for a snapshot, which may be large. */
    if (status == 0 && snapshot_is_due(closing, ledger, now_ns)) {
        write_evidence(closing, ledger);
        closing->snapshot_ns = now_ns;
    }
    return status;
}

static int write_reports(const struct scope_state *state, const struct report *source,
                         const struct scope_verdict *scope)
{
    struct report whole = *source;
    CLEANUP_FREE char *text = NULL, *markdown = NULL;
    CLEANUP_FREE char *json = render_json(source);
    CLEANUP_FREE char *error = NULL;
    int status;

    whole.whole = true;
    text = render_text(&whole, scope);
    markdown = render_markdown(&whole, scope);
    status = state_write_report(state, "txt", text, &error);
    if (status == 0)
        status = state_write_report(state, "md", markdown, &error);
    if (status == 0)
        status = state_write_report(state, "json", json, &error);
    return report(status, &error);
}

/* A categorized run has one message a sub-run, but its report is one. */
static int write_run_report(const struct scope_state *state, const struct report *source)
{
    CLEANUP_FREE char *json = render_json(source);
    CLEANUP_FREE char *error = NULL;

    return report(state_write_report(state, "json", json, &error), &error);
}

/* ---------------------------------------------------------------- posting */

struct rendering {
    const struct report *report;
    const struct scope_verdict *scope;
};

/* A JSON document cannot be cut. */
static struct message_parts render_bodies(void *user, const struct post_form *form)
{
    const struct rendering *rendering = user;
    struct message_parts parts = {NULL, 0, 0};

    if (form->format == ATVM_FORMAT_MARKDOWN)
        return render_markdown_parts(rendering->report, rendering->scope, form->limit);
    if (form->format == ATVM_FORMAT_TEXT)
        return render_text_parts(rendering->report, rendering->scope, form->limit);
    message_parts_add(&parts, render_json(rendering->report));
    return parts;
}

static void log_suppression(const struct watch_close *closing, const struct scope_verdict *scope)
{
    const struct log_event event = {.id = LOG_EVENT_NOT_POSTED,
                                    .build = closing->state->build,
                                    .scope = scope->name,
                                    .decision = "not-posted",
                                    .rule = scope->rule};

    log_event(ATVM_LOG_NOTICE, &event, "%s: %s is not posted: %s", scope->name,
              run_state_name(scope->state), scope->reason);
}

/* `correction` NULL: the scope's first message. */
static int post_scope_verdict(struct watch_close *closing, const struct report *source,
                              const struct scope_verdict *scope, const char *key,
                              const struct watch_close_correction *correction)
{
    CLEANUP_FREE char *title = memory_format("%s: %s", scope->name, run_state_name(scope->state));
    CLEANUP_FREE char *says = verdict_summary(scope);
    CLEANUP_FREE char *error = NULL;
    struct rendering rendering = {source, scope};
    struct post_message message = {.scope = scope->name,
                                   .key = key,
                                   .title = title,
                                   .says = says,
                                   .render = render_bodies,
                                   .user = &rendering};

    if (correction) {
        message.sink = correction->sink;
        message.correction = correction->number;
        message.supersedes = correction->supersedes;
    }
    if (!run_state_is_posted(scope->state)) {
        log_suppression(closing, scope);
        return 0;
    }
    return report(post_scope(closing->post, &message, &error), &error);
}

static void log_close(const struct watch_close *closing, const struct scope_state *scope)
{
    const struct log_event event = {.id = LOG_EVENT_CLOSED,
                                    .build = closing->state->build,
                                    .scope = scope->name,
                                    .to = run_state_name(scope->state)};

    log_event(ATVM_LOG_INFO, &event, "%s: closed as %s: %s", scope->name,
              run_state_name(scope->state), scope->reason);
}

static int close_state(struct watch_close *closing, struct scope_state *state,
                       enum run_state closed_as, const char *reason)
{
    CLEANUP_FREE char *error = NULL;
    int status;

    scope_state_close(state, closed_as, reason, clock_ns(CLOCK_REALTIME));
    status = report(state_save(closing->state, state, &error), &error);
    if (status == 0) {
        log_close(closing, state);
        return 0;
    }
    /* As long as it does not stand on disk it is to be tried again. */
    scope_state_open(state);
    closing->unsaved = true;
    return status;
}

int watch_close_scope(struct watch_close *closing, const struct verdict *verdict,
                      const struct scope_verdict *scope, const struct ledger *ledger)
{
    struct scope_state *state = state_find_scope(closing->state, scope->name);
    struct report source = {
        .verdict = verdict, .facts = closing->facts, .now_ns = clock_ns(CLOCK_REALTIME)};
    CLEANUP_FREE char *key =
        message_key(closing->state->build, scope->name, closing->state->run.first_seen_ns);
    CLEANUP_FREE char *tag = message_tag(key);
    CLEANUP_FREE char *full_report = NULL;
    int status;

    if (!state || scope_state_is_closed(state))
        return 0;
    full_report = state_report_path(state, "txt");
    source.full_report = full_report;
    source.tag = tag;
    status = post_scope_verdict(closing, &source, scope, key, NULL);
    if (status == 0)
        status = write_evidence(closing, ledger);
    if (status == 0)
        status = write_reports(state, &source, scope);
    if (status == 0)
        status = close_state(closing, state, scope->state, scope->reason);
    return status;
}

int watch_close_run(struct watch_close *closing, const struct verdict *verdict,
                    const struct ledger *ledger)
{
    struct scope_state *state = state_find_scope(closing->state, verdict->build);
    struct report source = {
        .verdict = verdict, .facts = closing->facts, .now_ns = clock_ns(CLOCK_REALTIME)};
    int status;

    if (!state || scope_state_is_closed(state))
        return 0;
    status = write_evidence(closing, ledger);
    if (status == 0)
        status = write_run_report(state, &source);
    if (status == 0)
        status = close_state(closing, state, verdict->state, verdict->reason);
    return status;
}

int watch_close_amend(struct watch_close *closing, const struct verdict *verdict)
{
    const struct scope_state *state = state_find_scope(closing->state, verdict->build);
    CLEANUP_FREE char *key =
        message_key(closing->state->build, verdict->build, closing->state->run.first_seen_ns);
    CLEANUP_FREE char *tag = message_tag(key);
    struct report source = {.verdict = verdict,
                            .facts = closing->facts,
                            .now_ns = clock_ns(CLOCK_REALTIME),
                            .tag = tag};

    if (!state || verdict->scope_count == 0)
        return 0;
    return verdict->categorized ? write_run_report(state, &source)
                                : write_reports(state, &source, &verdict->scopes[0]);
}

/* ---------------------------------------------------------------- what operators ask for */

struct post *watch_close_post(const struct watch_close *closing)
{
    return closing->post;
}

int watch_close_as(struct watch_close *closing, struct scope_state *scope, enum run_state state,
                   const char *reason)
{
    return close_state(closing, scope, state, reason);
}

int watch_close_keep_evidence(struct watch_close *closing, struct scope_state *scope,
                              const struct ledger *ledger)
{
    CLEANUP_FREE char *error = NULL;
    int status = write_evidence(closing, ledger);

    if (status < 0)
        return status;
    scope->corrected_ns = clock_ns(CLOCK_REALTIME);
    return report(state_save(closing->state, scope, &error), &error);
}

int watch_close_correct(struct watch_close *closing, const struct verdict *verdict,
                        const struct scope_verdict *scope,
                        const struct watch_close_correction *correction)
{
    const struct scope_state *state = state_find_scope(closing->state, scope->name);
    CLEANUP_FREE char *first =
        message_key(closing->state->build, scope->name, closing->state->run.first_seen_ns);
    CLEANUP_FREE char *key = memory_format("%s/correction-%d", first, correction->number);
    CLEANUP_FREE char *tag = message_tag(key);
    CLEANUP_FREE char *full_report = state ? state_report_path(state, "txt") : NULL;
    const struct report source = {.verdict = verdict,
                                  .facts = closing->facts,
                                  .now_ns = clock_ns(CLOCK_REALTIME),
                                  .full_report = full_report,
                                  .tag = tag,
                                  .correction = true};

    return post_scope_verdict(closing, &source, scope, key, correction);
}

int watch_close_rewrite(struct watch_close *closing, const struct verdict *verdict,
                        const struct scope_verdict *scope)
{
    struct scope_state *state = state_find_scope(closing->state, scope->name);
    const struct report source = {.verdict = verdict,
                                  .facts = closing->facts,
                                  .now_ns = clock_ns(CLOCK_REALTIME),
                                  .correction = true};
    CLEANUP_FREE char *error = NULL;
    int status = state ? write_reports(state, &source, scope) : -ENOENT;

    if (status < 0)
        return status;
    scope_state_correct(state, scope->state, scope->reason, clock_ns(CLOCK_REALTIME));
    scope_state_set_hosts(state, scope->hosts, scope->host_count);
    return report(state_save(closing->state, state, &error), &error);
}

/* ---------------------------------------------------------------- start and end */

static void on_settled(void *user, const char *scope, const struct post_summary *summary)
{
    const struct watch_close *closing = user;

    (void)scope;
    (void)summary;
    closing->settled(closing->user);
}

struct watch_close *watch_close_new(sd_event *event, const struct config *config,
                                    const struct run_facts *facts, struct state *state,
                                    int terminal, int secrets, bool no_sending,
                                    void (*settled)(void *user), void *user, char **ret_error)
{
    struct watch_close *closing = memory_zeroed(1, sizeof(*closing));
    struct post_settings posts = {
        .config = config,
        .state = state,
        .terminal = terminal,
        .secrets = secrets,
        .no_sending = no_sending,
        .events = {.settled = on_settled},
        .user = closing,
    };

    closing->config = config;
    closing->facts = facts;
    closing->state = state;
    closing->kept_runner_seen = state->runner_seen;
    closing->kept_expected_hosts = state->expected_host_count;
    closing->settled = settled;
    closing->user = user;
    closing->snapshot_ns = -1;
    if (post_new(event, &posts, &closing->post, ret_error) < 0) {
        free(closing);
        return NULL;
    }
    if (scope_state_is_closed(&state->run) && watch_close_end(closing) == WATCH_CLOSE_OPEN)
        keep_reserve(closing);
    return closing;
}

void watch_close_free(struct watch_close *closing)
{
    if (!closing)
        return;
    post_free(closing->post);
    free(closing);
}

bool watch_close_may_recover(int status)
{
    return status == -ENOSPC || status == -EDQUOT || status == -EIO;
}

enum watch_close_end watch_close_end(const struct watch_close *closing)
{
    struct post_summary posts = post_summarize(closing->post, NULL);

    if (!scope_state_is_closed(&closing->state->run) || posts.outstanding > 0)
        return WATCH_CLOSE_OPEN;
    return post_is_held(&posts) ? WATCH_CLOSE_HELD : WATCH_CLOSE_DONE;
}

void watch_close_save(struct watch_close *closing, const struct ledger *ledger)
{
    CLEANUP_FREE char *error = NULL;

    if (!closing)
        return;
    if (scope_state_is_closed(&closing->state->run)) {
        if (watch_close_end(closing) != WATCH_CLOSE_OPEN)
            reserve_release(closing->state->folder);
        return;
    }
    closing->state->run.last_seen_ns = clock_ns(CLOCK_REALTIME);
    if (write_evidence(closing, ledger) == 0)
        report(state_save(closing->state, &closing->state->run, &error), &error);
}
