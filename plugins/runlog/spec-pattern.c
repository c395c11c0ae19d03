#include "spec-pattern.h"

#include <string.h>

static bool is_quote(char character)
{
    return character == '\'' || character == '"' || character == '`';
}

/* Blanks, commas and brackets between two paths. */
static struct text skip_separators(struct text list)
{
    size_t length = 0;

    while (length < list.length && memchr(" \t\n,[]()", list.bytes[length], 8))
        length++;
    return text_from(list, length);
}

bool spec_pattern_next(struct text *list, struct text *ret_spec)
{
    struct text rest = skip_separators(*list);
    size_t length = 0;

    if (rest.length >= 2 && rest.bytes[0] == 'u' && is_quote(rest.bytes[1]))
        rest = text_from(rest, 1); /* how Python 2 writes a string */
    if (rest.length == 0)
        return false;
    if (is_quote(rest.bytes[0])) {
        const char *end = memchr(rest.bytes + 1, rest.bytes[0], rest.length - 1);

        if (!end)
            return false;
        *ret_spec = (struct text){rest.bytes + 1, (size_t)(end - rest.bytes) - 1};
        *list = text_from(rest, (size_t)(end - rest.bytes) + 1);
        return true;
    }
    while (length < rest.length && !memchr(",]\n", rest.bytes[length], 3))
        length++;
    *ret_spec = text_trim((struct text){rest.bytes, length});
    *list = text_from(rest, length);
    return true;
}

bool spec_pattern_is_open(struct text list)
{
    list = text_trim(list);
    return list.length > 0 && list.bytes[0] == '[' && !memchr(list.bytes, ']', list.length);
}

bool spec_path_is_plain(struct text path)
{
    for (size_t i = 0; i < path.length; i++)
        if (memchr("*?{}<>|", path.bytes[i], 7))
            return false;
    return path.length > 0;
}

bool spec_has_ending(struct text path)
{
    static const struct text endings[] = {{".ts", 3},  {".tsx", 4}, {".js", 3},    {".jsx", 4},
                                          {".mjs", 4}, {".cjs", 4}, {".coffee", 7}};

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (text_ends_with(path, endings[i]))
            return true;
    return false;
}
