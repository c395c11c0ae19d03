/*
 * Allocation that cannot fail: the process ends with a message when memory runs out, which for the
 * watcher is the same as a crash and is survived like one. Strings of one lifetime live in one
 * obstack and are released together.
 */
#ifndef ATVM_CORE_MEMORY_H
#define ATVM_CORE_MEMORY_H

#include <obstack.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#define obstack_chunk_alloc memory_allocate
#define obstack_chunk_free  free

/* Uninitialised memory of `size` bytes; free() it. */
void *memory_allocate(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed memory for count elements; free() it. */
void *memory_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* A copy of `text`; free() it. NULL gives NULL. */
char *memory_string(const char *text);
/* printf into fresh memory; free() it. */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
char *memory_vformat(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0), returns_nonnull));

/* Makes room for one more element in an array that grows by doubling: call before writing
 * (*array)[count]. `array` points to the array pointer, `capacity` counts elements. */
void memory_grow(void *array, size_t count, size_t *capacity, size_t element_size);

/* Copies into `stack`; NULL gives NULL. */
char *memory_string_in(struct obstack *stack, const char *text);
char *memory_bytes_in(struct obstack *stack, const char *bytes,
                      size_t length); /* adds a NUL; at most INT_MAX bytes (obstack) */
/* Room for count elements in `stack`: a copy of `array`, or zeroed where that is NULL. */
void *memory_array_in(struct obstack *stack, const void *array, size_t count, size_t element_size)
    __attribute__((returns_nonnull));
char *memory_format_in(struct obstack *stack, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

#endif
