/*
 * Progress on a terminal: a line for every host that begins or finishes, and below them one line
 * that moves. On anything but a terminal only the former.
 */
#ifndef ATVM_CORE_PROGRESS_OUTPUT_H
#define ATVM_CORE_PROGRESS_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "verdict.h"

struct progress_output {
    FILE *stream;          /* the caller's; NULL: say nothing */
    bool terminal;         /* the moving line can be drawn */
    bool drawn;            /* it stands there now */
    const char *time_zone; /* as in struct run_facts */
};

/* Says what changed from `previous` (NULL: all is new) to `current`. */
void progress_output_update(struct progress_output *output, const struct verdict *previous,
                            const struct verdict *current, int64_t now_ns);
/* Takes the moving line away, so that something else can be printed. */
void progress_output_clear(struct progress_output *output);

#endif
