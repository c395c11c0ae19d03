/* What every module may call, and how a module is told that it broke a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "module-host.h"

/* A kind that keeps what its module logs as "level text NAME=value …" lines. */
struct scene {
    struct module_host host;
    char *log;
    struct json_object *values;
};

static char *mark_text(const struct module_host *host, const char *text)
{
    (void)host;
    return memory_format("<%s>", text);
}

static void keep_log(const struct module_host *host, int32_t level, const char *text,
                     const struct atvm_field *fields, size_t count)
{
    struct scene *scene = (struct scene *)host;
    char *log = memory_format("%s%d %s", scene->log, level, text);

    for (size_t i = 0; i < count; i++) {
        char *longer = memory_format("%s %s=%s", log, fields[i].name, fields[i].value);

        free(log);
        log = longer;
    }
    free(scene->log);
    scene->log = memory_format("%s\n", log);
    free(log);
}

/* As a module of a later minor version has it: more stands behind each option. */
struct longer_option {
    struct atvm_option option;
    const char *added_later;
};

static const struct longer_option declared[] = {
    {{"folder", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL, "a string"}, "x"},
    {{"wait", ATVM_OPTION_DURATION, 0, NULL, 0, 0, NULL, "a duration"}, "x"},
    {{"quiet", ATVM_OPTION_BOOLEAN, 0, NULL, 0, 0, NULL, "a boolean"}, "x"},
    {{"words", ATVM_OPTION_STRING_LIST, 0, NULL, 0, 0, NULL, "a list"}, "x"},
    {{"token", ATVM_OPTION_SECRET, 0, NULL, 0, 0, NULL, "a secret"}, "x"},
};

static int setup(void **state)
{
    static const struct module_host_kind kind = {.fit_text = mark_text, .log = keep_log};
    struct scene *scene = memory_zeroed(1, sizeof(*scene));

    scene->log = memory_string("");
    scene->values = json_tokener_parse("{ \"folder\": \"logs\", \"wait\": 5000000000, "
                                       "\"quiet\": true, \"words\": [ \"a\", \"b\" ], "
                                       "\"undeclared\": \"value\" }");
    module_host_init(&scene->host, &kind,
                     &(struct module_host_settings){
                         .instance = "second-junit",
                         .module = "junit",
                         .options = {&declared[0].option, sizeof(declared) / sizeof(*declared),
                                     sizeof(*declared)},
                         .values = scene->values,
                     },
                     &(struct atvm_host){0});
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    module_host_release(&scene->host);
    json_object_put(scene->values);
    free(scene->log);
    free(scene);
    return 0;
}

static void test_options_are_read_by_name_and_type(void **state)
{
    struct scene *scene = *state;
    const struct atvm_host *host = &scene->host.table;
    const char *const *items = NULL;

    assert_string_equal(host->option_string(host->context, "folder"), "logs");
    assert_int_equal(host->option_number(host->context, "wait"), 5000000000);
    assert_int_equal(host->option_number(host->context, "quiet"), 1);
    assert_int_equal(host->option_list(host->context, "words", &items), 2);
    assert_string_equal(items[0], "a");
    assert_string_equal(items[1], "b");
    assert_string_equal(scene->log, "");
}

static void test_an_option_that_is_not_given_is_no_mistake(void **state)
{
    struct scene *scene = *state;
    const struct atvm_host *host = &scene->host.table;
    const char *const *items = NULL;

    json_object_object_del(scene->values, "folder");
    json_object_object_del(scene->values, "wait");
    assert_null(host->option_string(host->context, "folder"));
    assert_int_equal(host->option_number(host->context, "wait"), -1);
    json_object_object_del(scene->values, "words");
    assert_int_equal(host->option_list(host->context, "words", &items), 0);
    assert_null(items);
    assert_string_equal(scene->log, "");
}

static void test_an_option_that_was_not_declared_is_refused_and_told(void **state)
{
    static const char told[] = "4 <module junit breaks a rule of the interface: it reads an option "
                               "that it did not declare with this type: ";
    struct scene *scene = *state;
    const struct atvm_host *host = &scene->host.table;
    const char *const *items = (const char *const *)declared;

    /* Even where the configuration has it. */
    assert_null(host->option_string(host->context, "undeclared"));
    assert_non_null(strstr(scene->log, told));
    assert_non_null(strstr(scene->log, "type: undeclared>\n"));
    assert_null(host->option_string(host->context, "wait"));
    assert_non_null(strstr(scene->log, "type: wait>\n"));
    assert_int_equal(host->option_number(host->context, "folder"), -1);
    assert_non_null(strstr(scene->log, "type: folder>\n"));
    assert_int_equal(host->option_list(host->context, "quiet", &items), 0);
    assert_null(items);
    assert_non_null(strstr(scene->log, "type: quiet>\n"));
    assert_null(host->option_string(host->context, "token"));
    assert_non_null(strstr(scene->log, "type: token>\n"));
    assert_null(host->option_string(host->context, NULL));
    assert_non_null(strstr(scene->log, "with this type>\n"));
}

static void test_log_lines_are_made_fit_with_their_sound_fields(void **state)
{
    static const struct atvm_field fields[] = {
        {"PATH_1", "/x"}, {"lower", "v"}, {NULL, "v"}, {"EMPTY", NULL}, {"", "v"}, {"LAST", "y"},
    };
    static const struct {
        int32_t level;
        const char *message;
        const struct atvm_field *fields;
        size_t count, stride;
        const char *line;
    } rows[] = {
        {ATVM_LOG_INFO, "text", NULL, 0, 0, "6 <text>\n"},
        {ATVM_LOG_DEBUG, "text", fields, 6, sizeof(*fields), "7 <text> PATH_1=</x> LAST=<y>\n"},
        {ATVM_LOG_ERROR, "text", fields, 3, 2 * sizeof(*fields), "3 <text> PATH_1=</x>\n"},
        {ATVM_LOG_ERROR, "text", fields, 6, sizeof(*fields) - 1, "3 <text>\n"},
        {ATVM_LOG_ERROR, "text", NULL, 6, sizeof(*fields), "3 <text>\n"},
        {99, "text", NULL, 0, 0, "5 <text>\n"},
        {-1, "text", NULL, 0, 0, "5 <text>\n"},
        {ATVM_LOG_ERROR, NULL, NULL, 0, 0, ""},
    };
    struct scene *scene = *state;
    const struct atvm_host *host = &scene->host.table;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        scene->log[0] = '\0';
        host->log(host->context, rows[i].level, rows[i].message, rows[i].fields, rows[i].count,
                  rows[i].stride);
        assert_string_equal(scene->log, rows[i].line);
    }
}

static void test_at_most_sixteen_fields_and_names_of_sixty_four_letters(void **state)
{
    struct atvm_field fields[20];
    struct scene *scene = *state;
    const struct atvm_host *host = &scene->host.table;
    char long_name[66] = "";
    size_t count = 0;

    memset(long_name, 'A', 65);
    for (size_t i = 0; i < 20; i++)
        fields[i] = (struct atvm_field){"F", "v"};
    host->log(host->context, ATVM_LOG_INFO, "text", fields, 20, sizeof(*fields));
    for (const char *at = strstr(scene->log, " F="); at; at = strstr(at + 1, " F="))
        count++;
    assert_int_equal(count, 16);

    scene->log[0] = '\0';
    fields[0].name = long_name;
    host->log(host->context, ATVM_LOG_INFO, "text", fields, 1, sizeof(*fields));
    assert_string_equal(scene->log, "6 <text>\n");
    long_name[64] = '\0';
    host->log(host->context, ATVM_LOG_INFO, "text", fields, 1, sizeof(*fields));
    assert_non_null(strstr(scene->log, "AAA=<v>\n"));
}

static void test_the_last_reason_of_a_failure_counts(void **state)
{
    struct scene *scene = *state;
    const struct atvm_host *host = &scene->host.table;

    assert_null(scene->host.failure);
    (host->fail)(host->context, "first");
    (host->fail)(host->context, "second");
    (host->fail)(host->context, NULL);
    assert_string_equal(scene->host.failure, "<second>");
}

static void test_the_table_says_what_it_is(void **state)
{
    struct scene *scene = *state;
    const struct atvm_host *host = &scene->host.table;

    assert_int_equal(host->struct_size, sizeof(struct atvm_host));
    assert_int_equal(host->abi_major, ATVM_ABI_MAJOR);
    assert_int_equal(host->abi_minor, ATVM_ABI_MINOR);
    /* What its kind does not offer stays away. */
    assert_null(host->begin_source);
    assert_null(host->receipt);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_options_are_read_by_name_and_type),
        TEST(test_an_option_that_is_not_given_is_no_mistake),
        TEST(test_an_option_that_was_not_declared_is_refused_and_told),
        TEST(test_log_lines_are_made_fit_with_their_sound_fields),
        TEST(test_at_most_sixteen_fields_and_names_of_sixty_four_letters),
        TEST(test_the_last_reason_of_a_failure_counts),
        TEST(test_the_table_says_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
