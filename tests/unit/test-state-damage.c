/* Damage of the files that say what is closed and what was posted: a bit that flips in each byte,
 * and every length to which a file may be cut. Nothing becomes open, or unsent, by that. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "memory.h"
#include "outbox.h"
#include "scratch-folder.h"
#include "state.h"

#define BUILD "e2e-redhat9.6-fc"
#define NOW   INT64_C(1774000000000000000) /* 2026-03-20T09:46:40Z */
#define LATER (NOW + 1000000000)

struct scene {
    char *root;   /* the state root */
    char *folder; /* that of the build */
    struct state *state;
    char *error;
};

static int setup(void **state)
{
    struct scene *scene = memory_zeroed(1, sizeof(*scene));

    scene->root = scratch_folder_new();
    scene->folder = memory_format("%s/" BUILD, scene->root);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    state_close(scene->state);
    scratch_folder_remove(scene->root);
    free(scene->root);
    free(scene->folder);
    free(scene->error);
    free(scene);
    return 0;
}

static void open_with(struct scene *scene, enum state_access access)
{
    state_close(scene->state);
    scene->state = NULL;
    assert_int_equal(state_open(scene->root, BUILD, access, LATER, &scene->state, &scene->error),
                     0);
}

static void close_run(struct scene *scene, enum run_state as)
{
    open_with(scene, STATE_OWN);
    scope_state_close(&scene->state->run, as, "its runner vanished", NOW);
    assert_int_equal(state_save(scene->state, &scene->state->run, &scene->error), 0);
}

static void assert_closed(const struct scene *scene, enum run_state as)
{
    assert_int_equal(scene->state->run.state, as);
    assert_true(scene->state->run.closed_ns >= 0);
}

static void remove_file(const struct scene *scene, const char *name)
{
    char *path = memory_format("%s/%s", scene->folder, name);

    assert_int_equal(unlink(path), 0);
    free(path);
}

/* In place: a file system may write a file that is cut to nothing to the disk at once. */
static void put(const char *folder, const char *name, const char *bytes, size_t length)
{
    char *path = memory_format("%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, length, 0), length);
    assert_int_equal(ftruncate(file, (off_t)length), 0);
    assert_int_equal(close(file), 0);
    free(path);
}

/* Calls `look` with each damaged variant of the file in place, and puts the good one back. Returns
 * how many there were. */
static size_t for_each_damage(const char *folder, const char *name, void (*look)(void *user),
                              void *user)
{
    char *good = scratch_read(folder, name);
    size_t length = strlen(good), count = 0;
    char *bad = memory_string(good);

    for (size_t i = 0; i < length; i++, count++) {
        put(folder, name, good, i);
        look(user);
    }
    for (size_t i = 0; i < length; i++, count++) {
        bad[i] = (char)(good[i] ^ (1 << i % 8));
        put(folder, name, bad, length);
        look(user);
        bad[i] = good[i];
    }
    put(folder, name, good, length);
    free(bad);
    free(good);
    return count;
}

/* ---- closed scopes */

/* The watcher died after it wrote the first of the two. */
static void test_a_missing_copy_is_written_by_the_next_owner(void **state)
{
    struct scene *scene = *state;

    close_run(scene, STATE_TERMINATED);
    remove_file(scene, "closed.json");
    open_with(scene, STATE_LOOK);
    assert_closed(scene, STATE_TERMINATED);
    assert_false(scratch_exists(scene->folder, "closed.json"));
    open_with(scene, STATE_OWN);
    assert_closed(scene, STATE_TERMINATED);
    assert_null(scene->state->warnings);
    assert_true(scratch_exists(scene->folder, "closed.json"));
}

static void test_a_lost_state_json_is_written_again_from_its_copy(void **state)
{
    struct scene *scene = *state;

    close_run(scene, STATE_CANCELLED);
    remove_file(scene, "state.json");
    open_with(scene, STATE_OWN);
    assert_non_null(strstr(scene->state->warnings, "closed.json"));
    remove_file(scene, "closed.json");
    open_with(scene, STATE_OWN);
    assert_closed(scene, STATE_CANCELLED);
}

static void test_a_damaged_copy_is_kept_and_written_anew(void **state)
{
    struct scene *scene = *state;

    close_run(scene, STATE_HUNG);
    scratch_write(scene->folder, "closed.json", "{");
    open_with(scene, STATE_OWN);
    assert_closed(scene, STATE_HUNG);
    assert_non_null(strstr(scene->state->warnings, "closed.json"));
    assert_int_equal(scratch_count(scene->folder, "", "closed.json.corrupt-"), 1);
    open_with(scene, STATE_OWN);
    assert_null(scene->state->warnings);
}

static void test_two_damaged_files_are_both_kept(void **state)
{
    struct scene *scene = *state;

    close_run(scene, STATE_FAILED);
    scratch_write(scene->folder, "state.json", "{");
    scratch_write(scene->folder, "closed.json", "");
    open_with(scene, STATE_OWN);
    assert_closed(scene, STATE_UNKNOWN);
    assert_int_equal(scratch_count(scene->folder, "", "state.json.corrupt-"), 1);
    assert_int_equal(scratch_count(scene->folder, "", "closed.json.corrupt-"), 1);
    open_with(scene, STATE_OWN);
    assert_closed(scene, STATE_UNKNOWN);
    assert_null(scene->state->warnings);
}

/* Without a digest, as earlier versions wrote it: a flipped bit in the key "closed" leaves good
 * JSON that says nothing of a close. */
static void test_an_open_state_json_beside_the_copy_is_not_believed(void **state)
{
    struct scene *scene = *state;
    char *text, *digest;

    close_run(scene, STATE_TERMINATED);
    text = scratch_read(scene->folder, "state.json");
    memcpy(strstr(text, "\"closed\""), "\"clos%d\"", strlen("\"closed\""));
    digest = strstr(text, "\"digest\"");
    memcpy(digest, "\"nodige\"", strlen("\"digest\""));
    scratch_write(scene->folder, "state.json", text);
    free(text);
    open_with(scene, STATE_LOOK);
    assert_closed(scene, STATE_TERMINATED);
    open_with(scene, STATE_OWN);
    assert_closed(scene, STATE_TERMINATED);
    assert_non_null(strstr(scene->state->warnings, "says that the scope is open"));
    assert_int_equal(scratch_count(scene->folder, "", "state.json.corrupt-"), 1);
    open_with(scene, STATE_OWN);
    assert_null(scene->state->warnings);
}

static void look_at_closed(void *user)
{
    struct scene *scene = user;

    open_with(scene, STATE_LOOK);
    assert_closed(scene, STATE_TERMINATED);
}

static void test_no_damage_of_either_file_opens_a_scope(void **state)
{
    struct scene *scene = *state;

    close_run(scene, STATE_TERMINATED);
    open_with(scene, STATE_LOOK);
    assert_true(for_each_damage(scene->folder, "state.json", look_at_closed, scene) > 500);
    assert_true(for_each_damage(scene->folder, "closed.json", look_at_closed, scene) > 500);
}

/* ---- records */

static struct outbox_record *record_in(enum outbox_state outbox_state)
{
    struct outbox_message message = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = ATVM_FORMAT_MARKDOWN,
        .part = 1,
        .parts = 1,
        .key = memory_string("e2e/batch"),
        .build = memory_string("e2e"),
        .scope = memory_string("batch"),
        .title = memory_string("e2e batch: FAILED"),
        .body = memory_string("1 of 3 hosts failed"),
    };
    struct outbox_record *record = outbox_record_new("chat", &message, 1, NOW);

    record->state = outbox_state;
    record->attempt_count = 1;
    record->attempt_started_ns = NOW;
    return record;
}

struct record_look {
    struct scene *scene;
    enum outbox_state state;
};

static void look_at_record(void *user)
{
    const struct record_look *look = user;
    struct outbox_list list;
    const struct outbox_record *record;

    assert_int_equal(outbox_look_all(look->scene->folder, LATER, &list, &look->scene->error), 0);
    assert_int_equal(list.count, 1);
    record = list.records[0];
    if (record->state != OUTBOX_UNCERTAIN) {
        assert_int_equal(record->state, look->state);
        assert_string_equal(record->message.body, "1 of 3 hosts failed");
        assert_int_equal(record->attempt_count, 1);
    }
    outbox_list_free(&list);
}

/* It is what it was, word for word, or it is held. */
static void test_no_damage_of_a_record_sends_or_changes_it(void **state)
{
    static const enum outbox_state states[] = {OUTBOX_PENDING, OUTBOX_SENDING, OUTBOX_DELIVERED};
    struct scene *scene = *state;

    open_with(scene, STATE_OWN);
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        struct outbox_record *record = record_in(states[i]);
        struct record_look look = {scene, states[i]};

        assert_int_equal(outbox_save(scene->folder, record, &scene->error), 0);
        look_at_record(&look);
        assert_true(
            for_each_damage(scene->folder, "outbox/chat/batch.json", look_at_record, &look) > 1000);
        outbox_record_free(record);
    }
}

/* ---- receipts */

static int32_t outcome_of(const char *content, size_t length)
{
    struct outbox_receipt receipt = outbox_reading_receipt(content, length, NULL);
    int32_t outcome = receipt.outcome;

    outbox_receipt_clear(&receipt);
    return outcome;
}

/* A flipped bit never turns "it arrived", or "it may have", into "it did not". */
static void test_no_flipped_bit_of_a_receipt_makes_it_sent_again(void **state)
{
    static const char delivered[] =
        OUTBOX_COMMITTING_LINE "{\"t\":\"receipt\",\"outcome\":\"delivered\",\"code\":200}\n";
    char text[sizeof(delivered)];

    (void)state;
    for (size_t bit = 0; bit < 8 * strlen(delivered); bit++) {
        memcpy(text, delivered, sizeof(delivered));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        assert_int_not_equal(outcome_of(text, strlen(delivered)), ATVM_RETRY);
        if (bit < 8 * strlen(OUTBOX_COMMITTING_LINE))
            assert_int_not_equal(outcome_of(text, strlen(OUTBOX_COMMITTING_LINE)), ATVM_RETRY);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_missing_copy_is_written_by_the_next_owner),
        TEST(test_a_lost_state_json_is_written_again_from_its_copy),
        TEST(test_a_damaged_copy_is_kept_and_written_anew),
        TEST(test_two_damaged_files_are_both_kept),
        TEST(test_an_open_state_json_beside_the_copy_is_not_believed),
        TEST(test_no_damage_of_either_file_opens_a_scope),
        TEST(test_no_damage_of_a_record_sends_or_changes_it),
        TEST(test_no_flipped_bit_of_a_receipt_makes_it_sent_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
