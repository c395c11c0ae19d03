/* Logs of the custom writer for the tests of reporter-json, in single quotes to be readable. */
#ifndef ATVM_TESTS_REPORTER_JSON_SAMPLE_H
#define ATVM_TESTS_REPORTER_JSON_SAMPLE_H

#include <string.h>

#include "cleanup.h"
#include "recorded-artifacts.h"
#include "reporter-json/parse.h"

#define METADATA                                                                                   \
    "'metadata': {'host': 'atvm7-redhat9.1', 'spec': 'cypress/e2e/atvm7-redhat9.1.ts',"            \
    " 'timestamp': '2026-04-16T17:00:00.000Z'}"
#define FINE           "['cy:log', 'fine', 'success']"
#define BROKEN         "['cy:command', 'get\\t#missing', 'error']"
#define CUSTOM(tests_) "{" METADATA ", 'tests': {" tests_ "}}"

/* What a log says whose quotes are single ones. */
static inline struct host_result parse(const char *text)
{
    CLEANUP_FREE char *json = with_double_quotes(text);

    return reporter_json_parse(json, strlen(json));
}

/* Whether it proves a pass. */
static inline bool proves(const struct host_result *result)
{
    return result->damage[0] == '\0' && !result->withheld &&
           result->evidence.outcome == ATVM_OUTCOME_PASS &&
           !(result->evidence.flags & ATVM_EVIDENCE_PROVES_NOTHING);
}

#endif
