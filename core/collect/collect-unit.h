/* One unit of evidence on its way out of the collect worker: checked, cut to the limits, written.
 */
#ifndef ATVM_CORE_COLLECT_UNIT_H
#define ATVM_CORE_COLLECT_UNIT_H

#include <atvm/plugin.h>

#include "collect-output.h"

struct collect_unit;

/* Checks and copies a source as a module describes it. NULL and *ret_problem (constant text) where
 * it breaks a rule. collect_unit_free accepts NULL. */
struct collect_unit *collect_unit_new(const struct atvm_source *given, const char **ret_problem);
void collect_unit_free(struct collect_unit *unit);

const char *collect_unit_path(const struct collect_unit *unit);
/* The first thing that makes the unit damaged whatever its collector says; NULL: none. */
const char *collect_unit_problem(const struct collect_unit *unit);

/* Writes and flushes the breadcrumb and the line "begin": to be done before the file is touched. */
void collect_unit_begin(struct collect_unit *unit, struct collect_output *output,
                        const char *collector, const char *version);

/* Writes `count` records that are `stride` bytes apart. A record that breaks a rule, and every one
 * after a limit was passed, is left out and leaves a problem. */
void collect_unit_emit(struct collect_unit *unit, struct collect_output *output,
                       const struct atvm_evidence *evidence, size_t count, size_t stride);

/* Writes the line "end" and flushes. A unit with a problem ends as damaged; one that passed a limit
 * says nothing else. reason may be NULL. */
void collect_unit_end(struct collect_unit *unit, struct collect_output *output, int32_t quality,
                      const char *reason, int64_t now_ns);

#endif
