/*
 * What a collector gets from its host, what it may say, and what becomes of one that breaks a rule
 * or reaches for what is not its own. Each test is one pass of a real worker process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cleanup.h"
#include "collect-limits.h"
#include "collect-session.h"
#include "containment-filter.h"
#include "memory.h"

static struct json_object *all_options(void)
{
    return json_tokener_parse("{\"string\":\"text\",\"integer\":-3,\"boolean\":true,"
                              "\"duration\":5000000000,\"size\":65536,\"list\":[\"x\",\"y z\"]}");
}

static void test_options_and_run_reach_the_collector(void **state)
{
    static const struct {
        const char *entity, *text;
    } facts[] = {
        {"string", "text"},
        {"integer", "-3"},
        {"boolean", "1"},
        {"duration", "5000000000"},
        {"size", "65536"},
        {"list", "2"},
        {"item", "x"},
        {"undeclared", "(null)"},
        {"mistyped", "-1"},
        {"build", "build-1"},
        {"automation_root", "/root/project"},
        {"run_log", "/tmp/build-1.log"},
        {"launch_log", "/tmp/build-1.launch.log"},
        {"cypress_config", "/root/project/cypress.config.ts"},
        {"template_name", "(null)"},
        {"plugin", "fc"},
        {"cypress_env", "A=1"},
        {"categorized", "0"},
        {"since", "1776355199999999000"},
        {"now", "1776355200000000000"},
        {"deadline", "1"},
        {"sink functions", "0"},
    };
    struct session *session = *state;
    CLEANUP_FREE char *log = NULL;

    session_add_collector(session, "teller", "test-host", all_options(), true);
    session_pass(session);
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        assert_string_equal(session_fact(session_source(session, ""), facts[i].entity),
                            facts[i].text);
    assert_false(session->again);
    log = session_log(session);
    assert_words(log, "reads an option that it did not declare with this type: undeclared");
    assert_words(log, "reads an option that it did not declare with this type: string");
}

static void test_options_that_are_not_given_are_unknown(void **state)
{
    struct session *session = *state;

    session_add_collector(session, "teller", "test-host", json_object_new_object(), true);
    session_pass(session);
    assert_string_equal(session_fact(session_source(session, ""), "string"), "(null)");
    assert_string_equal(session_fact(session_source(session, ""), "size"), "-1");
    assert_string_equal(session_fact(session_source(session, ""), "list"), "0");
}

static void test_process_tables_are_looked_at_before_files(void **state)
{
    struct session *session = *state;

    session_add_folder(session);
    session_add_collector(session, "processes", "test-host-processes", NULL, true);
    session_pass(session);
    assert_int_equal(session->ledger->pass_count, 2);
    assert_string_equal(session->ledger->passes[0].collector, "processes");
    assert_string_equal(session->ledger->passes[1].collector, "folder");
}

static void test_files_become_sources_and_paths_are_watched(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *expected = memory_format("folder %s/one quality 1 (-)\n"
                                                "  claim 5 outcome 1 host atvm1-a text -\n"
                                                "  claim 5 outcome 2 host atvm2-b text -\n"
                                                "folder %s/two quality 1 (-)\n",
                                                session->folder, session->folder);
    CLEANUP_FREE char *sources = NULL;

    session_add_folder(session);
    session_add_file(session, "one", "pass atvm1-a\nfail atvm2-b\n");
    session_add_file(session, "two", "");
    session_pass(session);
    sources = session_sources(session);
    assert_string_equal(sources, expected);
    assert_string_equal(session->watched, session->folder);
    assert_string_equal(session_source(session, "one")->version, "1");
    assert_int_equal(session_source(session, "one")->read_ns, SESSION_NOW_NS);
    assert_int_equal(ledger_pass_of(session->ledger, "folder")->result, ATVM_COLLECT_COMPLETE);
    assert_int_equal(session->ledger->gap_count, 0);
}

/* ---- breaking rules */

static void pass_over(struct session *session, const char *file)
{
    session_add_folder(session);
    session_add_file(session, "before", "pass atvm1-a\n");
    session_add_file(session, file, "");
    session_add_file(session, "zz-after", "fail atvm2-b\n");
    session_pass(session);
    assert_int_equal(session_source(session, "zz-after")->record_count, 1);
    assert_int_equal(collect_restarts(session->collect), 0);
}

static void test_a_second_source_is_refused_while_one_is_open(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *log = NULL;

    pass_over(session, "nested");
    assert_string_equal(session_fact(session_source(session, "nested"), NULL), "refused");
    log = session_log(session);
    assert_words(log, "breaks a rule of the interface: begin_source while another source is open");
}

static void test_a_source_that_is_never_ended_is_dropped_and_is_a_gap(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *log = NULL;

    session_add_folder(session);
    session_add_file(session, "unended", "");
    session_pass(session);
    assert_false(session_has_source(session, "unended"));
    assert_int_equal(session->ledger->gap_count, 1);
    assert_words(session->ledger->gaps[0].path, "/unended");
    assert_words(session->ledger->gaps[0].reason, "did not finish reading it");
    log = session_log(session);
    assert_words(log, "collect returned without end_source");
}

static void test_calls_without_an_open_source_are_ignored(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *log = NULL;

    pass_over(session, "twice");
    assert_int_equal(session_source(session, "twice")->record_count, 0);
    log = session_log(session);
    assert_words(log, "end_source without begin_source");
    assert_words(log, "emit_many without an open source");
}

static void test_bad_sources_are_refused_and_are_gaps(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *log = NULL;

    pass_over(session, "badpath");
    assert_int_equal(session->ledger->gap_count, 2);
    assert_words(session->ledger->gaps[0].reason, "path of the source is not absolute");
    assert_words(session->ledger->gaps[1].reason, "neither REPLACE nor APPEND");
    log = session_log(session);
    assert_words(log, "path of the source is not absolute");
}

static void test_bad_records_make_the_source_damaged(void **state)
{
    static const struct {
        const char *file, *reason;
    } cases[] = {
        {"badsize", "struct_size or stride of a record"},
        {"badclaim", "a claim that does not exist"},
        {"badquality", "a quality that does not exist"},
    };
    struct session *session = *state;

    session_add_folder(session);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        session_add_file(session, cases[i].file, "");
    session_pass(session);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ledger_source *source = session_source(session, cases[i].file);

        assert_int_equal(source->quality, ATVM_QUALITY_DAMAGED);
        assert_words(source->reason, cases[i].reason);
        assert_int_equal(source->record_count, 0);
    }
}

static void test_records_of_a_later_version_are_read_as_far_as_known(void **state)
{
    struct session *session = *state;
    const struct ledger_source *source;

    pass_over(session, "newer");
    source = session_source(session, "newer");
    assert_int_equal(source->quality, ATVM_QUALITY_WHOLE);
    assert_int_equal(source->record_count, 2);
    assert_string_equal(source->records[0].text, "first");
    assert_string_equal(source->records[1].text, "second");
}

static void test_text_is_cleaned_and_cut(void **state)
{
    struct session *session = *state;
    const struct atvm_evidence *record;

    pass_over(session, "dirty");
    record = &session_source(session, "dirty")->records[0];
    assert_string_equal(record->text, "a\xEF\xBF\xBD"
                                      "b[31mc\nd\tef\xE2\x9C\x93");
    assert_int_equal(strlen(record->message), COLLECT_TEXT_MAX);
    assert_string_equal(record->excerpt, "no");
    assert_int_equal(record->tests, -1);
    assert_true(record->value == 0.0);
}

static void test_too_many_records_leave_a_damaged_source_without_any(void **state)
{
    struct session *session = *state;
    const struct ledger_source *source;

    pass_over(session, "flood");
    source = session_source(session, "flood");
    assert_int_equal(source->quality, ATVM_QUALITY_DAMAGED);
    assert_words(source->reason, "more records than a source may give (200000)");
    assert_int_equal(source->record_count, 0);
}

static void test_prints_of_a_module_are_logged_and_cannot_touch_the_evidence(void **state)
{
    struct session *session = *state;
    const struct ledger_source *source;
    CLEANUP_FREE char *log = NULL;

    pass_over(session, "stdout");
    source = session_source(session, "stdout");
    assert_int_equal(source->record_count, 1);
    /* Its standard input is empty, not the watcher's requests. */
    assert_string_equal(source->records[0].text, "read: it worked");
    collect_free(session->collect);
    session->collect = NULL;
    log = session_log(session);
    assert_words(log, "printed by the module");
    assert_words(log, "half a line");
}

static unsigned count(const char *text, const char *words)
{
    unsigned found = 0;

    for (const char *place = text; (place = strstr(place, words)); place++)
        found++;
    return found;
}

static void test_a_chatty_module_does_not_flood_the_log(void **state)
{
    struct session *session = *state;
    CLEANUP_FREE char *log = NULL;

    pass_over(session, "chatter");
    log = session_log(session);
    assert_in_range(count(log, "collector folder: chatter"), 1, 200);
}

/* ---- reaching for what is not its own */

static void test_files_cannot_be_written(void **state)
{
    struct session *session = *state;

    pass_over(session, "write");
    assert_string_equal(session_fact(session_source(session, "write"), NULL),
                        "write: Permission denied");
}

static void test_the_watchers_environment_cannot_be_read(void **state)
{
    struct session *session = *state;

    pass_over(session, "environ");
    assert_string_equal(session_fact(session_source(session, "environ"), NULL),
                        "environ: Permission denied");
}

static void check_deadly(struct session *session, const char *file)
{
    const struct ledger_source *source;

    session_add_folder(session);
    session_add_file(session, "before", "pass atvm1-a\n");
    session_add_file(session, file, "");
    session_add_file(session, "zz-after", "fail atvm2-b\n");
    session_pass(session);
    source = session_source(session, file);
    assert_int_equal(source->quality, ATVM_QUALITY_DAMAGED);
    assert_int_equal(source->record_count, 0);
    assert_words(source->reason, "it made a system call that collectors may not make");
    assert_words(source->reason, "(Bad system call)");
    assert_int_equal(collect_restarts(session->collect), 2);
    assert_int_equal(session_source(session, "zz-after")->record_count, 1);
}

static void test_a_socket_ends_the_worker(void **state)
{
    check_deadly(*state, "socket");
}

static void test_a_program_ends_the_worker(void **state)
{
    check_deadly(*state, "exec");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, session_setup, session_teardown)

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_options_and_run_reach_the_collector),
        TEST(test_options_that_are_not_given_are_unknown),
        TEST(test_process_tables_are_looked_at_before_files),
        TEST(test_files_become_sources_and_paths_are_watched),
        TEST(test_a_second_source_is_refused_while_one_is_open),
        TEST(test_a_source_that_is_never_ended_is_dropped_and_is_a_gap),
        TEST(test_calls_without_an_open_source_are_ignored),
        TEST(test_bad_sources_are_refused_and_are_gaps),
        TEST(test_bad_records_make_the_source_damaged),
        TEST(test_records_of_a_later_version_are_read_as_far_as_known),
        TEST(test_text_is_cleaned_and_cut),
        TEST(test_too_many_records_leave_a_damaged_source_without_any),
        TEST(test_prints_of_a_module_are_logged_and_cannot_touch_the_evidence),
        TEST(test_a_chatty_module_does_not_flood_the_log),
        TEST(test_files_cannot_be_written),
        TEST(test_the_watchers_environment_cannot_be_read),
        TEST(test_a_socket_ends_the_worker),
        TEST(test_a_program_ends_the_worker),
    };
    int status = collect_session_worker(argument_count, arguments);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
