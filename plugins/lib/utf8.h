/* UTF-8 (RFC 3629): what is valid, and where text may be cut. */
#ifndef ATVM_PLUGINS_UTF8_H
#define ATVM_PLUGINS_UTF8_H

#include <stddef.h>

/* Bytes of the valid character at the start of `text`; 0: there is none. */
size_t utf8_character_length(const char *text, size_t length);

/* Bytes at the start of `text` that are valid UTF-8; `length` if all of it is. A sequence that the
 * end of the text cuts off is not valid. */
size_t utf8_valid_length(const char *text, size_t length);

/* The longest length up to `limit` at which text (valid UTF-8) may be cut without splitting a
 * character. */
size_t utf8_cut(const char *text, size_t length, size_t limit);

#endif
