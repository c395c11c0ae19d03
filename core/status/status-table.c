/* The builds of a state root as a table and as JSON: pure. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "render-escape.h"
#include "render-json-value.h"
#include "render-time.h"
#include "status-builds.h"

enum column {
    COLUMN_BUILD,
    COLUMN_STATE,
    COLUMN_PASSED,
    COLUMN_FAILED,
    COLUMN_OPEN,
    COLUMN_STARTED,
    COLUMN_ENDED,
    COLUMN_POSTS,
    COLUMN_WATCHED_BY,
    COLUMN_COUNT
};

static const struct {
    const char *head;
    bool is_number; /* aligned at its right */
} columns[COLUMN_COUNT] = {
    [COLUMN_BUILD] = {"BUILD", false},
    [COLUMN_STATE] = {"STATE", false},
    [COLUMN_PASSED] = {"PASSED", true},
    [COLUMN_FAILED] = {"FAILED", true},
    [COLUMN_OPEN] = {"OPEN", true},
    [COLUMN_STARTED] = {"STARTED", false},
    [COLUMN_ENDED] = {"ENDED", false},
    [COLUMN_POSTS] = {"POSTS", false},
    [COLUMN_WATCHED_BY] = {"WATCHED BY", false},
};

/* One line of the table; the cells' strings live in the table's memory. */
struct cells {
    const char *text[COLUMN_COUNT];
};

/* ---------------------------------------------------------------- cells */

static const char *posts_cell(struct obstack *memory, const struct post_counts *posts)
{
    const struct {
        size_t count;
        const char *word;
    } parts[] = {
        {posts->delivered, "delivered"}, {posts->waiting, "waiting"}, {posts->held, "held"}};
    bool first = true;

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (parts[i].count == 0)
            continue;
        obstack_printf(memory, "%s%zu %s", first ? "" : ", ", parts[i].count, parts[i].word);
        first = false;
    }
    if (first)
        obstack_1grow(memory, '-');
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

static const char *started_cell(struct obstack *memory, const struct build_row *row, int64_t now_ns,
                                const char *time_zone)
{
    char buffer[RENDER_TIME_SIZE];

    return row->started_ns < 0
               ? "-"
               : memory_string_in(memory, render_clock(row->started_ns, now_ns, time_zone, buffer));
}

static const char *ended_cell(struct obstack *memory, const struct build_row *row, int64_t now_ns,
                              const char *time_zone)
{
    char buffer[RENDER_TIME_SIZE], duration[32];

    if (row->closed_ns >= 0)
        return memory_string_in(memory, render_clock(row->closed_ns, now_ns, time_zone, buffer));
    if (row->started_ns < 0 || row->started_ns > now_ns)
        return "-";
    return memory_format_in(memory, "open for %s",
                            render_rough_duration(now_ns - row->started_ns, duration));
}

static const char *host_cell(struct obstack *memory, const struct build_row *row, size_t count)
{
    return row->state ? memory_format_in(memory, "%zu", count) : "-";
}

static struct cells cells_of(struct obstack *memory, const struct build_row *row, int64_t now_ns,
                             const char *time_zone)
{
    return (struct cells){{
        [COLUMN_BUILD] = escape_line(memory, row->name),
        [COLUMN_STATE] = row->state     ? run_state_name(row->state)
                         : row->problem ? "unreadable"
                                        : "-",
        [COLUMN_PASSED] = host_cell(memory, row, row->passed),
        [COLUMN_FAILED] = host_cell(memory, row, row->failed),
        [COLUMN_OPEN] = host_cell(memory, row, row->open),
        [COLUMN_STARTED] = started_cell(memory, row, now_ns, time_zone),
        [COLUMN_ENDED] = ended_cell(memory, row, now_ns, time_zone),
        [COLUMN_POSTS] = posts_cell(memory, &row->posts),
        [COLUMN_WATCHED_BY] =
            row->watcher > 0 ? memory_format_in(memory, "process %d", (int)row->watcher) : "-",
    }};
}

/* ---------------------------------------------------------------- the table */

static void measure(const struct cells *lines, size_t count, size_t widths[COLUMN_COUNT])
{
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        widths[column] = strlen(columns[column].head);
        for (size_t i = 0; i < count; i++)
            if (strlen(lines[i].text[column]) > widths[column])
                widths[column] = strlen(lines[i].text[column]);
    }
}

/* Everything in a cell is ASCII, so bytes are columns. The last cell is not padded. */
static void add_line(struct obstack *text, const struct cells *line,
                     const size_t widths[COLUMN_COUNT])
{
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        int width = column + 1 < COLUMN_COUNT ? (int)widths[column] : 0;

        obstack_printf(text, "%s%*s", column > 0 ? "  " : "",
                       columns[column].is_number ? width : -width, line->text[column]);
    }
    obstack_1grow(text, '\n');
}

char *build_rows_text(const struct build_rows *rows, int64_t now_ns, const char *time_zone)
{
    struct obstack memory, text; /* two, because one cannot hold two growing objects */
    size_t widths[COLUMN_COUNT];
    struct cells *lines;
    char *result;

    obstack_init(&memory);
    obstack_init(&text);
    lines = memory_array_in(&memory, NULL, rows->count + 1, sizeof(*lines));
    for (size_t column = 0; column < COLUMN_COUNT; column++)
        lines[0].text[column] = columns[column].head;
    for (size_t i = 0; i < rows->count; i++)
        lines[i + 1] = cells_of(&memory, &rows->rows[i], now_ns, time_zone);
    measure(lines, rows->count + 1, widths);
    for (size_t i = 0; i <= rows->count; i++)
        add_line(&text, &lines[i], widths);
    obstack_1grow(&text, '\0');
    result = memory_string(obstack_finish(&text));
    obstack_free(&text, NULL);
    obstack_free(&memory, NULL);
    return result;
}

/* ---------------------------------------------------------------- JSON */

static struct json_object *hosts_json(const struct build_row *row)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "passed", json_value_count((int64_t)row->passed));
    json_object_object_add(object, "failed", json_value_count((int64_t)row->failed));
    json_object_object_add(object, "open", json_value_count((int64_t)row->open));
    return object;
}

static struct json_object *posts_json(const struct post_counts *posts)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "delivered", json_value_count((int64_t)posts->delivered));
    json_object_object_add(object, "waiting", json_value_count((int64_t)posts->waiting));
    json_object_object_add(object, "held", json_value_count((int64_t)posts->held));
    return object;
}

static struct json_object *row_json(const struct build_row *row)
{
    struct json_object *object = json_object_new_object();
    const char *mode = row->categorized ? "categorized" : "single";

    json_object_object_add(object, "schema", json_object_new_string("atvm.list/1"));
    json_object_object_add(object, "build", json_value_name(row->name));
    json_object_object_add(object, "mode", json_value_name(row->state ? mode : NULL));
    json_object_object_add(object, "state",
                           json_value_name(row->state ? run_state_name(row->state) : NULL));
    json_object_object_add(object, "hosts", row->state ? hosts_json(row) : NULL);
    json_object_object_add(object, "started", json_value_time(row->started_ns));
    json_object_object_add(object, "closed", json_value_time(row->closed_ns));
    json_object_object_add(object, "posts", posts_json(&row->posts));
    json_object_object_add(object, "watched_by",
                           row->watcher > 0 ? json_object_new_int64(row->watcher) : NULL);
    json_object_object_add(object, "problem", json_value_line(row->problem));
    return object;
}

struct json_object *build_rows_json(const struct build_rows *rows)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < rows->count; i++)
        json_object_array_add(array, row_json(&rows->rows[i]));
    return array;
}
