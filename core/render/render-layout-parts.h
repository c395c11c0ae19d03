/* What the two halves of the layout share: render-layout.c has the hosts, render-layout-run.c the
 * run. */
#ifndef ATVM_CORE_RENDER_LAYOUT_PARTS_H
#define ATVM_CORE_RENDER_LAYOUT_PARTS_H

#include "render-layout.h"

/* A layout while it is being made. */
struct layout_parts {
    struct layout *layout;
    const struct report *report;
    const struct run_facts *facts; /* never NULL */
    const struct scope_verdict *scope;
    const struct layout_limits *limits;
    struct {
        size_t excerpts, passed_hosts; /* so many shortened, or not listed */
        bool flow, command;
    } cuts;                /* what the limits have taken away so far */
    bool skipped_labelled; /* the hosts that were left out have their heading */
};

/* One clean line without secrets, in the layout's memory. */
char *layout_clean(struct layout_parts *parts, const char *text);
/* Begins a section; lines go to the one begun last. `heading` must live for ever. */
void layout_section(struct layout_parts *parts, const char *heading);
/* Strings in the layout's memory; NULL is "". */
void layout_line(struct layout_parts *parts, struct layout_line line);
/* A LAYOUT_ITEM without emphasis; arguments that are foreign text have been cleaned. */
void layout_item(struct layout_parts *parts, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void layout_add_timing(struct layout_parts *parts);
void layout_add_coverage(struct layout_parts *parts);
void layout_add_flow(struct layout_parts *parts);
/* The last one: says what the others cut. */
void layout_add_notes(struct layout_parts *parts);

#endif
