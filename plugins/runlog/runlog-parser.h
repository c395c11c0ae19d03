/*
 * From the lines of a run log to evidence: a state machine that is fed one complete line after the
 * other and never looks back. No I/O; what it remembers is bounded by the number of machines.
 */
#ifndef ATVM_PLUGINS_RUNLOG_RUNLOG_PARSER_H
#define ATVM_PLUGINS_RUNLOG_RUNLOG_PARSER_H

#include <atvm/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runlog_settings {
    bool categorized; /* a table's block ends at its own Recorded Run line (spec R4.3) */
    bool facts_only;  /* the template command's log: no results, only facts */
};

/* Takes one record; its strings live only during the call. */
typedef void (*runlog_emit)(void *user, const struct atvm_evidence *evidence);

struct runlog_parser;

/* Never NULL; free with runlog_parser_free (accepts NULL). */
struct runlog_parser *runlog_parser_new(const struct runlog_settings *settings, runlog_emit emit,
                                        void *user);
void runlog_parser_free(struct runlog_parser *parser);

/* One complete line, without its newline: any bytes. number: from 1; offset: of its first byte in
 * the file. */
void runlog_parser_line(struct runlog_parser *parser, const char *line, size_t length,
                        int64_t number, int64_t offset);

/*
 * The last line of a log that has no newline and no longer grows. It is cut off, so it proves
 * nothing, with two exceptions whose every word is there: the trace of an interrupt, and the
 * wrapper's sentence that the results were uploaded. Neither is emitted again when the line turns
 * out to be complete later.
 */
void runlog_parser_tail(struct runlog_parser *parser, const char *line, size_t length,
                        int64_t number);

#endif
