#include "message-tag.h"

#include <inttypes.h>
#include <string.h>

#include "digest.h"
#include "memory.h"

char *message_key(const char *build, const char *scope, int64_t first_seen_ns)
{
    return memory_format("%s/%s@%" PRId64, build, scope, first_seen_ns);
}

char *message_part_key(const char *key, int32_t part)
{
    return part > 1 ? memory_format("%s+%" PRId32, key, part) : memory_string(key);
}

char *message_tag(const char *key)
{
    return memory_format("Message %08" PRIx32, digest_of(key, strlen(key)));
}
