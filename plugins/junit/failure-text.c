#include "failure-text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "cleanup.h"
#include "error-text.h"
#include "terminal-text.h"
#include "utf8.h"

/* Share of an excerpt that is kept of its beginning where the middle is left out. */
#define EXCERPT_HEAD (FAILURE_EXCERPT_LIMIT * 3 / 4)
/* How much of the attribute is looked for in the body; enough to know that they are the same. */
#define COMPARED_BYTES 1000

/* Length of the "[31m" at the start of text that a colour leaves without its ESC; 0: something
 * else. Without digits it could be anybody's "[m". */
static size_t colour_remains(const char *text)
{
    size_t digits = text[0] == '[' ? strspn(text + 1, "0123456789;") : 0;

    return digits > 0 && text[1 + digits] == 'm' ? digits + 2 : 0;
}

static size_t line_length(const char *text)
{
    return strcspn(text, "\n");
}

static size_t length_without_stack(const char *text)
{
    const char *line = text;

    while (*line) {
        if (error_text_is_stack_line(line, line_length(line)))
            return (size_t)(line - text);
        line += line_length(line);
        line += *line == '\n';
    }
    return (size_t)(line - text);
}

char *failure_text_clean(const char *text)
{
    size_t length = length_without_stack(text);
    char *clean = allocate(length + 1, 1);
    size_t kept = 0;

    text += strspn(text, " \t\r\n") < length ? strspn(text, " \t\r\n") : 0;
    length = length_without_stack(text);
    for (size_t at = 0; at < length;) {
        size_t colour = text[at] == TERMINAL_ESCAPE
                            ? terminal_sequence_length(text + at, length - at)
                            : colour_remains(text + at);

        if (colour == 0 && text[at] != '\r')
            clean[kept++] = text[at];
        at += colour ? colour : 1;
    }
    while (kept > 0 && isspace((unsigned char)clean[kept - 1]))
        kept--;
    clean[kept] = '\0';
    return clean;
}

/* A copy of at most `limit` bytes of text without white space. */
static char *without_space(const char *text, size_t limit)
{
    char *copy = allocate(strlen(text) + 1, 1);
    size_t kept = 0;

    for (; *text && kept < limit; text++)
        if (!isspace((unsigned char)*text))
            copy[kept++] = *text;
    copy[kept] = '\0';
    return copy;
}

static bool says_the_same(const char *body, const char *message)
{
    CLEANUP_FREE char *in = without_space(body, SIZE_MAX);
    CLEANUP_FREE char *sought = without_space(message, COMPARED_BYTES);

    return strstr(in, sought) != NULL;
}

/* "TYPE: text", unless the text already begins with its type. */
static char *with_type(const char *type, const char *text)
{
    if (!*type || strncmp(text, type, strlen(type)) == 0)
        return copy_string(text);
    return format_text("%s: %s", type, text);
}

static char *cut_end(const char *text, size_t limit)
{
    return copy_text(text, utf8_cut(text, strlen(text), limit));
}

static char *cut_middle(const char *text)
{
    size_t length = strlen(text);
    size_t head = utf8_cut(text, length, EXCERPT_HEAD);
    size_t tail = FAILURE_EXCERPT_LIMIT - EXCERPT_HEAD;

    if (length <= FAILURE_EXCERPT_LIMIT)
        return copy_string(text);
    /* The tail starts at a character. */
    while (tail > 0 && ((unsigned char)text[length - tail] & 0xc0) == 0x80)
        tail--;
    return format_text("%.*s\n[... %zu bytes left out ...]\n%s", (int)head, text,
                       length - head - tail, text + length - tail);
}

void failure_text(const char *type, const char *message, const char *body, char **ret_message,
                  char **ret_excerpt)
{
    CLEANUP_FREE char *attribute = failure_text_clean(message);
    CLEANUP_FREE char *head = failure_text_clean(body);
    CLEANUP_FREE char *whole = NULL;
    bool has_head = *head && strcmp(head, type) != 0;

    *ret_message = NULL;
    *ret_excerpt = NULL;
    if (!*attribute && !has_head) {
        /* The name of a special error still says something, a bare "Error" nothing. */
        if (*type && strcmp(type, "Error") != 0)
            *ret_message = cut_end(type, FAILURE_MESSAGE_LIMIT);
        return;
    }
    if (!has_head) {
        whole = with_type(type, attribute);
        *ret_message = cut_end(whole, FAILURE_MESSAGE_LIMIT);
    } else if (!*attribute || says_the_same(head, attribute)) {
        whole = with_type(type, head);
        *ret_message = cut_end(whole, FAILURE_MESSAGE_LIMIT);
    } else {
        CLEANUP_FREE char *first = with_type(type, attribute);

        *ret_message = cut_end(first, FAILURE_MESSAGE_LIMIT);
        whole = format_text("%s\n\n%s", first, head);
    }
    *ret_excerpt = cut_middle(whole);
}
