#include "environment-file.h"

#include <string.h>

#include "cleanup.h"
#include "collect-text.h"
#include "memory.h"

/* ---------------------------------------------------------------- reading */

static bool at_end(const struct environment_reader *reader)
{
    return reader->next >= reader->end || *reader->next == '\0';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void skip_line(struct environment_reader *reader)
{
    while (!at_end(reader) && *reader->next != '\n')
        reader->next++;
}

static void skip_blanks(struct environment_reader *reader)
{
    while (!at_end(reader) && is_blank(*reader->next))
        reader->next++;
}

/* The byte after a backslash, and whether the two stand for it alone; "\\\n" stands for nothing. */
static char *take_escaped(struct environment_reader *reader, char *out, const char *escapable)
{
    char byte;

    if (at_end(reader))
        return out;
    byte = *reader->next++;
    if (byte == '\n')
        return out;
    if (escapable && !strchr(escapable, byte))
        *out++ = '\\';
    *out++ = byte;
    return out;
}

static char *take_quoted(struct environment_reader *reader, char *out, char quote)
{
    while (!at_end(reader)) {
        char byte = *reader->next++;

        if (byte == quote)
            break;
        if (byte == '\\' && quote == '"')
            out = take_escaped(reader, out, "\"\\`$");
        else
            *out++ = byte;
    }
    return out;
}

/* Up to the end of the line; blanks count only within quotes or between other text. */
static char *take_value(struct environment_reader *reader, char *out)
{
    char *text_end = out;

    skip_blanks(reader);
    while (!at_end(reader) && *reader->next != '\n') {
        char byte = *reader->next++;

        if (byte == '\\')
            out = take_escaped(reader, out, NULL);
        else if (byte == '"' || byte == '\'')
            out = take_quoted(reader, out, byte);
        else
            *out++ = byte;
        if (!is_blank(byte))
            text_end = out;
    }
    *text_end = '\0';
    return text_end;
}

static bool is_name_byte(char byte, bool first)
{
    return byte == '_' || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (!first && byte >= '0' && byte <= '9');
}

/* false: the line holds no assignment. */
static bool take_name(struct environment_reader *reader)
{
    static const char export[] = "export ";
    size_t length = 0;

    if ((size_t)(reader->end - reader->next) > strlen(export) &&
        memcmp(reader->next, export, strlen(export)) == 0)
        reader->next += strlen(export);
    skip_blanks(reader);
    while (!at_end(reader) && is_name_byte(*reader->next, length == 0))
        reader->buffer[length++] = *reader->next++;
    reader->buffer[length] = '\0';
    if (length == 0 || at_end(reader) || *reader->next != '=')
        return false;
    reader->next++;
    return true;
}

bool environment_file_next(struct environment_reader *reader, struct environment_assignment *ret)
{
    while (!at_end(reader)) {
        char *value;

        skip_blanks(reader);
        if (!take_name(reader)) {
            skip_line(reader);
            if (!at_end(reader))
                reader->next++;
            continue;
        }
        value = reader->buffer + strlen(reader->buffer) + 1;
        take_value(reader, value);
        *ret = (struct environment_assignment){reader->buffer, value};
        return true;
    }
    return false;
}

/* ---------------------------------------------------------------- writing */

bool environment_file_value_is_valid(const char *value)
{
    struct obstack memory;
    bool valid;

    obstack_init(&memory);
    valid =
        !strpbrk(value, "\n\t") &&
        strcmp(collect_text_clean(&memory, value, strlen(value), strlen(value), NULL), value) == 0;
    obstack_free(&memory, NULL);
    return valid;
}

char *environment_file_line(const char *name, const char *value)
{
    CLEANUP_FREE char *quoted = memory_allocate(2 * strlen(value) + 1);
    char *out = quoted;

    for (const char *byte = value; *byte; byte++) {
        if (strchr("\"\\`$", *byte))
            *out++ = '\\';
        *out++ = *byte;
    }
    *out = '\0';
    return memory_format("%s=\"%s\"\n", name, quoted);
}
