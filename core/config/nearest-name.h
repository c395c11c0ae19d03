/* "Did you mean …": the known name that is nearest to one that is not known. */
#ifndef ATVM_CORE_NEAREST_NAME_H
#define ATVM_CORE_NEAREST_NAME_H

#include <stddef.h>

/* The name among `names` (count elements, none NULL) that needs the fewest single-letter edits to
 * become `name`, the first of several; NULL where even that one is too far to be a slip. */
const char *nearest_name(const char *name, const char *const *names, size_t count);

/*
 * The end of a message about a wrong name: "did you mean \"poll_interval\"?", or where nothing is
 * near "<intro>: a, b, c", or "<intro>: none". Free it.
 */
char *nearest_name_advice(const char *name, const char *const *names, size_t count,
                          const char *intro);

#endif
