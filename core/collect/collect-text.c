#include "collect-text.h"

#include <stdbool.h>
#include <stdint.h>

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Smallest character that needs this many bytes (RFC 3629): a longer form of it is invalid. */
static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

static size_t announced_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    if (first >= 0xF0 && first <= 0xF4)
        return 4;
    return 0;
}

/* Bytes of the character that begins here; 0: none does. */
static size_t decode(const unsigned char *bytes, size_t length, uint32_t *ret_character)
{
    size_t needed = announced_length(bytes[0]);
    uint32_t character;

    if (needed == 0 || needed > length)
        return 0;
    character = needed == 1 ? bytes[0] : bytes[0] & (0xFFU >> (needed + 1));
    for (size_t i = 1; i < needed; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
        character = character << 6 | (bytes[i] & 0x3FU);
    }
    if (character < smallest[needed] || character > 0x10FFFF ||
        (character >= 0xD800 && character <= 0xDFFF))
        return 0;
    *ret_character = character;
    return needed;
}

static bool is_wanted(uint32_t character)
{
    if (character < 0x20)
        return character == '\n' || character == '\t';
    return character < 0x7F || character > 0x9F;
}

char *collect_text_clean(struct obstack *strings, const char *bytes, size_t length, size_t limit,
                         size_t *ret_length)
{
    const unsigned char *place = (const unsigned char *)bytes;
    size_t written = 0;

    if (!bytes)
        return NULL;
    while (length > 0) {
        uint32_t character = 0xFFFD;
        size_t size = decode(place, length, &character);
        const void *form = size ? (const void *)place : replacement;
        size_t form_size = size ? size : sizeof(replacement) - 1;

        size = size ? size : 1;
        if (is_wanted(character)) {
            if (form_size > limit - written)
                break;
            obstack_grow(strings, form, (int)form_size);
            written += form_size;
        }
        place += size;
        length -= size;
    }
    if (ret_length)
        *ret_length = written;
    obstack_1grow(strings, '\0');
    return obstack_finish(strings);
}
