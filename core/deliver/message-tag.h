/* The last line of a message: the same on every copy of it, so that a person can see a double. */
#ifndef ATVM_CORE_MESSAGE_TAG_H
#define ATVM_CORE_MESSAGE_TAG_H

#include <stdint.h>

/*
 * "Message 3f2a9c01, part 1/2": a digest of the message's key and of when its run was first watched
 * (ns since 1970), since a later run may have the same name. Pure; free() it.
 */
char *message_tag(const char *key, int64_t first_seen_ns, int part, int parts);

#endif
