#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the sequence that `lead` begins; 0: it begins none. */
static size_t sequence_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF. */
static bool is_second_byte(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return is_continuation(second);
    }
}

size_t utf8_character_length(const char *bytes, size_t length)
{
    const unsigned char *text = (const unsigned char *)bytes;
    size_t wanted = length > 0 ? sequence_length(text[0]) : 0;

    if (wanted == 0 || wanted > length)
        return 0;
    if (wanted > 1 && !is_second_byte(text[0], text[1]))
        return 0;
    for (size_t i = 2; i < wanted; i++)
        if (!is_continuation(text[i]))
            return 0;
    return wanted;
}

size_t utf8_valid_length(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t character = utf8_character_length(text + at, length - at);

        if (character == 0)
            break;
        at += character;
    }
    return at;
}

size_t utf8_cut(const char *text, size_t length, size_t limit)
{
    size_t end = limit;

    if (length <= limit)
        return length;
    while (end > 0 && is_continuation((unsigned char)text[end]))
        end--;
    return end;
}
