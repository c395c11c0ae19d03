#include "message-split.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message-context.h"

/* Marks where a line was cut. */
#define CUT_MARK       "…"
#define CUT_MARK_BYTES 3
/* A heading that takes more than this share of a part is left out. */
#define HEADING_SHARE 4
/* How far back from the end of a part a space is looked for. */
#define SPACE_SHARE 4

struct splitter {
    const struct message_split_settings *settings;
    struct message_limit room; /* of a part, without its tag */
    const char *at, *end;      /* what is left of the message */
    struct message_context context;
    bool in_line; /* `at` is where a line was cut */
};

/* ---- sizes */

static size_t characters_of(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static struct message_limit size_of(struct text_slice text)
{
    return (struct message_limit){text.length, characters_of(text.start, text.length)};
}

static struct message_limit sum(struct message_limit one, struct message_limit other)
{
    return (struct message_limit){one.bytes + other.bytes, one.characters + other.characters};
}

static bool fits(struct message_limit size, struct message_limit limit)
{
    return (limit.bytes == 0 || size.bytes <= limit.bytes) &&
           (limit.characters == 0 || size.characters <= limit.characters);
}

/* What of the limit is left beside `taken`; false: nothing. */
static bool subtract(struct message_limit *limit, struct message_limit taken)
{
    if ((limit->bytes > 0 && limit->bytes <= taken.bytes) ||
        (limit->characters > 0 && limit->characters <= taken.characters))
        return false;
    limit->bytes -= limit->bytes > 0 ? taken.bytes : 0;
    limit->characters -= limit->characters > 0 ? taken.characters : 0;
    return true;
}

/* The line that closes the fence. */
static struct message_limit closing_size(const struct message_context *context)
{
    size_t length = message_context_closing(context);

    return length > 0 ? (struct message_limit){length + 1, length + 1} : (struct message_limit){0};
}

/* ---- cutting a line */

static bool is_within_character(const char *at)
{
    return ((unsigned char)*at & 0xC0) == 0x80;
}

/* After a backslash, or inside of "&amp;": either half would be read as something else. */
static bool is_within_escape(const char *start, const char *at)
{
    size_t backslashes = 0;

    while (at - backslashes > start && at[-1 - (ptrdiff_t)backslashes] == '\\')
        backslashes++;
    if (backslashes % 2 == 1)
        return true;
    for (const char *byte = at; byte > start && at - byte < 8; byte--) {
        if (byte[-1] == ';' || byte[-1] == ' ')
            return false;
        if (byte[-1] == '&')
            return true;
    }
    return false;
}

static size_t fitting_bytes(struct text_slice line, struct message_limit room)
{
    size_t bytes = line.length;

    if (room.bytes > 0 && bytes > room.bytes)
        bytes = room.bytes;
    if (room.characters > 0) {
        size_t characters = 0, i = 0;

        for (; i < bytes; i++) {
            characters += !is_within_character(line.start + i);
            if (characters > room.characters)
                break;
        }
        bytes = i;
    }
    for (int i = 0; i < 3 && bytes > 0 && is_within_character(line.start + bytes); i++)
        bytes--;
    return bytes;
}

/* How many bytes of a line that is longer than `room` go into it; 0: there is no room. */
static size_t cut_of(struct text_slice line, struct message_limit room)
{
    size_t fitting = fitting_bytes(line, room), cut = fitting;

    for (size_t i = fitting; i > 0 && i > fitting - fitting / SPACE_SHARE; i--)
        if (line.start[i - 1] == ' ')
            return i;
    while (
        cut > 0 && fitting - cut < 16 &&
        (is_within_character(line.start + cut) || is_within_escape(line.start, line.start + cut)))
        cut--;
    return cut > 0 && !is_within_character(line.start + cut) ? cut : fitting;
}

/* ---- a part */

/* Bytes of a message, which came from an obstack itself: an int is enough. */
static void grow(struct obstack *part, const char *text, size_t length)
{
    obstack_grow(part, text, (int)length);
}

static void add(struct obstack *part, struct message_limit *used, struct text_slice text)
{
    if (text.length == 0)
        return;
    grow(part, text.start, text.length);
    *used = sum(*used, size_of(text));
}

static struct text_slice slice(const char *text)
{
    return (struct text_slice){text, strlen(text)};
}

/* What stands before the content of a part: a heading, and what was open at the cut. */
static void begin_part(const struct splitter *splitter, bool is_first, struct obstack *part,
                       struct message_limit *used)
{
    const char *heading = splitter->settings->heading;

    if (!is_first && heading) {
        add(part, used, slice(heading));
        add(part, used, slice("\n\n"));
    }
    add(part, used, splitter->context.fence);
    if (!splitter->in_line)
        add(part, used, splitter->context.table);
    else
        add(part, used, slice(CUT_MARK));
}

/* How far a part may reach. */
struct reach {
    const char *at;
    struct message_context context;
    struct message_limit used;
};

/* Moves on by one line. false: it does not fit. */
static bool take_line(const struct splitter *splitter, struct reach *reach)
{
    struct text_slice line = text_line(reach->at, splitter->end);
    const struct message_limit newline = {1, 1};
    struct message_context after =
        message_context_after(&reach->context, line, splitter->settings->markdown);
    struct message_limit used = sum(reach->used, size_of(line));

    if (line.start[line.length - 1] != '\n')
        used = sum(used, newline);
    if (!fits(sum(used, closing_size(&after)), splitter->room))
        return false;
    *reach = (struct reach){reach->at + line.length, after, used};
    return true;
}

/* Takes all lines that fit. *ret_good: the last place at which it makes sense to cut; at NULL:
 * there is none. */
static void take_lines(const struct splitter *splitter, struct reach *reach, struct reach *ret_good)
{
    bool markdown = splitter->settings->markdown;

    ret_good->at = NULL;
    while (reach->at < splitter->end) {
        struct message_context before = reach->context;
        struct text_slice line = text_line(reach->at, splitter->end), next;

        if (!take_line(splitter, reach))
            return;
        next = text_line(reach->at, splitter->end);
        if (!message_keeps_with_next(&before, line, next, markdown))
            *ret_good = *reach;
    }
    *ret_good = *reach;
}

/* Whether the next line fits a part of its own. */
static bool fits_alone(const struct splitter *splitter, const struct reach *reach,
                       struct message_limit heading)
{
    struct reach alone = {reach->at, reach->context, heading};

    alone.used = sum(alone.used, size_of(reach->context.fence));
    alone.used = sum(alone.used, size_of(reach->context.table));
    return take_line(splitter, &alone);
}

static struct message_limit heading_size(const struct splitter *splitter)
{
    const char *heading = splitter->settings->heading;

    return heading ? sum(size_of(slice(heading)), (struct message_limit){2, 2})
                   : (struct message_limit){0};
}

/* Cuts the line at reach->at, which fits no part, so that each piece has some of it. false: there
 * is no room. */
static bool cut_line(const struct splitter *splitter, struct reach *reach)
{
    const struct message_limit mark = {CUT_MARK_BYTES + 1, 2};
    struct message_limit room = splitter->room;
    struct text_slice line = text_line(reach->at, splitter->end);
    size_t cut = 0;

    /* The newline stays with the last piece. */
    line.length -= line.start[line.length - 1] == '\n';
    if (line.length > 1 &&
        subtract(&room, sum(sum(reach->used, closing_size(&reach->context)), mark)))
        cut = cut_of(line, room);
    if (cut == line.length)
        cut = 0;
    reach->at += cut;
    return cut > 0;
}

/* Where the part ends. false: it can hold nothing. *ret_in_line: in the middle of a line. */
static bool find_end(const struct splitter *splitter, struct reach *reach, bool *ret_in_line)
{
    const char *start = reach->at;
    struct reach good;

    *ret_in_line = false;
    take_lines(splitter, reach, &good);
    if (good.at) {
        *reach = good;
        return true;
    }
    if (reach->at > start && fits_alone(splitter, reach, heading_size(splitter)))
        return true;
    *ret_in_line = cut_line(splitter, reach);
    return *ret_in_line || reach->at > start;
}

static void end_part(struct obstack *part, const struct message_context *context, bool in_line)
{
    size_t closing = message_context_closing(context);

    if (in_line)
        grow(part, CUT_MARK "\n", CUT_MARK_BYTES + 1);
    else if (context->previous.start &&
             context->previous.start[context->previous.length - 1] != '\n')
        obstack_1grow(part, '\n');
    if (closing > 0) {
        grow(part, context->fence.start, closing);
        obstack_1grow(part, '\n');
    }
    obstack_1grow(part, '\0');
}

/* Adds the next part without its tag. false: it would hold nothing. */
static bool add_part(struct splitter *splitter, struct message_parts *parts)
{
    struct obstack part;
    struct reach reach = {splitter->at, splitter->context, {0, 0}};
    bool in_line, good;

    obstack_init(&part);
    begin_part(splitter, parts->count == 0, &part, &reach.used);
    good = find_end(splitter, &reach, &in_line);
    if (good) {
        grow(&part, splitter->at, (size_t)(reach.at - splitter->at));
        end_part(&part, &reach.context, in_line);
        message_parts_add(parts, memory_string(obstack_finish(&part)));
        splitter->at = reach.at;
        splitter->context = reach.context;
        splitter->in_line = in_line;
        /* Half a row is none: what follows it is no table any more. */
        if (in_line)
            splitter->context.table = (struct text_slice){NULL, 0};
    }
    obstack_free(&part, NULL);
    return good;
}

/* ---- the whole */

void message_parts_add(struct message_parts *parts, char *body)
{
    memory_grow(&parts->bodies, parts->count, &parts->capacity, sizeof(*parts->bodies));
    parts->bodies[parts->count++] = body;
}

void message_parts_clear(struct message_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        free(parts->bodies[i]);
    free(parts->bodies);
    *parts = (struct message_parts){NULL, 0, 0};
}

static char *tag_of(const char *tag, size_t part, size_t parts)
{
    return memory_format("\n%s, part %zu/%zu\n", tag, part, parts);
}

static void add_tags(const char *tag, struct message_parts *parts)
{
    for (size_t i = 0; tag && i < parts->count; i++) {
        char *line = tag_of(tag, i + 1, parts->count);
        char *body = memory_format("%s%s", parts->bodies[i], line);

        free(line);
        free(parts->bodies[i]);
        parts->bodies[i] = body;
    }
}

/* The room of a part beside its tag; false: none. */
static bool measure_room(const struct message_split_settings *settings, struct message_limit *ret)
{
    char *tag = settings->tag ? tag_of(settings->tag, settings->parts_max, settings->parts_max)
                              : memory_string("");
    bool is_some;

    *ret = settings->limit;
    is_some = subtract(ret, size_of(slice(tag)));
    free(tag);
    return is_some;
}

static bool is_small(const struct message_limit *size, const struct message_limit *room)
{
    return (room->bytes == 0 || size->bytes <= room->bytes / HEADING_SHARE) &&
           (room->characters == 0 || size->characters <= room->characters / HEADING_SHARE);
}

size_t message_split(const char *message, const struct message_split_settings *settings,
                     struct message_parts *ret)
{
    struct message_split_settings fitting = *settings;
    struct splitter splitter = {
        .settings = &fitting, .at = message, .end = message + strlen(message)};
    struct message_limit heading = heading_size(&splitter);

    *ret = (struct message_parts){NULL, 0, 0};
    if (!measure_room(settings, &splitter.room))
        return 0;
    if (!is_small(&heading, &splitter.room))
        fitting.heading = NULL;
    do {
        if (!add_part(&splitter, ret))
            break;
    } while (splitter.at < splitter.end && ret->count < settings->parts_max);
    add_tags(settings->tag, ret);
    return (size_t)(splitter.at - message);
}
