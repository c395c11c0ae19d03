#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "host-name.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
    const char *text;
    const char *expected; /* NULL: none */
};

static void machine_names_are_found_in_running_text(void **state)
{
    static const struct row rows[] = {
        {"atvm71-redhat9.1", "atvm71-redhat9.1"},
        {"cypress/e2e/atvm/atvm71-redhat9.1.ts", "atvm71-redhat9.1"},
        {"cypress\\e2e\\atvm160-w2k25.cy.ts", "atvm160-w2k25"},
        {"cmc-e2e atvm118-debian12.5.0 1. Verifying", "atvm118-debian12.5.0"},
        {"see atvm71-redhat9.1.", "atvm71-redhat9.1"},
        {"(atvm71-redhat9.1)", "atvm71-redhat9.1"},
        {"\xe2\x94\x82 atvm71-redhat9.1 \xe2\x94\x82", "atvm71-redhat9.1"},
        {"atvm71-redhat9.1_2026-04-16T17-00-00.json", "atvm71-redhat9.1"},
        {"logs/atvm5-ubuntu22.04/a.txt atvm6-centos6.0", "atvm5-ubuntu22.04"},
        {"'atvm88-redhat8.10.ts', 'x'", "atvm88-redhat8.10"},
        {"atvm71-redhat9.1.spec.js:15:3", "atvm71-redhat9.1"},
        {"atvm71-redhat9.1.xml", "atvm71-redhat9.1"},
        {"atvm71-redhat9.1.html", "atvm71-redhat9.1"},
        /* the first one that is a name */
        {"atvm atvmx-1 atvm7 atvm9-suse15.5", "atvm9-suse15.5"},
        {"aatvm1-suse1 atvm2-suse2", "atvm2-suse2"},
        /* part of a longer word, such as the name of a build */
        {"test-result-atvm71-redhat9.1.xml", NULL},
        {"e2e-atvm71-redhat9.1-fc", NULL},
        {"atvm71-redhat9.1-fc", NULL},
        {"xatvm71-redhat9.1", NULL},
        /* no name */
        {"", NULL},
        {"atvm", NULL},
        {"atvm71", NULL},
        {"atvm71-", NULL},
        {"atvm-redhat9.1", NULL},
        {"atvm71-.5", NULL},
        {"ATVM71-redhat9.1", NULL},
        {"e2e-redhat9.1-fc", NULL},
        {"atvm71-redh\xe2\x80\xa6", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char name[HOST_NAME_MAX_BYTES + 1] = "untouched";
        bool found = host_name_find(rows[i].text, strlen(rows[i].text), name);

        if (found != (rows[i].expected != NULL) || (found && strcmp(name, rows[i].expected) != 0))
            fail_msg("\"%s\" gave %s", rows[i].text, found ? name : "none");
    }
}

static void nothing_behind_the_given_length_is_read(void **state)
{
    char name[HOST_NAME_MAX_BYTES + 1];

    (void)state;
    assert_true(host_name_find("atvm71-redhat9.1", 13, name));
    assert_string_equal(name, "atvm71-redhat");
    assert_true(host_name_find("atvm71-redhat9.1", 15, name));
    assert_string_equal(name, "atvm71-redhat9");
    assert_false(host_name_find("atvm71-redhat9.1", 7, name));
}

static void a_name_that_is_too_long_is_none(void **state)
{
    char text[400];
    char name[HOST_NAME_MAX_BYTES + 1];
    int64_t time_ns;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "atvm7-", 6);
    assert_false(host_name_find(text, sizeof(text), name));
    assert_false(host_name_of_spec(text, sizeof(text), name));
    assert_true(host_name_find(text, HOST_NAME_MAX_BYTES, name));
    assert_int_equal(strlen(name), HOST_NAME_MAX_BYTES);
    text[399] = '\0';
    assert_false(host_name_stem(text, "", name, &time_ns));
}

static void a_spec_tests_the_host_it_is_named_after(void **state)
{
    static const struct row rows[] = {
        {"cypress/e2e/atvm/atvm71-redhat9.1.ts", "atvm71-redhat9.1"},
        {"atvm71-redhat9.1.cy.ts", "atvm71-redhat9.1"},
        {"atvm71-redhat9.1.spec.js", "atvm71-redhat9.1"},
        {"web-server.7.ts", "web-server.7"},
        {"C:\\specs\\win.tsx", "win"},
        {"no-ending9.1", "no-ending9.1"},
        {"atvm71-redhat9.1.json", "atvm71-redhat9.1.json"},
        {".ts", ".ts"},
        {"folder/", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char name[HOST_NAME_MAX_BYTES + 1];
        bool found = host_name_of_spec(rows[i].text, strlen(rows[i].text), name);

        if (found != (rows[i].expected != NULL) || (found && strcmp(name, rows[i].expected) != 0))
            fail_msg("\"%s\" gave %s", rows[i].text, found ? name : "none");
    }
}

static void the_bookkeeping_spec_is_known_by_its_name_alone(void **state)
{
    (void)state;
    assert_true(host_name_is_bookkeeping("check-xml-files.ts"));
    assert_true(host_name_is_bookkeeping("cypress/e2e/check-xml-files.ts"));
    assert_true(host_name_is_bookkeeping("check-xml-files.cy.js"));
    assert_true(host_name_is_bookkeeping("check-xml-files"));
    assert_false(host_name_is_bookkeeping("check-xml-files-2.ts"));
    assert_false(host_name_is_bookkeeping("my-check-xml-files.ts"));
    assert_false(host_name_is_bookkeeping("atvm71-redhat9.1.ts"));
    assert_false(host_name_is_bookkeeping(""));
    assert_false(host_name_is_bookkeeping(NULL));
}

static void artifact_names_are_taken_apart(void **state)
{
    static const int64_t time = INT64_C(1776358800) * 1000000000;
    static const struct {
        const char *file_name, *prefix, *stem; /* stem NULL: refused */
        int64_t time_ns;
    } rows[] = {
        {"test-result-atvm71-redhat9.1.xml", "test-result-", "atvm71-redhat9.1", -1},
        {"test-result-e2e-redhat9.1-fc.xml", "test-result-", "e2e-redhat9.1-fc", -1},
        {"test-result-35766949a1f3253b2d826c088d29eaba.xml", "test-result-", "", -1},
        {"test-result-.xml", "test-result-", "", -1},
        {"test-result.xml", "test-result-", NULL, -1},
        {"other.xml", "test-result-", NULL, -1},
        {"atvm71-redhat9.1_2026-04-16T17-00-00.json", "", "atvm71-redhat9.1", time},
        {"atvm71-redhat9.1-2026-04-16T17-00-00-000Z.txt", "", "atvm71-redhat9.1", time},
        {"atvm71-redhat9.1_2026-04-16T17-00-00_001.html", "", "atvm71-redhat9.1", time},
        {"2026-04-16T17-00-00.json", "", "", time},
        {"atvm71-redhat9.1_2026-04-31T17-00-00.json", "", "atvm71-redhat9.1_2026-04-31T17-00-00",
         -1},
        {"atvm71-redhat9_002.html", "", "atvm71-redhat9", -1},
        {"mochawesome.html", "", "mochawesome", -1},
        {"mochawesome_001.json", "", "mochawesome", -1},
        {"_001.json", "", "_001", -1},
        {"atvm71-redhat9.1", "", "atvm71-redhat9.1", -1},
        {"atvm160-w2k25.xml", "", "atvm160-w2k25", -1},
        {"a_12.xml", "", "a_12", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char stem[HOST_NAME_MAX_BYTES + 1] = "";
        int64_t time_ns;
        bool fits = host_name_stem(rows[i].file_name, rows[i].prefix, stem, &time_ns);

        if (fits != (rows[i].stem != NULL) || (fits && strcmp(stem, rows[i].stem) != 0) ||
            time_ns != rows[i].time_ns)
            fail_msg("\"%s\" gave \"%s\", %jd", rows[i].file_name, fits ? stem : "(refused)",
                     (intmax_t)time_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_names_are_found_in_running_text),
        cmocka_unit_test(nothing_behind_the_given_length_is_read),
        cmocka_unit_test(a_name_that_is_too_long_is_none),
        cmocka_unit_test(a_spec_tests_the_host_it_is_named_after),
        cmocka_unit_test(the_bookkeeping_spec_is_known_by_its_name_alone),
        cmocka_unit_test(artifact_names_are_taken_apart),
    };

    return cmocka_run_group_tests_name("host-name", tests, NULL, NULL);
}
