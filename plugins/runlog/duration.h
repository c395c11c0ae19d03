/* Durations as Cypress and cypress-cloud write them. Pure. */
#ifndef ATVM_PLUGINS_RUNLOG_DURATION_H
#define ATVM_PLUGINS_RUNLOG_DURATION_H

#include <stdint.h>

#include "line-text.h"

/*
 * Any of the three forms, in ns; -1 for anything else:
 *   "1h 13m 5.2s", "16m 13.9", "850ms", "1d 2h"   pretty-ms 7; a number without a unit at the end
 *                                                 is seconds (the unit was on a lost table line)
 *   "16 minutes, 13 seconds", "1 second"          Cypress, human_time long
 *   "16:13", "1:02:03"                            Cypress, its own table
 */
int64_t duration_parse(struct text text);

#endif
