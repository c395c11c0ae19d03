#include "render-escape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT      "\xEF\xBF\xBD" /* U+FFFD */
#define ZERO_WIDTH_SPACE "\xE2\x80\x8B" /* U+200B */
#define ANGLE_QUOTE      "\xE2\x80\xB9" /* U+2039, looks like '<' */
#define ELLIPSIS         "\xE2\x80\xA6" /* U+2026 */

static void grow_text(struct obstack *memory, const char *text)
{
    obstack_grow(memory, text, (int)strlen(text));
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the code point at `text` (not at its end); returns its length in bytes. What is not UTF-8
 * (Unicode 15, table 3-7) gives U+FFFD for one byte, *ret_valid false. */
static size_t read_character(const char *text, uint32_t *ret, bool *ret_valid)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = bytes[0] < 0x80   ? 1
                    : bytes[0] < 0xC2 ? 0
                    : bytes[0] < 0xE0 ? 2
                    : bytes[0] < 0xF0 ? 3
                    : bytes[0] < 0xF5 ? 4
                                      : 0;
    uint32_t value = length < 2 ? bytes[0] : bytes[0] & (0x7Fu >> length);

    *ret = 0xFFFD;
    *ret_valid = false;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 1;
        value = value << 6 | (bytes[i] & 0x3F);
    }
    if (length == 0 || (length == 3 && value < 0x800) || (length == 4 && value < 0x10000) ||
        (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF)
        return 1;
    *ret = value;
    *ret_valid = true;
    return length;
}

/* Bytes of a string sequence (title, hyperlink): up to BEL or ESC \, but never past its line, so
 * that an unfinished one hides no more than that. */
static size_t string_sequence_length(const char *text)
{
    size_t i = 0;

    while (text[i] && text[i] != '\n' && text[i] != '\a') {
        if (text[i] == '\033' && text[i + 1] == '\\')
            return i + 2;
        i++;
    }
    return text[i] == '\a' ? i + 1 : i;
}

static size_t span_of_bytes(const char *text, char first, char last)
{
    size_t i = 0;

    while (text[i] >= first && text[i] <= last)
        i++;
    return i;
}

/* Bytes of a control sequence after its introducer: parameters, intermediates, one final byte. */
static size_t control_sequence_length(const char *text)
{
    size_t i = span_of_bytes(text, 0x30, 0x3F);

    i += span_of_bytes(text + i, 0x20, 0x2F);
    return text[i] >= 0x40 && text[i] <= 0x7E ? i + 1 : i;
}

/* Bytes of the terminal sequence that begins at `text`; 0: none does. */
static size_t terminal_sequence_length(const char *text)
{
    size_t i = 1;

    if (text[0] == '\xC2' && text[1] == '\x9B')
        return 2 + control_sequence_length(text + 2);
    if (text[0] != '\033')
        return 0;
    if (text[1] == '[')
        return 2 + control_sequence_length(text + 2);
    if (text[1] && strchr("]PX^_", text[1]))
        return 2 + string_sequence_length(text + 2);
    i += span_of_bytes(text + i, 0x20, 0x2F);
    return text[i] >= 0x30 && text[i] <= 0x7E ? i + 1 : i;
}

static bool is_line_end(uint32_t c)
{
    return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

/* Control characters, and those that change the direction of what follows: a log must not be able
 * to make a line read as something else. */
static bool is_harmful(uint32_t c)
{
    return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E ||
           c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xFEFF;
}

static char *clean(struct obstack *memory, const char *text)
{
    while (*text) {
        size_t length = terminal_sequence_length(text);
        uint32_t character = 0;
        bool valid = false;

        if (length > 0) {
            text += length;
            continue;
        }
        length = read_character(text, &character, &valid);
        if (text[0] == '\r' && text[1] == '\n')
            length = 2;
        if (!valid)
            grow_text(memory, REPLACEMENT);
        else if (is_line_end(character))
            obstack_1grow(memory, '\n');
        else if (!is_harmful(character))
            obstack_grow(memory, text, (int)length);
        text += length;
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

char *escape_block(struct obstack *memory, const char *text)
{
    char *block = clean(memory, text ? text : "");
    size_t start = 0, end = strlen(block);

    for (size_t i = 0; block[i] && strchr(" \t\n", block[i]); i++)
        if (block[i] == '\n')
            start = i + 1;
    while (end > start && strchr(" \t\n", block[end - 1]))
        end--;
    block[end] = '\0';
    return block + start;
}

char *escape_line(struct obstack *memory, const char *text)
{
    char *line = clean(memory, text ? text : ""), *to = line;

    for (const char *from = line; *from; from++) {
        if (!strchr(" \t\n", *from))
            *to++ = *from;
        else if (to > line && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > line && to[-1] == ' ')
        to--;
    *to = '\0';
    return line;
}

/* Is text[i] a backslash that a Markdown reader would take for an escape? Mattermost's shows a
 * doubled one before a letter as two, so it is doubled only where it must be. */
static bool is_escaping_backslash(const char *text, size_t i)
{
    char next = text[i + 1];

    return text[i] == '\\' &&
           (next == '\0' || (next > ' ' && next < 0x7F && !is_letter_or_digit(next)));
}

/* '_' means emphasis only where a word begins or ends. */
static bool is_emphasis_underscore(const char *text, size_t i)
{
    return text[i] == '_' &&
           !(i > 0 && is_letter_or_digit(text[i - 1]) && is_letter_or_digit(text[i + 1]));
}

static bool is_entity_start(const char *text, size_t i)
{
    return text[i] == '&' && (text[i + 1] == '#' || is_letter_or_digit(text[i + 1]));
}

/* Index of the character that makes the line a heading, list, quotation or rule; SIZE_MAX: none. */
static size_t line_start_marker(const char *line)
{
    size_t digits = 0;

    if (*line && strchr("#+-=", *line))
        return 0;
    while (is_digit(line[digits]))
        digits++;
    return digits > 0 && (line[digits] == '.' || line[digits] == ')') ? digits : SIZE_MAX;
}

char *escape_markdown(struct obstack *memory, const char *line, bool at_line_start)
{
    size_t marker = at_line_start ? line_start_marker(line) : SIZE_MAX;

    for (size_t i = 0; line[i]; i++) {
        if (line[i] == '<')
            grow_text(memory, "&lt;");
        else if (line[i] == '>')
            grow_text(memory, "&gt;");
        else if (is_entity_start(line, i))
            grow_text(memory, "&amp;");
        else if (line[i] == '@')
            grow_text(memory, "@" ZERO_WIDTH_SPACE);
        else {
            if (i == marker || strchr("`*[]~|", line[i]) || is_escaping_backslash(line, i) ||
                is_emphasis_underscore(line, i))
                obstack_1grow(memory, '\\');
            obstack_1grow(memory, line[i]);
        }
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

char *escape_markdown_fence(struct obstack *memory, const char *block)
{
    size_t backticks = 0;

    for (; *block; block++) {
        backticks = *block == '`' ? backticks + 1 : 0;
        if (backticks == 3) {
            grow_text(memory, ZERO_WIDTH_SPACE);
            backticks = 1;
        }
        obstack_1grow(memory, *block);
        if (*block == '@')
            grow_text(memory, ZERO_WIDTH_SPACE);
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

static bool is_plain_url(const char *line)
{
    if (strncmp(line, "http://", 7) != 0 && strncmp(line, "https://", 8) != 0)
        return false;
    for (const char *c = line; *c; c++)
        if (!is_letter_or_digit(*c) && !strchr("-._~:/?#&=%+,;", *c))
            return false;
    return is_letter_or_digit(line[strlen(line) - 1]) || line[strlen(line) - 1] == '/';
}

char *escape_markdown_url(struct obstack *memory, const char *line)
{
    return is_plain_url(line) ? memory_string_in(memory, line)
                              : escape_markdown(memory, line, false);
}

/*
 * Where the last label of a "<address|label>" could begin: the last '|' that has a '>' behind it.
 * NULL: nowhere. The widest form any server version knows is meant, in which address and label may
 * span lines; whether another '<' stands between does not matter, because that one goes as well.
 */
static const char *last_label(const char *message)
{
    const char *last_bracket = strrchr(message, '>');

    return last_bracket ? memrchr(message, '|', (size_t)(last_bracket - message)) : NULL;
}

/* "<!here>", "<@user>", "<#channel>". */
static bool is_announcement(const char *text)
{
    return text[0] == '<' && text[1] && strchr("!@#", text[1]);
}

char *escape_chat_rewrites(struct obstack *memory, const char *message)
{
    const char *label = last_label(message);

    for (const char *c = message; *c; c++) {
        if ((*c == '<' && label && c < label) || is_announcement(c))
            grow_text(memory, ANGLE_QUOTE);
        else
            obstack_1grow(memory, *c);
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

size_t escape_count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += begins_character(*text);
    return count;
}

size_t escape_bytes_of_characters(const char *text, size_t characters)
{
    size_t bytes = 0;

    for (; text[bytes]; bytes++)
        if (begins_character(text[bytes]) && characters-- == 0)
            break;
    return bytes;
}

char *escape_shorten(struct obstack *memory, const char *line, size_t characters)
{
    size_t bytes;

    if (escape_count_characters(line) <= characters)
        return memory_string_in(memory, line);
    bytes = escape_bytes_of_characters(line, characters > 0 ? characters - 1 : 0);
    return memory_format_in(memory, "%.*s" ELLIPSIS, (int)bytes, line);
}
