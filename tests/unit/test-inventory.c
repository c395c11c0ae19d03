/* The VM inventory: tables as people write them, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "inventory.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct obstack memory;

static int begin(void **state)
{
    (void)state;
    obstack_init(&memory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    obstack_free(&memory, NULL);
    return 0;
}

/* "a=1 b=2" for the hosts a and b; "none" where there is no such table. */
static const char *parsed(const char *text)
{
    struct host_fact *facts = NULL;
    const char *said = "";
    size_t count = 0;

    if (!inventory_parse(&memory, text, &facts, &count))
        return "none";
    assert_non_null(facts);
    for (size_t i = 0; i < count; i++)
        said = memory_format_in(&memory, "%s%s%s=%s", said, *said ? " " : "", facts[i].host,
                                facts[i].text);
    return said;
}

struct sample {
    const char *text, *expected;
};

static void check(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(parsed(samples[i].text), samples[i].expected) != 0)
            fail_msg("%s\ngives \"%s\", not \"%s\"", samples[i].text, parsed(samples[i].text),
                     samples[i].expected);
}

static void columns_are_found_by_their_heads(void **state)
{
    static const struct sample samples[] = {
        {"| Host | Kernel |\n|---|---|\n| a | 5.14 |\n| b | 6.1 |\n", "a=5.14 b=6.1"},
        {"| Kernel | OS | VM |\n|--|--|--|\n| 5.14 | RHEL | a |\n", "a=5.14"},
        {"|VM NAME|KERNEL VERSION|\n|-|-|\n|a|5.14|\n", "a=5.14"},
        {"| hostname | running kernel |\n|---|---|\n| a | 5.14 |\n", "a=5.14"},
        {"| Machine | kernel (uname -r) |\n|---|---|\n| a | 5.14 |\n", "a=5.14"},
        /* A head that is the word itself fits better than one that holds it … */
        {"| VM IP | VM | Kernel |\n|---|---|---|\n| 10.0.0.1 | a | 5.14 |\n", "a=5.14"},
        {"| Kernel flavour | Host | Kernel |\n|---|---|---|\n| smp | a | 5.14 |\n", "a=5.14"},
        /* … and a host better than a name. */
        {"| Name | Host | Kernel |\n|---|---|---|\n| Bob | a | 5.14 |\n", "a=5.14"},
        {"| VM | Host | Kernel |\n|---|---|---|\n| a | esx1 | 5.14 |\n", "a=5.14"},
        {"| Host kernel | Name |\n|---|---|\n| 5.14 | a |\n", "a=5.14"},
        /* Words, not parts of them. */
        {"| Ghost | Kernel |\n|---|---|\n| a | 5.14 |\n", "none"},
        {"| Host | Kernels |\n|---|---|\n| a | 5.14 |\n", "none"},
        {"| Host | OS |\n|---|---|\n| a | RHEL |\n", "none"},
    };

    (void)state;
    check(samples, COUNT_OF(samples));
}

static void rows_are_read_as_people_write_them(void **state)
{
    static const struct sample samples[] = {
        /* without outer bars, with one of them, with alignment */
        {"Host | Kernel\n--- | ---\na | 5.14\nb | 6.1\n", "a=5.14 b=6.1"},
        {"| Host | Kernel\n| :-- | --:\n| a | 5.14\n", "a=5.14"},
        {"  | Host | Kernel |  \n  |:-:|---|  \n\t| a | 5.14 |\n", "a=5.14"},
        {"\xEF\xBB\xBFHost|Kernel\n-|-\na|5.14", "a=5.14"},
        {"| Host | Kernel |\r\n|---|---|\r\n| a | 5.14 |\r\n", "a=5.14"},
        /* escaped bars and other punctuation; code and emphasis */
        {"| Host | Kernel |\n|---|---|\n| a | 5.14\\|5.15 |\n", "a=5.14|5.15"},
        {"| Host \\| VM | Kernel |\n|---|---|\n| a | x86\\_64 |\n", "a=x86_64"},
        {"| Host | Kernel |\n|---|---|\n| a | C:\\\\|\n", "a=C:\\"},
        {"| **Host** | `Kernel` |\n|---|---|\n| `a` | **5.14** |\n", "a=5.14"},
        {"| Host | Kernel |\n|---|---|\n| a | 5.14.0-70.el9_0.x86_64 |\n",
         "a=5.14.0-70.el9_0.x86_64"},
        /* a host without a value is none of ours: it prints as n/a */
        {"| Host | Kernel |\n|---|---|\n| a | |\n| b | - |\n| c | — |\n| d |\n| | 6.1 |\n| e | 1 "
         "|\n",
         "e=1"},
        {"| Host | Kernel |\n|---|---|\n", ""},
        /* cells beyond the head */
        {"| Host | Kernel |\n|---|---|\n| a | 5.14 | more | and more |\n", "a=5.14"},
    };

    (void)state;
    check(samples, COUNT_OF(samples));
}

static void tables_stand_among_other_text(void **state)
{
    static const struct sample samples[] = {
        {"", "none"},
        {"no table | at all\n", "none"},
        {"# VMs\n\nText with a | bar.\n\n| Owner | Phone |\n|---|---|\n| Bob | 1 |\n\n"
         "| Host | Kernel |\n|---|---|\n| a | 5.14 |\n\nThe end | of it.\n",
         "a=5.14"},
        /* two tables; the order of columns is each one's own */
        {"| Host | Kernel |\n|---|---|\n| a | 5.14 |\ntext\n| Kernel | Host |\n|---|---|\n| 6.1 | "
         "b "
         "|\n",
         "a=5.14 b=6.1"},
        /* a table ends with its last row */
        {"| Host | Kernel |\n|---|---|\n| a | 5.14 |\n\n| b | 6.1 |\n", "a=5.14"},
        /* a head without its row of dashes, or with one that does not fit, is text */
        {"| Host | Kernel |\n| a | 5.14 |\n", "none"},
        {"| Host | Kernel |\n|---|\n| a | 5.14 |\n", "none"},
        {"| Host | Kernel |\n|---|--x|\n| a | 5.14 |\n", "none"},
        {"|---|---|\n| a | 5.14 |\n", "none"},
        {"| Host | Kernel |\n\n|---|---|\n| a | 5.14 |\n", "none"},
        /* what stands in a block of code is an example */
        {"```\n| Host | Kernel |\n|---|---|\n| a | 5.14 |\n```\n", "none"},
        {"~~~ markdown\n| Host | Kernel |\n~~~\n| Host | Kernel |\n|---|---|\n| b | 6.1 |\n",
         "b=6.1"},
        {"| Host | Kernel |\n|---|---|\n| a | 5.14 |\n```\n| b | 6.1 |\n", "a=5.14"},
    };

    (void)state;
    check(samples, COUNT_OF(samples));
}

/* Further columns than a person would make are not looked at; nothing is written past the row. */
static void absurdly_wide_table_is_harmless(void **state)
{
    char text[4096] = "| Host | Kernel |";
    char *at = text + strlen(text);

    (void)state;
    for (size_t i = 0; i < 300; i++)
        at += sprintf(at, "x|");
    at += sprintf(at, "\n|");
    for (size_t i = 0; i < 302; i++)
        at += sprintf(at, "-|");
    sprintf(at, "\n| a | 5.14 |\n");
    assert_string_equal(parsed(text), "a=5.14");
}

/* ---- files */

static char folder[] = "/tmp/test-inventory-XXXXXX";
static const char good[] = "| Host | Kernel |\n|---|---|\n| a | 5.14 |\n";

static void write_file(const char *name, const char *text, size_t length)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void expect_refused(const char *path, int status, const char *words)
{
    struct host_fact *facts = NULL;
    char *error = NULL;
    size_t count = 0;

    assert_int_equal(inventory_read(&memory, path, &facts, &count, &error), status);
    if (!error || !strstr(error, path) || !strstr(error, words))
        fail_msg("\"%s\" and \"%s\" are to be in: %s", path, words, error ? error : "(nothing)");
    free(error);
}

static void a_file_is_read_also_behind_a_link(void **state)
{
    struct host_fact *facts = NULL;
    char *error = NULL;
    size_t count = 0;

    (void)state;
    write_file("good.md", good, strlen(good));
    assert_int_equal(symlink("good.md", "link.md"), 0);
    assert_int_equal(inventory_read(&memory, "link.md", &facts, &count, &error), 0);
    assert_null(error);
    assert_int_equal(count, 1);
    assert_string_equal(facts[0].host, "a");
    assert_string_equal(facts[0].text, "5.14");
}

static void what_is_no_inventory_is_refused_with_the_reason(void **state)
{
    char *big = memset(malloc(INVENTORY_SIZE_MAX + 1), ' ', INVENTORY_SIZE_MAX + 1);

    (void)state;
    expect_refused("nowhere.md", -ENOENT, "No such file or directory; name a Markdown file");
    expect_refused(".", -EINVAL, "is not a regular file");
    assert_int_equal(mkfifo("fifo.md", 0600), 0);
    expect_refused("fifo.md", -EINVAL, "is not a regular file");
    assert_int_equal(symlink("loop.md", "loop.md"), 0);
    expect_refused("loop.md", -ELOOP, "Too many levels of symbolic links");
    write_file("big.md", big, INVENTORY_SIZE_MAX + 1);
    expect_refused("big.md", -EFBIG, "at most 1048576 bytes");
    write_file("binary.md", "| Host\0 | Kernel |", 18);
    expect_refused("binary.md", -EINVAL, "it holds a NUL byte");
    write_file("other.md", "# Nothing of ours\n", 18);
    expect_refused("other.md", -EBADMSG,
                   "no table in it has both a host column (Host, VM or Name) and a Kernel column");
    free(big);
}

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    static const char *const files[] = {"good.md", "link.md",   "fifo.md", "loop.md",
                                        "big.md",  "binary.md", "other.md"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        unlink(files[i]);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns_are_found_by_their_heads),
        TEST(rows_are_read_as_people_write_them),
        TEST(tables_stand_among_other_text),
        TEST(absurdly_wide_table_is_harmless),
        TEST(a_file_is_read_also_behind_a_link),
        TEST(what_is_no_inventory_is_refused_with_the_reason),
    };

    return cmocka_run_group_tests_name("inventory", tests, enter_folder, leave_folder);
}
