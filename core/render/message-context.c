#include "message-context.h"

#include <string.h>

#define FENCE_MIN  3 /* backticks or tildes */
#define INDENT_MAX 3 /* spaces before a fence; with more it is none */

struct text_slice text_line(const char *at, const char *end)
{
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

    if (at >= end)
        return (struct text_slice){NULL, 0};
    return (struct text_slice){at, newline ? (size_t)(newline + 1 - at) : (size_t)(end - at)};
}

/* ---- looking at a line */

/* Without its newline and the spaces before that. */
static struct text_slice trimmed(struct text_slice line)
{
    while (line.length > 0 && strchr(" \t\n", line.start[line.length - 1]))
        line.length--;
    return line;
}

static size_t indentation(struct text_slice line)
{
    size_t count = 0;

    while (count < line.length && line.start[count] == ' ')
        count++;
    return count;
}

static bool is_blank(struct text_slice line)
{
    return trimmed(line).length == 0;
}

static size_t run_length(struct text_slice line, size_t from)
{
    size_t length = 0;

    while (from + length < line.length && line.start[from + length] == line.start[from])
        length++;
    return length;
}

/* How many bytes indentation and marks of a fence take; 0: it is none. */
static size_t fence_length(struct text_slice line)
{
    size_t indent = indentation(line), marks;

    if (indent > INDENT_MAX || indent == line.length || !strchr("`~", line.start[indent]))
        return 0;
    marks = run_length(line, indent);
    return marks < FENCE_MIN ? 0 : indent + marks;
}

static bool opens_fence(struct text_slice line)
{
    size_t length = fence_length(line);

    /* What follows backticks may hold none: else it is code within a line. */
    return length > 0 && (line.start[length - 1] == '~' ||
                          !memchr(line.start + length, '`', line.length - length));
}

static bool closes_fence(struct text_slice line, struct text_slice opening)
{
    size_t length = fence_length(line), wanted = fence_length(opening);

    return length > 0 && line.start[length - 1] == opening.start[wanted - 1] &&
           length - indentation(line) >= wanted - indentation(opening) &&
           trimmed(line).length == length;
}

static bool has_bar(struct text_slice line)
{
    return line.start && memchr(line.start, '|', line.length);
}

/* The line under the head of a table: "| --- | :-: |". */
static bool is_table_rule(struct text_slice line)
{
    struct text_slice text = trimmed(line);

    if (!has_bar(text) || !memchr(text.start, '-', text.length))
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (!strchr("|-: ", text.start[i]))
            return false;
    return true;
}

/* A heading, or a line that is bold from its beginning to its end. */
static bool is_heading(struct text_slice line)
{
    struct text_slice text = trimmed(line);

    return text.length > 0 &&
           (text.start[0] == '#' || (text.length > 4 && memcmp(text.start, "**", 2) == 0 &&
                                     memcmp(text.start + text.length - 2, "**", 2) == 0));
}

/* ---- the context */

static struct text_slice table_after(const struct message_context *before, struct text_slice line)
{
    const struct text_slice none = {NULL, 0};

    if (before->table.start)
        return has_bar(line) ? before->table : none;
    if (!is_table_rule(line) || !has_bar(before->previous))
        return none;
    return (struct text_slice){before->previous.start, before->previous.length + line.length};
}

struct message_context message_context_after(const struct message_context *before,
                                             struct text_slice line, bool markdown)
{
    struct message_context after = {.previous = line};

    if (!markdown)
        return after;
    if (before->fence.start) {
        if (!closes_fence(line, before->fence))
            after.fence = before->fence;
    } else if (opens_fence(line)) {
        after.fence = line;
    } else {
        after.table = table_after(before, line);
    }
    return after;
}

size_t message_context_closing(const struct message_context *context)
{
    return context->fence.start ? fence_length(context->fence) : 0;
}

bool message_keeps_with_next(const struct message_context *before, struct text_slice line,
                             struct text_slice next, bool markdown)
{
    if (is_blank(line) || !next.start || before->fence.start)
        return false;
    if (!markdown)
        return !is_blank(next) && indentation(next) > indentation(line);
    return opens_fence(line) || opens_fence(next) || is_heading(line) ||
           (has_bar(line) && is_table_rule(next)) ||
           (is_table_rule(line) && has_bar(before->previous));
}
