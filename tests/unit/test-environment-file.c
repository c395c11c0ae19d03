/* Files of environment variables: what systemd would make of them, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "environment-file.h"
#include "memory.h"

/* All assignments of the text as "NAME<value>" one after the other; free it. */
static char *reading_of(const char *text)
{
    char *buffer = memory_allocate(strlen(text) + 2), *all = memory_string("");
    struct environment_reader reader = {text, text + strlen(text), buffer};
    struct environment_assignment found;

    while (environment_file_next(&reader, &found)) {
        char *longer = memory_format("%s%s<%s>", all, found.name, found.value);

        free(all);
        all = longer;
    }
    free(buffer);
    return all;
}

static void values_are_read_as_systemd_does(void **state)
{
    static const struct {
        const char *text, *reading;
    } cases[] = {
        {"", ""},
        {"A=1", "A<1>"},
        {"A=1\nB=two words  \n", "A<1>B<two words>"},
        {"# A=1\n; A=2\n\n  A=3", "A<3>"},
        {"A=\nB=2", "A<>B<2>"},
        {"A='single \"$x\\n' ", "A<single \"$x\\n>"},
        {"A=\"a \\\"b\\\" \\\\ \\$x \\y\"", "A<a \"b\" \\ $x \\y>"},
        {"A=\"two\nlines\"\nB=1", "A<two\nlines>B<1>"},
        {"A=one\\\ntwo", "A<onetwo>"},
        {"A=\"a\"'b'c", "A<abc>"},
        {"A=#no comment", "A<#no comment>"},
        {"export A=1", "A<1>"},
        {"no assignment\nA=1", "A<1>"},
        {"1A=2\n=3\nA B=4\nC=5", "C<5>"},
        {"A=https://chat.example/hooks/abc=\r\nB=1\r\n", "A<https://chat.example/hooks/abc=>B<1>"},
        {"A=\"never closed", "A<never closed>"},
        {"A=ends in \\", "A<ends in >"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *reading = reading_of(cases[i].text);

        assert_string_equal(reading, cases[i].reading);
        free(reading);
    }
}

static void a_nul_ends_the_text(void **state)
{
    static const char text[] = "A=1\0B=2\n";
    char buffer[sizeof(text) + 2];
    struct environment_reader reader = {text, text + sizeof(text) - 1, buffer};
    struct environment_assignment found;

    (void)state;
    assert_true(environment_file_next(&reader, &found));
    assert_string_equal(found.value, "1");
    assert_false(environment_file_next(&reader, &found));
}

static void what_is_written_is_read_back(void **state)
{
    static const char *const values[] = {
        "",      "plain", "python3 cmc-templates.py --template cmc-e2e --containsVm \"x y\"",
        "$HOME", "`id`",  "back\\slash\\",
        "'",     "\"",    " blanks at both ends ",
        "Ü #;=",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char *line = environment_file_line("A", values[i]);
        char *reading = reading_of(line), *expected = memory_format("A<%s>", values[i]);

        assert_true(environment_file_value_is_valid(values[i]));
        assert_string_equal(reading, expected);
        free(line);
        free(reading);
        free(expected);
    }
}

static void what_would_break_the_file_is_not_valid(void **state)
{
    (void)state;
    assert_false(environment_file_value_is_valid("two\nlines"));
    assert_false(environment_file_value_is_valid("a\ttab"));
    assert_false(environment_file_value_is_valid("\x1b[31m"));
    assert_false(environment_file_value_is_valid("latin1 \xfc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_as_systemd_does),
        cmocka_unit_test(a_nul_ends_the_text),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_would_break_the_file_is_not_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
