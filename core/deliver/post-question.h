/*
 * A question to a sink: whether a message has arrived of which nobody knows. Asked in a deliver
 * worker; nothing is delivered, so it may be asked again after a crash.
 */
#ifndef ATVM_CORE_POST_QUESTION_H
#define ATVM_CORE_POST_QUESTION_H

#include "deliver.h"
#include "outbox.h"

struct post_question;

/* Whether the sink's module can be asked, and the record's message has a key to ask for. */
bool post_question_is_possible(const struct config_module *sink,
                               const struct outbox_record *record);

/* What the sink says: ATVM_UNCERTAIN where it does not know or gave no answer. The callback takes
 * the strings over, and may call post_question_free. */
typedef void (*post_answered)(void *user, struct outbox_receipt *answer);

/* Asks for the message of settings->record; receipt and purpose of the settings are set here. 0 or
 * -errno with *ret_error (free it). */
int post_question_ask(sd_event *event, const struct deliver_settings *settings,
                      post_answered answered, void *user, struct post_question **ret,
                      char **ret_error);
/* Accepts NULL; an answer that comes later is lost. */
void post_question_free(struct post_question *question);

#endif
