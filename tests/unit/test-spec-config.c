/* The spec collector: the Cypress configuration, and the flows of the specs that a run names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <atvm/plugin.h>

#include "cypress-config.h"
#include "fake-host.h"
#include "memory.h"
#include "runlog-records.h"
#include "script-file.h"

#define NS           INT64_C(1000000000)
#define LATER        (INT64_C(4102444800) * NS) /* long after every write */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern const struct atvm_collector atvm_collector;

/* ---------------------------------------------------------------- the configuration's text */

/* "a.ts;b.ts;" */
static char *specs_of(const char *source)
{
    struct cypress_config config;
    struct byte_string result = {0};
    uint32_t line = 0;
    const char *reason = NULL;

    byte_string_append(&result, "", 0, 0);
    if (!cypress_config_read((struct text){source, strlen(source)}, &config, &line, &reason)) {
        assert_non_null(reason);
        byte_string_append(&result, "bad", 3, 100);
    }
    for (size_t i = 0; i < config.spec_count; i++) {
        byte_string_append(&result, config.specs[i].path, strlen(config.specs[i].path), 10000);
        byte_string_append_character(&result, ';', 10000);
    }
    cypress_config_free(&config);
    return result.bytes;
}

static void the_spec_pattern_is_found_however_it_is_written(void **state)
{
    static const struct {
        const char *source, *specs;
    } rows[] = {
        {"export default defineConfig({ e2e: { specPattern: ['a.ts', \"b.ts\", `c.ts`] } });",
         "a.ts;b.ts;c.ts;"},
        {"export default defineConfig({\n"
         "  // specPattern: [\"retired.ts\"],\n"
         "  /* specPattern: 'retired.ts', */\n"
         "  e2e: {\n"
         "    baseUrl: \"https://192.168.3.190\", // specPattern: 'no.ts'\n"
         "    specPattern: [\n      'a.ts',\n      // 'b.ts',\n      'c.ts', /* 'd.ts', */\n    "
         "],\n"
         "    setupNodeEvents(on, config) { config.specPattern = 'no.ts'; return config; },\n"
         "  },\n});",
         "a.ts;c.ts;"},
        {"export default defineConfig({ e2e: { specPattern: 'a.ts' } })", "a.ts;"},
        {"module.exports = { specPattern: 'a.ts' }", "a.ts;"},
        {"module.exports = defineConfig({ \"e2e\": { \"specPattern\": ['a.ts'] } })", "a.ts;"},
        {"export default { specPattern: 'top.ts', e2e: { specPattern: 'a.ts' } }", "a.ts;"},
        {"export default { e2e: { specPattern: 'a.ts' }, specPattern: 'top.ts' }", "a.ts;"},
        {"export default { component: { specPattern: 'no.ts' }, e2e: {} }", ""},
        {"const specs = ['a.ts', 'b.ts'];\nconst config = { e2e: { specPattern: specs } };\n"
         "export default defineConfig(config);",
         "a.ts;b.ts;"},
        {"const specs: string[] = ['a.ts'];\nexport default { e2e: { specPattern: specs } };",
         "a.ts;"},
        {"export default { e2e: { specPattern: ['a.ts' as string, 'b.ts'] as const } }",
         "a.ts;b.ts;"},
        {"export default { e2e: { excludeSpecPattern: 'x.ts', specPattern: ['cypress/**/*.ts'] } }",
         "cypress/**/*.ts;"},
        {"export default { e2e: { url: 'http://x/*', specPattern: 'a.ts', other: '*/' } }",
         "a.ts;"},
        {"\xef\xbb\xbf"
         "export default { e2e: { specPattern: 'a\\u0062.ts' } }",
         "ab.ts;"},
        {"", ""},
        {"specPattern: 'a.ts'", ""},
        {"export default { e2e: { specPattern: ['a.ts', 'b.t", "bad"},
        {"export default { e2e: { specPattern: ['a.ts' } }", "bad"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *got = specs_of(rows[i].source);

        if (strcmp(got, rows[i].specs) != 0)
            fail_msg("got \"%s\", want \"%s\" of:\n%s", got, rows[i].specs, rows[i].source);
        free(got);
    }
}

static void a_cut_configuration_names_nobody(void **state)
{
    static const char source[] = "export default defineConfig({\n  e2e: { specPattern: ['a.ts', "
                                 "'b.ts'] },\n});\n";

    (void)state;
    for (size_t cut = 30; cut < sizeof(source) - 4; cut++) {
        char *start = strndup(source, cut), *got = specs_of(start);

        assert_string_equal(got, "bad");
        free(got);
        free(start);
    }
}

static void the_environment_is_read(void **state)
{
    static const char source[] =
        "export default defineConfig({ env: { plugin: 'fc', \"test-install-only\": false, n: 3,\n"
        "  computed: process.env.X }, e2e: { env: { plugin: 'iscsi' } } });";
    struct cypress_config config;
    uint32_t line;
    const char *reason;
    const struct script_value *value;

    (void)state;
    assert_true(
        cypress_config_read((struct text){source, strlen(source)}, &config, &line, &reason));
    value = script_names_find(&config.environment, TEXT("plugin"));
    assert_string_equal(value->string, "iscsi");
    value = script_names_find(&config.environment, TEXT("test-install-only"));
    assert_int_equal(value->kind, SCRIPT_VALUE_BOOLEAN);
    assert_false(value->boolean);
    value = script_names_find(&config.environment, TEXT("computed"));
    assert_int_equal(value->kind, SCRIPT_VALUE_UNKNOWN);
    cypress_config_free(&config);
}

static void paths_stay_below_the_root(void **state)
{
    static const struct {
        const char *path, *below;
    } rows[] = {
        {"cypress/e2e/a.ts", "cypress/e2e/a.ts"},
        {"./cypress/a.ts", "cypress/a.ts"},
        {"/root/x/a.ts", "a.ts"},
        {"/root/x/../a.ts", NULL},
        {"/root/xy/a.ts", NULL},
        {"/etc/passwd", NULL},
        {"../a.ts", NULL},
        {"a/../../b.ts", NULL},
        {"a/..", NULL},
        {"a..b/c.ts", "a..b/c.ts"},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *below = script_file_below("/root/x", rows[i].path);

        if (!below || !rows[i].below)
            assert_ptr_equal(below, rows[i].below);
        else
            assert_string_equal(below, rows[i].below);
    }
}

/* ---------------------------------------------------------------- the collector on files */

struct test {
    char root[32];
    char *config, *log;
    struct fake_host *fake;
    void *collector;
};

static void open_collector(struct test *test)
{
    test->collector = atvm_collector.create(fake_host_table(test->fake));
    assert_non_null(test->collector);
    assert_int_equal(atvm_collector.configure(test->collector), ATVM_OK);
}

static int set_up(void **state)
{
    struct test *test = memory_zeroed(1, sizeof(*test));
    struct atvm_run *run;

    strcpy(test->root, "/tmp/spec-XXXXXX");
    if (!mkdtemp(test->root))
        return -1;
    test->config = memory_format("%s/cypress.config.ts", test->root);
    test->log = memory_format("%s/run.log", test->root);
    test->fake = fake_host_new(atvm_collector.options, atvm_collector.option_count);
    run = fake_host_run(test->fake);
    run->automation_root = test->root;
    run->cypress_config = test->config;
    run->run_log = test->log;
    fake_host_set_now(test->fake, LATER);
    open_collector(test);
    *state = test;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct test *test = *state;
    int result = nftw(test->root, remove_entry, 4, FTW_DEPTH | FTW_PHYS);

    atvm_collector.destroy(test->collector);
    fake_host_free(test->fake);
    free(test->config);
    free(test->log);
    free(test);
    return result;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void write_spec(const struct test *test, const char *name, const char *text)
{
    char *path = memory_format("%s/%s", test->root, name);

    write_file(path, text);
    free(path);
}

static void collect(const struct test *test)
{
    assert_int_equal(atvm_collector.collect(test->collector), ATVM_COLLECT_COMPLETE);
}

static struct json_object *unit_of(const struct test *test, const char *name)
{
    char *path = memory_format("%s/%s", test->root, name);
    struct json_object *unit = fake_host_unit(test->fake, path);

    free(path);
    return unit;
}

/* The flow of a host as it was told last: "1. a;2. b;". free() it. */
static char *told_flow(const struct test *test, const char *host)
{
    struct json_object *units = fake_host_units(test->fake);
    struct byte_string flow = {0};

    byte_string_append(&flow, "", 0, 0);
    for (size_t i = 0; i < json_object_array_length(units); i++) {
        struct json_object *unit = json_object_array_get_idx(units, i);
        struct json_object *records = json_object_object_get(unit, "evidence");
        const char *stem = record_text(json_object_object_get(unit, "begin"), "stem");

        if (strcmp(stem, host) == 0)
            byte_string_clear(&flow);
        for (size_t j = 0; j < json_object_array_length(records); j++) {
            struct json_object *record = json_object_array_get_idx(records, j);

            if (strcmp(record_text(record, "claim"), "flow-step") != 0 ||
                strcmp(record_text(record, "host"), host) != 0)
                continue;
            byte_string_append(&flow, record_text(record, "step"),
                               strlen(record_text(record, "step")), 100000);
            byte_string_append_character(&flow, ';', 100000);
        }
    }
    return flow.bytes;
}

static void assert_told_flow(const struct test *test, const char *host, const char *wanted)
{
    char *got = told_flow(test, host);

    assert_string_equal(got, wanted);
    free(got);
}

static void nothing_there_says_nothing(void **state)
{
    const struct test *test = *state;

    collect(test);
    assert_int_equal(json_object_array_length(fake_host_units(test->fake)), 0);
    assert_true(fake_host_watches(test->fake, test->config) > 0);
}

static void a_configuration_tells_its_hosts_and_their_flows(void **state)
{
    const struct test *test = *state;
    struct json_object *record, *unit;

    write_file(test->config, "export default {\n  env: { 'pure_plugin_type': 'fc' },\n"
                             "  e2e: {\n    specPattern: [\n      'a1-x.ts',\n      'gone.ts',\n"
                             "      'cypress/e2e/check-xml-files.ts', '*.ts' ] } }\n");
    write_spec(test, "a1-x.ts",
               "if (useFCPlugin) { it('1. a') }\n"
               "if (Cypress.env('pure_plugin_type') == 'fc') { it('2. b') }");
    fake_host_run(test->fake)->plugin = NULL;
    collect(test);
    record = fake_host_find(test->fake, "fact", NULL);
    assert_string_equal(record_text(record, "entity"), "spec-pattern");
    assert_int_equal(record_number(record, "line"), 4);
    record = fake_host_find(test->fake, "expected-host", "a1-x");
    assert_string_equal(record_text(record, "text"), "a1-x.ts");
    assert_int_equal(record_number(record, "line"), 5);
    assert_non_null(fake_host_find(test->fake, "expected-host", "gone"));
    assert_null(fake_host_find(test->fake, "expected-host", "check-xml-files"));
    assert_null(fake_host_find(test->fake, "expected-host", "*"));
    unit = unit_of(test, "cypress.config.ts");
    assert_string_equal(record_text(json_object_object_get(unit, "begin"), "kind"), "config");
    /* without a selected plugin a gate that only speaks of one is not known */
    unit = unit_of(test, "a1-x.ts");
    assert_string_equal(record_text(unit, "quality"), "damaged");
    assert_non_null(strstr(record_text(unit, "reason"), "a1-x.ts:1: whether this test runs"));
    assert_told_flow(test, "a1-x", "");
}

static void what_has_not_changed_is_not_read_again(void **state)
{
    const struct test *test = *state;

    write_file(test->config, "export default { e2e: { specPattern: 'a1-x.ts' } }");
    write_spec(test, "a1-x.ts", "it('1. a')");
    collect(test);
    assert_int_equal(json_object_array_length(fake_host_units(test->fake)), 2);
    collect(test);
    assert_int_equal(json_object_array_length(fake_host_units(test->fake)), 2);
    write_spec(test, "a1-x.ts", "it('1. a');it('2. b')");
    collect(test);
    assert_int_equal(json_object_array_length(fake_host_units(test->fake)), 3);
    assert_told_flow(test, "a1-x", "1. a;2. b;");
    write_file(test->config, "export default { env: { y: 1 }, e2e: { specPattern: 'b2-y.ts' } }");
    collect(test);
    /* the configuration, and the spec that its environment may have changed */
    assert_int_equal(json_object_array_length(fake_host_units(test->fake)), 5);
}

static void the_command_line_stands_before_the_configuration(void **state)
{
    static const char *const environment[] = {"test-install-only=true", NULL};
    struct test *test = *state;

    write_file(test->config, "export default { env: { 'test-install-only': false, "
                             "pure_plugin_type: 'fc' }, e2e: { specPattern: 'a1-x.ts' } }");
    write_spec(test, "a1-x.ts",
               "if (Cypress.env('test-install-only') == true) { it('1. install') }\n"
               "if (Cypress.env('pure_plugin_type') == 'iscsi') { it('2. iscsi') }");
    fake_host_run(test->fake)->cypress_env = environment;
    fake_host_run(test->fake)->plugin = "iscsi";
    atvm_collector.destroy(test->collector);
    open_collector(test);
    collect(test);
    assert_told_flow(test, "a1-x", "1. install;2. iscsi;");
}

static void the_log_names_specs_too(void **state)
{
    const struct test *test = *state;
    struct json_object *units;

    write_spec(test, "a1-x.ts", "it('1. a')");
    write_file(test->log, "2026-04-21 18:20:00 INFO Extracted specPattern: ['a1-x.ts', "
                          "'../out.ts']\n");
    collect(test);
    assert_told_flow(test, "a1-x", "1. a;");
    /* the log itself is its own collector's source */
    units = fake_host_units(test->fake);
    assert_int_equal(json_object_array_length(units), 1);
}

static void odd_files_are_damaged_and_never_followed(void **state)
{
    const struct test *test = *state;
    char *link = memory_format("%s/b2-y.ts", test->root);
    char *fifo = memory_format("%s/c3-z.ts", test->root);
    char *folder = memory_format("%s/cypress", test->root);
    char *elsewhere = memory_format("%s/elsewhere", test->root);

    write_file(test->config, "export default { e2e: { specPattern: ['a1-x.ts', 'b2-y.ts', "
                             "'c3-z.ts', 'cypress/d4-w.ts'] } }");
    write_spec(test, "a1-x.ts", "describe('s', () => {\n it('1. a')\n");
    write_spec(test, "real.ts", "it('1. a')");
    assert_int_equal(symlink("real.ts", link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mkdir(elsewhere, 0700), 0);
    assert_int_equal(symlink("elsewhere", folder), 0);
    write_spec(test, "cypress/d4-w.ts", "it('1. a')");
    collect(test);
    assert_non_null(strstr(record_text(unit_of(test, "a1-x.ts"), "reason"),
                           "a1-x.ts:1: a bracket is not closed"));
    assert_string_equal(record_text(unit_of(test, "a1-x.ts"), "quality"), "damaged");
    assert_non_null(strstr(record_text(unit_of(test, "b2-y.ts"), "reason"), "symbolic link"));
    assert_non_null(strstr(record_text(unit_of(test, "c3-z.ts"), "reason"), "regular file"));
    assert_string_equal(record_text(unit_of(test, "cypress/d4-w.ts"), "quality"), "damaged");
    assert_null(fake_host_find(test->fake, "flow-step", NULL));
    free(elsewhere);
    free(link);
    free(fifo);
    free(folder);
}

static void a_spec_that_is_being_written_is_read_again(void **state)
{
    const struct test *test = *state;
    struct stat status;

    write_file(test->config, "export default { e2e: { specPattern: 'a1-x.ts' } }");
    write_spec(test, "a1-x.ts", "describe('s', () => {\n it('1. a')\n");
    {
        char *path = memory_format("%s/a1-x.ts", test->root);

        assert_int_equal(stat(path, &status), 0);
        free(path);
    }
    fake_host_set_now(test->fake, status.st_mtim.tv_sec * NS + status.st_mtim.tv_nsec + NS / 2);
    collect(test);
    assert_string_equal(record_text(unit_of(test, "a1-x.ts"), "quality"), "growing");
    fake_host_set_now(test->fake, LATER);
    collect(test);
    assert_string_equal(record_text(unit_of(test, "a1-x.ts"), "quality"), "damaged");
}

/* ---------------------------------------------------------------- recorded runs */

static char *joined(struct json_object *steps)
{
    struct byte_string flow = {0};

    byte_string_append(&flow, "", 0, 0);
    for (size_t i = 0; i < json_object_array_length(steps); i++) {
        const char *step = json_object_get_string(json_object_array_get_idx(steps, i));

        byte_string_append(&flow, step, strlen(step), 100000);
        byte_string_append_character(&flow, ';', 100000);
    }
    return flow.bytes;
}

static struct json_object *read_json(const char *scenario, const char *file)
{
    char *path = memory_format("tests/fixtures/%s/%s", scenario, file);
    size_t length;
    char *content = read_tree_file(path, &length);
    struct json_object *object = content ? json_tokener_parse(content) : NULL;

    free(path);
    free(content);
    return object;
}

/* Every host whose spec is there has the flow of the truth. Returns how many there were. */
static size_t compare_flows(const char *scenario, struct json_object *input,
                            struct json_object *expected)
{
    static const char *const install_only[] = {"test-install-only=true", NULL};
    char *wanted = joined(json_object_object_get(expected, "test_flow"));
    struct json_object *hosts = json_object_object_get(expected, "hosts");
    struct test test = {.fake = fake_host_new(atvm_collector.options, atvm_collector.option_count)};
    struct atvm_run *run = fake_host_run(test.fake);
    char *root = memory_format("%s/tests/fixtures/%s/root", getenv("top_srcdir"), scenario);
    const char *plugin = record_text(input, "plugin");
    size_t compared = 0;

    run->automation_root = root;
    run->cypress_config = memory_format("%s/%s", root, record_text(input, "config"));
    run->run_log = memory_format("%s/../run.log", root);
    run->plugin = *plugin ? plugin : NULL;
    if (json_object_get_boolean(json_object_object_get(input, "install_only")))
        run->cypress_env = install_only;
    fake_host_set_now(test.fake, LATER);
    open_collector(&test);
    collect(&test);
    for (size_t i = 0; i < json_object_array_length(hosts); i++) {
        const char *host = record_text(json_object_array_get_idx(hosts, i), "host");
        char *got = told_flow(&test, host);

        if (*got && strcmp(got, wanted) != 0)
            fail_msg("%s: the flow of %s is %s", scenario, host, got);
        compared += *got != '\0';
        free(got);
    }
    atvm_collector.destroy(test.collector);
    free((char *)run->cypress_config);
    free((char *)run->run_log);
    fake_host_free(test.fake);
    free(root);
    free(wanted);
    return compared;
}

static void recorded_runs_have_the_flow_of_their_truth(void **state)
{
    char *path = memory_format("%s/tests/fixtures", getenv("top_srcdir"));
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t scenarios = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        struct json_object *expected = read_json(entry->d_name, "expected.json");
        struct json_object *input = read_json(entry->d_name, "input.json");

        if (expected && json_object_object_get(expected, "test_flow")) {
            if (compare_flows(entry->d_name, input, expected) == 0)
                fail_msg("%s: no host has a flow", entry->d_name);
            scenarios++;
        }
        json_object_put(expected);
        json_object_put(input);
    }
    closedir(folder);
    free(path);
    assert_true(scenarios > 30);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spec_pattern_is_found_however_it_is_written),
        cmocka_unit_test(a_cut_configuration_names_nobody),
        cmocka_unit_test(the_environment_is_read),
        cmocka_unit_test(paths_stay_below_the_root),
        TEST(nothing_there_says_nothing),
        TEST(a_configuration_tells_its_hosts_and_their_flows),
        TEST(what_has_not_changed_is_not_read_again),
        TEST(the_command_line_stands_before_the_configuration),
        TEST(the_log_names_specs_too),
        TEST(odd_files_are_damaged_and_never_followed),
        TEST(a_spec_that_is_being_written_is_read_again),
        cmocka_unit_test(recorded_runs_have_the_flow_of_their_truth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
