/*
 * The JSON logs a reporter leaves per host. Four forms (atvm/plugin.h):
 *
 *   stats            mocha's JSON reporter: top-level "stats", "tests", "passes", "failures" ...
 *   states           custom: metadata and "tests", each with a state
 *   events-custom    custom: metadata and "tests", with events and no states
 *   events-built-in  cypress-terminal-report: { SPEC: { "SUITE -> TEST": [ event ... ] } }
 *
 * "tests" of the custom forms is a map from title to events, a list of { title, fullTitle, state,
 * duration, events }, or a list of { name, events }; the metadata stand in "metadata" or beside
 * "tests". An event is [ type, message, severity ] or { type, message, severity }.
 */
#ifndef ATVM_PLUGINS_REPORTER_JSON_PARSE_H
#define ATVM_PLUGINS_REPORTER_JSON_PARSE_H

#include <stddef.h>

#include "host-result.h"

/* Pure. Reads the whole file; free the result with host_result_free. */
struct host_result reporter_json_parse(const char *bytes, size_t length);

#endif
