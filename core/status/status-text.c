/* The status of a build for people: pure. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config-call.h"
#include "memory.h"
#include "outbox-parts.h"
#include "render-escape.h"
#include "render-secret.h"
#include "render-time.h"
#include "status-builds.h"
#include "status.h"
#include "watch-command.h"

struct text {
    const struct build_status *status;
    const char *time_zone;
    struct obstack lines;
    struct obstack memory; /* of pieces: one obstack cannot hold two growing objects */
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    obstack_vprintf(&text->lines, format, arguments);
    va_end(arguments);
}

/* On one line, without what could harm a terminal or be a secret. */
static const char *clean(struct text *text, const char *foreign)
{
    return secret_mask(&text->memory, escape_line(&text->memory, foreign));
}

static const char *when(struct text *text, int64_t time_ns)
{
    char buffer[RENDER_TIME_SIZE];

    return memory_string_in(&text->memory,
                            render_clock(time_ns, text->status->now_ns, text->time_zone, buffer));
}

/* ---------------------------------------------------------------- who watches it */

static void add_closed(struct text *text)
{
    const struct build_status *status = text->status;
    const struct scope_state *run = &status->state->run;

    add(text, "%s: closed as %s, %s", status->build, run_state_name(run->state),
        when(text, run->closed_ns));
    if (status->watcher > 0)
        add(text, "; process %d still has it", (int)status->watcher);
    add(text, "\n");
    if (status->runner > 0)
        add(text,
            "A runner of this build lives (process %d): it did not exit, or a new run has begun "
            "that nobody watches.\n",
            (int)status->runner);
}

static void add_open(struct text *text)
{
    const struct build_status *status = text->status;
    enum run_state state = build_status_state(status);
    CLEANUP_FREE char *go_on = watch_command(status->config, status->build);

    add(text, "%s: %s, ", status->build, state ? run_state_name(state) : "not judged");
    if (status->watcher > 0)
        add(text, "watched by process %d\n", (int)status->watcher);
    else if (status->state)
        add(text, "not watched: its watcher was stopped or has died, and goes on with `%s`\n",
            go_on);
    else
        add(text, "never watched: nothing will be posted\n");
    if (status->window.from)
        add(text, "Judged now by what was left since %s (%s)\n",
            when(text, status->window.since_ns), status->window.from);
}

/* ---------------------------------------------------------------- posts */

/* "mattermost, e2e-redhat, part 2 of 3". */
static void add_name(struct text *text, const struct outbox_record *record)
{
    const struct outbox_message *message = &record->message;

    add(text, "  %s", clean(text, record->sink));
    if (strcmp(message->scope, text->status->build) != 0)
        add(text, ", %s", clean(text, message->scope));
    if (message->parts > 1)
        add(text, ", part %d of %d", message->part, message->parts);
    if (message->correction > 0)
        add(text, ", correction %d", message->correction);
    add(text, ": ");
}

static const struct outbox_receipt *last_receipt(const struct outbox_record *record)
{
    return record->attempts_kept > 0 ? &record->attempts[record->attempts_kept - 1].receipt : NULL;
}

static void add_waiting(struct text *text, const struct outbox_record *record)
{
    const struct outbox_receipt *receipt = last_receipt(record);

    if (record->state == OUTBOX_SENDING)
        add(text, "being sent (attempt %d)", record->attempt_count);
    else if (record->next_attempt_ns > text->status->now_ns)
        add(text, "waiting, next attempt %s", when(text, record->next_attempt_ns));
    else
        add(text, "waiting to be sent");
    if (receipt && receipt->reason)
        add(text, "; attempt %d: %s", record->attempts[record->attempts_kept - 1].number,
            clean(text, receipt->reason));
    if (text->status->watcher <= 0)
        add(text, "; goes on when the build is watched again");
}

static void add_held(struct text *text, const struct outbox_record *record)
{
    const struct outbox_receipt *receipt = last_receipt(record);
    const char *explanation = clean(text, record->explanation);
    const char *build = text->status->build;
    const struct config *config = text->status->config;
    CLEANUP_FREE char *words = outbox_selection(record, build);
    const char *selection = clean(text, words);
    CLEANUP_FREE char *resolve = config_command(config, "resolve %s --posted %s", build, selection);
    CLEANUP_FREE char *retry = config_command(config, "queue retry %s %s", build, selection);
    CLEANUP_FREE char *drop =
        config_command(config, "queue drop %s %s --reason 'its sink is gone'", build, selection);

    if (record->state == OUTBOX_UNCERTAIN) {
        add(text,
            "HELD, uncertain whether it was posted%s%s. Look there, then: `%s` (it is there), or "
            "the same with --resend in place of --posted (it is not)",
            *explanation ? ": " : "", explanation, resolve);
    } else if (record->state == OUTBOX_QUARANTINED) {
        add(text, "HELD, quarantined%s%s", *explanation ? ": " : "", explanation);
        if (receipt && receipt->remedy)
            add(text, "; %s", clean(text, receipt->remedy));
        add(text, ". The message is kept in %s/quarantine; to send it again: `%s`",
            text->status->state->folder, retry);
    } else if (outbox_turn_of(&text->status->posts, record) == OUTBOX_TURN_HELD) {
        add(text, "HELD, since a part before it is");
    } else {
        add(text, "HELD, %s, but no sink of this name is configured any more: `%s`",
            outbox_state_name(record->state), drop);
    }
}

static void add_post(struct text *text, const struct outbox_record *record)
{
    enum post_standing standing =
        post_standing_of(&text->status->posts, record, text->status->config);

    add_name(text, record);
    if (standing == POST_WAITING)
        add_waiting(text, record);
    else if (standing == POST_HELD)
        add_held(text, record);
    else if (standing == POST_DROPPED)
        add(text, "not posted: %s", clean(text, record->explanation));
    else if (record->settled_ns >= 0)
        add(text, "delivered %s", when(text, record->settled_ns));
    else
        add(text, "delivered");
    add(text, "\n");
}

static void add_posts(struct text *text)
{
    const struct outbox_list *posts = &text->status->posts;

    if (!text->status->state)
        return;
    add(text, "Posts:%s\n", posts->count == 0 ? " none" : "");
    for (size_t i = 0; i < posts->count; i++)
        add_post(text, posts->records[i]);
}

/* ---------------------------------------------------------------- the report */

static void add_state_line(struct text *text, enum run_state state, const char *reason)
{
    const char *why = clean(text, reason);

    add(text, "%s: %s%s%s\n", text->status->build, run_state_name(state), *why ? " - " : "", why);
}

static void add_stored(struct text *text)
{
    const struct state *state = text->status->state;
    bool has_message = text->status->stored_text != NULL;

    if (has_message)
        add(text, "\n%s", text->status->stored_text);
    if (!has_message || state->subrun_count > 0) {
        add(text, "\n");
        add_state_line(text, state->run.state, state->run.reason);
    }
}

static void add_judged(struct text *text)
{
    const struct report *report = text->status->report;
    const struct verdict *verdict = report->verdict;

    for (size_t i = 0; i < verdict->scope_count; i++) {
        CLEANUP_FREE char *message = render_text(report, &verdict->scopes[i]);

        add(text, "\n%s", message);
    }
    if (verdict->categorized || verdict->scope_count == 0) {
        CLEANUP_FREE char *run = render_run(verdict);

        add(text, "\n%s", run);
    }
}

char *build_status_text(const struct build_status *status, const char *time_zone)
{
    struct text text = {.status = status, .time_zone = time_zone};
    char *result;

    obstack_init(&text.lines);
    obstack_init(&text.memory);
    if (build_status_is_closed(status))
        add_closed(&text);
    else
        add_open(&text);
    add_posts(&text);
    if (build_status_is_closed(status))
        add_stored(&text);
    else if (status->report)
        add_judged(&text);
    obstack_1grow(&text.lines, '\0');
    result = memory_string(obstack_finish(&text.lines));
    obstack_free(&text.memory, NULL);
    obstack_free(&text.lines, NULL);
    return result;
}
