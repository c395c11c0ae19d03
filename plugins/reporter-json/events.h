/* The "tests" of a reporter's JSON log, put into an event log. */
#ifndef ATVM_PLUGINS_REPORTER_JSON_EVENTS_H
#define ATVM_PLUGINS_REPORTER_JSON_EVENTS_H

#include <json-c/json.h>

#include "event-log.h"

/* Adds the tests of a map from "SUITE -> TITLE" to a list of events, or to an object that holds
 * what a list of tests would. What is no test damages the result. */
void json_events_add_map(struct event_log *log, struct json_object *tests,
                         struct host_result *result);

/* Adds the tests of a list of { title or name, fullTitle, state, currentRetry, duration, err,
 * events }, of which all but the title may be missing. */
void json_events_add_list(struct event_log *log, struct json_object *tests,
                          struct host_result *result);

/* Notes a failure by an error object { message, stack, name }; an empty one says nothing. Returns
 * whether it says something. */
bool json_events_add_error(struct event_log_entry *entry, struct json_object *error);

#endif
