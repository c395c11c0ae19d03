#include "memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_or_end(void *memory)
{
    if (!memory) {
        fputs("atvm-watcher: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *memory_allocate(size_t size)
{
    return memory_or_end(malloc(size ? size : 1));
}

void *memory_zeroed(size_t count, size_t size)
{
    return memory_or_end(calloc(count ? count : 1, size ? size : 1));
}

char *memory_string(const char *text)
{
    return text ? memory_or_end(strdup(text)) : NULL;
}

char *memory_vformat(const char *format, va_list arguments)
{
    char *text = NULL;

    return vasprintf(&text, format, arguments) < 0 ? memory_or_end(NULL) : text;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    return text;
}

void memory_grow(void *array, size_t count, size_t *capacity, size_t element_size)
{
    void **pointer = array;

    if (count < *capacity)
        return;
    *capacity = *capacity ? *capacity * 2 : 8;
    *pointer = memory_or_end(reallocarray(*pointer, *capacity, element_size));
}

char *memory_string_in(struct obstack *stack, const char *text)
{
    return text ? memory_bytes_in(stack, text, strlen(text)) : NULL;
}

char *memory_bytes_in(struct obstack *stack, const char *bytes, size_t length)
{
    return bytes ? obstack_copy0(stack, bytes, (int)length) : NULL;
}

void *memory_array_in(struct obstack *stack, const void *array, size_t count, size_t element_size)
{
    size_t size = count * element_size;
    void *room;

    if (element_size && size / element_size != count)
        memory_or_end(NULL);
    if (size > INT_MAX - 1)
        memory_or_end(NULL);
    room = obstack_alloc(stack, (int)size + 1);
    if (array && size)
        memcpy(room, array, size);
    else
        memset(room, 0, size);
    return room;
}

char *memory_format_in(struct obstack *stack, const char *format, ...)
{
    va_list arguments;
    char *text, *copy;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    copy = memory_string_in(stack, text);
    free(text);
    return copy;
}
