/* Foreign text on its way to people: cleaned, without secrets, escaped for its target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "render-command.h"
#include "render-escape.h"
#include "render-excerpt.h"
#include "render-secret.h"

#define ZWSP            "\xE2\x80\x8B"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct pair {
    const char *given, *expected;
};

static struct obstack memory;

static int begin(void **state)
{
    (void)state;
    obstack_init(&memory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    obstack_free(&memory, NULL);
    return 0;
}

static void check(const struct pair *pairs, size_t count,
                  char *(*function)(struct obstack *memory, const char *text))
{
    for (size_t i = 0; i < count; i++)
        assert_string_equal(function(&memory, pairs[i].given), pairs[i].expected);
}

static void a_line_is_clean(void **state)
{
    static const struct pair pairs[] = {
        {NULL, ""},
        {"", ""},
        {"  plain \t text\r\nof two\n\nlines ", "plain text of two lines"},
        /* terminal sequences: colours, titles, hyperlinks, an unfinished one, 8-bit introducer */
        {"\033[31mred\033[0m \033[1;38;5;200mbold", "red bold"},
        {"\033]0;title\ashown \033]8;;http://x\033\\link\033]8;;\033\\", "shown link"},
        {"\033]0;never ends\nnext line", "next line"},
        {"\033", ""},
        {"a\033(Bb\033=c", "abc"},
        {"\xC2\x9B"
         "31mred",
         "red"},
        /* control characters, and those that turn the direction of writing */
        {"a\001\b\x7F"
         "b\xC2\x85"
         "c",
         "abc"},
        {"FAIL \xE2\x80\xAE"
         "SSAP\xE2\x80\xAC \xE2\x81\xA6",
         "FAIL SSAP"},
        {"one\xE2\x80\xA8two", "one two"},
        {"\xEF\xBB\xBFmark", "mark"},
        /* what is not UTF-8: stray, cut off, too long, surrogate, beyond Unicode */
        {"a\x80z", "a\xEF\xBF\xBDz"},
        {"a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF5", "\xEF\xBF\xBD"},
        {"\xE6\xBC\xA2\xE5\xAD\x97 \xF0\x9F\x98\x80 \xC3\xA4", "漢字 😀 ä"},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), escape_line);
}

static void a_block_keeps_its_lines(void **state)
{
    static const struct pair pairs[] = {
        {NULL, ""},
        {"\n \n  one\r\n\ttwo\rthree\n\n", "  one\n\ttwo\nthree"},
        {" \t\n", ""},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), escape_block);
}

static char *markdown_inside(struct obstack *stack, const char *text)
{
    return escape_markdown(stack, text, false);
}

static char *markdown_at_start(struct obstack *stack, const char *text)
{
    return escape_markdown(stack, text, true);
}

static void markdown_does_not_break_out(void **state)
{
    static const struct pair pairs[] = {
        {"plain - text. (22 tests)", "plain - text. (22 tests)"},
        {"@channel @all @here root@host",
         "@" ZWSP "channel @" ZWSP "all @" ZWSP "here root@" ZWSP "host"},
        {"*a* **b** `c` ```", "\\*a\\* \\*\\*b\\*\\* \\`c\\` \\`\\`\\`"},
        {"[text](http://x) ![i](u)", "\\[text\\](http://x) !\\[i\\](u)"},
        {"a|b ~~c~~", "a\\|b \\~\\~c\\~\\~"},
        {"<b> <!here> <u|l>", "&lt;b&gt; &lt;!here&gt; &lt;u\\|l&gt;"},
        {"&lt; &#64;here a & b", "&amp;lt; &amp;#64;here a & b"},
        {"--ignore_force_shutdown __all__ _x_", "--ignore_force_shutdown \\_\\_all\\_\\_ \\_x\\_"},
        {"C:\\new \\*", "C:\\new \\\\\\*"},
        {"end\\", "end\\\\"},
        {"# 1. > -", "# 1. &gt; -"},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), markdown_inside);
}

static void markdown_begins_no_block(void **state)
{
    static const struct pair pairs[] = {
        {"# heading", "\\# heading"},
        {"- item", "\\- item"},
        {"+ item", "\\+ item"},
        {"> quoted", "&gt; quoted"},
        {"---", "\\---"},
        {"===", "\\==="},
        {"38. step", "38\\. step"},
        {"1) step", "1\\) step"},
        {"12 hosts", "12 hosts"},
        {"* item", "\\* item"},
        {"``` fence", "\\`\\`\\` fence"},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), markdown_at_start);
}

static void a_fence_stays_closed(void **state)
{
    static const struct pair pairs[] = {
        {"a `b` ``c``", "a `b` ``c``"},
        {"```\n````", "``" ZWSP "`\n``" ZWSP "``"},
        {"``````", "``" ZWSP "``" ZWSP "``"},
        {"@channel", "@" ZWSP "channel"},
        {"# *not* [changed](x)", "# *not* [changed](x)"},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), escape_markdown_fence);
}

static void only_a_whole_web_address_stays_bare(void **state)
{
    static const struct pair pairs[] = {
        {"https://app.currents.dev/run/7ff3_a_b?x=1&y=2#z",
         "https://app.currents.dev/run/7ff3_a_b?x=1&y=2#z"},
        {"https://x/ @here", "https://x/ @" ZWSP "here"},
        {"javascript:alert(*)", "javascript:alert(\\*)"},
        {"https://x/a)[b](c", "https://x/a)\\[b\\](c"},
        {"", ""},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), escape_markdown_url);
}

static void the_chat_server_finds_nothing_to_rewrite(void **state)
{
    static const struct pair pairs[] = {
        {"<module> & no bar", "<module> & no bar"},
        {"<a|b>", "‹a|b>"},
        {"<a\nb|c\nd>", "‹a\nb|c\nd>"},
        {"<b>__<a|b>", "‹b>__‹a|b>"},
        {"<!here> <@U1> <#C1>", "‹!here> ‹@U1> ‹#C1>"},
        {"a | b > c < d", "a | b > c < d"},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), escape_chat_rewrites);
}

static void secrets_are_masked(void **state)
{
    static const struct pair pairs[] = {
        {NULL, ""},
        {"--key abc --password=def --x", "--key *** --password=*** --x"},
        {"--record-key 'a b' rest", "--record-key *** rest"},
        {"sh -c 'run --token abc' --verbose 'x'", "sh -c 'run --token ***' --verbose 'x'"},
        {"--password 'a'\"b c\" d", "--password *** d"},
        {"--key --next", "--key --next"},
        {"--keyboard us", "--keyboard us"},
        {"sshpass -p hunter2 ssh h", "sshpass -p *** ssh h"},
        {"/usr/bin/sshpass -p'hunter 2' ssh h", "/usr/bin/sshpass -p*** ssh h"},
        {"SSHPASS='hunter 2' sshpass -e ssh h", "SSHPASS=*** sshpass -e ssh h"},
        {"sshpass -p /looks/like/path ssh", "sshpass -p *** ssh"},
        {"mysql -p secret", "mysql -p ***"},
        {"mkdir -p /mnt/cmc && ssh -p 2222 h", "mkdir -p /mnt/cmc && ssh -p 2222 h"},
        {"sshpass -p ****** ssh root@h", "sshpass -p ****** ssh root@h"},
        {"CYPRESS_RECORD_KEY=abc-1 npx", "CYPRESS_RECORD_KEY=*** npx"},
        {"password=\"a b\", user=x", "password=***, user=x"},
        {"{\"apiToken\": \"abc\", \"key\": \"Enter\"}", "{\"apiToken\": ***, \"key\": \"Enter\"}"},
        {"Invalid token: unexpected end", "Invalid token: unexpected end"},
        {"Authorization: Bearer abc.def", "Authorization: Bearer ***"},
        {"POST https://chat.example.com/hooks/x7k3 failed",
         "POST https://chat.example.com/hooks/*** failed"},
        {"cypress/support/hooks/login.ts:3", "cypress/support/hooks/login.ts:3"},
        {"https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/services/***"},
        {"https://api.telegram.org/bot123:AAE/sendMessage", "https://api.telegram.org/bot***"},
        {"https://user:pass@host/path", "https://user:***@host/path"},
        {"https://host:8065/path", "https://host:8065/path"},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), secret_mask);
}

static void the_way_to_the_controller_is_no_part_of_the_command(void **state)
{
    static const struct pair pairs[] = {
        {"python3 cmc-templates.py --template cmc-e2e",
         "python3 cmc-templates.py --template cmc-e2e"},
        {"sshpass -p 'a b' ssh -o StrictHostKeyChecking=no root@10.0.0.1 'cd /x && run --a \"b "
         "c\"'",
         "cd /x && run --a \"b c\""},
        {"sshpass -pabc ssh -p 22 -oBatchMode=yes -t h run  --a 'b c'", "run  --a 'b c'"},
        {"/usr/bin/ssh -i key h -t \"echo \\\"x\\\"\"", "echo \"x\""},
        {"SSHPASS='a b' LC_ALL=C sshpass -e ssh h run --a", "run --a"},
        {"env SSHPASS=x sshpass -e ssh h 'run --a'", "run --a"},
        {"A=1 run ssh h x", "A=1 run ssh h x"},
        {"env", "env"},
        {"sshpass -e ssh h", "sshpass -e ssh h"},
        {"sshpass -p x scp a h:", "sshpass -p x scp a h:"},
        {"ssh h 'left open", "ssh h 'left open"},
        {"ssh-keygen -t rsa", "ssh-keygen -t rsa"},
        {"", ""},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), command_unwrap);
}

static void options_are_found_in_a_command(void **state)
{
    static const struct command_option expected[] = {
        {"--template", "cmc-e2e"}, {"--test_partition", NULL}, {"--vms", "a b"}, {"--last", NULL}};
    struct command_option *options;

    (void)state;
    assert_int_equal(command_options(&memory,
                                     "cd /x && python3 t.py -v --template cmc-e2e "
                                     "--test_partition --vms='a b' --last; echo",
                                     &options),
                     COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_string_equal(options[i].name, expected[i].name);
        if (expected[i].value)
            assert_string_equal(options[i].value, expected[i].value);
        else
            assert_null(options[i].value);
    }
}

static void an_excerpt_is_trimmed(void **state)
{
    static const struct pair pairs[] = {
        {"Error: x\n    at foo (a.js:1:2)\n    at https://h/b.js:3:4\n  at new P (<anonymous>)\n",
         "Error: x"},
        {"failed at 12:30\nat last it ended", "failed at 12:30\nat last it ended"},
        {"AssertionError\nFrom Your Spec Code:\n    at Context.eval (webpack:///./a.ts:1:2)",
         "AssertionError"},
        {"a\na\nb\nb\nb\nb\nc", "a\na\nb\n[the line above 4 times in all]\nc"},
        {"a\n\n\n\nb", "a\n\nb"},
        {"run --password x\n", "run --password ***"},
        {"Error: x\n\nhttps://on.cypress.io/api/task#Task-error\n", "Error: x"},
        {"see https://on.cypress.io/x\nhttps://on.cypress.io/ for more",
         "see https://on.cypress.io/x\nhttps://on.cypress.io/ for more"},
        {"then\tError: no answer", "Error: no answer"},
        {"task\tssh, Object{2}\nCypressError: it failed:\n\n> df\nuse\t97 %\nthen\tTypeError: x",
         "task: ssh, Object{2}\nCypressError: it failed:\n\n> df\nuse\t97 %\nTypeError: x"},
        {"get\tError", "get: Error"},
        {NULL, ""},
    };

    (void)state;
    check(pairs, COUNT_OF(pairs), excerpt_trim);
}

static void a_long_excerpt_keeps_both_ends(void **state)
{
    char text[3001];
    bool cut = false;
    char *shortened;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "begin", 5);
    memcpy(text + 2997, "end", 4);
    shortened = excerpt_shorten(&memory, text, 1000, &cut);
    assert_true(cut);
    assert_in_range(escape_count_characters(shortened), 900, 1000);
    assert_memory_equal(shortened, "begin", 5);
    assert_string_equal(shortened + strlen(shortened) - 3, "end");
    assert_non_null(strstr(shortened, "[... 2050 characters left out ...]"));

    shortened = excerpt_shorten(&memory, text, 10, &cut);
    assert_string_equal(shortened, "beginxxxx…");

    cut = false;
    assert_string_equal(excerpt_shorten(&memory, text, 3000, &cut), text);
    assert_false(cut);
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(escape_count_characters("aä漢😀"), 4);
    assert_int_equal(escape_bytes_of_characters("aä漢😀", 2), 3);
    assert_int_equal(escape_bytes_of_characters("aä漢😀", 9), strlen("aä漢😀"));
    assert_string_equal(escape_shorten(&memory, "aä漢😀", 4), "aä漢😀");
    assert_string_equal(escape_shorten(&memory, "aä漢😀", 3), "aä…");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_clean, begin, end),
        cmocka_unit_test_setup_teardown(a_block_keeps_its_lines, begin, end),
        cmocka_unit_test_setup_teardown(markdown_does_not_break_out, begin, end),
        cmocka_unit_test_setup_teardown(markdown_begins_no_block, begin, end),
        cmocka_unit_test_setup_teardown(a_fence_stays_closed, begin, end),
        cmocka_unit_test_setup_teardown(only_a_whole_web_address_stays_bare, begin, end),
        cmocka_unit_test_setup_teardown(the_chat_server_finds_nothing_to_rewrite, begin, end),
        cmocka_unit_test_setup_teardown(secrets_are_masked, begin, end),
        cmocka_unit_test_setup_teardown(the_way_to_the_controller_is_no_part_of_the_command, begin,
                                        end),
        cmocka_unit_test_setup_teardown(options_are_found_in_a_command, begin, end),
        cmocka_unit_test_setup_teardown(an_excerpt_is_trimmed, begin, end),
        cmocka_unit_test_setup_teardown(a_long_excerpt_keeps_both_ends, begin, end),
        cmocka_unit_test_setup_teardown(characters_are_counted_not_bytes, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
