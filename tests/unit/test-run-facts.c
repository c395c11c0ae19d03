/* What is told of a run, by command line, environment and template command; and the facts that the
 * status message makes of it, the configuration and the inventory. */
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
#include "memory.h"
#include "message-tag.h"
#include "run-facts.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const variables[] = {
    "ATVM_WATCHER_TEMPLATE",        "ATVM_WATCHER_INTEGRATION_PLUGIN",
    "ATVM_WATCHER_CATEGORIZED",     "ATVM_WATCHER_CONFIG_FAMILY",
    "ATVM_WATCHER_MIGRATION_STYLE", "ATVM_WATCHER_SCOPE_DESCRIPTION",
    "ATVM_WATCHER_TEMPLATE_COMMAND"};

/* Every test runs in a folder of its own and without what its own environment says. */
static char folder[] = "/tmp/test-run-facts-XXXXXX";

static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        unsetenv(variables[i]);
    return 0;
}

static void assert_text(const char *text, const char *expected)
{
    if (expected)
        assert_string_equal(text ? text : "(null)", expected);
    else
        assert_null(text);
}

/* ---- what is told of a run */

static void the_environment_says_what_the_command_line_does_not(void **state)
{
    struct run_settings settings = {.template_name = memory_string("of-the-command-line")};

    (void)state;
    setenv("ATVM_WATCHER_TEMPLATE", "of-the-environment", 1);
    setenv("ATVM_WATCHER_INTEGRATION_PLUGIN", "iscsi", 1);
    setenv("ATVM_WATCHER_CATEGORIZED", "True", 1);
    setenv("ATVM_WATCHER_CONFIG_FAMILY", "gold", 1);
    setenv("ATVM_WATCHER_MIGRATION_STYLE", "local", 1);
    setenv("ATVM_WATCHER_SCOPE_DESCRIPTION", "nightly", 1);
    setenv("ATVM_WATCHER_TEMPLATE_COMMAND", "python3 x.py --template y", 1);
    run_settings_add_environment(&settings);
    assert_string_equal(settings.template_name, "of-the-command-line");
    assert_text(settings.plugin, "iscsi");
    assert_true(settings.categorized);
    assert_text(settings.config_family, "gold");
    assert_text(settings.migration_style, "local");
    assert_text(settings.scope_description, "nightly");
    assert_text(settings.template_command, "python3 x.py --template y");
    run_settings_free(&settings);
    assert_null(settings.template_command);
}

static void empty_or_senseless_variables_count_as_not_set(void **state)
{
    struct run_settings settings = {0};

    (void)state;
    setenv("ATVM_WATCHER_TEMPLATE", "", 1);
    setenv("ATVM_WATCHER_INTEGRATION_PLUGIN", "fcp", 1);
    setenv("ATVM_WATCHER_CATEGORIZED", "perhaps", 1);
    run_settings_add_environment(&settings);
    assert_null(settings.template_name);
    assert_null(settings.plugin);
    assert_false(settings.categorized);
    run_settings_free(&settings);
}

static void the_environment_takes_nothing_back(void **state)
{
    struct run_settings settings = {.categorized = true};

    (void)state;
    setenv("ATVM_WATCHER_CATEGORIZED", "0", 1);
    run_settings_add_environment(&settings);
    assert_true(settings.categorized);
    run_settings_free(&settings);
}

static void the_template_command_says_what_nobody_else_does(void **state)
{
    static const struct {
        const char *command, *template_name, *plugin;
    } rows[] = {
        {"python3 cmc-templates.py --template cmc-e2e --use_specified_plugin fc", "cmc-e2e", "fc"},
        {"SSHPASS=x sshpass -e ssh root@c 'cd /r && python3 cmc-templates.py --template=cmc-reboot "
         "--use_specified_plugin=both'",
         "cmc-reboot", "both"},
        {"python3 cmc-templates.py --template", NULL, NULL},
        {"python3 cmc-templates.py --use_specified_plugin none --randomize", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run_settings settings = {0};

        setenv("ATVM_WATCHER_TEMPLATE_COMMAND", rows[i].command, 1);
        run_settings_add_environment(&settings);
        assert_text(settings.template_name, rows[i].template_name);
        assert_text(settings.plugin, rows[i].plugin);
        run_settings_free(&settings);
    }
}

/* ---- the configured flow */

static struct config *config_of(const char *text)
{
    CLEANUP_FREE char *error = NULL;
    FILE *file = fopen("test.conf", "w");
    struct config *config;

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    config = config_load("test.conf", "b", &error);
    if (!config)
        fail_msg("%s", error);
    return config;
}

static void the_policy_has_the_flow_of_the_template(void **state)
{
    struct config *config =
        config_of("templates = { cmc-reboot = { flow = [ \"1. a\", \"2. b\" ]; }; };\n");
    struct run_settings settings = {.template_name = (char *)"cmc-reboot"};
    struct policy policy;

    (void)state;
    run_settings_to_policy(&settings, config, &policy);
    assert_int_equal(policy.flow_count, 2);
    assert_string_equal(policy.flow[1], "2. b");
    settings.template_name = (char *)"cmc-e2e"; /* built in */
    run_settings_to_policy(&settings, config, &policy);
    assert_int_equal(policy.flow_count, 22);
    settings.template_name = (char *)"cmc-systemOS";
    run_settings_to_policy(&settings, config, &policy);
    assert_int_equal(policy.flow_count, 0);
    settings.template_name = NULL;
    run_settings_to_policy(&settings, config, &policy);
    assert_int_equal(policy.flow_count, 0);
    assert_null(policy.flow);
    config_free(config);
}

/* ---- facts */

static void facts_are_those_of_settings_and_configuration(void **state)
{
    struct config *config = config_of("cypress_config = \"/r/configs/cypress.gold.ts\";\n"
                                      "time_zone = \"UTC\";\n");
    struct run_settings settings = {.template_name = memory_string("cmc-e2e"),
                                    .plugin = memory_string("fc"),
                                    .config_family = memory_string("gold"),
                                    .migration_style = memory_string("local"),
                                    .scope_description = memory_string("nightly"),
                                    .template_command = memory_string("run --x")};
    struct run_facts *facts = run_facts_new(&settings, config);

    (void)state;
    /* They live on without what they were made of. */
    run_settings_free(&settings);
    config_free(config);
    assert_text(facts->template_name, "cmc-e2e");
    assert_text(facts->config_name, "cypress.gold.ts");
    assert_text(facts->config_family, "gold");
    assert_text(facts->plugin, "fc");
    assert_text(facts->migration_style, "local");
    assert_text(facts->scope_description, "nightly");
    assert_text(facts->template_command, "run --x");
    assert_text(facts->time_zone, "UTC");
    assert_false(facts->takes_no_plugin);
    assert_int_equal(facts->skipped_count, 0);
    run_facts_free(facts);
    run_facts_free(NULL);
}

static void templates_without_plugin_are_known_and_can_be_configured(void **state)
{
    struct config *config = config_of("templates = { cmc-thing = { plugin = false; }; };\n");
    static const struct {
        const char *name;
        bool takes_no_plugin;
    } rows[] = {{"cmc-systemOS", true},
                {"cmc-thing", true},
                {"cmc-e2e", false},
                {"other", false},
                {NULL, false}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run_settings settings = {.template_name = (char *)rows[i].name};
        struct run_facts *facts = run_facts_new(&settings, config);

        assert_int_equal(facts->takes_no_plugin, rows[i].takes_no_plugin);
        run_facts_free(facts);
    }
    config_free(config);
}

#define BLACKLIST                                                                                  \
    "blacklist = ( { vm = \"atvm6-centos6.0\"; reason = \"R6\"; },\n"                              \
    "              { vm = \"atvm113-debian9.0.0\"; reason = \"R113\"; },\n"                        \
    "              { vm = \"atvm115-debian9.1.0\"; reason = \"R115\"; } );\n"

/* Names of the hosts that are told of, joined by blanks. */
static char *skipped_names(const struct run_facts *facts)
{
    char *names = memory_string("");

    for (size_t i = 0; i < facts->skipped_count; i++) {
        CLEANUP_FREE char *earlier = names;

        names = memory_format("%s%s%s", earlier, *earlier ? " " : "", facts->skipped[i].host);
        assert_int_equal(facts->skipped[i].text[0], 'R');
    }
    return names;
}

static void blacklisted_hosts_are_told_of_where_they_concern_the_run(void **state)
{
    struct config *config = config_of(BLACKLIST);
    static const struct {
        const char *hosts, *command, *expected;
    } rows[] = {
        {NULL, NULL, ""},
        {NULL, "run --containsVm debian", ""},
        {"atvm1-x,atvm6-centos6.0", NULL, "atvm6-centos6.0"},
        {"atvm1-x", NULL, ""},
        {"atvm6-centos6.00", NULL, ""},
        {NULL, "run --specify_vms atvm1-x,atvm115-debian9.1.0", "atvm115-debian9.1.0"},
        {NULL, "run --specify_vms atvm115-debian9.1.0.1", ""},
        {NULL, "run --exclude_partial_match debian9", "atvm113-debian9.0.0 atvm115-debian9.1.0"},
        {NULL, "run --exclude_partial_match=atvm6-centos6.0,9.1",
         "atvm6-centos6.0 "
         "atvm115-debian9.1.0"},
        {NULL, "run --exclude_partial_match atvm6 --exclude_partial_match atvm113",
         "atvm6-centos6.0 atvm113-debian9.0.0"},
        {NULL, "run --exclude_partial_match ,,", ""},
        {NULL, "run --exclude_partial_match", ""},
        /* A launch adds the whole blacklist: what the selector would not have chosen is no news. */
        {NULL,
         "run --containsVm debian --exclude_partial_match atvm6-centos6.0,atvm113-debian9.0.0",
         "atvm113-debian9.0.0"},
        {NULL, "ssh root@c 'run --exclude_partial_match \"atvm113-debian9.0.0\"'",
         "atvm113-debian9.0.0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run_settings settings = {.template_command = memory_string(rows[i].command)};
        CLEANUP_FREE char *names = NULL;
        struct run_facts *facts;

        assert_true(!rows[i].hosts || run_settings_add_hosts(&settings, rows[i].hosts));
        facts = run_facts_new(&settings, config);
        names = skipped_names(facts);
        assert_string_equal(names, rows[i].expected);
        run_facts_free(facts);
        run_settings_free(&settings);
    }
    config_free(config);
}

static void kernels_are_those_of_the_inventory(void **state)
{
    CLEANUP_FREE char *text = memory_format("vm_inventory = \"%s/inventory.md\";\n", folder);
    struct run_settings settings = {0};
    struct config *config;
    struct run_facts *facts;
    FILE *file = fopen("inventory.md", "w");

    (void)state;
    assert_non_null(file);
    assert_true(fputs("| Host | Kernel |\n|---|---|\n| a | 5.14 |\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    config = config_of(text);
    facts = run_facts_new(&settings, config);
    assert_int_equal(facts->kernel_count, 1);
    assert_string_equal(facts->kernels[0].host, "a");
    assert_string_equal(facts->kernels[0].text, "5.14");
    run_facts_free(facts);
    /* One that is there but empty is an inventory all the same: every host is n/a. */
    file = fopen("inventory.md", "w");
    assert_non_null(file);
    assert_true(fputs("| Host | Kernel |\n|---|---|\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    facts = run_facts_new(&settings, config);
    assert_int_equal(facts->kernel_count, 0);
    assert_non_null(facts->kernels);
    run_facts_free(facts);
    /* One that cannot be read is none. */
    assert_int_equal(unlink("inventory.md"), 0);
    facts = run_facts_new(&settings, config);
    assert_null(facts->kernels);
    run_facts_free(facts);
    config_free(config);
}

/* ---- the tag of a message */

static void each_message_of_each_run_has_a_key_and_a_tag_of_its_own(void **state)
{
    CLEANUP_FREE char *key = message_key("b", "b-ubuntu", 1776327600);
    CLEANUP_FREE char *other_scope = message_key("b", "b-redhat", 1776327600);
    CLEANUP_FREE char *later_run = message_key("b", "b-ubuntu", 1776327601);
    CLEANUP_FREE char *first_part = message_part_key(key, 1), *second = message_part_key(key, 2);
    CLEANUP_FREE char *tag = message_tag(key), *again = message_tag(key);
    CLEANUP_FREE char *tag_of_other = message_tag(other_scope),
                      *tag_of_later = message_tag(later_run);

    (void)state;
    assert_string_equal(key, "b/b-ubuntu@1776327600");
    assert_string_equal(first_part, key);
    assert_string_equal(second, "b/b-ubuntu@1776327600+2");
    assert_string_equal(tag, "Message 8d6e6099");
    assert_string_equal(again, tag);
    assert_string_not_equal(tag_of_other, tag);
    assert_string_not_equal(tag_of_later, tag);
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
    unlink("inventory.md");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

#define TEST(function) cmocka_unit_test_setup(function, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_environment_says_what_the_command_line_does_not),
        TEST(empty_or_senseless_variables_count_as_not_set),
        TEST(the_environment_takes_nothing_back),
        TEST(the_template_command_says_what_nobody_else_does),
        TEST(the_policy_has_the_flow_of_the_template),
        TEST(facts_are_those_of_settings_and_configuration),
        TEST(templates_without_plugin_are_known_and_can_be_configured),
        TEST(blacklisted_hosts_are_told_of_where_they_concern_the_run),
        TEST(kernels_are_those_of_the_inventory),
        TEST(each_message_of_each_run_has_a_key_and_a_tag_of_its_own),
    };

    return cmocka_run_group_tests_name("run-facts", tests, enter_folder, leave_folder);
}
