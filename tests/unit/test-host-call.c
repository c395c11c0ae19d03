#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "clock.h"
#include "fake-host.h"
#include "host-call.h"
#include "memory.h"

#define LONGEST 2000

static int set_up(void **state)
{
    *state = fake_host_new(NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

static void a_failure_returns_the_result_it_was_given(void **state)
{
    const struct atvm_host *host = fake_host_table(*state);

    assert_int_equal(host_fail(host, ATVM_COLLECT_UNAVAILABLE, "%s: %d", "what", 5),
                     ATVM_COLLECT_UNAVAILABLE);
    assert_string_equal(fake_host_failure(*state), "what: 5");
}

static void a_long_message_is_cut_between_characters(void **state)
{
    static const char snowman[] = "\xe2\x98\x83";
    const struct atvm_host *host = fake_host_table(*state);

    /* Every position of a three-byte character against the limit. */
    for (size_t plain = LONGEST - 6; plain <= LONGEST; plain++) {
        CLEANUP_FREE char *text = memory_zeroed(1, plain + 20);
        size_t length;

        memset(text, 'x', plain);
        for (size_t i = 0; i < 3; i++)
            strcat(text, snowman);
        host_fail(host, 0, "%s", text);
        length = strlen(fake_host_failure(*state));
        assert_in_range(length, LONGEST - 6, LONGEST);
        assert_memory_equal(fake_host_failure(*state), text, length);
        assert_int_equal(length >= plain ? (length - plain) % 3 : 0, 0);
    }
}

static void a_source_ends_with_a_reason_or_without(void **state)
{
    const struct atvm_host *host = fake_host_table(*state);
    const struct atvm_source source = {.struct_size = sizeof(source),
                                       .mode = ATVM_SOURCE_REPLACE,
                                       .path = "/a",
                                       .kind = "junit",
                                       .size = -1,
                                       .mtime_ns = -1,
                                       .name_time_ns = -1};
    struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);
    struct json_object *unit;

    assert_int_equal(host->begin_source(host->context, &source), ATVM_OK);
    evidence.entity = "name";
    host_emit(host, &evidence);
    host_end_source(host, ATVM_QUALITY_DAMAGED, "at byte %d", 7);
    unit = fake_host_unit(*state, "/a");
    assert_string_equal(json_object_get_string(json_object_object_get(unit, "reason")),
                        "at byte 7");
    assert_non_null(fake_host_find(*state, "fact", NULL));

    assert_int_equal(host->begin_source(host->context, &source), ATVM_OK);
    host_end_source(host, ATVM_QUALITY_WHOLE, NULL);
    unit = fake_host_unit(*state, "/a");
    assert_false(json_object_object_get_ex(unit, "reason", NULL));
}

static void a_pass_ends_some_time_before_its_deadline(void **state)
{
    const struct atvm_host *host = fake_host_table(*state);

    fake_host_set_deadline(*state, clock_ns(CLOCK_MONOTONIC) + 3600 * NS_PER_SECOND);
    assert_false(host_is_out_of_time(host, NS_PER_SECOND));
    assert_true(host_is_out_of_time(host, 3601 * NS_PER_SECOND));
    fake_host_set_deadline(*state, clock_ns(CLOCK_MONOTONIC) - 1);
    assert_true(host_is_out_of_time(host, 0));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_failure_returns_the_result_it_was_given),
        TEST(a_long_message_is_cut_between_characters),
        TEST(a_source_ends_with_a_reason_or_without),
        TEST(a_pass_ends_some_time_before_its_deadline),
    };

    return cmocka_run_group_tests_name("host-call", tests, NULL, NULL);
}
