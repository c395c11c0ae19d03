/* What posting says in the log: each line with the fields BUILD, SCOPE, SINK and DECISION. */
#ifndef ATVM_CORE_POST_LOG_H
#define ATVM_CORE_POST_LOG_H

#include "config.h"
#include "outbox.h"

/* A line about a message, without a decision. */
void post_log(const char *build, const struct outbox_record *record, int32_t level,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What an attempt, or a cancellation before one, led to. */
void post_log_outcome(const struct config *config, const char *build,
                      const struct outbox_record *record);

/* "at once", "in 5 s"; free() it. */
char *post_log_wait(int64_t wait_ns);

/* What a sink said that was asked whether a message has arrived. */
void post_log_answer(const char *build, const struct outbox_record *record,
                     const struct outbox_receipt *answer);

/* Why a scope is not posted to a sink that has a record of it. */
void post_log_suppression(const char *build, const struct outbox_record *record);

#endif
