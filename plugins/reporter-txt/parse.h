/*
 * The text logs a reporter leaves per host. Two layouts:
 *
 *   text-built-in (cypress-terminal-report)       text-custom (custom writer)
 *
 *   |SPEC:                                        |SPEC
 *   |    SUITE -> TITLE                           |
 *   |        cy:command (K): message              |SUITE -> TITLE
 *   |                        continued            |  cy:command success: message
 *   |                                             |      continued
 *   |    SUITE -> NEXT TITLE                      |
 *
 * Built-in: "TYPE (X): " is right-aligned to 24 columns, X is K, ! or X for success, warning,
 * error; a blank line ends each test. Custom: the severity is a word, a blank line stands between
 * tests.
 *
 * A failure marker is an error of the type cy:command or cy:task, or a line of its own that reads
 * like a thrown error. Errors of other types (but the console's and the page's requests), events
 * whose message reads like a thrown error, and markers in the middle of a line only bar a proof.
 */
#ifndef ATVM_PLUGINS_REPORTER_TXT_PARSE_H
#define ATVM_PLUGINS_REPORTER_TXT_PARSE_H

#include <stddef.h>

#include "host-result.h"

/* Pure. Reads the whole file; free the result with host_result_free. A failure found in a damaged
 * file is told. */
struct host_result reporter_txt_parse(const char *bytes, size_t length);

#endif
