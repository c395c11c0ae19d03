#include "terminal-text.h"

#include <string.h>

/* The end of a control string (OSC, DCS, ...): after BEL or ESC '\'. */
static size_t control_string_end(const char *text, size_t length, size_t at)
{
    for (; at < length && text[at] != '\n'; at++) {
        if (text[at] == '\a')
            return at + 1;
        if (text[at] == TERMINAL_ESCAPE && at + 1 < length && text[at + 1] == '\\')
            return at + 2;
    }
    return at;
}

/* The end of a CSI sequence whose parameters begin at `at`: after its final byte 0x40-0x7e. */
static size_t control_sequence_end(const char *text, size_t length, size_t at)
{
    while (at < length && text[at] >= 0x20 && text[at] <= 0x3f)
        at++;
    if (at < length && text[at] >= 0x40 && text[at] <= 0x7e)
        at++;
    return at;
}

size_t terminal_sequence_length(const char *text, size_t length)
{
    size_t at = 1;

    if (at == length)
        return at;
    if (text[at] == '[')
        return control_sequence_end(text, length, at + 1);
    if (memchr("]PX^_", text[at], 5))
        return control_string_end(text, length, at + 1);
    while (at < length && text[at] >= 0x20 && text[at] <= 0x2f)
        at++;
    return at < length && text[at] >= 0x30 && text[at] <= 0x7e ? at + 1 : at;
}
