/* The log on standard error: one line a message, nothing in it that a terminal would obey. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "log.h"
#include "memory.h"

struct capture {
    int saved;
    FILE *file;
};

static struct capture begin(void)
{
    struct capture capture = {dup(STDERR_FILENO), tmpfile()};

    assert_non_null(capture.file);
    assert_true(dup2(fileno(capture.file), STDERR_FILENO) >= 0);
    return capture;
}

/* What was written to standard error since; free it. */
static char *end(struct capture *capture)
{
    char text[4096] = "";
    size_t length;

    assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
    close(capture->saved);
    rewind(capture->file);
    length = fread(text, 1, sizeof(text) - 1, capture->file);
    text[length] = '\0';
    fclose(capture->file);
    return memory_string(text);
}

static void a_line_names_program_and_level(void **state)
{
    struct capture capture = begin();
    CLEANUP_FREE char *text = NULL;

    (void)state;
    log_error("%s:%d: wrong", "file", 3);
    log_warning("odd");
    log_notice("by the way");
    text = end(&capture);
    assert_string_equal(text, "atvm-watcher: error: file:3: wrong\n"
                              "atvm-watcher: warning: odd\n"
                              "atvm-watcher: notice: by the way\n");
}

static void nothing_below_the_level_is_written(void **state)
{
    struct capture capture = begin();
    CLEANUP_FREE char *text = NULL;

    (void)state;
    log_info("not by default");
    log_set_level(ATVM_LOG_DEBUG);
    log_debug("now it is");
    log_set_level(ATVM_LOG_ERROR);
    log_warning("now it is not");
    log_set_level(ATVM_LOG_NOTICE);
    text = end(&capture);
    assert_string_equal(text, "atvm-watcher: debug: now it is\n");
}

static void foreign_text_can_neither_steer_a_terminal_nor_forge_a_line(void **state)
{
    struct capture capture = begin();
    CLEANUP_FREE char *text = NULL;

    (void)state;
    log_warning("%s", "red \033[31m\r\b\x7f end\natvm-watcher: error: forged\ttab");
    text = end(&capture);
    assert_string_equal(text, "atvm-watcher: warning: red ?[31m??? end\n"
                              "  atvm-watcher: error: forged\ttab\n");
}

static void a_stream_of_somebody_else_is_not_the_journal(void **state)
{
    struct capture capture = begin();
    CLEANUP_FREE char *text = NULL;

    (void)state;
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_error("seen");
    setenv("JOURNAL_STREAM", "garbage", 1);
    log_error("seen too");
    unsetenv("JOURNAL_STREAM");
    text = end(&capture);
    assert_string_equal(text, "atvm-watcher: error: seen\natvm-watcher: error: seen too\n");
}

/* Where JOURNAL_STREAM matches the line goes to the journal's socket; a machine without a journal
 * still gets it on standard error. */
static void a_line_for_a_journal_that_is_not_there_is_not_lost(void **state)
{
    static const char *const fields[] = {"ATVM_BUILD=b", NULL};
    struct capture capture;
    CLEANUP_FREE char *text = NULL, *stream = NULL;
    struct stat status;

    (void)state;
    if (access("/run/systemd/journal/socket", F_OK) == 0)
        skip();
    capture = begin();
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    stream = memory_format("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_line(ATVM_LOG_ERROR, fields, "kept");
    unsetenv("JOURNAL_STREAM");
    text = end(&capture);
    if (!strstr(text, "kept"))
        fail_msg("lost; standard error has: %s", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_program_and_level),
        cmocka_unit_test(nothing_below_the_level_is_written),
        cmocka_unit_test(foreign_text_can_neither_steer_a_terminal_nor_forge_a_line),
        cmocka_unit_test(a_stream_of_somebody_else_is_not_the_journal),
        cmocka_unit_test(a_line_for_a_journal_that_is_not_there_is_not_lost),
    };

    unsetenv("JOURNAL_STREAM");
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
