/* Reporter JSON with a top-level block of mocha's stats. */
#ifndef ATVM_PLUGINS_REPORTER_JSON_STATS_H
#define ATVM_PLUGINS_REPORTER_JSON_STATS_H

#include <json-c/json.h>

#include "event-log.h"

/*
 * Recounts the elements of `document` (its lists "tests", "passes", "pending", "failures"; only
 * "tests" may be a map), compares them with `stats`, and puts result, times and names into
 * `result`. What does not add up damages it. `log` is empty and takes up the tests.
 */
void json_stats_conclude(struct json_object *document, struct json_object *stats,
                         struct event_log *log, struct host_result *result);

#endif
