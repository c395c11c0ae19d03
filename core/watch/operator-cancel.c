/* cancel: nothing that has not begun to leave is posted any more, and what has not ended is closed.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "operator.h"
#include "post.h"
#include "verdict-summary.h"

/* ---- posts */

static bool has_open_posts(const struct operator_scene *scene)
{
    const struct outbox_list *list = post_records(watch_close_post(scene->closing));

    for (size_t i = 0; i < list->count; i++)
        if (!outbox_state_is_settled(list->records[i]->state))
            return true;
    return false;
}

/* The marker alone would keep them here when their time comes; whoever looks now sees it now. */
static int withdraw_all(const struct operator_scene *scene, const struct request *request,
                        struct request_answer *answer)
{
    const struct post *post = watch_close_post(scene->closing);
    struct outbox_list *list = post_records(watch_close_post(scene->closing));
    const struct outbox_decision decision = {
        .by = request->by, .request = request->id, .time_ns = request->time_ns};

    for (size_t i = 0; i < list->count; i++) {
        struct outbox_record **record = &list->records[i];
        CLEANUP_FREE char *error = NULL;
        int status;

        if (!outbox_verb_concerns(*record, OUTBOX_WITHDRAW) || post_is_busy_with(post, *record))
            continue;
        status = outbox_apply(scene->state->folder, record, OUTBOX_WITHDRAW, &decision, &error);
        if (status < 0) {
            answer_failed(answer, error);
            return status;
        }
        answer_add(answer, "%s, sink %s: its message waited to be sent; it is not posted",
                   (*record)->message.scope, (*record)->sink);
        post_reconsider(watch_close_post(scene->closing), (*record)->message.scope);
    }
    return 0;
}

static const char *how_it_left(const struct outbox_record *record)
{
    if (record->state == OUTBOX_DELIVERED)
        return "was posted before, and cannot be taken back";
    if (record->state == OUTBOX_SENDING)
        return "is being sent at this moment; status shows whether it arrived";
    return "may have been posted before (it is uncertain)";
}

static bool add_what_left(const struct operator_scene *scene, struct request_answer *answer)
{
    const struct outbox_list *list = post_records(watch_close_post(scene->closing));
    bool any = false;

    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];

        if (!outbox_has_left(record))
            continue;
        any = true;
        answer_add(answer, "%s, sink %s: its status %s", record->message.scope, record->sink,
                   how_it_left(record));
    }
    return any;
}

/* ---- closing */

/* What a message told before the scope could be closed: then it had ended. 0: none has left. */
static enum run_state told_before(const struct operator_scene *scene, const char *scope)
{
    const struct outbox_list *list = post_records(watch_close_post(scene->closing));

    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];

        if (outbox_has_left(record) && record->message.says &&
            strcmp(record->message.scope, scope) == 0)
            return verdict_summary_state(record->message.says);
    }
    return 0;
}

static int close_as_told(const struct operator_scene *scene, struct scope_state *scope)
{
    enum run_state told = !scope_state_is_closed(scope) ? told_before(scene, scope->name) : 0;
    CLEANUP_FREE char *reason = memory_string(scope->reason ? scope->reason : "it was posted so");

    return told ? watch_close_as(scene->closing, scope, told, reason) : 0;
}

static int close_as_cancelled(const struct operator_scene *scene, struct scope_state *scope,
                              const char *by)
{
    CLEANUP_FREE char *reason = memory_format("cancelled by %s", by);

    if (scope_state_is_closed(scope))
        return 0;
    return watch_close_as(scene->closing, scope, STATE_CANCELLED, reason);
}

static int for_each_scope(const struct operator_scene *scene, const char *by)
{
    struct state *state = scene->state;
    int status = 0;

    for (size_t i = 0; i < state->subrun_count && status == 0; i++)
        status = by ? close_as_cancelled(scene, state->subruns[i], by)
                    : close_as_told(scene, state->subruns[i]);
    if (status == 0)
        status =
            by ? close_as_cancelled(scene, &state->run, by) : close_as_told(scene, &state->run);
    return status;
}

/* What is known of the run goes into its reports; what no evidence is left of is closed without. */
static int close_all(const struct operator_scene *scene, const char *by)
{
    struct verdict *verdict = scene->judge(scene->user);
    int status = for_each_scope(scene, NULL);

    if (status == 0)
        status = watch_close_note(scene->closing, verdict, scene->ledger, clock_ns(CLOCK_REALTIME));
    for (size_t i = 0; i < verdict->scope_count && status == 0; i++)
        if (run_state_is_final(verdict->scopes[i].state))
            status = watch_close_scope(scene->closing, verdict, &verdict->scopes[i], scene->ledger);
    if (status == 0 && verdict->categorized && run_state_is_final(verdict->state))
        status = watch_close_run(scene->closing, verdict, scene->ledger);
    if (status == 0)
        status = for_each_scope(scene, by);
    verdict_free(verdict);
    return status;
}

/* ---- the command */

/* false: there is nothing left that could be cancelled; then the answer says so. */
static bool is_open(const struct operator_scene *scene, struct request_answer *answer)
{
    const struct scope_state *run = &scene->state->run;

    if (!scope_state_is_closed(run) || has_open_posts(scene))
        return true;
    if (run->state == STATE_CANCELLED)
        answer_add(answer, "%s: is cancelled already", scene->state->build);
    else
        answer_add(answer, "%s: too late: the run was closed as %s before", scene->state->build,
                   run_state_name(run->state));
    answer->outcome = REQUEST_DONE;
    if (add_what_left(scene, answer))
        answer->outcome = REQUEST_LEFT;
    else
        answer_add(answer, "nothing of it was posted, and nothing will be");
    return false;
}

static int set_marker(const struct operator_scene *scene, const struct request *request,
                      struct request_answer *answer)
{
    CLEANUP_FREE char *error = NULL;
    int status = state_cancelled(scene->state);

    if (status > 0)
        return 0;
    status = state_mark_cancelled(scene->state, request->by, request->time_ns, &error);
    if (status < 0)
        answer_failed(answer, error);
    return status;
}

void operator_cancel(const struct operator_scene *scene, const struct request *request,
                     struct request_answer *answer)
{
    CLEANUP_FREE char *by = NULL;

    if (!is_open(scene, answer) || set_marker(scene, request, answer) < 0 ||
        withdraw_all(scene, request, answer) < 0)
        return;
    by = state_cancelled_by(scene->state);
    if (close_all(scene, by) < 0) {
        answer_failed(answer, NULL);
        return;
    }
    answer_end(answer, REQUEST_DONE,
               "%s: cancelled; the run is closed as %s, and nothing more of "
               "it is posted",
               scene->state->build, run_state_name(scene->state->run.state));
    if (add_what_left(scene, answer))
        answer->outcome = REQUEST_LEFT;
}
