#include "doctor-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void assert_row(const struct doctor_row *row, const char *id, enum doctor_level level,
                const char *words)
{
    assert_string_equal(row->id, id);
    assert_string_equal(doctor_level_name(row->level), doctor_level_name(level));
    if (!strstr(row->found, words))
        fail_msg("\"%s\" does not say \"%s\"", row->found, words);
    assert_true(row->looked || level != DOCTOR_OK);
    assert_int_equal(row->cure != NULL, level != DOCTOR_OK);
}

int doctor_scene_setup(void **state)
{
    struct doctor_report *report = memory_zeroed(1, sizeof(*report));

    doctor_report_init(report);
    *state = report;
    return 0;
}

int doctor_scene_teardown(void **state)
{
    doctor_report_clear(*state);
    free(*state);
    return 0;
}

const struct doctor_row *last(const struct doctor_report *report)
{
    assert_true(report->count > 0);
    return &report->rows[report->count - 1];
}
