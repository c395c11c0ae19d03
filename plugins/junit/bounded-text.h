/* Text that grows up to a limit; what comes after is dropped, and it is known that it was. */
#ifndef ATVM_PLUGINS_JUNIT_BOUNDED_TEXT_H
#define ATVM_PLUGINS_JUNIT_BOUNDED_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "byte-string.h"

struct bounded_text {
    struct byte_string string; /* UTF-8 */
    size_t limit;              /* largest length; to be set before anything is added */
    bool cut;                  /* something was dropped */
};

/* Adds `length` bytes of UTF-8, or what fits of them, cut at a character. */
void bounded_text_add(struct bounded_text *text, const char *bytes, size_t length);
/* Empties it; the limit stays. */
void bounded_text_clear(struct bounded_text *text);
/* Frees the bytes. */
void bounded_text_free(struct bounded_text *text);

/* Its text; "" while nothing was added. */
const char *bounded_text_string(const struct bounded_text *text);

#endif
