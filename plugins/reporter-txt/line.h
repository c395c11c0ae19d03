/* One line of a reporter's text log, recognised without looking at other lines. */
#ifndef ATVM_PLUGINS_REPORTER_TXT_LINE_H
#define ATVM_PLUGINS_REPORTER_TXT_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum text_layout { TEXT_LAYOUT_BUILT_IN, TEXT_LAYOUT_CUSTOM };

enum text_line_kind {
    TEXT_LINE_BLANK,        /* empty */
    TEXT_LINE_SPEC,         /* the path of a spec; custom: only in front of the first test */
    TEXT_LINE_TITLE,        /* of a test, an attempt or a hook */
    TEXT_LINE_EVENT,        /* TYPE, severity, first line of the message */
    TEXT_LINE_CONTINUATION, /* of a message */
    TEXT_LINE_ERROR,        /* reads like a thrown error, and is no part of a message */
    TEXT_LINE_UNKNOWN       /* does not fit the grammar */
};

enum text_severity {
    TEXT_SEVERITY_SUCCESS,
    TEXT_SEVERITY_WARNING,
    TEXT_SEVERITY_ERROR,
    TEXT_SEVERITY_UNKNOWN
};

/* Pieces of the line; they point into it. */
struct text_line {
    enum text_line_kind kind;
    const char *type; /* EVENT */
    size_t type_length;
    enum text_severity severity; /* EVENT */
    const char *text;            /* title, spec, message, or what continues it */
    size_t text_length;
};

/* `line`: without its newline. */
struct text_line text_line_read(enum text_layout layout, const char *line, size_t length);

#endif
