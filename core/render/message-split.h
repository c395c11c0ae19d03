/*
 * Cuts a message that is too long for its destination into parts. Pure.
 *
 * A part ends at the end of a line. A fenced block that is cut is closed and opened again, a table
 * gets its head again. A line is cut only where it fits no part, at a space where there is one,
 * never within a character, and "…" stands on both sides of the cut. Without "…", the headings,
 * what was opened again and the tags, the parts one after the other are the message.
 */
#ifndef ATVM_CORE_MESSAGE_SPLIT_H
#define ATVM_CORE_MESSAGE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/* How much a destination takes at once; 0: any number. */
struct message_limit {
    size_t bytes, characters; /* characters: Unicode code points */
};

/* The parts of one message, in their order. */
struct message_parts {
    char **bodies;
    size_t count, capacity;
};

/* Adds a part, which is taken over. */
void message_parts_add(struct message_parts *parts, char *body);
void message_parts_clear(struct message_parts *parts);

struct message_split_settings {
    bool markdown;              /* fences and tables are such */
    struct message_limit limit; /* of each part with all that is added to it */
    size_t parts_max;           /* at least 1 */
    const char *heading;        /* over each part but the first, in the message's format; NULL */
    const char *tag; /* the last line of each part is this and ", part 1/2"; NULL: no such line */
};

/*
 * The parts of a message in valid UTF-8, and how many of its bytes are in them: all, unless it
 * takes more than parts_max parts, or the limit leaves no room to cut in. None of the parts is
 * longer than the limit. The caller clears *ret.
 */
size_t message_split(const char *message, const struct message_split_settings *settings,
                     struct message_parts *ret);

#endif
