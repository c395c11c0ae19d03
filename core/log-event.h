/*
 * Log lines that a program may look for: each kind has a MESSAGE_ID, which never changes, and
 * fields in the journal:
 *
 *     journalctl BUILD=e2e-redhat9.6-fc MESSAGE_ID=3040516e64d641ec9a457c21d96da64a
 *
 * What those mean that want explaining is in the journal's catalog (units/atvm-watcher.catalog;
 * `journalctl -x`). Where standard error is not the journal only the text is written.
 */
#ifndef ATVM_CORE_LOG_EVENT_H
#define ATVM_CORE_LOG_EVENT_H

#include "log.h"

#define LOG_EVENT_WATCHING            "3f9b95720c6d4795a3385ee162546263"
#define LOG_EVENT_STATE               "55caac42674b4483b517eab1141ef39d"
#define LOG_EVENT_HOST                "0e1655da87e548aeac0fc364715379fa"
#define LOG_EVENT_CLOSED              "85d3e73253374c9b840b8bee07112377"
#define LOG_EVENT_POSTED              "3040516e64d641ec9a457c21d96da64a"
#define LOG_EVENT_NOT_POSTED          "b9c66769a14f4043868043aa51651406"
#define LOG_EVENT_DUPLICATE_PREVENTED "ad914b92ec8a42f8b396af74903802ad"
#define LOG_EVENT_RETRY               "84ff4528442c4ddc9edbb13b0577f91a"
#define LOG_EVENT_HELD                "3b4fcc86c8a14e8c8f1b1f336d2b3d1e"
#define LOG_EVENT_QUARANTINED         "96019d95e0d6481cb6ce8064521b639e"
#define LOG_EVENT_STOPPED             "386506005c64446c86d7d66205d8385f"

/* What a line is about; NULL leaves the field out. */
struct log_event {
    const char *id;    /* MESSAGE_ID= */
    const char *build; /* BUILD= */
    const char *scope; /* SCOPE= */
    const char *host;  /* HOST= */
    const char *from;  /* STATE_FROM=: of a scope or host; "": it had none */
    const char *to;    /* STATE_TO= */
    const char
        *decision;    /* DECISION=: "posted", "not-posted", "duplicate-prevented", "retry" ... */
    const char *rule; /* RULE=: id of the rule that led to it, as `explain` names it */
    const char *sink; /* SINK= */
};

void log_event(int32_t level, const struct log_event *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
