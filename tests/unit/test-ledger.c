/* The ledger: only whole units count, logs retract nothing, snapshots read back the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger.h"

struct fixture {
    struct ledger *ledger;
    struct ledger_reader *reader;
};

static int set_up(void **state)
{
    struct fixture *fixture = memory_zeroed(1, sizeof(*fixture));

    fixture->ledger = ledger_new();
    fixture->reader = ledger_reader_new(fixture->ledger);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ledger_reader_free(fixture->reader);
    ledger_free(fixture->ledger);
    free(fixture);
    return 0;
}

static void feed(struct fixture *fixture, const char *line)
{
    char *error = NULL;

    if (ledger_reader_line(fixture->reader, line, strlen(line), &error) != LEDGER_LINE_EVIDENCE)
        fail_msg("refused: %s: %s", line, error);
}

static void refuse(struct fixture *fixture, const char *line, const char *words)
{
    char *error = NULL;

    assert_int_equal(ledger_reader_line(fixture->reader, line, strlen(line), &error),
                     LEDGER_LINE_BAD);
    if (!strstr(error, words))
        fail_msg("\"%s\" does not say \"%s\"", error, words);
    free(error);
}

#define BEGIN_LOG(mode, size, inode)                                                               \
    "{\"t\":\"begin\",\"collector\":\"runlog\",\"version\":\"1\",\"mode\":\"" mode "\","           \
    "\"path\":\"/tmp/b.log\",\"kind\":\"log\",\"size\":" size ",\"mtime\":5,\"inode\":" inode "}"
#define RESULT(host)                                                                               \
    "{\"t\":\"evidence\",\"claim\":\"host-result\",\"outcome\":\"pass\",\"basis\":\"direct\","     \
    "\"host\":\"" host "\",\"tests\":22}"
#define END "{\"t\":\"end\",\"quality\":\"whole\",\"time\":7}"

static void unit_counts_only_when_it_has_ended(void **state)
{
    struct fixture *fixture = *state;

    feed(fixture, BEGIN_LOG("replace", "10", "1"));
    feed(fixture, RESULT("atvm1-redhat9.1"));
    assert_int_equal(fixture->ledger->source_count, 0);
    feed(fixture, END);
    assert_int_equal(fixture->ledger->source_count, 1);
    assert_int_equal(fixture->ledger->sources[0]->record_count, 1);
    assert_string_equal(fixture->ledger->sources[0]->records[0].host, "atvm1-redhat9.1");
    assert_int_equal(fixture->ledger->sources[0]->records[0].tests, 22);
    assert_int_equal(fixture->ledger->sources[0]->records[0].passed, -1);
}

static void torn_unit_is_dropped_by_the_next_begin(void **state)
{
    struct fixture *fixture = *state;

    feed(fixture, BEGIN_LOG("replace", "10", "1"));
    feed(fixture, RESULT("atvm1-redhat9.1"));
    feed(fixture, BEGIN_LOG("replace", "20", "1"));
    feed(fixture, RESULT("atvm2-redhat9.1"));
    feed(fixture, END);
    assert_int_equal(fixture->ledger->source_count, 1);
    assert_int_equal(fixture->ledger->sources[0]->record_count, 1);
    assert_string_equal(fixture->ledger->sources[0]->records[0].host, "atvm2-redhat9.1");
}

static void append_adds_and_replace_replaces(void **state)
{
    struct fixture *fixture = *state;

    feed(fixture, BEGIN_LOG("replace", "10", "1"));
    feed(fixture, RESULT("atvm1-redhat9.1"));
    feed(fixture, END);
    feed(fixture, BEGIN_LOG("append", "20", "1"));
    feed(fixture, RESULT("atvm2-redhat9.1"));
    feed(fixture, END);
    assert_int_equal(fixture->ledger->source_count, 1);
    assert_int_equal(fixture->ledger->sources[0]->record_count, 2);
    assert_int_equal(fixture->ledger->sources[0]->file.size, 20);
    feed(fixture, BEGIN_LOG("replace", "20", "1"));
    feed(fixture, RESULT("atvm3-redhat9.1"));
    feed(fixture, END);
    assert_int_equal(fixture->ledger->source_count, 1);
    assert_int_equal(fixture->ledger->sources[0]->record_count, 1);
}

static void log_that_shrank_or_was_rotated_retracts_nothing(void **state)
{
    struct fixture *fixture = *state;

    feed(fixture, BEGIN_LOG("replace", "100", "1"));
    feed(fixture, RESULT("atvm1-redhat9.1"));
    feed(fixture, END);
    feed(fixture, BEGIN_LOG("replace", "5", "1"));
    feed(fixture, END);
    feed(fixture, BEGIN_LOG("replace", "500", "2"));
    feed(fixture, END);
    assert_int_equal(fixture->ledger->source_count, 3);
    assert_true(fixture->ledger->sources[0]->retired);
    assert_true(fixture->ledger->sources[1]->retired);
    assert_false(fixture->ledger->sources[2]->retired);
    assert_int_equal(fixture->ledger->sources[0]->record_count, 1);
}

static void saying_the_same_again_is_no_change(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before;

    for (int round = 0; round < 2; round++) {
        before = fixture->ledger->changes;
        feed(fixture, BEGIN_LOG("replace", "10", "1"));
        feed(fixture, RESULT("atvm1-redhat9.1"));
        feed(fixture, END);
        feed(fixture,
             "{\"t\":\"pass\",\"collector\":\"runlog\",\"result\":\"complete\",\"time\":1}");
    }
    assert_int_equal(fixture->ledger->changes, before);
}

static void bad_lines_are_refused_with_the_reason(void **state)
{
    struct fixture *fixture = *state;

    refuse(fixture, "{\"t\":\"evidence\"", "not a JSON object");
    refuse(fixture, "[]", "without a type");
    refuse(fixture, RESULT("x"), "outside of a unit");
    refuse(fixture, END, "without \"begin\"");
    refuse(fixture, "{\"t\":\"begin\",\"collector\":\"junit\"}", "lacks collector or path");
    feed(fixture, BEGIN_LOG("replace", "10", "1"));
    refuse(fixture, "{\"t\":\"evidence\",\"tests\":\"many\"}", "wrong type");
    refuse(fixture, "{\"t\":\"evidence\",\"batch\":10001}", "no log can have");
    refuse(fixture, "{\"t\":\"evidence\",\"batch\":-1}", "no log can have");
    refuse(fixture, "{\"t\":\"end\",\"quality\":\"fine\"}", "known quality");
    refuse(fixture, "{\"t\":\"pass\",\"collector\":\"proc\",\"result\":\"odd\"}", "known result");
}

static char *snapshot(const struct ledger *ledger)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_int_equal(ledger_write(ledger, stream), 0);
    fclose(stream);
    return text;
}

static void snapshot_reads_back_the_same(void **state)
{
    struct fixture *fixture = *state, *copy;
    char *first, *second, *rest, *line;

    feed(fixture, BEGIN_LOG("replace", "100", "1"));
    feed(fixture,
         "{\"t\":\"evidence\",\"claim\":\"host-result\",\"outcome\":\"fail\",\"basis\":\"direct\","
         "\"host\":\"atvm1-redhat9.1\",\"form\":\"cloud-row\",\"step\":\"9. \\\"x\\\"\\n\","
         "\"excerpt\":\"long\",\"line\":12,\"value\":1.5,\"duration\":5}");
    feed(fixture, END);
    feed(fixture, BEGIN_LOG("replace", "5", "1"));
    feed(fixture, END);
    feed(fixture, "{\"t\":\"gap\",\"collector\":\"junit\",\"reason\":\"killed\",\"time\":3}");
    feed(fixture, "{\"t\":\"pass\",\"collector\":\"proc\",\"result\":\"unavailable\","
                  "\"reason\":\"hidepid\",\"time\":4}");
    first = snapshot(fixture->ledger);
    set_up((void **)&copy);
    rest = memory_string(first);
    for (char *cursor = rest; (line = strsep(&cursor, "\n")) && *line;)
        feed(copy, line);
    second = snapshot(copy->ledger);
    assert_string_equal(first, second);
    assert_true(copy->ledger->sources[0]->retired);
    assert_non_null(ledger_pass_of(copy->ledger, "proc"));
    ledger_forget_passes(copy->ledger);
    assert_null(ledger_pass_of(copy->ledger, "proc"));
    tear_down((void **)&copy);
    free(rest);
    free(first);
    free(second);
}

static void file_is_read_up_to_its_first_bad_line(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/test-ledger.XXXXXX";
    int descriptor = mkstemp(path);
    FILE *stream = fdopen(descriptor, "w");
    char *error = NULL;

    fprintf(stream, "%s\n%s\n%s\nno evidence\n", BEGIN_LOG("replace", "10", "1"),
            RESULT("atvm1-redhat9.1"), END);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(ledger_read_file(fixture->ledger, path, &error), -EBADMSG);
    assert_non_null(strstr(error, path));
    assert_non_null(strstr(error, ":4: not a JSON object"));
    assert_int_equal(fixture->ledger->source_count, 1);
    free(error);
    unlink(path);
    assert_int_equal(ledger_read_file(fixture->ledger, path, &error), -ENOENT);
    free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unit_counts_only_when_it_has_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(torn_unit_is_dropped_by_the_next_begin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(append_adds_and_replace_replaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_that_shrank_or_was_rotated_retracts_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(saying_the_same_again_is_no_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_lines_are_refused_with_the_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_is_read_up_to_its_first_bad_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(snapshot_reads_back_the_same, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
