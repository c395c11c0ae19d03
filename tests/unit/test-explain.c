/* The explanation as text and JSON, and that no rule lacks its sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "explain-columns.h"
#include "explain.h"
#include "judge-scene.h"
#include "rules.h"

#define A "atvm1-redhat9.1"
#define B "atvm2-redhat9.1"

#define SECOND INT64_C(1000000000)

static const char *const two[] = {A, B, NULL};

/* ---------------------------------------------------------------- the table of rules */

/* Words in the judge's sources that look like the id of a rule, but are the collectors' words
 * (forms, kinds, entities) or parts of sentences. */
static const char *const no_rules[] = {
    "cloud-row",    "cloud-totals",  "config",  "cypress-row", "defunct",
    "encoding",     "events-custom", "host",    "hosts",       "junit",
    "log",          "mochawesome",   "neither", "process",     "reporter-json",
    "reporter-txt", "results-box",   "runner",  "text-custom", "windows",
};

static bool is_no_rule(const char *word)
{
    for (size_t i = 0; i < sizeof(no_rules) / sizeof(no_rules[0]); i++)
        if (strcmp(no_rules[i], word) == 0)
            return true;
    return false;
}

static char *read_file(const char *path)
{
    CLEANUP_FILE FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t capacity = 0;

    if (!file || getdelim(&text, &capacity, '\0', file) < 0)
        fail_msg("%s cannot be read", path);
    return text;
}

static char *in_sources(const char *name)
{
    const char *top = getenv("top_srcdir");

    return memory_format("%s/%s", top ? top : ".", name);
}

/* Where the string literal that begins behind `quote` ends: its closing quote. */
static const char *closing_quote(const char *quote)
{
    const char *end = quote + 1;

    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    return end;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t\n");
}

/* Calls `see` for every string literal that consists of small letters and dashes and is no part of
 * a longer one that was broken over lines. */
static void for_each_word(const char *text, void (*see)(const char *word, void *user), void *user)
{
    const char *quote = strchr(text, '"');
    bool goes_on = false; /* the literal before this one stands directly before it */

    while (quote) {
        const char *end = closing_quote(quote), *next = *end ? skip_blanks(end + 1) : end;
        size_t length = (size_t)(end - quote) - 1;
        CLEANUP_FREE char *word = strndup(quote + 1, length);

        if (!goes_on && *next != '"' && length > 1 &&
            strspn(word, "abcdefghijklmnopqrstuvwxyz-") == length)
            see(word, user);
        goes_on = *next == '"';
        quote = strchr(next, '"');
    }
}

static void expect_rule(const char *word, void *user)
{
    size_t *seen = user;

    if (is_no_rule(word))
        return;
    (*seen)++;
    if (!rule_sentence(word))
        fail_msg("the judge gives the rule \"%s\", which core/judge/rules.c does not explain (if "
                 "it is no rule, name it in no_rules)",
                 word);
}

static void every_rule_that_the_judge_gives_has_a_sentence(void **state)
{
    CLEANUP_FREE char *pattern = in_sources("core/judge/judge*.c");
    glob_t sources;
    size_t seen = 0, count;

    (void)state;
    assert_int_equal(glob(pattern, 0, NULL, &sources), 0);
    for (size_t i = 0; i < sources.gl_pathc; i++) {
        CLEANUP_FREE char *text = read_file(sources.gl_pathv[i]);

        for_each_word(text, expect_rule, &seen);
    }
    globfree(&sources);
    rules_all(&count);
    assert_true(seen >= count);
}

/* Everything in the sources that fit the pattern; free() it. */
static char *all_of(const char *fitting)
{
    CLEANUP_FREE char *pattern = in_sources(fitting);
    char *all = memory_string("");
    glob_t sources;

    assert_int_equal(glob(pattern, 0, NULL, &sources), 0);
    for (size_t i = 0; i < sources.gl_pathc; i++) {
        CLEANUP_FREE char *text = read_file(sources.gl_pathv[i]);
        char *longer = memory_format("%s%s", all, text);

        free(all);
        all = longer;
    }
    globfree(&sources);
    return all;
}

static void expect_each_rule_in(const char *sources, const char *what_is_wrong)
{
    CLEANUP_FREE char *all = all_of(sources);
    size_t count;
    const struct rule *rules = rules_all(&count);

    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *quoted = memory_format("\"%s\"", rules[i].id);

        if (!strstr(all, quoted))
            fail_msg("%s: %s", rules[i].id, what_is_wrong);
    }
}

static void every_rule_is_given_by_the_judge(void **state)
{
    (void)state;
    expect_each_rule_in("core/judge/judge*.c",
                        "core/judge/rules.c explains it, but the judge never "
                        "gives it");
}

static void every_rule_is_tested(void **state)
{
    (void)state;
    expect_each_rule_in("tests/unit/test-judge-*.c", "no table of tests/unit/test-judge-*.c shows "
                                                     "it at work");
}

static void every_rule_is_in_the_manual(void **state)
{
    CLEANUP_FREE char *path = in_sources("doc/judging.md");
    CLEANUP_FREE char *manual = read_file(path);
    size_t count;
    const struct rule *rules = rules_all(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *quoted = memory_format("`%s`", rules[i].id);

        if (!strstr(manual, quoted))
            fail_msg("doc/judging.md does not name %s", quoted);
    }
}

static void rules_are_single_sentences_with_names_of_their_own(void **state)
{
    size_t count;
    const struct rule *rules = rules_all(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rules[i].sentence);

        assert_true(length > 0 && length <= 160);
        assert_true(rules[i].sentence[0] >= 'a' && rules[i].sentence[0] <= 'z');
        assert_true(rules[i].sentence[length - 1] != '.');
        assert_null(strchr(rules[i].sentence, '\n'));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rules[i].id, rules[j].id);
    }
    assert_null(rule_sentence("no-such-rule"));
    assert_null(rule_sentence(NULL));
}

/* ---------------------------------------------------------------- columns */

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    const char *const rows[][COLUMNS_MAX] = {
        {"* PASS", "runlog", "", "x"},
        {"  äöü–long", "a", "", NULL},
    };
    struct columns columns = {0};
    struct obstack out;

    (void)state;
    obstack_init(&out);
    columns_add_heading(&columns, "status");
    columns_add_row(&columns, rows[0]);
    columns_add_row(&columns, rows[1]);
    columns_write(&columns, &out, 2);
    obstack_1grow(&out, '\0');
    assert_string_equal((char *)obstack_finish(&out), "  status\n"
                                                      "    * PASS      runlog  x\n"
                                                      "      äöü–long  a\n");
    assert_int_equal(columns.count, 0);
    obstack_free(&out, NULL);
}

/* ---------------------------------------------------------------- a scene as text and JSON */

/* A of two hosts passed by its row, B failed; a stale XML of A, a damaged one of B. */
static void open_scene(struct scene *scene)
{
    scene_open(scene, two);
    scene_processes(scene, 0);
    scene_whole_log(scene, two, "pf");
    scene_junit(scene, A, 21, 1, -60);
    scene_source(scene, "mochawesome", "mochawesome", "/root/e2e/m/x.html", B, 2000);
    scene_record(scene, "\"claim\":\"host-result\",\"host\":\"" B "\",\"basis\":\"direct\","
                        "\"form\":\"test-nodes\",\"outcome\":\"fail\",\"step\":\"7. Log in\","
                        "\"message\":\"boom \\u001b[31mred --password hunter2\",\"offset\":120");
    scene_end(scene, "damaged");
    scene_judge(scene);
}

static struct explain of_scene(const struct scene *scene)
{
    return (struct explain){
        .verdict = scene->verdict,
        .ledger = scene->ledger,
        .since_ns = scene->policy.since_ns,
        .now_ns = (SCENE_START + scene->now) * SECOND,
        .hosts_were_asked_for = true,
        .automation_root = "/root/e2e",
        .time_zone = "UTC",
        .question = EXPLAIN_ALL_QUESTIONS,
    };
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (!strstr(text, part))                                                                   \
            fail_msg("lacks \"%s\":\n%s", part, text);                                             \
    } while (0)
#define assert_lacks(text, part)                                                                   \
    do {                                                                                           \
        if (strstr(text, part))                                                                    \
            fail_msg("has \"%s\":\n%s", part, text);                                               \
    } while (0)

static void text_leads_from_the_run_to_file_and_rule(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    text = explain_text(&explain);
    assert_has(text, "build - FAILED: 1 of 2 hosts failed: " B "\n"
                     "  ended-with-failures: it has ended, and a host failed\n");
    assert_has(text, "  window - from 2026-04-16 08:20:00 to 2026-04-16 09:20:00 UTC\n");
    assert_has(text, "  hosts - 2 expected, by what was asked for: " A ", " B "\n");
    assert_has(text, "  runner - none (the process table was looked at)\n");
    assert_has(text, "    * Recorded Run line");
    assert_has(text, "\n  " A " - PASS\n    direct-pass: ");
    assert_has(text, "      * PASS");
    assert_has(text, "\n  " B " - FAIL\n    any-direct-failure: ");
    assert_has(text, "7. Log in");
    assert_has(text, "…/m/x.html@120");
    assert_has(text, "\nRULES\n");
    assert_has(text, "nothing: every collector's last look was complete");
    scene_close(&scene);
}

static void hosts_beyond_those_that_were_expected_are_named(void **state)
{
    static const char *const one[] = {A, NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *const *hosts;
        bool categorized;
        const char *more;
    } rows[] = {
        {two, false, NULL},
        {one, false, "  hosts - 1 more ran: " B " (nobody asked for it)\n"},
        {none, true,
         "  hosts - 1 more ran: " B " (a specPattern names the hosts of its batch only, and not "
         "every batch has one; --hosts says who is meant)\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;
        struct explain explain;
        CLEANUP_FREE char *text = NULL;

        scene_open(&scene, rows[i].hosts);
        scene.policy.categorized = rows[i].categorized;
        scene_processes(&scene, 0);
        scene_log_part(&scene, 1, 3000);
        scene_record(&scene, "\"claim\":\"expected-host\",\"host\":\"" A "\",\"batch\":1");
        scene_row(&scene, A, "pass", 1);
        scene_row(&scene, B, "pass", 2);
        scene_end(&scene, "whole");
        scene_judge(&scene);
        explain = of_scene(&scene);
        explain.hosts_were_asked_for = rows[i].hosts != none;
        text = explain_text(&explain);
        if (rows[i].more)
            assert_has(text, rows[i].more);
        else
            assert_lacks(text, "more ran");
        scene_close(&scene);
    }
}

/* The host's line in the status has a duration; here it must show where that is from. */
static void a_duration_that_no_source_has_is_derived_in_sight(void **state)
{
    static const struct {
        const char *times, *heading, *candidate;
    } rows[] = {
        {"\"duration\":60000000000", "    timing\n", "* 1m 0s "},
        {"\"started\":1776327660000000000,\"ended\":1776328260000000000",
         "    timing - 10m 0s, from its start to its end\n", "* 08:21:00 to 08:31:00 "},
        {"\"started\":1776327660000000000",
         "    timing - about 49m 0s, which no source has: from its start to the start of the next "
         "host, or to the end of the run\n",
         "* from 08:21:00 "},
    };
    static const char *const one[] = {A, NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;
        struct explain explain;
        CLEANUP_FREE char *text = NULL;

        scene_open(&scene, one);
        scene_processes(&scene, 0);
        scene_bookkeeping(&scene, "build", 3000);
        scene_source(&scene, "junit", "junit", "/x/a.xml", A, 2000);
        scene_record(&scene,
                     "\"claim\":\"host-result\",\"host\":\"" A "\",\"basis\":\"direct\",\"form\":"
                     "\"testcases\",\"outcome\":\"pass\",\"tests\":1,\"passed\":1,\"failed\":0,"
                     "\"pending\":0,\"skipped\":0,%s",
                     rows[i].times);
        scene_end(&scene, "whole");
        scene_judge(&scene);
        explain = of_scene(&scene);
        text = explain_text(&explain);
        assert_has(text, rows[i].heading);
        assert_has(text, rows[i].candidate);
        scene_close(&scene);
    }
}

static void what_does_not_count_stands_first_with_its_reason(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *text = NULL;
    const char *sources;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    text = explain_text(&explain);
    sources = strstr(text, "\nSOURCES\n");
    assert_non_null(sources);
    assert_int_equal(strncmp(sources, "\nSOURCES\n  stale ", 17), 0);
    assert_has(sources, "of 2026-04-16 08:19:00");
    assert_true(strstr(sources, "damaged ") < strstr(sources, "  counts "));
    assert_has(sources, "as made; may be of " B);
    scene_close(&scene);
}

static void foreign_text_harms_no_terminal_and_tells_no_secret(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *json = NULL;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    text = explain_text(&explain);
    json = explain_json(&explain);
    assert_has(text, "boom red --password ***");
    assert_has(json, "boom red --password ***");
    assert_lacks(text, "\033");
    assert_lacks(text, "hunter2");
    assert_lacks(json, "hunter2");
    assert_lacks(json, "\\u001b");
    scene_close(&scene);
}

static void filters_leave_one_host_and_one_question(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *one_host = NULL;
    CLEANUP_FREE char *one_question = NULL;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    explain.host = A;
    one_host = explain_text(&explain);
    assert_has(one_host, A " - PASS");
    assert_lacks(one_host, B " - FAIL");
    assert_has(one_host, "\nSOURCES\n");
    assert_lacks(strstr(one_host, "\nSOURCES\n"), "x.html");
    explain.host = NULL;
    explain.question = QUESTION_STEP;
    one_question = explain_text(&explain);
    assert_has(one_question, "step - asked only of a host that failed");
    assert_has(one_question, "    step\n");
    assert_lacks(one_question, "    status\n");
    assert_lacks(one_question, "SOURCES");
    scene_close(&scene);
}

static void a_host_that_is_none_gets_the_nearest_name(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *problem = NULL;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    assert_null(explain_host_problem(&explain));
    explain.host = A;
    assert_null(explain_host_problem(&explain));
    explain.host = "atvm1-redhat9.2";
    problem = explain_host_problem(&explain);
    assert_string_equal(problem, "atvm1-redhat9.2 is no host of build; did you mean \"" A "\"?");
    scene_close(&scene);
}

static void questions_are_known_by_their_names(void **state)
{
    enum question question = QUESTION_COUNT;

    (void)state;
    assert_true(explain_question_from_name("excerpt", &question));
    assert_int_equal(question, QUESTION_EXCERPT);
    assert_false(explain_question_from_name("state", &question));
    assert_int_equal(question, QUESTION_EXCERPT);
}

static void what_was_closed_otherwise_is_said(void **state)
{
    const struct explain_closed closed[] = {
        {"build", STATE_COMPLETED, "all 2 hosts passed", (SCENE_START + 3600) * SECOND}};
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *differs = NULL;
    CLEANUP_FREE char *agrees = NULL;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    explain.closed = closed;
    explain.closed_count = 1;
    differs = explain_text(&explain);
    assert_has(differs, "  closed as COMPLETED, 2026-04-16 09:20:00: all 2 hosts passed\n");
    assert_has(differs, "would now be judged FAILED: it stays closed as COMPLETED\n");
    explain.closed =
        (const struct explain_closed[]){{"build", STATE_FAILED, NULL, SCENE_START * SECOND}};
    agrees = explain_text(&explain);
    assert_has(agrees, "  closed as FAILED, 2026-04-16 08:20:00\n");
    assert_lacks(agrees, "would now be judged");
    scene_close(&scene);
}

static void gaps_and_blind_collectors_are_named(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *error = NULL;
    const char *line = "{\"t\":\"pass\",\"collector\":\"proc\",\"result\":\"unavailable\","
                       "\"reason\":\"/proc: permission denied\",\"time\":1776331000000000000}";

    (void)state;
    open_scene(&scene);
    ledger_add_gap(scene.ledger, "junit", "/root/e2e/xml/a.xml", "the worker died", 5 * SECOND);
    assert_int_equal(ledger_reader_line(scene.reader, line, strlen(line), &error),
                     LEDGER_LINE_EVIDENCE);
    scene_judge(&scene);
    explain = of_scene(&scene);
    text = explain_text(&explain);
    assert_has(text, "  runner - the process table could not be looked at");
    assert_has(text, "unavailable  proc ");
    assert_has(text, "/proc: permission denied");
    assert_has(text, "…/xml/a.xml");
    assert_has(text, "the worker died");
    scene_close(&scene);
}

static struct json_object *at(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, key, &value))
        fail_msg("%s is missing in %s", key, json_object_to_json_string(object));
    return value;
}

static const char *text_at(struct json_object *object, const char *key)
{
    return json_object_get_string(at(object, key));
}

static void json_has_the_same_candidates(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *text = NULL;
    CLEANUP_JSON struct json_object *root = NULL;
    struct json_object *host, *candidates, *winner;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    explain.host = B;
    text = explain_json(&explain);
    root = json_tokener_parse(text);
    assert_string_equal(text_at(root, "schema"), "atvm.explain/1");
    assert_string_equal(text_at(root, "state"), "FAILED");
    assert_null(at(root, "closed"));
    assert_int_equal(json_object_array_length(at(root, "scopes")), 1);
    host = at(json_object_array_get_idx(at(root, "scopes"), 0), "hosts");
    assert_int_equal(json_object_array_length(host), 1);
    host = json_object_array_get_idx(host, 0);
    assert_string_equal(text_at(host, "status"), "FAIL");
    candidates = at(at(at(host, "questions"), "status"), "candidates");
    assert_int_equal(json_object_array_length(candidates), 2);
    winner = json_object_array_get_idx(candidates, 0);
    assert_true(json_object_get_boolean(at(winner, "won")));
    assert_string_equal(text_at(winner, "rule"), "any-direct-failure");
    assert_string_equal(text_at(winner, "answer"), "FAIL");
    winner = json_object_array_get_idx(at(at(at(host, "questions"), "step"), "candidates"), 1);
    assert_string_equal(text_at(winner, "path"), "/root/e2e/m/x.html");
    assert_int_equal(json_object_get_int64(at(winner, "offset")), 120);
    assert_null(at(winner, "line"));
    assert_string_equal(text_at(winner, "answer"), "7. Log in");
    scene_close(&scene);
}

static void the_same_verdict_gives_the_same_bytes(void **state)
{
    struct scene scene;
    struct explain explain;
    CLEANUP_FREE char *first = NULL;
    CLEANUP_FREE char *second = NULL;

    (void)state;
    open_scene(&scene);
    explain = of_scene(&scene);
    first = explain_json(&explain);
    scene_judge(&scene);
    explain = of_scene(&scene);
    second = explain_json(&explain);
    assert_string_equal(first, second);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_that_the_judge_gives_has_a_sentence),
        cmocka_unit_test(every_rule_is_given_by_the_judge),
        cmocka_unit_test(every_rule_is_tested),
        cmocka_unit_test(every_rule_is_in_the_manual),
        cmocka_unit_test(rules_are_single_sentences_with_names_of_their_own),
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(text_leads_from_the_run_to_file_and_rule),
        cmocka_unit_test(hosts_beyond_those_that_were_expected_are_named),
        cmocka_unit_test(a_duration_that_no_source_has_is_derived_in_sight),
        cmocka_unit_test(what_does_not_count_stands_first_with_its_reason),
        cmocka_unit_test(foreign_text_harms_no_terminal_and_tells_no_secret),
        cmocka_unit_test(filters_leave_one_host_and_one_question),
        cmocka_unit_test(a_host_that_is_none_gets_the_nearest_name),
        cmocka_unit_test(questions_are_known_by_their_names),
        cmocka_unit_test(what_was_closed_otherwise_is_said),
        cmocka_unit_test(gaps_and_blind_collectors_are_named),
        cmocka_unit_test(json_has_the_same_candidates),
        cmocka_unit_test(the_same_verdict_gives_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
