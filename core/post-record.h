/* The outbox record of a message for one sink, and counting records. Pure. */
#ifndef ATVM_CORE_POST_RECORD_H
#define ATVM_CORE_POST_RECORD_H

#include "outbox.h"
#include "post.h"

/* The format (enum atvm_format) a sink wants: its option "format", else what its module says; text
 * where neither is known. */
int32_t post_record_format(const struct config_module *sink);

/* A pending record; takes `body` over. The caller frees it. */
struct outbox_record *post_record_new(const char *build, const struct config_module *sink,
                                      const struct post_message *message, char *body,
                                      int64_t sequence, int64_t now_ns);

/* Counts a record in a settled state. */
void post_summary_add(struct post_summary *summary, enum outbox_state settled);

#endif
