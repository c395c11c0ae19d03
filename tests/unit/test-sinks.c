/* The sinks stdout and file, each delivering through a real worker. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "deliver.h"
#include "delivery-scene.h"
#include "memory.h"
#include "scratch-folder.h"

static int setup(void **state)
{
    *state = delivery_scene_new();
    return 0;
}

static int teardown(void **state)
{
    delivery_scene_free(*state);
    return 0;
}

/* Adds a sink of this project, with options as they are after the configuration was checked. */
static struct config_module *add_sink(struct delivery_scene *scene, const char *module)
{
    struct config_module *sink = &scene->sinks[scene->config.sink_count++];

    sink->name = memory_string(module);
    sink->module = memory_format("%s/sinks/.libs/%s.so", getenv("top_builddir"), module);
    sink->options = json_object_new_object();
    return sink;
}

static struct config_module *add_file(struct delivery_scene *scene, const char *name, bool append)
{
    struct config_module *sink = add_sink(scene, "file");
    char *path = memory_format("%s/%s", scene->root, name);

    json_object_object_add(sink->options, "path", json_object_new_string(path));
    json_object_object_add(sink->options, "format", json_object_new_string("markdown"));
    json_object_object_add(sink->options, "append", json_object_new_boolean(append));
    free(path);
    return sink;
}

static void post(struct delivery_scene *scene, const char *scope)
{
    unsigned before = scene->settled;

    if (!scene->post)
        delivery_scene_open(scene);
    delivery_scene_post(scene, scope);
    delivery_scene_run(scene, before + 1);
}

static void assert_file(const struct delivery_scene *scene, const char *name, const char *expected)
{
    char *text = scratch_read(scene->root, name);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

/* The last attempt of a message that was quarantined. */
static void assert_refused(const struct delivery_scene *scene, const char *sink, const char *scope,
                           const char *reason, const char *remedy)
{
    struct outbox_record *record = delivery_scene_record(scene, sink, scope);
    const struct outbox_receipt *receipt = &record->attempts[record->attempts_kept - 1].receipt;

    assert_int_equal(record->state, OUTBOX_QUARANTINED);
    assert_non_null(strstr(receipt->reason, reason));
    assert_non_null(strstr(receipt->remedy, remedy));
    outbox_record_free(record);
}

/* ---- stdout */

static void test_stdout_sets_the_message_off_by_blank_lines(void **state)
{
    struct delivery_scene *scene = *state;
    int terminal[2];
    char text[256];
    ssize_t length;

    assert_int_equal(pipe2(terminal, O_CLOEXEC), 0);
    scene->terminal = terminal[1];
    add_sink(scene, "stdout");
    post(scene, "batch");
    assert_int_equal(scene->summary.delivered, 1);
    length = read(terminal[0], text, sizeof(text) - 1);
    assert_true(length > 0);
    text[length] = '\0';
    assert_string_equal(text, "\nbatch as text\n\n");
    close(terminal[0]);
    close(terminal[1]);
}

static void test_stdout_without_a_terminal_is_refused_with_a_remedy(void **state)
{
    struct delivery_scene *scene = *state;

    add_sink(scene, "stdout");
    post(scene, "batch");
    assert_int_equal(scene->summary.quarantined, 1);
    assert_refused(scene, "stdout", "batch", "no standard output", "remove the sink");
}

static void test_stdout_that_was_closed_is_refused(void **state)
{
    struct delivery_scene *scene = *state;
    int terminal[2];

    assert_int_equal(pipe2(terminal, O_CLOEXEC), 0);
    close(terminal[0]);
    scene->terminal = terminal[1];
    add_sink(scene, "stdout");
    post(scene, "batch");
    assert_refused(scene, "stdout", "batch", strerror(EPIPE), "closed");
    close(terminal[1]);
}

static void test_stdout_waits_for_a_reader_that_is_slow(void **state)
{
    struct delivery_scene *scene = *state;
    int terminal[2];
    char byte = 'x', text[65536];
    size_t filled = 0;

    assert_int_equal(pipe2(terminal, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(terminal[1], &byte, 1) == 1)
        filled++;
    assert_int_equal(errno, EAGAIN);
    scene->terminal = terminal[1];
    add_sink(scene, "stdout");
    delivery_scene_open(scene);
    delivery_scene_post(scene, "batch");
    while (filled > 0) {
        ssize_t length = read(terminal[0], text, filled < sizeof(text) ? filled : sizeof(text));

        assert_true(length > 0);
        filled -= (size_t)length;
    }
    delivery_scene_run(scene, 1);
    assert_int_equal(scene->summary.delivered, 1);
    assert_int_equal(read(terminal[0], text, sizeof(text)), strlen("\nbatch as text\n\n"));
    close(terminal[0]);
    close(terminal[1]);
}

/* ---- file */

static void test_file_holds_the_last_message(void **state)
{
    struct delivery_scene *scene = *state;
    struct stat status;
    char *path = memory_format("%s/report.md", scene->root);

    add_file(scene, "report.md", false);
    post(scene, "first");
    post(scene, "second");
    assert_file(scene, "report.md", "second as markdown\n");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777 & ~0644, 0);
    assert_false(scratch_exists(scene->root, ".report.md.new"));
    free(path);
}

static void test_file_appends_with_a_separator(void **state)
{
    struct delivery_scene *scene = *state;

    add_file(scene, "report.md", true);
    post(scene, "first");
    post(scene, "second");
    assert_file(scene, "report.md", "first as markdown\n\n---\n\nsecond as markdown\n");
}

static void test_file_keeps_scopes_apart_by_name(void **state)
{
    struct delivery_scene *scene = *state;

    add_file(scene, "%b.%s.md", false);
    post(scene, "first");
    post(scene, "../second half");
    assert_file(scene, SCENE_BUILD ".first.md", "first as markdown\n");
    assert_file(scene, SCENE_BUILD ".%2E.%2Fsecond%20half.md", "../second half as markdown\n");
}

static void test_file_makes_one_missing_folder(void **state)
{
    struct delivery_scene *scene = *state;

    add_file(scene, "new/report.md", false);
    post(scene, "first");
    assert_file(scene, "new/report.md", "first as markdown\n");
}

static void test_file_refuses_a_path_that_leads_nowhere(void **state)
{
    struct delivery_scene *scene = *state;

    add_file(scene, "no/such/report.md", false);
    post(scene, "first");
    assert_refused(scene, "file", "first", "/no/such: make folder: No such file",
                   "create the folder");
    assert_false(scratch_exists(scene->root, "no"));
}

static void test_file_refuses_a_folder_in_its_place(void **state)
{
    struct delivery_scene *scene = *state;
    char *path = memory_format("%s/report.md", scene->root);

    assert_int_equal(mkdir(path, 0700), 0);
    add_file(scene, "report.md", false);
    post(scene, "first");
    assert_refused(scene, "file", "first", "/report.md: rename: Is a directory", "in the way");
    assert_false(scratch_exists(scene->root, ".report.md.new"));
    free(path);
}

static void test_file_does_not_hang_on_a_fifo(void **state)
{
    struct delivery_scene *scene = *state;
    char *path = memory_format("%s/report.md", scene->root);

    assert_int_equal(mkfifo(path, 0600), 0);
    add_file(scene, "report.md", true);
    post(scene, "first");
    assert_refused(scene, "file", "first", "/report.md: open", "in the way");
    free(path);
}

static void test_file_refuses_a_device(void **state)
{
    struct delivery_scene *scene = *state;
    struct config_module *sink = add_file(scene, "unused", true);

    json_object_object_add(sink->options, "path", json_object_new_string("/dev/null"));
    post(scene, "first");
    assert_refused(scene, "file", "first", "/dev/null: is no regular file", "in the way");
}

/* A file system of 16 KiB at <root>/small, filled up, in a mount namespace of this process's own.
 * false: that needs more privileges than we have. */
static bool mount_full_disk(const struct delivery_scene *scene)
{
    char *folder = memory_format("%s/small", scene->root);
    char *filler = memory_format("%s/filler", folder);
    char block[4096] = {0};
    bool mounted;
    int descriptor;

    assert_int_equal(mkdir(folder, 0755), 0);
    mounted = unshare(CLONE_NEWNS) == 0 &&
              mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
              mount("tmpfs", folder, "tmpfs", 0, "size=16k") == 0;
    descriptor = mounted ? open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    while (mounted && write(descriptor, block, sizeof(block)) > 0)
        continue;
    if (descriptor >= 0)
        close(descriptor);
    free(folder);
    free(filler);
    return mounted;
}

static bool has_failed_once(struct delivery_scene *scene)
{
    struct outbox_record *record = delivery_scene_record(scene, "file", "first");
    bool failed = record->attempts_kept > 0;

    if (failed) {
        assert_int_equal(record->attempts[0].receipt.outcome, ATVM_RETRY);
        assert_int_equal(record->attempts[0].receipt.code, ENOSPC);
        assert_non_null(strstr(record->attempts[0].receipt.remedy, "make room"));
    }
    outbox_record_free(record);
    return failed;
}

static void test_file_tries_again_until_the_disk_has_room(void **state)
{
    static const bool append[] = {false, true};

    (void)state;
    for (size_t i = 0; i < sizeof(append) / sizeof(*append); i++) {
        struct delivery_scene *scene = delivery_scene_new();
        char *small = memory_format("%s/small", scene->root);
        char *filler = memory_format("%s/filler", small);

        if (!mount_full_disk(scene))
            skip();
        add_file(scene, "small/report.md", append[i]);
        delivery_scene_open(scene);
        delivery_scene_post(scene, "first");
        delivery_scene_run_until(scene, has_failed_once);
        assert_int_equal(unlink(filler), 0);
        delivery_scene_run(scene, 1);
        assert_int_equal(scene->summary.delivered, 1);
        assert_file(scene, "small/report.md", "first as markdown\n");
        assert_int_equal(umount(small), 0);
        free(small);
        free(filler);
        delivery_scene_free(scene);
    }
}

/* A record of the file sink whose watcher learnt nothing of its delivery. */
static void forget_delivery(struct delivery_scene *scene, const char *scope)
{
    struct outbox_record *record = delivery_scene_record(scene, "file", scope);
    char *error = NULL;

    delivery_scene_close(scene);
    assert_int_equal(record->state, OUTBOX_DELIVERED);
    record->state = OUTBOX_UNCERTAIN;
    assert_int_equal(outbox_save(scene->folder, record, &error), 0);
    outbox_record_free(record);
}

static enum outbox_state state_after_restart(struct delivery_scene *scene, const char *scope)
{
    unsigned before = scene->settled;
    struct outbox_record *record;
    enum outbox_state state;

    delivery_scene_open(scene);
    delivery_scene_run(scene, before + 1);
    record = delivery_scene_record(scene, "file", scope);
    state = record->state;
    outbox_record_free(record);
    return state;
}

/* Not every file system keeps extended attributes; there the sink can confirm nothing. */
static void need_extended_attributes(const char *folder)
{
    if (setxattr(folder, "user.atvm-test", "x", 1, 0) < 0 && errno == ENOTSUP)
        skip();
}

static struct delivery_scene *confirming_scene(const char *name, bool append)
{
    struct delivery_scene *scene = delivery_scene_new();

    need_extended_attributes(scene->root);
    delivery_scene_can_confirm(add_file(scene, name, append));
    scene->key_suffix = "@1776327600";
    return scene;
}

static void test_file_confirms_what_it_holds(void **state)
{
    (void)state;
    for (int append = 0; append <= 1; append++) {
        struct delivery_scene *scene = confirming_scene("%b.%s.md", append);

        post(scene, "first half");
        forget_delivery(scene, "first half");
        assert_int_equal(state_after_restart(scene, "first half"), OUTBOX_DELIVERED);
        assert_file(scene, SCENE_BUILD ".first%20half.md", "first half as markdown\n");
        delivery_scene_free(scene);
    }
}

static void test_file_cannot_tell_of_what_was_replaced_removed_or_of_another_run(void **state)
{
    static const struct {
        bool replace, remove, later_run;
    } rows[] = {{.replace = true}, {.remove = true}, {.later_run = true}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct delivery_scene *scene = confirming_scene("report.md", false);
        char *path = memory_format("%s/report.md", scene->root);
        struct outbox_record *record;
        char *error = NULL;

        post(scene, "first");
        if (rows[i].replace)
            post(scene, "second");
        forget_delivery(scene, "first");
        if (rows[i].remove)
            assert_int_equal(unlink(path), 0);
        record = delivery_scene_record(scene, "file", "first");
        if (rows[i].later_run) {
            free(record->message.key);
            record->message.key = memory_string(SCENE_BUILD "/first@1776327601");
            assert_int_equal(outbox_save(scene->folder, record, &error), 0);
        }
        outbox_record_free(record);
        assert_int_equal(state_after_restart(scene, "first"), OUTBOX_UNCERTAIN);
        free(path);
        delivery_scene_free(scene);
    }
}

static void test_file_sends_again_what_was_not_put_in_place(void **state)
{
    struct delivery_scene *scene = confirming_scene("report.md", false);
    char *path = memory_format("%s/report.md", scene->root);
    char *temporary = memory_format("%s/.report.md.new", scene->root);

    (void)state;
    post(scene, "first");
    forget_delivery(scene, "first");
    assert_int_equal(rename(path, temporary), 0);
    assert_int_equal(state_after_restart(scene, "first"), OUTBOX_DELIVERED);
    assert_file(scene, "report.md", "first as markdown\n");
    assert_false(scratch_exists(scene->root, ".report.md.new"));
    free(path);
    free(temporary);
    delivery_scene_free(scene);
}

static void test_file_wants_an_absolute_path(void **state)
{
    static const char *const wrong[] = {"report.md", "", "/var/log/"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct delivery_scene *scene = delivery_scene_new();
        struct config_module *sink = add_file(scene, "unused", false);
        struct outbox_record *record;

        scene->config.retry_give_up_ns = 1;
        json_object_object_add(sink->options, "path", json_object_new_string(wrong[i]));
        post(scene, "first");
        record = delivery_scene_record(scene, "file", "first");
        assert_int_equal(record->state, OUTBOX_QUARANTINED);
        assert_non_null(strstr(record->explanation, "option path"));
        outbox_record_free(record);
        delivery_scene_free(scene);
    }
}

/* ---- probe */

static enum deliver_readiness probe(const struct config_module *sink, char **ret_words)
{
    return deliver_probe(
        &(struct deliver_settings){
            .sink = sink, .receipt = -1, .terminal = -1, .secrets = -1, .timeout_ns = 1 << 30},
        ret_words);
}

static void test_stdout_says_where_it_writes_to(void **state)
{
    char *words = NULL;

    assert_int_equal(probe(add_sink(*state, "stdout"), &words), DELIVER_READY);
    assert_non_null(strstr(words, "5 writes to the standard output"));
    free(words);
}

/* What is looked at is what the first message would need; nothing is made for it. */
static void test_file_looks_whether_it_could_write(void **state)
{
    static const struct {
        const char *path, *folder; /* below the root; folder: the one that counts */
        bool writable;
    } rows[] = {
        {"report.md", "", true},
        {"%b.md", "", true},
        {"new/%s.md", "", true}, /* would be made */
        {"%b/report.md", "", true},
        {"no/such/report.md", "/no", false},
        {"no/such/%b/report.md", "/no/such", false},
    };
    struct delivery_scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct config_module *sink = add_file(scene, rows[i].path, false);
        char *expected = rows[i].writable
                             ? memory_format("5 %s%s can be written to by this user", scene->root,
                                             rows[i].folder)
                             : memory_format("3 probe: %s%s: No such file or directory; create the "
                                             "folder, or mend the sink's option path",
                                             scene->root, rows[i].folder);
        char *words = NULL;

        assert_int_equal(probe(sink, &words),
                         rows[i].writable ? DELIVER_READY : DELIVER_UNREACHABLE);
        assert_string_equal(words, expected);
        assert_null(scratch_read(scene->root, rows[i].path));
        free(words);
        free(expected);
        scene->config.sink_count--;
        free(sink->name);
        free(sink->module);
        json_object_put(sink->options);
        *sink = (struct config_module){0};
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stdout_sets_the_message_off_by_blank_lines),
        TEST(test_stdout_without_a_terminal_is_refused_with_a_remedy),
        TEST(test_stdout_that_was_closed_is_refused),
        TEST(test_stdout_waits_for_a_reader_that_is_slow),
        TEST(test_file_holds_the_last_message),
        TEST(test_file_appends_with_a_separator),
        TEST(test_file_keeps_scopes_apart_by_name),
        TEST(test_file_makes_one_missing_folder),
        TEST(test_file_refuses_a_path_that_leads_nowhere),
        TEST(test_file_refuses_a_folder_in_its_place),
        TEST(test_file_does_not_hang_on_a_fifo),
        TEST(test_file_refuses_a_device),
        cmocka_unit_test(test_file_tries_again_until_the_disk_has_room),
        cmocka_unit_test(test_file_confirms_what_it_holds),
        cmocka_unit_test(test_file_cannot_tell_of_what_was_replaced_removed_or_of_another_run),
        cmocka_unit_test(test_file_sends_again_what_was_not_put_in_place),
        cmocka_unit_test(test_file_wants_an_absolute_path),
        TEST(test_stdout_says_where_it_writes_to),
        TEST(test_file_looks_whether_it_could_write),
    };
    int status;

    if (delivery_worker(argc, argv, &status))
        return status;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
