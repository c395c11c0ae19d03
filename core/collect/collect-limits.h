/* How much one source may say. The worker keeps to these; the watcher does not rely on it. */
#ifndef ATVM_CORE_COLLECT_LIMITS_H
#define ATVM_CORE_COLLECT_LIMITS_H

/* Bytes of cleaned text. A line holds one record: twice all of these together (JSON escapes '"',
 * '\\' and newlines with one more byte) stays far below LEDGER_LINE_MAX. */
#define COLLECT_EXCERPT_MAX (16 * 1024)
#define COLLECT_TEXT_MAX    (4 * 1024) /* message and all other strings */
#define COLLECT_STEPS_MAX   (64 * 1024)
#define COLLECT_PATH_MAX    4096 /* PATH_MAX of Linux */

/* Bytes of all evidence lines of one unit; the watcher holds them in memory. */
#define COLLECT_UNIT_MAX (64 * 1024 * 1024)

#endif
