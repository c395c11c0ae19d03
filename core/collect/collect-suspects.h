/*
 * Which files took the collect worker down, and which are therefore no longer read.
 *
 * One failure proves nothing against the file that happened to be open: the worker may have been
 * killed by an operator, or by the kernel for want of memory. A file is set aside when it was open
 * at two failures of the worker's own making in a row, or at five that came from outside, without
 * having been read to its end in between.
 */
#ifndef ATVM_CORE_COLLECT_SUSPECTS_H
#define ATVM_CORE_COLLECT_SUSPECTS_H

#include <json-c/json.h>
#include <stdbool.h>

#define COLLECT_SUSPECTS_FAULTS_MAX  2
#define COLLECT_SUSPECTS_OUTSIDE_MAX 5

enum collect_blame {
    COLLECT_BLAME_FAULT,  /* it crashed, hung, broke the protocol or left */
    COLLECT_BLAME_OUTSIDE /* it was killed or stopped by a signal that programs do not send
                             themselves */
};

struct collect_suspects;

struct collect_suspects *collect_suspects_new(void);
void collect_suspects_free(struct collect_suspects *suspects); /* accepts NULL */

/* Notes a failure. path NULL: no file was open, the collector itself is the suspect. true: it is
 * set aside from now on. */
bool collect_suspects_note(struct collect_suspects *suspects, const char *collector,
                           const char *path, enum collect_blame blame);
/* It was read to its end (path NULL: the collector finished a pass): what was noted is forgotten.
 */
void collect_suspects_clear(struct collect_suspects *suspects, const char *collector,
                            const char *path);

/* What is set aside: an array of { collector, path }, as the job line takes it; the suspects' own,
 * and growing. */
struct json_object *collect_suspects_set_aside(const struct collect_suspects *suspects);

#endif
