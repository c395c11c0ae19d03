#include "failure-text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* Share of an excerpt that is kept of its beginning where the middle is left out. */
#define EXCERPT_HEAD (FAILURE_EXCERPT_LIMIT * 3 / 4)
/* How much of the attribute is looked for in the body; enough to know that they are the same. */
#define COMPARED_BYTES 1000

static void *allocated(void *memory)
{
    if (!memory) {
        fputs("junit: out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* Length of "[31m", with or without ESC in front, at the start of text; 0: something else. */
static size_t colour_code_length(const char *text)
{
    size_t at = text[0] == '\x1b' ? 1 : 0;
    size_t digits;

    if (text[at++] != '[')
        return 0;
    digits = strspn(text + at, "0123456789;");
    /* Without ESC and digits it could be anybody's "[m". */
    if (digits == 0 && text[0] != '\x1b')
        return 0;
    return text[at + digits] == 'm' ? at + digits + 1 : 0;
}

static size_t line_length(const char *text)
{
    return strcspn(text, "\n");
}

static bool is_stack_line(const char *line)
{
    size_t indent = strspn(line, " \t");
    size_t length = line_length(line);

    if (indent == 0 || strncmp(line + indent, "at ", 3) != 0)
        return false;
    while (length > 0 && isspace((unsigned char)line[length - 1]))
        length--;
    return line[length - 1] == ')' || line[length - 1] == '>' ||
           isdigit((unsigned char)line[length - 1]);
}

static size_t length_without_stack(const char *text)
{
    const char *line = text;

    while (*line) {
        if (is_stack_line(line))
            return (size_t)(line - text);
        line += line_length(line);
        line += *line == '\n';
    }
    return (size_t)(line - text);
}

char *failure_text_clean(const char *text)
{
    size_t length = length_without_stack(text);
    char *clean = allocated(malloc(length + 1));
    size_t kept = 0;

    text += strspn(text, " \t\r\n") < length ? strspn(text, " \t\r\n") : 0;
    length = length_without_stack(text);
    for (size_t at = 0; at < length;) {
        size_t colour = colour_code_length(text + at);

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
    char *copy = allocated(malloc(strlen(text) + 1));
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

static char *joined(const char *first, const char *between, const char *second)
{
    char *text = NULL;

    return asprintf(&text, "%s%s%s", first, between, second) < 0 ? allocated(NULL) : text;
}

/* "TYPE: text", unless the text already begins with its type. */
static char *with_type(const char *type, const char *text)
{
    if (!*type || strncmp(text, type, strlen(type)) == 0)
        return allocated(strdup(text));
    return joined(type, ": ", text);
}

static char *cut_end(const char *text, size_t limit)
{
    return allocated(strndup(text, bounded_text_cut(text, strlen(text), limit)));
}

static char *cut_middle(const char *text)
{
    size_t length = strlen(text);
    size_t head = bounded_text_cut(text, length, EXCERPT_HEAD);
    size_t tail = FAILURE_EXCERPT_LIMIT - EXCERPT_HEAD;
    char *cut = NULL;

    if (length <= FAILURE_EXCERPT_LIMIT)
        return allocated(strdup(text));
    /* The tail starts at a character. */
    while (tail > 0 && ((unsigned char)text[length - tail] & 0xc0) == 0x80)
        tail--;
    return asprintf(&cut, "%.*s\n[... %zu bytes left out ...]\n%s", (int)head, text,
                    length - head - tail, text + length - tail) < 0
               ? allocated(NULL)
               : cut;
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
        whole = joined(first, "\n\n", head);
    }
    *ret_excerpt = cut_middle(whole);
}
