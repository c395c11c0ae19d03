/* What the state of a build amounts to: pure. */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "doctor-builds.h"
#include "outbox-parts.h"
#include "render-time.h"
#include "status-builds.h"

struct judging {
    struct doctor_report *report;
    const struct config *config;
    const struct build_seen *seen;
};

/* ---- commands */

static const char *build_word(const struct judging *judging)
{
    return doctor_word(judging->report, judging->seen->name);
}

/* The build, and the options of `resolve` and `queue` that mean this record and no other. */
static const char *options_for(const struct judging *judging, const struct outbox_record *record)
{
    CLEANUP_FREE char *selection = outbox_selection(record, judging->seen->name);

    return doctor_text(judging->report, "%s%s", build_word(judging), selection);
}

/* ---- posts */

/* "e2e-fc, mattermost", with scope and part where there are several. */
static const char *name_of(const struct judging *judging, const struct outbox_record *record)
{
    const struct outbox_message *message = &record->message;
    const char *build = judging->seen->name;
    const char *scope = strcmp(message->scope, build) == 0
                            ? ""
                            : doctor_text(judging->report, ", %s", message->scope);
    const char *part = message->parts > 1 ? doctor_text(judging->report, ", part %d of %d",
                                                        message->part, message->parts)
                                          : "";

    return doctor_text(judging->report, "%s%s, %s%s", build, scope, record->sink, part);
}

static const struct outbox_receipt *last_receipt(const struct outbox_record *record)
{
    static const struct outbox_receipt none;

    return record->attempts_kept > 0 ? &record->attempts[record->attempts_kept - 1].receipt : &none;
}

static const char *reason_of(const struct outbox_record *record)
{
    if (record->explanation)
        return record->explanation;
    return last_receipt(record)->reason ? last_receipt(record)->reason : "no reason is noted";
}

static void judge_held(const struct judging *judging, const struct outbox_record *record)
{
    struct doctor_report *report = judging->report;
    const char *name = name_of(judging, record);
    const char *remedy = last_receipt(record)->remedy;

    if (record->state == OUTBOX_UNCERTAIN)
        doctor_problem(report, DOCTOR_BAD, "posts.uncertain", name,
                       doctor_command(report, "resolve %s --posted", options_for(judging, record)),
                       "it is not known whether it was posted: %s; look there, and where it is "
                       "not, use --resend in place of --posted",
                       reason_of(record));
    else if (record->state == OUTBOX_QUARANTINED)
        doctor_problem(report, DOCTOR_BAD, "posts.quarantined", name,
                       doctor_command(report, "queue retry %s", options_for(judging, record)),
                       "it was not posted: %s%s%s", reason_of(record), remedy ? "; first " : "",
                       remedy ? remedy : "");
    else if (outbox_turn_of(judging->seen->posts, record) == OUTBOX_TURN_HELD)
        doctor_problem(report, DOCTOR_WARN, "posts.waiting", name,
                       doctor_command(report, "status %s", build_word(judging)),
                       "an earlier part of the same message is held, and it comes after that");
    else
        doctor_problem(report, DOCTOR_WARN, "posts.unconfigured", name,
                       doctor_command(report, "queue drop %s --reason 'its sink is gone'",
                                      options_for(judging, record)),
                       "it is %s, but there is no sink \"%s\" any more: give it up, or configure "
                       "that sink again",
                       outbox_state_name(record->state), record->sink);
}

/* true: a row was added. */
static bool judge_waiting(const struct judging *judging, const struct outbox_record *record)
{
    const char *name = name_of(judging, record);

    if (judging->seen->presence == WATCHER_NONE) {
        doctor_problem(judging->report, DOCTOR_BAD, "posts.waiting", name, judging->seen->go_on,
                       "it was not posted yet, and nobody tries to: its watcher has ended");
        return true;
    }
    if (record->attempts_kept == 0)
        return false;
    doctor_problem(
        judging->report, DOCTOR_WARN, "posts.waiting", name,
        doctor_command(judging->report, "status %s", build_word(judging)),
        "%d attempt%s to post it failed, and it will be tried again: %s; see sinks.reach",
        record->attempt_count, record->attempt_count == 1 ? "" : "s",
        last_receipt(record)->reason ? last_receipt(record)->reason : "no reason is noted");
    return true;
}

static bool judge_post(const struct judging *judging, const struct outbox_record *record)
{
    switch (post_standing_of(judging->seen->posts, record, judging->config)) {
    case POST_HELD:
        judge_held(judging, record);
        return true;
    case POST_WAITING:
        return judge_waiting(judging, record);
    default:
        return false;
    }
}

/* Its record stands before a scope is closed, so this one was lost: nobody knows whether it was
 * posted. A marker says that it was, or that a person has done it (doc/outbox.md). */
static void judge_missing_post(const struct judging *judging, const struct missing_post *missing)
{
    struct doctor_report *report = judging->report;
    const char *marker = doctor_text(report, "%s/posted/%s", missing->folder, missing->marker);

    doctor_problem(
        report, DOCTOR_BAD, "posts.missing",
        doctor_text(report, "%s, %s", missing->scope, missing->sink),
        doctor_as_root(report, "install -D -m 0640 /dev/null %s", doctor_word(report, marker)),
        "it has ended, but the record of its post is lost, so it may have been posted or "
        "not: look there; where it is not, post %s/report.md yourself; then note that it "
        "is there",
        missing->folder);
}

static bool judge_missing(const struct judging *judging)
{
    const struct build_seen *seen = judging->seen;

    for (size_t i = 0; i < seen->missing_count; i++)
        judge_missing_post(judging, &seen->missing[i]);
    return seen->missing_count > 0;
}

static bool judge_posts(const struct judging *judging)
{
    const struct build_seen *seen = judging->seen;
    bool found = false;

    if (!seen->posts) {
        doctor_unseen(judging->report, "builds.state", seen->name,
                      doctor_again_as_root(judging->report), "its posts: %s",
                      seen->posts_error_text ? seen->posts_error_text : "");
        return true;
    }
    for (size_t i = 0; i < seen->posts->count; i++)
        found |= judge_post(judging, seen->posts->records[i]);
    return judge_missing(judging) || found;
}

/* ---- state and watcher */

/* A folder in which no watcher has left a state, and none is about to. */
static bool is_unknown(const struct build_seen *seen)
{
    return seen->state && !seen->state->found && seen->presence == WATCHER_NONE;
}

static bool judge_state(const struct judging *judging)
{
    const struct build_seen *seen = judging->seen;

    if (seen->state && seen->state->warnings)
        doctor_problem(judging->report, DOCTOR_BAD, "builds.state", seen->name,
                       judging->seen->go_on, "%s", seen->state->warnings);
    else if (!seen->state && (seen->error == -EACCES || seen->error == -EPERM))
        doctor_unseen(judging->report, "builds.state", seen->name,
                      doctor_again_as_root(judging->report), "%s", seen->error_text);
    else if (seen->error == -ENOENT || is_unknown(seen))
        doctor_problem(judging->report, DOCTOR_WARN, "builds.state", seen->name,
                       doctor_command(judging->report, "list"),
                       "nothing is known of a build of this name");
    else if (!seen->state)
        doctor_problem(
            judging->report, DOCTOR_BAD, "builds.state", seen->name,
            doctor_text(judging->report, "ls -la %s", doctor_word(judging->report, seen->folder)),
            "%s", seen->error_text);
    else
        return false;
    return true;
}

static bool judge_watcher(const struct judging *judging)
{
    const struct build_seen *seen = judging->seen;
    const struct scope_state *run = &seen->state->run;
    char ago[32];

    if (!seen->state->found || scope_state_is_closed(run) || seen->presence == WATCHER_LIVES)
        return false;
    if (seen->presence == WATCHER_HIDDEN)
        doctor_unseen(judging->report, "builds.watcher", seen->name,
                      doctor_again_as_root(judging->report),
                      "whether its watcher (process %d) lives: processes of other users are hidden",
                      (int)seen->watcher);
    else
        doctor_problem(
            judging->report, DOCTOR_BAD, "builds.watcher", seen->name, judging->seen->go_on,
            "it was not closed (%s), and nobody watches it: its watcher%s ended %s ago "
            "at the latest",
            run_state_name(run->state),
            seen->watcher > 0 ? doctor_text(judging->report, " (process %d)", (int)seen->watcher)
                              : "",
            render_rough_duration(seen->now_ns - run->last_seen_ns, ago));
    return true;
}

static bool judge_damaged(const struct judging *judging)
{
    const struct name_list *damaged = judging->seen->damaged;

    for (size_t i = 0; damaged && i < damaged->count; i++)
        doctor_problem(judging->report, DOCTOR_WARN, "builds.damaged", damaged->names[i],
                       doctor_as_root(judging->report, "rm -- %s",
                                      doctor_word(judging->report, damaged->names[i])),
                       "was damaged and set aside; look at it, and remove it");
    return damaged && damaged->count > 0;
}

bool doctor_judge_build(struct doctor_report *report, const struct config *config,
                        const struct build_seen *seen)
{
    const struct judging judging = {report, config, seen};
    bool found = judge_state(&judging);

    if (!seen->state)
        return !found;
    found |= judge_watcher(&judging);
    found |= judge_damaged(&judging);
    found |= judge_posts(&judging);
    return !found;
}
