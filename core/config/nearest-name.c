#include "nearest-name.h"

#include <ctype.h>
#include <stdbool.h>
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

static bool same_letter(char left, char right)
{
    return tolower((unsigned char)left) == tolower((unsigned char)right);
}

/* Optimal string alignment distance: letters inserted, removed, replaced, and neighbours swapped,
 * which is the commonest slip. Upper and lower case count as the same letter. */
static size_t edit_distance(const char *left, const char *right)
{
    size_t rows = compared_length(left), columns = compared_length(right);
    size_t cost[COMPARED_MAX + 1][COMPARED_MAX + 1];

    for (size_t i = 0; i <= rows; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            size_t replaced = cost[i - 1][j - 1] + !same_letter(left[i - 1], right[j - 1]);

            cost[i][j] = MIN(replaced, MIN(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(left[i - 1], right[j - 2]) &&
                same_letter(left[i - 2], right[j - 1]))
                cost[i][j] = MIN(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[rows][columns];
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
