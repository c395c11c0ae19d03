/*
 * Rows of cypress-cloud's "Cloud Run Finished" table, and of Cypress's own tables and boxes. Pure.
 *
 * Source: cypress-cloud 1.5.4 to 1.13.1, lib/results/table.ts, printed with table 6.10.1: columns
 * have fixed widths whatever the terminal, there are no lines between cells, and a cell that is too
 * long goes on in the same columns of the next physical line.
 */
#ifndef ATVM_PLUGINS_RUNLOG_CLOUD_TABLE_H
#define ATVM_PLUGINS_RUNLOG_CLOUD_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "line-text.h"

enum table_mark { TABLE_MARK_NONE, TABLE_MARK_PASSED, TABLE_MARK_FAILED, TABLE_MARK_OTHER };

/* The columns after the mark. */
enum table_column {
    TABLE_SPEC,
    TABLE_DURATION,
    TABLE_TESTS,
    TABLE_PASSING,
    TABLE_FAILING,
    TABLE_PENDING,
    TABLE_SKIPPED,
    TABLE_COLUMN_COUNT
};

/* One physical line of the table, cut into its cells; they are parts of the line. */
struct table_line {
    enum table_mark mark; /* NONE: it continues the row above */
    struct text cells[TABLE_COLUMN_COUNT];
};

/* A row put together from its physical lines. Cells are joined without a space. */
struct table_row {
    enum table_mark mark;
    struct byte_string cells[TABLE_COLUMN_COUNT];
};

/* Longest joined cell; more of it is dropped. */
#define TABLE_CELL_MAX 1024

/* Cuts a line of the cloud table, from its first box-drawing character on (U+2502 '│'), into cells.
 * false: it is no row line, or it has not the width of one. */
bool table_line_parse(struct text line, struct table_line *ret_line);

/* Starts a row with its first line. */
void table_row_begin(struct table_row *row, const struct table_line *line);
/* Adds a line without a mark. */
void table_row_continue(struct table_row *row, const struct table_line *line);
void table_row_free(struct table_row *row);
/* The cell's text. */
struct text table_row_cell(const struct table_row *row, enum table_column column);
/* A count: "-" is 0; -1: not a number. */
int64_t table_row_count(const struct table_row *row, enum table_column column);
/* The last row: "All specs passed!", "1 of 3 failed", "No specs executed". */
bool table_row_is_totals(const struct table_row *row);

/*
 * A row of Cypress's own "(Run Finished)" table, from its first '│' on: mark, spec (possibly cut,
 * with or without an ellipsis), and the counts as in table_row_count. Its columns depend on the
 * terminal's width, so it is taken apart at blanks.
 */
struct cypress_row {
    enum table_mark mark;
    struct text spec;
    int64_t duration_ns;                /* -1: not readable */
    int64_t counts[TABLE_COLUMN_COUNT]; /* from TABLE_TESTS on */
};

bool cypress_row_parse(struct text line, struct cypress_row *ret_row);

/* Whether a line from its first box-drawing character on has '│' at its beginning. */
bool table_is_bar(struct text line);
/* Whether it is the bottom border: begins with U+2514 '└'. */
bool table_is_bottom(struct text line);
/* What stands between the two '│' of a line of a box, without blanks; false: one is missing. */
bool table_box_content(struct text line, struct text *ret_content);

#endif
