#include "post-log.h"

#include <stdarg.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "log-event.h"
#include "memory.h"

/* "part 2/3: "; nothing where the message has one part. */
static char *part_text(const struct outbox_record *record)
{
    const struct outbox_message *message = &record->message;

    return message->parts > 1 ? memory_format("part %d/%d: ", message->part, message->parts)
                              : memory_string("");
}

/* "; parts 2 to 3 are held with it". */
static char *parts_behind_text(const struct outbox_record *record)
{
    const struct outbox_message *message = &record->message;

    if (message->part == message->parts)
        return memory_string("");
    if (message->part + 1 == message->parts)
        return memory_format("; part %d is held with it", message->parts);
    return memory_format("; parts %d to %d are held with it", message->part + 1, message->parts);
}

/* The journal's MESSAGE_ID of a decision. */
static const char *id_of(const char *decision)
{
    static const struct {
        const char *decision, *id;
    } known[] = {
        {"posted", LOG_EVENT_POSTED},
        {"retry", LOG_EVENT_RETRY},
        {"held", LOG_EVENT_HELD},
        {"quarantined", LOG_EVENT_QUARANTINED},
        {"duplicate-prevented", LOG_EVENT_DUPLICATE_PREVENTED},
        {"not-posted", LOG_EVENT_NOT_POSTED},
    };

    for (size_t i = 0; decision && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(decision, known[i].decision) == 0)
            return known[i].id;
    return NULL;
}

static void __attribute__((format(printf, 5, 0)))
log_with(const char *build, const struct outbox_record *record, const char *decision, int32_t level,
         const char *format, va_list arguments)
{
    const struct log_event event = {.id = id_of(decision),
                                    .build = build,
                                    .scope = record->message.scope,
                                    .sink = record->sink,
                                    .decision = decision};
    CLEANUP_FREE char *part = part_text(record);
    CLEANUP_FREE char *text = memory_vformat(format, arguments);

    log_event(level, &event, "%s: sink %s: %s%s", record->message.scope, record->sink, part, text);
}

void post_log(const char *build, const struct outbox_record *record, int32_t level,
              const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_with(build, record, NULL, level, format, arguments);
    va_end(arguments);
}

static void __attribute__((format(printf, 5, 6)))
log_decision(const char *build, const struct outbox_record *record, const char *decision,
             int32_t level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_with(build, record, decision, level, format, arguments);
    va_end(arguments);
}

char *post_log_wait(int64_t wait_ns)
{
    return wait_ns < NS_PER_SECOND
               ? memory_string("at once")
               : memory_format("in %lld s", (long long)(wait_ns / NS_PER_SECOND));
}

void post_log_outcome(const struct config *config, const char *build,
                      const struct outbox_record *record)
{
    static const struct outbox_receipt none = {0};
    const struct outbox_receipt *receipt =
        record->attempts_kept > 0 ? &record->attempts[record->attempts_kept - 1].receipt : &none;
    const char *remedy = receipt->remedy ? receipt->remedy : "";
    const char *colon = receipt->remedy ? "; " : "";
    CLEANUP_FREE char *selection = outbox_selection(record, build);
    CLEANUP_FREE char *behind = parts_behind_text(record), *next = post_log_wait(record->delay_ns);
    CLEANUP_FREE char *retry = config_command(config, "queue retry %s%s", build, selection);
    CLEANUP_FREE char *resolve = config_command(config, "resolve %s --posted%s", build, selection);

    if (record->dropped) {
        log_decision(build, record, "not-posted", ATVM_LOG_NOTICE, "not posted: %s",
                     record->explanation);
        return;
    }
    switch (record->state) {
    case OUTBOX_DELIVERED:
        log_decision(build, record, "posted", ATVM_LOG_NOTICE, "delivered at attempt %d",
                     record->attempt_count);
        break;
    case OUTBOX_QUARANTINED:
        log_decision(build, record, "quarantined", ATVM_LOG_ERROR,
                     "quarantined: %s%s%s; then `%s`%s", record->explanation, colon, remedy, retry,
                     behind);
        break;
    case OUTBOX_UNCERTAIN:
        log_decision(build, record, "held", ATVM_LOG_ERROR,
                     "it may have arrived, so it is not sent again: %s; look there, then `%s`, or "
                     "the same with --resend in place of --posted%s",
                     record->explanation, resolve, behind);
        break;
    default:
        log_decision(build, record, "retry", ATVM_LOG_WARNING,
                     "attempt %d failed: %s%s%s; the next one %s", record->attempt_count,
                     receipt->reason ? receipt->reason : "no reason was given", colon, remedy,
                     next);
        break;
    }
}

void post_log_answer(const char *build, const struct outbox_record *record,
                     const struct outbox_receipt *answer)
{
    const char *colon = answer->reason ? ": " : "", *reason = answer->reason ? answer->reason : "";

    switch (answer->outcome) {
    case ATVM_DELIVERED:
        post_log(build, record, ATVM_LOG_NOTICE, "asked, the sink says that it has arrived%s%s",
                 colon, reason);
        break;
    case ATVM_UNCERTAIN:
        post_log(build, record, ATVM_LOG_NOTICE,
                 "asked, the sink cannot tell whether it has arrived%s%s", colon, reason);
        break;
    default:
        post_log(build, record, ATVM_LOG_NOTICE, "asked, the sink says that it is not there%s%s",
                 colon, reason);
        break;
    }
}

void post_log_suppression(const char *build, const struct outbox_record *record)
{
    if (record->state == OUTBOX_DELIVERED)
        log_decision(build, record, "duplicate-prevented", ATVM_LOG_NOTICE, "not posted again: %s",
                     record->explanation ? record->explanation : "it was delivered already");
    else if (outbox_state_is_settled(record->state))
        log_decision(build, record, "duplicate-prevented", ATVM_LOG_WARNING,
                     "not posted again: its message is held as %s: %s",
                     outbox_state_name(record->state),
                     record->explanation ? record->explanation : "no explanation");
    else
        log_decision(build, record, "duplicate-prevented", ATVM_LOG_INFO,
                     "not posted again: its message is on its way");
}
