/* What identifies a message: to sinks, and to people. Pure. */
#ifndef ATVM_CORE_MESSAGE_TAG_H
#define ATVM_CORE_MESSAGE_TAG_H

#include <stdint.h>

/*
 * "<build>/<scope>@<first seen>": the key of the message of a scope. When its run was first watched
 * (ns since 1970) is in it because a later run may have the same name. free() it.
 */
char *message_key(const char *build, const char *scope, int64_t first_seen_ns);

/* "<key>+2": the key of a part; that of the first is the message's own. free() it. */
char *message_part_key(const char *key, int32_t part);

/*
 * "Message 3f2a9c01": a digest of a message's key, for its last line. It is the same on every copy
 * and every part, so that a person can see a double, and which parts belong together. free() it.
 */
char *message_tag(const char *key);

#endif
