#include "message-tag.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "digest.h"
#include "memory.h"

char *message_tag(const char *key, int64_t first_seen_ns, int part, int parts)
{
    CLEANUP_FREE char *identity = memory_format("%s@%" PRId64, key, first_seen_ns);

    return memory_format("Message %08" PRIx32 ", part %d/%d", digest_of(identity, strlen(identity)),
                         part, parts);
}
