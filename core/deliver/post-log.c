#include "post-log.h"

#include <stdarg.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "log-event.h"
#include "memory.h"

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
    CLEANUP_FREE char *text = memory_vformat(format, arguments);

    log_event(level, &event, "%s: sink %s: %s", record->message.scope, record->sink, text);
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

void post_log_outcome(const char *build, const struct outbox_record *record)
{
    const struct outbox_receipt *receipt = &record->attempts[record->attempts_kept - 1].receipt;
    const char *remedy = receipt->remedy ? receipt->remedy : "";
    const char *colon = receipt->remedy ? "; " : "";

    switch (record->state) {
    case OUTBOX_DELIVERED:
        log_decision(build, record, "posted", ATVM_LOG_NOTICE, "delivered at attempt %d",
                     record->attempt_count);
        break;
    case OUTBOX_QUARANTINED:
        log_decision(build, record, "quarantined", ATVM_LOG_ERROR, "quarantined: %s%s%s",
                     record->explanation, colon, remedy);
        break;
    case OUTBOX_UNCERTAIN:
        log_decision(build, record, "held", ATVM_LOG_ERROR,
                     "it may have arrived, so it is not sent again: %s; look there, then "
                     "'atvm-watcher resolve %s --posted' or '--resend'",
                     record->explanation, build);
        break;
    default:
        log_decision(build, record, "retry", ATVM_LOG_WARNING,
                     "attempt %d failed: %s%s%s; the next one in %lld s", record->attempt_count,
                     receipt->reason ? receipt->reason : "no reason was given", colon, remedy,
                     (long long)(record->delay_ns / NS_PER_SECOND));
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
