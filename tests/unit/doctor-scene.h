/* A report that rows are added to, and what the tests of `doctor` ask of a row. */
#ifndef ATVM_TESTS_DOCTOR_SCENE_H
#define ATVM_TESTS_DOCTOR_SCENE_H

#include "doctor.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* For cmocka: *state is a struct doctor_report. */
int doctor_scene_setup(void **state);
int doctor_scene_teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, doctor_scene_setup, doctor_scene_teardown)

/* The row that was added last. */
const struct doctor_row *last(const struct doctor_report *report);

/* Fails unless the row is that and its finding has the words; whoever reads one that is not ok must
 * learn what to do. */
void assert_row(const struct doctor_row *row, const char *id, enum doctor_level level,
                const char *words);

#endif
