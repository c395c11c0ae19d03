/* The one line that says what went wrong, out of the text of a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "memory.h"
#include "short-error.h"

static const struct {
    const char *what, *text, *line;
} rows[] = {
    {"its own first line", "AssertionError: expected 1 to equal 2\n    at Context.eval (a.ts:1:2)",
     "AssertionError: expected 1 to equal 2"},
    {"blank lines and blanks around it say nothing", "\n \n  Error: boom  \r\n", "Error: boom"},
    {"what a task's command said",
     "CypressError: `cy.task('ssh')` failed with the following error:\n\n"
     "> Command failed: govc vm.power -on x\ngovc: vm not found\n\n"
     "https://on.cypress.io/api/task#Task-error",
     "CypressError: `cy.task('ssh')` failed with the following error: govc: vm not found"},
    {"a command that said nothing",
     "CypressError: `cy.task('ssh')` failed with the following error:\n\n"
     "> Command failed: govc vm.power -on x\n\nhttps://on.cypress.io/api/task#Task-error",
     "CypressError: `cy.task('ssh')` failed with the following error: Command failed: govc "
     "vm.power -on x"},
    {"an error that a task threw",
     "CypressError: `cy.task('db')` failed with the following error:\n\n> no such table\n",
     "CypressError: `cy.task('db')` failed with the following error: no such table"},
    {"the error below a sentence about it",
     "Error: The following error originated from your test code, not from Cypress.\n\n"
     "  > x is not defined\n\nWhen Cypress detects uncaught errors",
     "Error: The following error originated from your test code, not from Cypress. x is not "
     "defined"},
    {"address and answer of a request",
     "CypressError: `cy.request()` failed on:\n\nhttp://10.0.0.1/api\n\n"
     "The response we received from your web server was:\n\n  > 503: Service Unavailable\n",
     "CypressError: `cy.request()` failed on: http://10.0.0.1/api - 503: Service Unavailable"},
    {"a difference, without its legend",
     "AssertionError: Expected values to be strictly equal:\n+ actual - expected\n\n+ 1\n- 2\n",
     "AssertionError: Expected values to be strictly equal: + 1"},
    {"an announcement with nothing but a stack below it",
     "Error: it failed with:\n    at x (a.js:1:2)\nFrom Your Spec Code:\n    at y (a.js:3:4)\n",
     "Error: it failed with:"},
    {"an announcement at the end", "Error: it failed with:", "Error: it failed with:"},
    {"only a link", "https://on.cypress.io/api/task\n", ""},
    {"nothing", "", ""},
};

static void it_is_the_line_that_says_what_went_wrong(void **state)
{
    struct obstack memory;

    (void)state;
    obstack_init(&memory);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("# %s\n", rows[i].what);
        assert_string_equal(short_error(&memory, rows[i].text, strlen(rows[i].text)), rows[i].line);
    }
    obstack_free(&memory, NULL);
}

/* An excerpt is bytes and a length. */
static void no_byte_after_its_end_is_looked_at(void **state)
{
    static const char text[] = "Error: it failed with:\n> whatever";
    struct obstack memory;

    (void)state;
    obstack_init(&memory);
    for (size_t length = 0; length < sizeof(text); length++) {
        char *exact = memory_allocate(length + !length);

        memcpy(exact, text, length);
        assert_true(strlen(short_error(&memory, exact, length)) <= length);
        free(exact);
    }
    obstack_free(&memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_line_that_says_what_went_wrong),
        cmocka_unit_test(no_byte_after_its_end_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
