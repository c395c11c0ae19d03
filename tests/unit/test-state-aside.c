/* Another run of the same name: the earlier one's folder is kept in the history, whole. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory.h"
#include "scratch-folder.h"
#include "state-aside.h"
#include "state-lock.h"

/* 2026-11-23 14:02:00 UTC */
#define NOW INT64_C(1795442520000000000)

static int setup(void **state)
{
    *state = scratch_folder_new();
    return 0;
}

static int teardown(void **state)
{
    scratch_folder_remove(*state);
    free(*state);
    return 0;
}

static void make(const char *root, const char *name)
{
    char *path = memory_format("%s/%s", root, name);

    assert_int_equal(mkdir(path, 0750), 0);
    free(path);
}

/* Where it went, relative to the root; free it. */
static char *moved(const char *root)
{
    char *aside = NULL, *error = NULL, *relative;

    assert_int_equal(state_move_aside(root, "b", NOW, &aside, &error), 0);
    assert_null(error);
    if (!aside)
        return memory_string("nowhere");
    relative = memory_string(aside + strlen(root) + 1);
    free(aside);
    return relative;
}

static void a_run_goes_to_the_history_whole(void **state)
{
    char *went;

    make(*state, "b");
    make(*state, "b/outbox");
    scratch_write(*state, "b/state.json", "old");
    scratch_write(*state, "b/outbox/record", "kept");
    went = moved(*state);
    assert_string_equal(went, "b/history/20261123T140200Z");
    assert_true(scratch_exists(*state, "b/history/20261123T140200Z/state.json"));
    assert_true(scratch_exists(*state, "b/history/20261123T140200Z/outbox/record"));
    assert_false(scratch_exists(*state, "b/state.json"));
    assert_false(scratch_exists(*state, ".b.aside"));
    free(went);
}

static void what_never_was_is_not_set_aside(void **state)
{
    char *went = moved(*state);

    assert_string_equal(went, "nowhere");
    free(went);
    make(*state, "b");
    scratch_write(*state, "b/lock", "");
    went = moved(*state);
    assert_string_equal(went, "nowhere");
    assert_false(scratch_exists(*state, "b/history"));
    free(went);
}

static void the_history_stays_in_one_place(void **state)
{
    make(*state, "b");
    make(*state, "b/history");
    make(*state, "b/history/20261123T140200Z");
    scratch_write(*state, "b/history/20261123T140200Z/state.json", "oldest");
    scratch_write(*state, "b/state.json", "older");
    free(moved(*state));
    assert_true(scratch_exists(*state, "b/history/20261123T140200Z/state.json"));
    assert_true(scratch_exists(*state, "b/history/20261123T140200Z-2/state.json"));
    assert_false(scratch_exists(*state, "b/history/20261123T140200Z-2/history"));
}

static void an_interrupted_move_is_finished_by_the_next(void **state)
{
    char *went;

    make(*state, ".b.aside");
    make(*state, ".b.aside/history");
    scratch_write(*state, ".b.aside/history/oldest", "");
    scratch_write(*state, ".b.aside/state.json", "old");
    went = moved(*state);
    assert_string_equal(went, "b/history/20261123T140200Z");
    assert_true(scratch_exists(*state, "b/history/20261123T140200Z/state.json"));
    assert_true(scratch_exists(*state, "b/history/oldest"));
    assert_false(scratch_exists(*state, ".b.aside"));
    free(went);
}

static void a_run_that_began_meanwhile_is_kept_apart_from_the_interrupted_one(void **state)
{
    make(*state, ".b.aside");
    scratch_write(*state, ".b.aside/state.json", "old");
    make(*state, "b");
    scratch_write(*state, "b/state.json", "meanwhile");
    free(moved(*state));
    assert_true(scratch_exists(*state, "b/history/20261123T140200Z/state.json"));
    assert_true(scratch_exists(*state, "b/history/20261123T140200Z-2/state.json"));
}

static void a_watched_run_stays_where_it_is(void **state)
{
    char *lock = memory_format("%s/b/lock", (const char *)*state), *aside = NULL, *error = NULL;
    int descriptor = -1;

    make(*state, "b");
    scratch_write(*state, "b/state.json", "live");
    assert_int_equal(state_lock_take(lock, STATE_LOCK_WATCH, NOW, &descriptor, &error), 0);
    assert_int_equal(state_move_aside(*state, "b", NOW, &aside, &error), -EBUSY);
    assert_non_null(strstr(error, "has this build"));
    assert_null(aside);
    assert_true(scratch_exists(*state, "b/state.json"));
    close(descriptor);
    free(lock);
    free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_goes_to_the_history_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(what_never_was_is_not_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(the_history_stays_in_one_place, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interrupted_move_is_finished_by_the_next, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_run_that_began_meanwhile_is_kept_apart_from_the_interrupted_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watched_run_stays_where_it_is, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
