#include "line-text.h"

#include <string.h>

#include "terminal-text.h"
#include "utf8.h"

#define REPLACEMENT       "\xef\xbf\xbd" /* U+FFFD */
#define RULE_LENGTH_LEAST 20             /* both rules of a run log are as wide as its terminal */

/* A byte that can be copied as it is. */
static bool is_plain(unsigned char byte)
{
    return (byte >= 0x20 && byte < 0x7f) || byte == '\t';
}

static bool all_plain(const char *line, size_t length)
{
    bool plain = true;

    for (size_t i = 0; i < length; i++)
        plain &= is_plain((unsigned char)line[i]);
    return plain;
}

static void copy_clean(const char *line, size_t length, struct byte_string *buffer,
                       int64_t *ret_invalid)
{
    const size_t no_limit = (size_t)-1;
    size_t i = 0;

    while (i < length) {
        unsigned char byte = (unsigned char)line[i];
        size_t sequence;

        if (is_plain(byte)) {
            size_t start = i;

            while (i < length && is_plain((unsigned char)line[i]))
                i++;
            byte_string_append(buffer, line + start, i - start, no_limit);
        } else if (byte == TERMINAL_ESCAPE) {
            i += terminal_sequence_length(line + i, length - i);
        } else if (byte == '\r') {
            byte_string_clear(buffer);
            i++;
        } else if (byte < 0x80) {
            i++;
        } else if ((sequence = utf8_character_length(line + i, length - i)) > 0) {
            /* U+0080 to U+009F are control characters too */
            if (!(byte == 0xc2 && (unsigned char)line[i + 1] < 0xa0))
                byte_string_append(buffer, line + i, sequence, no_limit);
            i += sequence;
        } else {
            if (*ret_invalid < 0)
                *ret_invalid = (int64_t)i;
            byte_string_append(buffer, REPLACEMENT, sizeof(REPLACEMENT) - 1, no_limit);
            i++;
        }
    }
}

struct text line_clean(const char *line, size_t length, struct byte_string *buffer,
                       int64_t *ret_invalid)
{
    *ret_invalid = -1;
    while (length > 0 && line[length - 1] == '\r')
        length--;
    if (all_plain(line, length))
        return (struct text){line, length};
    byte_string_clear(buffer);
    byte_string_append(buffer, "", 0, 0);
    copy_clean(line, length, buffer, ret_invalid);
    return (struct text){buffer->bytes, buffer->length};
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_blank(text.bytes[0])) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

struct text text_from(struct text text, size_t length)
{
    return (struct text){text.bytes + length, text.length - length};
}

bool text_equals(struct text text, struct text other)
{
    return text.length == other.length &&
           (text.length == 0 || memcmp(text.bytes, other.bytes, text.length) == 0);
}

bool text_starts_with(struct text text, struct text start)
{
    return text.length >= start.length &&
           (start.length == 0 || memcmp(text.bytes, start.bytes, start.length) == 0);
}

bool text_ends_with(struct text text, struct text end)
{
    return text.length >= end.length &&
           (end.length == 0 ||
            memcmp(text.bytes + text.length - end.length, end.bytes, end.length) == 0);
}

size_t text_indent(struct text text)
{
    size_t indent = 0;

    while (indent < text.length && text.bytes[indent] == ' ')
        indent++;
    return indent;
}

struct text text_take_word(struct text *rest)
{
    struct text word = {rest->bytes, 0};

    while (word.length < rest->length && !is_blank(rest->bytes[word.length]))
        word.length++;
    *rest = text_trim(text_from(*rest, word.length));
    return word;
}

int64_t text_take_number(struct text *rest)
{
    int64_t number = 0;
    size_t digits = 0;

    while (digits < rest->length && rest->bytes[digits] >= '0' && rest->bytes[digits] <= '9')
        digits++;
    if (digits == 0 || digits > 18)
        return -1;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (rest->bytes[i] - '0');
    *rest = text_from(*rest, digits);
    return number;
}

int64_t text_number(struct text text)
{
    int64_t number = text_take_number(&text);

    return text.length == 0 ? number : -1;
}

bool text_take(struct text *rest, struct text start)
{
    if (!text_starts_with(*rest, start))
        return false;
    *rest = text_from(*rest, start.length);
    return true;
}

bool text_is_rule(struct text line)
{
    const struct text light = TEXT("─"), heavy = TEXT("=");
    size_t count = 0;
    struct text unit;

    line = text_trim(line);
    unit = text_starts_with(line, light) ? light : heavy;
    while (text_take(&line, unit))
        count++;
    return count >= RULE_LENGTH_LEAST && line.length == 0;
}
