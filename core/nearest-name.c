#include "nearest-name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "cleanup.h"
#include "memory.h"

/* Longer names are compared by their beginning. */
#define COMPARED_MAX 64

static size_t compared_length(const char *name)
{
    return strnlen(name, COMPARED_MAX);
}

/* Levenshtein distance; upper and lower case count as the same letter. */
static size_t edit_distance(const char *left, const char *right)
{
    size_t width = compared_length(right), height = compared_length(left);
    size_t row[COMPARED_MAX + 1];

    for (size_t column = 0; column <= width; column++)
        row[column] = column;
    for (size_t line = 1; line <= height; line++) {
        size_t diagonal = row[0];

        row[0] = line;
        for (size_t column = 1; column <= width; column++) {
            int differs =
                tolower((unsigned char)left[line - 1]) != tolower((unsigned char)right[column - 1]);
            size_t replaced = diagonal + (size_t)differs;

            diagonal = row[column];
            row[column] = MIN(replaced, MIN(row[column], row[column - 1]) + 1);
        }
    }
    return row[width];
}

const char *nearest_name(const char *name, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = MAX(compared_length(name) / 3, 1) + 1;

    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(name, names[i]);

        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

char *nearest_name_advice(const char *name, const char *const *names, size_t count,
                          const char *intro)
{
    const char *nearest = nearest_name(name, names, count);
    char *advice;

    if (nearest)
        return memory_format("did you mean \"%s\"?", nearest);
    if (count == 0)
        return memory_format("%s: none", intro);
    advice = memory_format("%s: %s", intro, names[0]);
    for (size_t i = 1; i < count; i++) {
        CLEANUP_FREE char *shorter = advice;

        advice = memory_format("%s, %s", shorter, names[i]);
    }
    return advice;
}
