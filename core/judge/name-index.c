#include "name-index.h"

#include <string.h>

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

static size_t hash_of(const char *name)
{
    uint64_t hash = FNV_OFFSET;

    for (const unsigned char *byte = (const unsigned char *)name; *byte; byte++)
        hash = (hash ^ *byte) * FNV_PRIME;
    return (size_t)(hash ^ (hash >> 32));
}

void name_index_init(struct name_index *index, size_t most, struct obstack *memory)
{
    /* At least half of the places stay free, so that a search ends soon. */
    index->size = 16;
    while (index->size < 2 * most)
        index->size *= 2;
    index->places = memory_array_in(memory, NULL, index->size, sizeof(*index->places));
}

/* Where the name stands in the table, or would. */
static size_t slot_of(const struct name_index *index, const char *const *names, const char *name)
{
    size_t slot = hash_of(name) & (index->size - 1);

    while (index->places[slot] && strcmp(names[index->places[slot] - 1], name) != 0)
        slot = (slot + 1) & (index->size - 1);
    return slot;
}

void name_index_add(struct name_index *index, const char *const *names, size_t place)
{
    index->places[slot_of(index, names, names[place])] = (uint32_t)(place + 1);
}

size_t name_index_find(const struct name_index *index, const char *const *names, const char *name)
{
    uint32_t place = index->places[slot_of(index, names, name)];

    return place ? place - 1 : NAME_INDEX_NONE;
}
