/*
 * The status message as sections and lines, before it is written for a terminal or for chat (spec
 * R6.1-R6.8). All text in it is clean (render-escape.h) and without secrets, but not yet escaped
 * for a format. Formats differ in escaping and emphasis only.
 */
#ifndef ATVM_CORE_RENDER_LAYOUT_H
#define ATVM_CORE_RENDER_LAYOUT_H

#include "report.h"

enum layout_line_kind {
    LAYOUT_ITEM,  /* one line of a list */
    LAYOUT_LABEL, /* one line over what follows */
    LAYOUT_BLOCK  /* several lines, verbatim */
};

struct layout_line {
    enum layout_line_kind kind;
    const char *strong; /* its beginning, to be emphasised; "" */
    const char *text;   /* what follows that, with its separator */
    const char *url;    /* after text: a web address; "" */
};

struct layout_section {
    const char *heading; /* "SUMMARY:" */
    struct layout_line *lines;
    size_t line_count, line_capacity;
};

#define LAYOUT_SECTIONS_MAX 7

struct layout {
    const char *title;
    struct layout_section sections[LAYOUT_SECTIONS_MAX];
    size_t section_count;
    struct obstack memory;
};

/* How much of the long parts may appear. */
struct layout_limits {
    size_t excerpt_characters; /* per failed host; 0: no FAILURE NOTES but for the step */
    bool flow;
    size_t error_characters; /* in HOSTS; 0: none */
    bool command;
    bool passed_hosts; /* false: hosts that passed are only counted */
};
/* What a message without a size limit shows. */
extern const struct layout_limits layout_usual_limits;
/* What the report in the state folder shows. */
extern const struct layout_limits layout_whole_limits;

/* Never NULL. What the limits cut is said in NOTES; the report names where the whole is. */
struct layout *layout_new(const struct report *report, const struct scope_verdict *scope,
                          const struct layout_limits *limits);
/* Accepts NULL. */
void layout_free(struct layout *layout);

/* The layout written out; free() the result. */
char *layout_to_text(const struct layout *layout);
char *layout_to_markdown(const struct layout *layout);

#endif
