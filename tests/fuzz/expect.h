/* What a fuzz target expects of a parser. Broken: the engine is told by abort. */
#ifndef ATVM_TESTS_FUZZ_EXPECT_H
#define ATVM_TESTS_FUZZ_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The entry of every target (https://llvm.org/docs/LibFuzzer.html); always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

/* Memory for a harness; free() it. */
static inline void *fuzz_allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);

    fuzz_expect(memory != NULL, "there is memory");
    return memory;
}

/* The input as a string that ends at its first NUL, in memory of its own so that a sanitizer sees a
 * read beyond it; free() it. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
    size_t length = size ? strnlen((const char *)data, size) : 0;
    char *text = fuzz_allocate(length + 1);

    if (length)
        memcpy(text, data, length);
    text[length] = '\0';
    return text;
}

/* A number that any change of the input changes (FNV-1a): where a choice is to vary with the input
 * but be the same whenever it is replayed. */
static inline uint64_t fuzz_hash(const uint8_t *data, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

#endif
