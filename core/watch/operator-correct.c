/* correct: a scope that was posted is judged again; where it is different now, a message that says
 * so supersedes the earlier one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "memory.h"
#include "operator.h"
#include "outbox-parts.h"
#include "post.h"
#include "verdict-summary.h"

/* ---- what was told */

/* The latest message to the sink about the scope that counts; NULL: none. */
static const struct outbox_record *latest_told(const struct outbox_list *list, const char *sink,
                                               const char *scope)
{
    const struct outbox_record *latest = NULL;

    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];

        if (strcmp(record->sink, sink) == 0 && strcmp(record->message.scope, scope) == 0 &&
            record->message.part == 1 && outbox_message_is_delivered(list, record) &&
            (!latest || record->message.correction > latest->message.correction))
            latest = record;
    }
    return latest;
}

/* The number of the sink's next correction: also one that was given up has its name. */
static int32_t next_number(const struct outbox_list *list, const char *sink, const char *scope)
{
    int32_t last = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];

        if (strcmp(record->sink, sink) == 0 && strcmp(record->message.scope, scope) == 0 &&
            record->message.correction > last)
            last = record->message.correction;
    }
    return last + 1;
}

static bool says(const struct outbox_record *record, const char *summary)
{
    return record->message.says && strcmp(record->message.says, summary) == 0;
}

/* ---- why not */

/* A message that may still arrive would stand after its own correction. */
static bool is_unsettled(const struct outbox_record *record, const char *summary)
{
    bool open = !outbox_state_is_settled(record->state) ||
                (record->state == OUTBOX_UNCERTAIN && !record->dropped);

    return open && !(record->message.correction > 0 && says(record, summary));
}

static void refuse_for(const struct operator_scene *scene, const struct outbox_record *record,
                       struct request_answer *answer)
{
    CLEANUP_FREE char *resolve = operator_command_about(scene, record, "resolve", " --posted");
    CLEANUP_FREE char *drop =
        operator_command_about(scene, record, "queue drop", " --reason 'given up'");

    if (record->state == OUTBOX_UNCERTAIN)
        answer_end(answer, REQUEST_REFUSED,
                   "%s, sink %s: its message is uncertain: look whether it is there, and settle "
                   "that first with `%s`, or the same with --resend in place of --posted",
                   record->message.scope, record->sink, resolve);
    else
        answer_end(answer, REQUEST_REFUSED,
                   "%s, sink %s: its message is %s: wait until it is there, or give it up with "
                   "`%s`",
                   record->message.scope, record->sink, outbox_state_name(record->state), drop);
}

static bool is_hindered(const struct operator_scene *scene, const char *scope, const char *summary,
                        struct request_answer *answer)
{
    const struct outbox_list *list = post_records(watch_close_post(scene->closing));
    bool hindered = false;

    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];

        if (strcmp(record->message.scope, scope) != 0 || !is_unsettled(record, summary))
            continue;
        hindered = true;
        refuse_for(scene, record, answer);
    }
    return hindered;
}

/* ---- correcting */

/* Whether some correction that says this is there, or on its way. */
static bool is_on_its_way(const struct outbox_list *list, const char *sink, const char *scope,
                          const char *summary)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];

        if (strcmp(record->sink, sink) == 0 && strcmp(record->message.scope, scope) == 0 &&
            record->message.correction > 0 && !outbox_state_is_settled(record->state) &&
            says(record, summary))
            return true;
    }
    return false;
}

static int correct_at(const struct operator_scene *scene, const struct verdict *verdict,
                      const struct scope_verdict *judged, const char *sink,
                      const struct outbox_record *told, struct request_answer *answer)
{
    const struct outbox_list *list = post_records(watch_close_post(scene->closing));
    CLEANUP_FREE char *supersedes = memory_string(told->message.key);
    const struct watch_close_correction correction = {
        .sink = sink,
        .number = next_number(list, sink, judged->name),
        .supersedes = supersedes,
    };
    int status = watch_close_correct(scene->closing, verdict, judged, &correction);

    if (status < 0)
        answer_failed(answer, NULL);
    else
        answer_add(answer, "%s, sink %s: correction %d is to be posted", judged->name, sink,
                   correction.number);
    answer->sent += status == 0;
    return status;
}

/* Also where only the messages were stored before a crash. */
static bool state_differs(const struct scope_state *state, const struct scope_verdict *judged)
{
    bool differs = state->state != judged->state || state->host_count != judged->host_count;

    for (size_t i = 0; i < judged->host_count && !differs; i++)
        differs = strcmp(state->hosts[i].name, judged->hosts[i].name) != 0 ||
                  strcmp(state->hosts[i].status, host_status_name(judged->hosts[i].status)) != 0;
    return differs;
}

/* Where the record does not say what was told, the state knows it, but for the steps. */
static bool tells_the_same(const struct outbox_record *told, const char *summary,
                           const struct scope_state *state, const struct scope_verdict *judged)
{
    return told->message.says ? says(told, summary) : state && !state_differs(state, judged);
}

struct differing {
    size_t told, corrected; /* sinks */
};

static int correct_everywhere(const struct operator_scene *scene, const struct verdict *verdict,
                              const struct scope_verdict *judged, const char *summary,
                              struct differing *ret, struct request_answer *answer)
{
    const struct outbox_list *list = post_records(watch_close_post(scene->closing));
    struct scope_state *state = state_find_scope(scene->state, judged->name);
    int status = 0;

    for (size_t i = 0; i < scene->config->sink_count && status == 0; i++) {
        const char *sink = scene->config->sinks[i].name;
        const struct outbox_record *told = latest_told(list, sink, judged->name);

        ret->told += told != NULL;
        if (!told || tells_the_same(told, summary, state, judged) ||
            is_on_its_way(list, sink, judged->name, summary))
            continue;
        if (ret->corrected == 0) {
            CLEANUP_FREE char *difference = verdict_summary_difference(told->message.says, summary);

            if (watch_close_keep_evidence(scene->closing, state, scene->ledger) < 0) {
                answer_failed(answer, NULL);
                return -EIO;
            }
            answer_add(answer, "%s: %s", judged->name, difference);
        }
        status = correct_at(scene, verdict, judged, sink, told, answer);
        ret->corrected += status == 0;
    }
    return status;
}

static int rewrite(const struct operator_scene *scene, const struct verdict *verdict,
                   const struct scope_verdict *judged, const struct request *request,
                   struct request_answer *answer)
{
    struct scope_state *state = state_find_scope(scene->state, judged->name);
    CLEANUP_FREE char *occasion = memory_format("correct-%s", request->id);
    CLEANUP_FREE char *folder = NULL, *error = NULL;
    int status = state_keep_history(scene->state, state, occasion, &folder, &error);

    if (status == 0)
        status = watch_close_rewrite(scene->closing, verdict, judged);
    if (status < 0)
        answer_failed(answer, error);
    else
        answer_add(answer, "%s: what was reported before is kept in %s", judged->name, folder);
    return status;
}

static const struct scope_verdict *find_judged(const struct verdict *verdict, const char *scope)
{
    for (size_t i = 0; i < verdict->scope_count; i++)
        if (strcmp(verdict->scopes[i].name, scope) == 0)
            return &verdict->scopes[i];
    return NULL;
}

/* The judgement says nothing that could be posted. */
static bool is_no_result(const struct scope_state *state, const struct scope_verdict *judged,
                         struct request_answer *answer)
{
    if (judged && run_state_is_posted(judged->state))
        return false;
    answer_end(answer, REQUEST_REFUSED,
               "%s: was %s, and would be %s now (%s); that is no result and is never posted, so "
               "nothing was changed: tell people yourself what to make of the post",
               state->name, run_state_name(state->state),
               judged ? run_state_name(judged->state) : "unknown",
               judged ? judged->reason : "no evidence of it is left");
    return true;
}

static void correct_scope(const struct operator_scene *scene, const struct verdict *verdict,
                          const struct scope_state *state, const struct request *request,
                          struct request_answer *answer)
{
    const struct scope_verdict *judged = find_judged(verdict, state->name);
    CLEANUP_FREE char *summary = NULL;
    struct differing differing = {0};

    if (is_no_result(state, judged, answer))
        return;
    summary = verdict_summary(judged);
    if (is_hindered(scene, judged->name, summary, answer) ||
        correct_everywhere(scene, verdict, judged, summary, &differing, answer) < 0)
        return;
    if (differing.told == 0) {
        CLEANUP_FREE char *list_all =
            config_command(scene->config, "queue list %s --all", scene->state->build);

        answer_end(answer, REQUEST_REFUSED,
                   "%s: nothing of it was posted that could be corrected; `%s` shows its messages",
                   judged->name, list_all);
        return;
    }
    if (differing.corrected == 0)
        answer_add(answer, "%s: nothing differs from what was posted: %s", judged->name,
                   run_state_name(judged->state));
    if (state_differs(state, judged) || differing.corrected > 0)
        rewrite(scene, verdict, judged, request, answer);
}

/* The run of a categorized build is posted nowhere, but says what its sub-runs add up to. */
static void correct_run(const struct operator_scene *scene, const struct verdict *verdict,
                        struct request_answer *answer)
{
    struct scope_state *run = &scene->state->run;
    CLEANUP_FREE char *error = NULL;

    if (!verdict->categorized || !scope_state_is_closed(run) || !run_state_is_posted(run->state) ||
        !run_state_is_posted(verdict->state) || run->state == verdict->state)
        return;
    scope_state_correct(run, verdict->state, verdict->reason, clock_ns(CLOCK_REALTIME));
    if (state_save(scene->state, run, &error) < 0)
        answer_failed(answer, error);
}

/* ---- the command */

static bool is_meant(const struct scope_state *scope, const struct request *request)
{
    return scope_state_is_closed(scope) && run_state_is_posted(scope->state) &&
           (!request->scope || strcmp(request->scope, scope->name) == 0);
}

static size_t correct_all(const struct operator_scene *scene, const struct verdict *verdict,
                          const struct request *request, struct request_answer *answer)
{
    struct state *state = scene->state;
    size_t meant = 0;

    for (size_t i = 0; i < state->subrun_count; i++) {
        if (!is_meant(state->subruns[i], request))
            continue;
        meant++;
        correct_scope(scene, verdict, state->subruns[i], request, answer);
    }
    if (!verdict->categorized && is_meant(&state->run, request)) {
        meant++;
        correct_scope(scene, verdict, &state->run, request, answer);
    }
    return meant;
}

void operator_correct(const struct operator_scene *scene, const struct request *request,
                      struct request_answer *answer)
{
    CLEANUP_FREE char *reset = config_command(scene->config, "reset %s", scene->state->build);
    struct verdict *verdict;
    size_t meant;

    if (operator_scope_is_unknown(scene, request, answer) || operator_may_not_post(scene, answer))
        return;
    verdict = scene->judge(scene->user);
    meant = correct_all(scene, verdict, request, answer);
    if (meant > 0 && answer->outcome != REQUEST_FAILED)
        correct_run(scene, verdict, answer);
    verdict_free(verdict);
    if (meant == 0)
        answer_end(answer, REQUEST_REFUSED,
                   "%s: only what was closed as COMPLETED or FAILED can be corrected; `%s` reopens "
                   "what was closed otherwise",
                   request->scope ? request->scope : scene->state->build, reset);
    else if (!answer->outcome)
        answer->outcome = REQUEST_DONE;
}
