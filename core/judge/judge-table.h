/* The tables of a run log, and whether each is the sum of its rows. Private to judge*.c. */
#ifndef ATVM_CORE_JUDGE_TABLE_H
#define ATVM_CORE_JUDGE_TABLE_H

#include "judge-case.h"

/* Adds up the tables of all run logs. */
void judge_read_tables(struct judge_case *judged);

/* Whether the totals row of the table that this row stands in agrees with its rows (R5.2). A table
 * that was cut before its totals row has none and disagrees with nothing. */
bool judge_table_agrees(const struct judge_item *row);

#endif
