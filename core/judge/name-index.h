/* Places of names in a list, found without going through the list. */
#ifndef ATVM_CORE_NAME_INDEX_H
#define ATVM_CORE_NAME_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

/* A hash table of places in a list of names that its owner keeps. */
struct name_index {
    uint32_t *places; /* place + 1; 0: free */
    size_t size;      /* a power of two */
};

#define NAME_INDEX_NONE SIZE_MAX

/* Room for `most` names, fewer than 2^31, in the obstack. */
void name_index_init(struct name_index *index, size_t most, struct obstack *memory);
/* Notes that names[place] stands in the list; it must not be in the index yet. */
void name_index_add(struct name_index *index, const char *const *names, size_t place);
/* The place of the name in the list; NAME_INDEX_NONE: it is not there. */
size_t name_index_find(const struct name_index *index, const char *const *names, const char *name);

#endif
