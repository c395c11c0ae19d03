/* Durable files: the old content or the new one, whole; and names that are safe in paths. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "durable-file.h"
#include "memory.h"
#include "scratch-folder.h"

struct scene {
    char *folder, *path; /* path: <folder>/file */
    char *error;
};

static int setup(void **state)
{
    struct scene *scene = memory_zeroed(1, sizeof(*scene));

    scene->folder = scratch_folder_new();
    scene->path = memory_format("%s/file", scene->folder);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    scratch_folder_remove(scene->folder);
    free(scene->folder);
    free(scene->path);
    free(scene->error);
    free(scene);
    return 0;
}

static void assert_content(const struct scene *scene, const char *name, const char *expected)
{
    char *text = scratch_read(scene->folder, name);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_error_says(const struct scene *scene, const char *path, const char *step)
{
    assert_non_null(scene->error);
    assert_non_null(strstr(scene->error, path));
    assert_non_null(strstr(scene->error, step));
}

static void test_replaces_the_content_and_leaves_nothing_else(void **state)
{
    struct scene *scene = *state;
    struct stat status;

    assert_int_equal(durable_write(scene->path, "old", 3, 0640, &scene->error), 0);
    assert_int_equal(durable_write(scene->path, "new", 3, 0640, &scene->error), 0);
    assert_content(scene, "file", "new");
    assert_int_equal(stat(scene->path, &status), 0);
    assert_int_equal(status.st_mode & 0137, 0);
    assert_int_equal(scratch_count(scene->folder, "", "file"), 1);
}

static void test_takes_over_what_a_crashed_write_left_behind(void **state)
{
    struct scene *scene = *state;

    scratch_write(scene->folder, ".file.new", "half of a much longer con");
    assert_int_equal(durable_write(scene->path, "new", 3, 0640, &scene->error), 0);
    assert_content(scene, "file", "new");
    assert_false(scratch_exists(scene->folder, ".file.new"));
}

/* Stands in for a full disk: writing fails at 4 KiB (setrlimit(2), EFBIG). */
static int write_much_with_little_room(const struct scene *scene, char **ret_error)
{
    struct rlimit before, small;
    char much[65536];
    int error;

    memset(much, 'x', sizeof(much));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){4096, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    error = durable_write(scene->path, much, sizeof(much), 0640, ret_error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    return error;
}

static void test_a_failed_write_leaves_the_previous_content(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(durable_write(scene->path, "old", 3, 0640, &scene->error), 0);
    assert_int_equal(write_much_with_little_room(scene, &scene->error), -EFBIG);
    assert_error_says(scene, "file", "write");
    assert_content(scene, "file", "old");
    assert_false(scratch_exists(scene->folder, ".file.new"));
}

static int write_half_and_fail(void *user, FILE *stream)
{
    (void)user;
    return fputs("half", stream) < 0 ? -EIO : -ECANCELED;
}

static void test_a_writer_that_fails_changes_nothing(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(durable_write(scene->path, "old", 3, 0640, &scene->error), 0);
    assert_int_equal(
        durable_write_stream(scene->path, 0640, write_half_and_fail, NULL, &scene->error),
        -ECANCELED);
    assert_content(scene, "file", "old");
    assert_false(scratch_exists(scene->folder, ".file.new"));
}

static void test_a_folder_in_the_way_is_named(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(mkdir(scene->path, 0700), 0);
    assert_int_equal(durable_write(scene->path, "new", 3, 0640, &scene->error), -EISDIR);
    assert_error_says(scene, scene->path, "rename");
    assert_false(scratch_exists(scene->folder, ".file.new"));
}

static void test_makes_missing_folders_one_by_one(void **state)
{
    struct scene *scene = *state;
    char *deep = memory_format("%s/a/b/c", scene->folder);
    char *under_a_file = memory_format("%s/file/x", scene->folder);

    assert_int_equal(durable_make_folders(deep, 0750, &scene->error), 0);
    assert_int_equal(durable_make_folders(deep, 0750, &scene->error), 0);
    assert_true(scratch_exists(scene->folder, "a/b/c"));
    scratch_write(scene->folder, "file", "");
    assert_int_equal(durable_make_folder(scene->path, 0750, &scene->error), -EEXIST);
    assert_error_says(scene, scene->path, "make folder");
    free(scene->error);
    scene->error = NULL;
    assert_true(durable_make_folders(under_a_file, 0750, &scene->error) < 0);
    assert_error_says(scene, scene->path, "make folder");
    free(deep);
    free(under_a_file);
}

static void test_reads_only_whole_small_regular_files(void **state)
{
    struct scene *scene = *state;
    char *link = memory_format("%s/link", scene->folder);
    char *fifo = memory_format("%s/fifo", scene->folder);
    char *data = NULL;
    size_t length = 0;

    assert_int_equal(durable_read(scene->path, 100, &data, &length, &scene->error), -ENOENT);
    assert_null(scene->error);

    scratch_write(scene->folder, "file", "0123456789");
    assert_int_equal(durable_read(scene->path, 10, &data, &length, &scene->error), 0);
    assert_int_equal(length, 10);
    assert_string_equal(data, "0123456789");
    assert_int_equal(durable_read(scene->path, 9, &data, &length, &scene->error), -EFBIG);
    assert_error_says(scene, scene->path, "read");
    free(scene->error);
    free(data);

    assert_int_equal(symlink(scene->path, link), 0);
    assert_int_equal(durable_read(link, 100, &data, &length, &scene->error), -ELOOP);
    free(scene->error);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(durable_read(fifo, 100, &data, &length, &scene->error), -EINVAL);
    assert_error_says(scene, fifo, "regular file");
    free(link);
    free(fifo);
}

#define NOW INT64_C(1774000000000000000) /* 2026-03-20T09:46:40Z */

static void test_sets_damaged_files_aside_under_names_of_their_own(void **state)
{
    struct scene *scene = *state;
    char *first = NULL, *second = NULL;

    scratch_write(scene->folder, "file", "one");
    assert_int_equal(durable_set_aside(scene->path, DURABLE_MOVE, NOW, &first, &scene->error), 0);
    assert_false(scratch_exists(scene->folder, "file"));
    scratch_write(scene->folder, "file", "two");
    assert_int_equal(durable_set_aside(scene->path, DURABLE_KEEP, NOW, &second, &scene->error), 0);

    assert_content(scene, "file.corrupt-20260320T094640Z", "one");
    assert_content(scene, "file.corrupt-20260320T094640Z-2", "two");
    assert_non_null(strstr(first, "/file.corrupt-20260320T094640Z"));
    /* What replaces the file does not reach the copy that was kept. */
    assert_int_equal(durable_write(scene->path, "three", 5, 0640, &scene->error), 0);
    assert_content(scene, "file.corrupt-20260320T094640Z-2", "two");
    free(first);
    free(second);
}

static void test_removes_and_does_not_mind_what_is_not_there(void **state)
{
    struct scene *scene = *state;

    scratch_write(scene->folder, "file", "x");
    assert_int_equal(durable_remove(scene->path, &scene->error), 0);
    assert_false(scratch_exists(scene->folder, "file"));
    assert_int_equal(durable_remove(scene->path, &scene->error), 0);
}

static uid_t owner_of(const char *folder, const char *name)
{
    char *path = memory_format("%s/%s", folder, name);
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    free(path);
    return status.st_uid;
}

/* A command of root's must not leave files in the watcher's folder that the watcher, a user of its
 * own, cannot write. */
static void test_what_root_makes_belongs_to_the_owner_of_the_folder(void **state)
{
    struct scene *scene = *state;
    const uid_t somebody = 4711;
    char *subfolder = memory_format("%s/posted", scene->folder);
    int descriptor = -1;

    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(scene->folder, somebody, somebody), 0);
    assert_int_equal(durable_write(scene->path, "x", 1, 0640, &scene->error), 0);
    assert_int_equal(owner_of(scene->folder, "file"), somebody);
    assert_int_equal(durable_make_folder(subfolder, 0750, &scene->error), 0);
    assert_int_equal(owner_of(scene->folder, "posted"), somebody);
    assert_int_equal(durable_create(scene->path, 0640, &descriptor, &scene->error), 0);
    assert_int_equal(owner_of(scene->folder, "file"), somebody);
    close(descriptor);
    free(subfolder);
}

/* Under its other name it may be anybody's. */
static void test_a_file_with_another_name_is_given_to_nobody(void **state)
{
    struct scene *scene = *state;
    char *other = memory_format("%s/other", scene->folder);
    int descriptor = -1;

    if (geteuid() != 0)
        skip();
    scratch_write(scene->folder, "file", "root's");
    assert_int_equal(link(scene->path, other), 0);
    assert_int_equal(chown(scene->folder, 4711, 4711), 0);
    descriptor = open(scene->path, O_RDWR | O_CLOEXEC);
    assert_true(descriptor >= 0);
    assert_int_equal(durable_give_to_owner(scene->path, descriptor), 0);
    assert_int_equal(owner_of(scene->folder, "other"), 0);
    close(descriptor);
    free(other);
}

static void test_names_become_components(void **state)
{
    static const struct {
        const char *name, *component; /* component NULL: refused */
    } rows[] = {
        {"e2e-redhat9.6_fc", "e2e-redhat9.6_fc"},
        {"..", "%2E."},
        {".hidden", "%2Ehidden"},
        {"-rf", "%2Drf"},
        {"../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"},
        {"a b", "a%20b"},
        {"a+2", "a%2B2"},
        {"100%", "100%25"},
        {"W\xc3\xbcste", "W%C3%BCste"},
        {"line\nbreak", "line%0Abreak"},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *component = durable_component(rows[i].name);
        char *name = component ? durable_component_decode(component) : NULL;

        if (rows[i].component) {
            assert_string_equal(component, rows[i].component);
            assert_string_equal(name, rows[i].name);
        } else {
            assert_null(component);
        }
        free(component);
        free(name);
    }
}

static void test_only_components_we_write_are_read_back(void **state)
{
    static const char *const foreign[] = {"", "..", "a b", "a%2", "a%zz", "a%2e", "%61", "a/b"};

    (void)state;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
        assert_null(durable_component_decode(foreign[i]));
}

static void test_components_have_a_longest_length(void **state)
{
    char name[DURABLE_COMPONENT_MAX + 2];
    char *component;

    (void)state;
    memset(name, 'a', sizeof(name));
    name[DURABLE_COMPONENT_MAX] = '\0';
    component = durable_component(name);
    assert_string_equal(component, name);
    free(component);
    name[0] = '.';
    assert_null(durable_component(name));
    name[0] = name[DURABLE_COMPONENT_MAX] = 'a';
    name[DURABLE_COMPONENT_MAX + 1] = '\0';
    assert_null(durable_component(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaces_the_content_and_leaves_nothing_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_takes_over_what_a_crashed_write_left_behind, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_failed_write_leaves_the_previous_content, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_writer_that_fails_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_folder_in_the_way_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_makes_missing_folders_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_only_whole_small_regular_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sets_damaged_files_aside_under_names_of_their_own,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_removes_and_does_not_mind_what_is_not_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_root_makes_belongs_to_the_owner_of_the_folder,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_with_another_name_is_given_to_nobody, setup,
                                        teardown),
        cmocka_unit_test(test_names_become_components),
        cmocka_unit_test(test_only_components_we_write_are_read_back),
        cmocka_unit_test(test_components_have_a_longest_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
