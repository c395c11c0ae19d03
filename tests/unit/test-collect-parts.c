/* The parts of the collect worker and its watcher that need no process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "collect-job.h"
#include "collect-lines.h"
#include "collect-limits.h"
#include "collect-progress.h"
#include "collect-suspects.h"
#include "collect-text.h"
#include "collect-unit.h"

/* ---------------------------------------------------------------- text */

#define FFFD "\xEF\xBF\xBD"

static void test_text_becomes_valid_and_bounded(void **state)
{
    static const struct {
        const char *given;
        size_t limit;
        const char *expected;
    } cases[] = {
        {"", 10, ""},
        {"plain", 10, "plain"},
        {"plain", 5, "plain"},
        {"plain", 4, "plai"},
        {"plain", 0, ""},
        {"line\nand\ttab", 20, "line\nand\ttab"},
        {"\r\x01\x1B[31m\x7F", 20, "[31m"},
        {"\xC2\x80\xC2\x9F", 20, ""},                  /* C1 */
        {"\xC2\xA0\xC3\xA9", 20, "\xC2\xA0\xC3\xA9"},  /* what comes after C1 */
        {"\xE2\x9C\x93", 3, "\xE2\x9C\x93"},           /* a check mark */
        {"\xE2\x9C\x93", 2, ""},                       /* cut at a character */
        {"a\xE2\x9C\x93", 3, "a"},                     /* the same, later */
        {"\xF0\x9F\x8F\x81", 10, "\xF0\x9F\x8F\x81"},  /* beyond the BMP */
        {"\xFF", 10, FFFD},                            /* no first byte */
        {"\x80", 10, FFFD},                            /* a continuation alone */
        {"\xE2\x9C", 10, FFFD FFFD},                   /* cut off */
        {"\xE2\x9Cz", 10, FFFD FFFD "z"},              /* interrupted */
        {"\xC0\xAF", 10, FFFD FFFD},                   /* overlong '/' */
        {"\xE0\x80\xAF", 10, FFFD FFFD FFFD},          /* overlong '/' in three */
        {"\xED\xA0\x80", 10, FFFD FFFD FFFD},          /* a surrogate */
        {"\xF4\x90\x80\x80", 20, FFFD FFFD FFFD FFFD}, /* beyond U+10FFFF */
        {"\xF5\x80\x80\x80", 20, FFFD FFFD FFFD FFFD},
        {"a\xFF", 3, "a"}, /* no room for U+FFFD */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct obstack strings;
        size_t length = 99;
        char *text;

        obstack_init(&strings);
        text = collect_text_clean(&strings, cases[i].given, strlen(cases[i].given), cases[i].limit,
                                  &length);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(length, strlen(cases[i].expected));
        obstack_free(&strings, NULL);
    }
}

static void test_text_may_hold_a_nul_or_be_missing(void **state)
{
    struct obstack strings;
    size_t length;

    (void)state;
    obstack_init(&strings);
    assert_string_equal(collect_text_clean(&strings, "a\0b", 3, 10, &length), "ab");
    assert_null(collect_text_clean(&strings, NULL, 3, 10, NULL));
    obstack_free(&strings, NULL);
}

/* ---------------------------------------------------------------- lines */

struct gathered {
    char text[256];
    unsigned count;
};

static void gather(void *user, const char *line, size_t length)
{
    struct gathered *gathered = user;

    assert_int_equal(strlen(line), length);
    strcat(gathered->text, line);
    strcat(gathered->text, "|");
    gathered->count++;
}

static void write_text(int descriptor, const char *text)
{
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
}

static void test_lines_come_whole_however_they_were_written(void **state)
{
    struct collect_lines lines = {.limit = 100};
    struct gathered gathered = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(collect_lines_read(&lines, ends[0], gather, &gathered), -EAGAIN);
    write_text(ends[1], "one\ntwo\n\nhal");
    assert_int_equal(collect_lines_read(&lines, ends[0], gather, &gathered), 1);
    assert_string_equal(gathered.text, "one|two||");
    write_text(ends[1], "f\nrest");
    assert_int_equal(collect_lines_read(&lines, ends[0], gather, &gathered), 1);
    assert_string_equal(gathered.text, "one|two||half|");
    close(ends[1]);
    assert_int_equal(collect_lines_read(&lines, ends[0], gather, &gathered), 0);
    assert_int_equal(gathered.count, 4);
    collect_lines_flush(&lines, gather, &gathered);
    collect_lines_flush(&lines, gather, &gathered);
    assert_string_equal(gathered.text, "one|two||half|rest|");
    collect_lines_free(&lines);
    close(ends[0]);
}

static void test_a_line_beyond_the_limit_is_an_error(void **state)
{
    struct collect_lines lines = {.limit = 4};
    struct gathered gathered = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    write_text(ends[1], "four\nfour");
    assert_int_equal(collect_lines_read(&lines, ends[0], gather, &gathered), 1);
    write_text(ends[1], "s");
    assert_int_equal(collect_lines_read(&lines, ends[0], gather, &gathered), -EMSGSIZE);
    assert_string_equal(gathered.text, "four|");
    collect_lines_free(&lines);
    close(ends[0]);
    close(ends[1]);
}

/* ---------------------------------------------------------------- suspects */

static void test_a_suspect_is_set_aside_by_repetition(void **state)
{
    /* F: a fault, O: a signal from outside, R: it was read to its end */
    static const struct {
        const char *history;
        bool set_aside;
    } cases[] = {
        {"F", false},  {"FF", true},    {"FRF", false},    {"FRFF", true},
        {"O", false},  {"OOOO", false}, {"OOOOO", true},   {"OOOOROOOO", false},
        {"OF", false}, {"FOF", true},   {"OOOOFR", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct collect_suspects *suspects = collect_suspects_new();
        bool set_aside = false;

        for (const char *event = cases[i].history; *event; event++) {
            if (*event == 'R')
                collect_suspects_clear(suspects, "junit", "/a");
            else
                set_aside |= collect_suspects_note(suspects, "junit", "/a",
                                                   *event == 'F' ? COLLECT_BLAME_FAULT
                                                                 : COLLECT_BLAME_OUTSIDE);
        }
        assert_int_equal(set_aside, cases[i].set_aside);
        assert_int_equal(json_object_array_length(collect_suspects_set_aside(suspects)),
                         cases[i].set_aside ? 1 : 0);
        collect_suspects_free(suspects);
    }
}

static void test_suspects_are_told_apart(void **state)
{
    struct collect_suspects *suspects = collect_suspects_new();

    (void)state;
    assert_false(collect_suspects_note(suspects, "junit", "/a", COLLECT_BLAME_FAULT));
    assert_false(collect_suspects_note(suspects, "junit", "/b", COLLECT_BLAME_FAULT));
    assert_false(collect_suspects_note(suspects, "other", "/a", COLLECT_BLAME_FAULT));
    assert_false(collect_suspects_note(suspects, "junit", NULL, COLLECT_BLAME_FAULT));
    assert_true(collect_suspects_note(suspects, "junit", NULL, COLLECT_BLAME_FAULT));
    assert_true(collect_suspects_note(suspects, "junit", "/b", COLLECT_BLAME_FAULT));
    assert_string_equal(
        json_object_to_json_string_ext(collect_suspects_set_aside(suspects),
                                       JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
        "[{\"collector\":\"junit\"},{\"collector\":\"junit\",\"path\":\"/b\"}]");
    collect_suspects_free(suspects);
}

/* ---------------------------------------------------------------- the job */

static void test_a_job_is_read_as_it_was_written(void **state)
{
    static const char *const variables[] = {"A=\"1\"\n", NULL};
    const struct collect_run run = {.build = "b",
                                    .categorized = true,
                                    .automation_root = "/r",
                                    .run_log = "/l",
                                    .launch_log = "/ll",
                                    .cypress_config = "/c",
                                    .template_name = "t",
                                    .cypress_env = variables,
                                    .since_ns = 17};
    struct config_module modules[2] = {
        {.name = (char *)"one", .module = (char *)"junit", .critical = true},
        {.name = (char *)"two", .module = (char *)"/x/y.so", .critical = false}};
    const struct config config = {.collectors = modules, .collector_count = 2};
    CLEANUP_JSON struct json_object *set_aside =
        json_tokener_parse("[{\"collector\":\"one\",\"path\":\"/a\"},{\"collector\":\"two\"}]");
    CLEANUP_JSON struct json_object *written = NULL;
    CLEANUP_FREE char *error = NULL;
    struct collect_job *job;
    const char *line;

    (void)state;
    modules[0].options = json_tokener_parse("{\"a\":1}");
    written = collect_job_to_json(&config, &run, set_aside, 99);
    line = json_object_to_json_string_ext(written, JSON_C_TO_STRING_PLAIN);
    job = collect_job_parse(line, strlen(line), &error);
    assert_non_null(job);
    assert_null(strchr(line, '\n'));
    assert_string_equal(job->run.build, "b");
    assert_int_equal(job->run.categorized, 1);
    assert_string_equal(job->run.automation_root, "/r");
    assert_string_equal(job->run.template_name, "t");
    assert_null(job->run.plugin);
    assert_string_equal(job->run.cypress_env[0], "A=\"1\"\n");
    assert_null(job->run.cypress_env[1]);
    assert_int_equal(job->run.since_ns, 17);
    assert_int_equal(job->fixed_now_ns, 99);
    assert_int_equal(job->collector_count, 2);
    assert_string_equal(job->collectors[1].module, "/x/y.so");
    assert_true(job->collectors[0].critical);
    assert_false(job->collectors[1].critical);
    assert_non_null(job->collectors[0].options);
    assert_null(job->collectors[1].options);
    assert_true(collect_job_is_set_aside(job, "one", "/a"));
    assert_false(collect_job_is_set_aside(job, "one", "/b"));
    assert_false(collect_job_is_set_aside(job, "one", NULL));
    assert_false(collect_job_is_set_aside(job, "two", "/a"));
    assert_true(collect_job_is_set_aside(job, "two", NULL));
    json_object_put(modules[0].options);
    collect_job_free(job);
}

static void test_a_line_that_is_no_job_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "\n",
        "[]",
        "{\"t\":\"job\"}",
        "{\"t\":\"job\",\"run\":{},\"collectors\":[{\"name\":\"x\"}]}",
        "{\"t\":\"job\",\"run\":{},\"collectors\":[17]}",
        "{\"t\":\"job\",\"run\":[],\"collectors\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        CLEANUP_FREE char *error = NULL;

        assert_null(collect_job_parse(lines[i], strlen(lines[i]), &error));
        assert_non_null(strstr(error, "is no job"));
    }
}

/* ---------------------------------------------------------------- progress */

static void take(struct collect_progress *progress, const char *line)
{
    CLEANUP_JSON struct json_object *object = json_tokener_parse(line);

    assert_non_null(object);
    collect_progress_take(progress, object);
}

static void assert_text(const struct collect_progress *progress, const char *expected)
{
    CLEANUP_FREE char *text = collect_progress_text(progress);

    assert_string_equal(text, expected);
}

static void test_progress_follows_the_lines(void **state)
{
    struct collect_progress progress = {0};

    (void)state;
    assert_text(&progress, "while no collector was at work");
    take(&progress, "{\"t\":\"at\",\"collector\":\"junit\"}");
    assert_text(&progress, "while collector junit was at work");
    take(&progress, "{\"t\":\"hello\"}");
    assert_true(progress.ready);
    assert_null(progress.collector);
    progress.in_pass = true;
    take(&progress, "{\"t\":\"at\",\"collector\":\"junit\",\"path\":\"/a\"}");
    take(&progress, "{\"t\":\"begin\",\"collector\":\"junit\",\"path\":\"/a\"}");
    assert_text(&progress, "while collector junit read /a");
    assert_string_equal(collect_progress_path(&progress), "/a");
    take(&progress, "{\"t\":\"end\"}");
    assert_null(collect_progress_path(&progress));
    assert_text(&progress, "while collector junit was at work");
    take(&progress, "{\"t\":\"begin\",\"collector\":\"junit\",\"path\":\"/b\"}");
    take(&progress, "{\"t\":\"pass\",\"collector\":\"junit\",\"result\":\"again\"}");
    assert_null(collect_progress_path(&progress));
    assert_true(progress.again);
    take(&progress, "{\"t\":\"pass\",\"collector\":\"other\",\"result\":\"complete\"}");
    assert_true(progress.again);
    take(&progress, "{\"t\":\"done\"}");
    assert_true(progress.pass_over);
    assert_false(progress.in_pass);
    assert_null(progress.broken);
    take(&progress, "{\"t\":\"done\"}");
    assert_string_equal(progress.broken, "ended a pass that was not asked for");
    collect_progress_reset(&progress);
    assert_false(progress.ready);
    assert_null(progress.broken);
}

static void test_evidence_of_one_source_is_bounded(void **state)
{
    struct collect_progress progress = {0};

    (void)state;
    take(&progress, "{\"t\":\"begin\",\"collector\":\"junit\",\"path\":\"/a\"}");
    for (size_t bytes = 0; bytes < COLLECT_UNIT_MAX; bytes += 65536)
        collect_progress_add_record(&progress, 65536);
    assert_null(progress.broken);
    take(&progress, "{\"t\":\"end\"}");
    take(&progress, "{\"t\":\"begin\",\"collector\":\"junit\",\"path\":\"/b\"}");
    for (size_t bytes = 0; bytes < COLLECT_UNIT_MAX; bytes += 65536)
        collect_progress_add_record(&progress, 65536);
    assert_null(progress.broken);
    for (size_t bytes = 0; bytes < COLLECT_UNIT_MAX; bytes += 65536)
        collect_progress_add_record(&progress, 65536);
    assert_non_null(strstr(progress.broken, "more evidence of one source than allowed"));
    collect_progress_reset(&progress);
}

static void test_the_first_fatal_word_counts(void **state)
{
    struct collect_progress progress = {0};

    (void)state;
    take(&progress, "{\"t\":\"fatal\",\"collector\":\"junit\",\"reason\":\"no\"}");
    take(&progress, "{\"t\":\"fatal\",\"reason\":\"other\"}");
    assert_string_equal(progress.fatal, "collector junit: no");
    collect_progress_reset(&progress);
    take(&progress, "{\"t\":\"fatal\"}");
    assert_non_null(strstr(progress.fatal, "does not say why"));
    collect_progress_reset(&progress);
}

/* ---------------------------------------------------------------- units */

static struct atvm_source good_source(void)
{
    return (struct atvm_source){.struct_size = sizeof(struct atvm_source),
                                .mode = ATVM_SOURCE_REPLACE,
                                .path = "/a",
                                .kind = "junit",
                                .size = -1,
                                .mtime_ns = -1,
                                .name_time_ns = -1};
}

static const char *problem_of(const struct atvm_source *source)
{
    const char *problem = NULL;

    collect_unit_free(collect_unit_new(source, &problem));
    return problem;
}

static void test_sources_are_checked(void **state)
{
    struct atvm_source source = good_source();
    char path[COLLECT_PATH_MAX + 2];

    (void)state;
    assert_null(problem_of(&source));
    source.struct_size = sizeof(source) + 8;
    /* Only the known part of a later version's struct is read. */
    assert_null(problem_of(&source));
    source.struct_size = sizeof(source) - 8;
    assert_non_null(strstr(problem_of(&source), "struct_size"));
    source.struct_size = UINT32_MAX;
    assert_non_null(strstr(problem_of(&source), "struct_size"));
    source = good_source();
    source.mode = 0;
    assert_non_null(strstr(problem_of(&source), "mode"));
    source = good_source();
    source.path = NULL;
    assert_non_null(strstr(problem_of(&source), "not absolute"));
    source.path = "a";
    assert_non_null(strstr(problem_of(&source), "not absolute"));
    memset(path, '/', sizeof(path));
    path[COLLECT_PATH_MAX + 1] = '\0';
    source.path = path;
    assert_non_null(strstr(problem_of(&source), "longer than 4096"));
    source = good_source();
    source.kind = "";
    assert_non_null(strstr(problem_of(&source), "no kind"));
    assert_non_null(strstr(problem_of(NULL), "NULL"));
}

/* The lines that a unit of `count` copies of one record becomes. */
static char *lines_of_unit(const struct atvm_evidence *record, size_t count)
{
    CLEANUP_FREE char *path = strdup("/tmp/atvm-collect-unit-XXXXXX");
    struct collect_output output = {.descriptor = mkstemp(path)};
    struct atvm_source source = good_source();
    const char *problem = NULL;
    struct collect_unit *unit = collect_unit_new(&source, &problem);
    CLEANUP_FILE FILE *stream = NULL;
    char *text = NULL;
    size_t room = 0;

    assert_non_null(unit);
    assert_true(output.descriptor >= 0);
    assert_int_equal(unlink(path), 0);
    collect_unit_begin(unit, &output, "junit", "1");
    for (size_t i = 0; i < count; i++)
        collect_unit_emit(unit, &output, record, 1, 0);
    collect_unit_end(unit, &output, ATVM_QUALITY_WHOLE, NULL, 5);
    collect_unit_free(unit);
    collect_output_free(&output);
    assert_int_equal(lseek(output.descriptor, 0, SEEK_SET), 0);
    stream = fdopen(output.descriptor, "r");
    assert_true(getdelim(&text, &room, '\0', stream) > 0);
    return text;
}

static void test_a_unit_is_breadcrumb_begin_records_end(void **state)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT);
    CLEANUP_FREE char *lines = NULL;

    (void)state;
    record.host = "h";
    record.tests = 2;
    lines = lines_of_unit(&record, 1);
    assert_string_equal(
        lines, "{\"collector\":\"junit\",\"path\":\"/a\",\"t\":\"at\"}\n"
               "{\"mode\":\"replace\",\"path\":\"/a\",\"kind\":\"junit\",\"collector\":\"junit\","
               "\"version\":\"1\",\"t\":\"begin\"}\n"
               "{\"claim\":\"host-result\",\"host\":\"h\",\"tests\":2,\"t\":\"evidence\"}\n"
               "{\"quality\":\"whole\",\"time\":5,\"t\":\"end\"}\n");
}

static void test_quotations_lose_their_secrets_and_what_is_compared_does_not(void **state)
{
    static const char quoted[] = "POST https://chat.example/hooks/abc --token x, cut";
    const struct {
        struct atvm_evidence record;
        const char *line;
    } rows[] = {
        {{.claim = ATVM_CLAIM_HOST_RESULT,
          .step = "1. --token x",
          .steps = "1. --token x",
          .message = "password=x!",
          .excerpt = quoted,
          .excerpt_length = strlen(quoted) - strlen(", cut")},
         "{\"claim\":\"host-result\",\"step\":\"1. --token x\",\"message\":\"password=***\","
         "\"steps\":\"1. --token x\","
         "\"excerpt\":\"POST https://chat.example/hooks/*** --token ***\",\"t\":"},
        {{.claim = ATVM_CLAIM_RUN_URL, .text = "https://u:p@a.example/run/1"},
         "{\"claim\":\"run-url\",\"text\":\"https://u:***@a.example/run/1\",\"t\":"},
        {{.claim = ATVM_CLAIM_EXPECTED_HOST, .text = "a/key=b/c.ts"},
         "{\"claim\":\"expected-host\",\"text\":\"a/key=b/c.ts\",\"t\":"},
        {{.claim = ATVM_CLAIM_FACT, .entity = "spec-pattern", .text = "token=*.ts"},
         "{\"claim\":\"fact\",\"text\":\"token=*.ts\",\"entity\":\"spec-pattern\",\"t\":"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct atvm_evidence record = ATVM_EVIDENCE_INIT(rows[i].record.claim);
        CLEANUP_FREE char *lines = NULL;

        record.step = rows[i].record.step;
        record.steps = rows[i].record.steps;
        record.message = rows[i].record.message;
        record.excerpt = rows[i].record.excerpt;
        record.excerpt_length = rows[i].record.excerpt_length;
        record.text = rows[i].record.text;
        record.entity = rows[i].record.entity;
        lines = lines_of_unit(&record, 1);
        assert_non_null(strstr(lines, rows[i].line));
    }
}

static void test_a_unit_of_too_many_bytes_says_only_that(void **state)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT);
    CLEANUP_FREE char *steps = memset(calloc(1, COLLECT_STEPS_MAX + 1), 's', COLLECT_STEPS_MAX);
    CLEANUP_FREE char *lines = NULL;
    const char *last_begin;

    (void)state;
    record.steps = steps;
    lines = lines_of_unit(&record, COLLECT_UNIT_MAX / COLLECT_STEPS_MAX + 2);
    last_begin = strrchr(lines, '{');
    assert_non_null(strstr(last_begin, "\"quality\":\"damaged\""));
    assert_non_null(strstr(last_begin, "more evidence than a source may give (64 MiB)"));
    /* Begun anew: nothing stands between this "begin" and the end. */
    last_begin -= strlen("\"t\":\"begin\"}\n");
    assert_memory_equal(last_begin, "\"t\":\"begin\"}\n", strlen("\"t\":\"begin\"}\n"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_becomes_valid_and_bounded),
        cmocka_unit_test(test_text_may_hold_a_nul_or_be_missing),
        cmocka_unit_test(test_lines_come_whole_however_they_were_written),
        cmocka_unit_test(test_a_line_beyond_the_limit_is_an_error),
        cmocka_unit_test(test_a_suspect_is_set_aside_by_repetition),
        cmocka_unit_test(test_suspects_are_told_apart),
        cmocka_unit_test(test_a_job_is_read_as_it_was_written),
        cmocka_unit_test(test_a_line_that_is_no_job_is_refused),
        cmocka_unit_test(test_progress_follows_the_lines),
        cmocka_unit_test(test_evidence_of_one_source_is_bounded),
        cmocka_unit_test(test_the_first_fatal_word_counts),
        cmocka_unit_test(test_sources_are_checked),
        cmocka_unit_test(test_a_unit_is_breadcrumb_begin_records_end),
        cmocka_unit_test(test_quotations_lose_their_secrets_and_what_is_compared_does_not),
        cmocka_unit_test(test_a_unit_of_too_many_bytes_says_only_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
