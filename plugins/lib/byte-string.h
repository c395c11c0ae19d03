/* A growing string of bytes with an upper limit. Memory is as in allocate.h. */
#ifndef ATVM_PLUGINS_BYTE_STRING_H
#define ATVM_PLUGINS_BYTE_STRING_H

#include <stddef.h>

/* All zero is the empty string. bytes is NUL-terminated once something was appended. */
struct byte_string {
    char *bytes; /* NULL: nothing was appended yet */
    size_t length, capacity;
};

/* Appends as much of bytes as fits below `limit` bytes in all; the rest is dropped. */
void byte_string_append(struct byte_string *string, const char *bytes, size_t length, size_t limit);
/* Appends one character the same way. */
void byte_string_append_character(struct byte_string *string, char character, size_t limit);
/* Forgets the content and keeps the memory. */
void byte_string_clear(struct byte_string *string);
/* Gives the memory back; the string is empty afterwards. */
void byte_string_free(struct byte_string *string);
/* Shortens the string to `length` bytes, or to less where that would split a UTF-8 character. */
void byte_string_cut(struct byte_string *string, size_t length);

#endif
