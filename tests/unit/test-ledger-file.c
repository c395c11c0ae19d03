/* evidence.jsonl is read as it was written; what is no ledger is refused with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "judge-scene.h"
#include "ledger-file.h"
#include "scratch-folder.h"

struct place {
    char *folder;
    char *path; /* of evidence.jsonl in it */
    struct ledger *ledger;
    char *error;
};

static int setup(void **state)
{
    struct place *place = memory_zeroed(1, sizeof(*place));

    place->folder = scratch_folder_new();
    place->path = memory_format("%s/evidence.jsonl", place->folder);
    place->ledger = ledger_new();
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    ledger_free(place->ledger);
    scratch_folder_remove(place->folder);
    free(place->folder);
    free(place->path);
    free(place->error);
    free(place);
    return 0;
}

static char *written(const struct ledger *ledger)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    assert_int_equal(ledger_write(ledger, stream), 0);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void a_ledger_comes_back_as_it_was_written(void **state)
{
    static const char *const hosts[] = {"atvm1-redhat9.1", NULL};
    struct place *place = *state;
    CLEANUP_FREE char *before = NULL;
    CLEANUP_FREE char *after = NULL;
    struct scene scene;

    scene_open(&scene, hosts);
    scene_processes(&scene, 7);
    scene_whole_log(&scene, hosts, "p");
    ledger_add_gap(scene.ledger, "junit", "/x/a.xml", "it died", 5);
    before = written(scene.ledger);
    scene_close(&scene);
    scratch_write(place->folder, "evidence.jsonl", before);
    assert_int_equal(ledger_read_file(place->ledger, place->path, &place->error), 0);
    after = written(place->ledger);
    assert_string_equal(after, before);
}

static void what_is_no_ledger_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{\"t\":\"gap\",\"collector\":\"junit\"}\n{\"t\":\n", "evidence.jsonl:2: "},
        {"not JSON", "evidence.jsonl:1: "},
        {"{\"t\":\"evidence\",\"claim\":\"fact\"}\n", "evidence.jsonl:1: "},
    };
    struct place *place = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scratch_write(place->folder, "evidence.jsonl", rows[i].text);
        assert_int_equal(ledger_read_file(place->ledger, place->path, &place->error), -EBADMSG);
        if (!strstr(place->error, rows[i].message))
            fail_msg("lacks \"%s\": %s", rows[i].message, place->error);
        free(place->error);
        place->error = NULL;
    }
}

static void lines_of_other_types_are_passed_over(void **state)
{
    struct place *place = *state;

    scratch_write(place->folder, "evidence.jsonl",
                  "{\"t\":\"of-a-later-version\"}\n{\"t\":\"gap\",\"collector\":\"junit\"}\n");
    assert_int_equal(ledger_read_file(place->ledger, place->path, &place->error), 0);
    assert_int_equal(place->ledger->gap_count, 1);
}

static void a_file_that_is_not_there_is_told_from_a_bad_one(void **state)
{
    struct place *place = *state;

    assert_int_equal(ledger_read_file(place->ledger, place->path, &place->error), -ENOENT);
    assert_non_null(strstr(place->error, place->path));
}

static void nobody_waits_for_the_other_end_of_a_fifo(void **state)
{
    struct place *place = *state;

    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_int_equal(ledger_read_file(place->ledger, place->path, &place->error), -EBADMSG);
    assert_non_null(strstr(place->error, "is no regular file"));
}

static void an_empty_file_is_an_empty_ledger(void **state)
{
    struct place *place = *state;

    scratch_write(place->folder, "evidence.jsonl", "");
    assert_int_equal(ledger_read_file(place->ledger, place->path, &place->error), 0);
    assert_int_equal(place->ledger->source_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ledger_comes_back_as_it_was_written),
        TEST(what_is_no_ledger_is_refused_with_its_line),
        TEST(lines_of_other_types_are_passed_over),
        TEST(a_file_that_is_not_there_is_told_from_a_bad_one),
        TEST(nobody_waits_for_the_other_end_of_a_fifo),
        TEST(an_empty_file_is_an_empty_ledger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
