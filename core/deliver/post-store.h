/* Putting a message into the outbox: as a whole, once for each sink. */
#ifndef ATVM_CORE_POST_STORE_H
#define ATVM_CORE_POST_STORE_H

#include "outbox.h"
#include "post.h"

/*
 * Stores the message of a scope for one sink, all its parts, and adds them to `outbox`. A sink that
 * has, or may have, this scope's message already gets nothing: the log says why.
 *
 * 0, or -errno with *ret_error (free it): nothing was stored then, and calling again is safe.
 */
int post_store(struct state *state, struct outbox_list *outbox, const struct config_module *sink,
               const struct post_message *message, char **ret_error);

/* Takes records out of `outbox` and off the disk that a watcher left which died before it had
 * stored all parts of a message: none of them was sent. 0, or -errno with *ret_error (free it). */
int post_store_tidy(const struct state *state, struct outbox_list *outbox, char **ret_error);

#endif
