/* A digest that tells apart, and does not protect: FNV-1a, 32 bits (RFC 9923). Whatever single byte
 * is changed, the digest changes. */
#ifndef ATVM_CORE_DIGEST_H
#define ATVM_CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t digest_of(const char *bytes, size_t length)
{
    uint32_t digest = UINT32_C(0x811C9DC5);

    for (size_t i = 0; i < length; i++)
        digest = (digest ^ (unsigned char)bytes[i]) * UINT32_C(0x01000193);
    return digest;
}

#endif
