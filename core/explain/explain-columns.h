/* Lines of cells for people: each column as wide as its widest cell. */
#ifndef ATVM_CORE_EXPLAIN_COLUMNS_H
#define ATVM_CORE_EXPLAIN_COLUMNS_H

#include "memory.h"

#define COLUMNS_MAX 6

struct columns_row {
    const char *heading;            /* a line of its own between rows of cells; NULL: cells */
    const char *cells[COLUMNS_MAX]; /* NULL or "": empty */
};

/* Texts are the caller's. Zeroed: no rows yet. */
struct columns {
    struct columns_row *rows;
    size_t count, capacity;
};

void columns_add_heading(struct columns *columns, const char *heading);
/* `cells`: COLUMNS_MAX texts, each one line of valid UTF-8. */
void columns_add_row(struct columns *columns, const char *const cells[COLUMNS_MAX]);
/* Writes all rows, cells further in than headings, without trailing blanks, and forgets them. */
void columns_write(struct columns *columns, struct obstack *out, int indent);

#endif
