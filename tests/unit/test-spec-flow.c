/* Which numbered tests of a generated spec run with given settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "spec-flow.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The settings of one reading: plugin, and "KEY=VALUE" of Cypress.env. */
struct given {
    const char *plugin;
    const char *environment[4];
    bool partial; /* more may be set elsewhere */
};

static struct text text_of(const char *string)
{
    return (struct text){string, strlen(string)};
}

/* The titles, each followed by ';'; or "none: LINE REASON". free() it. */
static char *flow_of(const char *source, const struct given *given)
{
    struct script_names environment = {0};
    struct flow_settings settings = {&environment, !given->partial, given->plugin};
    struct byte_string result = {0};
    struct spec_flow flow;

    for (size_t i = 0; i < COUNT(given->environment) && given->environment[i]; i++) {
        const char *pair = given->environment[i], *sign = strchr(pair, '=');

        script_names_set(&environment, (struct text){pair, (size_t)(sign - pair)},
                         script_value_from_command_line(sign + 1));
    }
    byte_string_append(&result, "", 0, 0);
    if (spec_flow_read(text_of(source), &settings, &flow)) {
        assert_null(flow.reason);
        for (size_t i = 0; i < flow.count; i++) {
            byte_string_append(&result, flow.steps[i].title, strlen(flow.steps[i].title), 100000);
            byte_string_append_character(&result, ';', 100000);
        }
    } else {
        char line[300];

        assert_non_null(flow.reason);
        snprintf(line, sizeof(line), "none: %u %s", (unsigned)flow.bad_line, flow.reason);
        byte_string_append(&result, line, strlen(line), 100000);
    }
    spec_flow_free(&flow);
    script_names_free(&environment);
    return result.bytes;
}

static void assert_flow(const char *source, const struct given *given, const char *wanted)
{
    char *got = flow_of(source, given);

    if (strcmp(got, wanted) != 0)
        fail_msg("got \"%s\", want \"%s\" of:\n%s", got, wanted, source);
    free(got);
}

static const struct given nothing = {NULL, {NULL}, false};
static const struct given fc = {"fc", {"pure_plugin_type=fc"}, false};
static const struct given iscsi = {"iscsi", {"pure_plugin_type=iscsi"}, false};
static const struct given both = {"both", {"pure_plugin_type=both"}, false};

static void every_way_to_write_a_test_is_read(void **state)
{
    (void)state;
    assert_flow("describe(\"s\", () => {\n"
                "  it(\"1. a\", () => { cy.task(\"x\"); });\n"
                "  it('2. b', function () { it_is(\"3. not a test\"); });\n"
                "  it(`4. c`, async () => {})\n"
                "  it(\"5. d's \\\"quote\\\" \\u00e9\", { retries: 2 }, () => {});\n"
                "  specify('6. e', () => {});\n"
                "  context('inner', function () { it('7. f', () => {}); });\n"
                "  it('8. g without a body');\n"
                "});\n",
                &nothing, "1. a;2. b;4. c;5. d's \"quote\" é;6. e;7. f;8. g without a body;");
}

static void what_does_not_run_is_no_step(void **state)
{
    (void)state;
    assert_flow("// it(\"0. a comment\", () => {});\n"
                "/* it(\"1. retired\", () => {\n   }); */\n"
                "describe('s', () => {\n"
                "  it('2. a', () => { const text = \"it('3. in a string', () => {})\"; });\n"
                "  it.skip('4. skipped', () => {});\n"
                "  xit('5. skipped', () => {});\n"
                "  describe.skip('t', () => { it('6. skipped', () => {}); });\n"
                "  xdescribe('t', () => { it('7. skipped', () => {}); });\n"
                "  before(() => { cy.log('8. hook'); });\n"
                "  it('not numbered', () => {});\n"
                "  const url = 'https://x/'; // it('9. after a URL')\n"
                "  const r = /it\\('10. a pattern'\\) { [}(]/.test(url);\n"
                "});\n",
                &nothing, "2. a;");
}

static void gates_follow_the_plugin_whatever_they_are_called(void **state)
{
    static const char *const sources[] = {
        /* constants from Cypress.env */
        "const type = Cypress.env(\"pure_plugin_type\");\n"
        "const useFCPlugin = type === \"fc\" || type === \"both\";\n"
        "const useIscsiPlugin = type === \"iscsi\" || type === \"both\";\n"
        "if(useFCPlugin){ it('1. fc'); }\nif (useIscsiPlugin)\n{\n it('1. iscsi'); }\n it('2. "
        "end')",
        "const usePureFCPlugin = [\"fc\", \"both\"].includes(Cypress.env(\"pure_plugin_type\"));\n"
        "const usePureIscsiPlugin = ['iscsi', 'both'].includes(Cypress.env().pure_plugin_type);\n"
        "if (usePureFCPlugin) it('1. fc');\nif (usePureIscsiPlugin)\n  it('1. iscsi')\nit('2. "
        "end')",
        /* names alone, from another file */
        "import { useFCPlugin, usePureIscsiPlugin } from '../support';\n"
        "if (useFCPlugin) { it('1. fc') }\nif (usePureIscsiPlugin) { it('1. iscsi') }\nit('2. "
        "end')",
        "import * as settings from '../support';\n"
        "const fcPluginEnabled = settings.read('fc'), pluginIscsi = settings.read('iscsi');\n"
        "if (fcPluginEnabled) { it('1. fc') }\nif (pluginIscsi) { it('1. iscsi') }\nit('2. end')",
        /* other shapes */
        "let useFc = false, useIscsi = false;\n"
        "if (Cypress.env('pure_plugin_type') != 'iscsi') { useFc = true; }\n"
        "if ((Cypress.env('pure_plugin_type') as string).toUpperCase() !== 'FC') useIscsi = true;\n"
        "if (useFc) { it('1. fc') }\nif (!!useIscsi) { it('1. iscsi') }\nit('2. end')",
        "const t: string = Cypress.env('pure_plugin_type') || 'none';\n"
        "const fcGate = t == 'both' ? true : t == 'fc';\n"
        "if (fcGate) { it('1. fc') }\n"
        "if (!(t === 'fc')) { it('1. iscsi') }\nit('2. end')",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(sources); i++) {
        assert_flow(sources[i], &fc, "1. fc;2. end;");
        assert_flow(sources[i], &iscsi, "1. iscsi;2. end;");
        assert_flow(sources[i], &both, "1. fc;1. iscsi;2. end;");
    }
}

static void else_and_nesting_are_honoured(void **state)
{
    static const char source[] =
        "if (Cypress.env(\"test-install-only\") == true) {\n"
        "  it('1. install')\n"
        "} else if (useFCPlugin && !Cypress.env('skip-fc'))\n"
        "{\n"
        "  it('1. fc')\n"
        "  if (useIscsiPlugin) { it('2. both') } else { it('2. only fc') }\n"
        "}\n"
        "else\n"
        "  it('1. neither')\n"
        "it('3. end')\n";
    static const struct {
        struct given given;
        const char *flow;
    } rows[] = {
        {{"fc", {"test-install-only=true"}, false}, "1. install;3. end;"},
        {{"fc", {"test-install-only=false"}, false}, "1. fc;2. only fc;3. end;"},
        {{"fc", {NULL}, false}, "1. fc;2. only fc;3. end;"},
        {{"both", {NULL}, false}, "1. fc;2. both;3. end;"},
        {{"iscsi", {NULL}, false}, "1. neither;3. end;"},
        {{"fc", {"skip-fc=1"}, false}, "1. neither;3. end;"},
        {{"fc", {"skip-fc=0"}, false}, "1. fc;2. only fc;3. end;"},
        {{"fc", {"test-install-only=yes"}, false}, "1. fc;2. only fc;3. end;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_flow(source, &rows[i].given, rows[i].flow);
}

static void comparisons_follow_the_language(void **state)
{
    static const struct {
        const char *condition;
        bool open;
    } rows[] = {
        {"true", true},
        {"false", false},
        {"!false && true", true},
        {"false || true && true", true},
        {"(false || true) && false", false},
        {"'a' === 'a'", true},
        {"'a' !== 'a'", false},
        {"1 == 1.0", true},
        {"true == 1", true},
        {"true === 1", false},
        {"'true' === true", false},
        {"undefined == null", true},
        {"Cypress.env('missing') === undefined", true},
        {"Cypress.env('missing')", false},
        {"Cypress.env('flag') === true", true},
        {"Cypress.env('word') === 'x'", true},
        {"Cypress.env()['word'] == `x`", true},
        {"Cypress.env('number') == 5", true},
        {"Cypress.env('word').includes('x')", true},
        {"['a', 'x'].includes(Cypress.env('word').trim().toLowerCase())", true},
        {"Boolean(Cypress.env('word'))", true},
        {"Cypress.env('missing') ?? true", true},
        {"unknown() || true", true},
        {"unknown() && false", false},
        {"Cypress.env('flag') ? 'yes' : ''", true},
    };
    static const struct given given = {NULL, {"flag=true", "word=x", "number=5"}, false};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char source[200];

        snprintf(source, sizeof(source), "if (%s) { it('1. a') } else { it('1. b') }",
                 rows[i].condition);
        assert_flow(source, &given, rows[i].open ? "1. a;" : "1. b;");
    }
}

static void functions_are_entered_where_they_are_called(void **state)
{
    assert_flow("describe('s', () => {\n"
                "  first();\n"
                "  if (useFCPlugin) fcSteps()\n"
                "  if (useIscsiPlugin) { iscsiSteps() }\n"
                "  it('3. end')\n"
                "});\n"
                "function first() { it('1. first') }\n"
                "const fcSteps = () => { it('2. fc') };\n"
                "const iscsiSteps = function () { it('2. iscsi') };\n"
                "function never() { it('9. never') }\n",
                &fc, "1. first;2. fc;3. end;");
    (void)state;
}

static void a_return_ends_the_suite(void **state)
{
    static const char source[] = "describe('s', () => {\n"
                                 "  it('1. a')\n"
                                 "  if (Cypress.env('short')) return;\n"
                                 "  it('2. b')\n"
                                 "});\n"
                                 "it('3. c')\n";
    static const struct given is_short = {NULL, {"short=true"}, false};

    (void)state;
    assert_flow(source, &is_short, "1. a;3. c;");
    assert_flow(source, &nothing, "1. a;2. b;3. c;");
}

static void titles_may_be_made_of_constants(void **state)
{
    (void)state;
    assert_flow("const host = \"atvm1-suse15\";\nconst title = '2. b';\n"
                "it(`1. on ${host} and ${ host }`, () => {})\nit(title, () => {})\n",
                &nothing, "1. on atvm1-suse15 and atvm1-suse15;2. b;");
}

static void where_it_cannot_be_told_there_is_no_flow(void **state)
{
    static const struct {
        const char *source;
        const char *start; /* of what is said */
    } rows[] = {
        {"it('1. a')\nif (somewhere.else()) { it('2. b') }", "none: 2 whether this test runs"},
        {"if (window.x > 3) {\n it('1. a')\n} else {\n it('1. b')\n}", "none: 2 whether"},
        {"for (const n of names) {\n  it('1. a')\n}", "none: 2 whether"},
        {"hosts.forEach((h) => { it('1. a') })", "none: 1 a test registers inside"},
        {"const run = useFC ? it : it.skip;\nrun('1. a')", "none: 1 a test registers inside"},
        {"useFC && it('1. a')", "none: 1 a test registers inside"},
        {"it(titles[0], () => {})", "none: 1 the title of this test is computed"},
        {"it(`1. ${n + 1}`, () => {})", "none: 1 the title of this test is computed"},
        {"if (rare()) { return }\nit('1. a')", "none: 2 whether"},
        {"let x = false;\nfor (;;) { x = true; }\nif (x) { it('1. a') }", "none: 3 whether"},
        {"describe('s', body)\n", "none: 1 this suite has no body"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *got = flow_of(rows[i].source, &nothing);

        if (strncmp(got, rows[i].start, strlen(rows[i].start)) != 0)
            fail_msg("got \"%s\", want \"%s\" of:\n%s", got, rows[i].start, rows[i].source);
        free(got);
    }
}

static void an_environment_that_is_not_whole_leaves_gates_unknown(void **state)
{
    static const struct given partial = {NULL, {"known=true"}, true};
    char *got = flow_of("if (Cypress.env('other')) { it('1. a') }", &partial);

    (void)state;
    assert_int_equal(strncmp(got, "none: 1 whether", 15), 0);
    free(got);
    assert_flow("if (Cypress.env('known')) { it('1. a') }", &partial, "1. a;");
}

static void a_spec_that_does_not_balance_gives_no_flow(void **state)
{
    static const struct {
        const char *source, *wanted;
    } rows[] = {
        {"describe('s', () => {\n it('1. a')\n", "none: 1 a bracket is not closed"},
        {"it('1. a'))", "none: 1 a bracket is closed that was not opened"},
        {"it('1. a']", "none: 1 a bracket is closed by another kind"},
        {"it('1. a", "none: 1 a string is not closed"},
        {"it('1. a\n')", "none: 1 a string is not closed"},
        {"it(`1. a", "none: 1 a template is not closed"},
        {"it(`1. ${a`)", "none: 1 a template is not closed"},
        {"\n/* it('1. a')", "none: 2 a comment is not closed"},
        {"x = /abc\n", "none: 1 a regular expression is not closed"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_flow(rows[i].source, &nothing, rows[i].wanted);
}

static void a_cut_spec_never_gives_a_shorter_flow(void **state)
{
    static const char source[] = "const useFCPlugin = Cypress.env('pure_plugin_type') == 'fc';\n"
                                 "describe('s', () => {\n"
                                 "  it('1. a', () => { cy.task('x', { a: [1, 2] }); });\n"
                                 "  if (useFCPlugin) {\n    it(`2. b`, () => {});\n  }\n"
                                 "  it(\"3. c\", () => {});\n"
                                 "});\n";
    const char *whole = "1. a;2. b;3. c;";

    (void)state;
    for (size_t cut = strlen("const useFCPlugin = Cypress.env('pure_plugin_type') == 'fc';\nd");
         cut < sizeof(source) - 1; cut++) {
        char *start = strndup(source, cut), *got = flow_of(start, &fc);

        if (strcmp(got, whole) != 0 && strncmp(got, "none: ", 6) != 0 && *got)
            fail_msg("cut at %zu it gives \"%s\"", cut, got);
        free(got);
        free(start);
    }
    assert_flow(source, &fc, whole);
}

static void hostile_nesting_ends(void **state)
{
    char *source = malloc(200001);
    static const char brackets[] = "([{!`";

    (void)state;
    assert_non_null(source);
    for (size_t i = 0; i < sizeof(brackets) - 1; i++) {
        char *got;

        memset(source, brackets[i], 200000);
        source[200000] = '\0';
        got = flow_of(source, &nothing);
        assert_non_null(got);
        free(got);
    }
    for (size_t i = 0; i < 200000; i += 4)
        memcpy(source + i, "if((", 4);
    free(flow_of(source, &nothing));
    for (size_t i = 0; i < 200000; i += 8)
        memcpy(source + i, "if(a)if ", 8);
    free(flow_of(source, &nothing));
    for (size_t i = 0; i < 200000; i += 2)
        memcpy(source + i, "a?", 2);
    free(flow_of(source, &nothing));
    free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_test_is_read),
        cmocka_unit_test(what_does_not_run_is_no_step),
        cmocka_unit_test(gates_follow_the_plugin_whatever_they_are_called),
        cmocka_unit_test(else_and_nesting_are_honoured),
        cmocka_unit_test(comparisons_follow_the_language),
        cmocka_unit_test(functions_are_entered_where_they_are_called),
        cmocka_unit_test(a_return_ends_the_suite),
        cmocka_unit_test(titles_may_be_made_of_constants),
        cmocka_unit_test(where_it_cannot_be_told_there_is_no_flow),
        cmocka_unit_test(an_environment_that_is_not_whole_leaves_gates_unknown),
        cmocka_unit_test(a_spec_that_does_not_balance_gives_no_flow),
        cmocka_unit_test(a_cut_spec_never_gives_a_shorter_flow),
        cmocka_unit_test(hostile_nesting_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
