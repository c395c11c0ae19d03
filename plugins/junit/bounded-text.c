#include "bounded-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t bounded_text_cut(const char *bytes, size_t length, size_t limit)
{
    size_t end = limit;

    if (length <= limit)
        return length;
    /* 10xxxxxx continues the character in front of it. */
    while (end > 0 && ((unsigned char)bytes[end] & 0xc0) == 0x80)
        end--;
    return end;
}

/* Doubles, so that many small pieces cost little. */
static void make_room(struct bounded_text *text, size_t length)
{
    size_t capacity = text->capacity ? text->capacity : 64;
    char *bytes;

    if (length < text->capacity)
        return;
    while (capacity <= length)
        capacity *= 2;
    bytes = realloc(text->bytes, capacity);
    if (!bytes) {
        fputs("junit: out of memory\n", stderr);
        abort();
    }
    text->bytes = bytes;
    text->capacity = capacity;
}

void bounded_text_add(struct bounded_text *text, const char *bytes, size_t length)
{
    size_t fitting = text->cut ? 0 : bounded_text_cut(bytes, length, text->limit - text->length);

    text->cut |= fitting < length;
    if (fitting == 0)
        return;
    make_room(text, text->length + fitting);
    memcpy(text->bytes + text->length, bytes, fitting);
    text->length += fitting;
    text->bytes[text->length] = '\0';
}

void bounded_text_clear(struct bounded_text *text)
{
    text->length = 0;
    text->cut = false;
    if (text->bytes)
        text->bytes[0] = '\0';
}

void bounded_text_free(struct bounded_text *text)
{
    free(text->bytes);
    *text = (struct bounded_text){.limit = text->limit};
}

const char *bounded_text_string(const struct bounded_text *text)
{
    return text->bytes ? text->bytes : "";
}
