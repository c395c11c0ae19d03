#include "allocate.h"

#include <string.h>

#define CAPACITY_FIRST 16

void *allocated(void *memory)
{
    if (!memory) {
        fputs("collector: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *allocate(size_t count, size_t size)
{
    return allocated(calloc(count ? count : 1, size ? size : 1));
}

char *copy_text(const char *text, size_t length)
{
    char *copy = allocated(malloc(length + 1));

    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *copy_string(const char *text)
{
    return copy_text(text, strlen(text));
}

char *vformat_text(const char *format, va_list arguments)
{
    char *text = NULL;

    return vasprintf(&text, format, arguments) < 0 ? allocated(NULL) : text;
}

char *format_text(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = vformat_text(format, arguments);
    va_end(arguments);
    return text;
}

void *grow_array(void *array, size_t count, size_t *capacity, size_t size)
{
    if (array && count < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : CAPACITY_FIRST;
    return allocated(reallocarray(array, *capacity, size));
}

void finish_text(FILE *stream)
{
    if (fclose(stream) != 0)
        allocated(NULL);
}
