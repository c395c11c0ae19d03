/* What is read out of `systemctl show`, and what counts as running. (The service manager itself is
 * asked in tests/system/systemd, where a real one runs.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>

#include "unit-control.h"
#include "unit-systemctl.h"

static void a_unit_is_named_after_its_build_without_escaping(void **state)
{
    char *unit = unit_of_watcher("e2e-redhat9.6-ubuntu24.04-fc");

    (void)state;
    assert_string_equal(unit, "atvm-run-watcher@e2e-redhat9.6-ubuntu24.04-fc.service");
    free(unit);
}

static void the_properties_of_a_unit_that_failed_are_read(void **state)
{
    struct unit_status status;

    (void)state;
    unit_systemctl_parse("Result=exit-code\nMainPID=0\nExecMainCode=1\nExecMainStatus=2\n"
                         "StatusText=1/3 hosts, 0 failed = good\nLoadState=loaded\n"
                         "ActiveState=failed\nSubState=failed\n",
                         &status);
    assert_string_equal(status.load_state, "loaded");
    assert_string_equal(status.active_state, "failed");
    assert_string_equal(status.sub_state, "failed");
    assert_string_equal(status.result, "exit-code");
    assert_string_equal(status.status_text, "1/3 hosts, 0 failed = good");
    assert_int_equal(status.exit_code, CLD_EXITED);
    assert_int_equal(status.exit_status, 2);
    assert_int_equal(status.main_pid, 0);
    assert_false(unit_status_is_running(&status));
    unit_status_clear(&status);
    assert_null(status.load_state);
}

static void what_is_not_said_is_empty(void **state)
{
    struct unit_status status;

    (void)state;
    unit_systemctl_parse("LoadState=not-found\nActiveState=inactive\nActiveStateX=active", &status);
    assert_string_equal(status.active_state, "inactive");
    assert_string_equal(status.status_text, "");
    assert_int_equal(status.exit_status, 0);
    assert_false(unit_status_is_running(&status));
    unit_status_clear(&status);
}

static void a_unit_on_its_way_up_or_down_is_running(void **state)
{
    static const char *const states[] = {"ActiveState=active", "ActiveState=activating",
                                         "ActiveState=reloading", "ActiveState=deactivating"};

    (void)state;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        struct unit_status status;

        unit_systemctl_parse(states[i], &status);
        assert_true(unit_status_is_running(&status));
        unit_status_clear(&status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_is_named_after_its_build_without_escaping),
        cmocka_unit_test(the_properties_of_a_unit_that_failed_are_read),
        cmocka_unit_test(what_is_not_said_is_empty),
        cmocka_unit_test(a_unit_on_its_way_up_or_down_is_running),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
