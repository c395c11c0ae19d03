#include "cloud-table.h"

#include "duration.h"

#define BAR "│"

/* Columns are counted in characters from the left bar, which is column 0 here (column 2 of the
 * line). The right bar stands at column 97. */
#define RIGHT_BAR_COLUMN 97
#define MARK_COLUMN      2
#define MARK_WIDTH       2

static const struct {
    size_t column, width;
} cell_places[TABLE_COLUMN_COUNT] = {{6, 30}, {38, 8}, {48, 8}, {58, 8}, {68, 8}, {78, 8}, {88, 8}};

bool table_is_bar(struct text line)
{
    return text_starts_with(line, TEXT(BAR));
}

bool table_is_bottom(struct text line)
{
    return text_starts_with(line, TEXT("└"));
}

/* Byte offset of every column up to the right bar; false: the line is shorter. */
static bool find_columns(struct text line, size_t offsets[RIGHT_BAR_COLUMN + 2])
{
    size_t column = 0;

    for (size_t i = 0; i < line.length; i++) {
        if (((unsigned char)line.bytes[i] & 0xc0) == 0x80)
            continue;
        offsets[column++] = i;
        if (column == RIGHT_BAR_COLUMN + 2)
            return true;
    }
    offsets[column] = line.length;
    return column == RIGHT_BAR_COLUMN + 1;
}

static struct text cut_columns(struct text line, const size_t *offsets, size_t column, size_t width)
{
    return text_trim(
        (struct text){line.bytes + offsets[column], offsets[column + width] - offsets[column]});
}

static enum table_mark mark_of(struct text mark)
{
    if (mark.length == 0)
        return TABLE_MARK_NONE;
    if (text_equals(mark, TEXT("✔")) || text_equals(mark, TEXT("√")))
        return TABLE_MARK_PASSED;
    if (text_equals(mark, TEXT("✖")) || text_equals(mark, TEXT("×")))
        return TABLE_MARK_FAILED;
    return TABLE_MARK_OTHER;
}

bool table_line_parse(struct text line, struct table_line *ret_line)
{
    size_t offsets[RIGHT_BAR_COLUMN + 2];
    struct text right_bar;

    if (!table_is_bar(line) || !find_columns(line, offsets))
        return false;
    right_bar = text_trim(text_from(line, offsets[RIGHT_BAR_COLUMN]));
    if (!text_equals(right_bar, TEXT(BAR)))
        return false;
    ret_line->mark = mark_of(cut_columns(line, offsets, MARK_COLUMN, MARK_WIDTH));
    for (size_t i = 0; i < TABLE_COLUMN_COUNT; i++)
        ret_line->cells[i] =
            cut_columns(line, offsets, cell_places[i].column, cell_places[i].width);
    return true;
}

void table_row_begin(struct table_row *row, const struct table_line *line)
{
    row->mark = line->mark;
    for (size_t i = 0; i < TABLE_COLUMN_COUNT; i++)
        byte_string_clear(&row->cells[i]);
    table_row_continue(row, line);
}

void table_row_continue(struct table_row *row, const struct table_line *line)
{
    for (size_t i = 0; i < TABLE_COLUMN_COUNT; i++)
        byte_string_append(&row->cells[i], line->cells[i].bytes, line->cells[i].length,
                           TABLE_CELL_MAX);
}

void table_row_free(struct table_row *row)
{
    for (size_t i = 0; i < TABLE_COLUMN_COUNT; i++)
        byte_string_free(&row->cells[i]);
}

struct text table_row_cell(const struct table_row *row, enum table_column column)
{
    return (struct text){row->cells[column].bytes, row->cells[column].length};
}

static int64_t count_of(struct text cell)
{
    return text_equals(cell, TEXT("-")) ? 0 : text_number(cell);
}

int64_t table_row_count(const struct table_row *row, enum table_column column)
{
    return count_of(table_row_cell(row, column));
}

bool table_row_is_totals(const struct table_row *row)
{
    struct text spec = table_row_cell(row, TABLE_SPEC);

    if (text_equals(spec, TEXT("All specs passed!")) ||
        text_equals(spec, TEXT("No specs executed")))
        return true;
    return text_take_number(&spec) >= 0 && text_take(&spec, TEXT(" of ")) &&
           text_take_number(&spec) >= 0 && text_equals(spec, TEXT(" failed"));
}

bool table_box_content(struct text line, struct text *ret_content)
{
    const struct text bar = TEXT(BAR);

    line = text_trim(line);
    if (!text_starts_with(line, bar) || !text_ends_with(line, bar) || line.length < 2 * bar.length)
        return false;
    *ret_content = text_trim((struct text){line.bytes + bar.length, line.length - 2 * bar.length});
    return true;
}

/* Takes the last word off *text. */
static struct text take_last_word(struct text *text)
{
    struct text word;
    size_t start = text->length;

    while (start > 0 && text->bytes[start - 1] != ' ')
        start--;
    word = text_from(*text, start);
    *text = text_trim((struct text){text->bytes, start});
    return word;
}

bool cypress_row_parse(struct text line, struct cypress_row *ret_row)
{
    struct text content;

    if (!table_box_content(line, &content))
        return false;
    ret_row->mark = mark_of(text_take_word(&content));
    if (ret_row->mark != TABLE_MARK_PASSED && ret_row->mark != TABLE_MARK_FAILED)
        return false;
    for (size_t i = TABLE_COLUMN_COUNT; i-- > TABLE_TESTS;) {
        ret_row->counts[i] = count_of(take_last_word(&content));
        if (ret_row->counts[i] < 0)
            return false;
    }
    ret_row->duration_ns = duration_parse(take_last_word(&content));
    ret_row->spec = content;
    return content.length > 0;
}
