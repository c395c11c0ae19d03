#include "short-error.h"

#include <stdbool.h>
#include <string.h>

#include "memory.h"

#define QUOTE   "> "
#define COMMAND "Command failed:"

struct line {
    const char *text;
    size_t length;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static bool begins_with(struct line line, const char *beginning)
{
    size_t length = strlen(beginning);

    return line.length >= length && memcmp(line.text, beginning, length) == 0;
}

static struct line trimmed(const char *text, size_t length)
{
    while (length > 0 && is_blank(text[0])) {
        text++;
        length--;
    }
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    return (struct line){text, length};
}

static bool says_something(struct line line)
{
    return line.length > 0 && !begins_with(line, "at ") &&
           !begins_with(line, "From Your Spec Code:") &&
           !begins_with(line, "https://on.cypress.io/") &&
           !begins_with(line, "+ actual - expected");
}

/* Takes the next line that says something off the front of *rest; empty: there is none. */
static struct line take_line(struct line *rest)
{
    while (rest->length > 0) {
        const char *newline = memchr(rest->text, '\n', rest->length);
        size_t length = newline ? (size_t)(newline - rest->text) : rest->length;
        struct line line = trimmed(rest->text, length);

        rest->text += length + (newline ? 1 : 0);
        rest->length -= length + (newline ? 1 : 0);
        if (says_something(line))
            return line;
    }
    return (struct line){rest->text, 0};
}

static struct line unquoted(struct line line)
{
    return begins_with(line, QUOTE)
               ? trimmed(line.text + strlen(QUOTE), line.length - strlen(QUOTE))
               : line;
}

static struct line quoted_in(struct line rest)
{
    struct line line = take_line(&rest);

    while (line.length > 0 && !begins_with(line, QUOTE))
        line = take_line(&rest);
    return unquoted(line);
}

static const char *joined(struct obstack *memory, struct line first, const char *between,
                          struct line second)
{
    return memory_format_in(memory, "%.*s%s%.*s", (int)first.length, first.text,
                            second.length > 0 ? between : "", (int)second.length, second.text);
}

/* What the announced lines say: of a command that failed, what it said itself; of a line such as a
 * request's address, with the error that is quoted further below. */
static const char *announced(struct obstack *memory, struct line next, struct line rest)
{
    struct line detail = unquoted(next), below = take_line(&(struct line){rest.text, rest.length});

    if (begins_with(detail, COMMAND) && below.length > 0)
        return joined(memory, below, "", (struct line){"", 0});
    return joined(memory, detail, " - ",
                  begins_with(next, QUOTE) ? (struct line){"", 0} : quoted_in(rest));
}

const char *short_error(struct obstack *memory, const char *text, size_t length)
{
    struct line rest = {text, length}, first = take_line(&rest), next = take_line(&rest);
    bool announces = first.length > 0 && next.length > 0 &&
                     (first.text[first.length - 1] == ':' || begins_with(next, QUOTE));

    if (!announces)
        return memory_bytes_in(memory, first.text, first.length);
    return memory_format_in(memory, "%.*s %s", (int)first.length, first.text,
                            announced(memory, next, rest));
}
