/* When a scope began, where no source recorded it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "judge-times.h"

#define AT(seconds) (INT64_C(seconds) * 1000000000)

static void a_start_is_as_sure_as_what_it_rests_on(void **state)
{
    static const struct {
        struct scope_times times;
        enum start_basis basis;
        int64_t started_ns;
    } rows[] = {
        /* first, window, end, together */
        {{500, 100, 2000, 1400, false}, START_RECORDED, 500},
        {{500, 900, 2000, -1, true}, START_RECORDED, 500},
        /* of another run: the hosts would not have had the time */
        {{AT(500), AT(100), AT(2000), AT(1619), false}, START_RECORDED, AT(500)},
        {{AT(500), AT(100), AT(2000), AT(1621), false}, START_ABOUT, AT(100)},
        {{AT(500), AT(450), AT(2000), AT(1621), false}, START_LATEST, AT(379)},
        {{-1, 100, 2000, 1800, false}, START_ABOUT, 100},
        {{-1, 100, 2100, 1500, false}, START_ABOUT, 100},
        /* a window given by hand, hours before the run */
        {{-1, 100, 2100, 1499, false}, START_LATEST, 601},
        /* a watcher that was started late */
        {{-1, 1900, 2000, 1800, false}, START_LATEST, 200},
        {{-1, 1900, 2000, 1800, true}, START_LATEST, 200},
        /* while it goes on the hosts that run have no duration yet */
        {{-1, 100, 2000, 300, true}, START_ABOUT, 100},
        {{-1, 100, 2000, 0, true}, START_ABOUT, 100},
        {{-1, 100, 2000, 0, false}, START_EARLIEST, 100},
        {{-1, 100, -1, 300, false}, START_EARLIEST, 100},
        {{-1, -1, 2000, 300, false}, START_LATEST, 1700},
        {{-1, -1, 2000, 0, false}, START_UNKNOWN, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int64_t started_ns = 0;

        print_message("row %zu\n", i);
        assert_int_equal(judge_start(&rows[i].times, &started_ns), rows[i].basis);
        assert_int_equal(started_ns, rows[i].started_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_is_as_sure_as_what_it_rests_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
