#include "explain-columns.h"

#include <stdio.h>
#include <stdlib.h>

#include "render-escape.h"

#define GAP 2 /* blanks between columns */

void columns_add_heading(struct columns *columns, const char *heading)
{
    memory_grow(&columns->rows, columns->count, &columns->capacity, sizeof(*columns->rows));
    columns->rows[columns->count++] = (struct columns_row){.heading = heading};
}

void columns_add_row(struct columns *columns, const char *const cells[COLUMNS_MAX])
{
    struct columns_row row = {.heading = NULL};

    for (int i = 0; i < COLUMNS_MAX; i++)
        row.cells[i] = cells[i] ? cells[i] : "";
    memory_grow(&columns->rows, columns->count, &columns->capacity, sizeof(*columns->rows));
    columns->rows[columns->count++] = row;
}

static void measure(const struct columns *columns, size_t widths[COLUMNS_MAX])
{
    for (size_t i = 0; i < columns->count; i++)
        for (int j = 0; j < COLUMNS_MAX && !columns->rows[i].heading; j++) {
            size_t width = escape_count_characters(columns->rows[i].cells[j]);

            if (width > widths[j])
                widths[j] = width;
        }
}

static void write_cells(const struct columns_row *row, const size_t widths[COLUMNS_MAX],
                        struct obstack *out)
{
    size_t blanks = 0;

    for (int i = 0; i < COLUMNS_MAX; i++) {
        size_t width = escape_count_characters(row->cells[i]);

        if (widths[i] == 0)
            continue;
        if (width > 0) {
            obstack_printf(out, "%*s%s", (int)blanks, "", row->cells[i]);
            blanks = 0;
        }
        blanks += widths[i] - width + GAP;
    }
    obstack_1grow(out, '\n');
}

void columns_write(struct columns *columns, struct obstack *out, int indent)
{
    size_t widths[COLUMNS_MAX] = {0};

    measure(columns, widths);
    for (size_t i = 0; i < columns->count; i++) {
        const struct columns_row *row = &columns->rows[i];

        obstack_printf(out, "%*s", row->heading ? indent : indent + 2, "");
        if (row->heading)
            obstack_printf(out, "%s\n", row->heading);
        else
            write_cells(row, widths, out);
    }
    free(columns->rows);
    *columns = (struct columns){0};
}
