/* The parsed JSON of a mochawesome report: recounting its tests. */
#ifndef ATVM_PLUGINS_MOCHAWESOME_REPORT_H
#define ATVM_PLUGINS_MOCHAWESOME_REPORT_H

#include <json-c/json.h>

#include "host-result.h"

/* Puts what `document` says into the result (form "test-nodes"). What is no report, holds no test
 * or does not add up damages or refuses it. */
void mochawesome_report_conclude(struct json_object *document, struct host_result *result);

#endif
