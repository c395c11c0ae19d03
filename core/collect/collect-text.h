/* Text from foreign files, made fit for an evidence line. */
#ifndef ATVM_CORE_COLLECT_TEXT_H
#define ATVM_CORE_COLLECT_TEXT_H

#include <stddef.h>

#include "memory.h"

/*
 * Copies `length` bytes into `strings` as valid UTF-8 with a NUL: a byte that belongs to no
 * character becomes U+FFFD, control characters (C0 but '\n' and '\t', DEL, C1) are left out, and
 * the result ends at a character before it would exceed `limit` bytes. *ret_length (may be NULL):
 * its bytes without the NUL. NULL bytes give NULL.
 */
char *collect_text_clean(struct obstack *strings, const char *bytes, size_t length, size_t limit,
                         size_t *ret_length);

#endif
