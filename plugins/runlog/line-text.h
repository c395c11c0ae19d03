/*
 * The text of one log line: made clean (terminal codes, line ends, bytes that are no UTF-8), and
 * looked at in small ways. Pure functions.
 */
#ifndef ATVM_PLUGINS_RUNLOG_LINE_TEXT_H
#define ATVM_PLUGINS_RUNLOG_LINE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "byte-string.h"

/* Bytes that belong to somebody else; not NUL-terminated. */
struct text {
    const char *bytes;
    size_t length;
};

/* For string literals. */
#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

/*
 * Cleans one line without its newline: drops ECMA-48 control sequences (CSI, OSC and the other
 * string forms, two-character escapes), NUL and other control characters except tab, and a CR at
 * the end; of a line that was overwritten with CRs the last writing counts; replaces what is not
 * UTF-8 by U+FFFD. A control sequence that the line end cuts off is dropped. The result lies in
 * `line` itself where it was clean, else in `buffer`, and lives as long as both. *ret_invalid: the
 * offset of the first byte that is not UTF-8, -1 for none.
 */
struct text line_clean(const char *line, size_t length, struct byte_string *buffer,
                       int64_t *ret_invalid);

/* Without spaces and tabs at both ends. */
struct text text_trim(struct text text);
/* The first `length` bytes are left out; `length` must not be larger than the text. */
struct text text_from(struct text text, size_t length);
bool text_equals(struct text text, struct text other);
bool text_starts_with(struct text text, struct text start);
bool text_ends_with(struct text text, struct text end);
/* Number of leading spaces. */
size_t text_indent(struct text text);
/* Takes the characters up to the next space or tab, and the blanks after them, off the front of
 * *rest. Empty at the end. */
struct text text_take_word(struct text *rest);
/* The decimal number at the front of *rest is taken off; -1: there is none, or it has more than 18
 * digits. */
int64_t text_take_number(struct text *rest);
/* The whole text as a decimal number; -1: it is none. */
int64_t text_number(struct text text);
/* Takes `start` off the front of *rest; false: it does not stand there. */
bool text_take(struct text *rest, struct text start);

/*
 * A line that consists of one kind of drawing character only, at least 20 of them: '=' (between the
 * parts of a run) or U+2500 '─' (above a spec). Leading and trailing blanks do not matter.
 */
bool text_is_rule(struct text line);

#endif
