/*
 * What a line of a message stands in: a fenced block or a table of Markdown, which a cut must not
 * tear. Pure. Markdown as in CommonMark 0.31 (fenced code blocks) and GitHub's extension for
 * tables.
 */
#ifndef ATVM_CORE_MESSAGE_CONTEXT_H
#define ATVM_CORE_MESSAGE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Some bytes of a message, not ended by NUL; start NULL: none. */
struct text_slice {
    const char *start;
    size_t length;
};

/* The line at `at`, with its newline where it has one. */
struct text_slice text_line(const char *at, const char *end);

/* All zero: nothing special, as at the beginning of a message. */
struct message_context {
    struct text_slice fence;    /* the line that opened the fenced block */
    struct text_slice table;    /* head and rule of the table, two lines */
    struct text_slice previous; /* the line before */
};

/* The context after a line (with its newline). Text has neither fences nor tables. */
struct message_context message_context_after(const struct message_context *before,
                                             struct text_slice line, bool markdown);

/* What the fence, indentation and all, has to be closed with: the length of that many first bytes
 * of its opening line. 0: there is no fence. */
size_t message_context_closing(const struct message_context *context);

/* Whether a line makes no sense as the last one of a part: a heading, the opening of a fence, the
 * head of a table. next: what follows it, start NULL at the end of the message. */
bool message_keeps_with_next(const struct message_context *before, struct text_slice line,
                             struct text_slice next, bool markdown);

#endif
