/* The rows of a doctor's report for people, and as JSON: pure. */
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "render-json-value.h"

/* ---- for people */

/* In the order in which they are shown; an id begins with its group and a dot. */
static const struct {
    const char *name, *title;
} groups[] = {
    {"config", "Configuration"}, {"modules", "Modules"},
    {"versions", "Versions"},    {"permissions", "Permissions"},
    {"sinks", "Sinks"},          {"machine", "Machine"},
    {"builds", "Builds"},        {"posts", "Posts"},
    {"service", "Service"},      {"journal", "Journal of the last ten minutes"},
};
#define GROUP_COUNT (sizeof(groups) / sizeof(*groups))

/* ECMA-48: select graphic rendition. */
static const char *const colours[] = {"\033[32m", "\033[33m", "\033[1;31m"};
#define COLOUR_END "\033[0m"

#define LEVEL_WIDTH 4

static bool is_in_group(const struct doctor_row *row, const char *group)
{
    size_t length = strlen(group);

    return strncmp(row->id, group, length) == 0 && row->id[length] == '.';
}

static bool is_shown(const struct doctor_row *row, const struct doctor_text_style *style)
{
    return row->level != DOCTOR_OK || !style->problems;
}

static size_t widest_id(const struct doctor_report *report, const struct doctor_text_style *style)
{
    size_t width = 0;

    for (size_t i = 0; i < report->count; i++)
        if (is_shown(&report->rows[i], style) && strlen(report->rows[i].id) > width)
            width = strlen(report->rows[i].id);
    return width;
}

static void print_row(struct obstack *text, const struct doctor_row *row, size_t width,
                      const struct doctor_text_style *style)
{
    const char *level = doctor_level_name(row->level);

    obstack_printf(text, "  %s%s%s%*s  %-*s  ", style->colour ? colours[row->level] : "", level,
                   style->colour ? COLOUR_END : "", (int)(LEVEL_WIDTH - strlen(level)), "",
                   (int)width, row->id);
    if (row->subject)
        obstack_printf(text, "%s: ", row->subject);
    obstack_printf(text, "%s%s\n", row->looked ? "" : "could not look: ", row->found);
    if (row->cure)
        obstack_printf(text, "%*s-> %s\n", (int)(2 + LEVEL_WIDTH + 2 + width + 2), "", row->cure);
}

static void print_group(struct obstack *text, const struct doctor_report *report, size_t group,
                        size_t width, const struct doctor_text_style *style)
{
    bool begun = false;

    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_row *row = &report->rows[i];

        if (!is_in_group(row, groups[group].name) || !is_shown(row, style))
            continue;
        if (!begun)
            obstack_printf(text, "%s\n", groups[group].title);
        begun = true;
        print_row(text, row, width, style);
    }
}

char *doctor_report_text(const struct doctor_report *report, const struct doctor_text_style *style)
{
    size_t width = widest_id(report, style);
    struct obstack text;
    char *result;

    obstack_init(&text);
    for (size_t i = 0; i < GROUP_COUNT; i++)
        print_group(&text, report, i, width, style);
    obstack_printf(&text, "%zu bad, %zu warn, %zu ok\n", doctor_count(report, DOCTOR_BAD),
                   doctor_count(report, DOCTOR_WARN), doctor_count(report, DOCTOR_OK));
    obstack_1grow(&text, '\0');
    result = memory_string(obstack_finish(&text));
    obstack_free(&text, NULL);
    return result;
}

/* ---- for programs */

static struct json_object *row_json(const struct doctor_row *row)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "id", json_object_new_string(row->id));
    json_object_object_add(object, "subject",
                           row->subject ? json_object_new_string(row->subject) : NULL);
    json_object_object_add(object, "level", json_object_new_string(doctor_level_name(row->level)));
    json_object_object_add(object, "looked", json_object_new_boolean(row->looked));
    json_object_object_add(object, "found", json_object_new_string(row->found));
    json_object_object_add(object, "cure", row->cure ? json_object_new_string(row->cure) : NULL);
    return object;
}

struct json_object *doctor_report_json(const struct doctor_report *report, const char *build,
                                       int64_t now_ns)
{
    struct json_object *object = json_object_new_object();
    struct json_object *rows = json_object_new_array();

    for (size_t i = 0; i < report->count; i++)
        json_object_array_add(rows, row_json(&report->rows[i]));
    json_object_object_add(object, "schema", json_object_new_string("atvm.doctor/1"));
    json_object_object_add(object, "time", json_value_time(now_ns));
    json_object_object_add(object, "build", build ? json_object_new_string(build) : NULL);
    json_object_object_add(object, "worst",
                           json_object_new_string(doctor_level_name(doctor_worst(report))));
    json_object_object_add(object, "rows", rows);
    return object;
}
