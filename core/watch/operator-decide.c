/* resolve, queue retry, queue drop: a decision about records of the outbox. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "memory.h"
#include "nearest-name.h"
#include "operator.h"
#include "post.h"

/* ---- which records */

static enum outbox_verb verb_of(enum request_command command)
{
    switch (command) {
    case REQUEST_POSTED:
        return OUTBOX_POSTED;
    case REQUEST_RESEND:
        return OUTBOX_RESEND;
    case REQUEST_RETRY:
        return OUTBOX_RETRY;
    default:
        return OUTBOX_DROP;
    }
}

static bool is_selected(const struct outbox_record *record, const struct request *request)
{
    return (!request->scope || strcmp(record->message.scope, request->scope) == 0) &&
           (!request->sink || strcmp(record->sink, request->sink) == 0) &&
           (request->part == 0 || record->message.part == request->part) &&
           (request->correction == 0 || record->message.correction == request->correction);
}

struct selection {
    enum outbox_verb verb;
    struct outbox_record ***records; /* places in the list */
    size_t count;
    size_t decided; /* those that this very request has treated already */
};

static void select_those(const struct outbox_list *list, const struct request *request,
                         bool dropped, struct selection *selection)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];

        if (is_selected(record, request) && outbox_verb_concerns(record, selection->verb) &&
            record->dropped == dropped && !outbox_was_decided_by(record, request->id))
            selection->records[selection->count++] = &list->records[i];
    }
}

/* What was given up is meant only where nothing else is. */
static void select_records(const struct outbox_list *list, const struct request *request,
                           struct selection *selection)
{
    selection->records = memory_zeroed(list->count + 1, sizeof(*selection->records));
    for (size_t i = 0; i < list->count; i++)
        selection->decided += outbox_was_decided_by(list->records[i], request->id);
    select_those(list, request, false, selection);
    if (selection->count == 0 && selection->decided == 0)
        select_those(list, request, true, selection);
}

/* ---- why not */

static bool sink_is_unknown(const struct operator_scene *scene, const struct outbox_list *list,
                            const struct request *request, struct request_answer *answer)
{
    CLEANUP_FREE const char **names = memory_zeroed(list->count + 1, sizeof(*names));
    CLEANUP_FREE char *advice = NULL;
    size_t count = 0;

    if (!request->sink)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        bool again = false;

        if (strcmp(list->records[i]->sink, request->sink) == 0)
            return false;
        for (size_t j = 0; j < count && !again; j++)
            again = strcmp(names[j], list->records[i]->sink) == 0;
        if (!again)
            names[count++] = list->records[i]->sink;
    }
    advice = nearest_name_advice(request->sink, names, count, "sinks with messages");
    answer_end(answer, REQUEST_REFUSED, "%s: there is no message for a sink %s; %s",
               scene->state->build, request->sink, advice);
    return true;
}

static void add_standing(struct request_answer *answer, const struct outbox_record *record,
                         const char *build)
{
    CLEANUP_FREE char *selection = outbox_selection(record, build);

    answer_add(answer, "  %s: %s%s%s%s", selection + 1, outbox_state_name(record->state),
               record->dropped ? ", dropped" : "", record->explanation ? ": " : "",
               record->explanation ? record->explanation : "");
}

static void refuse_none(const struct operator_scene *scene, const struct outbox_list *list,
                        const struct request *request, enum outbox_verb verb,
                        struct request_answer *answer)
{
    static const char *const wanted[] = {
        [OUTBOX_POSTED] = "uncertain",
        [OUTBOX_RESEND] = "uncertain",
        [OUTBOX_RETRY] = "quarantined or waiting",
        [OUTBOX_DROP] = "uncertain, quarantined or waiting",
    };
    size_t selected = 0;

    for (size_t i = 0; i < list->count; i++)
        selected += is_selected(list->records[i], request);
    answer_end(answer, REQUEST_REFUSED, "%s: no such message is %s%s", scene->state->build,
               wanted[verb], selected > 0 ? "; these are:" : "");
    for (size_t i = 0; i < list->count; i++)
        if (is_selected(list->records[i], request))
            add_standing(answer, list->records[i], scene->state->build);
}

/* Who looked at one place only must not decide about the others as well. */
static void refuse_many(const struct operator_scene *scene, const struct selection *selection,
                        struct request_answer *answer)
{
    answer_end(answer, REQUEST_REFUSED,
               "%s: %zu messages are meant; name one of them, or add --all:", scene->state->build,
               selection->count);
    for (size_t i = 0; i < selection->count; i++) {
        CLEANUP_FREE char *words = outbox_selection(*selection->records[i], scene->state->build);

        answer_add(answer, "  %s", words + 1);
    }
}

static char *refusal_of(const struct post *post, const struct outbox_record *record,
                        enum outbox_verb verb)
{
    bool sends = verb == OUTBOX_RESEND || verb == OUTBOX_RETRY;

    if (post_is_busy_with(post, record))
        return memory_string("it is being sent at this moment: look again when that has ended");
    if (sends && !post_has_sink(post, record->sink))
        return memory_string("no sink of this name is configured, so nobody would send it");
    return outbox_refusal(record, verb);
}

static bool is_refused(const struct operator_scene *scene, const struct selection *selection,
                       struct request_answer *answer)
{
    const struct post *post = watch_close_post(scene->closing);

    for (size_t i = 0; i < selection->count; i++) {
        const struct outbox_record *record = *selection->records[i];
        CLEANUP_FREE char *refusal = refusal_of(post, record, selection->verb);

        if (refusal)
            answer_end(answer, REQUEST_REFUSED, "%s, sink %s: %s", record->message.scope,
                       record->sink, refusal);
    }
    return answer->outcome == REQUEST_REFUSED;
}

/* ---- deciding */

static const char *result_of(enum outbox_verb verb)
{
    switch (verb) {
    case OUTBOX_POSTED:
        return "noted as posted";
    case OUTBOX_RESEND:
        return "is to be sent again";
    case OUTBOX_RETRY:
        return "is to be sent";
    default:
        return "dropped: it is kept, but never sent";
    }
}

static void apply(const struct operator_scene *scene, const struct request *request,
                  struct outbox_record **record, enum outbox_verb verb,
                  struct request_answer *answer)
{
    const struct outbox_decision decision = {.by = request->by,
                                             .reason = request->reason,
                                             .request = request->id,
                                             .time_ns = request->time_ns};
    CLEANUP_FREE char *error = NULL;

    if (outbox_apply(scene->state->folder, record, verb, &decision, &error) < 0)
        answer_failed(answer, error);
    else
        answer_add(answer, "%s, sink %s: %s", (*record)->message.scope, (*record)->sink,
                   result_of(verb));
}

static bool is_same_message(const struct outbox_record *one, const struct outbox_record *other)
{
    return strcmp(one->sink, other->sink) == 0 &&
           strcmp(one->message.scope, other->message.scope) == 0 &&
           one->message.correction == other->message.correction;
}

/* What is to be sent now: also parts that wait behind one that is there after all. */
static int64_t count_to_send(const struct outbox_list *list, const struct selection *selection)
{
    int64_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        bool touched = false;

        for (size_t j = 0; j < selection->count && !touched; j++)
            touched = is_same_message(*selection->records[j], list->records[i]);
        count += touched && list->records[i]->state == OUTBOX_PENDING;
    }
    return count;
}

static void apply_all(const struct operator_scene *scene, const struct request *request,
                      const struct selection *selection, struct request_answer *answer)
{
    struct post *post = watch_close_post(scene->closing);

    for (size_t i = 0; i < selection->count && !answer->outcome; i++)
        apply(scene, request, selection->records[i], selection->verb, answer);
    if (selection->verb != OUTBOX_DROP)
        answer->sent = count_to_send(post_records(post), selection);
    for (size_t i = 0; i < selection->count; i++)
        post_reconsider(post, (*selection->records[i])->message.scope);
    if (answer->outcome)
        return;
    if (selection->count == 0)
        answer_add(answer, "%s: that was done already", scene->state->build);
    answer->outcome = REQUEST_DONE;
}

void operator_decide(const struct operator_scene *scene, const struct request *request,
                     struct request_answer *answer)
{
    struct outbox_list *list = post_records(watch_close_post(scene->closing));
    struct selection selection = {.verb = verb_of(request->command)};
    bool sends = selection.verb == OUTBOX_RESEND || selection.verb == OUTBOX_RETRY;

    if (operator_scope_is_unknown(scene, request, answer) ||
        sink_is_unknown(scene, list, request, answer) ||
        (sends && operator_may_not_post(scene, answer)))
        return;
    select_records(list, request, &selection);
    if (selection.count == 0 && selection.decided == 0)
        refuse_none(scene, list, request, selection.verb, answer);
    else if (selection.count + selection.decided > 1 && !request->all)
        refuse_many(scene, &selection, answer);
    else if (!is_refused(scene, &selection, answer))
        apply_all(scene, request, &selection, answer);
    free(selection.records);
}
