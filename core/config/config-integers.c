/*
 * libconfig 1.5 reads a number without the suffix L as 32 bits and cuts off the rest without a
 * word: 5000000000 becomes 705032704. This finds such numbers in the text, where alone they can be
 * seen.
 */
#include "config-reading.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static const char *end_of_string(const char *text)
{
    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && text[1])
            text++;
    }
    return *text ? text + 1 : text;
}

static const char *end_of_comment(const char *text)
{
    const char *end = text[1] == '*' ? strstr(text + 2, "*/") : NULL;

    if (text[0] == '/' && text[1] == '*')
        return end ? end + 2 : text + strlen(text);
    return text + strcspn(text, "\n");
}

static const char *end_of_name(const char *text)
{
    while (isalnum((unsigned char)*text) || *text == '_' || *text == '-' || *text == '*')
        text++;
    return text;
}

static bool is_comment(const char *text)
{
    return *text == '#' || (text[0] == '/' && (text[1] == '/' || text[1] == '*'));
}

/* Numbers with a fraction, and those that say that they are long, are no business of ours. */
static bool is_cut(const char *number, const char *end)
{
    int base = number[0] == '0' && (number[1] == 'x' || number[1] == 'X') ? 16 : 10;
    char *last;
    long long value;

    errno = 0;
    value = strtoll(number, &last, base);
    return last == end && (errno == ERANGE || value > INT_MAX);
}

void config_check_integers(struct config_reading *reading, const char *path, const char *text)
{
    int line = 1;

    while (*text) {
        const char *start = text;

        if (*text == '"')
            text = end_of_string(text);
        else if (is_comment(text))
            text = end_of_comment(text);
        else if (isalnum((unsigned char)*text))
            text = end_of_name(text);
        else
            text++;
        if (isdigit((unsigned char)*start) && *text != '.' && is_cut(start, text))
            config_add_problem(&reading->problems, path, line,
                               "%.*s does not fit into 32 bits; add an L to it, or write a size as "
                               "\"5G\"",
                               (int)(text - start), start);
        for (; start < text; start++)
            line += *start == '\n';
    }
}
