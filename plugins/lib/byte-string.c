#include "byte-string.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "utf8.h"

static void reserve(struct byte_string *string, size_t length)
{
    size_t capacity = string->capacity ? string->capacity : 64;

    if (length < string->capacity)
        return;
    while (capacity <= length)
        capacity *= 2;
    string->bytes = allocated(realloc(string->bytes, capacity));
    string->capacity = capacity;
}

void byte_string_append(struct byte_string *string, const char *bytes, size_t length, size_t limit)
{
    size_t room = string->length < limit ? limit - string->length : 0;

    if (length > room)
        length = room;
    reserve(string, string->length + length);
    if (length > 0)
        memcpy(string->bytes + string->length, bytes, length);
    string->length += length;
    string->bytes[string->length] = '\0';
}

void byte_string_append_character(struct byte_string *string, char character, size_t limit)
{
    byte_string_append(string, &character, 1, limit);
}

void byte_string_clear(struct byte_string *string)
{
    string->length = 0;
    if (string->bytes)
        string->bytes[0] = '\0';
}

void byte_string_free(struct byte_string *string)
{
    free(string->bytes);
    memset(string, 0, sizeof(*string));
}

void byte_string_cut(struct byte_string *string, size_t length)
{
    if (length >= string->length)
        return;
    length = utf8_cut(string->bytes, string->length, length);
    string->length = length;
    string->bytes[length] = '\0';
}
