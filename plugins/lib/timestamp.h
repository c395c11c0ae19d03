/* Times as the reporters write them. All results are ns since 1970-01-01 UTC, or -1. */
#ifndef ATVM_PLUGINS_TIMESTAMP_H
#define ATVM_PLUGINS_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

/* "2026-04-16T17:00:00", optionally with a fraction, and with "Z", "+hh:mm" or "+hhmm"; no zone
 * means UTC (mocha-junit-reporter cuts the Z off toISOString()). Anything else, or trailing text:
 * -1. */
int64_t timestamp_from_iso(const char *text);
/* "2026-04-16T17-00-00", as in file names, at the start of text; also what toISOString() gives with
 * '-' for ':' and '.' ("...-00-000Z"). *ret_length: bytes it takes. */
int64_t timestamp_from_file_name(const char *text, size_t *ret_length);
/* "912.0450" seconds, as in time= of JUnit; C locale whatever the locale; negative or not a
 * number: -1. */
int64_t timestamp_seconds(const char *text);

#endif
