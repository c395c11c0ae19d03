#include "message-tag.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cleanup.h"
#include "memory.h"

/* FNV-1a, 32 bits (RFC 9923): it has to tell apart, not to protect. */
static uint32_t digest_of(const char *text)
{
    uint32_t digest = UINT32_C(0x811C9DC5);

    for (; *text; text++)
        digest = (digest ^ (unsigned char)*text) * UINT32_C(0x01000193);
    return digest;
}

char *message_tag(const char *key, int64_t first_seen_ns, int part, int parts)
{
    CLEANUP_FREE char *identity = memory_format("%s@%" PRId64, key, first_seen_ns);

    return memory_format("Message %08" PRIx32 ", part %d/%d", digest_of(identity), part, parts);
}
