/* Finding, loading and describing modules; what is refused, and that nothing wrong gets further. */
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

#include <json-c/json.h>

#include "cleanup.h"
#include "memory.h"
#include "module-folder.h"
#include "module-inspect.h"
#include "module.h"
#include "nearest-name.h"

static char *built(const char *rest)
{
    return memory_format("%s/%s", getenv("top_builddir"), rest);
}

static char *in_folder(const char *folder, const char *name)
{
    return memory_format("%s/%s", folder, name);
}

static void expect_in(const char *text, const char *words)
{
    if (!text || !strstr(text, words))
        fail_msg("expected \"%s\" in \"%s\"", words, text ? text : "(nothing)");
}

static const char *member(struct json_object *object, const char *key)
{
    return json_object_get_string(json_object_object_get(object, key));
}

/* ---- refusals, in this process ---- */

static void faulty_modules_are_refused_with_file_expected_got_and_cure(void **state)
{
    static const struct {
        const char *name, *words;
    } refusals[] = {
        {"wrong-magic", "wrong-magic.so: magic number: expected 0x4d565441, got 0xdeadbeef; fill "
                        "the head with ATVM_COLLECTOR_HEAD or ATVM_SINK_HEAD"},
        {"wrong-kind", "wrong-kind.so: kind in the head of atvm_collector: expected 1, got 2; "},
        {"wrong-major", "wrong-major.so: ABI: expected major version 1, got 2.0; build the module "
                        "with the <atvm/plugin.h> of this watcher"},
        {"too-small", "too-small.so: struct size: expected 104 to 104 bytes, got 16; "},
        {"absurd-size", "bytes, got 2147483647; fill the head"},
        {"lying-size", "bytes, got 4096; fill the head"},
        {"no-create", "no-create.so: callback create: expected a function, got NULL; the interface "
                      "requires it"},
        {"no-collect", "no-collect.so: callback collect: expected a function, got NULL; "},
        {"no-name", "no-name.so: name: expected [a-z][a-z0-9-]*, got \"NULL\"; correct it"},
        {"no-symbol", "no-symbol.so: expected the symbol atvm_collector or atvm_sink, got neither; "
                      "define it with ATVM_COLLECTOR or ATVM_SINK"},
        {"function-symbol", "expected the symbol atvm_collector or atvm_sink, got neither"},
        {"unresolved-symbol", "unresolved-symbol.so: expected a loadable module, got: undefined "
                              "symbol: function_nobody_has; rebuild the module"},
        {"option-null", "option-null.so: option table: expected 1 options, got NULL; "},
        {"option-stride", "option table: expected an option_stride of 56 to 4096 bytes"},
        {"option-type", "option table: option 1 (a) has the unknown type 99; correct it"},
        {"option-default", "option 1 (a) has an impossible default: expected a duration such as "},
        {"option-twice", "option table: expected each name once, got \"a\" twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        CLEANUP_FREE char *folder = built("tests/faulty/.libs");
        CLEANUP_FREE char *file = memory_format("%s/%s.so", folder, refusals[i].name);
        CLEANUP_FREE char *error = NULL;

        assert_null(module_load(file, ATVM_KIND_COLLECTOR, &error));
        expect_in(error, refusals[i].words);
    }
}

static void a_module_of_the_other_kind_is_sent_to_its_list(void **state)
{
    CLEANUP_FREE char *sink = built("tests/abi/.libs/sink-1.0.so");
    CLEANUP_FREE char *collector = built("tests/abi/.libs/collector-1.0.so");
    CLEANUP_FREE char *first = NULL, *second = NULL;

    (void)state;
    assert_null(module_load(sink, ATVM_KIND_COLLECTOR, &first));
    expect_in(first, "expected a collector, got a sink; list it under \"sinks\" in the "
                     "configuration, not under \"collectors\"");
    assert_null(module_load(collector, ATVM_KIND_SINK, &second));
    expect_in(second, "expected a sink, got a collector; list it under \"collectors\"");
}

/* ---- files and folders ---- */

static char *make_folder(void)
{
    char name[] = "/tmp/test-module-XXXXXX";

    assert_non_null(mkdtemp(name));
    return memory_string(name);
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char bytes[65536];
    size_t count;

    assert_non_null(in);
    assert_non_null(out);
    while ((count = fread(bytes, 1, sizeof(bytes), in)) > 0)
        assert_int_equal(fwrite(bytes, 1, count, out), count);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static void root_loads_only_what_nobody_else_can_change(void **state)
{
    CLEANUP_FREE char *folder = make_folder(), *file = in_folder(folder, "copy.so");
    CLEANUP_FREE char *sound = built("tests/abi/.libs/collector-1.0.so");
    char *error = NULL;
    struct module *module;

    (void)state;
    if (geteuid() != 0)
        skip();
    copy_file(sound, file);
    assert_int_equal(chmod(file, 0664), 0);
    assert_null(module_load(file, ATVM_KIND_COLLECTOR, &error));
    expect_in(error, "copy.so: expected owner root and no write permission for group and others, "
                     "got uid 0 and mode 0664; if you trust it, run: chown root: ");
    free(error);

    assert_int_equal(chmod(file, 0644), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_null(module_load(file, ATVM_KIND_COLLECTOR, &error));
    expect_in(error, "got uid 0 and mode 0777; if you trust the module, run: install -D -m 644 ");
    expect_in(error, "copy.so, and name that file in the configuration");
    assert_null(strstr(error, "chmod"));
    free(error);

    /* One remedy for both: once it is done, nothing else is asked. */
    assert_int_equal(chmod(file, 0664), 0);
    assert_null(module_load(file, ATVM_KIND_COLLECTOR, &error));
    expect_in(error, "install -D -m 644 ");
    assert_null(strstr(error, "chown"));
    assert_int_equal(chmod(file, 0644), 0);
    free(error);

    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chown(file, 65534, 0), 0);
    assert_null(module_load(file, ATVM_KIND_COLLECTOR, &error));
    expect_in(error, "got uid 65534 and mode 0644");
    free(error);

    assert_int_equal(chown(file, 0, 0), 0);
    module = module_load(file, ATVM_KIND_COLLECTOR, &error);
    assert_non_null(module);
    module_free(module);
    unlink(file);
    rmdir(folder);
}

static void what_is_no_regular_file_is_never_opened(void **state)
{
    CLEANUP_FREE char *folder = make_folder(), *fifo = in_folder(folder, "fifo.so");
    CLEANUP_FREE char *missing = in_folder(folder, "missing.so"), *first = NULL, *second = NULL;

    (void)state;
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_null(module_load(fifo, ATVM_KIND_COLLECTOR, &first));
    expect_in(first, "fifo.so: expected a module, got something that is no regular file; check");
    assert_null(module_load(missing, ATVM_KIND_COLLECTOR, &second));
    expect_in(second, "missing.so: No such file or directory; check the path of the module");
    unlink(fifo);
    rmdir(folder);
}

static void a_name_is_looked_up_in_the_folders_in_order(void **state)
{
    CLEANUP_FREE char *abi = built("tests/abi/.libs"), *faulty = built("tests/faulty/.libs");
    CLEANUP_FREE char *path = memory_format("%s::%s", abi, faulty), *found = NULL, *error = NULL;
    CLEANUP_NAMES struct name_list folders, files;

    (void)state;
    setenv("ATVM_WATCHER_MODULE_PATH", path, 1);
    module_folders(&folders);
    assert_int_equal(folders.count, 3);
    assert_string_equal(folders.names[0], abi);
    assert_string_equal(folders.names[1], faulty);

    found = module_find("wrong-magic", &error);
    assert_non_null(found);
    expect_in(found, "/tests/faulty/.libs/wrong-magic.so");
    module_files(&files);
    assert_true(files.count >= 2);
    expect_in(files.names[0], "/tests/abi/.libs/collector-1.0.so");

    assert_null(module_find("wrong-magik", &error));
    expect_in(error, "there is no module \"wrong-magik\" in ");
    expect_in(error, "; did you mean \"wrong-magic\"?");
    unsetenv("ATVM_WATCHER_MODULE_PATH");
}

/* ---- describing ---- */

static struct json_object *described(const char *name, enum atvm_kind kind)
{
    CLEANUP_FREE char *file = built(name), *error = NULL;
    struct module *module = module_load(file, kind, &error);
    struct json_object *description;

    if (!module)
        fail_msg("%s", error);
    description = module_describe(module);
    module_free(module);
    return description;
}

static void a_description_tells_head_needs_and_options(void **state)
{
    struct json_object *collector = described("tests/abi/.libs/collector-1.0.so", 0);
    struct json_object *needs = json_object_object_get(collector, "needs");
    struct json_object *options = json_object_object_get(collector, "options");
    struct json_object *count = json_object_array_get_idx(options, 2);

    (void)state;
    assert_string_equal(member(collector, "kind"), "collector");
    assert_string_equal(member(collector, "name"), "collector-one");
    assert_string_equal(member(collector, "version"), "1.2.3");
    assert_string_equal(member(collector, "abi"), "1.0");
    expect_in(member(collector, "path"), "/tests/abi/.libs/collector-1.0.so");
    assert_string_equal(json_object_to_json_string_ext(needs, JSON_C_TO_STRING_PLAIN),
                        "[\"files\",\"processes\"]");
    assert_string_equal(json_object_to_json_string_ext(count, JSON_C_TO_STRING_PLAIN),
                        "{\"name\":\"count\",\"type\":\"integer\",\"required\":false,\"default\":"
                        "\"3\",\"minimum\":1,\"maximum\":9,\"help\":\"how many\"}");
    json_object_put(collector);
}

static void a_sink_also_tells_format_and_limits(void **state)
{
    struct json_object *sink = described("tests/abi/.libs/sink-1.0.so", ATVM_KIND_SINK);

    (void)state;
    assert_string_equal(member(sink, "kind"), "sink");
    assert_string_equal(member(sink, "format"), "markdown");
    assert_string_equal(member(sink, "limit_bytes"), "0");
    assert_string_equal(member(sink, "limit_characters"), "16383");
    json_object_put(sink);
}

static void the_build_id_is_what_the_linker_wrote(void **state)
{
    struct json_object *collector = described("tests/abi/.libs/collector-1.0.so", 0);
    const char *id = member(collector, "build_id");

    (void)state;
    if (!id) {
        json_object_put(collector);
        skip(); /* this toolchain writes none */
    }
    assert_true(strlen(id) >= 16);
    assert_int_equal(strspn(id, "0123456789abcdef"), strlen(id));
    json_object_put(collector);
}

/* ---- inspecting, in a process of its own ---- */

static struct module_inspector inspector_with(char **program, int timeout_ms)
{
    *program = built("atvm-watcher");
    return (struct module_inspector){*program, timeout_ms};
}

static void a_module_is_described_without_being_loaded_here(void **state)
{
    CLEANUP_FREE char *program = NULL, *error = NULL;
    CLEANUP_FREE char *file = built("tests/abi/.libs/collector-1.9.so");
    struct module_inspector inspector = inspector_with(&program, 60000);
    struct json_object *description = module_inspect(&inspector, file, 0, &error);
    CLEANUP_FREE char *loaded = NULL;
    size_t size = 0;
    FILE *maps = fopen("/proc/self/maps", "r");

    (void)state;
    if (!description)
        fail_msg("%s", error);
    assert_string_equal(member(description, "name"), "collector-future");
    assert_string_equal(member(description, "abi"), "1.9");
    json_object_put(description);
    assert_non_null(maps);
    while (getline(&loaded, &size, maps) > 0)
        assert_null(strstr(loaded, "collector-1.9.so"));
    fclose(maps);
}

static void expect_contained(const char *name, int timeout_ms, const char *words)
{
    CLEANUP_FREE char *program = NULL, *error = NULL;
    CLEANUP_FREE char *folder = built("tests/faulty/.libs"), *file = in_folder(folder, name);
    struct module_inspector inspector = inspector_with(&program, timeout_ms);

    assert_null(module_inspect(&inspector, file, ATVM_KIND_COLLECTOR, &error));
    expect_in(error, name);
    expect_in(error, words);
}

static void a_module_that_crashes_hangs_leaves_or_floods_is_named(void **state)
{
    (void)state;
    expect_contained("crash.so", 60000, ": its process died while the module was being loaded (");
    expect_contained("hang.so", 200, ": loading did not end within 200 ms and was stopped; ");
    expect_contained("leave.so", 60000,
                     ": the describe worker answered something that is no "
                     "description; ");
    expect_contained("flood.so", 60000,
                     ": wrote more than 1048576 bytes while it was being loaded");
}

static void the_refusal_of_the_worker_arrives_word_for_word(void **state)
{
    (void)state;
    expect_contained("wrong-major.so", 60000,
                     "/wrong-major.so: ABI: expected major version 1, got 2.0; build the module "
                     "with the <atvm/plugin.h> of this watcher");
}

static void a_worker_that_cannot_be_started_is_an_error(void **state)
{
    static const struct module_inspector nowhere = {"/nonexistent/atvm-watcher", 60000};
    CLEANUP_FREE char *file = built("tests/abi/.libs/collector-1.0.so"), *error = NULL;

    (void)state;
    assert_null(module_inspect(&nowhere, file, 0, &error));
    expect_in(error, "the describe worker /nonexistent/atvm-watcher could not be started: No such "
                     "file or directory");
}

/* The worker prints its environment in place of a description: a program of ours plays it. */
static void the_worker_gets_no_secret_of_the_environment(void **state)
{
    CLEANUP_FREE char *folder = make_folder(), *program = in_folder(folder, "program");
    CLEANUP_FREE char *file = built("tests/abi/.libs/collector-1.0.so"), *error = NULL;
    struct module_inspector inspector = {program, 60000};
    struct json_object *answer;
    FILE *script = fopen(program, "w");

    (void)state;
    assert_non_null(script);
    fprintf(script, "#!/bin/sh\necho \"{\\\"hook\\\":\\\"$MATTERMOST_ATVM_WEBHOOK\\\","
                    "\\\"path\\\":\\\"$ATVM_WATCHER_MODULE_PATH\\\",\\\"says\\\":\\\"$*\\\"}\"\n");
    assert_int_equal(fclose(script), 0);
    assert_int_equal(chmod(program, 0700), 0);
    setenv("MATTERMOST_ATVM_WEBHOOK", "https://chat.example/hooks/secret", 1);
    setenv("ATVM_WATCHER_MODULE_PATH", "/a:/b", 1);
    answer = module_inspect(&inspector, file, ATVM_KIND_SINK, &error);
    unsetenv("MATTERMOST_ATVM_WEBHOOK");
    unsetenv("ATVM_WATCHER_MODULE_PATH");
    if (!answer)
        fail_msg("%s", error);
    assert_string_equal(member(answer, "hook"), "");
    assert_string_equal(member(answer, "path"), "/a:/b");
    expect_in(member(answer, "says"), "worker describe sink /");
    json_object_put(answer);
    unlink(program);
    rmdir(folder);
}

/* ---- did you mean ---- */

static void a_slip_finds_the_name_that_was_meant(void **state)
{
    static const char *const names[] = {"poll_interval", "settle", "runlog", "junit"};
    static const struct {
        const char *written, *meant;
    } slips[] = {{"pol_interval", "poll_interval"},
                 {"Settle", "settle"},
                 {"junti", "junit"},
                 {"run-log", "runlog"},
                 {"webhook", NULL},
                 {"", NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(slips) / sizeof(*slips); i++) {
        const char *nearest = nearest_name(slips[i].written, names, 4);

        if (slips[i].meant)
            assert_string_equal(nearest, slips[i].meant);
        else
            assert_null(nearest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faulty_modules_are_refused_with_file_expected_got_and_cure),
        cmocka_unit_test(a_module_of_the_other_kind_is_sent_to_its_list),
        cmocka_unit_test(root_loads_only_what_nobody_else_can_change),
        cmocka_unit_test(what_is_no_regular_file_is_never_opened),
        cmocka_unit_test(a_name_is_looked_up_in_the_folders_in_order),
        cmocka_unit_test(a_description_tells_head_needs_and_options),
        cmocka_unit_test(a_sink_also_tells_format_and_limits),
        cmocka_unit_test(the_build_id_is_what_the_linker_wrote),
        cmocka_unit_test(a_module_is_described_without_being_loaded_here),
        cmocka_unit_test(a_module_that_crashes_hangs_leaves_or_floods_is_named),
        cmocka_unit_test(the_refusal_of_the_worker_arrives_word_for_word),
        cmocka_unit_test(a_worker_that_cannot_be_started_is_an_error),
        cmocka_unit_test(the_worker_gets_no_secret_of_the_environment),
        cmocka_unit_test(a_slip_finds_the_name_that_was_meant),
    };

    return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
