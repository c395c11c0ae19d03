#include "line.h"

#include <ctype.h>
#include <string.h>

#include "error-text.h"

/* cypress-terminal-report, outputProcessor: titles and the padding of "TYPE (X): ". */
#define BUILT_IN_TITLE_INDENT 4
#define BUILT_IN_EVENT_WIDTH  24
#define CUSTOM_EVENT_INDENT   2
#define CUSTOM_MESSAGE_INDENT 6

static size_t indent_of(const char *line, size_t length)
{
    size_t indent = 0;

    while (indent < length && line[indent] == ' ')
        indent++;
    return indent;
}

static struct text_line make_line(enum text_line_kind kind, const char *text, size_t length)
{
    return (struct text_line){.kind = kind, .text = text, .text_length = length};
}

/* What fits nothing else: an error that was thrown, or a line nobody's grammar knows. */
static struct text_line other_line(const char *text, size_t length)
{
    return make_line(error_text_begins(text, length) ? TEXT_LINE_ERROR : TEXT_LINE_UNKNOWN, text,
                     length);
}

/* Length of an event's type, "cy:command"; 0: text does not begin with one. */
static size_t type_length(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length && !isspace((unsigned char)text[at]))
        at++;
    return at > 0 && text[at - 1] != ':' ? at : 0;
}

/* ---------------------------------------------------------------- built-in */

/* "(X): " and what it means. */
static bool read_mark(const char *text, size_t length, enum text_severity *ret)
{
    if (length < 5 || text[0] != '(' || memcmp(text + 2, "): ", 3) != 0)
        return false;
    *ret = text[1] == 'K'   ? TEXT_SEVERITY_SUCCESS
           : text[1] == '!' ? TEXT_SEVERITY_WARNING
           : text[1] == 'X' ? TEXT_SEVERITY_ERROR
                            : TEXT_SEVERITY_UNKNOWN;
    return true;
}

static bool read_built_in_event(const char *line, size_t length, size_t indent,
                                struct text_line *ret)
{
    size_t type = type_length(line + indent, length - indent);
    size_t mark = indent + type + 1;
    size_t message = mark + 5;
    enum text_severity severity;

    if (type == 0 || mark > length || !read_mark(line + mark, length - mark, &severity))
        return false;
    if (message != BUILT_IN_EVENT_WIDTH && (indent > 0 || message < BUILT_IN_EVENT_WIDTH))
        return false;
    *ret = make_line(TEXT_LINE_EVENT, line + message, length - message);
    ret->type = line + indent;
    ret->type_length = type;
    ret->severity = severity;
    return true;
}

static struct text_line read_built_in(const char *line, size_t length)
{
    size_t indent = indent_of(line, length);
    const char *text = line + indent;
    struct text_line event;

    if (read_built_in_event(line, length, indent < length ? indent : 0, &event))
        return event;
    if (indent >= BUILT_IN_EVENT_WIDTH)
        return make_line(TEXT_LINE_CONTINUATION, line + BUILT_IN_EVENT_WIDTH,
                         length - BUILT_IN_EVENT_WIDTH);
    if (error_text_begins(text, length - indent) || indent == length)
        return other_line(text, length - indent);
    if (indent == BUILT_IN_TITLE_INDENT)
        return make_line(TEXT_LINE_TITLE, text, length - indent);
    if (indent == 0 && line[length - 1] == ':')
        return make_line(TEXT_LINE_SPEC, line, length - 1);
    return other_line(text, length - indent);
}

/* ---------------------------------------------------------------- custom */

static enum text_severity severity_word(const char *word, size_t length)
{
    static const struct {
        const char *word;
        enum text_severity severity;
    } words[] = {
        {"success", TEXT_SEVERITY_SUCCESS},
        {"warning", TEXT_SEVERITY_WARNING},
        {"error", TEXT_SEVERITY_ERROR},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0)
            return words[i].severity;
    return TEXT_SEVERITY_UNKNOWN;
}

/* "TYPE word: message"; the space after the colon is left out where there is no message. */
static bool read_custom_event(const char *text, size_t length, struct text_line *ret)
{
    size_t type = type_length(text, length);
    size_t word = type + 1;
    size_t end = word;

    if (type == 0)
        return false;
    while (end < length && islower((unsigned char)text[end]))
        end++;
    if (end == word || end >= length || text[end] != ':' ||
        (end + 1 < length && text[end + 1] != ' '))
        return false;
    *ret = make_line(TEXT_LINE_EVENT, text + length, 0);
    if (end + 2 < length) {
        ret->text = text + end + 2;
        ret->text_length = length - end - 2;
    }
    ret->type = text;
    ret->type_length = type;
    ret->severity = severity_word(text + word, end - word);
    return true;
}

static struct text_line read_custom(const char *line, size_t length)
{
    size_t indent = indent_of(line, length);
    const char *text = line + indent;
    struct text_line event;

    if (indent >= CUSTOM_MESSAGE_INDENT)
        return make_line(TEXT_LINE_CONTINUATION, line + CUSTOM_MESSAGE_INDENT,
                         length - CUSTOM_MESSAGE_INDENT);
    if (indent == CUSTOM_EVENT_INDENT && read_custom_event(text, length - indent, &event))
        return event;
    if (indent == 0 && !error_text_begins(text, length))
        return make_line(TEXT_LINE_TITLE, line, length);
    return other_line(text, length - indent);
}

struct text_line text_line_read(enum text_layout layout, const char *line, size_t length)
{
    if (length == 0)
        return make_line(TEXT_LINE_BLANK, line, 0);
    return layout == TEXT_LAYOUT_BUILT_IN ? read_built_in(line, length) : read_custom(line, length);
}
