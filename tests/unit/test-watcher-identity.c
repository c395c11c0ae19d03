/* Which build a watcher says it is, and which one lies in a file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "build-id.h"
#include "clock.h"
#include "memory.h"
#include "scratch-folder.h"
#include "watcher-identity.h"

static int setup(void **state)
{
    *state = scratch_folder_new();
    return 0;
}

static int teardown(void **state)
{
    scratch_folder_remove(*state);
    free(*state);
    return 0;
}

static struct json_object *description_of(const char *path)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "path", json_object_new_string(path));
    json_object_object_add(object, "version", json_object_new_string("1.2"));
    json_object_object_add(object, "build_id", json_object_new_string("abcd"));
    return object;
}

static void test_what_a_watcher_writes_is_read_back(void **state)
{
    static char junit[] = "junit", gap[] = "gap", chat[] = "chat";
    struct config_module collectors[] = {{.name = junit}, {.name = gap}}, sink = {.name = chat};
    const struct config config = {
        .collectors = collectors, .collector_count = 2, .sinks = &sink, .sink_count = 1};
    struct watcher_identity *identity = NULL;
    char *error = NULL, *build_id = build_id_of(""), *program = program_path();

    collectors[0].description = description_of("/m/junit.so");
    sink.description = description_of("/m/chat.so");
    assert_int_equal(watcher_identity_write(*state, &config, 7 * NS_PER_SECOND, &error), 0);
    assert_int_equal(watcher_identity_read(*state, &identity, &error), 0);
    assert_int_equal(identity->pid, getpid());
    assert_int_equal(identity->started_ns, 7 * NS_PER_SECOND);
    assert_string_equal(identity->version, PACKAGE_VERSION);
    assert_string_equal(identity->build_id, build_id);
    assert_string_equal(identity->program, program);
    assert_int_equal(identity->module_count, 2); /* one that cannot be used is none of it */
    assert_string_equal(identity->modules[0].name, "junit");
    assert_string_equal(identity->modules[0].path, "/m/junit.so");
    assert_string_equal(identity->modules[0].version, "1.2");
    assert_string_equal(identity->modules[0].build_id, "abcd");
    assert_string_equal(identity->modules[1].name, "chat");
    watcher_identity_free(identity);
    json_object_put(collectors[0].description);
    json_object_put(sink.description);
    free(build_id);
    free(program);
}

static void test_what_is_no_identity_is_refused(void **state)
{
    static const struct {
        const char *text; /* NULL: there is no file */
        int error;
    } rows[] = {
        {NULL, -ENOENT},
        {"", -EBADMSG},
        {"{\"schema\":\"atvm.watcher/1\"}", -EBADMSG},
        {"{\"schema\":\"atvm.watcher/1\",\"version\":\"1\",\"modules\":[1]}", -EBADMSG},
        {"{\"schema\":\"atvm.watcher/1\",\"version\":\"1\",\"modules\":[{\"name\":\"x\"}]}",
         -EBADMSG},
        {"{\"schema\":\"atvm.watcher/1\",\"version\":7,\"modules\":[]}", -EBADMSG},
        {"{\"schema\":\"atvm.watcher/2\",\"version\":\"1\",\"modules\":[]}", -EPROTONOSUPPORT},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct watcher_identity *identity = NULL;
        char *error = NULL;

        if (rows[i].text)
            scratch_write(*state, "watcher.json", rows[i].text);
        assert_int_equal(watcher_identity_read(*state, &identity, &error), rows[i].error);
        assert_null(identity);
        assert_int_equal(error != NULL, rows[i].error != -ENOENT);
        free(error);
    }
}

static void test_the_build_id_in_a_file_is_that_of_the_loaded_program(void **state)
{
    char *loaded = build_id_of(""), *in_file = NULL;

    (void)state;
    assert_non_null(loaded);
    assert_int_equal(build_id_of_file("/proc/self/exe", &in_file), 0);
    assert_string_equal(in_file, loaded);
    free(loaded);
    free(in_file);
}

/* The first `length` bytes of this program, as a file. */
static void copy_beginning(const char *path, size_t length)
{
    FILE *from = fopen("/proc/self/exe", "re"), *to = fopen(path, "we");
    char *bytes = memory_allocate(length);

    assert_non_null(from);
    assert_non_null(to);
    assert_int_equal(fread(bytes, 1, length, from), length);
    assert_int_equal(fwrite(bytes, 1, length, to), length);
    fclose(from);
    assert_int_equal(fclose(to), 0);
    free(bytes);
}

static void test_other_files_have_no_build_id(void **state)
{
    char *path = memory_format("%s/file", (const char *)*state), *id = NULL;

    assert_int_equal(build_id_of_file(path, &id), -ENOENT);
    assert_int_equal(build_id_of_file(*state, &id), -EISDIR);
    scratch_write(*state, "file", "#!/bin/sh\n");
    assert_int_equal(build_id_of_file(path, &id), -ENOEXEC);
    for (size_t length = 0; length <= 512; length += 16) {
        copy_beginning(path, length);
        assert_int_equal(build_id_of_file(path, &id), -ENOEXEC);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(build_id_of_file(path, &id) < 0);
    assert_null(id);
    free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_a_watcher_writes_is_read_back),
        TEST(test_what_is_no_identity_is_refused),
        TEST(test_the_build_id_in_a_file_is_that_of_the_loaded_program),
        TEST(test_other_files_have_no_build_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
