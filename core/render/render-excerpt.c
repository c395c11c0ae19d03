#include "render-excerpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render-escape.h"
#include "render-secret.h"

/* Below this many code points only the beginning is kept: halves of it would say nothing. */
#define BOTH_ENDS_FROM 400
/* What the line about the missing middle takes. */
#define NOTICE_CHARACTERS 50

struct line {
    const char *text;
    size_t length;
};

static struct line line_at(const char *text)
{
    return (struct line){text, strcspn(text, "\n")};
}

static const char *after(struct line line)
{
    return line.text + line.length + (line.text[line.length] == '\n');
}

static bool is_same(struct line a, struct line b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static bool ends_with(struct line line, const char *end)
{
    size_t length = strlen(end);

    return line.length >= length && memcmp(line.text + line.length - length, end, length) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Ends in ":12", with or without a bracket after it. */
static bool ends_with_position(struct line line)
{
    size_t end = line.length, digits;

    if (end > 0 && line.text[end - 1] == ')')
        end--;
    digits = end;
    while (digits > 0 && is_digit(line.text[digits - 1]))
        digits--;
    return digits < end && digits > 0 && line.text[digits - 1] == ':';
}

static bool is_stack_frame(struct line line)
{
    size_t blanks = strspn(line.text, " \t");

    if (blanks > line.length)
        return false;
    line.text += blanks;
    line.length -= blanks;
    if (is_same(line, line_at("From Your Spec Code:"))) /* Cypress's heading over stack frames */
        return true;
    return strncmp(line.text, "at ", 3) == 0 &&
           (ends_with_position(line) || ends_with(line, "(<anonymous>)") ||
            ends_with(line, "(native)"));
}

/* Cypress ends its errors with a link to its manual, which says nothing of this failure. */
static bool is_link_to_manual(struct line line)
{
    size_t blanks = strspn(line.text, " \t");

    return blanks < line.length &&
           strncmp(line.text + blanks, "https://on.cypress.io/",
                   strlen("https://on.cypress.io/")) == 0 &&
           !memchr(line.text + blanks, ' ', line.length - blanks);
}

/* An error's name and a colon: "AssertionError: ...". */
static bool begins_with_error(const char *text)
{
    size_t letters = 0;

    while ((text[letters] >= 'a' && text[letters] <= 'z') ||
           (text[letters] >= 'A' && text[letters] <= 'Z'))
        letters++;
    return letters >= strlen("Error") && text[letters] == ':' &&
           strncmp(text + letters - strlen("Error"), "Error", strlen("Error")) == 0;
}

/* An event of cypress-terminal-report is "COMMAND<TAB>ARGUMENTS". The name goes where an error
 * stands there; else it stands apart from them by more than white space, but only in the first
 * line: what a command printed may have tabs, too. */
static void add_line(struct obstack *memory, struct line line, bool is_first)
{
    size_t name = strspn(line.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

    if (name > 0 && name < line.length && line.text[name] == '\t') {
        bool is_error = begins_with_error(line.text + name + 1);

        if (is_first && !is_error)
            obstack_printf(memory, "%.*s: ", (int)name, line.text);
        line.text += is_first || is_error ? name + 1 : 0;
        line.length -= is_first || is_error ? name + 1 : 0;
    }
    obstack_grow(memory, line.text, (int)line.length);
    obstack_1grow(memory, '\n');
}

static char *without_noise(struct obstack *memory, const char *text)
{
    const char *beginning = text;

    while (*text) {
        struct line line = line_at(text);

        if (!is_stack_frame(line) && !is_link_to_manual(line))
            add_line(memory, line, line.text == beginning);
        text = after(line);
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

/* How often the line at `text` comes in a row; *ret_after is what follows. */
static size_t count_repeats(const char *text, const char **ret_after)
{
    struct line line = line_at(text);
    size_t count = 1;

    *ret_after = after(line);
    while (**ret_after && is_same(line, line_at(*ret_after))) {
        *ret_after = after(line_at(*ret_after));
        count++;
    }
    return count;
}

static char *without_repeats(struct obstack *memory, const char *text)
{
    while (*text) {
        struct line line = line_at(text);
        const char *next;
        size_t count = count_repeats(text, &next);

        obstack_grow(memory, line.text, (int)line.length);
        obstack_1grow(memory, '\n');
        if (count > 2 && line.length > 0)
            obstack_printf(memory, "[the line above %zu times in all]\n", count);
        else if (count == 2 && line.length > 0)
            next = after(line); /* twice is no repetition worth a line of its own */
        text = next;
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

char *excerpt_trim(struct obstack *memory, const char *text)
{
    char *trimmed = without_noise(memory, secret_mask(memory, escape_block(memory, text)));

    return escape_block(memory, without_repeats(memory, trimmed));
}

/* How many bytes of `text` its last `characters` code points start after. */
static size_t start_of_last(const char *text, size_t total, size_t characters)
{
    return escape_bytes_of_characters(text, total - characters);
}

char *excerpt_shorten(struct obstack *memory, const char *text, size_t characters, bool *ret_cut)
{
    size_t total = escape_count_characters(text), head, tail, head_bytes;

    if (total <= characters)
        return memory_string_in(memory, text);
    *ret_cut = true;
    if (characters < BOTH_ENDS_FROM)
        return escape_shorten(memory, text, characters);
    tail = (characters - NOTICE_CHARACTERS) / 3;
    head = characters - NOTICE_CHARACTERS - tail;
    head_bytes = escape_bytes_of_characters(text, head);
    return memory_format_in(memory, "%.*s\n[... %zu characters left out ...]\n%s", (int)head_bytes,
                            text, total - head - tail, text + start_of_last(text, total, tail));
}
