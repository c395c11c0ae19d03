/* What a message says, what it loses to fit, and the details of the JSON report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "cleanup.h"
#include "render-escape.h"
#include "test-render-samples.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void assert_says(const char *message, const char *text)
{
    if (!strstr(message, text))
        fail_msg("\"%s\" is not in:\n%s", text, message);
}

static void assert_silent(const char *message, const char *text)
{
    if (strstr(message, text))
        fail_msg("\"%s\" is in:\n%s", text, message);
}

/* Each text stands after the one before it. */
static void assert_order(const char *message, const char *const *texts)
{
    for (; *texts; texts++) {
        assert_says(message, *texts);
        message = strstr(message, *texts) + strlen(*texts);
    }
}

static void sections_stand_in_one_order(void **state)
{
    static const char *const order[] = {"SUMMARY:",  "HOSTS:",     "FAILURE NOTES:", "TIMING:",
                                        "COVERAGE:", "TEST FLOW:", "NOTES:",         NULL};
    struct sample sample;
    CLEANUP_FREE char *text = NULL, *markdown = NULL, *passing = NULL;

    (void)state;
    sample_failing(&sample);
    text = render_text(&sample.report, &sample.scopes[0]);
    markdown = render_markdown(&sample.report, &sample.scopes[0]);
    assert_order(text, order);
    assert_order(markdown, order);
    sample_passing(&sample);
    passing = render_text(&sample.report, &sample.scopes[0]);
    assert_silent(passing, "FAILURE NOTES:");
}

static void hosts_stand_as_completed_running_remaining(void **state)
{
    static const char *const order[] = {"atvm118-debian12.5.0 - PASS (22 tests, 17m 42s)\n",
                                        "atvm71-redhat9.1 - RUNNING (8m 0s)\n",
                                        "atvm98-oracle9.4 - NOT STARTED\n",
                                        "atvm121-ubuntu24.04 - NOT STARTED\n",
                                        "ETA of the whole remaining run: 2026-04-16 14:11:08 EDT",
                                        NULL};
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_running(&sample);
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_order(text, order);
}

static void every_status_is_named(void **state)
{
    struct host_verdict hosts[] = {sample_host("a", HOST_UNKNOWN), sample_host("b", HOST_MISSING),
                                   sample_host("c", HOST_NOT_STARTED),
                                   sample_host("d", HOST_SKIPPED), sample_host("e", HOST_FAIL)};
    static const struct host_fact skipped[] = {{"d", "support request, waiting"}, {"z", "crashes"}};
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_failing(&sample);
    sample.scopes[0].hosts = hosts;
    sample.scopes[0].host_count = COUNT_OF(hosts);
    sample.facts.skipped = skipped;
    sample.facts.skipped_count = COUNT_OF(skipped);
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text,
                "0 of 5 hosts passed, 1 failed, 1 unknown, 1 missing, 1 not started, 1 skipped");
    assert_says(text, "  a - UNKNOWN\n  b - MISSING\n  c - NOT STARTED\n  e - FAIL\n"
                      "  Left out on purpose:\n"
                      "  d - SKIPPED - support request, waiting\n  z - SKIPPED - crashes\n");
    assert_says(text, "No source has an error text.");
}

/* Nobody should have to ask `explain` for the gist. */
static void a_host_without_a_result_says_why(void **state)
{
    struct host_verdict hosts[] = {sample_host("a", HOST_UNKNOWN), sample_host("b", HOST_UNKNOWN),
                                   sample_host("c", HOST_MISSING), sample_host("d", HOST_PASS)};
    struct candidate best[] = {{.rule = "damage-bars-the-proof"}};
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_failing(&sample);
    hosts[0].rule = "row-of-the-batch-missing";
    hosts[1].rule = "no-proof";
    hosts[1].decisions[QUESTION_STATUS] =
        (struct decision){.candidates = best, .candidate_count = COUNT_OF(best)};
    hosts[2].rule = "left-nothing";
    hosts[3].rule = "direct-pass";
    sample.scopes[0].hosts = hosts;
    sample.scopes[0].host_count = COUNT_OF(hosts);
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text,
                "  a - UNKNOWN - it passed, but in a categorized run it also needs its row, and "
                "there is none\n"
                "  b - UNKNOWN - a damaged source may be this host's, so a log alone is not "
                "enough\n"
                "  c - MISSING - it left no artifact, and no result that counts\n"
                "  d - PASS\n");
}

static void evidence_against_a_pass_is_told_beside_it(void **state)
{
    struct host_verdict hosts[] = {sample_host("a", HOST_PASS), sample_host("b", HOST_UNKNOWN)};
    struct conflict conflicts[] = {
        {"a", QUESTION_STATUS, "runlog: PASS", "reporter-json: FAIL", "own-row-decides"},
        {"b", QUESTION_STATUS, "neither", "junit: PASS, reporter-json: FAIL", "x"}};
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_failing(&sample);
    sample.scopes[0].hosts = hosts;
    sample.scopes[0].host_count = COUNT_OF(hosts);
    sample.scopes[0].conflicts = conflicts;
    sample.scopes[0].conflict_count = COUNT_OF(conflicts);
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text, "  a - PASS (conflicting evidence, see NOTES)\n  b - UNKNOWN\n");
    assert_says(text, "on the status of a: kept \"runlog: PASS\", not \"reporter-json: FAIL\"\n");
    assert_says(text,
                "on the status of b: \"junit: PASS, reporter-json: FAIL\"; neither is believed\n");
}

/* No message is that of a categorized run as a whole: this is. */
static void a_categorized_run_is_summed_up(void **state)
{
    struct sample sample;
    CLEANUP_FREE char *categorized = NULL, *plain = NULL;

    (void)state;
    sample_categorized(&sample);
    categorized = render_run(&sample.verdict);
    assert_string_equal(strchr(categorized, '\n') + 1, "  2 sub-runs, 1 of 3 hosts passed\n"
                                                       "  redhat - FAILED, 1 of 2 hosts passed\n"
                                                       "  ubuntu - RUNNING, 0 of 1 host passed\n");
    assert_says(categorized, "e2e-all-fc: ");
    sample_failing(&sample);
    plain = render_run(&sample.verdict);
    assert_string_equal(plain,
                        "e2e-redhat9.1-fc: FAILED - The run has ended and 1 of 3 hosts failed.\n");
}

/* A host of the blacklist that was asked for, or that another sub-run took, was not left out. Where
 * it has no result, the reason may be why. */
static void blacklisted_host_of_the_run_is_not_called_left_out(void **state)
{
    struct host_verdict hosts[] = {sample_host("a", HOST_NOT_STARTED), sample_host("b", HOST_PASS),
                                   sample_host("c", HOST_MISSING), sample_host("d", HOST_UNKNOWN),
                                   sample_host("e", HOST_FAIL)};
    struct host_verdict others[] = {sample_host("f", HOST_PASS)};
    static const char *expected[] = {"g"};
    static const struct host_fact skipped[] = {{"a", "R1"}, {"b", "R2"}, {"c", "R3"}, {"d", "R4"},
                                               {"e", "R5"}, {"f", "R6"}, {"g", "R7"}};
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_categorized(&sample);
    sample.scopes[0].hosts = hosts;
    sample.scopes[0].host_count = COUNT_OF(hosts);
    sample.scopes[1].hosts = others;
    sample.scopes[1].host_count = COUNT_OF(others);
    sample.verdict.expected = expected;
    sample.verdict.expected_count = COUNT_OF(expected);
    sample.facts.kernels = NULL;
    sample.facts.skipped = skipped;
    sample.facts.skipped_count = COUNT_OF(skipped);
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text, "HOSTS:\n  a - NOT STARTED - blacklisted: R1\n  b - PASS\n"
                      "  c - MISSING - blacklisted: R3\n  d - UNKNOWN - blacklisted: R4\n"
                      "  e - FAIL\n\n");
    assert_silent(text, "Left out on purpose");
}

static void template_without_plugin_shows_none(void **state)
{
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_failing(&sample);
    sample.facts = (struct run_facts){
        .time_zone = "UTC",
        .plugin = "iscsi",
        .takes_no_plugin = true,
        .template_command = "python3 cmc-templates.py --template cmc-systemOS --randomize "
                            "--integration_type pure --use_specified_plugin iscsi"};
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text, "COVERAGE:\n  Template: cmc-systemOS\n  Options: --randomize\n\n");
}

static void a_command_fills_in_what_was_not_told(void **state)
{
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_failing(&sample);
    sample.facts = (struct run_facts){
        .time_zone = "UTC",
        .config_family = "gold",
        .template_command = "python3 cmc-templates.py --template cmc-systemOS --categorize "
                            "--specify_vms a,b --exclude_partial_match c --containsVm d "
                            "--vm_platforms vmware --randomize"};
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text, "COVERAGE:\n  Template: cmc-systemOS\n  Config family: gold\n"
                      "  Options: --vm_platforms vmware, --randomize\n\n");
    assert_silent(text, "Plugin:");
    assert_silent(text, "Integration:");
}

static void a_correction_says_that_it_is_one(void **state)
{
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_passing(&sample);
    sample.report.correction = true;
    sample.report.tag = "Message 3f2a9c01";
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text, "fc - COMPLETED (correction: replaces the earlier message)\n");
    assert_non_null(strstr(text, "\n\nMessage 3f2a9c01, part 1/1\n"));
    assert_string_equal(strstr(text, "\nMessage 3f"), "\nMessage 3f2a9c01, part 1/1\n");
}

static void no_mention_or_secret_reaches_chat(void **state)
{
    static const char *const forbidden[] = {"@channel", "<!here>", "<https",      "hunter2",
                                            "s3cret",   "\033",    "4f1d-record", "\n```\n@"};
    struct sample sample;
    CLEANUP_FREE char *markdown = NULL, *text = NULL, *json = NULL;

    (void)state;
    sample_failing(&sample);
    markdown = render_markdown(&sample.report, &sample.scopes[0]);
    text = render_text(&sample.report, &sample.scopes[0]);
    json = render_json(&sample.report);
    for (size_t i = 0; i < COUNT_OF(forbidden); i++)
        assert_silent(markdown, forbidden[i]);
    for (size_t i = 3; i < 7; i++) {
        assert_silent(text, forbidden[i]);
        assert_silent(json, forbidden[i]);
    }
}

static void secret_option_is_masked_as_one_word(void **state)
{
    struct sample sample;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_failing(&sample);
    sample.facts = (struct run_facts){
        .time_zone = "UTC",
        .template_command =
            "x --key 'hunter2 s3cret' --note 'two words' --say 'a \"b\"' --token=t"};
    text = render_text(&sample.report, &sample.scopes[0]);
    assert_says(text, "  Options: --key ***, --note \"two words\", --say 'a \"b\"', --token ***\n");
    assert_silent(text, "s3cret");
}

/* What the state folder keeps for those whose message was shortened. */
static void the_whole_report_loses_nothing(void **state)
{
    struct sample sample;
    char excerpt[50001];
    CLEANUP_FREE char *text = NULL, *markdown = NULL;

    (void)state;
    memset(excerpt, 'x', sizeof(excerpt) - 1);
    excerpt[sizeof(excerpt) - 1] = '\0';
    sample_failing(&sample);
    sample.scopes[0].hosts[1].excerpt = excerpt;
    sample.report.full_report = "/var/lib/atvm-run-watcher/b/report.txt";
    sample.report.whole = true;
    text = render_text(&sample.report, &sample.scopes[0]);
    markdown = render_markdown(&sample.report, &sample.scopes[0]);
    assert_says(text, excerpt);
    assert_says(markdown, excerpt);
    assert_silent(text, "Shortened:");
}

/* The only part of a message for so many characters; free() it. */
static char *one_part(const struct sample *sample, size_t characters)
{
    struct message_parts parts = render_markdown_parts(&sample->report, &sample->scopes[0],
                                                       (struct message_limit){0, characters});
    char *message = TAKE_POINTER(parts.bodies[0]);

    assert_int_equal(parts.count, 1);
    assert_true(escape_count_characters(message) <= characters);
    message_parts_clear(&parts);
    return message;
}

static void a_tight_message_loses_excerpts_first_then_the_flow(void **state)
{
    struct sample sample;
    char excerpt[5001];
    CLEANUP_FREE char *whole = NULL, *shorter = NULL, *short_one = NULL;

    (void)state;
    memset(excerpt, 'x', sizeof(excerpt) - 1);
    excerpt[sizeof(excerpt) - 1] = '\0';
    sample_failing(&sample);
    sample.scopes[0].hosts[1].excerpt = excerpt;
    sample.report.full_report = "/var/lib/atvm-run-watcher/b/report.md";
    whole = render_markdown(&sample.report, &sample.scopes[0]);
    shorter = one_part(&sample, 2600);
    short_one = one_part(&sample, 1900);

    assert_in_range(escape_count_characters(whole), 3000, 4500);
    assert_says(whole, "characters left out");
    assert_true(escape_count_characters(shorter) > 1900);
    assert_says(shorter, "22. Power off");
    assert_says(shorter, "Shortened: failure text of 1 host. "
                         "The full report: /var/lib/atvm-run-watcher/b/report.md");
    assert_silent(short_one, "22. Power off");
    assert_says(short_one, "8 steps, left out here, see NOTES.");
    assert_says(short_one, "Shortened: failure text of 1 host, test flow. The full report:");
}

/* The parts in one text, as a reader sees them; free() it. */
static char *joined(const struct message_parts *parts)
{
    char *text = memory_string("");

    for (size_t i = 0; i < parts->count; i++) {
        char *longer = memory_format("%s%s", text, parts->bodies[i]);

        free(text);
        text = longer;
    }
    return text;
}

/* What no single message can hold is said in several, rather than not at all. */
static void a_message_that_stays_too_long_is_sent_in_parts(void **state)
{
    struct sample sample;
    struct message_parts parts;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_forty(&sample);
    sample.report.tag = "Message 3f2a9c01";
    parts =
        render_markdown_parts(&sample.report, &sample.scopes[0], (struct message_limit){2000, 0});
    text = joined(&parts);
    assert_in_range(parts.count, 2, 4);
    for (size_t i = 0; i < parts.count; i++)
        assert_in_range(strlen(parts.bodies[i]), 1, 2000);
    for (size_t i = 0; i < sample.scopes[0].host_count; i++)
        assert_says(text, sample.scopes[0].hosts[i].name);
    assert_silent(text, "not listed");
    assert_says(parts.bodies[0], "#### cmc-e2e-all-forty - FAILED\n");
    assert_says(parts.bodies[1], "#### cmc-e2e-all-forty - FAILED, continued\n\n");
    assert_says(parts.bodies[1], "\n\nMessage 3f2a9c01, part 2/");
    message_parts_clear(&parts);
}

/* Once it takes several parts, they are filled: what was left out to save a part comes back. */
static void parts_hold_as_much_as_fits_their_number(void **state)
{
    struct sample sample;
    struct message_parts parts;
    CLEANUP_FREE char *excerpt = memory_string("");
    CLEANUP_FREE char *text = NULL;

    (void)state;
    for (int i = 1; i <= 50; i++) {
        char *longer = memory_format("%sError: line %02d of 50\n", excerpt, i);

        free(excerpt);
        excerpt = longer;
    }
    sample_failing(&sample);
    sample.scopes[0].hosts[1].excerpt = excerpt;
    parts = render_text_parts(&sample.report, &sample.scopes[0], (struct message_limit){0, 1600});
    text = joined(&parts);
    assert_int_equal(parts.count, 2);
    assert_says(text, "line 01 of 50");
    assert_says(text, "line 50 of 50");
    assert_says(text, "22. Power off");
    assert_silent(text, "Shortened:");
    message_parts_clear(&parts);
}

static void failed_hosts_outlast_those_that_passed(void **state)
{
    struct sample sample;
    struct message_parts parts;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_forty(&sample);
    parts = render_text_parts(&sample.report, &sample.scopes[0], (struct message_limit){250, 0});
    text = joined(&parts);
    assert_in_range(parts.count, 2, 10);
    assert_says(text, "atvm13-redhat9.4 - FAIL");
    assert_says(text, "atvm39-redhat9.6 - FAIL");
    assert_says(text, "37 hosts - PASS (not listed)");
    message_parts_clear(&parts);
}

typedef struct message_parts (*in_parts)(const struct report *, const struct scope_verdict *,
                                         struct message_limit);

static void no_limit_is_ever_exceeded(void **state)
{
    static const in_parts renderers[] = {render_text_parts, render_markdown_parts};
    struct sample sample;

    (void)state;
    for (size_t s = 0; s < SAMPLE_COUNT; s++) {
        samples[s](&sample);
        sample.report.tag = "Message 3f2a9c01";
        for (size_t limit = 1; limit < 5000; limit += limit / 8 + 1)
            for (size_t i = 0; i < COUNT_OF(renderers); i++) {
                struct message_parts bytes = renderers[i](&sample.report, &sample.scopes[0],
                                                          (struct message_limit){limit, 0});
                struct message_parts characters = renderers[i](&sample.report, &sample.scopes[0],
                                                               (struct message_limit){0, limit});

                assert_in_range(bytes.count, 1, 10);
                assert_in_range(characters.count, 1, 10);
                for (size_t part = 0; part < bytes.count; part++)
                    assert_in_range(strlen(bytes.bodies[part]), 1, limit);
                for (size_t part = 0; part < characters.count; part++)
                    assert_in_range(escape_count_characters(characters.bodies[part]), 1, limit);
                message_parts_clear(&bytes);
                message_parts_clear(&characters);
            }
    }
}

static void a_cut_message_says_so(void **state)
{
    struct sample sample;
    struct message_parts parts;
    CLEANUP_FREE char *text = NULL;

    (void)state;
    sample_forty(&sample);
    parts = render_text_parts(&sample.report, &sample.scopes[0], (struct message_limit){110, 0});
    text = joined(&parts);
    assert_int_equal(parts.count, 10);
    assert_says(text, "cmc-e2e-all-forty - FAILED\n");
    assert_says(text, "\nCut here. The full report: "
                      "/var/lib/atvm-run-watcher/cmc-e2e-all-forty/report.md\n");
    message_parts_clear(&parts);
}

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    assert_true(json_object_object_get_ex(object, key, &value));
    return value;
}

static void json_numbers_are_short_and_exact(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } table[] = {{0, "0"},
                 {SECONDS(2467), "2467"},
                 {INT64_C(973800000000), "973.8"},
                 {INT64_C(1499999), "0.001"},
                 {INT64_C(1500000), "0.002"},
                 {INT64_C(10050000000), "10.05"},
                 {INT64_C(100000000000), "100"},
                 {-1, "null"}};
    struct sample sample;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP_FREE char *json = NULL, *wanted = NULL;

        sample_hung(&sample);
        sample.scopes[0].duration_ns = table[i].ns;
        json = render_json(&sample.report);
        wanted = memory_format("\"duration_s\": %s,\n      \"hosts\"", table[i].text);
        assert_says(json, wanted);
    }
}

static void json_has_no_flow_exactly_when_its_source_is_none(void **state)
{
    static const struct {
        enum flow_source source;
        const char *name;
    } table[] = {{FLOW_NONE, "none"}, {FLOW_SPEC, "spec"}, {FLOW_CONFIG, "config"}};
    struct sample sample;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP_FREE char *json = NULL;
        struct json_object *report, *scope;

        sample_passing(&sample);
        sample.scopes[0].flow_source = table[i].source;
        json = render_json(&sample.report);
        report = json_tokener_parse(json);
        assert_non_null(report);
        scope = json_object_array_get_idx(member(report, "scopes"), 0);
        assert_string_equal(json_object_get_string(member(scope, "flow_source")), table[i].name);
        assert_int_equal(member(scope, "flow") == NULL, table[i].source == FLOW_NONE);
        json_object_put(report);
    }
}

static void json_error_is_one_line_and_valid_utf8(void **state)
{
    struct sample sample;
    CLEANUP_FREE char *json = NULL;

    (void)state;
    sample_failing(&sample);
    sample.scopes[0].hosts[1].error = "first\nsecond \xFF\033[31m third";
    json = render_json(&sample.report);
    assert_says(json, "\"error\": \"first second \xEF\xBF\xBD third\"");
}

static void names_of_states_and_statuses(void **state)
{
    (void)state;
    for (int i = STATE_RUNNING; i <= STATE_UNKNOWN; i++)
        assert_int_equal(run_state_from_name(run_state_name((enum run_state)i)), i);
    assert_int_equal(run_state_from_name("running"), 0);
    assert_int_equal(run_state_from_name(NULL), 0);
    assert_string_equal(run_state_name((enum run_state)0), "UNKNOWN");
    assert_string_equal(run_state_name((enum run_state)99), "UNKNOWN");
    assert_string_equal(host_status_name(HOST_NOT_STARTED), "NOT STARTED");
    assert_string_equal(question_name(QUESTION_EXCERPT), "excerpt");
    for (int i = STATE_RUNNING; i <= STATE_UNKNOWN; i++) {
        assert_int_equal(run_state_is_posted((enum run_state)i),
                         i == STATE_COMPLETED || i == STATE_FAILED);
        assert_int_equal(run_state_is_final((enum run_state)i),
                         i != STATE_RUNNING && i != STATE_HUNG);
    }
    for (int i = HOST_PASS; i <= HOST_MISSING; i++)
        assert_int_equal(host_status_is_final((enum host_status)i),
                         i == HOST_PASS || i == HOST_FAIL || i == HOST_SKIPPED);
}

static void a_verdict_is_freed_with_all_it_holds(void **state)
{
    struct verdict *verdict = memory_zeroed(1, sizeof(*verdict));

    (void)state;
    obstack_init(&verdict->memory);
    verdict->build = memory_string_in(&verdict->memory, "build");
    assert_string_equal(verdict->build, "build");
    verdict_free(verdict); /* the leak checker of a sanitizer build sees what is left */
    verdict_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_stand_in_one_order),
        cmocka_unit_test(hosts_stand_as_completed_running_remaining),
        cmocka_unit_test(every_status_is_named),
        cmocka_unit_test(a_host_without_a_result_says_why),
        cmocka_unit_test(evidence_against_a_pass_is_told_beside_it),
        cmocka_unit_test(a_categorized_run_is_summed_up),
        cmocka_unit_test(blacklisted_host_of_the_run_is_not_called_left_out),
        cmocka_unit_test(template_without_plugin_shows_none),
        cmocka_unit_test(secret_option_is_masked_as_one_word),
        cmocka_unit_test(the_whole_report_loses_nothing),
        cmocka_unit_test(a_command_fills_in_what_was_not_told),
        cmocka_unit_test(a_correction_says_that_it_is_one),
        cmocka_unit_test(no_mention_or_secret_reaches_chat),
        cmocka_unit_test(a_tight_message_loses_excerpts_first_then_the_flow),
        cmocka_unit_test(a_message_that_stays_too_long_is_sent_in_parts),
        cmocka_unit_test(parts_hold_as_much_as_fits_their_number),
        cmocka_unit_test(failed_hosts_outlast_those_that_passed),
        cmocka_unit_test(no_limit_is_ever_exceeded),
        cmocka_unit_test(a_cut_message_says_so),
        cmocka_unit_test(json_numbers_are_short_and_exact),
        cmocka_unit_test(json_has_no_flow_exactly_when_its_source_is_none),
        cmocka_unit_test(json_error_is_one_line_and_valid_utf8),
        cmocka_unit_test(names_of_states_and_statuses),
        cmocka_unit_test(a_verdict_is_freed_with_all_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
