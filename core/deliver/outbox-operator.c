/* What operators decide about records of the outbox. Pure: no clock, no files. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "memory.h"
#include "outbox.h"
#include "shell-word.h"

bool outbox_is_held(const struct outbox_record *record)
{
    return (record->state == OUTBOX_UNCERTAIN || record->state == OUTBOX_QUARANTINED) &&
           !record->dropped;
}

bool outbox_has_left(const struct outbox_record *record)
{
    return record->state == OUTBOX_SENDING || record->state == OUTBOX_DELIVERED ||
           record->state == OUTBOX_UNCERTAIN || record->maybe_posted;
}

/* ---- verbs */

static const char *const verb_names[] = {
    [OUTBOX_POSTED] = "posted", [OUTBOX_RESEND] = "resend",     [OUTBOX_RETRY] = "retry",
    [OUTBOX_DROP] = "drop",     [OUTBOX_WITHDRAW] = "withdraw",
};

const char *outbox_verb_name(enum outbox_verb verb)
{
    return verb_names[verb];
}

enum outbox_verb outbox_verb_from_name(const char *name)
{
    for (enum outbox_verb verb = OUTBOX_POSTED; verb <= OUTBOX_WITHDRAW; verb++)
        if (strcmp(verb_names[verb], name) == 0)
            return verb;
    return 0;
}

bool outbox_verb_concerns(const struct outbox_record *record, enum outbox_verb verb)
{
    switch (verb) {
    case OUTBOX_POSTED:
    case OUTBOX_RESEND:
        return record->state == OUTBOX_UNCERTAIN;
    case OUTBOX_RETRY:
        return record->state == OUTBOX_QUARANTINED || record->state == OUTBOX_PENDING;
    case OUTBOX_DROP:
        return record->state != OUTBOX_DELIVERED && !record->dropped;
    default:
        return record->state == OUTBOX_PENDING;
    }
}

char *outbox_refusal(const struct outbox_record *record, enum outbox_verb verb)
{
    bool sends = verb == OUTBOX_RESEND || verb == OUTBOX_RETRY;

    if (verb == OUTBOX_DROP && record->state == OUTBOX_SENDING)
        return memory_string("it is being sent at this moment: look again when that has ended");
    if (sends && !record->message.body)
        return memory_string("its message is lost (the record was damaged), so there is nothing to "
                             "send: settle it with 'resolve --posted' or 'queue drop'");
    return NULL;
}

/* ---- deciding */

bool outbox_was_decided_by(const struct outbox_record *record, const char *request)
{
    for (size_t i = 0; i < record->decisions_kept; i++)
        if (record->decisions[i].request && strcmp(record->decisions[i].request, request) == 0)
            return true;
    return false;
}

static void clear_decision(struct outbox_decision *decision)
{
    free(decision->command);
    free(decision->by);
    free(decision->reason);
    free(decision->request);
}

static void note_decision(struct outbox_record *record, enum outbox_verb verb,
                          const struct outbox_decision *decision)
{
    if (record->decisions_kept == OUTBOX_DECISIONS_KEPT) {
        clear_decision(&record->decisions[0]);
        memmove(&record->decisions[0], &record->decisions[1],
                (OUTBOX_DECISIONS_KEPT - 1) * sizeof(record->decisions[0]));
        record->decisions_kept--;
    }
    record->decisions[record->decisions_kept++] = (struct outbox_decision){
        .command = memory_string(outbox_verb_name(verb)),
        .by = memory_string(decision->by),
        .reason = memory_string(decision->reason),
        .request = memory_string(decision->request),
        .time_ns = decision->time_ns,
    };
}

static void settle_as(struct outbox_record *record, enum outbox_state state, int64_t now_ns,
                      char *explanation)
{
    record->state = state;
    record->settled_ns = now_ns;
    record->next_attempt_ns = record->delay_ns = -1;
    free(record->explanation);
    record->explanation = explanation;
}

/* The explanation says who gave it up; why it was held before stands in its attempts. */
static void give_up(struct outbox_record *record, const char *what,
                    const struct outbox_decision *decision)
{
    bool unknown = record->state == OUTBOX_UNCERTAIN || record->maybe_posted;

    settle_as(record, unknown ? OUTBOX_UNCERTAIN : OUTBOX_QUARANTINED, decision->time_ns,
              memory_format("%s by %s%s%s", what, decision->by, decision->reason ? ": " : "",
                            decision->reason ? decision->reason : ""));
    record->dropped = true;
}

static void send_again(struct outbox_record *record, int64_t now_ns)
{
    settle_as(record, OUTBOX_PENDING, -1, NULL);
    record->dropped = false;
    record->resumed_ns = now_ns;
}

void outbox_decide(struct outbox_record *record, enum outbox_verb verb,
                   const struct outbox_decision *decision)
{
    note_decision(record, verb, decision);
    switch (verb) {
    case OUTBOX_POSTED:
        settle_as(record, OUTBOX_DELIVERED, decision->time_ns,
                  memory_format("%s says that it is there", decision->by));
        record->dropped = false;
        break;
    case OUTBOX_RESEND:
    case OUTBOX_RETRY:
        send_again(record, decision->time_ns);
        break;
    case OUTBOX_DROP:
        give_up(record, "dropped", decision);
        break;
    case OUTBOX_WITHDRAW:
        give_up(record, "withdrawn because the run was cancelled", decision);
        break;
    }
}

char *outbox_selection(const struct outbox_record *record, const char *build)
{
    const struct outbox_message *message = &record->message;
    bool own = strcmp(message->scope, build) == 0;
    CLEANUP_FREE char *part =
        message->parts > 1 ? memory_format(" --part %d", message->part) : memory_string("");
    CLEANUP_FREE char *correction = message->correction > 0
                                        ? memory_format(" --correction %d", message->correction)
                                        : memory_string("");
    CLEANUP_FREE char *scope = shell_word(message->scope), *sink = shell_word(record->sink);

    return memory_format("%s%s --sink %s%s%s", own ? "" : " --scope ", own ? "" : scope, sink, part,
                         correction);
}
