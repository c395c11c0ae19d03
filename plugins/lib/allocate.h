/* Memory for collectors: a collector without memory has nothing it could still say, so it ends and
 * its worker is replaced. */
#ifndef ATVM_PLUGINS_ALLOCATE_H
#define ATVM_PLUGINS_ALLOCATE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Yields `memory`, the result of an allocating function; does not return for NULL. */
static inline void *allocated(void *memory)
{
    if (!memory) {
        fputs("collector: out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* A copy of `length` bytes of text, with NUL; free() it. */
static inline char *copy_text(const char *text, size_t length)
{
    return allocated(strndup(text, length));
}

/* Ends a stream of open_memstream; its text is then complete. */
static inline void finish_text(FILE *stream)
{
    if (fclose(stream) != 0)
        allocated(NULL);
}

#endif
