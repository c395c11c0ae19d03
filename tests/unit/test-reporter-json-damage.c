/* JSON logs that are not whole: cut anywhere, spoilt, nested without end, saying a thing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "memory.h"
#include "recorded-artifacts.h"
#include "reporter-json-sample.h"

static void what_is_not_whole_is_refused(void **state)
{
    static const struct {
        const char *json, *damage;
    } cases[] = {
        {"", "is empty"},
        {" \n", "is cut off"},
        {"{\n\n}", "holds no test"},
        {"null\n", "null"},
        {"[]", "no object"},
        {"'text'", "no object"},
        {"{'spec.ts': {'a': [" FINE "]", "is cut off"},
        {CUSTOM("'1. a': [" FINE "]") "}", "after the end"},
        {CUSTOM("'1. a': [" FINE "]") " x", "after the end"},
        {CUSTOM("'1. a': [" FINE ",]"), "no valid JSON"},
        {"{'a': 1}", "of no known form"},
        {"{'spec.ts': [" FINE "]}", "of no known form"},
        {CUSTOM(""), "holds no test"},
        {CUSTOM("'1. a': 'text'"), "no list of events"},
        {"{'host': 'h', 'tests': [1]}", "without a title"},
        {CUSTOM("'1. \xff': [" FINE "]"), "no valid JSON"},
        {"{'metadata': {'host': 'atvm7-redhat9.1', 'spec': 'atvm8-redhat9.1.ts'}, 'tests': {'1. a':"
         " [" FINE "]}}",
         "names two hosts"},
        {CUSTOM("'s atvm8-redhat9.1 -> 1. a': [" FINE "]"), "names two hosts"},
        {"{'atvm7-a.ts': {'1. a': [" FINE "]}, 'atvm8-a.ts': {'1. a': [" FINE "]}}",
         "names two hosts"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host_result result = parse(cases[i].json);

        if (!strstr(result.damage, cases[i].damage))
            fail_msg("case %zu: \"%s\" instead of \"%s\"", i, result.damage, cases[i].damage);
        assert_true(result.withheld || result.evidence.outcome != ATVM_OUTCOME_PASS ||
                    result.damage[0] != '\0');
        host_result_free(&result);
    }
}

static void nul_byte_is_refused(void **state)
{
    static const char json[] = "{\"host\": \"h\", \"tests\": {\"1. a\": []}}\0{}";
    struct host_result result = reporter_json_parse(json, sizeof(json) - 1);

    (void)state;
    assert_non_null(strstr(result.damage, "after the end"));
    host_result_free(&result);
}

/* json-c keeps the last of two equal members; the first one may be the failing one. */
static void member_named_twice_is_damage(void **state)
{
    struct host_result result = parse(CUSTOM("'1. a': [" BROKEN "], '1. a': [" FINE "]"));

    (void)state;
    assert_non_null(strstr(result.damage, "twice"));
    assert_false(proves(&result));
    host_result_free(&result);

    /* Colons and quotes inside of strings are no members. */
    result = parse(CUSTOM("'1. a: b': [['cy:log', 'x: {\\\"y\\\": 1} \\\\', 'success']]"));
    assert_true(proves(&result));
    host_result_free(&result);
}

static struct host_result parse_nested(unsigned depth)
{
    char *text = memory_string("{\"host\": \"h\", \"tests\": {\"1. a\": [[\"cy:log\", ");
    struct host_result result;
    size_t length = strlen(text);

    text = realloc(text, length + 2 * depth + 32);
    assert_non_null(text);
    memset(text + length, '[', depth);
    memset(text + length + depth, ']', depth);
    strcpy(text + length + 2 * (size_t)depth, ", \"success\"]]}}");
    result = reporter_json_parse(text, strlen(text));
    free(text);
    return result;
}

static void nesting_is_followed_to_a_limit(void **state)
{
    struct host_result result = parse_nested(400);

    (void)state;
    assert_true(proves(&result));
    host_result_free(&result);
    result = parse_nested(100000);
    assert_non_null(strstr(result.damage, "no valid JSON"));
    assert_true(result.withheld);
    host_result_free(&result);
}

static void expect_damage_at(const char *bytes, size_t length)
{
    CLEANUP_FREE char *prefix = malloc(length + 1);
    struct host_result result;

    assert_non_null(prefix);
    memcpy(prefix, bytes, length);
    result = reporter_json_parse(prefix, length);
    if (result.damage[0] == '\0')
        fail_msg("the first %zu bytes count as whole", length);
    host_result_free(&result);
}

static void no_prefix_of_a_log_is_whole(void **state)
{
    size_t length;
    CLEANUP_FREE char *bytes = recorded_file(
        "tests/fixtures/04-dict-events-no-log/root/cypress/cmcReporter/logs/atvm71-redhat9.1/"
        "atvm71-redhat9.1_2026-04-17T10-20-00.json",
        &length);

    (void)state;
    assert_int_equal(bytes[length - 1], '\n');
    for (size_t cut = 0; cut < length - 1; cut++)
        expect_damage_at(bytes, cut);
}

static void cut_a_sample(void *user, const struct recorded_artifact *artifact)
{
    unsigned *seed = user;

    for (unsigned i = 0; i < 60; i++)
        expect_damage_at(artifact->bytes, (size_t)rand_r(seed) % (artifact->length - 1));
}

static void no_cut_recorded_log_is_whole(void **state)
{
    unsigned seed = 20261123;

    (void)state;
    assert_int_not_equal(recorded_artifacts_each("logs/*/*.json", cut_a_sample, &seed), 0);
}

/* Bytes that changed may change the meaning; they never crash it, and what is told is told whole.
 */
static void spoil_a_sample(void *user, const struct recorded_artifact *artifact)
{
    unsigned *seed = user;

    for (unsigned i = 0; i < 40; i++) {
        CLEANUP_FREE char *spoilt = malloc(artifact->length);
        struct host_result result;

        assert_non_null(spoilt);
        memcpy(spoilt, artifact->bytes, artifact->length);
        for (unsigned j = 0; j < 3; j++)
            spoilt[(size_t)rand_r(seed) % artifact->length] = (char)rand_r(seed);
        result = reporter_json_parse(spoilt, artifact->length);
        assert_true(result.withheld || result.evidence.tests > 0 || result.damage[0] != '\0');
        host_result_free(&result);
    }
}

static void spoilt_logs_are_survived(void **state)
{
    unsigned seed = 4711;

    (void)state;
    assert_int_not_equal(recorded_artifacts_each("logs/*/*.json", spoil_a_sample, &seed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_whole_is_refused),
        cmocka_unit_test(nul_byte_is_refused),
        cmocka_unit_test(member_named_twice_is_damage),
        cmocka_unit_test(nesting_is_followed_to_a_limit),
        cmocka_unit_test(no_prefix_of_a_log_is_whole),
        cmocka_unit_test(no_cut_recorded_log_is_whole),
        cmocka_unit_test(spoilt_logs_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
