/* The outbox record of a message for one sink, and counting records. Pure. */
#ifndef ATVM_CORE_POST_RECORD_H
#define ATVM_CORE_POST_RECORD_H

#include "outbox.h"
#include "post.h"

/* How a sink wants its messages: the format, and the limits of its module, of which an option
 * "max_characters" lowers the one (doc/outbox.md). */
struct post_form post_record_form(const struct config_module *sink);

/* A pending record of part `part` (from 1) of `parts`; takes `body` over. The caller frees it. */
struct outbox_record *post_record_new(const char *build, const struct config_module *sink,
                                      const struct post_message *message, int32_t part,
                                      int32_t parts, char *body, int64_t sequence, int64_t now_ns);

/* Counts a record in a settled state. */
void post_summary_add(struct post_summary *summary, const struct outbox_record *record);

#endif
