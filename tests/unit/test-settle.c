/* When a verdict has settled: two looks that agree, a while, and nothing more to come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settle.h"

#define SECOND INT64_C(1000000000)
#define WAIT   (3 * SECOND)

static struct scope_verdict scope = {.name = "build-redhat"};
static struct verdict verdict = {.build = "build", .scopes = &scope, .scope_count = 1};

static int set_up(void **state)
{
    (void)state;
    scope.name = "build-redhat";
    scope.state = STATE_COMPLETED;
    verdict.more_may_come = false;
    return 0;
}

static bool look(struct settle *settle, int64_t at_s, bool cut_short)
{
    settle_look(settle, &verdict, cut_short, at_s * SECOND);
    return settle_is_over(settle, &verdict, &scope, WAIT, at_s * SECOND);
}

/* Seconds of looking once a second, after which it is over; 0: not within two minutes. */
static int64_t settled_after(bool cut_short)
{
    struct settle settle = {0};
    int64_t at = 0;

    while (at <= 120 && !look(&settle, at, cut_short))
        at++;
    settle_clear(&settle);
    return at <= 120 ? at : 0;
}

static void posted_state_settles_soon_and_any_other_later(void **state)
{
    static const struct {
        enum run_state state;
        int64_t seconds;
    } rows[] = {
        {STATE_COMPLETED, 3}, {STATE_FAILED, 3},     {STATE_TERMINATED, 30}, {STATE_UNKNOWN, 30},
        {STATE_RUNNING, 0},   {STATE_CANCELLED, 30}, {STATE_HUNG, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scope.state = rows[i].state;
        if (settled_after(false) != rows[i].seconds)
            fail_msg("%s: %lld s", run_state_name(rows[i].state), (long long)settled_after(false));
    }
}

static void one_look_is_not_enough_however_long_ago_it_was(void **state)
{
    struct settle settle = {0};

    (void)state;
    settle_look(&settle, &verdict, false, 0);
    assert_false(settle_is_over(&settle, &verdict, &scope, WAIT, 100 * SECOND));
    assert_true(look(&settle, 100, false));
    settle_clear(&settle);
}

static void change_begins_the_time_anew(void **state)
{
    struct settle settle = {0};

    (void)state;
    assert_false(look(&settle, 0, false));
    assert_false(look(&settle, 2, false));
    scope.state = STATE_FAILED;
    assert_false(look(&settle, 3, false));
    assert_false(look(&settle, 5, false));
    assert_true(look(&settle, 6, false));
    settle_clear(&settle);
}

/* What was not read may hold a failure; but what never ends must not hold up the answer for ever.
 */
static void looks_that_leave_something_unread_settle_later(void **state)
{
    struct settle settle = {0};

    (void)state;
    assert_int_equal(settled_after(true), 30);
    assert_false(look(&settle, 0, true));
    assert_false(look(&settle, 4, true));
    assert_true(look(&settle, 5, false));
    settle_clear(&settle);
}

static void sub_run_without_all_results_waits_while_more_may_come(void **state)
{
    (void)state;
    verdict.more_may_come = true;
    scope.state = STATE_UNKNOWN;
    assert_int_equal(settled_after(false), 0);
    /* What is decided is posted in its turn. */
    scope.state = STATE_FAILED;
    assert_int_equal(settled_after(false), 3);
    scope.state = STATE_CANCELLED;
    assert_int_equal(settled_after(false), 30);
}

static void run_itself_waits_while_more_may_come(void **state)
{
    static const enum run_state states[] = {STATE_COMPLETED, STATE_FAILED, STATE_CANCELLED,
                                            STATE_UNKNOWN, STATE_TERMINATED};

    (void)state;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        struct settle settle = {0};

        verdict.state = states[i];
        for (int more = 1; more >= 0; more--) {
            verdict.more_may_come = more;
            settle_run_is_over(&settle, &verdict, false, WAIT, 0);
            assert_int_equal(settle_run_is_over(&settle, &verdict, false, WAIT, 60 * SECOND),
                             !more);
        }
        settle_clear(&settle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(posted_state_settles_soon_and_any_other_later, set_up),
        cmocka_unit_test_setup(one_look_is_not_enough_however_long_ago_it_was, set_up),
        cmocka_unit_test_setup(change_begins_the_time_anew, set_up),
        cmocka_unit_test_setup(looks_that_leave_something_unread_settle_later, set_up),
        cmocka_unit_test_setup(sub_run_without_all_results_waits_while_more_may_come, set_up),
        cmocka_unit_test_setup(run_itself_waits_while_more_may_come, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
