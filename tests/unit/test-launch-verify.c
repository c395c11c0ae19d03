/* Whether what was generated is what was asked for, by the evidence of the collector "spec". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge-scene.h"
#include "launch-verify.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define SECOND INT64_C(1000000000)

#define ROOT   "/root/e2e"
#define CONFIG ROOT "/cypress.ts"
#define SPECS  "cypress/e2e/atvm"

/* When the template command began, and a time before and after it, in seconds of the scene. */
enum { EARLIER = 100, BEGAN = 200, LATER = 210 };

/* What lies there after a template command, and what was asked of it; machines as comma lists. */
struct launched {
    const char *hosts, *contains, *exclude; /* asked for */
    const char *pattern;                    /* of the specPattern */
    const char *specs;                      /* there are */
    const char *old_specs;                  /* of these, not written by the command */
    int config_time;                        /* 0: LATER */
    const char *config_quality;             /* NULL: "whole"; "none": there is no such source */
    const char *pass;                       /* NULL: "complete"; "none": nobody looked */
    const char *problems;                   /* expected; NULL: it is what was asked for */
};

static void add_words(struct obstack *memory, struct launch_words *words, const char *list)
{
    char *rest = memory_string_in(memory, list ? list : ""), *word;

    while ((word = strsep(&rest, ",")))
        if (*word)
            launch_words_add(words, word);
}

static void add_config(struct scene *scene, const struct launched *launched,
                       const struct launch_words *pattern)
{
    int line = 10;

    scene_source(scene, "spec", "config", CONFIG, NULL,
                 launched->config_time ? launched->config_time : LATER);
    scene_record(scene, "\"claim\":\"fact\",\"entity\":\"spec-pattern\",\"text\":\"[ … ]\"");
    for (size_t i = 0; i < pattern->count; i++)
        scene_record(scene,
                     "\"claim\":\"expected-host\",\"host\":\"%s\",\"line\":%d,"
                     "\"text\":\"%s" SPECS "/%s.ts\"",
                     pattern->words[i], line++, i == 0 ? "./" : "", pattern->words[i]);
    scene_end(scene, launched->config_quality ? launched->config_quality : "whole");
}

static bool holds(const char *list, const char *word)
{
    return list && strstr(list, word);
}

static void add_specs(struct scene *scene, struct obstack *memory, const struct launched *launched,
                      const struct launch_words *pattern)
{
    for (size_t i = 0; i < pattern->count; i++) {
        const char *host = pattern->words[i];

        if (!holds(launched->specs, host))
            continue;
        scene_source(scene, "spec", "spec", memory_format_in(memory, ROOT "/" SPECS "/%s.ts", host),
                     host, holds(launched->old_specs, host) ? EARLIER : LATER);
        scene_end(scene, "whole");
    }
}

static void check(const struct launched *launched)
{
    static const char *const nobody[] = {NULL};
    struct launch_plan plan = {.working_directory = ROOT, .cypress_config = CONFIG};
    struct launch_words pattern = {0}, found = {0};
    struct obstack memory;
    struct scene scene;
    const char *problems;

    obstack_init(&memory);
    scene_open(&scene, nobody);
    add_words(&memory, &plan.hosts, launched->hosts);
    add_words(&memory, &plan.contains, launched->contains);
    add_words(&memory, &plan.exclude, launched->exclude);
    plan.broad = !launched->hosts || launched->contains;
    add_words(&memory, &pattern, launched->pattern);
    if (!launched->config_quality || strcmp(launched->config_quality, "none") != 0)
        add_config(&scene, launched, &pattern);
    add_specs(&scene, &memory, launched, &pattern);
    if (!launched->pass || strcmp(launched->pass, "none") != 0)
        scene_pass(&scene, "spec", launched->pass ? launched->pass : "complete");
    problems = launch_verify(&(struct launch_expectation){&plan, (SCENE_START + BEGAN) * SECOND},
                             scene.ledger, &memory, &found);
    assert_string_equal(problems ? problems : "none",
                        launched->problems ? launched->problems : "none");
    if (!problems) {
        assert_int_equal(found.count, pattern.count);
        for (size_t i = 0; i < found.count; i++)
            assert_string_equal(found.words[i], pattern.words[i]);
    }
    launch_words_free(&found);
    launch_words_free(&pattern);
    launch_plan_clear(&plan);
    scene_close(&scene);
    obstack_free(&memory, NULL);
}

static const struct launched as_asked[] = {
    {.hosts = "vm1-redhat9", .pattern = "vm1-redhat9", .specs = "vm1-redhat9"},
    {.hosts = "vm1-redhat9,vm2-suse15",
     .pattern = "vm2-suse15,vm1-redhat9",
     .specs = "vm1-redhat9,vm2-suse15"},
    {.contains = "redhat",
     .exclude = "vm9-redhat6",
     .pattern = "vm1-redhat9,vm3-redhat8",
     .specs = "vm1-redhat9,vm3-redhat8"},
    {.pattern = "vm1-redhat9,vm2-suse15", .specs = "vm1-redhat9,vm2-suse15"},
    {.hosts = "vm2-suse15",
     .contains = "redhat",
     .pattern = "vm2-suse15,vm1-redhat9",
     .specs = "vm2-suse15,vm1-redhat9"},
    /* as coarse as file times may be */
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .config_time = BEGAN - 1},
};

static void what_was_asked_for_is_let_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(as_asked); i++)
        check(&as_asked[i]);
}

#define NOT_IN_PATTERN(host)                                                                       \
    host ": was asked for, but does not stand in the specPattern of " CONFIG
#define OLD_CONFIG                                                                                 \
    CONFIG ": the template command did not write it: its specPattern is that of an earlier run"

static const struct launched otherwise[] = {
    {.hosts = "vm1-redhat9,vm2-suse15",
     .pattern = "vm1-redhat9,vm2-suse15",
     .specs = "vm1-redhat9",
     .problems = "vm2-suse15: has no spec: there is no " ROOT "/" SPECS "/vm2-suse15.ts"},
    {.hosts = "vm1-redhat9,vm2-suse15",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .problems = NOT_IN_PATTERN("vm2-suse15")},
    /* the template command was skipped: everything is of the run before */
    {.hosts = "vm2-suse15",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .old_specs = "vm1-redhat9",
     .config_time = EARLIER,
     .problems = OLD_CONFIG
     "\n" NOT_IN_PATTERN("vm2-suse15") "\n"
                                       "vm1-redhat9: stands in the specPattern (" CONFIG
                                       ":10), but was not asked for\n"
                                       "vm1-redhat9: its spec is that of an earlier run, the "
                                       "template command did not "
                                       "write it: " ROOT "/" SPECS "/vm1-redhat9.ts"},
    /* the same machines with another template: only the times tell */
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .config_time = EARLIER,
     .problems = OLD_CONFIG},
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .old_specs = "vm1-redhat9",
     .problems = "vm1-redhat9: its spec is that of an earlier run, the template command did not "
                 "write it: " ROOT "/" SPECS "/vm1-redhat9.ts"},
    /* names are whole names */
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9.1",
     .specs = "vm1-redhat9.1",
     .problems = NOT_IN_PATTERN("vm1-redhat9") "\n"
                                               "vm1-redhat9.1: stands in the specPattern (" CONFIG
                                               ":10), but was not asked for"},
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9,vm2-suse15",
     .specs = "vm1-redhat9,vm2-suse15",
     .problems = "vm2-suse15: stands in the specPattern (" CONFIG ":11), but was not asked for"},
    {.contains = "redhat",
     .pattern = "vm1-redhat9,vm2-suse15",
     .specs = "vm1-redhat9,vm2-suse15",
     .problems = "vm2-suse15: stands in the specPattern (" CONFIG
                 ":11), but contains no word that was asked for"},
    {.contains = "redhat",
     .exclude = "vm9-redhat6",
     .pattern = "vm9-redhat6",
     .specs = "vm9-redhat6",
     .problems =
         "vm9-redhat6: stands in the specPattern (" CONFIG ":10), though vm9-redhat6 is excluded"},
    {.contains = "redhat",
     .pattern = "",
     .problems = CONFIG ": its specPattern names no machine: [ … ]"},
    /* who could not look has not found it to be right */
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .config_quality = "damaged",
     .problems = CONFIG ": cannot be read whole: as made"},
    {.hosts = "vm1-redhat9",
     .config_quality = "none",
     .problems = CONFIG ": nothing was read of it"},
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .pass = "unavailable",
     .problems = "the collector spec could not look at everything"},
    {.hosts = "vm1-redhat9",
     .pattern = "vm1-redhat9",
     .specs = "vm1-redhat9",
     .pass = "none",
     .problems = "no collector looked at what was generated"},
};

static void every_difference_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(otherwise); i++)
        check(&otherwise[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_for_is_let_through),
        cmocka_unit_test(every_difference_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
