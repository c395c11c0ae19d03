/* What was asked of a run outlives its watcher: settings into state.json and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "run-asked.h"
#include "scratch-folder.h"

#define NOON INT64_C(1800000000000000000)

static struct run_settings everything(void)
{
    struct run_settings settings = {
        .build = memory_string("b"),
        .categorized = true,
        .template_name = memory_string("cmc-e2e"),
        .plugin = memory_string("iscsi"),
        .config_family = memory_string("gold"),
        .migration_style = memory_string("pure"),
        .scope_description = memory_string("nightly"),
        .template_command =
            memory_string("python3 cmc-templates.py --token abcdef --test_partition"),
        .since_ns = NOON,
    };

    run_settings_add_hosts(&settings, "atvm1,atvm2");
    run_settings_add_env(&settings, "test-install-only=true");
    run_settings_add_env(&settings, "password=abcdef");
    return settings;
}

/* The folder of a build that was told everything, written and closed. */
static char *folder_of_a_told_build(void)
{
    char *root = scratch_folder_new(), *error = NULL;
    struct run_settings settings = everything();
    struct state *state = NULL;

    assert_int_equal(state_open(root, "b", STATE_OWN, NOON + 5, &state, &error), 0);
    run_settings_note(&settings, state);
    assert_int_equal(state_save(state, &state->run, &error), 0);
    state_close(state);
    run_settings_free(&settings);
    return root;
}

static struct state *look_at(const char *root)
{
    struct state *state = NULL;
    char *error = NULL;

    assert_int_equal(state_open(root, "b", STATE_LOOK, NOON, &state, &error), 0);
    assert_null(state->warnings);
    return state;
}

static void a_later_watcher_knows_all_of_it(void **unused)
{
    char *root = folder_of_a_told_build();
    struct state *state = look_at(root);
    struct run_settings settings = {.since_ns = -1};

    (void)unused;
    run_settings_recall(&settings, state);
    assert_true(settings.categorized);
    assert_true(settings.since_ns == NOON);
    assert_int_equal(settings.host_count, 2);
    assert_string_equal(settings.hosts[1], "atvm2");
    assert_int_equal(settings.env_count, 2);
    assert_string_equal(settings.cypress_env[0], "test-install-only=true");
    assert_null(settings.cypress_env[2]);
    assert_string_equal(settings.template_name, "cmc-e2e");
    assert_string_equal(settings.plugin, "iscsi");
    assert_string_equal(settings.config_family, "gold");
    assert_string_equal(settings.migration_style, "pure");
    assert_string_equal(settings.scope_description, "nightly");
    assert_non_null(strstr(settings.template_command, "--test_partition"));
    run_settings_free(&settings);
    state_close(state);
    scratch_folder_remove(root);
    free(root);
}

static void no_secret_reaches_the_state(void **unused)
{
    char *root = folder_of_a_told_build();
    char *text = scratch_read(root, "b/state.json");

    (void)unused;
    assert_non_null(strstr(text, "--test_partition"));
    assert_null(strstr(text, "abcdef"));
    free(text);
    scratch_folder_remove(root);
    free(root);
}

static void what_is_given_now_stands_before_what_was_given_then(void **unused)
{
    char *root = folder_of_a_told_build();
    struct state *state = look_at(root);
    struct run_settings settings = {.since_ns = 7, .plugin = memory_string("fc")};

    (void)unused;
    run_settings_add_hosts(&settings, "atvm9");
    run_settings_recall(&settings, state);
    assert_true(settings.since_ns == 7);
    assert_string_equal(settings.plugin, "fc");
    assert_int_equal(settings.host_count, 1);
    assert_string_equal(settings.template_name, "cmc-e2e");
    run_settings_free(&settings);
    state_close(state);
    scratch_folder_remove(root);
    free(root);
}

static void a_state_that_was_told_nothing_gives_its_first_sight_as_the_start(void **unused)
{
    char *root = scratch_folder_new(), *error = NULL;
    struct run_settings settings = {.since_ns = -1};
    struct state *state = NULL;

    (void)unused;
    assert_int_equal(state_open(root, "b", STATE_OWN, NOON, &state, &error), 0);
    run_settings_recall(&settings, state);
    assert_true(settings.since_ns == NOON);
    assert_false(settings.categorized);
    assert_null(settings.template_name);
    state_close(state);
    run_settings_free(&settings);
    scratch_folder_remove(root);
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_watcher_knows_all_of_it),
        cmocka_unit_test(no_secret_reaches_the_state),
        cmocka_unit_test(what_is_given_now_stands_before_what_was_given_then),
        cmocka_unit_test(a_state_that_was_told_nothing_gives_its_first_sight_as_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
