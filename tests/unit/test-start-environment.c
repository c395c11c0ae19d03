/* What `start` hands on to the unit: run.env, and what the common file contributes to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "scratch-folder.h"
#include "start-environment.h"

/* Nothing of whoever runs the test. */
static int setup(void **state)
{
    static const char *const names[] = {"ATVM_WATCHER_POLL_INTERVAL", "ATVM_WATCHER_SETTLE",
                                        "ATVM_WATCHER_TEMPLATE",      "ATVM_WATCHER_MODULE_PATH",
                                        "MATTERMOST_ATVM_CHANNEL",    "MATTERMOST_ATVM_WEBHOOK"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    *state = scratch_folder_new();
    return 0;
}

static int teardown(void **state)
{
    scratch_folder_remove(*state);
    free(*state);
    return 0;
}

/* The assignments of run.env, without its comment; free it. */
static char *lines_of(const struct run_settings *settings, const char *config_path)
{
    char *error = NULL, *text = start_environment_text(settings, config_path, &error), *lines;

    assert_null(error);
    assert_int_equal(text[0], '#');
    lines = memory_string(strchr(text, '\n') + 1);
    free(text);
    return lines;
}

static void all_that_was_asked_is_handed_on(void **state)
{
    struct run_settings settings = {
        .categorized = true,
        .template_name = memory_string("cmc-e2e"),
        .plugin = memory_string("iscsi"),
        .config_family = memory_string("gold"),
        .migration_style = memory_string("live"),
        .scope_description = memory_string("a \"quoted\" $word"),
        .template_command = memory_string("cmc-templates.py --token abcdef"),
        .since_ns = INT64_C(1795442520000000007),
    };
    char *lines;

    (void)state;
    run_settings_add_hosts(&settings, "atvm1,atvm2");
    run_settings_add_env(&settings, "test-install-only=true");
    lines = lines_of(&settings, "/etc/other.conf");
    assert_string_equal(lines, "ATVM_WATCHER_CONFIG=\"/etc/other.conf\"\n"
                               "ATVM_WATCHER_TEMPLATE=\"cmc-e2e\"\n"
                               "ATVM_WATCHER_CONFIG_FAMILY=\"gold\"\n"
                               "ATVM_WATCHER_MIGRATION_STYLE=\"live\"\n"
                               "ATVM_WATCHER_INTEGRATION_PLUGIN=\"iscsi\"\n"
                               "ATVM_WATCHER_SCOPE_DESCRIPTION=\"a \\\"quoted\\\" \\$word\"\n"
                               "ATVM_WATCHER_CATEGORIZED=\"true\"\n"
                               "ATVM_WATCHER_TEMPLATE_COMMAND=\"cmc-templates.py --token ***\"\n"
                               "ATVM_WATCHER_HOSTS=\"atvm1,atvm2\"\n"
                               "ATVM_WATCHER_CYPRESS_ENV=\"test-install-only=true\"\n"
                               "ATVM_WATCHER_SINCE=\"1795442520.000000007\"\n");
    free(lines);
    run_settings_free(&settings);
}

static void settings_of_the_shell_are_handed_on_and_no_secret_of_it(void **state)
{
    struct run_settings settings = {.since_ns = -1};
    char *lines;

    (void)state;
    setenv("ATVM_WATCHER_POLL_INTERVAL", "1s", 1);
    setenv("MATTERMOST_ATVM_CHANNEL", "town-square", 1);
    setenv("MATTERMOST_ATVM_WEBHOOK", "https://chat/hooks/secret", 1);
    setenv("ATVM_WATCHER_TEMPLATE", "what the settings say instead", 1);
    setenv("ATVM_WATCHER_SETTLE", "", 1);
    lines = lines_of(&settings, NULL);
    assert_non_null(strstr(lines, "ATVM_WATCHER_POLL_INTERVAL=\"1s\"\n"));
    assert_non_null(strstr(lines, "MATTERMOST_ATVM_CHANNEL=\"town-square\"\n"));
    assert_null(strstr(lines, "secret"));
    assert_null(strstr(lines, "TEMPLATE"));
    assert_null(strstr(lines, "SETTLE"));
    free(lines);
}

static void what_cannot_stand_there_is_refused_by_name(void **state)
{
    struct run_settings settings = {.since_ns = -1,
                                    .scope_description = memory_string("two\nlines")};
    char *error = NULL;

    (void)state;
    assert_null(start_environment_text(&settings, NULL, &error));
    assert_non_null(strstr(error, "ATVM_WATCHER_SCOPE_DESCRIPTION"));
    free(error);
    error = NULL;
    run_settings_free(&settings);
    run_settings_add_env(&settings, "hosts=a,b");
    assert_null(start_environment_text(&settings, NULL, &error));
    assert_non_null(strstr(error, "hosts=a,b"));
    free(error);
    run_settings_free(&settings);
}

static void the_common_file_gives_settings_and_keeps_its_secrets(void **state)
{
    char *path = memory_format("%s/env", (const char *)*state), *error = NULL;

    scratch_write(*state, "env",
                  "MATTERMOST_ATVM_WEBHOOK=https://chat/hooks/secret\n"
                  "ATVM_WATCHER_SETTLE=9s\nATVM_WATCHER_POLL_INTERVAL=2s\nOTHER=1\n");
    setenv("ATVM_WATCHER_POLL_INTERVAL", "1s", 1);
    assert_int_equal(start_environment_load(path, &error), 0);
    assert_string_equal(getenv("ATVM_WATCHER_SETTLE"), "9s");
    assert_string_equal(getenv("ATVM_WATCHER_POLL_INTERVAL"), "1s");
    assert_null(getenv("MATTERMOST_ATVM_WEBHOOK"));
    assert_null(getenv("OTHER"));
    free(path);
}

static void without_the_common_file_nothing_is_wrong(void **state)
{
    char *path = memory_format("%s/env", (const char *)*state), *error = NULL;

    assert_int_equal(start_environment_load(path, &error), 0);
    assert_null(error);
    free(path);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_that_was_asked_is_handed_on),
        TEST(settings_of_the_shell_are_handed_on_and_no_secret_of_it),
        TEST(what_cannot_stand_there_is_refused_by_name),
        TEST(the_common_file_gives_settings_and_keeps_its_secrets),
        TEST(without_the_common_file_nothing_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
