/*
 * Memory for collectors. A collector without memory has nothing it could still say, so it ends
 * (abort) and its worker is replaced, as after any other death of a collector. Nothing here returns
 * NULL; everything is given back with free().
 */
#ifndef ATVM_PLUGINS_ALLOCATE_H
#define ATVM_PLUGINS_ALLOCATE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Yields `memory`, the result of an allocating function; does not return for NULL. */
void *allocated(void *memory) __attribute__((returns_nonnull));

/* Zeroed memory for `count` elements of `size` bytes. */
void *allocate(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of `length` bytes of text, with NUL. */
char *copy_text(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
/* A copy of all of text. */
char *copy_string(const char *text) __attribute__((malloc, returns_nonnull));

/* printf into fresh memory. */
char *format_text(const char *format, ...)
    __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *vformat_text(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/* `array` of `count` elements of `size` bytes, moved where it has no room for one more: `capacity`
 * counts the elements it has room for, and doubles. */
void *grow_array(void *array, size_t count, size_t *capacity, size_t size)
    __attribute__((returns_nonnull));

/* Ends a stream of open_memstream; its text is then complete. */
void finish_text(FILE *stream);

#endif
