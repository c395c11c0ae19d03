/* Options of modules: held against the tables of real modules, in real describe workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "config-modules.h"
#include "config.h"
#include "memory.h"

/* The tests run in a folder of their own, so that places in messages read "test.conf:3". */
static char folder[] = "/tmp/test-config-modules-XXXXXX";

static struct config *load_text(const char *text, const char *build)
{
    CLEANUP_FREE char *error = NULL;
    FILE *file = fopen("test.conf", "w");
    struct config *config;

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    config = config_load("test.conf", build, &error);
    if (!config)
        fail_msg("%s", error);
    return config;
}

static void expect_in(const char *text, const char *words)
{
    if (!text || !strstr(text, words))
        fail_msg("expected \"%s\" in \"%s\"", words, text ? text : "(nothing)");
}

static const char *json_text(struct json_object *object)
{
    return json_object_to_json_string_ext(object,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* Configures the collector of tests/abi with `options`, and a sound sink. */
static struct config *with_options(const char *options)
{
    const char *top = getenv("top_builddir");
    CLEANUP_FREE char *text = memory_format(
        "collectors = ( { module = \"%s/tests/abi/.libs/collector-1.0.so\"; name = \"one\";\n"
        "%s } );\n"
        "sinks = ( { module = \"%s/tests/abi/.libs/sink-1.0.so\"; target = \"%%b\"; } );\n",
        top, options, top);

    return load_text(text, "e2e-1");
}

static bool check(struct config *config, char **ret_error, char **ret_warnings)
{
    CLEANUP_FREE char *program = memory_format("%s/atvm-watcher", getenv("top_builddir"));
    struct module_inspector inspector = {program, 60000};

    return config_check_modules_with(&inspector, config, ret_error, ret_warnings);
}

static void options_are_typed_and_completed(void **state)
{
    struct config *config =
        with_options("patience = \"30s\"; match = [ \"x-%b\" ]; strict = false;");
    CLEANUP_FREE char *error = NULL, *warnings = NULL;

    (void)state;
    if (!check(config, &error, &warnings))
        fail_msg("%s", error);
    assert_null(warnings);
    assert_string_equal(json_text(config->collectors[0].options),
                        "{\"folder\":\"/var/e2e-1\",\"style\":\"short\",\"count\":3,"
                        "\"strict\":false,\"patience\":30000000000,\"limit\":65536,"
                        "\"match\":[\"x-e2e-1\"]}");
    assert_string_equal(json_text(config->sinks[0].options), "{\"target\":\"e2e-1\"}");
    assert_non_null(config->collectors[0].description);
    config_free(config);
}

static void a_wrong_option_is_told_where_what_and_the_remedy(void **state)
{
    static const struct {
        const char *options, *error;
    } cases[] = {
        {"stile = \"long\";", "there is no option \"stile\"; did you mean \"style\"?"},
        {"frequency = 1;", "there is no option \"frequency\"; its options: folder, style, count, "
                           "strict, patience, limit, match, label, password"},
        {"style = \"longer\";",
         "option \"style\": \"longer\" is not allowed; did you mean \"long\"?"},
        {"style = 1;", "option \"style\": expected a string in quotes, got a number"},
        {"count = \"3\";",
         "option \"count\": expected a whole number without quotes, got a string"},
        {"count = 10;", "option \"count\": 10 is out of range; allowed is 1 to 9"},
        {"strict = \"yes\";",
         "option \"strict\": expected true or false without quotes, got a string"},
        {"patience = 5;", "option \"patience\": expected a duration such as \"250ms\", \"5s\", "
                          "\"10m\", \"2h\" or \"1d\", got a number"},
        {"patience = \"soon\";", "option \"patience\": expected a duration such as \"250ms\", "
                                 "\"5s\", \"10m\", \"2h\" or \"1d\", got \"soon\""},
        {"patience = \"2m\";", "option \"patience\": 2m is out of range; allowed is 1s to 1m"},
        {"limit = \"big\";", "option \"limit\": expected a size such as \"64K\", \"16M\" or "
                             "\"1G\", got \"big\""},
        {"match = \"x\";", "option \"match\": expected a list of strings such as [ \"a\", \"b\" ], "
                           "got a string"},
        {"password = \"x\";",
         "option \"password\": is a secret and must not stand in the configuration file; remove it "
         "here and give it as the systemd credential or environment variable TEST_PASSWORD"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct config *config = with_options(cases[i].options);
        CLEANUP_FREE char *error = NULL;
        CLEANUP_FREE char *expected =
            memory_format("test.conf:2: collector \"one\": %s", cases[i].error);

        assert_false(check(config, &error, NULL));
        assert_string_equal(error, expected);
        assert_null(config->collectors[0].description);
        assert_non_null(config->sinks[0].description);
        config_free(config);
    }
}

static void a_size_may_be_written_as_a_number(void **state)
{
    struct config *config = with_options("limit = 4096;");
    CLEANUP_FREE char *error = NULL;

    (void)state;
    assert_true(check(config, &error, NULL));
    assert_int_equal(
        json_object_get_int64(json_object_object_get(config->collectors[0].options, "limit")),
        4096);
    config_free(config);
}

static void a_required_option_has_to_be_given(void **state)
{
    CLEANUP_FREE char *text =
        memory_format("sinks = (\n"
                      "  { module = \"%s/tests/abi/.libs/sink-1.0.so\"; } );\n"
                      "collectors = ( { module = \"none\"; critical = false; "
                      "} );\n",
                      getenv("top_builddir"));
    struct config *config = load_text(text, NULL);
    CLEANUP_FREE char *error = NULL, *warnings = NULL;

    (void)state;
    assert_false(check(config, &error, &warnings));
    assert_string_equal(error, "test.conf:2: sink \"sink-1.0\": option \"target\" is required; add "
                               "it (where it goes)");
    expect_in(warnings, "test.conf:3: collector \"none\": there is no module \"none\" in ");
    config_free(config);
}

static void an_option_can_be_set_from_outside(void **state)
{
    struct config *config = with_options("label = \"from file\";");
    CLEANUP_FREE char *error = NULL;
    struct json_object *options;

    (void)state;
    config_set_collector_option(config, "one", "label", "from command line");
    config_set_collector_option(config, "another", "label", "nobody");
    assert_true(check(config, &error, NULL));
    options = config->collectors[0].options;
    assert_string_equal(json_object_get_string(json_object_object_get(options, "label")),
                        "from command line");
    config_free(config);
}

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    unlink("test.conf");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_typed_and_completed),
        cmocka_unit_test(a_wrong_option_is_told_where_what_and_the_remedy),
        cmocka_unit_test(a_size_may_be_written_as_a_number),
        cmocka_unit_test(a_required_option_has_to_be_given),
        cmocka_unit_test(an_option_can_be_set_from_outside),
    };

    return cmocka_run_group_tests_name("config-modules", tests, enter_folder, leave_folder);
}
