/* What the collect worker says for the log, passed on to the watcher's: cleaned, cut, and no more
 * than a person can read. */
#ifndef ATVM_CORE_COLLECT_LOG_H
#define ATVM_CORE_COLLECT_LOG_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

/* Within ten seconds at most this many lines are passed on; then one line says how many were not.
 */
#define COLLECT_LOG_LINES_MAX   50
#define COLLECT_LOG_INTERVAL_NS (10 * NS_PER_SECOND)

/* Zero-initialised; collect_log_free. */
struct collect_log {
    int64_t interval_begin_ns;
    unsigned lines, suppressed;
    struct json_object *blind; /* collector -> why it could not look last; NULL: none yet */
};

void collect_log_free(struct collect_log *log);

/* Passes on a line of type "log". now_ns: of CLOCK_MONOTONIC. */
void collect_log_take(struct collect_log *log, struct json_object *line, int64_t now_ns);
/* Says, from a line of type "pass", when a collector cannot look any more, for another reason than
 * before, or again. */
void collect_log_take_pass(struct collect_log *log, struct json_object *line, int64_t now_ns);
/* Passes on a line of the worker's standard error. collector: who was at work; NULL: nobody. */
void collect_log_take_error(struct collect_log *log, const char *collector, const char *text,
                            size_t length, int64_t now_ns);

#endif
