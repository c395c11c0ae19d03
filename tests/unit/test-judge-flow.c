/* The test flow of a scope (spec R6.6): the spec's, else the configured one of the template, which
 * is shown and never believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "judge-scene.h"

#define A "atvm1-redhat9.1"

static const char *const one[] = {A, NULL};
static const char *const configured[] = {"1. Configured", "2. Steps"};

static void open_with_configured_flow(struct scene *scene)
{
    scene_open(scene, one);
    scene->policy.flow = configured;
    scene->policy.flow_count = 2;
}

/* A log of the custom writer that holds exactly these steps, and no failure. */
static void clean_log(struct scene *scene, const char *steps)
{
    scene_source(scene, "reporter-json", "reporter-json", "/x/logs/a.json", A, 2000);
    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"%s\",\"basis\":\"derived\","
                 "\"form\":\"events-custom\",\"outcome\":\"pass\",\"steps\":\"%s\",\"tests\":2,"
                 "\"passed\":2,\"failed\":0,\"pending\":0,\"skipped\":0",
                 A, steps);
    scene_end(scene, "whole");
}

static void spec(struct scene *scene, const char *quality)
{
    scene_source(scene, "spec", "spec", "/x/a.ts", NULL, -100);
    scene_record(scene, "\"claim\":\"flow-step\",\"host\":\"" A "\",\"step\":\"1. Of the spec\"");
    scene_end(scene, quality);
}

static void expect_flow(struct scene *scene, enum flow_source source, size_t count,
                        const char *first)
{
    const struct scope_verdict *scope = &scene_judge(scene)->scopes[0];

    assert_int_equal(scope->flow_source, source);
    assert_int_equal(scope->flow_count, count);
    if (first)
        assert_string_equal(scope->flow[0], first);
    else
        assert_null(scope->flow);
}

static void without_a_spec_the_configured_flow_is_shown_and_marked(void **state)
{
    struct scene scene;

    (void)state;
    open_with_configured_flow(&scene);
    scene_processes(&scene, 1234);
    expect_flow(&scene, FLOW_CONFIG, 2, "1. Configured");
    assert_string_equal(scene.verdict->scopes[0].flow[1], "2. Steps");
    scene_close(&scene);
}

static void spec_of_the_run_stands_before_the_configured_flow(void **state)
{
    struct scene scene;

    (void)state;
    open_with_configured_flow(&scene);
    scene_processes(&scene, 1234);
    spec(&scene, "whole");
    expect_flow(&scene, FLOW_SPEC, 1, "1. Of the spec");
    scene_close(&scene);
}

static void damaged_spec_gives_way_to_the_configured_flow(void **state)
{
    struct scene scene;

    (void)state;
    open_with_configured_flow(&scene);
    scene_processes(&scene, 1234);
    spec(&scene, "damaged");
    expect_flow(&scene, FLOW_CONFIG, 2, "1. Configured");
    scene_close(&scene);
}

/* Two collectors that give a flow are not one flow. */
static void first_collector_in_the_configured_order_gives_the_flow(void **state)
{
    static const struct {
        const char *order[2];
        size_t count;
        const char *quality, *first;
    } rows[] = {
        {{"spec", "other"}, 2, "whole", "1. Of the spec"},
        {{"other", "spec"}, 2, "whole", "1. Of another"},
        {{"other"}, 1, "whole", "1. Of another"},
        {{NULL}, 0, "whole", "1. Of another"},
        {{"spec", "other"}, 2, "damaged", "1. Of another"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct decision *decision;
        struct scene scene;

        scene_open(&scene, one);
        scene_processes(&scene, 1234);
        spec(&scene, rows[i].quality);
        scene_source(&scene, "other", "spec", "/x/other.ts", NULL, -100);
        scene_record(&scene,
                     "\"claim\":\"flow-step\",\"host\":\"" A "\",\"step\":\"1. Of another\"");
        scene_end(&scene, "whole");
        scene.policy.precedence[QUESTION_FLOW] = rows[i].order;
        scene.policy.precedence_count[QUESTION_FLOW] = rows[i].count;
        expect_flow(&scene, FLOW_SPEC, 1, rows[i].first);
        decision = &scene.verdict->scopes[0].hosts[0].decisions[QUESTION_FLOW];
        assert_int_equal(decision->candidate_count, 2);
        assert_int_equal(decision->candidates[0].won + decision->candidates[1].won, 1);
        scene_close(&scene);
    }
}

static void where_neither_is_known_there_is_none(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene_processes(&scene, 1234);
    expect_flow(&scene, FLOW_NONE, 0, NULL);
    scene_close(&scene);
}

/* The verdict may be kept longer than the configuration it was made with. */
static void configured_flow_is_copied(void **state)
{
    char step[] = "1. Configured";
    const char *const steps[] = {step};
    struct scene scene;

    (void)state;
    scene_open(&scene, one);
    scene.policy.flow = steps;
    scene.policy.flow_count = 1;
    scene_processes(&scene, 1234);
    expect_flow(&scene, FLOW_CONFIG, 1, "1. Configured");
    memset(step, 'x', sizeof(step) - 1);
    assert_string_equal(scene.verdict->scopes[0].flow[0], "1. Configured");
    scene_close(&scene);
}

/* A log that holds every configured step proves nothing, and its entries are not counted: nobody
 * knows whether the run's spec had the same steps. With the spec's own it does both. */
static void configured_flow_never_proves_a_pass(void **state)
{
    struct scene scene;

    (void)state;
    open_with_configured_flow(&scene);
    scene_processes(&scene, 0);
    scene_bookkeeping(&scene, NULL, 2100);
    clean_log(&scene, "1. Configured\\n2. Steps");
    scene_judge(&scene);
    assert_int_equal(scene_host(&scene, A)->status, HOST_UNKNOWN);
    assert_int_equal(scene_host(&scene, A)->tests, -1);
    assert_int_equal(scene.verdict->scopes[0].flow_source, FLOW_CONFIG);
    scene_close(&scene);

    open_with_configured_flow(&scene);
    scene_processes(&scene, 0);
    scene_bookkeeping(&scene, NULL, 2100);
    spec(&scene, "whole");
    clean_log(&scene, "1. Of the spec\\n2. More");
    scene_judge(&scene);
    assert_int_equal(scene_host(&scene, A)->status, HOST_PASS);
    assert_int_equal(scene_host(&scene, A)->tests, 2);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_spec_the_configured_flow_is_shown_and_marked),
        cmocka_unit_test(spec_of_the_run_stands_before_the_configured_flow),
        cmocka_unit_test(damaged_spec_gives_way_to_the_configured_flow),
        cmocka_unit_test(where_neither_is_known_there_is_none),
        cmocka_unit_test(first_collector_in_the_configured_order_gives_the_flow),
        cmocka_unit_test(configured_flow_is_copied),
        cmocka_unit_test(configured_flow_never_proves_a_pass),
    };

    return cmocka_run_group_tests_name("judge-flow", tests, NULL, NULL);
}
