/*
 * Foreign text (logs, artifacts, test titles) made fit for a terminal, a file or chat. Pure, and
 * the same in every locale. Results live in `memory`; a NULL text is an empty one.
 */
#ifndef ATVM_CORE_RENDER_ESCAPE_H
#define ATVM_CORE_RENDER_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

/*
 * Several lines of text that can harm no terminal: valid UTF-8 (what is not becomes U+FFFD),
 * without terminal sequences (ECMA-48), control characters and characters that turn the direction
 * of writing; line ends of any kind become '\n'; blank lines at either end go.
 */
char *escape_block(struct obstack *memory, const char *text);
/* The same on one line: every run of white space becomes one space, none at either end. */
char *escape_line(struct obstack *memory, const char *text);

/*
 * A line from escape_line for the inside of a Markdown paragraph or list item that has something
 * before it: nothing in it is emphasis, code, a link, a table, HTML or a mention. With
 * `at_line_start` it may also stand first: nothing in it is a heading, a list or a quotation.
 */
char *escape_markdown(struct obstack *memory, const char *line, bool at_line_start);
/* A text from escape_block for the inside of a fence of three backticks. */
char *escape_markdown_fence(struct obstack *memory, const char *block);
/* The web address itself where a chat program would make a link of all of it, else as
 * escape_markdown. */
char *escape_markdown_url(struct obstack *memory, const char *line);

/*
 * A copy in which nothing is left that Mattermost's server rewrites anywhere in a message, code
 * blocks included (server/channels/app/webhook.go):
 * "<address|label>" and "<!here>". Their "<" becomes U+2039.
 */
char *escape_chat_rewrites(struct obstack *memory, const char *message);

/* How many code points a valid UTF-8 text has. */
size_t escape_count_characters(const char *text);
/* How many bytes the first `characters` code points take; all where there are fewer. */
size_t escape_bytes_of_characters(const char *text, size_t characters);
/* The line, or where it is longer its beginning with "…" as the last of `characters`. */
char *escape_shorten(struct obstack *memory, const char *line, size_t characters);

#endif
