#include "error-text.h"

#include <ctype.h>
#include <string.h>

#include "allocate.h"
#include "terminal-text.h"
#include "utf8.h"

static bool has_prefix(const char *text, size_t length, const char *prefix)
{
    size_t prefix_length = strlen(prefix);

    return length >= prefix_length && memcmp(text, prefix, prefix_length) == 0;
}

/* Length of a name such as "AssertionError" that a colon follows; 0: none. */
static size_t error_name_length(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length && (isalnum((unsigned char)text[at]) || text[at] == '_'))
        at++;
    if (at < strlen("Error") || at == length || text[at] != ':')
        return 0;
    return memcmp(text + at - strlen("Error"), "Error", strlen("Error")) == 0 ? at : 0;
}

bool error_text_begins(const char *text, size_t length)
{
    if (has_prefix(text, length, "Uncaught ")) {
        text += strlen("Uncaught ");
        length -= strlen("Uncaught ");
    }
    return error_name_length(text, length) > 0 || has_prefix(text, length, "Timed out ") ||
           has_prefix(text, length, "Timeout of ");
}

static size_t remove_terminal_sequences(const char *text, size_t length, char *ret)
{
    size_t kept = 0;

    for (size_t at = 0; at < length;) {
        if (text[at] == TERMINAL_ESCAPE) {
            at += terminal_sequence_length(text + at, length - at);
            continue;
        }
        if (text[at] != '\r' && text[at] != '\0')
            ret[kept++] = text[at];
        at++;
    }
    return kept;
}

static size_t without_blank_end(const char *text, size_t length)
{
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    return length;
}

static size_t blank_start(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length && isspace((unsigned char)text[at]))
        at++;
    return at;
}

bool error_text_is_stack_line(const char *line, size_t length)
{
    size_t indent = 0;

    while (indent < length && (line[indent] == ' ' || line[indent] == '\t'))
        indent++;
    if (indent == 0)
        return has_prefix(line, length, "From Your Spec Code:");
    length = without_blank_end(line, length);
    return length > indent && has_prefix(line + indent, length - indent, "at ") &&
           (line[length - 1] == ')' || line[length - 1] == '>' ||
            isdigit((unsigned char)line[length - 1]));
}

static size_t remove_stack_lines(char *text, size_t length)
{
    size_t kept = 0;

    for (size_t at = 0; at < length;) {
        const char *newline = memchr(text + at, '\n', length - at);
        size_t line = newline ? (size_t)(newline - text) - at + 1 : length - at;

        if (!error_text_is_stack_line(text + at, line)) {
            memmove(text + kept, text + at, line);
            kept += line;
        }
        at += line;
    }
    return kept;
}

char *error_text_clean(const char *text, size_t length, size_t limit)
{
    char *clean = allocated(malloc(length + 1));
    size_t start;

    length = remove_terminal_sequences(text, length, clean);
    length = remove_stack_lines(clean, length);
    length = without_blank_end(clean, length);
    start = blank_start(clean, length);
    length -= start;
    memmove(clean, clean + start, length);
    length = without_blank_end(clean, utf8_cut(clean, length, limit));
    clean[length] = '\0';
    if (length > 0)
        return clean;
    free(clean);
    return NULL;
}

/* "COMMAND<TAB>ARGUMENTS" in words; the text of an assertion says itself what was not so. */
static char *command_in_words(const char *text, size_t length, size_t name_length)
{
    static const char failed[] = "failed command: ";
    bool is_named =
        name_length > 0 && !(name_length == strlen("assert") && has_prefix(text, length, "assert"));
    char *words = error_text_clean(text, length, ERROR_MESSAGE_LIMIT - strlen(failed));
    char *between = words ? strchr(words, '\t') : NULL, *message = words;

    if (between)
        *between = ' ';
    if (words && is_named) {
        message = format_text("%s%s", failed, words);
        free(words);
    }
    return message;
}

char *error_text_of_command(const char *text, size_t length)
{
    const char *newline = memchr(text, '\n', length);
    size_t first_line = newline ? (size_t)(newline - text) : length;
    const char *tab = memchr(text, '\t', first_line);
    size_t arguments = tab ? (size_t)(tab - text) + 1 : 0;
    size_t below = newline ? first_line + 1 : length;

    below += blank_start(text + below, length - below);
    if (error_text_begins(text + below, length - below))
        return error_text_clean(text + below, length - below, ERROR_MESSAGE_LIMIT);
    if (error_text_begins(text + arguments, length - arguments))
        return error_text_clean(text + arguments, length - arguments, ERROR_MESSAGE_LIMIT);
    return command_in_words(text, length, tab ? (size_t)(tab - text) : 0);
}
