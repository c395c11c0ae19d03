/* The pure parts of the run log collector: cleaning lines, telling them apart, cells, durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cloud-table.h"
#include "duration.h"
#include "line-text.h"
#include "log-line.h"
#include "results-box.h"
#include "runlog-records.h"
#include "spec-pattern.h"
#include "spec-text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct text text_of(const char *string)
{
    return (struct text){string, strlen(string)};
}

/* Fails with both texts where they differ. */
static void assert_text(struct text got, const char *wanted)
{
    if (!text_equals(got, text_of(wanted)))
        fail_msg("got \"%.*s\", want \"%s\"", (int)got.length, got.bytes, wanted);
}

/* ---------------------------------------------------------------- lines */

static void terminal_codes_and_line_ends_are_taken_off(void **state)
{
    static const struct {
        const char *line, *clean;
    } rows[] = {
        {"plain", "plain"},
        {"", ""},
        {"\ttab stays", "\ttab stays"},
        {"windows\r", "windows"},
        {"  ✔ stays", "  ✔ stays"},
        {"\x1b[90m  │\x1b[39m x", "  │ x"},
        {"\x1b[1;38;5;196mred\x1b[0m", "red"},
        {"\x1b[?25lhidden cursor\x1b[?25h", "hidden cursor"},
        {"\x1b]0;title\x07text", "text"},
        {"\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"},
        {"\x1bPdevice\x1b\\text", "text"},
        {"\x1b(Btext", "text"},
        {"\x1b=text", "text"},
        {"text\x1b[", "text"},
        {"text\x1b", "text"},
        {"text\x1b]0;never ended", "text"},
        {"10%\r50%\r100% done", "100% done"},
        {"\xc2\x9btext", "text"},
        {"bell\x07 and backspace\x08", "bell and backspace"},
        {"bad \xff byte", "bad \xef\xbf\xbd byte"},
        {"cut \xe2\x94", "cut \xef\xbf\xbd\xef\xbf\xbd"},
        {"surrogate \xed\xa0\x80", "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"overlong \xc0\xaf", "overlong \xef\xbf\xbd\xef\xbf\xbd"},
    };
    struct byte_string buffer = {0};
    int64_t invalid;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_text(line_clean(rows[i].line, strlen(rows[i].line), &buffer, &invalid),
                    rows[i].clean);
    assert_text(line_clean("a\0b", 3, &buffer, &invalid), "ab");
    byte_string_free(&buffer);
}

static void the_first_byte_that_is_no_utf8_is_told(void **state)
{
    static const struct {
        const char *line;
        int64_t invalid;
    } rows[] = {
        {"plain", -1}, {"é 漢 😀", -1}, {"ab\xff\xfe", 2}, {"é\xc3", 2}, {"\xf4\x90\x80\x80", 0}};
    struct byte_string buffer = {0};
    int64_t invalid;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        line_clean(rows[i].line, strlen(rows[i].line), &buffer, &invalid);
        assert_int_equal(invalid, rows[i].invalid);
    }
    byte_string_free(&buffer);
}

static void lines_are_told_apart(void **state)
{
    static const struct {
        const char *line;
        enum log_line_kind kind;
        const char *argument; /* NULL: not looked at */
    } rows[] = {
        {"", LOG_LINE_BLANK, NULL},
        {"   \t", LOG_LINE_BLANK, NULL},
        {"====================", LOG_LINE_RULE, NULL},
        {"  ────────────────────────", LOG_LINE_RULE, NULL},
        {"=== short", LOG_LINE_OTHER, NULL},
        {"  ┌──────────────────────────┐", LOG_LINE_DRAWN, NULL},
        {"  │ Tests: 22 │", LOG_LINE_DRAWN, "│ Tests: 22 │"},

        {"Extracted specPattern: ['a.ts']", LOG_LINE_SPEC_PATTERN, "['a.ts']"},
        {"2026-04-21 18:20:00,123 INFO Extracted specPattern: ['a.ts']", LOG_LINE_SPEC_PATTERN,
         "['a.ts']"},
        {"[2026-04-21 18:20:00] Extracted specPattern: []", LOG_LINE_SPEC_PATTERN, "[]"},
        {"2026-04-21 18:20:00,123 - run-sorry-cypress - INFO - Extracted specPattern: a.ts",
         LOG_LINE_SPEC_PATTERN, "a.ts"},
        {"INFO:root:Extracted specPattern: a.ts", LOG_LINE_OTHER, NULL},
        {"INFO:root: Extracted specPattern: a.ts", LOG_LINE_SPEC_PATTERN, "a.ts"},
        {"Apr 21 18:20:00 controller wrapper[12]: Extracted specPattern: a.ts", LOG_LINE_OTHER,
         NULL},
        {"echo Extracted specPattern: a.ts", LOG_LINE_OTHER, NULL},
        {"the words Extracted specPattern: a.ts", LOG_LINE_OTHER, NULL},
        {"    ✓ Extracted specPattern: a.ts", LOG_LINE_OTHER, NULL},

        {"Category batch 1 of 3: redhat", LOG_LINE_CATEGORY, "redhat"},
        {"INFO Category batch 12 of 13: windows", LOG_LINE_CATEGORY, "windows"},
        {"Category batch one of 3: redhat", LOG_LINE_OTHER, NULL},
        {"Running command: npx cypress-cloud run --ci-build-id e2e-fc --config-file x.ts",
         LOG_LINE_COMMAND, "e2e-fc"},
        {"Running command: npx cypress-cloud run --ci-build-id='e2e fc'", LOG_LINE_COMMAND, "'e2e"},
        {"Running command: npx cypress-cloud run --ci-build-id=\"e2e-fc\" -x", LOG_LINE_COMMAND,
         "e2e-fc"},
        {"Running command: npx cypress-cloud run --ci-build-id-x e2e-fc", LOG_LINE_COMMAND, ""},
        {"Discovered 12 spec files", LOG_LINE_DISCOVERED, NULL},
        {"Discovered 12 spec files in a folder", LOG_LINE_OTHER, NULL},
        {"🎥 Run URL: https://app.currents.dev/run/aff3", LOG_LINE_RUN_URL,
         "https://app.currents.dev/run/aff3"},
        {"Run URL: https://app.currents.dev/run/aff3 ", LOG_LINE_RUN_URL,
         "https://app.currents.dev/run/aff3"},
        {"Run URL: soon", LOG_LINE_OTHER, NULL},
        {"🏁 Recorded Run: https://app.currents.dev/run/aff3", LOG_LINE_RECORDED_RUN,
         "https://app.currents.dev/run/aff3"},
        {"2026-04-21T18:20:00.123Z Recorded Run: http://x/1", LOG_LINE_RECORDED_RUN, "http://x/1"},
        {"Detected 'Recorded Run' after 'Cloud Run Finished' - results uploaded successfully.",
         LOG_LINE_UPLOAD_CONFIRMED, NULL},
        {"18:20:00 WARNING Detected 'Recorded Run' after 'Cloud Run Finished' - results uploaded "
         "successfully.",
         LOG_LINE_UPLOAD_CONFIRMED, NULL},
        {"Detected 'Recorded Run' after 'Cloud Run Finished' - results", LOG_LINE_OTHER, NULL},

        {"Running: cypress/e2e/a.ts (1/3)", LOG_LINE_CLAIMED, "cypress/e2e/a.ts"},
        {"Running: a.ts, b.ts, c.ts (3/10)", LOG_LINE_CLAIMED, "a.ts, b.ts, c.ts"},
        {"  Running:  a.ts                    (1 of 1)", LOG_LINE_RUNNING, "a.ts"},
        {"  Runni…  a.ts                      (1 of 1)", LOG_LINE_RUNNING, "a.ts"},
        {"Running: the tests", LOG_LINE_OTHER, NULL},
        {"Running: a.ts (1/x)", LOG_LINE_OTHER, NULL},
        {"  (Results)", LOG_LINE_RESULTS_TITLE, NULL},
        {"  (Run Finished)", LOG_LINE_RUN_FINISHED_TITLE, NULL},
        {"  Cloud Run Finished  ", LOG_LINE_CLOUD_TITLE, NULL},
        {"'Cloud Run Finished'", LOG_LINE_OTHER, NULL},

        {" WARNING  Run cancelled: cancelled by user. Waiting for uploads to complete and stopping "
         "execution...",
         LOG_LINE_CANCELLED, "cancelled by user"},
        {"Run cancelled: no more credits", LOG_LINE_CANCELLED, "no more credits"},
        {"it says Run cancelled: no", LOG_LINE_OTHER, NULL},
        {" WARNING  Cypress runner crashed: \"exit 1\"", LOG_LINE_CRASHED,
         "Cypress runner crashed: \"exit 1\""},

        {"KeyboardInterrupt", LOG_LINE_INTERRUPT, "KeyboardInterrupt"},
        {"^C", LOG_LINE_INTERRUPT, NULL},
        {"Terminated", LOG_LINE_INTERRUPT, NULL},
        {"Killed", LOG_LINE_INTERRUPT, NULL},
        {"Received SIGTERM, shutting down", LOG_LINE_INTERRUPT, NULL},
        {"npm ERR! signal SIGTERM", LOG_LINE_INTERRUPT, NULL},
        {"./run.sh: line 12:  4242 Killed                  npx cypress-cloud run",
         LOG_LINE_INTERRUPT, NULL},
        {"    Killed", LOG_LINE_OTHER, NULL},
        {"Killed the process", LOG_LINE_OTHER, NULL},
        {"    ✓ 3. Uninstall CMC (12ms)", LOG_LINE_OTHER, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct log_line line = log_line_classify(text_of(rows[i].line));

        if (line.kind != rows[i].kind)
            fail_msg("\"%s\" is taken for %d, not %d", rows[i].line, line.kind, rows[i].kind);
        if (rows[i].argument)
            assert_text(line.argument, rows[i].argument);
    }
}

static void a_spec_pattern_is_read_in_every_notation(void **state)
{
    static const struct {
        const char *list;
        const char *specs[3]; /* NULL: no further one */
    } rows[] = {
        {"['a/x.ts', 'b.ts']", {"a/x.ts", "b.ts"}},
        {"[\"a/x.ts\",\"b.ts\"]", {"a/x.ts", "b.ts"}},
        {"[u'a.ts', u'b.ts']", {"a.ts", "b.ts"}},
        {"a/x.ts, b.ts", {"a/x.ts", "b.ts"}},
        {"a.ts", {"a.ts"}},
        {"'a.ts'", {"a.ts"}},
        {"[\n'a.ts',\n'b.ts',\n]", {"a.ts", "b.ts"}},
        {"[]", {NULL}},
        {"", {NULL}},
        {"['a.ts', 'b.t", {"a.ts"}},
        {"('a.ts',)", {"a.ts"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct text list = text_of(rows[i].list), spec;

        for (size_t j = 0; j < 3 && rows[i].specs[j]; j++) {
            if (!spec_pattern_next(&list, &spec))
                fail_msg("%s has no spec %zu", rows[i].list, j);
            assert_text(spec, rows[i].specs[j]);
        }
        if (spec_pattern_next(&list, &spec))
            fail_msg("%s has one spec too many", rows[i].list);
    }
    assert_true(spec_pattern_is_open(text_of("[ 'a.ts',")));
    assert_false(spec_pattern_is_open(text_of("['a.ts']")));
    assert_false(spec_pattern_is_open(text_of("a.ts")));
    assert_false(spec_path_is_plain(text_of("cypress/e2e/**/*.ts")));
    assert_true(spec_path_is_plain(text_of("cypress/e2e/a.ts")));
}

/* ---------------------------------------------------------------- durations and cells */

static void durations_are_read_in_every_form(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"0ms", 0},
        {"850ms", 850},
        {"1s", 1000},
        {"9.9s", 9900},
        {"1m", 60000},
        {"1m 0.1s", 60100},
        {"16m 13.9", 973900}, /* its unit stood on a line that was lost */
        {"16m 13.9s", 973900},
        {"1h 13m 5.2s", 4385200},
        {"1h 4m 8.1s", 3848100},
        {"23h 59m59.9s", 86399900},
        {"1d 1h 1m1.1s", 90061100},
        {"3d 15h 50m 19.9s", 316219900},
        {"10h", 36000000},
        {"16 minutes, 13 seconds", 973000},
        {"1 hour, 1 minute, 1 second", 3661000},
        {"0 seconds", 0},
        {"1 second", 1000},
        {"16:13", 973000},
        {"1:02:03", 3723000},
        {"00:01", 1000},
        {"  25m  ", 1500000},
        {"", -1},
        {"-", -1},
        {"25x", -1},
        {"m", -1},
        {"1:2", -1},
        {"1:99", -1},
        {"1:02:03:04", -1},
        {"99999999999999999999s", -1},
        {"999999999d", -1},
        {"5m all", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t wanted = rows[i].ms < 0 ? -1 : rows[i].ms * 1000000;
        int64_t got = duration_parse(text_of(rows[i].text));

        if (got != wanted)
            fail_msg("\"%s\" gave %lld, want %lld", rows[i].text, (long long)got,
                     (long long)wanted);
    }
}

static void a_row_is_cut_at_its_columns_and_joined_without_a_space(void **state)
{
    static const char first[] = "│ ✖   windows/atvm201-windows-server  1h 13m 5        22        20"
                                "         1         -         1 │";
    static const char second[] = "│     -2025-datacenter-core.ts             .2s                   "
                                 "                                │";
    struct table_line line;
    struct table_row row = {0};

    (void)state;
    assert_true(table_line_parse(text_of(first), &line));
    assert_int_equal(line.mark, TABLE_MARK_FAILED);
    table_row_begin(&row, &line);
    assert_true(table_line_parse(text_of(second), &line));
    assert_int_equal(line.mark, TABLE_MARK_NONE);
    table_row_continue(&row, &line);
    assert_text(table_row_cell(&row, TABLE_SPEC),
                "windows/atvm201-windows-server-2025-datacenter-core.ts");
    assert_text(table_row_cell(&row, TABLE_DURATION), "1h 13m 5.2s");
    assert_int_equal(table_row_count(&row, TABLE_TESTS), 22);
    assert_int_equal(table_row_count(&row, TABLE_PASSING), 20);
    assert_int_equal(table_row_count(&row, TABLE_FAILING), 1);
    assert_int_equal(table_row_count(&row, TABLE_PENDING), 0);
    assert_int_equal(table_row_count(&row, TABLE_SKIPPED), 1);
    assert_false(table_row_is_totals(&row));
    table_row_free(&row);
}

static void a_line_that_is_not_as_wide_as_the_table_is_no_row(void **state)
{
    static const char *const lines[] = {
        "│ ✔   atvm71-redhat9.1.ts             19m 38.3        22        22",
        "│ ✔   atvm71-redhat9.1.ts             19m 38.3        22        22         -         -  │",
        ("│ ✔   atvm71-redhat9.1.ts             19m 38.3        22        22         -         -   "
         " "
         "     - │ more"),
        "├───────────────────────────────────────────────────────────────────────────────────────┤",
        "x",
    };
    struct table_line line;

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_false(table_line_parse(text_of(lines[i]), &line));
}

static void cypress_rows_are_taken_apart_at_blanks(void **state)
{
    struct cypress_row row;

    (void)state;
    assert_true(cypress_row_parse(
        text_of("│ ✖      atvm160-w2k25.ts      1:00:05       9       8       1       -       - │"),
        &row));
    assert_int_equal(row.mark, TABLE_MARK_FAILED);
    assert_text(row.spec, "atvm160-w2k25.ts");
    assert_int_equal(row.duration_ns, INT64_C(3605000000000));
    assert_int_equal(row.counts[TABLE_TESTS], 9);
    assert_int_equal(row.counts[TABLE_SKIPPED], 0);
    assert_true(cypress_row_parse(text_of("│ ✔ atvm160-w2k2… 850ms 9 9 - - - │"), &row));
    assert_text(row.spec, "atvm160-w2k2…");
    assert_false(cypress_row_parse(text_of("│ 5.ts                                  │"), &row));
    assert_false(cypress_row_parse(text_of("│ ✔ atvm160-w2k25.ts 850ms 9 9 - - -"), &row));
    assert_false(cypress_row_parse(text_of("│ ✔ 9 9 - - - │"), &row));
}

static void a_results_box_is_read_at_any_width(void **state)
{
    static const char *const wide[] = {"│ Tests:        22   │",
                                       "│ Passing:      20   │",
                                       "│ Failing:      0    │",
                                       "│ Pending:      1    │",
                                       "│ Skipped:      1    │",
                                       "│ Screenshots:  0    │",
                                       "│ Duration:     16 minutes, 1 second │",
                                       "│ Spec Ran:     atvm1-suse15.5.ts │"};
    static const char *const narrow[] = {"│ Tests:    22   │",
                                         "│ Passi…    20   │",
                                         "│ Faili…    0    │",
                                         "│ Pendi…    1    │",
                                         "│ Skipp…    1    │",
                                         "│ Screen…   0    │",
                                         "│ Durat…    16 minutes, 1 second │",
                                         "│ Spec …    atvm1-su │",
                                         "│           se15.5.ts │"};
    struct results_box box = {0};

    (void)state;
    for (int is_narrow = 0; is_narrow < 2; is_narrow++) {
        const char *const *lines = is_narrow ? narrow : wide;

        results_box_begin(&box);
        for (size_t i = 0; i < (is_narrow ? COUNT(narrow) : COUNT(wide)); i++)
            assert_true(results_box_line(&box, text_of(lines[i])));
        assert_int_equal(box.counts[RESULTS_TESTS], 22);
        assert_int_equal(box.counts[RESULTS_PASSING], 20);
        assert_int_equal(box.counts[RESULTS_FAILING], 0);
        assert_int_equal(box.counts[RESULTS_PENDING], 1);
        assert_int_equal(box.counts[RESULTS_SKIPPED], 1);
        assert_int_equal(box.duration_ns, INT64_C(961000000000));
        assert_string_equal(box.spec.bytes, "atvm1-suse15.5.ts");
    }
    assert_false(results_box_line(&box, text_of("│ Tests:        22")));
    results_box_free(&box);
}

/* ---------------------------------------------------------------- the reporter's text */

static void feed_bytes(struct spec_text *spec, const char *text, size_t length)
{
    struct byte_string clean = {0};
    const char *end = text + length;
    int64_t invalid;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((newline ? newline : end) - text);

        spec_text_line(spec, line_clean(text, line, &clean, &invalid));
        text += newline ? line + 1 : line;
    }
    byte_string_free(&clean);
}

static void feed(struct spec_text *spec, const char *text)
{
    feed_bytes(spec, text, strlen(text));
}

static void titles_and_the_first_failure_are_found(void **state)
{
    static const char text[] = "\n"
                               "  cmc-e2e atvm1-suse15.5\n"
                               "    ✓ 1. Verifying set up (39633ms)\n"
                               "    ✓ 2. Reboot (FC, initial)\n"
                               "    1) 3. Install CMC\n"
                               "    - 4. Tracking\n"
                               "    nested\n"
                               "      2) 5. deep\n"
                               "\n\n"
                               "  2 passing (4m)\n"
                               "  1 pending\n"
                               "  2 failing\n"
                               "\n"
                               "  1) cmc-e2e atvm1-suse15.5\n"
                               "       3. Install CMC:\n"
                               "     CypressError: it failed with the following error:\n"
                               "\n"
                               "> sshpass: 2) not a heading\n"
                               "  2) no blank line before it\n"
                               "  │ ✔   atvm1-suse15.5.ts   a row that is none │\n"
                               "    ✓ 9. not a title\n"
                               "      at <unknown> (https://x/y.js:1:2)\n"
                               "  From Your Spec Code:\n"
                               "      at Context.eval (webpack:///./a.ts:1:2)\n"
                               "\n"
                               "  2) cmc-e2e atvm1-suse15.5\n"
                               "       nested\n"
                               "         5. deep:\n"
                               "     Error: another one\n";
    struct spec_text spec = {0};
    struct byte_string result = {0};

    (void)state;
    spec_text_begin(&spec);
    feed(&spec, text);
    assert_string_equal(spec.steps.bytes, "1. Verifying set up\n2. Reboot (FC, initial)\n"
                                          "3. Install CMC\n4. Tracking\n5. deep");
    assert_string_equal(spec.step.bytes, "3. Install CMC");
    assert_false(spec.hook);
    assert_int_equal(spec.numbered, 2);
    spec_text_message(&spec, &result);
    assert_string_equal(result.bytes, "CypressError: it failed with the following error:\n"
                                      "> sshpass: 2) not a heading\n"
                                      "2) no blank line before it");
    spec_text_excerpt(&spec, &result);
    assert_string_equal(result.bytes, "CypressError: it failed with the following error:\n"
                                      "\n"
                                      "> sshpass: 2) not a heading\n"
                                      "  2) no blank line before it\n"
                                      "  │ ✔   atvm1-suse15.5.ts   a row that is none │\n"
                                      "    ✓ 9. not a title");
    byte_string_free(&result);
    spec_text_free(&spec);
}

static void the_failure_list_is_believed_before_numbered_output(void **state)
{
    struct spec_text spec = {0};

    (void)state;
    spec_text_begin(&spec);
    feed(&spec, "    1) output of a test\n"
                "    1) 3. Install CMC\n"
                "  0 passing (4m)\n"
                "  1 failing\n"
                "\n"
                "  1) suite\n"
                "       3. Install CMC:\n"
                "     Error: x\n");
    assert_string_equal(spec.step.bytes, "3. Install CMC");
    spec_text_free(&spec);
}

static void hooks_keep_their_own_title(void **state)
{
    static const char *const hooks[] = {"\"before each\" hook for \"3. Uninstall\"",
                                        "\"before each\" hook: prep the disk for \"2. second\"",
                                        "\"after each\" hook for \"3. Uninstall\"",
                                        "\"before all\" hook for \"1. never\"",
                                        "\"after all\" hook for \"1. ok\""};

    (void)state;
    for (size_t i = 0; i < COUNT(hooks); i++) {
        struct spec_text spec = {0};
        char line[200];

        snprintf(line, sizeof(line), "    1) %s", hooks[i]);
        spec_text_begin(&spec);
        spec_text_line(&spec, text_of("    ✓ 1. first"));
        spec_text_line(&spec, text_of(line));
        assert_string_equal(spec.step.bytes, hooks[i]);
        assert_true(spec.hook);
        assert_string_equal(spec.steps.bytes, "1. first");
        spec_text_free(&spec);
    }
}

static void an_error_of_any_size_keeps_its_beginning_and_end(void **state)
{
    struct spec_text spec = {0};
    struct byte_string result = {0};

    (void)state;
    spec_text_begin(&spec);
    feed(&spec,
         "    1) t\n  0 passing (1s)\n  1 failing\n\n  1) s\n       t:\n     Error: first\n");
    for (int i = 0; i < 100000; i++)
        spec_text_line(&spec, text_of("line of output from the host, é"));
    spec_text_line(&spec, text_of("the very last words"));
    spec_text_excerpt(&spec, &result);
    assert_true(result.length <= 16 * 1024);
    assert_true(text_starts_with((struct text){result.bytes, result.length},
                                 text_of("Error: first\nline of output")));
    assert_true(text_ends_with((struct text){result.bytes, result.length},
                               text_of("host, é\nthe very last words")));
    assert_non_null(strstr(result.bytes, " bytes left out ...]\n"));
    assert_true(spec.tail.capacity < 100 * 1024);
    byte_string_free(&result);
    spec_text_free(&spec);
}

static void one_line_of_a_megabyte_is_cut(void **state)
{
    struct spec_text spec = {0};
    struct byte_string result = {0};
    char *line = malloc(1024 * 1024);

    (void)state;
    assert_non_null(line);
    memset(line, 'x', 1024 * 1024);
    memcpy(line, "Error: ", 7);
    spec_text_begin(&spec);
    feed(&spec, "    1) t\n  0 passing (1s)\n  1 failing\n\n  1) s\n       t:\n");
    spec_text_line(&spec, (struct text){line, 1024 * 1024});
    spec_text_message(&spec, &result);
    assert_int_equal(result.length, SPEC_TEXT_MESSAGE_MAX);
    spec_text_excerpt(&spec, &result);
    assert_true(result.length > 8 * 1024 && result.length <= 16 * 1024);
    free(line);
    byte_string_free(&result);
    spec_text_free(&spec);
}

static void real_reporters_of_both_versions_are_read_alike(void **state)
{
    static const char *const files[] = {"tests/fixtures-raw/spec-mocha-7.0.1.txt",
                                        "tests/fixtures-raw/spec-mocha-10.8.2.txt"};

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t length;
        char *text = read_tree_file(files[i], &length);
        struct spec_text spec = {0};
        struct byte_string result = {0};

        assert_non_null(text);
        spec_text_begin(&spec);
        feed_bytes(&spec, text, length);
        assert_string_equal(spec.step.bytes, "3. assertion error with diff");
        assert_int_equal(spec.numbered, 16);
        assert_int_equal(spec.entry, 16);
        spec_text_message(&spec, &result);
        assert_string_equal(result.bytes, "AssertionError [ERR_ASSERTION]: Expected values to be "
                                          "strictly equal:\n+ actual - expected\n+ 'abc\\ndef'");
        assert_non_null(strstr(spec.steps.bytes, "\n15. ansi title\n"));
        assert_non_null(strstr(spec.steps.bytes, "\n8. unicode ☃ 漢字 😀 é\n"));
        byte_string_free(&result);
        spec_text_free(&spec);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminal_codes_and_line_ends_are_taken_off),
        cmocka_unit_test(the_first_byte_that_is_no_utf8_is_told),
        cmocka_unit_test(lines_are_told_apart),
        cmocka_unit_test(a_spec_pattern_is_read_in_every_notation),
        cmocka_unit_test(durations_are_read_in_every_form),
        cmocka_unit_test(a_row_is_cut_at_its_columns_and_joined_without_a_space),
        cmocka_unit_test(a_line_that_is_not_as_wide_as_the_table_is_no_row),
        cmocka_unit_test(cypress_rows_are_taken_apart_at_blanks),
        cmocka_unit_test(a_results_box_is_read_at_any_width),
        cmocka_unit_test(titles_and_the_first_failure_are_found),
        cmocka_unit_test(the_failure_list_is_believed_before_numbered_output),
        cmocka_unit_test(hooks_keep_their_own_title),
        cmocka_unit_test(an_error_of_any_size_keeps_its_beginning_and_end),
        cmocka_unit_test(one_line_of_a_megabyte_is_cut),
        cmocka_unit_test(real_reporters_of_both_versions_are_read_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
