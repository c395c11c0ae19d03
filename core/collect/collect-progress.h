/* What the watcher knows of its current collect worker, from the lines it wrote. */
#ifndef ATVM_CORE_COLLECT_PROGRESS_H
#define ATVM_CORE_COLLECT_PROGRESS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised for a new worker. */
struct collect_progress {
    bool ready;                /* "hello" was read */
    bool in_pass;              /* "collect" was sent, "done" not read */
    bool pass_over;            /* "done" was read; for the owner to answer and to unset */
    bool again;                /* a collector of this pass wants another */
    char *collector;           /* who is at work; NULL: nobody */
    struct json_object *begin; /* the line of the unit that is open; NULL: none */
    size_t unit_bytes;         /* evidence of that unit so far */
    char *fatal;               /* why it could not start up; NULL */
    char *broken;              /* completes "the collect worker ..."; NULL: nothing wrong */
};

/* Takes over what a line means for the progress; other lines than "at", "begin", "end", "pass",
 * "hello", "fatal" and "done" are passed over. */
void collect_progress_take(struct collect_progress *progress, struct json_object *line);
/* Takes a record's bytes into account. */
void collect_progress_add_record(struct collect_progress *progress, size_t length);
/* Notes that the worker broke the protocol. Takes `reason` over; the first one stays. */
void collect_progress_break(struct collect_progress *progress, char *reason);

/* Path of the file that is being read; NULL: none. Lives until the next line. */
const char *collect_progress_path(const struct collect_progress *progress);
/* "while collector junit read /path"; free it. */
char *collect_progress_text(const struct collect_progress *progress);

/* Frees what it holds and makes it that of a new worker. */
void collect_progress_reset(struct collect_progress *progress);

#endif
