/* Texts that collectors pass on: valid UTF-8, cut at characters, errors without their stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "error-text.h"
#include "terminal-text.h"
#include "utf8.h"

static void utf8_is_valid_up_to_its_first_wrong_byte(void **state)
{
    static const struct {
        const char *text;
        size_t valid;
    } cases[] = {
        {"", 0},
        {"plain", 5},
        {"\xc3\xa9\xe2\x98\x83\xf0\x9f\x98\x80", 9},
        {"a\x80", 1},                        /* a continuation alone */
        {"a\xc0\xaf", 1},                    /* overlong */
        {"a\xe0\x80\x80", 1},                /* overlong */
        {"a\xed\xa0\x80", 1},                /* a surrogate */
        {"a\xf4\x90\x80\x80", 1},            /* beyond U+10FFFF */
        {"a\xf0\x9f\x98", 1},                /* cut off */
        {"\xed\x9f\xbf\xf4\x8f\xbf\xbf", 7}, /* the last ones that are allowed */
        {"a\xff", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(utf8_valid_length(cases[i].text, strlen(cases[i].text)), cases[i].valid);
}

static void text_is_cut_between_characters(void **state)
{
    static const char text[] = "a\xc3\xa9\xf0\x9f\x98\x80z";
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8};

    (void)state;
    for (size_t limit = 0; limit < sizeof(cuts) / sizeof(cuts[0]); limit++)
        assert_int_equal(utf8_cut(text, strlen(text), limit), cuts[limit]);
}

static void control_sequences_of_a_terminal_are_known_whole(void **state)
{
    static const struct {
        const char *text, *rest;
    } cases[] = {
        {"\x1b", ""},
        {"\x1b[31mred", "red"},
        {"\x1b[1;38;5;196mred", "red"},
        {"\x1b[?25lx", "x"},
        {"\x1b[31", ""},               /* cut off */
        {"\x1b[\xc3\xa9", "\xc3\xa9"}, /* ended by what it cannot hold */
        {"\x1b]0;title\atext", "text"},
        {"\x1b]8;;https://x\x1b\\link", "link"},
        {"\x1bPdevice\x1b\\text", "text"},
        {"\x1b]0;never ended\ntext", "\ntext"},
        {"\x1b(Btext", "text"},
        {"\x1b=text", "text"},
        {"\x1b\xc3\xa9", "\xc3\xa9"},
        {"\x1b\ntext", "\ntext"},
        {"\x1b\x1b[m", "\x1b[m"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(cases[i].text +
                                terminal_sequence_length(cases[i].text, strlen(cases[i].text)),
                            cases[i].rest);
}

static void thrown_errors_are_told_from_words(void **state)
{
    static const struct {
        const char *text;
        bool is_error;
    } cases[] = {
        {"Error: x", true},
        {"Error:", true},
        {"AssertionError: x", true},
        {"CypressError: x", true},
        {"Uncaught TypeError: x", true},
        {"Timed out retrying after 4000ms: x", true},
        {"Timeout of 50ms exceeded.", true},
        {"error: x", false},
        {"Error", false},
        {"Error x: y", false},
        {"an Error: x", false},
        {"Errors: 0", false},
        {"auth error encountered", false},
        {"Timed", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (error_text_begins(cases[i].text, strlen(cases[i].text)) != cases[i].is_error)
            fail_msg("wrong: \"%s\"", cases[i].text);
}

static void text_is_cleaned(void **state)
{
    static const struct {
        const char *text, *clean; /* clean NULL: nothing is left */
    } cases[] = {
        {"", NULL},
        {" \n\t ", NULL},
        {"  x\r\n", "x"},
        {"\x1b[31mred\x1b[39m \x1b[1;4mbold\x1b[0m", "red bold"},
        {"x\x1b", "x"},
        {"x\x1b[31", "x"},
        {"x\x1b[\xc3\xa9", "x\xc3\xa9"},
        {"Error: x\n    at a (b.js:1:2)\n    at <unknown> (c:3:4)\nFrom Your Spec Code:\n"
         "    at Context.eval (d:5:6)",
         "Error: x"},
        {"2 files differ\n    at least one of them", "2 files differ\n    at least one of them"},
        {"    at a (b.js:1:2)", NULL},
        {"Error: x\n\tat a (b.js:1:2)\n  at <anonymous>\nthe rest", "Error: x\nthe rest"},
        {"\x1b]0;title\aError\x1b]8;;never ended\nnext", "Error\nnext"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP_FREE char *clean =
            error_text_clean(cases[i].text, strlen(cases[i].text), ERROR_MESSAGE_LIMIT);

        if (cases[i].clean)
            assert_string_equal(clean, cases[i].clean);
        else
            assert_null(clean);
    }
}

static void long_text_is_cut_at_a_character(void **state)
{
    CLEANUP_FREE char *clean = error_text_clean("abc\xe2\x98\x83", 6, 5);

    (void)state;
    assert_string_equal(clean, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_valid_up_to_its_first_wrong_byte),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(control_sequences_of_a_terminal_are_known_whole),
        cmocka_unit_test(thrown_errors_are_told_from_words),
        cmocka_unit_test(text_is_cleaned),
        cmocka_unit_test(long_text_is_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
